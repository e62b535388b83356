internal import SluiceBase

/// JSON string literals (RFC 8259 §7).
package enum JSONText {
    /// The text of a string literal, with escapes resolved; lone surrogates become U+FFFD.
    ///
    /// - Parameter literal: exactly the literal with its quotes.
    /// - Returns: `nil` if it is not one well-formed literal.
    package static func decode(_ literal: Span<UInt8>) -> String? {
        guard literal.count >= 2, literal[0] == Byte.quote else { return nil }
        var lexer = JSONLexer(literal)
        guard let token = try? lexer.string(), lexer.isAtEnd else { return nil }
        return text(of: token, in: literal)
    }

    /// The text of a string that the lexer has read.
    static func text(of token: JSONStringToken, in bytes: Span<UInt8>) -> String {
        let content = bytes.extracting(token.content)
        return token.hasEscapes ? unescape(content).span.text : content.text
    }

    /// The UTF-8 of a string's content, with escapes resolved; lone surrogates become U+FFFD.
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

    /// - Returns: the length of the escape in bytes, including both halves of a surrogate pair.
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
        if JSONEscape.isHighSurrogate(first),
            let second = JSONEscape.lowSurrogate(content, at: start + JSONEscape.length)
        {
            text.appendScalar(JSONEscape.scalar(high: first, low: second))
            return 2 * JSONEscape.length
        }
        text.appendScalar(JSONEscape.isSurrogate(first) ? 0xFFFD : UInt32(first))
        return JSONEscape.length
    }
}

/// Well-formed UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
    /// The length of the sequence at `start` in bytes.
    ///
    /// - Returns: 0 if it is malformed or truncated.
    static func length(_ bytes: Span<UInt8>, at start: Int) -> Int {
        switch bytes[start] {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: matches(bytes, start, second: 0x80...0xBF, length: 2)
        case 0xE0: matches(bytes, start, second: 0xA0...0xBF, length: 3)
        case 0xE1...0xEC, 0xEE, 0xEF: matches(bytes, start, second: 0x80...0xBF, length: 3)
        case 0xED: matches(bytes, start, second: 0x80...0x9F, length: 3)
        case 0xF0: matches(bytes, start, second: 0x90...0xBF, length: 4)
        case 0xF1...0xF3: matches(bytes, start, second: 0x80...0xBF, length: 4)
        case 0xF4: matches(bytes, start, second: 0x80...0x8F, length: 4)
        default: 0
        }
    }

    /// `length` if the second byte is in `second` and the others are continuation bytes; otherwise 0.
    @inline(__always)
    private static func matches(_ bytes: Span<UInt8>, _ start: Int, second: ClosedRange<UInt8>, length: Int) -> Int {
        guard start + length <= bytes.count, second.contains(bytes[start + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[start + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Eight bytes, the first one lowest. Extracted first, so that one bounds check covers all of them and they become
    /// one load.
    @inline(__always)
    static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        let eight = bytes.extracting(start..<(start &+ 8))
        let low = UInt64(eight[0]) | UInt64(eight[1]) &<< 8 | UInt64(eight[2]) &<< 16 | UInt64(eight[3]) &<< 24
        let high = UInt64(eight[4]) &<< 32 | UInt64(eight[5]) &<< 40 | UInt64(eight[6]) &<< 48 | UInt64(eight[7]) &<< 56
        return low | high
    }
}
