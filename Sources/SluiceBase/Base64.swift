/// Base 64 with the standard alphabet (RFC 4648 §4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Padded, on one line.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        append(Array(bytes).span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the same text to bytes.
    package static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for index in bytes.indices {
            bits = bits << 8 | UInt32(bytes[index])
            count += 1
            if count == 3 {
                appendDigits(bits, 4, to: &text)
                (bits, count) = (0, 0)
            }
        }
        guard count > 0 else { return }
        appendDigits(bits << UInt32(8 * (3 - count)), count + 1, to: &text)
        text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - count))
    }

    /// Strict: no white space, no other alphabet, padding whole or, where `allowsMissingPadding`, left out; the unused bits of
    /// the last digit must be zero, so that a value has one spelling.
    ///
    /// - Returns: `nil` for anything else.
    package static func decode(_ text: Span<UInt8>, allowsMissingPadding: Bool = false) -> [UInt8]? {
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        let padded = end < text.count
        guard padded || !allowsMissingPadding ? text.count.isMultiple(of: 4) : true, end % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end * 3 / 4)
        var bits: UInt32 = 0
        var held = 0
        for index in 0..<end {
            guard let value = value(text[index]) else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return bits & ((1 << UInt32(held)) - 1) == 0 ? bytes : nil
    }

    private static func appendDigits(_ bits: UInt32, _ count: Int, to text: inout [UInt8]) {
        for index in 0..<count { text.append(alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)]) }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x41...0x5A: digit - 0x41
        case 0x61...0x7A: digit - 0x61 + 26
        case 0x30...0x39: digit - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
