internal import SluiceBase
package import SluiceRoutes

/// The active route table with the counters of its routes. Immutable; event loops keep the last one that they were
/// given, so that a request ends with the table that it started with.
package final class ActiveRoutes: Sendable {
    /// A route and its counters; kept from a request's head to its body.
    final class Entry: Sendable {
        let route: Route
        let metrics: RouteMetrics
        /// `nil` if the route has no rate.
        let limiter: RateLimiter?

        init(route: Route, metrics: RouteMetrics, limiter: RateLimiter?) {
            self.route = route
            self.metrics = metrics
            self.limiter = limiter
        }
    }

    package let table: RouteTable
    /// The number of the loaded table, from 1.
    package let version: Int
    private let entries: [Entry]

    /// - Parameters:
    ///   - metrics: provides the counters of the routes; a known name keeps its counts.
    ///   - before: the replaced table; a route with the same rate keeps its bucket.
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

    /// Notices about requests with an unsuitable type, for `sluice routes`.
    var notices: [String] { entries.compactMap { $0.metrics.mislabelledJSON.notice(ofRoute: $0.route.name) } }

    /// The route for a request's path.
    func entry(path: Span<UInt8>) -> Entry? {
        table.match(path: path).map { entries[$0.index] }
    }
}
