/// What one scan found: scratch space that the same thread uses again for the next text, so that a scan allocates
/// nothing.
package struct JSONFindings {
    struct Slot {
        /// -1 where nothing was found.
        var start: Int
        var end: Int
        var kind: JSONKind

        static let none = Slot(start: -1, end: -1, kind: .null)
    }

    /// An array or object that is open.
    struct Frame {
        var isObject: Bool
        /// The first byte.
        var start: Int
        /// Its node among the paths, or none.
        var node: Int
        /// The position of the current element; in an object without meaning.
        var index: Int
    }

    /// What was found inside the elements that paths with `each` look into.
    struct Items {
        /// For each element, a slot a column of the path set.
        var rows: [Slot] = []
        /// How many elements there were; no rows are kept of those beyond `maximumItems`.
        var count = 0
        /// How many values on the way to the elements were absent, null or of a kind that leads no further.
        var misses = 0
    }

    /// So many elements of one text are looked into at most.
    package static let maximumItems = 10_000

    /// By node of the path set.
    var slots: [Slot] = []
    var nodeOfPath: [Int] = []
    var columnOfPath: [Int] = []
    var items = Items()
    var columns = 0
    /// Kept between scans for its memory; empty outside of one.
    var frames: [Frame] = []

    /// The offsets of the backslash of each `\uD800`–`\uDFFF` escape that lacks its other half, ascending.
    package internal(set) var loneSurrogates: [Int] = []
    /// The deepest nesting that was reached: 0 for a scalar.
    package internal(set) var depth = 0

    package init() {}

    /// Forgets what was found and keeps the memory.
    package mutating func reset() {
        slots.removeAll(keepingCapacity: true)
        nodeOfPath = []
        columnOfPath = []
        columns = 0
        items.rows.removeAll(keepingCapacity: true)
        items.count = 0
        items.misses = 0
        frames.removeAll(keepingCapacity: true)
        loneSurrogates.removeAll(keepingCapacity: true)
        depth = 0
    }

    /// Makes room for what `paths` may find.
    mutating func begin(_ paths: JSONPathSet) {
        reset()
        slots.append(contentsOf: repeatElement(.none, count: paths.nodes.count))
        nodeOfPath = paths.nodeOfPath
        columnOfPath = paths.columnOfPath
        columns = paths.columns
    }

    /// Where the value of a path lies in the scanned bytes, exactly, with its quotes or brackets.
    ///
    /// - Parameters:
    ///   - path: the position of the path in the set.
    ///   - item: for a path with `each`, in which of the elements, counted from 0 and below `maximumItems`.
    /// - Returns: `nil` if the text has no such value, or no scan succeeded.
    package func range(of path: Int, item: Int = 0) -> Range<Int>? {
        guard let slot = slot(of: path, item) else { return nil }
        return slot.start..<slot.end
    }

    /// What the value of a path is; `nil` like `range(of:item:)`.
    package func kind(of path: Int, item: Int = 0) -> JSONKind? { slot(of: path, item)?.kind }

    /// How many elements the paths with `each` have found, those beyond `maximumItems` included.
    package var itemCount: Int { items.count }

    /// How many values on the way of the paths with `each` were absent, null or of another kind: what an array should
    /// have been, and the object that should have held it.
    package var itemMisses: Int { items.misses }

    private func slot(of path: Int, _ item: Int) -> Slot? {
        guard path < nodeOfPath.count else { return nil }
        let column = columnOfPath[path]
        let slot: Slot
        if column >= 0 {
            let place = item * columns + column
            guard place < items.rows.count else { return nil }
            slot = items.rows[place]
        } else {
            slot = slots[nodeOfPath[path]]
        }
        return slot.start < 0 ? nil : slot
    }
}

/// Checks a JSON text and finds values in it, in one pass over the bytes.
///
/// It accepts what Zizq accepts as a payload, so that a job which passed here cannot make a whole batch unreadable
/// there: RFC 8259 without extensions, well-formed UTF-8, no byte-order mark, finite numbers, bounded nesting. The one
/// exception is an escaped surrogate without its other half, which is accepted and noted; `appendRepairingSurrogates`
/// replaces it before the text is sent.
package enum JSONScanner {
    /// Scans `bytes` from its first to its last.
    ///
    /// Runs on any thread. Nothing recurses: depth costs memory of `findings` and no stack.
    ///
    /// - Parameters:
    ///   - paths: what to look for. Of members with the same key the last one counts, as in Zizq.
    ///   - maximumDepth: how many arrays and objects may lie inside one another.
    ///   - findings: overwritten; empty if the scan throws.
    package static func scan(
        _ bytes: Span<UInt8>, paths: JSONPathSet, maximumDepth: Int = JSONLimits.bulkDepth,
        into findings: inout JSONFindings
    ) throws(JSONError) {
        findings.begin(paths)
        do throws(JSONError) {
            findings.depth = try pass(bytes, paths, maximumDepth: maximumDepth, findings: &findings)
        } catch {
            findings.reset()
            throw error
        }
    }

    /// - Returns: the deepest nesting.
    private static func pass(
        _ bytes: Span<UInt8>, _ paths: JSONPathSet, maximumDepth: Int, findings: inout JSONFindings
    ) throws(JSONError) -> Int {
        var walker = JSONWalker(JSONLexer(bytes), paths: paths, maximumDepth: maximumDepth)
        walker.exchange(with: &findings)
        defer { walker.exchange(with: &findings) }
        try walker.lexer.beginText()
        try walker.walk(from: JSONPathSet.rootNode)
        try walker.lexer.finishText()
        return walker.deepest
    }
}
