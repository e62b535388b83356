internal import SluiceBase

/// How long to wait before the same thing is tried again: exponential, with full jitter, so that several gateways that lost the
/// same server do not come back in step.
package struct BackOff: Sendable {
    /// The ceiling of the first wait.
    package static let first: Duration = .milliseconds(100)
    /// The ceiling that the others grow to.
    package static let longest: Duration = .seconds(30)
    /// The most that a server's `retry-after` is believed.
    package static let longestRetryAfter: Duration = .seconds(600)

    private var ceiling = BackOff.first

    package init() {}

    /// The wait before the next try.
    ///
    /// - Parameters:
    ///   - retryAfter: what the server asks for; never undercut, up to ten minutes.
    ///   - generator: where the jitter comes from.
    package mutating func next(retryAfter: Duration? = nil, using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = Duration.nanoseconds(Int64.random(in: 0...ceiling.wholeNanoseconds, using: &generator))
        ceiling = min(ceiling * 2, Self.longest)
        return max(wait, min(retryAfter ?? .zero, Self.longestRetryAfter))
    }

    /// Begins anew, after a success.
    package mutating func reset() { ceiling = Self.first }
}
