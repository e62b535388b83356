internal import SluiceBase
internal import Synchronization

/// A route's bucket of tokens, one for all event loops: a request takes one, and they come back evenly. Handshakes
/// whose sender is unknown have another bucket of the same size, so that they cannot use up that of the deliveries.
///
/// Nothing counts tokens: one time says when the bucket is full again (the generic cell rate algorithm, as ATM and
/// traffic shapers have it). A request may come as long as that time lies no further ahead than the bucket is deep.
package final class RateLimiter: Sendable {
    package let limit: RateLimit
    /// Nanoseconds between two tokens.
    private let interval: Int64
    /// Nanoseconds that it takes to fill the bucket but for one token.
    private let depth: Int64
    /// When the bucket is full again, by the monotonic clock in nanoseconds.
    private let verified = Atomic<Int64>(.min / 2)
    /// The same for requests whose sender is unknown.
    private let unverified = Atomic<Int64>(.min / 2)

    /// A full bucket.
    package init(_ limit: RateLimit) {
        self.limit = limit
        interval = max(1, limit.per.wholeNanoseconds / Int64(limit.limit))
        depth = interval * Int64(limit.burst - 1)
    }

    /// Takes a token.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, in nanoseconds.
    ///   - isVerified: whether the sender is known.
    /// - Returns: `nil` if there was one, else how long until the next one comes.
    package func take(at now: Int64, isVerified: Bool = true) -> Duration? {
        isVerified ? take(at: now, from: verified) : take(at: now, from: unverified)
    }

    private func take(at now: Int64, from fullAt: borrowing Atomic<Int64>) -> Duration? {
        var known = fullAt.load(ordering: .relaxed)
        while true {
            let start = max(known, now)
            if start - now > depth { return .nanoseconds(start - now - depth) }
            let (exchanged, original) = fullAt.weakCompareExchange(
                expected: known, desired: start + interval, ordering: .relaxed)
            if exchanged { return nil }
            known = original
        }
    }
}

/// How many requests a route takes: `rate: { limit: 100, per: 1s, burst: 200 }`, a bucket of `burst` tokens into which
/// `limit` come back in each `per`.
package struct RateLimit: Sendable, Hashable {
    /// 1 to 1,000,000.
    package let limit: Int
    /// 1 ms to 1 day.
    package let per: Duration
    /// How many may come at once; 1 to 1,000,000.
    package let burst: Int

    package init(limit: Int, per: Duration, burst: Int) {
        self.limit = limit
        self.per = per
        self.burst = burst
    }

}
