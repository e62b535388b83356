internal import SluiceBase

/// The values of `timestamp_format`.
package enum TimestampFormat: String, CaseIterable, Sendable {
    /// Whole seconds since 1970.
    case unix
    /// Milliseconds since 1970.
    case unixMilliseconds = "unix_ms"
    /// Seconds with ten digits, or milliseconds with thirteen.
    case unixOrMilliseconds = "unix_or_ms"
    /// `2023-11-14T22:13:20.123456789Z` (RFC 3339 §5.6).
    case rfc3339
    /// `Tue, 14 Nov 2023 22:13:20 GMT` (RFC 9110 §5.6.7, IMF-fixdate).
    case httpDate = "http_date"

    /// - Returns: milliseconds since 1970; `nil` if the text does not have exactly this format, without sign, blank or
    ///   leading zero.
    func milliseconds(_ text: [UInt8]) -> Int64? {
        switch self {
        // 15 digits are thirty million years, and fit 64 bits as milliseconds.
        case .unix: Self.number(text, longest: 15).map { $0 * 1000 }
        case .unixMilliseconds: Self.number(text, longest: 18)
        case .unixOrMilliseconds:
            switch text.count {
            case 10: Self.number(text, longest: 10).map { $0 * 1000 }
            case 13: Self.number(text, longest: 13)
            default: nil
            }
        case .rfc3339: text.contains(ASCII.space) ? nil : TimestampText.parse(String(decoding: text, as: UTF8.self))
        case .httpDate: TimestampText.parseHTTPDate(text)
        }
    }

    /// The likely format of a text that does not have this format, or is an absurd time in it: from 2001 to 2286 the
    /// number of digits shows the unit. `nil` if no other format is likely.
    func likelyFormat(_ text: [UInt8]) -> LikelyFormat? {
        guard let likely = LikelyFormat(text), likely.format != self else { return nil }
        return self == .unixOrMilliseconds && (likely.format == .unix || likely.format == .unixMilliseconds)
            ? nil : likely
    }

    /// A time in another format than the route has.
    struct LikelyFormat {
        /// `milliseconds`
        let noun: String
        /// `nil` if routes do not support it.
        let format: TimestampFormat?
        /// Since 1970.
        let milliseconds: Int64

        init?(_ text: [UInt8]) {
            let written = String(decoding: text, as: UTF8.self)
            if let time = TimestampText.parse(written) {
                (noun, format, milliseconds) = ("a time in the format of RFC 3339", .rfc3339, time)
                return
            }
            if let time = TimestampText.parseHTTPDate(text) {
                (noun, format, milliseconds) = ("an HTTP date", .httpDate, time)
                return
            }
            let parts = written.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(ASCII.isDigit) }),
                let number = Int64(parts[0])
            else { return nil }
            switch (parts[0].utf8.count, parts.count) {
            case (10, 1): (noun, format, milliseconds) = ("seconds", .unix, number * 1000)
            case (10, _): (noun, format, milliseconds) = ("seconds with a fraction", nil, number * 1000)
            case (13, 1): (noun, format, milliseconds) = ("milliseconds", .unixMilliseconds, number)
            case (16, 1): (noun, format, milliseconds) = ("microseconds", nil, number / 1000)
            case (19, 1): (noun, format, milliseconds) = ("nanoseconds", nil, number / 1_000_000)
            default: return nil
            }
        }

        /// The end of a sentence in the log.
        fileprivate var advice: String {
            let time = "it looks like \(noun) (\(TimestampText.format(milliseconds: milliseconds)))"
            return format.map { "\(time): set 'timestamp_format: \($0.rawValue)'" }
                ?? "\(time), which 'timestamp_format' does not support"
        }
    }

    /// The bounds of a timestamp in a signed text: from 2001 to 2286 numbers have one length.
    package var extent: SignedExtent {
        switch self {
        case .unix: .fixed(10)
        case .unixMilliseconds: .fixed(13)
        case .unixOrMilliseconds: .open
        case .rfc3339, .httpDate: .selfDelimiting
        }
    }

    func format(_ milliseconds: Int64) -> String {
        switch self {
        case .unix, .unixOrMilliseconds: String(milliseconds / 1000)
        case .unixMilliseconds: String(milliseconds)
        case .rfc3339: TimestampText.format(milliseconds: milliseconds)
        case .httpDate: TimestampText.httpDate(milliseconds: milliseconds)
        }
    }

    /// The name of the format in messages.
    var noun: String {
        switch self {
        case .unix: "number of seconds since 1970"
        case .unixMilliseconds: "number of milliseconds since 1970"
        case .unixOrMilliseconds: "number of seconds or milliseconds since 1970"
        case .rfc3339: "time in the format of RFC 3339"
        case .httpDate: "date in the format of HTTP"
        }
    }

    /// Reads a number of digits only, so that a time has one spelling.
    private static func number(_ text: [UInt8], longest: Int) -> Int64? {
        guard 1...longest ~= text.count, text[0] != UInt8(ascii: "0") else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard ASCII.isDigit(byte) else { return nil }
            number = number * 10 + Int64(byte & 15)
        }
        return number
    }
}

