/// A kind of job: a value of the type is a job's payload, and the type says which job it is and how it is to be run.
///
/// ```swift
/// struct SendEmail: JobKind {
///     static let name = "send_email"
///     static let queue = "emails"
///     static let retryLimit: UInt32? = 10
///
///     var to: String
///     var subject: String
/// }
///
/// try await client.enqueue(SendEmail(to: "alice@example.com", subject: "Hello"))
/// ```
///
/// Only `name` has to be given. What a type leaves out, and no override of the call gives, is not sent, so that the server's own default holds.
/// The payload is what the type's `Codable` conformance makes of it: an object for a struct, `{}` for one without fields, and whatever
/// a conformance with a single value container writes (see docs/zizq/defining-jobs.md). A `Date` becomes an RFC 3339 text,
/// `Data` base64, a `URL` its text.
public protocol JobKind: Codable, Sendable, Enqueueable {
    /// What the server and all workers call this kind (`type`). Do not change it while such jobs are in a queue.
    static var name: String { get }
    /// Where jobs of this kind go; `default` unless given.
    static var queue: String { get }
    /// Lower runs sooner; the server's default is 32768.
    static var priority: UInt16? { get }
    /// After so many retries a job that fails is dead.
    static var retryLimit: UInt32? { get }
    /// How long a job that has failed waits.
    static var backoff: Backoff? { get }
    /// How long a finished job is kept.
    static var retention: Retention? { get }
    /// How long a unique key that says nothing itself keeps other jobs out; the server's default is `queued`. Pro licence.
    static var uniqueWhile: UniqueScope? { get }
    /// What jobs of this kind draw on before they run. Servers newer than 0.6; Pro licence.
    static var budgets: [BudgetBinding] { get }
    /// What makes this job the same as another one; nil for a job that may be there twice. Pro licence.
    var uniqueKey: UniqueKey? { get }
    /// With which jobs this one is folded together; not together with `uniqueKey`. Pro licence.
    var batch: Batch? { get }
}

extension JobKind {
    /// `default`.
    public static var queue: String { "default" }
    /// None of its own: the server's default.
    public static var priority: UInt16? { nil }
    /// None of its own: the server's default.
    public static var retryLimit: UInt32? { nil }
    /// None of its own: the server's default.
    public static var backoff: Backoff? { nil }
    /// None of its own: the server's default.
    public static var retention: Retention? { nil }
    /// None of its own: the server's default.
    public static var uniqueWhile: UniqueScope? { nil }
    /// None.
    public static var budgets: [BudgetBinding] { [] }
    /// None: the job may be there twice.
    public var uniqueKey: UniqueKey? { nil }
    /// None: the job is one by itself.
    public var batch: Batch? { nil }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) { try Enqueue(self).write(to: &writer) }
}
