/// The server's answer for one enqueued job.
///
/// ```swift
/// let job = try await client.enqueue(SendEmail(to: "alice@example.com"))
/// print(job.duplicate ? "\(job.id) was there already" : "enqueued \(job.id) on \(job.queue)")
/// ```
public struct EnqueuedJob: Sendable, Hashable {
    /// The job's identifier; if `duplicate` or `folded` is true, that of the older job.
    public let id: String
    /// The name of its kind.
    public let type: String
    /// The queue it waits in.
    public let queue: String
    /// Lower values run first.
    public let priority: UInt16
    /// `ready`, or `scheduled` if it may not run yet; for a duplicate, any status.
    public let status: JobStatus
    /// The earliest time at which it may run.
    public let readyAt: Timestamp
    /// The number of failed attempts so far.
    public let attempts: UInt32
    /// Whether an older job holds the unique key, so that this one was not enqueued.
    public let duplicate: Bool
    /// Whether the job was folded into an older one of its batch.
    public let folded: Bool
    private let options: BoxedOptions?

    /// The number of retries after which it is dead, if set.
    public var retryLimit: UInt32? { options?.values.retryLimit }
    /// The wait after a failure, if set.
    public var backoff: Backoff? { options?.values.backoff }
    /// How long it is kept after it has finished, if set.
    public var retention: Retention? { options?.values.retention }
    /// Its unique key, if any.
    public var uniqueKey: String? { options?.values.uniqueKey }
    /// How long its unique key is held.
    public var uniqueWhile: UniqueScope? { options?.values.uniqueWhile }
    /// Its batch, if any.
    public var batch: Batch? { options?.values.batch }
    /// The budgets it uses.
    public var budgets: [BudgetBinding] { options?.values.budgets ?? [] }

    /// Creates a job, for tests of code that uses a client.
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
