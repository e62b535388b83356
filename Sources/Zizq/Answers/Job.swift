internal import SluiceBase
internal import SluiceJSON

/// A job as a server shows it: one that a worker has taken, one that was looked up, one that was reported to have
/// failed.
///
/// ```swift
/// for try await job in client.take(queues: ["emails"]) {
///     let email = try job.decode(SendEmail.self)
///     try await client.success(job.id)
/// }
/// ```
public struct Job: Sendable, Hashable {
    /// Given by the server; later jobs have greater ones.
    public let id: String
    /// Its kind's name.
    public let type: String
    /// Where it waits, or came from.
    public let queue: String
    /// Lower runs sooner.
    public let priority: UInt16
    /// Where it is in its life.
    public let status: JobStatus
    /// When it may run, or could.
    public let readyAt: Timestamp
    /// How often it has failed so far.
    public let attempts: UInt32
    /// The payload's JSON, as the server wrote it; nil where the answer has none, as the one to a failure.
    public let payload: [UInt8]?
    /// When a worker took it last.
    public let dequeuedAt: Timestamp?
    /// When it failed last.
    public let failedAt: Timestamp?
    /// When it succeeded.
    public let completedAt: Timestamp?
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

    init(_ fields: JobFields, payload: [UInt8]?) {
        id = fields.id
        type = fields.type
        queue = fields.queue
        priority = fields.priority
        status = fields.status
        readyAt = Timestamp(millisecondsSinceEpoch: fields.readyAt)
        attempts = fields.attempts
        self.payload = payload
        dequeuedAt = fields.dequeuedAt.map { Timestamp(millisecondsSinceEpoch: $0) }
        failedAt = fields.failedAt.map { Timestamp(millisecondsSinceEpoch: $0) }
        completedAt = fields.completedAt.map { Timestamp(millisecondsSinceEpoch: $0) }
        options = fields.boxedOptions
    }

    /// The payload as a value of its kind.
    ///
    /// ```swift
    /// let email = try job.decode(SendEmail.self)
    /// ```
    ///
    /// - Throws: `decoding` where the job is of another type, has no payload here, or one that does not fit.
    public func decode<Kind: JobKind>(_ kind: Kind.Type) throws(ZizqError) -> Kind {
        guard type == Kind.name else {
            throw .decoding(
                .init(status: 200, message: "the job has type \(PrintableText.escape(type)), not \(Kind.name)"))
        }
        guard let payload else { throw .decoding(.init(status: 200, message: "the payload is not in this answer")) }
        do {
            return try JSONValueDecoder.decode(kind, from: payload)
        } catch {
            throw .decoding(.init(status: 200, message: "the payload of \(Kind.name): \(CodingSentence.of(error))"))
        }
    }
}

/// Where a job is in its life. A newer server may say something that has no name here; it is kept as it came.
///
/// ```swift
/// let dead = try await client.count(JobFilter().statuses([.dead]))
/// ```
public struct JobStatus: RawRepresentable, Sendable, Hashable {
    /// The server's word for it.
    public let rawValue: String

    /// A status by the server's word, such as `in_flight`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Its time has not come.
    public static let scheduled = JobStatus(rawValue: "scheduled")
    /// It waits for a worker.
    public static let ready = JobStatus(rawValue: "ready")
    /// A worker has it.
    public static let inFlight = JobStatus(rawValue: "in_flight")
    /// It has succeeded, and is kept to be looked at.
    public static let completed = JobStatus(rawValue: "completed")
    /// Its last retry has failed, or somebody has killed it.
    public static let dead = JobStatus(rawValue: "dead")
}

/// What a server tells of a job only where somebody has set it. Most jobs have none of it, so that it takes a place of
/// its own.
final class JobOptions: Sendable, Hashable {
    let retryLimit: UInt32?
    let backoff: Backoff?
    let retention: Retention?
    let uniqueKey: String?
    let uniqueWhile: UniqueScope?
    let batch: Batch?
    let budgets: [BudgetBinding]

    init(_ draft: Draft) {
        retryLimit = draft.retryLimit
        backoff = draft.backoff
        retention = draft.retention
        uniqueKey = draft.uniqueKey
        uniqueWhile = draft.uniqueWhile
        batch = draft.batch
        budgets = draft.budgets
    }

    /// The same while it is being read.
    struct Draft: Hashable {
        var retryLimit: UInt32?
        var backoff: Backoff?
        var retention: Retention?
        var uniqueKey: String?
        var uniqueWhile: UniqueScope?
        var batch: Batch?
        var budgets: [BudgetBinding] = []
    }

    private var draft: Draft {
        Draft(
            retryLimit: retryLimit, backoff: backoff, retention: retention, uniqueKey: uniqueKey,
            uniqueWhile: uniqueWhile, batch: batch,
            budgets: budgets)
    }

    static func == (one: JobOptions, other: JobOptions) -> Bool { one.draft == other.draft }

    func hash(into hasher: inout Hasher) { hasher.combine(draft) }
}
