/// A time as text: RFC 3339, UTC, milliseconds, always 24 bytes.
package enum TimestampText {
    /// `2026-11-23T17:34:38.123Z`.
    ///
    /// - Parameter milliseconds: since 1970; clamped to the years 0 to 9999.
    package static func format(milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text to a line.
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

    /// Parses a time of RFC 3339 (§5.6): date and time of day separated by `T`, `t` or a space, optional fractional
    /// seconds, and `Z` or an offset. Digits below a millisecond are truncated; the 60th second of a minute is the
    /// first of the next one.
    ///
    /// - Returns: milliseconds since 1970; `nil` for anything else.
    package static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = digits(4, "-", rest: &rest), let month = digits(2, "-", rest: &rest),
            let day = digits(2, nil, rest: &rest),
            let separator = rest.popFirst(), "Tt ".utf8.contains(separator),
            let hour = digits(2, ":", rest: &rest), let minute = digits(2, ":", rest: &rest),
            let second = digits(2, nil, rest: &rest),
            hour < 24, minute < 60, second <= 60, let days = daysSinceEpoch(year: year, month: month, day: day),
            let milliseconds = fraction(&rest), let offset = offsetMinutes(&rest), rest.isEmpty
        else { return nil }
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset * 60)
        return seconds * 1000 + Int64(milliseconds)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, IMF-fixdate), always 29 bytes.
    ///
    /// - Parameter milliseconds: since 1970; clamped to the years 0 to 9999.
    package static func httpDate(milliseconds: Int64) -> String {
        let held = min(max(milliseconds, earliest), latest)
        let day = held.flooredQuotient(by: 86_400_000)
        let text = format(milliseconds: held)
        let month = months[civilDate(daysSinceEpoch: Int(day)).month - 1]
        let weekday = weekdays[weekday(of: day)]
        return "\(weekday), \(text[8..<10]) \(month) \(text[0..<4]) \(text[11..<19]) GMT"
    }

    /// Parses what `httpDate` writes, and nothing else: the day of the week has to fit.
    ///
    /// - Returns: milliseconds since 1970.
    package static func parseHTTPDate(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        guard text.count == 29, let weekday = name(in: weekdays, ", ", rest: &rest),
            let day = digits(2, " ", rest: &rest), let month = name(in: months, " ", rest: &rest),
            let year = digits(4, " ", rest: &rest), let hour = digits(2, ":", rest: &rest),
            let minute = digits(2, ":", rest: &rest), let second = digits(2, " ", rest: &rest),
            rest.elementsEqual("GMT".utf8), hour < 24, minute < 60, second < 60,
            let days = daysSinceEpoch(year: year, month: month + 1, day: day), weekday == Self.weekday(of: days)
        else { return nil }
        return (days * 86_400 + Int64(hour * 3600 + minute * 60 + second)) * 1000
    }

    /// The position of the name with three letters that the text begins with, before a separator.
    private static func name(in names: [String], _ separator: String, rest: inout ArraySlice<UInt8>) -> Int? {
        guard let found = names.firstIndex(where: { rest.starts(with: $0.utf8) }),
            rest.dropFirst(3).starts(with: separator.utf8)
        else { return nil }
        rest = rest.dropFirst(3 + separator.utf8.count)
        return found
    }

    /// Day 0, 1 January 1970, was a Thursday.
    private static func weekday(of day: Int64) -> Int { Int((day % 7 + 11) % 7) }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func digits(_ count: Int, _ separator: Unicode.Scalar?, rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= count else { return nil }
        var number = 0
        for _ in 0..<count {
            guard let byte = rest.popFirst(), ASCII.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte & 15)
        }
        guard let separator else { return number }
        return rest.popFirst() == UInt8(ascii: separator) ? number : nil
    }

    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.first == UInt8(ascii: ".") else { return 0 }
        rest.removeFirst()
        let digits = rest.prefix { ASCII.isDigit($0) }
        rest = rest.dropFirst(digits.count)
        guard !digits.isEmpty else { return nil }
        var milliseconds = 0
        for index in 0..<3 {
            milliseconds = milliseconds * 10 + (index < digits.count ? Int(digits[digits.startIndex + index] & 15) : 0)
        }
        return milliseconds
    }

    private static func offsetMinutes(_ rest: inout ArraySlice<UInt8>) -> Int? {
        switch rest.popFirst() {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): return 0
        case UInt8(ascii: "+"): return offset(&rest)
        case UInt8(ascii: "-"): return offset(&rest).map { -$0 }
        default: return nil
        }
    }

    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let hours = digits(2, ":", rest: &rest), let minutes = digits(2, nil, rest: &rest), hours < 24,
            minutes < 60
        else {
            return nil
        }
        return hours * 60 + minutes
    }

    /// The days from 1970 to a date of the proleptic Gregorian calendar; `nil` if there is no such date. The inverse of
    /// `civilDate`.
    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64? {
        guard 0...9999 ~= year, 1...12 ~= month, 1...31 ~= day else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = Int(Int64(shifted).flooredQuotient(by: 400))
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        // The 31st of a shorter month comes back as another day.
        let found = civilDate(daysSinceEpoch: days)
        return found == (year, month, day) ? Int64(days) : nil
    }

    private static let earliest: Int64 = -62_167_219_200_000
    /// The end of the year 9999, in milliseconds since 1970.
    package static let latest: Int64 = 253_402_300_799_999

    private static func appendDigits(
        _ number: Int, _ width: Int, then separator: Unicode.Scalar, to line: inout [UInt8]
    ) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
        line.append(UInt8(ascii: separator))
    }

    /// The date in the proleptic Gregorian calendar: years are counted from March, so that the leap day is the last day
    /// of a year, in eras of 400 years, which all have 146,097 days (Howard Hinnant, "chrono-compatible low-level date
    /// algorithms").
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

extension String {
    /// The bytes in a range, which the text must have.
    fileprivate subscript(range: Range<Int>) -> String { String(decoding: Array(utf8)[range], as: UTF8.self) }
}

extension Int64 {
    /// Division that rounds down, so that times before 1970 fall on the right day.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
