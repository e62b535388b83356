internal import SluiceBase

/// Finds a path among those of the table: open addressing, made once and only read, so that a look-up allocates
/// nothing.
struct PathIndex: Sendable {
    private let paths: [[UInt8]]
    /// Positions in `paths`, or -1; at most half of them are taken.
    private var slots: [Int]

    /// - Parameter paths: no two are equal.
    init(_ paths: [[UInt8]]) {
        self.paths = paths
        var size = 8
        while size < paths.count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (position, path) in paths.enumerated() {
            var slot = Self.hash(path.span) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = position
        }
    }

    /// The position of the path that equals these bytes.
    func position(of path: Span<UInt8>) -> Int? {
        var slot = Self.hash(path) & (slots.count - 1)
        while slots[slot] >= 0 {
            let candidate = paths[slots[slot]]
            if candidate.span.equals(path) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// FNV-1a. No sender can add a path, so it need not withstand one who looks for collisions.
    private static func hash(_ bytes: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
