/// A set of paths to find in one pass: a trie, created once when the routes are loaded.
///
/// The nodes are in depth-first order, so that everything below a node is the range `node..<end`; its edges are a range
/// of a common table. A lookup reads three flat arrays and allocates nothing.
///
/// Paths may contain every element of an array (`JSONPath.Step.each`), and then have a value for each element. All such
/// paths have the same start, up to their last `each`; the element there is an *item*.
package final class JSONPathSet: Sendable {
    struct Node {
        /// The position after the last node below this one.
        var end: Int
        /// The edges to the nodes directly below, in `edges`.
        var edges: Range<Int>
        /// The node for array elements without their own edge; `noNode` if none.
        var each = noNode
        /// On the way to the items: the node directly below that must exist for items to exist. Not used for `each`.
        var wanted = noNode
        /// The position in `itemNodes` if a value at this node is an item; -1 otherwise.
        var item = -1
        /// Whether there are items below.
        var leadsToItems = false
    }

    struct Edge {
        /// The array position of this edge; -1 for an edge with a key.
        var index: Int
        /// The key's UTF-8 in `text`; empty for an edge with an index.
        var key: Range<Int>
        var node: Int
    }

    /// The node for values that are not searched.
    static let noNode = -1
    /// The node of the whole text.
    static let rootNode = 0

    let nodes: [Node]
    let edges: [Edge]
    let text: [UInt8]
    /// The node of each path without `each`.
    let nodeOfPath: [Int]
    /// For each path into an item, its position in the rows of `JSONFindings`; -1 for other paths.
    let columnOfPath: [Int]
    /// For each item node, the nodes of the columns below it.
    let itemNodes: [[Int]]
    /// The number of paths into items.
    let columns: Int

    /// No paths: for validation only.
    package static let none = JSONPathSet([])

    /// - Parameter paths: the position of a path identifies it in `JSONFindings`. Duplicates are allowed. Those with
    ///   `each` must agree up to their last one.
    package init(_ paths: [JSONPath]) {
        let builder = JSONPathSetBuilder(paths)
        nodes = builder.nodes
        edges = builder.edges
        text = builder.text
        nodeOfPath = builder.nodeOfPath
        columnOfPath = builder.columnOfPath
        itemNodes = builder.itemNodes
        columns = builder.columns
    }

    /// The number of paths.
    package var count: Int { nodeOfPath.count }

    var hasItems: Bool { columns > 0 }
}

/// Adds the nodes of a set in depth-first order.
private struct JSONPathSetBuilder {
    private(set) var nodes: [JSONPathSet.Node] = []
    private(set) var edges: [JSONPathSet.Edge] = []
    private(set) var text: [UInt8] = []
    private(set) var nodeOfPath: [Int]
    private(set) var columnOfPath: [Int]
    private(set) var itemNodes: [[Int]] = []
    let columns: Int

    init(_ paths: [JSONPath]) {
        nodeOfPath = Array(repeating: JSONPathSet.noNode, count: paths.count)
        columnOfPath = Array(repeating: -1, count: paths.count)
        var count = 0
        for (path, steps) in paths.enumerated() where steps.steps.contains(.each) {
            columnOfPath[path] = count
            count += 1
        }
        columns = count
        let branch = paths.enumerated().map { Pending(path: $0.offset, rest: $0.element.steps[...]) }
        addNode(for: branch)
    }

    /// A path during construction: its rest below the current node.
    private struct Pending {
        var path: Int
        var rest: ArraySlice<JSONPath.Step>
        /// Whether the step to the current node was its last `each`.
        var entersItem = false
        /// The item that contains it, as a position in `itemNodes`; -1 outside.
        var item = -1

        /// Whether there are items below.
        var leadsToItems: Bool { rest.contains(.each) }

        /// The path after one more step.
        var next: Pending {
            var next = Pending(path: path, rest: rest.dropFirst(), item: item)
            next.entersItem = leadsToItems && !next.leadsToItems
            return next
        }
    }

    private typealias Group = (step: JSONPath.Step, branch: [Pending])

