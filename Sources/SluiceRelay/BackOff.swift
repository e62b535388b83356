internal import SluiceBase

/// How long to wait before the same thing is tried again: exponential, with full jitter, so that several gateways that
/// lost the same server do not come back in step.
package struct BackOff: Sendable {
    /// The ceiling of the first wait.
    package static let first: Duration = .milliseconds(100)
    /// The ceiling that the others grow to.
    package static let longest: Duration = .seconds(30)
    /// The most that a server's `retry-after` is believed.
    package static let longestRetryAfter: Duration = .seconds(60)

    private var ceiling = BackOff.first

    package init() {}

    /// The wait before the next try.
    ///
    /// - Parameters:
    ///   - retryAfter: what the server asks for; never undercut, up to a minute.
    ///   - generator: where the jitter comes from.
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

/// How long to leave alone a server that is set up wrongly, or that refuses everything: doubling from a second to five
/// minutes, because it takes a person to repair it.
package struct PauseSchedule: Sendable {
    package static let first: Duration = .seconds(1)
    package static let longest: Duration = .seconds(300)

    private var wait = PauseSchedule.first

    package init() {}

    /// The wait before the next try, twice the one before.
    package mutating func next() -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return wait
    }

    /// Resets after a success.
    package mutating func reset() { wait = Self.first }
}

/// A small generator of numbers for jitter (SplitMix64): a value, so that a test which gives the seed knows the waits.
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
