/// A job that is to be enqueued, with what differs from its kind's defaults. Built apart from being sent.
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
/// Each method gives back a copy. Where the same thing is set twice the last call counts; what is not set comes from
/// the kind, and what the kind does not say is not sent.
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
    /// Nil where nobody has said anything; empty where they are to be none.
    var budgets: [BudgetBinding]?

    /// When a job may run: at a time, or so long after it was written into a request.
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

    /// A job of this payload, with the kind's own defaults.
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

    /// Lower runs sooner.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).priority(10)
    /// ```
    public func priority(_ priority: UInt16) -> Self { changed { $0.priority = priority } }

    /// Lets the job run no sooner than so long after it is added to a request, by this machine's clock.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).delay(.seconds(60))
    /// ```
    public func delay(_ delay: Duration) -> Self { changed { $0.readyAt = .after(delay) } }

    /// Lets the job run no sooner than at this time.
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

    /// After so many retries a job that fails is dead.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).retryLimit(3)
    /// ```
    public func retryLimit(_ limit: UInt32) -> Self { changed { $0.retryLimit = limit } }

    /// How long the job waits after it has failed.
    ///
    /// ```swift
    /// let slow = Backoff(base: .seconds(30), exponent: 2, jitter: .seconds(5))
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).backoff(slow)
    /// ```
    public func backoff(_ backoff: Backoff) -> Self { changed { $0.backoff = backoff } }

    /// How long the job is kept once it is finished.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).retention(Retention(completed: .seconds(3600)))
    /// ```
    public func retention(_ retention: Retention) -> Self { changed { $0.retention = retention } }

    /// What makes the job the same as another one. Pro licence.
    ///
    /// ```swift
    /// let job = Enqueue(RebuildIndex()).uniqueKey(.raw("rebuild_index"))
    /// ```
    public func uniqueKey(_ key: UniqueKey) -> Self { changed { $0.uniqueKey = key } }

    /// With which jobs this one is folded together. Pro licence.
    ///
    /// ```swift
    /// let batch = Batch.collecting(at: ".to", upTo: 50, key: "emails")
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).batch(batch)
    /// ```
    public func batch(_ batch: Batch) -> Self { changed { $0.batch = batch } }

    /// Adds a budget to those that were given before. The first one takes the place of the kind's own. Servers newer
    /// than 0.6; Pro licence.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).budget("smtp").budget(BudgetBinding("audit", cost: 2))
    /// ```
    public func budget(_ binding: BudgetBinding) -> Self { changed { $0.budgets = ($0.budgets ?? []) + [binding] } }

    /// Sets all budgets at once.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).budgets(["smtp", "audit"])
    /// ```
    public func budgets(_ bindings: [BudgetBinding]) -> Self { changed { $0.budgets = bindings } }

    /// Lets the job draw on no budget, whatever its kind says.
    ///
    /// ```swift
    /// let job = Enqueue(SendEmail(to: "alice@example.com")).clearBudgets()
    /// ```
    public func clearBudgets() -> Self { changed { $0.budgets = [] } }
}

/// Whatever can be enqueued: a value of a `JobKind`, such a value with overrides (`Enqueue`), a finished job object
/// (`RawJob`).
///
/// ```swift
/// let jobs: [any Enqueueable] = [SendEmail(to: "alice@example.com"), Enqueue(RebuildIndex()).priority(1)]
/// var bulk = client.enqueueBulk()
/// for job in jobs { try bulk.push(job) }
/// ```
public protocol Enqueueable: Sendable {
    /// Appends one job object. For the client; nobody else needs to call it.
    ///
    /// - Throws: `invalidArgument` for what the server would refuse, or could not survive.
    func write(to writer: inout JobWriter) throws(ZizqError)
}

/// A finished job object in JSON, for callers who already have one as bytes: it is neither parsed nor re-encoded, and
/// copied once, into the request.
///
/// ```swift
/// let job = RawJob(Array(#"{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}"#.utf8))
/// try await client.enqueue(job)
/// ```
///
/// Nothing of it is checked here: one that the server does not take fails the whole request.
public struct RawJob: Enqueueable, Hashable {
    /// `{"type":…,"queue":…,"payload":…}`, with more fields where wanted.
    public let bytes: [UInt8]

    /// - Parameter bytes: one JSON object, in UTF-8.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) {
        guard !bytes.isEmpty else { throw .invalidArgument("a raw job is empty") }
        writer.appendRaw(bytes)
    }
}

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
/// Only `name` has to be given. What a type leaves out, and no override of the call gives, is not sent, so that the
/// server's own default holds. The payload is what the type's `Codable` conformance makes of it: an object for a
/// struct, `{}` for one without fields, and whatever a conformance with a single value container writes (see
/// docs/zizq/defining-jobs.md). A `Date` becomes an RFC 3339 text, `Data` base64, a `URL` its text.
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
    /// How long a unique key that says nothing itself keeps other jobs out; the server's default is `queued`. Pro
    /// licence.
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
