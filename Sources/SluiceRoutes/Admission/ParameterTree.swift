internal import SluiceBase

/// Finds the route whose path with parameters takes a request's path. Made once and only read; a look-up allocates
/// nothing.
///
/// A tree of segments: where a segment is written in a path that goes before a parameter, and what the one does not
/// lead to is tried with the other. It is no deeper than the longest path in the files, and its cost does not grow with
/// the number of routes beside.
package struct ParameterTree: Sendable {
    private struct Node {
        /// Where a parameter leads, or -1.
        var parameter = -1
        /// The route whose path ends here, or -1.
        var route = -1
    }

    /// How a written segment leads from one node to the next.
    private struct Edge {
        let node: Int
        let segment: [UInt8]
        let child: Int
    }

    /// In bytes, decoded.
    package static let longestValue = 255

    private var nodes = [Node()]
    private var edges: [Edge] = []
    /// Positions in `edges`, or -1: open addressing; at most a quarter of them are taken.
    private var slots: [Int] = []

    /// - Parameter paths: each with the route that it is of; no two take the same requests without one being the more
    ///   exact.
    init(_ paths: [(path: RoutePath, route: Int)]) {
        // For finding edges while there is no index of them.
        var children: [EdgeName: Int] = [:]
        for (path, route) in paths {
            var node = 0
            for segment in path.segments { node = add(segment, below: node, &children) }
            nodes[node].route = route
        }
        makeIndex()
    }

    private struct EdgeName: Hashable {
        let node: Int
        let segment: [UInt8]
    }

    private mutating func add(_ segment: RoutePath.Segment, below node: Int, _ children: inout [EdgeName: Int]) -> Int {
        switch segment {
        case .parameter:
            if nodes[node].parameter < 0 {
                nodes[node].parameter = nodes.count
                nodes.append(Node())
            }
            return nodes[node].parameter
        case .literal(let text):
            let name = EdgeName(node: node, segment: text)
            if let child = children[name] { return child }
            let child = nodes.count
            nodes.append(Node())
            children[name] = child
            edges.append(Edge(node: node, segment: text, child: child))
            return child
        }
    }

    private mutating func makeIndex() {
        var size = 8
        while size < edges.count * 4 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (position, edge) in edges.enumerated() {
            var slot = Self.hash(edge.node, edge.segment.span) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = position
        }
    }

    /// - Parameter path: decoded.
    func route(for path: Span<UInt8>) -> Int? {
        guard nodes.count > 1, path.count > 0 else { return nil }
        let route = search(0, path, from: 1)
        return route < 0 ? nil : route
    }

    /// - Parameter start: where the next segment begins; behind the end of the path when there is none.
    private func search(_ node: Int, _ path: Span<UInt8>, from start: Int) -> Int {
        if start > path.count { return nodes[node].route }
        let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
        let segment = path.extracting(start..<end)
        if let child = child(of: node, segment) {
            let route = search(child, path, from: end + 1)
            if route >= 0 { return route }
        }
        let parameter = nodes[node].parameter
        return parameter >= 0 && Self.isValue(segment) ? search(parameter, path, from: end + 1) : -1
    }

    private func child(of node: Int, _ segment: Span<UInt8>) -> Int? {
        var slot = Self.hash(node, segment) & (slots.count - 1)
        while slots[slot] >= 0 {
            let edge = edges[slots[slot]]
            if edge.node == node, edge.segment.span.equals(segment) { return edge.child }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// A dot segment is no value: readers of paths disagree about what it means (RFC 3986 §5.2.4).
    private static func isValue(_ segment: Span<UInt8>) -> Bool {
        switch segment.count {
        case 0: false
        case 1: segment[0] != UInt8(ascii: ".")
        case 2: segment[0] != UInt8(ascii: ".") || segment[1] != UInt8(ascii: ".")
        default: segment.count <= longestValue
        }
    }

    /// FNV-1a, as in `PathIndex`.
    private static func hash(_ node: Int, _ bytes: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ (UInt64(node) &* 0x9E37_79B9_7F4A_7C15)
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
