/// Well-formed UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
    /// How many bytes the sequence at `start` has.
    ///
    /// - Returns: 0 if it is malformed or cut off.
    static func length(_ bytes: Span<UInt8>, at start: Int) -> Int {
        switch bytes[start] {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: matches(bytes, start, 0x80...0xBF, length: 2)
        case 0xE0: matches(bytes, start, 0xA0...0xBF, length: 3)
        case 0xE1...0xEC, 0xEE, 0xEF: matches(bytes, start, 0x80...0xBF, length: 3)
        case 0xED: matches(bytes, start, 0x80...0x9F, length: 3)
        case 0xF0: matches(bytes, start, 0x90...0xBF, length: 4)
        case 0xF1...0xF3: matches(bytes, start, 0x80...0xBF, length: 4)
        case 0xF4: matches(bytes, start, 0x80...0x8F, length: 4)
        default: 0
        }
    }

    /// `length` if the second byte is in `second` and the others are continuation bytes, else 0.
    @inline(__always)
    private static func matches(_ bytes: Span<UInt8>, _ start: Int, _ second: ClosedRange<UInt8>, length: Int) -> Int {
        guard start + length <= bytes.count, second.contains(bytes[start + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[start + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Eight bytes, the first one lowest. Cut out first, so that one bounds check serves all of them and they become one load.
    @inline(__always)
    static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        let eight = bytes.extracting(start..<(start &+ 8))
        let low = UInt64(eight[0]) | UInt64(eight[1]) &<< 8 | UInt64(eight[2]) &<< 16 | UInt64(eight[3]) &<< 24
        let high = UInt64(eight[4]) &<< 32 | UInt64(eight[5]) &<< 40 | UInt64(eight[6]) &<< 48 | UInt64(eight[7]) &<< 56
        return low | high
    }

    /// Whether all of `bytes` is well-formed.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let length = length(bytes, at: index)
            guard length > 0 else { return false }
            index += length
        }
        return true
    }
}
