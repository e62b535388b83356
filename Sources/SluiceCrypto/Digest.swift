internal import SluiceBase

/// What a hash function or an HMAC gives: up to 64 bytes, kept in place without an allocation.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// The bytes beyond `count` are zero.
    var bytes: InlineArray<64, UInt8>
    /// How many bytes there are.
    package let count: Int

    /// All zero.
    init(count: Int) {
        bytes = InlineArray(repeating: 0)
        self.count = count
    }

    /// The bytes, for as long as the digest stays where it is.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(0..<count) }
    }

    /// Base 16 in lower case.
    package var hex: String { Hex.encode(span.array) }

    /// The same as `hex`.
    package var description: String { hex }

    /// In a time that does not tell where the first difference is, because a digest may be a signature.
    package static func == (left: Self, right: Self) -> Bool {
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for index in left.bytes.indices { difference |= left.bytes[index] ^ right.bytes[index] }
        return difference == 0
    }

    package func hash(into hasher: inout Hasher) {
        for index in 0..<count { hasher.combine(bytes[index]) }
    }
}
