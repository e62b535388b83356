/// A point in time as text: RFC 3339, UTC, milliseconds, always 24 bytes long.
package enum TimestampText {
    /// `2026-11-23T17:34:38.123Z`.
    ///
    /// - Parameter milliseconds: since the UNIX epoch; years 0 to 9999, beyond which it is held at the nearest end.
    package static func format(milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same, at the end of a line that is being made.
    package static func append(milliseconds: Int64, to line: inout [UInt8]) {
        let held = min(max(milliseconds, earliest), latest)
        let day = held.flooredQuotient(by: 86_400_000)
        let time = Int(held - day * 86_400_000)
        let (year, month, dayOfMonth) = civilDate(daysSinceEpoch: Int(day))
        appendDigits(year, 4, then: "-", to: &line)
        appendDigits(month, 2, then: "-", to: &line)
        appendDigits(dayOfMonth, 2, then: "T", to: &line)
        appendDigits(time / 3_600_000, 2, then: ":", to: &line)
        appendDigits(time / 60_000 % 60, 2, then: ":", to: &line)
        appendDigits(time / 1000 % 60, 2, then: ".", to: &line)
        appendDigits(time % 1000, 3, then: "Z", to: &line)
    }

    private static let earliest: Int64 = -62_167_219_200_000
    private static let latest: Int64 = 253_402_300_799_999

    private static func appendDigits(_ number: Int, _ width: Int, then separator: Unicode.Scalar, to line: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
        line.append(UInt8(ascii: separator))
    }

    /// The date in the proleptic Gregorian calendar: years are counted from March, so that the leap day is a year's last, in
    /// eras of 400 years, which all have 146,097 days (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static func civilDate(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = Int(Int64(shifted).flooredQuotient(by: 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int64 {
    /// Division that rounds down, so that moments before 1970 fall into the right day.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
