/// A string that was read, with its escapes.
struct JSONStringToken {
    /// The range between the quotes.
    var content: Range<Int>
    var hasEscapes: Bool
}

extension JSONLexer {
    /// Skips a string with its quotes: valid UTF-8, no raw control characters, known escapes (RFC 8259 §7).
    mutating func string() throws(JSONError) -> JSONStringToken {
        let start = index &+ 1
        var hasEscapes = false
        index = start
        while true {
            passPlainBytes()
            guard index < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
            switch bytes[index] {
            case Byte.quote:
                index &+= 1
                return JSONStringToken(content: start..<(index &- 1), hasEscapes: hasEscapes)
            case Byte.backslash:
                hasEscapes = true
                try passEscape()
            case 0..<0x20:
                throw JSONError(.controlCharacter, at: index)
            default:
                try passMultibyteScalars()
            }
        }
    }

    /// Skips bytes without a special meaning, eight at a time.
    @inline(__always)
    private mutating func passPlainBytes() {
        while index &+ 8 <= bytes.count {
            let stops = Self.stops(in: UTF8Sequence.word(bytes, at: index))
            guard stops == 0 else {
                index &+= stops.trailingZeroBitCount &>> 3
                return
            }
            index &+= 8
        }
        while index < bytes.count, Self.isPlain(bytes[index]) { index &+= 1 }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != Byte.quote && byte != Byte.backslash
    }

    /// The high bit of each byte that ends a run of plain bytes: those of `JSONEscape.stops`, and bytes that are not
    /// ASCII.
    @inline(__always)
    private static func stops(in word: UInt64) -> UInt64 { JSONEscape.stops(in: word) | word & 0x8080_8080_8080_8080 }

    /// Skips one escape. A lone surrogate is recorded, not refused: senders produce them when they truncate a text
    /// inside an emoji.
    private mutating func passEscape() throws(JSONError) {
        let start = index
        guard start &+ 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        switch bytes[start &+ 1] {
        case Byte.quote, Byte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            index = start &+ 2
        case UInt8(ascii: "u"):
            try passUnicodeEscape()
        default:
            throw JSONError(.invalidEscape, at: start)
        }
    }

    /// Skips a `\uXXXX`, or both of a surrogate pair.
    private mutating func passUnicodeEscape() throws(JSONError) {
        let start = index
        guard let unit = JSONEscape.codeUnit(bytes, at: start) else {
            throw JSONEscape.isCutOff(bytes, at: start)
                ? JSONError(.unexpectedEnd, at: bytes.count) : JSONError(.invalidEscape, at: start)
        }
        index = start &+ JSONEscape.length
        guard JSONEscape.isSurrogate(unit) else { return }
        if JSONEscape.isHighSurrogate(unit), JSONEscape.lowSurrogate(bytes, at: index) != nil {
            index &+= JSONEscape.length
        } else {
            loneSurrogates.append(start)
        }
    }

    /// Skips a run of well-formed multi-byte sequences (Unicode 15, table 3-7).
    private mutating func passMultibyteScalars() throws(JSONError) {
        while index < bytes.count, bytes[index] >= 0x80 {
            let length = UTF8Sequence.length(bytes, at: index)
            guard length > 0 else { throw JSONError(.invalidUTF8, at: index) }
            index &+= length
        }
    }
}
