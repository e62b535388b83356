internal import SluiceBase

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
            let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), year >= 1970,
            let days = TimestampText.daysSinceEpoch(year: year, month: month + 1, day: day)
        else { return nil }
        let clock = parts[4].split(separator: ":").map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }
}
