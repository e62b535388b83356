package import SluiceBase

/// Where a job stands.
package enum JobState: String, Sendable, CaseIterable {
    /// Stored, and not yet acknowledged by Zizq.
    case pending
    /// Acknowledged; kept for as long as `outbox.keep_delivered` says.
    case delivered
    /// Taken out of the sending order: it waits for a licence of the server, or it alone is refused and is sent again
    /// now and then.
    case parked
}

/// One line of a list of jobs.
package struct JobListing: Sendable, Hashable {
    /// The place in commit order.
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
    /// The id that Zizq gave it, and when; nil unless it is delivered.
    package let zizqID: String?
    package let deliveredAtMilliseconds: Int64?
    /// Whether the id is that of an older job that holds this unique key, and Zizq dropped this one.
    package let isDropped: Bool
    /// Why it is parked.
    package let detail: String?
}

/// One line of a list of deliveries.
package struct DeliveryListing: Sendable, Hashable {
    /// The place in the order of receipt.
    package let id: Int64
    package let deliveryID: String
    package let route: String
    package let receivedAtMilliseconds: Int64
    /// When its key is forgotten, if no job of it is here then.
    package let expiresAtMilliseconds: Int64
    /// The first eight bytes of the key's hash in hex digits; nil where the delivery had no key.
    package let keyPrefix: String?
    /// How often the key had been accepted before.
    package let generation: Int64
}

/// One dead letter.
package struct DeadLetterListing: Sendable, Hashable {
    /// Never used twice.
    package let id: Int64
    package let deliveryID: String
    package let route: String
    /// When the delivery came, and when it was found dead; milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    package let diedAtMilliseconds: Int64
    /// A `DeadLetterReason`, as text: a newer version may have written one that this one does not know.
    package let reason: String
    package let detail: String
    /// Type and queue of its job; nil where it holds a request.
    package let jobType: String?
    package let queue: String?
    /// Bytes of the payload, or of the request where there is no job.
    package let contentBytes: Int
    /// The places of the array element and of the job rule that it is about, from 0; nil for the whole delivery and for
    /// all rules.
    package let element: Int?
    package let rule: Int?
    /// What the rule said by which it failed. Nil for a letter that holds a job, if no single rule is the cause, and
    /// for letters of a version that did not write it down.
    package let madeBy: RuleIdentity?
    /// Whether a rule made it and nothing is known of that rule: a letter of an earlier version.
    package var lacksRule: Bool { !holdsJob && madeBy == nil && (rule != nil || Self.reasonsOfRules.contains(reason)) }

    private static let reasonsOfRules: Set<String> = [
        DeadLetterReason.payloadMismatch.rawValue, DeadLetterReason.badField.rawValue,
    ]

    /// Whether it holds a job, which can be sent again as it is. Otherwise it holds a request, which must be rendered
    /// again.
    package var holdsJob: Bool { jobType != nil }
}

extension DeadLetterListing {
    /// A dead letter that is not in the outbox yet, of a job of this type or without one.
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

/// A dead letter with what it holds.
package struct DeadLetterContent: Sendable, Hashable {
    package let letter: DeadLetterListing
    /// Whether the job or the request is the one that was stored, as far as that is known. It must not be sent
    /// otherwise.
    package let isIntact: Bool
    /// The job; nil for a dead letter made while the request was processed.
    package let job: Job?
    /// Without a job, the delivery's request, raw, where it was kept. Other dead letters may share it.
    package let request: [UInt8]?
    /// What is remembered of its delivery; nil if that was forgotten.
    package var origin: Origin?

    /// What an outbox remembers of the delivery of a dead letter, or of the part that it is about.
    package struct Origin: Sendable, Hashable {
        /// The hash of the unique key; nil without one.
        package let key: Fingerprint?
        package let bodyHash: Fingerprint
        /// How long the key is remembered, milliseconds.
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
    /// A dead letter that is not in the outbox yet.
    package init(letter: DeadLetterListing, job: Job?, request: [UInt8]?, origin: Origin?) {
        self.init(letter: letter, isIntact: true, job: job, request: request, origin: origin)
    }

    /// - Parameter checksum: what the job was stored with; letters of earlier versions have none.
    static func isIntact(_ job: Job, checksum: Int?, reason: String) -> Bool {
        guard reason != DeadLetterReason.checksumMismatch.rawValue else { return false }
        return checksum.map { $0 == Int(Int64(bitPattern: StoredJob.checksum(job))) } ?? true
    }
}

/// A job with the line that lists it.
package struct JobContent: Sendable, Hashable {
    package let listing: JobListing
    package let job: Job
    /// As in `StoredJob`.
    package let isIntact: Bool
}
