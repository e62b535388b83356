/// Durations in the syntax of settings and route files: `500ms`, `30s`, `5m`, `2h`, `7d`.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Parses a number and a unit; `0` needs no unit.
    ///
    /// - Returns: `nil` for another syntax, or if the duration does not fit 63 bits of milliseconds.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        let text = String(text)
        if text == "0" { return .zero }
        let end = text.utf8.firstIndex { !ASCII.isDigit($0) } ?? text.endIndex
        let suffix = text[end...]
        guard let number = Int64(text[..<end]), let unit = units.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(product)
    }

    /// The shortest exact text of a duration, to the millisecond.
    package static func format(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        guard milliseconds != 0 else { return "0" }
        for unit in units where milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return "\(milliseconds)ms"
    }
}

extension Duration {
    /// The duration in milliseconds, rounded towards zero and clamped to 64 bits.
    package var wholeMilliseconds: Int64 { Int64(clamping: attosecondCount / 1_000_000_000_000_000) }

    /// The duration in nanoseconds, rounded towards zero; for the monotonic clock, which counts them. At most a century
    /// and a half, so that adding it to the clock's reading cannot overflow.
    package var wholeNanoseconds: Int64 {
        Int64(clamping: max(-Self.longestNanoseconds, min(Self.longestNanoseconds, attosecondCount / 1_000_000_000)))
    }

    private static var longestNanoseconds: Int128 { Int128(Int64.max / 2) }

    private var attosecondCount: Int128 {
        let (seconds, attoseconds) = components
        return Int128(seconds) * 1_000_000_000_000_000_000 + Int128(attoseconds)
    }
}

/// A size in bytes, written as `64KiB`, `10MiB`, `1GiB` or a bare number of bytes.
///
/// Units are powers of 1024. A decimal unit such as `MB` is refused, so that no setting is off by the difference, five
/// per cent for a megabyte.
package struct ByteCount: Hashable, Comparable, Sendable {
    /// The size in bytes, never negative.
    package let bytes: Int

    package init(bytes: Int) {
        precondition(bytes >= 0, "a size cannot be negative")
        self.bytes = bytes
    }

    /// 2^10 bytes each.
    package static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }
    /// 2^20 bytes each.
    package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }
    /// 2^30 bytes each.
    package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 30) }

    private static let units: [(suffix: String, shift: Int)] = [
        ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0), ("", 0),
    ]

    /// Parses texts such as `64KiB`.
    ///
    /// - Parameter text: digits, followed directly by `B`, `KiB`, `MiB`, `GiB`, `TiB` or nothing.
    /// - Returns: `nil` for another syntax, or if the size does not fit 63 bits.
    package init?(parsing text: some StringProtocol) {
        let text = String(text)
        let end = text.utf8.firstIndex { !ASCII.isDigit($0) } ?? text.endIndex
        let suffix = text[end...]
        guard let number = Int(text[..<end]), let unit = Self.units.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        let (high, low) = number.multipliedFullWidth(by: 1 << unit.shift)
        guard high == 0, low <= UInt(Int.max) else { return nil }
        self.bytes = Int(low)
    }

    package static func < (one: ByteCount, other: ByteCount) -> Bool { one.bytes < other.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// The shortest exact text: the largest unit that divides the size.
    package var description: String {
        guard bytes > 0 else { return "0" }
        for unit in Self.units where unit.shift > 0 && bytes & ((1 << unit.shift) - 1) == 0 {
            return "\(bytes >> unit.shift)\(unit.suffix)"
        }
        return "\(bytes)B"
    }
}
