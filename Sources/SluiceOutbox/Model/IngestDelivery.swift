package import SluiceBase

/// One accepted request on its way into the outbox: what a route made of it, and where the answer goes.
package struct IngestDelivery: Sendable {
    /// Which event loop asked; its results come back together.
    package let origin: Int
    /// The caller's own mark for this request, handed back untouched.
    package let ticket: UInt64
    /// What the answer and the log call this delivery.
    package let deliveryID: String
    /// The route's name.
    package let route: String
    /// Wall clock when the request was complete, milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    /// Monotonic clock when it was handed to the outbox; the commit deadline counts from here.
    package let enqueuedAtNanoseconds: Int64
    /// How long the keys are remembered, counted from the receipt. Fixed now: a later change of the setting does not
    /// move it.
    package let dedupeWindow: Duration
    /// What happens when a key was seen before with another body.
    package let onChangedBody: ChangedBodyRule
    /// The delivery as it is, or its first element with a key of its own. Apart from the others, so that most
    /// deliveries need no array.
    package let part: IngestPart
    /// The further elements with a key of their own. All parts are stored in one transaction.
    package let others: [IngestPart]
    /// The request's raw bytes, without what the verifier reads as credentials; nil where nothing is to be kept. Dead
    /// letters without a job share them.
    package let request: [UInt8]?
    /// Whether the request stays as long as any job or dead letter of the delivery is here, delivered jobs included.
    /// Otherwise it stays for the dead letters without a job, and is not stored where there are none.
    package let keepsRequest: Bool
    /// The delivery's share of the 16 MiB of one transaction.
    package let byteCost: Int

    package init(
        origin: Int, ticket: UInt64, deliveryID: String, route: String, receivedAtMilliseconds: Int64,
        enqueuedAtNanoseconds: Int64,
        dedupeWindow: Duration, onChangedBody: ChangedBodyRule = .duplicate, part: IngestPart,
        others: [IngestPart] = [],
        request: [UInt8]? = nil, keepsRequest: Bool = false
    ) {
        self.origin = origin
        self.ticket = ticket
        self.deliveryID = deliveryID
        self.route = route
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.enqueuedAtNanoseconds = enqueuedAtNanoseconds
        self.dedupeWindow = dedupeWindow
        self.onChangedBody = onChangedBody
        self.part = part
        self.others = others
        self.request = request
        self.keepsRequest = keepsRequest
        byteCost = others.reduce(part.byteCost + (request?.count ?? 0)) { $0 + IngestPart.overhead + $1.byteCost }
    }

    /// The delivery's rows in a transaction, at most: what counts against the limit of rows.
    package var partCount: Int { 1 + others.count }
}

/// Same key, other body: what then.
package enum ChangedBodyRule: String, Sendable, CaseIterable {
    /// It is still a duplicate; flagged and counted.
    case duplicate
    /// It is a delivery of its own; its jobs get a unique key of their own.
    case accept
    /// Its jobs go to the dead letters.
    case deadLetter = "dead_letter"
}

/// What of a delivery has a unique key of its own: the whole of it, or one element of the array that it carries.
///
/// Each part is remembered by itself: it is a duplicate or not, expires, and is compared with earlier bodies, whatever
/// becomes of the others.
package struct IngestPart: Sendable {
    /// The hash of the unique key, scoped by route and path parameters; nil where there is none.
    package let key: Fingerprint?
    /// The hash of the body that was signed, or of the element.
    package let bodyHash: Fingerprint
    /// What is to be sent, in this order.
    package let jobs: [IngestJob]
    /// What could not become a job. Where there are neither jobs nor dead letters the key alone is remembered.
    package let deadLetters: [IngestDeadLetter]

    package init(key: Fingerprint?, bodyHash: Fingerprint, jobs: [IngestJob], deadLetters: [IngestDeadLetter] = []) {
        self.key = key
        self.bodyHash = bodyHash
        self.jobs = jobs
        self.deadLetters = deadLetters
    }

    /// What each part behind the first costs beside its jobs, in memory and as a row.
    static let overhead = 128

    /// The part's bytes against `outbox.max_bytes`.
    var byteCost: Int { jobs.reduce(0) { $0 + $1.byteCost } + deadLetters.reduce(0) { $0 + $1.byteCost } }
}

