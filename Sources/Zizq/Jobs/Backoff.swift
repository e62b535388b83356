internal import SluiceBase

/// The wait before a job is retried: `base` + attempts ^ `exponent` seconds + up to `jitter` × attempts.
///
/// ```swift
/// let gentle = Backoff(base: .seconds(1), exponent: 2, jitter: .milliseconds(500))
/// ```
public struct Backoff: Sendable, Hashable {
    /// The minimum wait, in whole milliseconds.
    public var base: Duration
    /// The power to which the number of attempts is raised.
    public var exponent: Float
    /// The maximum random addition per attempt, in whole milliseconds.
    public var jitter: Duration

    /// Creates a backoff.
    public init(base: Duration, exponent: Float, jitter: Duration) {
        self.base = base
        self.exponent = exponent
        self.jitter = jitter
    }

    func option() throws(ZizqError) -> JobOption {
        guard exponent.isFinite else { throw .invalidArgument("the exponent of a backoff must be a finite number") }
        return .backoff(
            base: try base.milliseconds(upTo: Int64(UInt32.max), "the base of a backoff"),
            exponent: exponent.description,
            jitter: try jitter.milliseconds(upTo: Int64(UInt32.max), "the jitter of a backoff"))
    }
}

/// How long a finished job is kept for inspection.
///
/// ```swift
/// let retention = Retention(completed: .seconds(3600), dead: .seconds(30 * 86_400))
/// ```
public struct Retention: Sendable, Hashable {
    /// After success; `nil` for the server's default, zero for not at all. Whole milliseconds.
    public var completed: Duration?
    /// After the last retry failed; `nil` for the server's default, 7 days. Whole milliseconds.
    public var dead: Duration?

    /// Creates a retention.
    public init(completed: Duration? = nil, dead: Duration? = nil) {
        self.completed = completed
        self.dead = dead
    }

    /// - Returns: `nil` if nothing is set.
    func option() throws(ZizqError) -> JobOption? {
        guard completed != nil || dead != nil else { return nil }
        return .retention(completed: try milliseconds(completed), dead: try milliseconds(dead))
    }

    private func milliseconds(_ duration: Duration?) throws(ZizqError) -> Int64? {
        guard let duration else { return nil }
        return try duration.milliseconds(upTo: .max, "a retention")
    }
}

extension Duration {
    /// Whole milliseconds in the range of a field of the server.
    func milliseconds(upTo limit: Int64, _ what: String) throws(ZizqError) -> Int64 {
        let milliseconds = wholeMilliseconds
        guard 0...limit ~= milliseconds, self >= .zero else {
            throw .invalidArgument("\(what) must be between 0 and \(limit) milliseconds")
        }
        return milliseconds
    }
}
