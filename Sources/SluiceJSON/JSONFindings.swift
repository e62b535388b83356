/// What one scan found: scratch space that the same thread uses again for the next text, so that a scan allocates nothing.
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
        /// The position of the element at hand; in an object without meaning.
        var index: Int
    }

    /// By node of the path set.
    var slots: [Slot] = []
    var nodeOfPath: [Int] = []
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
        frames.removeAll(keepingCapacity: true)
        loneSurrogates.removeAll(keepingCapacity: true)
        depth = 0
    }

    /// Makes room for what `paths` may find.
    mutating func begin(_ paths: JSONPathSet) {
        reset()
        slots.append(contentsOf: repeatElement(.none, count: paths.nodes.count))
        nodeOfPath = paths.nodeOfPath
    }

    /// Where the value of a path lies in the scanned bytes, exactly, with its quotes or brackets.
    ///
    /// - Parameter path: the position of the path in the set.
    /// - Returns: `nil` if the text has no such value, or no scan succeeded.
    package func range(of path: Int) -> Range<Int>? {
        guard let slot = slot(of: path) else { return nil }
        return slot.start..<slot.end
    }

    /// What the value of a path is; `nil` like `range(of:)`.
    package func kind(of path: Int) -> JSONKind? { slot(of: path)?.kind }

    private func slot(of path: Int) -> Slot? {
        guard path < nodeOfPath.count else { return nil }
        let slot = slots[nodeOfPath[path]]
        return slot.start < 0 ? nil : slot
    }
}
