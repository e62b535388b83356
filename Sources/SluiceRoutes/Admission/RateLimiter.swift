package import SluiceBase
internal import Synchronization

/// A route's token buckets, shared by all event loops: a request takes a token of one, and its bytes and elements from
/// two others, which are refilled evenly. Handshakes from unknown senders have a separate bucket of the same size, so
/// that they cannot use up that of the deliveries.
package final class RateLimiter: Sendable {
    package let limit: RateLimit
    private let verified: Bucket
    private let unverified: Bucket
    private let bytes: Bucket?
    private let elements: Bucket?

    /// Starts with full buckets.
    package init(_ limit: RateLimit) {
        self.limit = limit
        verified = Bucket(limit.limit, per: limit.per, burst: limit.burst)
        unverified = Bucket(limit.limit, per: limit.per, burst: limit.burst)
        bytes = limit.bytes.map { Bucket($0.bytes, per: limit.per, burst: $0.bytes) }
        elements = limit.elements.map { Bucket($0, per: limit.per, burst: $0) }
    }

    /// Takes the tokens of a request. Its elements are charged later, with `charge`; a request may take more bytes and
    /// elements than are left, and the next one then waits.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, in nanoseconds.
    ///   - bytes: of the body as received.
    ///   - isVerified: whether the sender is known.
    /// - Returns: `nil` if there were tokens; otherwise the time until there are.
    package func take(at now: Int64, bytes count: Int = 0, isVerified: Bool = true) -> Duration? {
        guard isVerified else { return unverified.take(at: now) }
        let wait = max(bytes?.wait(at: now) ?? 0, elements?.wait(at: now) ?? 0)
        if wait > 0 { return .nanoseconds(wait) }
        if let wait = verified.take(at: now) { return wait }
        bytes?.charge(count, at: now)
        return nil
    }

    /// Takes the tokens of a request's elements.
    package func charge(elements count: Int, at now: Int64) { elements?.charge(count, at: now) }
}

/// Tokens are not counted: the bucket is the time at which it is full again (the generic cell rate algorithm of ATM and
/// traffic shapers). A request is accepted if that time is at most the depth of the bucket ahead.
private final class Bucket: Sendable {
    private let limit: Int64
    /// The nanoseconds in which `limit` tokens are refilled.
    private let period: Int64
    /// The nanoseconds to fill the bucket except for one token.
    private let depth: Int64
    /// When the bucket is full again, in monotonic nanoseconds.
    private let fullAt = Atomic<Int64>(.min / 2)

    init(_ limit: Int, per period: Duration, burst: Int) {
        self.limit = Int64(limit)
        self.period = period.wholeNanoseconds
        depth = Self.nanoseconds(burst - 1, limit: self.limit, period: self.period)
    }

    /// The nanoseconds in which `count` tokens are refilled; at most 70 years.
    private static func nanoseconds(_ count: Int, limit: Int64, period: Int64) -> Int64 {
        let product = UInt64(max(0, count)).multipliedFullWidth(by: UInt64(period))
        let most = UInt64(Int64.max / 4)
        guard product.high < UInt64(limit) else { return Int64(most) }
        return max(count > 0 ? 1 : 0, Int64(min(most, UInt64(limit).dividingFullWidth(product).quotient)))
    }

    /// The nanoseconds until there is a token.
    func wait(at now: Int64) -> Int64 { max(0, fullAt.load(ordering: .relaxed) - now - depth) }

    /// Takes one token.
    ///
    /// - Returns: `nil` if there was one; otherwise the time until there is one.
    func take(at now: Int64) -> Duration? { take(1, at: now, ifWithin: depth) }

    /// Takes tokens, even if there are not enough.
    func charge(_ count: Int, at now: Int64) { _ = take(count, at: now, ifWithin: .max) }

    private func take(_ count: Int, at now: Int64, ifWithin depth: Int64) -> Duration? {
        let cost = Self.nanoseconds(count, limit: limit, period: period)
        var known = fullAt.load(ordering: .relaxed)
        while true {
            let start = max(known, now)
            if start - now > depth { return .nanoseconds(start - now - depth) }
            // A cost is at most a quarter of the largest number, and many can be charged at once.
            let (exchanged, original) = fullAt.weakCompareExchange(
                expected: known, desired: min(start + cost, .max / 2), ordering: .relaxed)
            if exchanged { return nil }
            known = original
        }
    }
}

/// The rate of a route: `rate: { limit: 100, per: 1s, burst: 200, bytes: 10MiB }`, a bucket of `burst` requests,
/// refilled with `limit` in each `per`, and buckets of bytes and elements.
package struct RateLimit: Sendable, Hashable {
    /// 1 to 1,000,000.
    package let limit: Int
    /// 1 ms to 1 day.
    package let per: Duration
    /// The size of the bucket; 1 to 1,000,000.
    package let burst: Int
    /// Bytes of bodies in each `per`, and in the bucket; `nil` for no limit.
    package let bytes: ByteCount?
    /// Elements in each `per`, and in the bucket; a request without `each` counts as one; `nil` for no limit.
    package let elements: Int?

    package init(limit: Int, per: Duration, burst: Int, bytes: ByteCount? = nil, elements: Int? = nil) {
        self.limit = limit
        self.per = per
        self.burst = burst
        self.bytes = bytes
        self.elements = elements
    }
}
