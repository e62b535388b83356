package import SluiceBase

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
    /// `deadLetters`: the reason of each one stored, in their order. `duplicates`: how many of its parts were seen before and not stored
    /// again. `changedBody`: a key was seen before with another body, whatever the route makes of that.
    case stored(jobs: Int, deadLetters: [DeadLetterReason], duplicates: Int, changedBody: Bool)
    /// Every part of it was seen before; the delivery named here, which is the first part's, is on the disk. `changedBody`: one with
    /// another body, and the route calls that a duplicate.
    case duplicate(firstDeliveryID: String, changedBody: Bool)
    /// It is not promised to be stored. One of the 503 codes.
    case refused(ErrorCode)
}
