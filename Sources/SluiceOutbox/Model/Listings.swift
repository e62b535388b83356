package import SluiceBase

/// The state of a job.
package enum JobState: String, Codable, Sendable, CaseIterable {
    /// Stored, and not yet acknowledged by Zizq.
    case pending
    /// Acknowledged; kept for `outbox.keep_delivered`.
    case delivered
    /// Removed from the sending order: it waits for a licence of the server, or it is refused while others are accepted
    /// and is retried from time to time.
    case parked
}

/// A job in a list, which `--json` prints.
package struct JobListing: Codable, Sendable, Hashable, Identifiable {
    /// The position in commit order.
    package let id: Int64
    package let state: JobState
    package let deliveryID: String
    package let route: String
    package let receivedAtMilliseconds: Int64
    package let type: String
    package let queue: String
    package let uniqueKey: String?
    /// The payload's size.
    package let payloadBytes: Int
    /// The id that Zizq gave it, and the time; nil unless it is delivered.
    package let zizqID: String?
    package let deliveredAtMilliseconds: Int64?
    /// Whether the id is that of an older job with this unique key, because of which Zizq dropped this one; nil if not.
    package let isDropped: Bool?
    /// Why it is parked.
    package let detail: String?

    private enum CodingKeys: String, CodingKey {
        case id, state, route, type, queue, uniqueKey, payloadBytes, detail
        case deliveryID = "delivery"
        case receivedAtMilliseconds = "receivedAt"
        // The key strategy turns the spelled-out name into `zizq_id`.
        case zizqID = "zizqId"
        case deliveredAtMilliseconds = "deliveredAt"
        case isDropped = "dropped"
    }
}

/// A delivery in a list.
package struct DeliveryListing: Sendable, Hashable {
    /// The position in the order of receipt.
    package let id: Int64
    package let deliveryID: String
    package let route: String
    package let receivedAtMilliseconds: Int64
    /// The time at which its key is forgotten, unless a job of it is still in the outbox.
    package let expiresAtMilliseconds: Int64
    /// The first eight bytes of the key's hash in hex digits; nil for a delivery without a key.
    package let keyPrefix: String?
    /// How often the key had been accepted before.
    package let generation: Int64
}

/// A dead letter in a list.
package struct DeadLetterListing: Sendable, Hashable {
    /// Never reused.
    package let id: Int64
    package let deliveryID: String
    package let route: String
    /// The time of receipt, and the time at which it became a dead letter; milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    package let diedAtMilliseconds: Int64
    /// A `DeadLetterReason`, as text: a newer version may have written one that this version does not know.
    package let reason: String
    package let detail: String
    /// Type and queue of its job; nil for a request.
    package let jobType: String?
    package let queue: String?
    /// The bytes of the payload, or of the request if there is no job.
    package let contentBytes: Int
    /// The positions of the array element and of the job rule that it is about, from 0; nil for the whole delivery and
    /// for all rules.
    package let element: Int?
    package let rule: Int?
    /// The rule by which it failed, as it was then. Nil if it contains a job and no single rule is the cause, and for
    /// dead letters of earlier versions.
    package let madeBy: RuleIdentity?
    /// Whether a rule made it that an earlier version did not record.
    package var lacksRule: Bool { !holdsJob && madeBy == nil && (rule != nil || Self.reasonsOfRules.contains(reason)) }

    private static let reasonsOfRules: Set<String> = [
        DeadLetterReason.payloadMismatch.rawValue, DeadLetterReason.badField.rawValue,
    ]

    /// Whether it contains a job, which can be sent again unchanged. Otherwise it contains a request, which must be
    /// rendered again.
    package var holdsJob: Bool { jobType != nil }
}

extension DeadLetterListing {
    /// Creates a dead letter that is not in the outbox yet, with a job of this type or without one.
    package init(
        deliveryID: String, route: String, receivedAtMilliseconds: Int64, diedAtMilliseconds: Int64, reason: String,
        detail: String, jobType: String?, element: Int?, rule: Int?, madeBy: RuleIdentity?
    ) {
        (id, self.deliveryID, self.route, self.reason) = (0, deliveryID, route, reason)
        (self.detail, self.jobType, queue, contentBytes) = (detail, jobType, nil, 0)
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.diedAtMilliseconds = diedAtMilliseconds
        (self.element, self.rule, self.madeBy) = (element, rule, madeBy)
    }
}

/// A dead letter with its job or request.
package struct DeadLetterContent: Sendable, Hashable {
    package let letter: DeadLetterListing
    /// Whether the job or the request is unchanged since it was stored, as far as can be known. If not, or if both are
    /// lost, it must not be sent.
    package let isIntact: Bool
    /// The job; nil for a dead letter made while the request was processed.
    package let job: Job?
    /// For a dead letter without a job, the raw request of its delivery, if it was kept. Other dead letters may share
    /// it.
    package let request: [UInt8]?
    /// The remembered data of its delivery; nil if that was forgotten.
    package var origin: Origin?
    /// For an export or import: the number of equal dead letters of its delivery before it.
    package var copy = 0

    /// The remembered data of a dead letter's delivery, or of the part that the dead letter is about.
    package struct Origin: Sendable, Hashable {
        /// The hash of the unique key; nil without one.
        package let key: Fingerprint?
        package let bodyHash: Fingerprint
        /// How long the key is remembered, in milliseconds.
        package let window: Int64
        package let generation: Int64

        package init(key: Fingerprint?, bodyHash: Fingerprint, window: Int64, generation: Int64) {
            self.key = key
            self.bodyHash = bodyHash
            self.window = window
            self.generation = generation
        }
    }
}

extension DeadLetterContent {
    /// Creates a dead letter that is not in the outbox yet.
    package init(letter: DeadLetterListing, job: Job?, request: [UInt8]?, origin: Origin?, copy: Int = 0) {
        self.init(letter: letter, isIntact: true, job: job, request: request, origin: origin, copy: copy)
    }

    /// - Parameter checksum: of the stored job; nil for dead letters of earlier versions.
    static func isIntact(_ job: Job, checksum: Int64?, reason: String) -> Bool {
        guard reason != DeadLetterReason.checksumMismatch.rawValue else { return false }
        return checksum.map { $0 == Int64(bitPattern: StoredJob.checksum(job)) } ?? true
    }
}

/// A job with its list entry.
package struct JobContent: Sendable, Hashable {
    package let listing: JobListing
    package let job: Job
    /// As in `StoredJob`.
    package let isIntact: Bool
}
