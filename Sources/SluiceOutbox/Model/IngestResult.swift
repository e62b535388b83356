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
    /// Its jobs and dead letters are on the disk, and so is its key.
    ///
    /// `changedBody`: its key was seen before with another body and the route accepts that, or keeps it as dead letters.
    case stored(jobs: Int, deadLetters: Int, changedBody: Bool)
    /// The key was seen before; the delivery named here is on the disk. `changedBody`: with another body, and the route calls that a
    /// duplicate.
    case duplicate(firstDeliveryID: String, changedBody: Bool)
    /// It is not promised to be stored. One of the 503 codes.
    case refused(ErrorCode)
}
