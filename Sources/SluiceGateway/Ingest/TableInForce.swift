internal import SluiceBase
package import SluiceRoutes

/// The route table in force, with what is counted for each of its routes. Immutable; event loops keep the one that they were last
/// given, so that a request ends on the table it began with.
package final class TableInForce: Sendable {
    /// A route and its counters; what a request carries from its head to its body.
    final class Entry: Sendable {
        let route: Route
        let metrics: RouteMetrics

        init(route: Route, metrics: RouteMetrics) {
            self.route = route
            self.metrics = metrics
        }
    }

    package let table: RouteTable
    /// Counts the tables that were put in force, from 1.
    package let version: Int
    private let entries: [Entry]

    /// - Parameter metrics: asked for the counters of these routes; a name that was known before keeps its counts.
    package init(_ table: RouteTable, version: Int, metrics: MetricsRegistry) {
        self.table = table
        self.version = version
        entries = zip(table.routes, metrics.load(routes: table.routes.map(\.name))).map { Entry(route: $0, metrics: $1) }
    }

    /// The route for a request's path.
    func entry(path: Span<UInt8>) -> Entry? {
        table.match(path: path).map { entries[$0.index] }
    }
}
