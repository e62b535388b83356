package import SluiceBase

/// One delivery for the outbox, and the destination of its result.
package struct Submission: Sendable {
    /// The index of the event loop that receives the result.
    package let origin: Int
    /// The caller's identifier of the request, returned unchanged.
    package let ticket: UInt64
    /// The monotonic time of the submission; the commit deadline counts from here.
    package let enqueuedAtNanoseconds: Int64
    package let delivery: Delivery
    /// The size of the delivery that counts towards the 16 MiB of one transaction, and the memory budget.
    package let byteCost: Int

    package init(_ delivery: Delivery, origin: Int, ticket: UInt64, enqueuedAtNanoseconds: Int64) {
        self.origin = origin
        self.ticket = ticket
        self.enqueuedAtNanoseconds = enqueuedAtNanoseconds
        byteCost = delivery.byteCost
        self.delivery = delivery
    }

    /// The maximum number of the delivery's rows in a transaction, for the limit of rows.
    package var partCount: Int { delivery.parts.count }
}

/// The result for one delivery. It is passed on only after its transaction is durable.
package struct IngestResult: Sendable, Equatable {
    /// The caller's identifier, from `Submission.ticket`.
    package let ticket: UInt64
    package let outcome: IngestOutcome
}

/// The outbox's result for one delivery.
package enum IngestOutcome: Sendable, Equatable {
    /// The new parts are durable: jobs, dead letters and keys, with the delivery's own id.
    ///
    /// `deadLetters`: the reason of each stored one, in order. `duplicates`: the number of parts that were seen before
    /// and not stored again. `changedBody`: a key was seen before with another body, for any policy of the route.
    case stored(jobs: Int, deadLetters: [DeadLetterReason], duplicates: Int, changedBody: Bool)
    /// All parts were seen before; the named delivery, that of the first part, is durable. `changedBody`: a part has
    /// another body, which the route treats as a duplicate.
    case duplicate(firstDeliveryID: String, changedBody: Bool)
    /// Not stored, with one of the 503 codes.
    case refused(ErrorCode)
}

/// An acknowledgement of a job by Zizq.
package struct Acknowledgement: Sendable, Hashable {
    package var job: Int64
    /// Zizq's id of the job; that of an older job if `isDropped`.
    package let zizqID: String
    /// Whether Zizq dropped it because an older job holds its unique key.
    package let isDropped: Bool

    package init(job: Int64, zizqID: String, isDropped: Bool = false) {
        self.job = job
        self.zizqID = zizqID
        self.isDropped = isDropped
    }
}

/// A stored job that cannot be sent and becomes a dead letter.
package struct FailedJob: Sendable, Hashable {
    package let job: Int64
    package let reason: DeadLetterReason
    /// Zizq's text, or the problem; one sentence that the caller has made printable.
    package let detail: String

    package init(job: Int64, reason: DeadLetterReason, detail: String) {
        self.job = job
        self.reason = reason
        self.detail = detail
    }
}
