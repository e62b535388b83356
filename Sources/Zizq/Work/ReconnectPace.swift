internal import SluiceBase

/// How long to wait before a stream of jobs is opened again: at random, up to a bound that doubles with each failure. A job ends the count.
struct ReconnectPace {
    private static let first: Int64 = 100_000_000
    private static let longest: Int64 = 30_000_000_000

    private var failures = 0

    mutating func jobCame() { failures = 0 }

    /// - Parameter asked: what the server asks for.
    mutating func failed(asked: Duration?) -> Duration {
        let bound = min(Self.longest, Self.first << Int64(min(failures, 20)))
        failures += 1
        return max(asked ?? .zero, .nanoseconds(Int64.random(in: 0...bound)))
    }
}
