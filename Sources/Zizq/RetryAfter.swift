/// The `retry-after` header (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Reads a number of seconds, or a date of the preferred form (`Sun, 06 Nov 1994 08:49:37 GMT`).
    ///
    /// - Parameter now: milliseconds since the UNIX epoch, for a date.
    /// - Returns: `nil` for anything else; zero for a date that has passed.
    static func parse(_ text: String, now: Int64) -> Duration? {
        if let seconds = Int64(text), text.utf8.first != UInt8(ascii: "+") {
            return 0...Int64(Int32.max) ~= seconds ? .seconds(seconds) : nil
        }
        guard let date = seconds(ofDate: text) else { return nil }
        return .milliseconds(max(0, date * 1000 - now))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func seconds(ofDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Int64(parts[1]), 1...31 ~= day, let month = months.firstIndex(of: String(parts[2])),
            let year = Int64(parts[3]), 1970...9999 ~= year
        else { return nil }
        let clock = parts[4].split(separator: ":").map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        return days(year: year, month: Int64(month + 1), day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Days since 1970, counted in years that begin on 1 March, so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
