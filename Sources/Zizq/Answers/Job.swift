internal import SluiceBase
internal import SluiceJSON

/// A job as the server returns it: taken by a worker, looked up, or reported as failed.
///
/// ```swift
/// for try await job in client.take(queues: ["emails"]) {
///     let email = try job.decode(SendEmail.self)
///     try await client.success(job.id)
/// }
/// ```
public struct Job: Sendable, Hashable {
    /// Assigned by the server; later jobs have greater identifiers.
    public let id: String
    /// The name of its kind.
    public let type: String
    /// The queue it waits in or was taken from.
    public let queue: String
    /// Lower values run first.
    public let priority: UInt16
    /// The state of the job.
    public let status: JobStatus
    /// The earliest time at which it may run.
    public let readyAt: Timestamp
    /// The number of failed attempts so far.
    public let attempts: UInt32
    /// The payload's JSON, as the server wrote it; `nil` if the answer has none, such as the answer to a failure.
    public let payload: [UInt8]?
    /// When a worker last took it.
    public let dequeuedAt: Timestamp?
    /// When it last failed.
    public let failedAt: Timestamp?
    /// When it succeeded.
    public let completedAt: Timestamp?
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

    /// Decodes the payload.
    ///
    /// ```swift
    /// let email = try job.decode(SendEmail.self)
    /// ```
    ///
    /// - Throws: `decoding` if the job is of another kind, has no payload in this answer, or one that does not match
    ///   the kind.
    public func decode<Kind: JobKind>(_ kind: Kind.Type) throws(ZizqError) -> Kind {
        guard type == Kind.name else {
            throw .decoding(
                .init(status: 200, message: "the job has type \(PrintableText.escape(type)), not \(Kind.name)"))
        }
        guard let payload else { throw .decoding(.init(status: 200, message: "the payload is not in this answer")) }
        do {
            return try JSONValueDecoder.decode(kind, from: payload)
        } catch {
            throw .decoding(.init(status: 200, message: "the payload of \(Kind.name): \(CodingErrorText.of(error))"))
        }
    }
}

/// The state of a job. A value of a newer server that has no name here is kept as received.
///
/// ```swift
/// let dead = try await client.count(JobFilter().statuses([.dead]))
/// ```
public struct JobStatus: RawRepresentable, Sendable, Hashable {
    /// The server's name of the status.
    public let rawValue: String

    /// Creates a status from the server's name, such as `in_flight`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Not due yet.
    public static let scheduled = JobStatus(rawValue: "scheduled")
    /// Waiting for a worker.
    public static let ready = JobStatus(rawValue: "ready")
    /// Taken by a worker.
    public static let inFlight = JobStatus(rawValue: "in_flight")
    /// Succeeded, and kept for inspection.
    public static let completed = JobStatus(rawValue: "completed")
    /// Dead: its last retry failed, or it was killed.
    public static let dead = JobStatus(rawValue: "dead")
}

/// The members of a job that are present only if they were set.
struct JobOptions: Sendable, Hashable {
    var retryLimit: UInt32?
    var backoff: Backoff?
    var retention: Retention?
    var uniqueKey: String?
    var uniqueWhile: UniqueScope?
    var batch: Batch?
    var budgets: [BudgetBinding] = []
}

/// The same, stored separately, because most jobs have none.
final class BoxedOptions: Sendable, Hashable {
    let values: JobOptions

    init(_ values: JobOptions) { self.values = values }

    static func == (one: BoxedOptions, other: BoxedOptions) -> Bool { one.values == other.values }

    func hash(into hasher: inout Hasher) { hasher.combine(values) }
}
