/// Walks over one value with its contents, without recursion, and records the values of the paths of a set.
struct JSONWalker: ~Escapable {
    typealias Frame = JSONFindings.Frame
    typealias Slot = JSONFindings.Slot

    var lexer: JSONLexer
    let paths: JSONPathSet
    let maximumDepth: Int
    /// The number of open arrays and objects around the walked value.
    let depthAbove: Int
    /// By node of `paths`.
    private var slots: [Slot] = []
    private var items = JSONFindings.Items()
    /// The arrays and objects around the current one.
    private var frames: [Frame] = []
    /// The current array or object; not used at depth 0.
    private var frame = Frame(isObject: false, start: 0, node: JSONPathSet.noNode, index: -1)
    /// Whether nothing of the current array or object was read yet.
    private var isFirst = false
    /// The number of open arrays and objects.
    private var depth = 0
    /// The maximum of `depth`.
    private(set) var deepest = 0

    @_lifetime(copy lexer)
    init(_ lexer: consuming JSONLexer, paths: JSONPathSet, maximumDepth: Int, depthAbove: Int = 0) {
        self.lexer = lexer
        self.depthAbove = depthAbove
        self.paths = paths
        self.maximumDepth = maximumDepth
    }

    /// Moves the memory of `findings` to the walker, or back with the results.
    mutating func exchange(with findings: inout JSONFindings) {
        swap(&slots, &findings.slots)
        swap(&items, &findings.items)
        swap(&frames, &findings.frames)
        swap(&lexer.loneSurrogates, &findings.loneSurrogates)
    }

    /// Skips the current value.
    ///
    /// - Parameter node: its node in the path set.
    mutating func walk(from node: Int) throws(JSONError) {
        try value(node)
        while depth > 0 {
            if let member = try nextMember() { try value(member) }
        }
    }

    /// Reads a scalar, or the opening bracket of an array or object. `node` is its node in the path set.
    private mutating func value(_ node: Int) throws(JSONError) {
        let start = lexer.index
        let kind = try lexer.kind()
        if node != JSONPathSet.noNode { forget(node) }
        switch kind {
        case .object, .array:
            try open(isObject: kind == .object, node)
        case .string, .number, .true, .false, .null:
            try lexer.scalar(kind)
            if node != JSONPathSet.noNode { passed(node, Slot(start: start, end: lexer.index, kind: kind)) }
        }
    }

    /// Skips the bytes between two values: a comma, and in an object the key.
    ///
    /// - Returns: the node of the next value; `nil` if the current array or object ended.
    private mutating func nextMember() throws(JSONError) -> Int? {
        lexer.skipWhitespace()
        let byte = try lexer.peek()
        if byte == (frame.isObject ? Byte.closeBrace : Byte.closeBracket) {
            close()
            return nil
        }
        if isFirst {
            isFirst = false
        } else {
            guard byte == Byte.comma else {
                throw JSONError(frame.isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket, at: lexer.index)
            }
            lexer.index &+= 1
            lexer.skipWhitespace()
        }
        return frame.isObject ? try objectMember() : arrayElement()
    }

    private mutating func objectMember() throws(JSONError) -> Int {
        let key = try lexer.key()
        guard frame.node != JSONPathSet.noNode else { return JSONPathSet.noNode }
        let child = child(of: frame.node, named: key)
        if child != JSONPathSet.noNode, paths.hasItems { forgetItems(below: child) }
        return child
    }

    private mutating func arrayElement() -> Int {
        frame.index &+= 1
        return frame.node == JSONPathSet.noNode ? JSONPathSet.noNode : child(of: frame.node, at: frame.index)
    }

    private mutating func open(isObject: Bool, _ node: Int) throws(JSONError) {
        guard depthAbove + depth < maximumDepth else { throw JSONError(.tooDeep(limit: maximumDepth), at: lexer.index) }
        if depth > 0 { frames.append(frame) }
        frame = Frame(isObject: isObject, start: lexer.index, node: node, index: -1)
        depth &+= 1
        deepest = max(deepest, depth)
        isFirst = true
        lexer.index &+= 1
    }

    private mutating func close() {
        lexer.index &+= 1
        if frame.node != JSONPathSet.noNode {
            passed(frame.node, Slot(start: frame.start, end: lexer.index, kind: frame.isObject ? .object : .array))
        }
        depth &-= 1
        isFirst = false
        if let outer = frames.popLast() { frame = outer }
    }

    /// Removes the results of an earlier member with the same key: the last one counts, with everything below it.
    private mutating func forget(_ node: Int) {
        for below in node..<paths.nodes[node].end { slots[below] = .none }
    }

    /// Records the range of a node's value, and of an item its results.
    private mutating func passed(_ node: Int, _ slot: Slot) {
        slots[node] = slot
        guard paths.hasItems else { return }
        let known = paths.nodes[node]
        if known.leadsToItems, isDeadEnd(known, slot.kind) { items.misses &+= 1 }
        guard known.item >= 0 else { return }
        items.count &+= 1
        guard items.count <= JSONFindings.maximumItems else { return }
        for column in paths.itemNodes[known.item] {
            items.rows.append(column == JSONPathSet.noNode ? .none : slots[column])
        }
    }

    /// Whether a value has no items although the paths expect them: it is not an array, or lacks the next member.
    private func isDeadEnd(_ node: JSONPathSet.Node, _ kind: JSONKind) -> Bool {
        node.wanted == JSONPathSet.noNode ? kind != .array : slots[node.wanted].start < 0
    }

    /// Removes the items of an earlier member with the same key. The first column of a row is the item itself.
    private mutating func forgetItems(below node: Int) {
        guard paths.nodes[node].leadsToItems, items.count <= JSONFindings.maximumItems else { return }
        while let first = items.rows.dropLast(paths.columns - 1).last, first.start >= frame.start {
            items.rows.removeLast(paths.columns)
            items.count &-= 1
        }
    }

    private func child(of node: Int, named key: JSONStringToken) -> Int {
        let edges = paths.nodes[node].edges
        guard !edges.isEmpty else { return JSONPathSet.noNode }
        guard !key.hasEscapes else {
            return child(edges, named: JSONText.unescape(lexer.bytes.extracting(key.content)).span)
        }
        return child(edges, named: lexer.bytes.extracting(key.content))
    }

    private func child(_ edges: Range<Int>, named key: Span<UInt8>) -> Int {
        for index in edges {
            let edge = paths.edges[index]
            if edge.index < 0, edge.key.count == key.count, isEqual(key, edge.key) { return edge.node }
        }
        return JSONPathSet.noNode
    }

    private func isEqual(_ key: Span<UInt8>, _ text: Range<Int>) -> Bool {
        for offset in 0..<key.count where key[offset] != paths.text[text.lowerBound &+ offset] { return false }
        return true
    }

    private func child(of node: Int, at position: Int) -> Int {
        for index in paths.nodes[node].edges where paths.edges[index].index == position {
            return paths.edges[index].node
        }
        return paths.nodes[node].each
    }
}
