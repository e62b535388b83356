/// A job to be enqueued, with overrides of its kind's defaults. It is built before it is sent.
///
/// ```swift
/// let job = Enqueue(SendEmail(to: "alice@example.com"))
///     .queue("priority-emails")
///     .priority(10)
///     .delay(.seconds(3600))
///     .retryLimit(3)
/// try await client.enqueue(job)
/// ```
///
/// Each method returns a copy. The last of several calls of a method counts. What is not set is taken from the kind,
/// and what the kind does not set is not sent.
public struct Enqueue<Kind: JobKind>: Enqueueable {
    /// The payload.
    public let value: Kind
    var queue: String?
    var priority: UInt16?
    var readyAt: ReadyTime?
    var retryLimit: UInt32?
    var backoff: Backoff?
    var retention: Retention?
    var uniqueKey: UniqueKey?
    var batch: Batch?
    /// `nil` if not set; empty for no budgets.
    var budgets: [BudgetBinding]?

    /// When a job may run: at a time, or after a delay from when it is written into a request.
    enum ReadyTime: Sendable {
        case at(Timestamp)
        case after(Duration)

        func timestamp(now: @autoclosure () -> Timestamp) -> Timestamp {
            switch self {
            case .at(let timestamp): timestamp
            case .after(let duration): now() + duration
            }
        }
    }

    /// A job with this payload and the defaults of its kind.
    public init(_ value: Kind) { self.value = value }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) { try writer.append(self) }

    private func changed(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }

    /// Puts the job on another queue.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).queue("slow-emails")
    /// ```
    public func queue(_ name: String) -> Self { changed { $0.queue = name } }

    /// Sets the priority. Lower values run first.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).priority(10)
    /// ```
    public func priority(_ priority: UInt16) -> Self { changed { $0.priority = priority } }

    /// Sets the minimum delay after the job is added to a request, by this machine's clock.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).delay(.seconds(60))
    /// ```
    public func delay(_ delay: Duration) -> Self { changed { $0.readyAt = .after(delay) } }

    /// Sets the earliest time at which the job may run.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).readyAt(Timestamp.now + .seconds(60))
    /// ```
    public func readyAt(_ time: Timestamp) -> Self { changed { $0.readyAt = .at(time) } }

    /// The same as `readyAt`.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).runAt(Timestamp.now + .seconds(60))
    /// ```
    public func runAt(_ time: Timestamp) -> Self { readyAt(time) }

    /// Sets the maximum number of retries; then the job is dead.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).retryLimit(3)
    /// ```
    public func retryLimit(_ limit: UInt32) -> Self { changed { $0.retryLimit = limit } }

    /// Sets the wait after a failure.
    ///
    /// ```swift
    /// let slow = Backoff(base: .seconds(30), exponent: 2, jitter: .seconds(5))
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).backoff(slow)
    /// ```
    public func backoff(_ backoff: Backoff) -> Self { changed { $0.backoff = backoff } }

    /// Sets how long the job is kept after it has finished.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).retention(Retention(completed: .seconds(3600)))
    /// ```
    public func retention(_ retention: Retention) -> Self { changed { $0.retention = retention } }

    /// Sets the unique key. Pro licence.
    ///
    /// ```swift
    /// let job = Enqueue(RebuildIndex()).uniqueKey(.raw("rebuild_index"))
    /// ```
    public func uniqueKey(_ key: UniqueKey) -> Self { changed { $0.uniqueKey = key } }

    /// Merges this job into a waiting job with the same batch key. Pro licence.
    ///
    /// ```swift
    /// let batch = Batch.collecting(at: ".to", upTo: 50, key: "emails")
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).batch(batch)
    /// ```
    public func batch(_ batch: Batch) -> Self { changed { $0.batch = batch } }

    /// Adds a budget. The first call replaces the kind's budgets. Servers newer than 0.6; Pro licence.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).budget("smtp").budget(BudgetBinding("audit", cost: 2))
    /// ```
    public func budget(_ binding: BudgetBinding) -> Self { changed { $0.budgets = ($0.budgets ?? []) + [binding] } }

    /// Replaces all budgets.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).budgets(["smtp", "audit"])
    /// ```
    public func budgets(_ bindings: [BudgetBinding]) -> Self { changed { $0.budgets = bindings } }

    /// Removes all budgets, including the kind's.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).clearBudgets()
    /// ```
    public func clearBudgets() -> Self { changed { $0.budgets = [] } }
}

