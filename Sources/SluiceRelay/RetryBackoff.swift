internal import SluiceBase

/// The delay before a retry: exponential, with full jitter, so that several gateways that lost the same server do not
/// return in step.
package struct RetryBackoff: Sendable {
    /// The upper bound of the first delay.
    package static let first: Duration = .milliseconds(100)
    /// The maximum upper bound.
    package static let longest: Duration = .seconds(30)
    /// The maximum accepted `retry-after` of a server.
    package static let longestRetryAfter: Duration = .seconds(60)

    private var ceiling = RetryBackoff.first

    package init() {}

    /// Returns the delay before the next attempt.
    ///
    /// - Parameters:
    ///   - retryAfter: the wait that the server requests; the delay is at least this, up to a minute.
    ///   - generator: for the jitter.
    package mutating func next(retryAfter: Duration? = nil, using generator: inout some RandomNumberGenerator)
        -> Duration
    {
        let wait = Duration.nanoseconds(Int64.random(in: 0...ceiling.wholeNanoseconds, using: &generator))
        ceiling = min(ceiling * 2, Self.longest)
        return max(wait, min(retryAfter ?? .zero, Self.longestRetryAfter))
    }

    /// Resets after a success.
    package mutating func reset() { ceiling = Self.first }
}

/// How long to pause for a server that is set up wrongly, or that refuses everything: doubling from a second to five
/// minutes, because it needs a repair.
package struct PauseSchedule: Sendable {
    package static let first: Duration = .seconds(1)
    package static let longest: Duration = .seconds(300)

    private var wait = PauseSchedule.first

    package init() {}

    /// Returns the delay before the next attempt, twice the previous one.
    package mutating func next() -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return wait
    }

    /// Resets after a success.
    package mutating func reset() { wait = Self.first }
}

/// A small random number generator for jitter (SplitMix64): a value, so that a test with a fixed seed knows the delays.
struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
