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
/// Each method gives back a copy. Where the same thing is set twice the last call counts; what is not set comes from the kind, and what the
/// kind does not say is not sent.
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

    /// Adds a budget to those that were given before. The first one takes the place of the kind's own. Servers newer than 0.6; Pro licence.
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
