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
    /// The hash of the unique key, scoped by route and path parameters; nil where the delivery has none.
    package let key: Fingerprint?
    /// The hash of the body that was signed.
    package let bodyHash: Fingerprint
    /// How long the key is remembered, counted from the receipt. Fixed now: a later change of the setting does not move it.
    package let dedupeWindow: Duration
    /// What happens when the key was seen before with another body.
    package let onChangedBody: ChangedBodyRule
    /// What is to be sent, in this order.
    package let jobs: [IngestJob]
    /// What could not become a job.
    package let deadLetters: [IngestDeadLetter]
    /// The delivery's share of the 16 MiB of one transaction.
    package let byteCost: Int

    package init(
        origin: Int, ticket: UInt64, deliveryID: String, route: String, receivedAtMilliseconds: Int64, enqueuedAtNanoseconds: Int64,
        key: Fingerprint?, bodyHash: Fingerprint, dedupeWindow: Duration, onChangedBody: ChangedBodyRule = .duplicate, jobs: [IngestJob],
        deadLetters: [IngestDeadLetter] = []
    ) {
        self.origin = origin
        self.ticket = ticket
        self.deliveryID = deliveryID
        self.route = route
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.enqueuedAtNanoseconds = enqueuedAtNanoseconds
        self.key = key
        self.bodyHash = bodyHash
        self.dedupeWindow = dedupeWindow
        self.onChangedBody = onChangedBody
        self.jobs = jobs
        self.deadLetters = deadLetters
        byteCost = jobs.reduce(0) { $0 + $1.byteCost } + deadLetters.reduce(0) { $0 + $1.byteCost }
    }
}

/// Same key, other body: what then.
package enum ChangedBodyRule: String, Sendable, CaseIterable {
    /// It is a duplicate all the same; flagged and counted.
    case duplicate
    /// It is a delivery of its own; its jobs get a unique key of their own.
    case accept
    /// Its jobs go to the dead letters.
    case deadLetter = "dead_letter"
}

/// One rendered job, as Zizq gets it.
package struct IngestJob: Sendable, Hashable {
    package let type: String
    package let queue: String
    /// JSON members to stand beside `type` and `queue`, such as `"priority":5,"retry_limit":3`; empty where there are none.
    package let options: [UInt8]
    /// `name:key`; the outbox marks it where it must differ from an earlier acceptance, unless `hasOwnKey`.
    package let uniqueKey: String?
    /// Whether the key is one that a job rule has written, which goes to Zizq as it is. Matters until the job is stored.
    package let hasOwnKey: Bool
    package let uniqueWhile: String?
    /// The payload's exact bytes.
    package let payload: [UInt8]

    package init(
        type: String, queue: String, options: [UInt8] = [], uniqueKey: String? = nil, hasOwnKey: Bool = false, uniqueWhile: String? = nil,
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
        Self.overhead + type.utf8.count + queue.utf8.count + options.count + (uniqueKey?.utf8.count ?? 0) + (uniqueWhile?.utf8.count ?? 0)
            + payload.count
    }
}

/// What could not become a job, made while the request was processed.
package struct IngestDeadLetter: Sendable {
    package let reason: DeadLetterReason
    /// One sentence for a person; no secret.
    package let detail: String
    /// The request's raw bytes, without what the verifier reads as credentials; nil where there is nothing to keep.
    package let request: [UInt8]?

    package init(reason: DeadLetterReason, detail: String, request: [UInt8]?) {
        self.reason = reason
        self.detail = detail
        self.request = request
    }

    /// The dead letter's bytes against `outbox.max_bytes`.
    package var byteCost: Int { IngestJob.overhead + detail.utf8.count + (request?.count ?? 0) }
}
