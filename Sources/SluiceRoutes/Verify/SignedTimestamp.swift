internal import SluiceBase

/// What `timestamp_format` says.
enum TimestampFormat: String, CaseIterable, Sendable {
    /// Whole seconds since 1970.
    case unix
    /// Milliseconds since 1970.
    case unixMilliseconds = "unix_ms"
    /// `2023-11-14T22:13:20.123456789Z` (RFC 3339 §5.6).
    case rfc3339

    /// - Returns: milliseconds since 1970; `nil` for what is not of this form.
    func milliseconds(_ text: [UInt8]) -> Int64? {
        switch self {
        // 15 digits are thirty million years, and fit 64 bits as milliseconds.
        case .unix: Self.number(text, longest: 15).map { $0 * 1000 }
        case .unixMilliseconds: Self.number(text, longest: 18)
        case .rfc3339: TimestampText.parse(String(decoding: text, as: UTF8.self))
        }
    }

    func format(_ milliseconds: Int64) -> String {
        switch self {
        case .unix: String(milliseconds / 1000)
        case .unixMilliseconds: String(milliseconds)
        case .rfc3339: TimestampText.format(milliseconds: milliseconds)
        }
    }

    /// What a text of this form is, for messages.
    var noun: String {
        switch self {
        case .unix: "number of seconds since 1970"
        case .unixMilliseconds: "number of milliseconds since 1970"
        case .rfc3339: "time in the form of RFC 3339"
        }
    }

    /// Digits and nothing else: a time has one spelling but for leading zeros.
    private static func number(_ text: [UInt8], longest: Int) -> Int64? {
        guard 1...longest ~= text.count else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard ASCII.isDigit(byte) else { return nil }
            number = number * 10 + Int64(byte & 15)
        }
        return number
    }
}

/// Where a request says when it was made, and how far that may be from now.
struct SignedTimestamp: Sendable {
    let reference: Reference
    /// What tells it from the other entries of its value; `nil` where the value is the timestamp.
    let prefix: [UInt8]?
    /// What stands between the entries.
    let separator: UInt8?
    let format: TimestampFormat
    /// Both ways; zero for any.
    let tolerance: Duration

    private var noun: String { reference.source.noun }

    /// The text as received.
    func text(in request: borrowing SignedRequest) throws(Refusal) -> [UInt8] {
        guard let prefix else { return try request.requiredValue(reference, "timestamp") }
        var found: [UInt8]?
        for value in try request.values(reference, mayRepeat: separator != nil) {
            var splitter = EntrySplitter(separator: separator)
            while let range = splitter.next(in: value.span) {
                let entry = value.span.extracting(range)
                guard entry.hasPrefix(prefix.span) else { continue }
                guard found == nil else { throw .invalid("\(noun) holds more than one timestamp") }
                found = entry.extracting(prefix.count..<entry.count).array
            }
        }
        guard let found, !found.isEmpty else { throw .missing("\(noun) holds no timestamp") }
        return found
    }

    /// Refuses a time that is too far from now. Comes after the signature: only then is it the provider who says so.
    func check(_ text: [UInt8], _ nowMilliseconds: Int64) throws(Refusal) {
        guard tolerance > .zero else { return }
        guard let milliseconds = format.milliseconds(text) else { throw .invalid("the timestamp in \(noun) is no \(format.noun)") }
        let age = nowMilliseconds - milliseconds
        guard age.magnitude > UInt64(tolerance.wholeMilliseconds) else { return }
        let distance = "\(age.magnitude / 1000)s \(age > 0 ? "old" : "ahead of the clock")"
        throw Refusal(
            code: .signatureExpired, reason: "the timestamp is \(distance), and 'tolerance' is \(DurationText.format(tolerance))")
    }
}
