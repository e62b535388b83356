internal import SluiceBase
package import SluiceRoutes

/// The active route table, with what is counted for each of its routes. Immutable; event loops keep the one that they
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
    /// Counts the loaded tables, from 1.
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

    /// What `sluice routes` says of requests that do not fit their route.
    var notices: [String] { entries.compactMap { $0.metrics.mislabelledJSON.notice(ofRoute: $0.route.name) } }

    /// The route for a request's path.
    func entry(path: Span<UInt8>) -> Entry? {
        table.match(path: path).map { entries[$0.index] }
    }
}
