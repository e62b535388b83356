internal import SluiceBase

/// Finds the route with parameters in its path for a request's path. Created once and only read; a look-up allocates
/// nothing.
///
/// A tree of segments: a literal segment takes precedence over a parameter, and the parameter is tried if the literal
/// leads to no route. Its depth is that of the longest path in the files, and its cost does not grow with the number of
/// routes.
package struct ParameterTree: Sendable {
    private struct Node {
        /// The node after a parameter, or -1.
        var parameter = -1
        /// The route whose path ends here, or -1.
        var route = -1
    }

    /// The step from one node to the next for a literal segment.
    private struct Edge {
        let node: Int
        let segment: [UInt8]
        let child: Int
    }

    /// In bytes, decoded.
    package static let longestValue = 255

    private var nodes = [Node()]
    private var edges: [Edge] = []
    /// Positions in `edges`, or -1: open addressing; at most a quarter is used.
    private var slots: [Int] = []

    /// - Parameter paths: each with its route; if two match the same requests, one is more specific.
    init(_ paths: [(path: RoutePath, route: Int)]) {
        // For finding edges before the index exists.
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

    /// - Parameter start: the start of the next segment; after the end of the path if there is none.
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

    /// A dot segment is not a value: parsers of paths disagree about its meaning (RFC 3986 §5.2.4).
    private static func isValue(_ segment: Span<UInt8>) -> Bool {
        switch segment.count {
        case 0: false
        case 1: segment[0] != UInt8(ascii: ".")
        case 2: segment[0] != UInt8(ascii: ".") || segment[1] != UInt8(ascii: ".")
        default: segment.count <= longestValue
        }
    }

    /// FNV-1a. Senders cannot add paths, so it need not resist intentional collisions.
    static func hash(_ node: Int, _ bytes: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ (UInt64(node) &* 0x9E37_79B9_7F4A_7C15)
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
