internal import SluiceBase

/// The `\u` escapes of JSON strings: UTF-16 code units in four hexadecimal digits (RFC 8259 §7).
enum JSONEscape {
    /// The number of bytes of `\uXXXX`.
    static let length = 6

    /// The letter after the backslash for each byte, `u` for `\u00XX`, 0 if the byte needs no escape.
    static let letters: InlineArray<256, UInt8> = {
        var letters = InlineArray<256, UInt8>(repeating: 0)
        for control in 0..<0x20 { letters[control] = UInt8(ascii: "u") }
        for (control, letter) in [(0x08, "b"), (0x09, "t"), (0x0A, "n"), (0x0C, "f"), (0x0D, "r")]
            as [(Int, Unicode.Scalar)]
        {
            letters[control] = UInt8(ascii: letter)
        }
        letters[Int(Byte.quote)] = Byte.quote
        letters[Int(Byte.backslash)] = Byte.backslash
        return letters
    }()

    /// The position of the first byte that needs an escape; the number of bytes if there is none. Checks many bytes at
    /// a time.
    static func firstNeeded(_ utf8: Span<UInt8>, from start: Int) -> Int {
        var index = start
        // Long texts rarely need escapes.
        while index &+ 32 <= utf8.count, !hasStop(utf8.extracting(index..<(index &+ 32))) { index &+= 32 }
        while index &+ 8 <= utf8.count {
            let stops = stops(in: UTF8Sequence.word(utf8, at: index))
            guard stops == 0 else { return index &+ stops.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < utf8.count, utf8[index] >= 0x20, utf8[index] != Byte.quote, utf8[index] != Byte.backslash {
            index &+= 1
        }
        return index
    }

    /// Whether one of 32 bytes needs an escape. Without a branch, so that the compiler vectorizes it.
    @inline(__always)
    private static func hasStop(_ block: Span<UInt8>) -> Bool {
        var found: UInt8 = 0
        for index in 0..<32 {
            let byte = block[index]
            found |= (byte < 0x20 ? 1 : 0) | (byte == Byte.quote ? 1 : 0) | (byte == Byte.backslash ? 1 : 0)
        }
        return found != 0
    }

    /// The high bit of each byte that is a quote, a backslash or a control character. Bits above the lowest one may be
    /// false, because a subtraction borrows from its neighbour.
    @inline(__always)
    static func stops(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(Byte.quote))
        let backslashes = word ^ (ones &* UInt64(Byte.backslash))
        let isControl = (word &- ones &* 0x20) & ~word
        let isQuote = (quotes &- ones) & ~quotes
        let isBackslash = (backslashes &- ones) & ~backslashes
        return (isControl | isQuote | isBackslash) & (ones &* 0x80)
    }

    static func isSurrogate(_ unit: UInt16) -> Bool { unit & 0xF800 == 0xD800 }
    static func isHighSurrogate(_ unit: UInt16) -> Bool { unit & 0xFC00 == 0xD800 }
    static func isLowSurrogate(_ unit: UInt16) -> Bool { unit & 0xFC00 == 0xDC00 }

    /// The scalar of a pair.
    static func scalar(high: UInt16, low: UInt16) -> UInt32 {
        0x1_0000 + (UInt32(high & 0x3FF) << 10 | UInt32(low & 0x3FF))
    }

    /// The code unit of the escape with its backslash at `start`.
    ///
    /// - Returns: `nil` unless there are six bytes, the last four of them hexadecimal digits.
    static func codeUnit(_ bytes: Span<UInt8>, at start: Int) -> UInt16? {
        guard start + length <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for index in (start + 2)..<(start + length) {
            guard let digit = Hex.value(bytes[index]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Whether the text ends inside the escape at `start` without an error.
    static func isCutOff(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard start + length > bytes.count else { return false }
        for index in (start + 2)..<bytes.count where Hex.value(bytes[index]) == nil { return false }
        return true
    }

    /// The low surrogate of an escape at `start`; `nil` for anything else.
    static func lowSurrogate(_ bytes: Span<UInt8>, at start: Int) -> UInt16? {
        guard start + length <= bytes.count, bytes[start] == Byte.backslash, bytes[start + 1] == UInt8(ascii: "u")
        else { return nil }
        guard let unit = codeUnit(bytes, at: start), isLowSurrogate(unit) else { return nil }
        return unit
    }
}
