/// Bits that wait to be read, as deflate packs them into bytes: the lowest bit of a byte first (RFC 1951 §3.1.1). The bytes come with each
/// call, and are the same each time.
struct BitReader {
    /// The first byte that is not counted in `count`.
    private var next: Int
    /// The next bit is the lowest one. Above `count` there may be more of the following bytes already.
    private(set) var bits: UInt64 = 0
    /// How many bits wait: 0 to 63.
    private(set) var count = 0

    /// - Parameter start: the byte with which the bits begin.
    init(at start: Int) { next = start }

    /// Takes bits in until at least 56 wait, or all that there are.
    @inline(__always)
    mutating func refill(from bytes: Span<UInt8>) {
        if next &+ 8 <= bytes.count {
            bits |= bytes.word(at: next) &<< UInt64(truncatingIfNeeded: count)
            next &+= (63 &- count) &>> 3
            // As many whole bytes as fit: 56 to 63 bits, with the same rest to a whole byte.
            count |= 56
        } else {
            refillFromEnd(of: bytes)
        }
    }

    private mutating func refillFromEnd(of bytes: Span<UInt8>) {
        while count <= 55, next < bytes.count {
            bits |= UInt64(bytes[next]) &<< UInt64(truncatingIfNeeded: count)
            next &+= 1
            count &+= 8
        }
    }

    /// Drops bits of which at least as many wait.
    @inline(__always)
    mutating func drop(_ number: Int) {
        bits &>>= UInt64(truncatingIfNeeded: number)
        count &-= number
    }

    /// Takes bits of which at least as many wait.
    @inline(__always)
    mutating func takeWaiting(_ number: Int) -> Int {
        let value = bits & (1 &<< UInt64(truncatingIfNeeded: number) &- 1)
        drop(number)
        return Int(truncatingIfNeeded: value)
    }

    /// - Parameter number: 0 to 16.
    mutating func take(_ number: Int, from bytes: Span<UInt8>) throws(GzipError) -> Int {
        if count < number { refill(from: bytes) }
        guard count >= number else { throw .cutOff }
        return takeWaiting(number)
    }

    /// Drops what is left of a byte that was begun.
    ///
    /// - Returns: the offset of the byte that comes next.
    mutating func alignToByte() -> Int {
        next -= count >> 3
        (bits, count) = (0, 0)
        return next
    }
}

extension Span where Element == UInt8 {
    /// Eight bytes, the first one lowest. Cut out first, so that one bounds check serves all of them and they become one load.
    @inline(__always)
    func word(at start: Int) -> UInt64 {
        let eight = extracting(start..<(start &+ 8))
        let low = UInt64(eight[0]) | UInt64(eight[1]) &<< 8 | UInt64(eight[2]) &<< 16 | UInt64(eight[3]) &<< 24
        let high = UInt64(eight[4]) &<< 32 | UInt64(eight[5]) &<< 40 | UInt64(eight[6]) &<< 48 | UInt64(eight[7]) &<< 56
        return low | high
    }
}
