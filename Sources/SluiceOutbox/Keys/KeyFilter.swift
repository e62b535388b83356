internal import SluiceBase

/// The keys of a chunk as a ribbon filter: about 1.1 bytes per key, and one other key in 256 is taken for one of them.
/// See Dillinger and Walzer, "Ribbon filter: practically smaller than Bloom and Xor" (2021).
///
/// Each key is a linear equation over GF(2): the exclusive or of those of 64 neighbouring bytes that its coefficients
/// select is the byte that its fingerprint ends with. The filter is the solution for the keys of a chunk.
enum KeyFilter {
    /// The number of bytes that a key may select.
    private static let width = 64
    /// The filter of a chunk whose equations have no solution: it excludes no key.
    private static let unsolvable: [UInt8] = [0]

    /// The size for most chunks, for the space that a run reserves.
    static let usualSize = 600

    /// A filter that contains `entries`, which are sorted; empty if there are none.
    ///
    /// - Parameter bits: the number of leading bits that all keys have in common.
    static func make(_ entries: [KeyEntry], bits: Int) -> [UInt8] {
        guard !entries.isEmpty else { return [] }
        // One chunk in 500 needs more than the first size.
        var size = max(width, entries.count + entries.count / 20 + 16)
        for _ in 0..<6 {
            if let solution = solve(entries, bits: bits, size: size) { return solution }
            size += size / 8
        }
        return unsolvable
    }

    /// Gaussian elimination, one key at a time.
    ///
    /// - Returns: `nil` if two equations contradict each other.
    private static func solve(_ entries: [KeyEntry], bits: Int, size: Int) -> [UInt8]? {
        // Row i selects byte i and, by its other coefficients, bytes behind it; 0 if no key has led to it.
        var coefficients = [UInt64](repeating: 0, count: size)
        var bytes = [UInt8](repeating: 0, count: size)
        for entry in entries {
            var row = start(of: entry.key, bits: bits, size: size)
            var (selected, byte) = equation(of: entry.key)
            while coefficients[row] != 0 {
                selected ^= coefficients[row]
                byte ^= bytes[row]
                guard selected != 0 else { break }
                row += selected.trailingZeroBitCount
                selected >>= UInt64(selected.trailingZeroBitCount)
            }
            if selected != 0 {
                coefficients[row] = selected
                bytes[row] = byte
            } else if byte != 0 {
                return nil
            }
        }
        for row in bytes.indices.reversed() {
            bytes[row] ^= sum(coefficients[row] & ~1, of: bytes.span, from: row)
        }
        return bytes
    }

    /// `false` only for a key that `filter` does not contain.
    static func mayContain(_ key: Fingerprint, in filter: Span<UInt8>, bits: Int) -> Bool {
        guard filter.count >= width else { return !filter.isEmpty }
        let (selected, byte) = equation(of: key)
        return sum(selected, of: filter, from: start(of: key, bits: bits, size: filter.count)) == byte
    }

    private static func sum(_ selected: UInt64, of bytes: Span<UInt8>, from start: Int) -> UInt8 {
        var sum: UInt8 = 0
        var rest = selected
        while rest != 0 {
            sum ^= bytes[start + rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return sum
    }

    /// The first byte that a key may select, from the bits after those that select its chunk.
    private static func start(of key: Fingerprint, bits: Int, size: Int) -> Int {
        Int((key.high << UInt64(bits)).multipliedFullWidth(by: UInt64(size - width + 1)).high)
    }

    private static func equation(of key: Fingerprint) -> (selected: UInt64, byte: UInt8) {
        (key.low | 1, UInt8(truncatingIfNeeded: key.high))
    }
}
