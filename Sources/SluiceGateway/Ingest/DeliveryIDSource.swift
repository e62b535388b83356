internal import SluiceBase
internal import SluiceCrypto

/// Generates delivery ids: 26 characters of Crockford's base 32, the time in milliseconds (48 bits) and 80 bits that
/// start at random and increase by one with each id (the layout of a ULID). Ids of one source ascend; two sources do
/// not produce the same id.
///
/// Belongs to one event loop.
struct DeliveryIDSource {
    private var high: UInt16
    private var low: UInt64
    private var lastMilliseconds: Int64 = 0

    init() {
        let random = SecureRandom.bytes(10)
        high = UInt16(random[0]) << 8 | UInt16(random[1])
        low = random[2...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Returns the next id.
    ///
    /// - Parameter milliseconds: since 1970; the ids keep ascending even if the clock is set back.
    mutating func next(atMilliseconds milliseconds: Int64) -> String {
        lastMilliseconds = max(lastMilliseconds, milliseconds)
        low &+= 1
        if low == 0 { high &+= 1 }
        return Self.text(time: UInt64(lastMilliseconds) & 0xFFFF_FFFF_FFFF, high: high, low: low)
    }

    /// 130 bits in 26 digits, the upper two of them zero.
    private static func text(time: UInt64, high: UInt16, low: UInt64) -> String {
        var upper = time << 16 | UInt64(high)
        var lower = low
        var text = InlineArray<26, UInt8>(repeating: 0)
        for position in stride(from: 25, through: 0, by: -1) {
            // Five bits from the end of the 128; the upper half moves down into the lower one.
            text[position] = digits[Int(lower & 31)]
            lower = lower >> 5 | upper << 59
            upper >>= 5
        }
        return text.span.text
    }

    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
