internal import SluiceBase
package import SluiceRoutes
internal import Synchronization

/// The route table in force, with what is counted for each of its routes. Immutable; event loops keep the one that they
/// were last given, so that a request ends on the table it began with.
package final class ActiveRoutes: Sendable {
    /// A route and its counters; what a request carries from its head to its body.
    final class Entry: Sendable {
        let route: Route
        let metrics: RouteMetrics
        /// `nil` where the route takes as much as comes.
        let limiter: RateLimiter?

        init(route: Route, metrics: RouteMetrics, limiter: RateLimiter?) {
            self.route = route
            self.metrics = metrics
            self.limiter = limiter
        }
    }

    package let table: RouteTable
    /// Counts the tables that were put in force, from 1.
    package let version: Int
    private let entries: [Entry]

    /// - Parameters:
    ///   - metrics: asked for the counters of these routes; a name that was known before keeps its counts.
    ///   - before: the table that this one takes the place of; a route that has the same rate as before goes on with
    ///     its bucket.
    package init(_ table: RouteTable, version: Int, metrics: MetricsRegistry, before: ActiveRoutes?) {
        self.table = table
        self.version = version
        let limiters = before?.limiters ?? [:]
        entries = zip(table.routes, metrics.load(routes: table.routes.map(\.name))).map { route, metrics in
            let known = limiters[route.name]
            let limiter = route.rate.map { rate in known?.limit == rate ? known ?? RateLimiter(rate) : RateLimiter(rate)
            }
            return Entry(route: route, metrics: metrics, limiter: limiter)
        }
    }

    private var limiters: [String: RateLimiter] {
        var limiters: [String: RateLimiter] = [:]
        for entry in entries { limiters[entry.route.name] = entry.limiter }
        return limiters
    }

    /// The route for a request's path.
    func entry(path: Span<UInt8>) -> Entry? {
        table.match(path: path).map { entries[$0.index] }
    }
}

/// A route's bucket of tokens, one for all event loops: a request takes one, and they come back evenly.
///
/// Nothing counts tokens: one time says when the bucket is full again (the generic cell rate algorithm, as ATM and
/// traffic shapers have it). A request may come as long as that time lies no further ahead than the bucket is deep.
final class RateLimiter: Sendable {
    let limit: RateLimit
    /// Nanoseconds between two tokens.
    private let interval: Int64
    /// Nanoseconds that it takes to fill the bucket but for one token.
    private let depth: Int64
    /// When the bucket is full again, by the monotonic clock in nanoseconds.
    private let fullAt: Atomic<Int64>

    /// A full bucket.
    init(_ limit: RateLimit) {
        self.limit = limit
        interval = max(1, limit.per.wholeNanoseconds / Int64(limit.limit))
        depth = interval * Int64(limit.burst - 1)
        fullAt = Atomic(.min / 2)
    }

    /// Takes a token.
    ///
    /// - Parameter now: the monotonic clock, in nanoseconds.
    /// - Returns: `nil` if there was one, else how long until the next one comes.
    func take(at now: Int64) -> Duration? {
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
