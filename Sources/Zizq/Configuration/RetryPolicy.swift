internal import SluiceBase

/// Whether, how often and how soon a call is tried again by the client itself.
///
/// ```swift
/// try await client.enqueue(SendEmail(to: "alice@example.com"), retry: RetryPolicy(tries: 5, repeatsUnknown: true))
/// ```
///
/// Tried again is what `ZizqError.isRetryable` says may succeed later: no connection, none in time, 408, 429, 5xx. Between two tries lies a
/// time at random, up to one that doubles with each, or what the server asks for.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is made at most; 1 for no second try.
    public var tries: Int
    /// Up to how long the second try waits.
    public var firstDelay: Duration
    /// Up to how long any try waits, also where the server asks for more.
    public var longestDelay: Duration
    /// Whether a call is made again of which the server may have done what was asked (`isAmbiguous`). What is enqueued without a unique key may
    /// then be there twice.
    public var repeatsUnknown: Bool

    /// A policy of these.
    public init(
        tries: Int, firstDelay: Duration = .milliseconds(100), longestDelay: Duration = .seconds(5), repeatsUnknown: Bool = false
    ) {
        self.tries = tries
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.repeatsUnknown = repeatsUnknown
    }

    /// One try.
    public static let off = RetryPolicy(tries: 1)
    /// Four tries within a few seconds, also where the outcome of one is unknown: for calls that do no harm when they are made twice.
    public static let standard = RetryPolicy(tries: 4, repeatsUnknown: true)

    /// How long to wait before the next try.
    ///
    /// - Parameters:
    ///   - tried: how often the call was made, at least once.
    ///   - pick: picks a number of nanoseconds from 0 up to a bound.
    /// - Returns: `nil` where it is not to be made again.
    func delay(
        after error: ZizqError, tried: Int, pick: (_ bound: Int64) -> Int64 = { Int64.random(in: 0...$0) }
    ) -> Duration? {
        guard tried < tries, error.isRetryable, repeatsUnknown || !error.isAmbiguous else { return nil }
        if let asked = error.retryAfter { return min(asked, longestDelay) }
        let (doublings, longest) = (Int64(min(tried - 1, 20)), longestDelay.wholeNanoseconds)
        let first = min(firstDelay.wholeNanoseconds, longest >> doublings)
        let bound = first < firstDelay.wholeNanoseconds ? longest : first << doublings
        return .nanoseconds(pick(max(0, bound)))
    }
}