    /// Adds the node of `branch` and everything below it.
    @discardableResult
    private mutating func addNode(for branch: [Pending]) -> Int {
        let node = nodes.count
        nodes.append(JSONPathSet.Node(end: node, edges: 0..<0))
        let branch = enteringItem(branch, at: node)
        for pending in branch where pending.rest.isEmpty { reached(pending, at: node) }
        let groups = Self.grouped(branch)
        let edged = groups.filter { $0.step != .each }
        let first = edges.count
        for group in edged { edges.append(edge(for: group.step)) }
        nodes[node].edges = first..<edges.count
        for (position, group) in edged.enumerated() { edges[first + position].node = addNode(for: group.branch) }
        if let each = groups.first(where: { $0.step == .each }) { nodes[node].each = addNode(for: each.branch) }
        if let chain = branch.first(where: \.leadsToItems)?.rest.first {
            nodes[node].leadsToItems = true
            if let position = edged.firstIndex(where: { $0.step == chain }) {
                nodes[node].wanted = edges[first + position].node
            }
        }
        nodes[node].end = nodes.count
        return node
    }

    /// Makes the node an item, if it is one for any of its paths.
    private mutating func enteringItem(_ branch: [Pending], at node: Int) -> [Pending] {
        guard branch.contains(where: \.entersItem) else { return branch }
        nodes[node].item = itemNodes.count
        itemNodes.append(Array(repeating: JSONPathSet.noNode, count: columns))
        return branch.map { pending in
            guard pending.entersItem else { return pending }
            return Pending(path: pending.path, rest: pending.rest, item: nodes[node].item)
        }
    }

    private mutating func reached(_ pending: Pending, at node: Int) {
        if pending.item >= 0 {
            itemNodes[pending.item][columnOfPath[pending.path]] = node
        } else {
            nodeOfPath[pending.path] = node
        }
    }

    private mutating func edge(for step: JSONPath.Step) -> JSONPathSet.Edge {
        guard case .key(let key) = step else {
            let index = if case .index(let index) = step { index } else { -1 }
            return JSONPathSet.Edge(index: index, key: 0..<0, node: JSONPathSet.noNode)
        }
        let start = text.count
        text.append(contentsOf: key.utf8)
        return JSONPathSet.Edge(index: -1, key: start..<text.count, node: JSONPathSet.noNode)
    }

    /// The remaining paths, grouped by their next step, in the order of first appearance. Paths into each element also
    /// apply to elements with a separate path.
    private static func grouped(_ branch: [Pending]) -> [Group] {
        var groups: [Group] = []
        var positions: [JSONPath.Step: Int] = [:]
        for pending in branch {
            guard let step = pending.rest.first else { continue }
            if let known = positions[step] {
                groups[known].branch.append(pending.next)
            } else {
                positions[step] = groups.count
                groups.append((step, [pending.next]))
            }
        }
        guard let each = positions[.each] else { return groups }
        for position in groups.indices {
            if case .index = groups[position].step { groups[position].branch += groups[each].branch }
        }
        return groups
    }
}

/// The path from the root of a JSON text to a value: `repository.full_name`, `commits[0].id`.
///
/// Keys are compared byte for byte after unescaping, so spellings that are equivalent in Unicode are different keys.
package struct JSONPath: Sendable, Hashable {
    /// One step down.
    package enum Step: Sendable {
        /// The member of an object with this key; the last of several.
        case key(String)
        /// The element of an array at this position, from 0.
        case index(Int)
        /// Every element of an array.
        case each
    }

    package var steps: [Step]

    /// - Parameter steps: none for the root itself.
    package init(_ steps: [Step] = []) { self.steps = steps }

    /// The path of the whole text.
    package static let root = JSONPath()
}

extension JSONPath.Step: Hashable {
    /// Not the synthesized one: `String` compares by canonical equivalence, JSON keys do not.
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.key(let left), .key(let right)): left.utf8.elementsEqual(right.utf8)
        case (.index(let left), .index(let right)): left == right
        case (.each, .each): true
        case (.key, _), (.index, _), (.each, _): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .key(let key):
            hasher.combine(0)
            for byte in key.utf8 { hasher.combine(byte) }
        case .index(let index):
            hasher.combine(1)
            hasher.combine(index)
        case .each: hasher.combine(2)
        }
    }
}
