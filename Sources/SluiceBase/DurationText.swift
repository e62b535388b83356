/// Durations as settings and route files write them: `500ms`, `30s`, `5m`, `2h`, `7d`.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Reads one number and one unit; `0` needs no unit.
    ///
    /// - Returns: `nil` where the text is of another form or the duration does not fit 63 bits of milliseconds.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        if text == "0" { return .zero }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let number = Int64(digits), let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(product)
    }

    /// The shortest exact spelling of a duration, to the millisecond.
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
    /// The duration in milliseconds, rounded towards zero; the nearest there is for one that is longer than 64 bits can count.
    package var wholeMilliseconds: Int64 { Int64(clamping: attosecondCount / 1_000_000_000_000_000) }

    /// The duration in nanoseconds, rounded towards zero; for the monotonic clock, which counts them. A century and a half for one that is
    /// longer, so that adding it to the clock's reading cannot overflow.
    package var wholeNanoseconds: Int64 {
        Int64(clamping: max(-Self.longestNanoseconds, min(Self.longestNanoseconds, attosecondCount / 1_000_000_000)))
    }

    private static var longestNanoseconds: Int128 { Int128(Int64.max / 2) }

    private var attosecondCount: Int128 {
        let (seconds, attoseconds) = components
        return Int128(seconds) * 1_000_000_000_000_000_000 + Int128(attoseconds)
    }
}
