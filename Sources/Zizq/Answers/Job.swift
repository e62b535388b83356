internal import SluiceBase
internal import SluiceJSON

/// A job as a server shows it: one that a worker has taken, one that was looked up, one that was reported to have failed.
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
            throw .decoding(.init(status: 200, message: "the job is of the type \(PrintableText.escape(type)), not \(Kind.name)"))
        }
        guard let payload else { throw .decoding(.init(status: 200, message: "the payload is not in this answer")) }
        do {
            return try JSONValueDecoder.decode(kind, from: payload)
        } catch {
            throw .decoding(.init(status: 200, message: "the payload of \(Kind.name): \(CodingSentence.of(error))"))
        }
    }
}
