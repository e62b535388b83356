/// The results of one scan. The same thread reuses it for the next text, so that a scan allocates nothing.
package struct JSONFindings {
    struct Slot {
        /// -1 if nothing was found.
        var start: Int
        var end: Int
        var kind: JSONKind

        static let none = Slot(start: -1, end: -1, kind: .null)
    }

    /// An open array or object.
    struct Frame {
        var isObject: Bool
        /// The first byte.
        var start: Int
        /// Its node in the path set, or none.
        var node: Int
        /// The position of the current element; not used for an object.
        var index: Int
    }

    /// The results for the elements of paths with `each`.
    struct Items {
        /// For each element, one slot per column of the path set.
        var rows: [Slot] = []
        /// The number of elements; rows beyond `maximumItems` are not kept.
        var count = 0
        /// The number of values on the way to the elements that were absent, null or of another kind.
        var misses = 0
    }

    /// The maximum number of elements of one text that are searched.
    package static let maximumItems = 10_000

    /// By node of the path set.
    var slots: [Slot] = []
    private var paths = JSONPathSet.none
    var items = Items()
    /// Kept between scans for its memory; empty outside of a scan.
    var frames: [Frame] = []

    /// The offsets of the backslash of each lone surrogate escape (`\uD800`–`\uDFFF`), ascending.
    package internal(set) var loneSurrogates: [Int] = []
    /// The maximum nesting in the text: 0 for a scalar.
    package internal(set) var depth = 0

    package init() {}

    /// Clears the results and keeps the memory.
    package mutating func reset() {
        slots.removeAll(keepingCapacity: true)
        paths = .none
        items.rows.removeAll(keepingCapacity: true)
        items.count = 0
        items.misses = 0
        frames.removeAll(keepingCapacity: true)
        loneSurrogates.removeAll(keepingCapacity: true)
        depth = 0
    }

    /// Allocates the slots of `paths`.
    mutating func begin(_ paths: JSONPathSet) {
        reset()
        slots.append(contentsOf: repeatElement(.none, count: paths.nodes.count))
        self.paths = paths
    }

    /// The exact range of a path's value in the scanned bytes, with its quotes or brackets.
    ///
    /// - Parameters:
    ///   - path: the position of the path in the set.
    ///   - item: for a path with `each`, the element, from 0 and below `maximumItems`.
    /// - Returns: `nil` if the text has no such value, or the scan failed.
    package func range(of path: Int, item: Int = 0) -> Range<Int>? {
        guard let slot = slot(of: path, item) else { return nil }
        return slot.start..<slot.end
    }

    /// The kind of a path's value; `nil` as for `range(of:item:)`.
    package func kind(of path: Int, item: Int = 0) -> JSONKind? { slot(of: path, item)?.kind }

    /// The number of elements found by paths with `each`, including those beyond `maximumItems`.
    package var itemCount: Int { items.count }

    /// The number of values on the paths with `each` that were absent, null or of another kind: neither the expected
    /// array nor an object that contains it.
    package var itemMisses: Int { items.misses }

    private func slot(of path: Int, _ item: Int) -> Slot? {
        guard path < paths.count else { return nil }
        let column = paths.columnOfPath[path]
        let slot: Slot
        if column >= 0 {
            let index = item * paths.columns + column
            guard index < items.rows.count else { return nil }
            slot = items.rows[index]
        } else {
            slot = slots[paths.nodeOfPath[path]]
        }
        return slot.start < 0 ? nil : slot
    }
}

/// Validates a JSON text and finds values in it, in one pass.
///
/// It accepts what Zizq accepts as a payload, so that a job that passes here cannot make a whole batch unreadable for
/// Zizq: RFC 8259 without extensions, well-formed UTF-8, no byte-order mark, finite numbers, bounded nesting. The one
/// exception is a lone surrogate escape, which is accepted and recorded; `appendRepairingSurrogates` replaces it before
/// the text is sent.
package enum JSONScanner {
    /// Scans all of `bytes`.
    ///
    /// Can be called on any thread. It does not recurse: depth uses memory of `findings`, not the stack.
    ///
    /// - Parameters:
    ///   - paths: the paths to find. The last of members with the same key counts, as in Zizq.
    ///   - maximumDepth: the maximum nesting of arrays and objects.
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

    /// - Returns: the maximum nesting.
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
