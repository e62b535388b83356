internal import SluiceBase

/// A header value with parameters: `main; name=value; name="value"` (RFC 9110 §5.6.6, RFC 2183 §2).
enum HeaderParameters {
    /// The text before the parameters, without blanks around it.
    @_lifetime(copy value)
    static func mainValue(of value: Span<UInt8>) -> Span<UInt8> {
        let end = value.firstIndex(of: UInt8(ascii: ";")) ?? value.count
        return trimmed(value.extracting(0..<end))
    }

    /// The first parameter with this name, in any case.
    ///
    /// - Returns: `nil` if there is none, or the value is broken before it: a quotation mark is not closed.
    static func value(of name: String, in value: Span<UInt8>) -> [UInt8]? {
        var next = value.firstIndex(of: UInt8(ascii: ";"))
        while let semicolon = next {
            let start = semicolon + 1
            guard let end = endOfParameter(value, start) else { return nil }
            let parameter = value.extracting(start..<end)
            if let mark = parameter.firstIndex(of: UInt8(ascii: "=")),
                trimmed(parameter.extracting(0..<mark)).matches(name)
            {
                return unquoted(trimmed(parameter.extracting((mark + 1)..<parameter.count)))
            }
            next = end < value.count ? end : nil
        }
        return nil
    }

    /// The next semicolon outside of quotes, or the end.
    private static func endOfParameter(_ value: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        var isQuoted = false
        while index < value.count {
            switch value[index] {
            case UInt8(ascii: ";") where !isQuoted: return index
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "\\") where isQuoted && isEscape(value, index): index += 1
            default: break
            }
            index += 1
        }
        return isQuoted ? nil : value.count
    }

    /// Only required escapes count: some senders put literal backslashes into file names.
    private static func isEscape(_ value: Span<UInt8>, _ index: Int) -> Bool {
        index + 1 < value.count && (value[index + 1] == UInt8(ascii: "\"") || value[index + 1] == UInt8(ascii: "\\"))
    }

    private static func unquoted(_ text: Span<UInt8>) -> [UInt8] {
        guard text.count >= 2, text[0] == UInt8(ascii: "\""), text[text.count - 1] == UInt8(ascii: "\"") else {
            return text.array
        }
        let content = text.extracting(1..<(text.count - 1))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            if content[index] == UInt8(ascii: "\\"), isEscape(content, index) { index += 1 }
            bytes.append(content[index])
            index += 1
        }
        return bytes
    }

    /// Without blanks at the ends.
    @_lifetime(copy text)
    static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
        var (start, end) = (0, text.count)
        while start < end, isBlank(text[start]) { start += 1 }
        while start < end, isBlank(text[end - 1]) { end -= 1 }
        return text.extracting(start..<end)
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
}
