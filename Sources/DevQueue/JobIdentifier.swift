/// A job's identifier: 25 digits of base 36 that grow with time. 48 bits of milliseconds, 48 bits of a counter, 32 bits that tell
/// one process from the next.
package struct JobIdentifier: Sendable, Hashable, Comparable {
    package let value: UInt128

    package static func < (one: JobIdentifier, other: JobIdentifier) -> Bool { one.value < other.value }

    init(value: UInt128) { self.value = value }

    /// Reads the 25 digits.
    package init?(_ text: String) {
        guard text.utf8.count == 25, let value = UInt128(text, radix: 36), text.utf8.first != UInt8(ascii: "+") else { return nil }
        self.value = value
    }

    /// The 25 digits.
    package var text: String {
        var digits: [UInt8] = []
        append(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends the 25 digits. Thirteen and twelve of them at a time fit 64 bits, in which division is cheap.
    func append(to body: inout [UInt8]) {
        let (high, low) = value.quotientAndRemainder(dividingBy: Self.twelveDigits)
        Self.append(UInt64(high), digits: 13, to: &body)
        Self.append(UInt64(low), digits: 12, to: &body)
    }

    /// 36¹².
    private static let twelveDigits: UInt128 = 4_738_381_338_321_616_896

    private static func append(_ part: UInt64, digits: Int, to body: inout [UInt8]) {
        let start = body.count
        body.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits))
        var rest = part
        for offset in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(rest % 36)
            body[start + offset] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest /= 36
        }
    }
}

/// Gives identifiers that grow, also where the clock goes back.
struct JobIdentifierSource {
    private var last: UInt128 = 0
    private let process: UInt32

    init(process: UInt32 = .random(in: 0 ... .max)) { self.process = process }

    mutating func next(milliseconds: UInt64) -> JobIdentifier {
        last = max(last + 1, UInt128(milliseconds) << 48)
        return JobIdentifier(value: last << 32 | UInt128(process))
    }
}
