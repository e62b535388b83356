/// 16 bytes that stand for longer ones: the first half of a SHA-256 digest. Two of 2⁶⁴ different inputs collide by chance.
package struct Fingerprint: Sendable, Hashable {
    /// The first eight bytes and the last eight, each with the most significant one first.
    package let high: UInt64
    package let low: UInt64

    /// - Parameter digest: at least 16 bytes, of which the first 16 are taken.
    package init(_ digest: Span<UInt8>) {
        precondition(digest.count >= Self.byteCount, "a fingerprint needs 16 bytes")
        high = Self.word(digest, at: 0)
        low = Self.word(digest, at: 8)
    }

    /// From its two halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let byteCount = 16

    /// The 16 bytes in order.
    package var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 & 7))) }
    }

    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<(start + 8) { word = word << 8 | UInt64(bytes[index]) }
        return word
    }
}

extension Fingerprint: CustomStringConvertible {
    /// 32 hexadecimal digits.
    package var description: String { Hex.encode(bytes) }
}
