/// A size in bytes, written as `64KiB`, `10MiB`, `1GiB` or a bare number of bytes.
///
/// Units are powers of 1024; a decimal unit such as `MB` is refused, so that no setting is ever off by the five per cent
/// between the two.
package struct ByteCount: Hashable, Comparable, Sendable {
    /// The size in bytes, never negative.
    package let bytes: Int

    package init(bytes: Int) {
        precondition(bytes >= 0, "a size cannot be negative")
        self.bytes = bytes
    }

    package static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }
    package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }
    package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 30) }

    private static let units: [(suffix: String, shift: Int)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0), ("", 0)]

    /// Reads `64KiB` and the like.
    ///
    /// - Parameter text: digits and, straight behind them, `B`, `KiB`, `MiB`, `GiB`, `TiB` or nothing.
    /// - Returns: `nil` where the text is of another form or the size does not fit 63 bits.
    package init?(parsing text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let number = Int(digits), let unit = Self.units.first(where: { $0.suffix == suffix }) else { return nil }
        let (high, low) = number.multipliedFullWidth(by: 1 << unit.shift)
        guard high == 0, low <= UInt(Int.max) else { return nil }
        self.bytes = Int(low)
    }

    package static func < (one: ByteCount, other: ByteCount) -> Bool { one.bytes < other.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// The shortest exact spelling: the largest unit that divides the size.
    package var description: String {
        guard bytes > 0 else { return "0" }
        for unit in Self.units where unit.shift > 0 && bytes & ((1 << unit.shift) - 1) == 0 {
            return "\(bytes >> unit.shift)\(unit.suffix)"
        }
        return "\(bytes)B"
    }
}
