/// Why an operation on the outbox did not happen. Nothing of it is stored.
package enum OutboxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no space left; it can be tried again.
    case diskFull(SQLiteError)
    /// A read, a write or a sync failed; it can be tried again.
    case failed(SQLiteError)
    /// There is nothing of this kind with this id.
    case notFound
    /// The dead letter holds a request and no job: its route must render it again.
    case needsRendering
    /// The job is not the one that was stored: its checksum differs.
    case checksumMismatch
    /// The outbox is closed.
    case closed

    init(_ error: SQLiteError) { self = error.kind == .diskFull ? .diskFull(error) : .failed(error) }

    package var description: String {
        switch self {
        case .diskFull(let error): "The outbox's disk is full: \(error)."
        case .failed(let error): "The outbox failed: \(error)."
        case .notFound: "There is nothing with this id in the outbox."
        case .needsRendering: "This dead letter holds a request and no job; its route must render it again."
        case .checksumMismatch: "The job is not the one that was stored (its checksum differs), so it is not sent."
        case .closed: "The outbox is closed."
        }
    }
}
