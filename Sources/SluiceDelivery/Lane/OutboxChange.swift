package import SluiceOutbox

/// A change to the outbox that delivery asks for; each is one transaction.
package enum OutboxChange: Sendable, Hashable {
    /// Zizq has these jobs: they are never sent again.
    case acknowledge([Acknowledgement])
    /// These jobs go to the dead letters.
    case deadLetter([FailedJob])
    /// These jobs, by their numbers, are kept out of reading until they are let out.
    case park([Int64])
    /// One parked job, or all, are read again.
    case release(isAll: Bool)
}
