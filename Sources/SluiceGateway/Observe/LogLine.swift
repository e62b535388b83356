internal import Logging
internal import SluiceBase

/// Encodes one log record as one line. Pure; can be used from any thread.
///
/// Any text in it may come from a sender, so all texts are escaped and truncated here, and callers need not do it.
struct LogLine {
    let milliseconds: Int64
    let level: Logger.Level
    let message: String
    let label: String
    /// In the order of the output.
    let fields: [(key: String, value: String)]

    /// Messages are constants and short; a value can be anything.
    private static let messageLimit = 1024
    private static let valueLimit = 512

    /// `{"time":"…","level":"info","message":"…","logger":"…","route":"…"}` and a line feed. Numeric keys have plain
    /// numbers, all others text, so that each key has one type in an index.
    func json() -> [UInt8] {
        var line = Array(#"{"time":""#.utf8)
        TimestampText.append(milliseconds: milliseconds, to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: #"","message":""#.utf8)
        Self.appendJSON(message, limit: Self.messageLimit, to: &line)
        line.append(contentsOf: #"","logger":""#.utf8)
        Self.appendJSON(label, limit: Self.valueLimit, to: &line)
        line.append(UInt8(ascii: "\""))
        for (key, value) in fields {
            line.append(contentsOf: #",""#.utf8)
            Self.appendJSON(key, limit: Self.valueLimit, to: &line)
            line.append(contentsOf: #"":"#.utf8)
            Self.appendJSONValue(value, isNumber: LogKey(rawValue: key)?.isNumber ?? false, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        return line
    }

    private static func appendJSONValue(_ value: String, isNumber: Bool, to line: inout [UInt8]) {
        if isNumber, let number = Int64(value) { return line.append(contentsOf: String(number).utf8) }
        line.append(UInt8(ascii: "\""))
        appendJSON(value, limit: valueLimit, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// `2026-11-23T17:34:38.123Z warning refused a request route=github reason="no such header"` and a line feed.
    func text() -> [UInt8] {
        var line: [UInt8] = []
        TimestampText.append(milliseconds: milliseconds, to: &line)
        line.append(ASCII.space)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: repeatElement(ASCII.space, count: max(1, 9 - level.rawValue.utf8.count)))
        line.append(contentsOf: PrintableText.escape(message, limit: Self.messageLimit).utf8)
        for (key, value) in fields {
            line.append(ASCII.space)
            line.append(contentsOf: PrintableText.escape(key, limit: Self.valueLimit).utf8)
            line.append(UInt8(ascii: "="))
            Self.appendTextValue(value, to: &line)
        }
        line.append(ASCII.lineFeed)
        return line
    }

    /// Without quotes if the value is unambiguous.
    private static func appendTextValue(_ value: String, to line: inout [UInt8]) {
        let isBare =
            !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        if isBare, value.utf8.count <= valueLimit {
            line.append(contentsOf: value.utf8)
        } else {
            line.append(UInt8(ascii: "\""))
            for byte in PrintableText.escape(value, limit: valueLimit).utf8 {
                if byte == UInt8(ascii: "\"") { line.append(UInt8(ascii: "\\")) }
                line.append(byte)
            }
            line.append(UInt8(ascii: "\""))
        }
    }

    /// Nearly all texts: printable ASCII without anything to escape, short enough.
    private static func isPlain(_ text: String, limit: Int) -> Bool {
        text.utf8.count <= limit
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// Text with escaped control characters, so that JSON only has to escape quotes and backslashes.
    private static func appendJSON(_ text: String, limit: Int, to line: inout [UInt8]) {
        guard !isPlain(text, limit: limit) else { return line.append(contentsOf: text.utf8) }
        for byte in PrintableText.escape(text, limit: limit).utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        }
    }
}
