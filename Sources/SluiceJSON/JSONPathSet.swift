/// Paths to look for in one pass: a trie, made once when the routes are loaded.
///
/// The nodes lie in depth-first order, so that what is below a node is the range `node..<end`; its edges are a range of a common
/// table. Looking one up touches three flat arrays and allocates nothing.
package struct JSONPathSet: Sendable {
    struct Node {
        /// One behind the last node below this one.
        var end: Int
        /// The edges to the nodes right below, in `edges`.
        var edges: Range<Int>
    }

    struct Edge {
        /// The array position that this edge stands for; -1 for an edge with a key.
        var index: Int
        /// The key's UTF-8 in `text`; empty for an edge with an index.
        var key: Range<Int>
        var node: Int
    }

    /// The node that stands for nothing that is looked for.
    static let noNode = -1
    /// The node of the whole text.
    static let rootNode = 0

    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []
    private(set) var text: [UInt8] = []
    /// For each path, its node.
    private(set) var nodeOfPath: [Int]

    /// No paths: for checking alone.
    package static let none = JSONPathSet([])

    /// - Parameter paths: a path's position here is its identity in `JSONFindings`. The same path may stand twice.
    package init(_ paths: [JSONPath]) {
        nodeOfPath = Array(repeating: Self.noNode, count: paths.count)
        let branch = paths.enumerated().map { Pending(path: $0.offset, rest: $0.element.steps[...]) }
        addNode(for: branch)
    }

    /// How many paths there are.
    package var count: Int { nodeOfPath.count }

    /// A path on its way through the construction: what is left of it below the node at hand.
    private struct Pending {
        var path: Int
        var rest: ArraySlice<JSONPath.Step>
    }

    /// Adds the node that all of `branch` have reached, and everything below it.
    @discardableResult
    private mutating func addNode(for branch: [Pending]) -> Int {
        let node = nodes.count
        nodes.append(Node(end: node, edges: 0..<0))
        for pending in branch where pending.rest.isEmpty { nodeOfPath[pending.path] = node }
        let groups = Self.grouped(branch)
        let first = edges.count
        for (step, _) in groups { edges.append(edge(for: step)) }
        nodes[node].edges = first..<edges.count
        for (position, group) in groups.enumerated() { edges[first + position].node = addNode(for: group.branch) }
        nodes[node].end = nodes.count
        return node
    }

    private mutating func edge(for step: JSONPath.Step) -> Edge {
        switch step {
        case .key(let key):
            let start = text.count
            text.append(contentsOf: key.utf8)
            return Edge(index: -1, key: start..<text.count, node: Self.noNode)
        case .index(let index):
            return Edge(index: index, key: 0..<0, node: Self.noNode)
        }
    }

    /// The paths that go on, by their next step, in the order in which the steps first appear.
    private static func grouped(_ branch: [Pending]) -> [(step: JSONPath.Step, branch: [Pending])] {
        var groups: [(step: JSONPath.Step, branch: [Pending])] = []
        for pending in branch {
            guard let step = pending.rest.first else { continue }
            let next = Pending(path: pending.path, rest: pending.rest.dropFirst())
            if let known = groups.firstIndex(where: { $0.step == step }) {
                groups[known].branch.append(next)
            } else {
                groups.append((step, [next]))
            }
        }
        return groups
    }
}