/// What could not become a job, made while the request was processed. It needs the delivery's request to become one
/// later.
package struct IngestDeadLetter: Sendable {
    package let reason: DeadLetterReason
    /// One sentence for a person; no secret.
    package let detail: String
    /// The place of the array element that it is about, from 0; nil for the whole delivery.
    package let element: Int?
    /// The place of the route's job rule that it is about, from 0; nil for all of them.
    package let rule: Int?
    /// What the rule said by which it failed; nil if no single one is the cause.
    package let madeBy: RuleIdentity?

    package init(
        reason: DeadLetterReason, detail: String, element: Int? = nil, rule: Int? = nil, madeBy: RuleIdentity? = nil
    ) {
        self.reason = reason
        self.detail = detail
        self.element = element
        self.rule = rule
        self.madeBy = madeBy
    }

    /// The dead letter's bytes against `outbox.max_bytes`, without the request, which it shares.
    package var byteCost: Int { IngestJob.overhead + detail.utf8.count }
}

/// One rendered job, as Zizq gets it.
package struct IngestJob: Sendable, Hashable {
    package let type: String
    package let queue: String
    /// JSON members to stand beside `type` and `queue`, such as `"priority":5,"retry_limit":3`; empty where there are
    /// none.
    package let options: [UInt8]
    /// `name:key`; the outbox marks it where it must differ from an earlier acceptance, unless `hasOwnKey`.
    package let uniqueKey: String?
    /// Whether the key is one that a job rule has written, which goes to Zizq as it is. Matters until the job is
    /// stored.
    package let hasOwnKey: Bool
    package let uniqueWhile: String?
    /// The payload's exact bytes.
    package let payload: [UInt8]

    package init(
        type: String, queue: String, options: [UInt8] = [], uniqueKey: String? = nil, hasOwnKey: Bool = false,
        uniqueWhile: String? = nil,
        payload: [UInt8]
    ) {
        self.type = type
        self.queue = queue
        self.options = options
        self.uniqueKey = uniqueKey
        self.hasOwnKey = hasOwnKey
        self.uniqueWhile = uniqueWhile
        self.payload = payload
    }

    /// What a row costs beside its texts and bytes: its numbers, its share of the page and of the delivery's row.
    static let overhead = 256

    /// The job's bytes against `outbox.max_bytes`.
    package var byteCost: Int {
        Self.overhead + type.utf8.count + queue.utf8.count + options.count + (uniqueKey?.utf8.count ?? 0)
            + (uniqueWhile?.utf8.count ?? 0)
            + payload.count
    }
}

/// What became of one delivery. It is handed out only after the transaction that it tells of is on the disk.
package struct IngestResult: Sendable, Equatable {
    /// The caller's mark, from `IngestDelivery.ticket`.
    package let ticket: UInt64
    package let outcome: IngestOutcome

    package init(ticket: UInt64, outcome: IngestOutcome) {
        self.ticket = ticket
        self.outcome = outcome
    }
}

/// The outbox's verdict on one delivery.
package enum IngestOutcome: Sendable, Equatable {
    /// What of it was new is on the disk, jobs, dead letters and keys, under the delivery's own id.
    ///
    /// `deadLetters`: the reason of each one stored, in their order. `duplicates`: how many of its parts were seen
    /// before and not stored again. `changedBody`: a key was seen before with another body, whatever the route makes of
    /// that.
    case stored(jobs: Int, deadLetters: [DeadLetterReason], duplicates: Int, changedBody: Bool)
    /// Every part of it was seen before; the delivery named here, which is the first part's, is on the disk.
    /// `changedBody`: one with another body, and the route calls that a duplicate.
    case duplicate(firstDeliveryID: String, changedBody: Bool)
    /// It is not promised to be stored. One of the 503 codes.
    case refused(ErrorCode)
}
