/// Base 64 with the standard alphabet (RFC 4648 §4), and with the alphabet of URLs and JSON Web Tokens (§5).
package enum Base64 {
    /// Padded, on one line.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        append(Array(bytes).span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the encoded text to bytes.
    package static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        let whole = bytes.count / 3 * 3
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { output in
            var index = 0
            while index < whole {
                let bits = UInt32(bytes[index]) &<< 16 | UInt32(bytes[index &+ 1]) &<< 8 | UInt32(bytes[index &+ 2])
                output.append(digit(bits &>> 18))
                output.append(digit(bits &>> 12))
                output.append(digit(bits &>> 6))
                output.append(digit(bits))
                index &+= 3
            }
            guard whole < bytes.count else { return }
            let isPair = bytes.count - whole == 2
            let bits = UInt32(bytes[whole]) &<< 16 | (isPair ? UInt32(bytes[whole + 1]) &<< 8 : 0)
            output.append(digit(bits &>> 18))
            output.append(digit(bits &>> 12))
            output.append(isPair ? digit(bits &>> 6) : UInt8(ascii: "="))
            output.append(UInt8(ascii: "="))
        }
    }

    /// Decodes strictly: no white space, no other alphabet, complete padding or, with `allowsMissingPadding`, none. The
    /// unused bits of the last digit must be zero, so that each value has one spelling.
    ///
    /// - Returns: `nil` for anything else.
    package static func decode(_ text: Span<UInt8>, allowsMissingPadding: Bool = false) -> [UInt8]? {
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        let padded = end < text.count
        guard padded || !allowsMissingPadding ? text.count.isMultiple(of: 4) : true, end % 4 != 1 else { return nil }
        let whole = end / 4 * 4
        var bytes: [UInt8] = []
        // Bits above those of a digit: one of them is set if there is anything else.
        var others: UInt32 = 0
        bytes.append(addingCapacity: end * 3 / 4) { output in
            var index = 0
            while index < whole {
                let (first, second) = (value(text[index]), value(text[index &+ 1]))
                let (third, fourth) = (value(text[index &+ 2]), value(text[index &+ 3]))
                others |= first | second | third | fourth
                let bits = first &<< 18 | second &<< 12 | third &<< 6 | fourth
                output.append(UInt8(truncatingIfNeeded: bits &>> 16))
                output.append(UInt8(truncatingIfNeeded: bits &>> 8))
                output.append(UInt8(truncatingIfNeeded: bits))
                index &+= 4
            }
            guard whole < end else { return }
            let isTriple = end - whole == 3
            let (first, second) = (value(text[whole]), value(text[whole + 1]))
            let third = isTriple ? value(text[whole + 2]) : 0
            // Unused bits as well.
            others |= first | second | third | (isTriple ? third & 3 : second & 15) &<< 8
            let bits = first &<< 18 | second &<< 12 | third &<< 6
            output.append(UInt8(truncatingIfNeeded: bits &>> 16))
            if isTriple { output.append(UInt8(truncatingIfNeeded: bits &>> 8)) }
        }
        return others < 64 ? bytes : nil
    }

    /// Base64url without padding.
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        let text = encode(bytes).utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: digit
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes base64url as strictly as `decode`; padding is complete or missing.
    ///
    /// - Parameter allowsPadding: JSON Web Tokens have none (RFC 7515 §2).
    /// - Returns: `nil` for anything else, the standard alphabet included.
    package static func decodeURL(_ text: Span<UInt8>, allowsPadding: Bool = true) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count)
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "+"), UInt8(ascii: "/"): return nil
            case UInt8(ascii: "="): if !allowsPadding { return nil } else { standard.append(text[index]) }
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            default: standard.append(text[index])
            }
        }
        return decode(standard.span, allowsMissingPadding: true)
    }

    /// Returns the digit of the lowest six bits.
    @inline(__always)
    private static func digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 63)
        switch value {
        case 0..<26: return 0x41 &+ value
        case 26..<52: return 0x61 &+ value &- 26
        case 52..<62: return 0x30 &+ value &- 52
        default: return value == 62 ? UInt8(ascii: "+") : UInt8(ascii: "/")
        }
    }

    /// The six bits of a digit; more than that for anything else.
    @inline(__always)
    private static func value(_ digit: UInt8) -> UInt32 {
        switch digit {
        case 0x41...0x5A: UInt32(digit &- 0x41)
        case 0x61...0x7A: UInt32(digit &- 0x61 &+ 26)
        case 0x30...0x39: UInt32(digit &- 0x30 &+ 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 0x100
        }
    }
}
