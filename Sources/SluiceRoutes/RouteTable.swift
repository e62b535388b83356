internal import SluiceBase

/// All routes, compiled from all files. Immutable; shared by all threads and replaced as a whole.
package final class RouteTable: Sendable {
    /// In the order of the files and of the routes in them.
    package let routes: [Route]
    private let index: PathIndex
    /// The routes at the positions of `index`.
    private let exact: [Int]
    private let parameterized: ParameterTree
    /// All paths in lower case and without a final slash.
    private let nearby: ParameterTree

    package init(routes: [Route]) {
        self.routes = routes
        exact = routes.indices.filter { routes[$0].parts.path.parameterSegments.isEmpty }
        index = PathIndex(exact.map { Array(routes[$0].parts.path.text.utf8) })
        let rest = routes.indices.filter { !routes[$0].parts.path.parameterSegments.isEmpty }
        parameterized = ParameterTree(rest.map { (path: routes[$0].parts.path, route: $0) })
        nearby = ParameterTree(routes.indices.map { (path: routes[$0].parts.path.folded, route: $0) })
    }

    /// The route for a path.
    ///
    /// A path that parsers could understand differently has none: dot segments, `//`, `%2F`, `%00`, invalid UTF-8. It
    /// is decoded once and compared; the cost does not grow with the number of routes.
    ///
    /// - Parameter path: as received, without the query.
    package func match(path: Span<UInt8>) -> Route? {
        if path.firstIndex(of: UInt8(ascii: "%")) == nil {
            // No route has dot or empty segments in its path, so none is found for one.
            return match(decoded: path)
        }
        guard let decoded = PercentDecoding.pathDecode(path) else { return nil }
        return match(decoded: decoded.span)
    }

    /// A path without a route that would have one if slashes and letter case were ignored.
    package struct NearMiss {
        package let route: Route
        /// The difference from the route's path: `a slash at the end`.
        package let difference: String
    }

    /// The route that was probably intended; for the log, never for serving.
    package func nearMiss(of path: Span<UInt8>) -> NearMiss? {
        guard path.count <= RoutePath.longest else { return nil }
        var collapsed: [UInt8] = []
        for index in path.indices where path[index] != UInt8(ascii: "/") || collapsed.last != UInt8(ascii: "/") {
            collapsed.append(path[index])
        }
        guard var decoded = PercentDecoding.pathDecode(collapsed.span) else { return nil }
        let endsInSlash = decoded.count > 1 && decoded.last == UInt8(ascii: "/")
        if endsInSlash { decoded.removeLast() }
        let folded = decoded.map { ASCII.lowercase($0) }
        guard let found = nearby.route(for: folded.span) else { return nil }
        let route = routes[found]
        var differences = collapsed.count < path.count ? ["a doubled slash"] : []
        if endsInSlash != (route.segments.count > 1 && route.segments.last == .literal([])) {
            differences.append(endsInSlash ? "a slash at the end" : "no slash at the end")
        }
        let difference = differences.isEmpty ? "letter case" : differences.joined(separator: " and ")
        return NearMiss(route: route, difference: difference)
    }

    private func match(decoded path: Span<UInt8>) -> Route? {
        if let position = index.position(of: path) { return routes[exact[position]] }
        return parameterized.route(for: path).map { routes[$0] }
    }

    /// The names of routes that are not in `newer`: their unique keys are no longer used.
    package func namesMissing(from newer: RouteTable) -> [String] {
        let names = Set(newer.routes.map(\.name))
        return routes.map(\.name).filter { !names.contains($0) }
    }
}

/// Finds a path of the table: open addressing, created once and only read, so that a look-up allocates nothing.
struct PathIndex: Sendable {
    private let paths: [[UInt8]]
    /// Positions in `paths`, or -1; at most half is used.
    private var slots: [Int]

    /// - Parameter paths: no two are equal.
    init(_ paths: [[UInt8]]) {
        self.paths = paths
        var size = 8
        while size < paths.count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (position, path) in paths.enumerated() {
            var slot = Self.hash(path.span) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = position
        }
    }

    /// The position of the path with these bytes.
    func position(of path: Span<UInt8>) -> Int? {
        var slot = Self.hash(path) & (slots.count - 1)
        while slots[slot] >= 0 {
            let candidate = paths[slots[slot]]
            if candidate.span.equals(path) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func hash(_ path: Span<UInt8>) -> Int { ParameterTree.hash(0, path) }
}
