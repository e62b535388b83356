/// What a Zizq server says about one job that it was given.
public struct EnqueuedJob: Sendable, Hashable {
    /// The job's identifier; where `duplicate` holds, that of the older job.
    public let id: String
    /// Whether an older job held the unique key, so that this one was not enqueued.
    public let duplicate: Bool
    /// Whether the job was folded into an older one of its batch.
    public let folded: Bool

    /// Describes a job; for tests of code that uses a client.
    public init(id: String, duplicate: Bool = false, folded: Bool = false) {
        self.id = id
        self.duplicate = duplicate
        self.folded = folded
    }
}
