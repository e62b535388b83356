/// Passes one value with everything in it, without recursion, noting on the way where the paths of a set lead.
struct JSONWalker: ~Escapable {
    typealias Frame = JSONFindings.Frame
    typealias Slot = JSONFindings.Slot

    var lexer: JSONLexer
    let paths: JSONPathSet
    let maximumDepth: Int
    /// How many arrays and objects are open around the value that is walked.
    let depthAbove: Int
    /// By node of `paths`.
    private var slots: [Slot] = []
    private var items = JSONFindings.Items()
    /// The arrays and objects around the current one.
    private var frames: [Frame] = []
    /// The current array or object; without meaning at depth 0.
    private var frame = Frame(isObject: false, start: 0, node: JSONPathSet.noNode, index: -1)
    /// Whether nothing of the current array or object was read yet.
    private var isFirst = false
    /// How many arrays and objects are open.
    private var depth = 0
    /// The most that were open at once.
    private(set) var deepest = 0

    @_lifetime(copy lexer)
    init(_ lexer: consuming JSONLexer, paths: JSONPathSet, maximumDepth: Int, depthAbove: Int = 0) {
        self.lexer = lexer
        self.depthAbove = depthAbove
        self.paths = paths
        self.maximumDepth = maximumDepth
    }

    /// Lends the memory of `findings` to the walker, or gives it back with what was found.
    mutating func exchange(with findings: inout JSONFindings) {
        swap(&slots, &findings.slots)
        swap(&items, &findings.items)
        swap(&frames, &findings.frames)
        swap(&lexer.loneSurrogates, &findings.loneSurrogates)
    }

    /// Skips the current value.
    ///
    /// - Parameter node: where among the paths it stands.
    mutating func walk(from node: Int) throws(JSONError) {
        try value(node)
        while depth > 0 {
            if let member = try nextMember() { try value(member) }
        }
    }

    /// Passes a scalar, or the opening bracket of an array or object. `node` is where the paths have led.
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

    /// Passes what stands between the last value and the next: a comma, and in an object the key.
    ///
    /// - Returns: the node of the next value, or `nil` if the current array or object ended instead.
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

    /// Takes back what an earlier member with the same key had: the last one wins, with everything below it.
    private mutating func forget(_ node: Int) {
        for below in node..<paths.nodes[node].end { slots[below] = .none }
    }

    /// Notes where the value of a node lies, and if it is an item what was found in it.
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

    /// Whether no item lies below a value although the paths say so: it is no array, or lacks the member that leads on.
    private func isDeadEnd(_ node: JSONPathSet.Node, _ kind: JSONKind) -> Bool {
        node.wanted == JSONPathSet.noNode ? kind != .array : slots[node.wanted].start < 0
    }

    /// Takes back the items of an earlier member with the same key. The first column of a row is the item itself.
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
