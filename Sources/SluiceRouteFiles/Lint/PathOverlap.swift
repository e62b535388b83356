internal import SluiceBase
internal import SluiceRoutes

/// Finds paths that match the same requests, while the routes are read.
///
/// If two paths match the same request, one of them must be more specific: at each segment equal to the other, or
/// literal where the other has a parameter. `/github/acme` next to `/github/{tenant}` is clear; `/{team}/push` next to
/// `/acme/{event}` is not.
struct PathOverlap {
    private struct Node {
        var written: [[UInt8]: Int] = [:]
        /// In the order of the files, so that messages are deterministic.
        var inOrder: [(text: [UInt8], child: Int)] = []
        var parameter: Int?
        var path: (path: RoutePath, location: SourceLocation)?
    }

    private var nodes = [Node()]

    /// The overlap of a path with those before it.
    package enum Finding {
        /// The same requests.
        case same(SourceLocation)
        /// Some requests match both, and neither is more specific.
        case unclear(RoutePath, SourceLocation, example: String)
    }

    /// Adds a path, unless the same one exists.
    ///
    /// - Returns: the overlap, if any.
    mutating func add(_ path: RoutePath, at location: SourceLocation) -> Finding? {
        var search = Search(path: path)
        visit(0, segment: 0, &search)
        if let finding = search.finding { return finding }
        var node = 0
        for segment in path.segments { node = child(of: node, segment) }
        nodes[node].path = (path, location)
        return nil
    }

    private mutating func child(of node: Int, _ segment: RoutePath.Segment) -> Int {
        let known: Int? =
            switch segment {
            case .literal(let text): nodes[node].written[text]
            case .parameter: nodes[node].parameter
            }
        if let known { return known }
        nodes.append(Node())
        switch segment {
        case .literal(let text):
            nodes[node].written[text] = nodes.count - 1
            nodes[node].inOrder.append((text, nodes.count - 1))
        case .parameter: nodes[node].parameter = nodes.count - 1
        }
        return nodes.count - 1
    }

    /// The state of the search through paths that match the same requests.
    private struct Search {
        let path: RoutePath
        /// Whether the new path, or the existing one, has been more specific at a segment.
        var isMoreExact = false
        var isLessExact = false
        var finding: Finding?
    }

    private func visit(_ node: Int, segment: Int, _ search: inout Search) {
        guard search.finding == nil else { return }
        guard segment < search.path.segments.count else { return end(node, &search) }
        let known = nodes[node]
        switch search.path.segments[segment] {
        case .literal(let text):
            if let child = known.written[text] { visit(child, segment: segment + 1, &search) }
            if let child = known.parameter, Self.canBeValue(text) { go(to: child, segment, isMoreExact: true, &search) }
        case .parameter:
            if let child = known.parameter { visit(child, segment: segment + 1, &search) }
            for (text, child) in known.inOrder where Self.canBeValue(text) {
                go(to: child, segment, isLessExact: true, &search)
            }
        }
    }

    private func go(
        to child: Int, _ segment: Int, isMoreExact: Bool = false, isLessExact: Bool = false, _ search: inout Search
    ) {
        let before = search
        search.isMoreExact = before.isMoreExact || isMoreExact
        search.isLessExact = before.isLessExact || isLessExact
        visit(child, segment: segment + 1, &search)
        search.isMoreExact = before.isMoreExact
        search.isLessExact = before.isLessExact
    }

    private func end(_ node: Int, _ search: inout Search) {
        guard let (path, location) = nodes[node].path else { return }
        if !search.isMoreExact, !search.isLessExact { search.finding = .same(location) }
        if search.isMoreExact, search.isLessExact {
            search.finding = .unclear(path, location, example: Self.example(search.path, path))
        }
    }

    private static func canBeValue(_ text: [UInt8]) -> Bool {
        !text.isEmpty && text.count <= ParameterTree.longestValue
    }

    /// A path that both match.
    private static func example(_ one: RoutePath, _ other: RoutePath) -> String {
        let segments = zip(one.segments, other.segments).map { pair in
            switch pair {
            case (.literal(let text), _), (_, .literal(let text)): String(decoding: text, as: UTF8.self)
            case (.parameter(let name), .parameter): name
            }
        }
        return "/" + segments.joined(separator: "/")
    }
}
