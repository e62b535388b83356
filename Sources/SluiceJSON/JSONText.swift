internal import SluiceBase

/// JSON string literals (RFC 8259 §7).
package enum JSONText {
    /// The text of a string literal, escapes resolved; half a surrogate pair becomes U+FFFD.
    ///
    /// - Parameter literal: with its quotes and nothing around them.
    /// - Returns: `nil` if it is not one well-formed literal.
    package static func decode(_ literal: Span<UInt8>) -> String? {
        guard literal.count >= 2, literal[0] == Byte.quote else { return nil }
        var lexer = JSONLexer(literal)
        guard let token = try? lexer.string(), lexer.isAtEnd else { return nil }
        return text(of: token, in: literal)
    }

    /// The text of a string that the lexer has passed.
    static func text(of token: JSONStringToken, in bytes: Span<UInt8>) -> String {
        let content = bytes.extracting(token.content)
        return token.hasEscapes ? unescape(content).span.text : content.text
    }

    /// The UTF-8 of a string's content, escapes resolved; half a surrogate pair becomes U+FFFD.
    ///
    /// - Parameter content: without quotes, and well-formed.
    static func unescape(_ content: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            if content[index] == Byte.backslash {
                index += appendEscape(content, at: index, to: &text)
            } else {
                let end = content.firstIndex(of: Byte.backslash, from: index) ?? content.count
                text.append(content.extracting(index..<end))
                index = end
            }
        }
        return text
    }

    /// - Returns: how many bytes the escape has, both halves of a surrogate pair counted.
    private static func appendEscape(_ content: Span<UInt8>, at start: Int, to text: inout [UInt8]) -> Int {
        switch content[start + 1] {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return appendUnicodeEscape(content, at: start, to: &text)
        case let itself: text.append(itself)
        }
        return 2
    }

    private static func appendUnicodeEscape(_ content: Span<UInt8>, at start: Int, to text: inout [UInt8]) -> Int {
        let first = JSONEscape.codeUnit(content, at: start) ?? 0xFFFD
        if JSONEscape.isHighSurrogate(first), let second = JSONEscape.lowSurrogate(content, at: start + JSONEscape.length) {
            appendUTF8(JSONEscape.scalar(high: first, low: second), to: &text)
            return 2 * JSONEscape.length
        }
        appendUTF8(JSONEscape.isSurrogate(first) ? 0xFFFD : UInt32(first), to: &text)
        return JSONEscape.length
    }

    /// - Parameter scalar: no surrogate, and at most U+10FFFF (RFC 3629 §3).
    private static func appendUTF8(_ scalar: UInt32, to text: inout [UInt8]) {
        func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar &>> shift) & 0x3F }
        switch scalar {
        case 0..<0x80: return text.append(UInt8(truncatingIfNeeded: scalar))
        case 0..<0x800: text.append(0xC0 | UInt8(truncatingIfNeeded: scalar &>> 6))
        case 0..<0x1_0000:
            text.append(0xE0 | UInt8(truncatingIfNeeded: scalar &>> 12))
            text.append(continuation(6))
        default:
            text.append(0xF0 | UInt8(truncatingIfNeeded: scalar &>> 18))
            text.append(continuation(12))
            text.append(continuation(6))
        }
        text.append(continuation(0))
    }
}
