/// The `date` header line of answers, formatted once a second (RFC 9110 §6.6.1). Belongs to one event loop.
package struct HTTPDate: Sendable {
    /// `date: Sun, 06 Nov 1994 08:49:37 GMT` and its line end.
    package private(set) var line: [UInt8]
    private var second: Int64

    /// - Parameter wallMilliseconds: since 1970.
    package init(wallMilliseconds: Int64) {
        second = Self.second(of: wallMilliseconds)
        line = Self.format(second: second)
    }

    /// Formats the line again if the second has changed.
    package mutating func refresh(wallMilliseconds: Int64) {
        let now = Self.second(of: wallMilliseconds)
        guard now != second else { return }
        second = now
        line = Self.format(second: now)
    }

    /// Years outside 1970–9999 do not fit the format; the clock is clamped to them.
    private static func second(of milliseconds: Int64) -> Int64 { min(max(milliseconds / 1000, 0), 253_402_300_799) }

    private static func format(second: Int64) -> [UInt8] {
        let days = Int(second / 86_400)
        let time = Int(second % 86_400)
        let (year, month, day) = civil(days: days)
        // Day 0, 1 January 1970, was a Thursday.
        let text =
            "date: \(weekdays[(days + 4) % 7]), \(padded(day)) \(months[month - 1]) \(year) "
            + "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60)) GMT\r\n"
        return Array(text.utf8)
    }

    /// Converts days since 1970 to year, month and day, in years that start on 1 March, so that the leap day is last.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