/// The location and format of a request's timestamp, and its tolerance.
package struct SignedTimestamp: Sendable {
    package let reference: Reference
    /// Distinguishes it from the other entries of its value; `nil` if the value is the timestamp.
    package let prefix: [UInt8]?
    /// The byte between the entries.
    let separator: UInt8?
    let format: TimestampFormat
    /// Whether it is the first entry of its value.
    package let isFirstEntry: Bool
    /// In both directions; zero for any.
    package let tolerance: Duration
    /// Whether the case of the prefix does not count, nor blanks around a `=` at its end.
    package var isLoose = false

    package init(
        reference: Reference, prefix: [UInt8]?, separator: UInt8?, isFirstEntry: Bool = false,
        format: TimestampFormat, tolerance: Duration
    ) {
        self.reference = reference
        self.prefix = prefix
        self.separator = separator
        self.isFirstEntry = isFirstEntry
        self.format = format
        self.tolerance = tolerance
    }

    private var noun: String { reference.source.noun }

    /// The text as received, in the right format; the tolerance is not checked.
    func text(in request: borrowing SignedRequest) throws(VerificationError) -> [UInt8] {
        let text = try entry(in: request)
        guard format.milliseconds(text) != nil else {
            // The sender sees this text, too.
            let likely = format.likelyFormat(text).map { "; it looks like \($0.noun)" } ?? ""
            throw .invalid("the timestamp in \(noun) is not a \(format.noun)\(likely)")
        }
        return text
    }

    private func entry(in request: borrowing SignedRequest) throws(VerificationError) -> [UInt8] {
        guard let prefix else {
            let value = try request.requiredValue(reference, "timestamp")
            var splitter = EntrySplitter(separator: separator)
            guard isFirstEntry, let first = splitter.next(in: value.span) else { return value }
            return Array(value[first])
        }
        var found: [UInt8]?
        for value in try request.values(reference, mayRepeat: separator != nil) {
            var splitter = EntrySplitter(separator: separator)
            while let range = splitter.next(in: value.span) {
                let entry = value.span.extracting(range)
                guard let start = entry.start(after: prefix, isLoose: isLoose) else { continue }
                guard found == nil else { throw .invalid("\(noun) contains more than one timestamp") }
                found = entry.extracting(start..<entry.count).array
            }
        }
        guard let found, !found.isEmpty else { throw .missing("\(noun) contains no timestamp") }
        return found
    }

    /// The refusal of a time outside of `tolerance`; `nil` for one within it.
    func expiry(_ text: [UInt8], _ nowMilliseconds: Int64) -> VerificationError? {
        guard tolerance > .zero, let milliseconds = format.milliseconds(text) else { return nil }
        let age = nowMilliseconds - milliseconds
        guard age.magnitude > UInt64(tolerance.wholeMilliseconds) else { return nil }
        let distance = "\(age.magnitude / 1000)s \(age > 0 ? "old" : "ahead of the clock")"
        let date = Self.date(milliseconds, ageMilliseconds: age).map { " (\($0))" } ?? ""
        let advice = format.likelyFormat(text).map { "; \($0.advice)" } ?? ""
        return VerificationError(
            code: .signatureExpired,
            reason:
                "the timestamp is \(distance)\(date), and 'tolerance' is \(DurationText.format(tolerance))\(advice)")
    }

    /// The date of a time that is more than a day from now; `nil` for others.
    static func date(_ milliseconds: Int64, ageMilliseconds: Int64) -> String? {
        guard ageMilliseconds.magnitude > 86_400_000 else { return nil }
        return milliseconds > TimestampText.latest
            ? "after the year 9999" : TimestampText.format(milliseconds: milliseconds)
    }
}
