package import SluiceBase

/// One delivery that is handed to the outbox, and where its result goes.
///
/// A class, because it moves from queue to queue: a struct would retain each text and array of the delivery each time.
package final class Submission: Sendable {
    /// Which event loop asked; its results come back together.
    package let origin: Int
    /// The caller's own mark for this request, handed back untouched.
    package let ticket: UInt64
    /// Monotonic clock when it was handed to the outbox; the commit deadline counts from here.
    package let enqueuedAtNanoseconds: Int64
    package let delivery: Delivery
    /// The delivery's share of the 16 MiB of one transaction, and of the memory budget.
    package let byteCost: Int

    package init(_ delivery: Delivery, origin: Int, ticket: UInt64, enqueuedAtNanoseconds: Int64) {
        self.origin = origin
        self.ticket = ticket
        self.enqueuedAtNanoseconds = enqueuedAtNanoseconds
        self.delivery = delivery
        byteCost = delivery.byteCost
    }

    /// The delivery's rows in a transaction, at most: what counts against the limit of rows.
    package var partCount: Int { delivery.parts.count }
}

/// The result for one delivery. It is handed out only after the transaction that it tells of is on the disk.
package struct IngestResult: Sendable, Equatable {
    /// The caller's mark, from `Submission.ticket`.
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

/// Zizq took a job.
package struct Acknowledgement: Sendable, Hashable {
    package var job: Int64
    /// The id that Zizq gave it; that of an older job if `isDropped`.
    package let zizqID: String
    /// Whether Zizq dropped it because an older job holds its unique key.
    package let isDropped: Bool

    package init(job: Int64, zizqID: String, isDropped: Bool = false) {
        self.job = job
        self.zizqID = zizqID
        self.isDropped = isDropped
    }
}

/// A stored job that cannot be sent and goes to the dead letters.
package struct FailedJob: Sendable, Hashable {
    package let job: Int64
    package let reason: DeadLetterReason
    /// What Zizq said, or what is wrong; one sentence, made printable by the caller.
    package let detail: String

    package init(job: Int64, reason: DeadLetterReason, detail: String) {
        self.job = job
        self.reason = reason
        self.detail = detail
    }
}