/// A value that can be enqueued: a `JobKind`, a kind with overrides (`Enqueue`), or a finished job object (`RawJob`).
///
/// ```swift
/// let jobs: [any Enqueueable] = [SendEmail(to: "alice@example.com"), Enqueue(RebuildIndex()).priority(1)]
/// var bulk = client.enqueueBulk()
/// for job in jobs { try bulk.push(job) }
/// ```
public protocol Enqueueable: Sendable {
    /// Appends one job object. Called by the client.
    ///
    /// - Throws: `invalidArgument` for what the server would refuse or could not handle.
    func write(to writer: inout JobWriter) throws(ZizqError)
}

/// A finished job object in JSON, for callers who already have its bytes. It is neither parsed nor re-encoded, and is
/// copied once, into the request.
///
/// ```swift
/// let job = RawJob(Array(#"{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}"#.utf8))
/// try await client.enqueue(job)
/// ```
///
/// It is not checked: an object that the server refuses fails the whole request.
public struct RawJob: Enqueueable, Hashable {
    /// `{"type":…,"queue":…,"payload":…}`, with any further fields.
    public let bytes: [UInt8]

    /// - Parameter bytes: one JSON object, in UTF-8.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) {
        guard !bytes.isEmpty else { throw .invalidArgument("a raw job is empty") }
        writer.appendRaw(bytes)
    }
}

/// A kind of job. A value of the type is a job's payload; the type has the name and the defaults of the kind.
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
/// Only `name` is required. What neither the type nor the call sets is not sent, so that the server's default applies.
/// The payload is the type's `Codable` encoding: an object for a struct, `{}` for one without fields, or the value that
/// a single value container writes (see docs/zizq/defining-jobs.md). A `Date` becomes an RFC 3339 text, `Data` base64,
/// a `URL` its text.
public protocol JobKind: Codable, Sendable, Enqueueable {
    /// The name of this kind for the server and all workers (`type`). Do not change it while a queue has such jobs.
    static var name: String { get }
    /// The queue for jobs of this kind; by default `default`.
    static var queue: String { get }
    /// Lower values run first; the server's default is 32768.
    static var priority: UInt16? { get }
    /// The maximum number of retries; then the job is dead.
    static var retryLimit: UInt32? { get }
    /// The wait after a failure.
    static var backoff: Backoff? { get }
    /// How long a finished job is kept.
    static var retention: Retention? { get }
    /// How long a unique key without a scope is held; the server's default is `queued`. Pro licence.
    static var uniqueWhile: UniqueScope? { get }
    /// The budgets that jobs of this kind use. Servers newer than 0.6; Pro licence.
    static var budgets: [BudgetBinding] { get }
    /// The unique key of this job; `nil` if the job may be enqueued twice. Pro licence.
    var uniqueKey: UniqueKey? { get }
    /// The batch that this job is merged into; not together with `uniqueKey`. Pro licence.
    var batch: Batch? { get }
}

extension JobKind {
    /// `default`.
    public static var queue: String { "default" }
    /// `nil`: the server's default.
    public static var priority: UInt16? { nil }
    /// `nil`: the server's default.
    public static var retryLimit: UInt32? { nil }
    /// `nil`: the server's default.
    public static var backoff: Backoff? { nil }
    /// `nil`: the server's default.
    public static var retention: Retention? { nil }
    /// `nil`: the server's default.
    public static var uniqueWhile: UniqueScope? { nil }
    /// None.
    public static var budgets: [BudgetBinding] { [] }
    /// `nil`: the job may be enqueued twice.
    public var uniqueKey: UniqueKey? { nil }
    /// `nil`: the job is not merged.
    public var batch: Batch? { nil }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) { try Enqueue(self).write(to: &writer) }
}
