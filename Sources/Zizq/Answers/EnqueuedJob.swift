/// What a server says about one job that it was given.
///
/// ```swift
/// let job = try await client.enqueue(SendEmail(to: "alice@example.com"))
/// print(job.duplicate ? "\(job.id) was there already" : "enqueued \(job.id) on \(job.queue)")
/// ```
public struct EnqueuedJob: Sendable, Hashable {
    /// The job's identifier; where `duplicate` or `folded` holds, that of the older job.
    public let id: String
    /// Its kind's name.
    public let type: String
    /// Where it waits.
    public let queue: String
    /// Lower runs sooner.
    public let priority: UInt16
    /// `ready`, or `scheduled` for one whose time has not come; any for a duplicate.
    public let status: JobStatus
    /// When it may run.
    public let readyAt: Timestamp
    /// How often it has failed so far.
    public let attempts: UInt32
    /// Whether an older job held the unique key, so that this one was not enqueued.
    public let duplicate: Bool
    /// Whether the job was folded into an older one of its batch.
    public let folded: Bool
    private let options: JobOptions?

    /// Where it was set, after how many retries it is dead.
    public var retryLimit: UInt32? { options?.retryLimit }
    /// Where it was set, how long it waits after a failure.
    public var backoff: Backoff? { options?.backoff }
    /// Where it was set, how long it is kept when it is finished.
    public var retention: Retention? { options?.retention }
    /// What makes it the same as another job, where it has that.
    public var uniqueKey: String? { options?.uniqueKey }
    /// How long its unique key keeps others out.
    public var uniqueWhile: UniqueScope? { options?.uniqueWhile }
    /// With which jobs it is folded together.
    public var batch: Batch? { options?.batch }
    /// What it draws on.
    public var budgets: [BudgetBinding] { options?.budgets ?? [] }

    /// Describes a job; for tests of code that uses a client.
    public init(
        id: String, type: String = "", queue: String = "", priority: UInt16 = 32768, status: JobStatus = .ready,
        readyAt: Timestamp = Timestamp(millisecondsSinceEpoch: 0), attempts: UInt32 = 0, duplicate: Bool = false,
        folded: Bool = false
    ) {
        self.id = id
        self.type = type
        self.queue = queue
        self.priority = priority
        self.status = status
        self.readyAt = readyAt
        self.attempts = attempts
        self.duplicate = duplicate
        self.folded = folded
        options = nil
    }

    init(_ fields: JobFields) {
        id = fields.id
        type = fields.type
        queue = fields.queue
        priority = fields.priority
        status = fields.status
        readyAt = Timestamp(millisecondsSinceEpoch: fields.readyAt)
        attempts = fields.attempts
        duplicate = fields.duplicate
        folded = fields.folded
        options = fields.boxedOptions
    }
}
