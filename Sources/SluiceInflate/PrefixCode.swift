/// A canonical prefix code of deflate (RFC 1951 §3.2.2), with its decoding table. The memory is reused for each block.
struct PrefixCode {
    /// The decoded meaning of a code: in the lowest four bits the length of the code, which is 0 for an unknown one,
    /// then four bits with the number of extra bits, two with the kind, and from bit 16 the value.
    typealias Entry = UInt32

    static let longest = 15

    /// The number of bits that are decoded with one look-up. Longer codes are rare by design, and are decoded bit by
    /// bit.
    let directBits: Int
    /// The meaning of each symbol, without a length.
    private let meanings: [Entry]
    private var direct: [Entry]
    /// The number of codes of each length.
    private var counts = [Int](repeating: 0, count: PrefixCode.longest + 1)
    /// The position of the next symbol of each length while they are sorted.
    private var nextIndex = [Int](repeating: 0, count: PrefixCode.longest + 1)
    /// The symbols in the order of their codes.
    private var symbols: [UInt16] = []

    init(directBits: Int, meanings: [Entry]) {
        self.directBits = directBits
        self.meanings = meanings
        direct = [Entry](repeating: 0, count: 1 << directBits)
    }

    /// Builds the code for symbols with these lengths; 0 means a symbol that does not occur.
    ///
    /// - Parameter mayBeIncomplete: whether a single code of one bit, or none, is allowed, as in zlib for all but the
    ///   code of code lengths. No other set may leave codes undefined.
    mutating func build(_ lengths: Span<UInt8>, mayBeIncomplete: Bool) throws(GzipError) {
        for index in counts.indices { counts[index] = 0 }
        for index in lengths.indices { counts[Int(lengths[index])] += 1 }
        counts[0] = 0
        var left = 1
        for length in 1...Self.longest {
            left = left << 1 - counts[length]
            guard left >= 0 else { throw .brokenBlock }
        }
        var used = 0
        for length in 1...Self.longest { used += counts[length] }
        guard left == 0 || mayBeIncomplete && used == counts[1] else { throw .brokenBlock }
        sort(lengths, used)
        fill()
    }

    private mutating func sort(_ lengths: Span<UInt8>, _ used: Int) {
        var index = 0
        for length in 1...Self.longest {
            nextIndex[length] = index
            index += counts[length]
        }
        symbols.removeAll(keepingCapacity: true)
        symbols.append(contentsOf: repeatElement(0, count: used))
        for index in lengths.indices where lengths[index] > 0 {
            symbols[nextIndex[Int(lengths[index])]] = UInt16(truncatingIfNeeded: index)
            nextIndex[Int(lengths[index])] += 1
        }
    }

    /// Fills the table for short codes: each is stored at every index whose lowest bits are the code. So the table is
    /// doubled for each bit, and undefined codes keep the length 0.
    private mutating func fill() {
        direct[0] = 0
        var code = 0
        var index = 0
        for length in 1...directBits {
            double(to: 1 << length)
            code <<= 1
            for _ in 0..<counts[length] {
                direct[Self.reversed(code, length)] = meanings[Int(symbols[index])] | Entry(length)
                code += 1
                index += 1
            }
        }
    }

    private mutating func double(to size: Int) {
        var table = direct.mutableSpan
        let half = size / 2
        for index in 0..<half { table[half &+ index] = table[index] }
    }

    /// A code is in the stream with its first bit first, which is the highest one of its value.
    private static func reversed(_ code: Int, _ length: Int) -> Int {
        Int(UInt16(truncatingIfNeeded: code).bitReversed >> (16 - length))
    }

    /// The entry of the code at the start of `bits`; with length 0 if there is none.
    @inline(__always)
    func entry(_ bits: UInt64) -> Entry {
        let entry = direct[Int(truncatingIfNeeded: bits) & (1 &<< directBits &- 1)]
        return entry & 15 != 0 ? entry : longEntry(bits)
    }

    /// Codes of one length are consecutive, so a code is identified by its distance from the first one of its length.
    @inline(never)
    private func longEntry(_ bits: UInt64) -> Entry {
        var (code, first, index) = (0, 0, 0)
        for length in 1...Self.longest {
            code |= Int(truncatingIfNeeded: bits >> UInt64(length - 1)) & 1
            if code - first < counts[length] { return meanings[Int(symbols[index + code - first])] | Entry(length) }
            index += counts[length]
            first = (first + counts[length]) << 1
            code <<= 1
        }
        return 0
    }
}

extension UInt16 {
    fileprivate var bitReversed: UInt16 {
        var value = self
        value = value >> 1 & 0x5555 | (value & 0x5555) << 1
        value = value >> 2 & 0x3333 | (value & 0x3333) << 2
        value = value >> 4 & 0x0F0F | (value & 0x0F0F) << 4
        return value.byteSwapped
    }
}

/// The meanings of the symbols of deflate's codes (RFC 1951 §3.2.5 to §3.2.7).
enum DeflateAlphabet {
    /// Bits 8 and 9 of an entry.
    enum Kind: UInt32 {
        /// A byte of the output.
        case literal = 0
        /// The smallest of several lengths or distances; extra bits are added.
        case base = 1
        case endOfBlock = 2
        /// A symbol that must not occur.
        case none = 3
    }

    static let endOfBlock = 256
    /// The maximum length of a repetition.
    static let longestMatch = 258

    /// Literals, the end of a block, and lengths.
    static let literals: [PrefixCode.Entry] =
        (0..<256).map { entry(.literal, $0) } + [entry(.endOfBlock)] + bases(lengths, extra: lengthExtra) + [
            entry(.none), entry(.none),
        ]
    static let distances: [PrefixCode.Entry] =
        bases(distanceBases, extra: distanceExtra) + [entry(.none), entry(.none)]
    static let codeLengths: [PrefixCode.Entry] = (0..<19).map { entry(.literal, $0) }

    /// The order of the lengths of the code of code lengths.
    static let orderOfCodeLengths = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// The code lengths of a block with fixed codes.
    static let fixedLiteralLengths: [UInt8] =
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
        + [UInt8](repeating: 8, count: 8)
    static let fixedDistanceLengths = [UInt8](repeating: 5, count: 32)

    private static let lengths = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthExtra = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12_289,
        16_385, 24_577,
    ]
    private static let distanceExtra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]

    private static func bases(_ bases: [Int], extra: [Int]) -> [PrefixCode.Entry] {
        zip(bases, extra).map { entry(.base, $0, extra: $1) }
    }

    private static func entry(_ kind: Kind, _ value: Int = 0, extra: Int = 0) -> PrefixCode.Entry {
        UInt32(value) << 16 | kind.rawValue << 8 | UInt32(extra) << 4
    }
}

extension PrefixCode.Entry {
    @inline(__always) var codeLength: Int { Int(self & 15) }
    @inline(__always) var extraBits: Int { Int(self >> 4 & 15) }
    @inline(__always) var kind: UInt32 { self >> 8 & 3 }
    @inline(__always) var value: Int { Int(self >> 16) }
}

/// Reads bits in the order of deflate: the lowest bit of a byte first (RFC 1951 §3.1.1). The bytes are passed with each
/// call, and must be the same each time.
struct BitReader {
    /// The first byte that is not counted in `count`.
    private var next: Int
    /// The next bit is the lowest one. Above `count`, bits of the following bytes may already be present.
    private(set) var bits: UInt64 = 0
    /// The number of available bits: 0 to 63.
    private(set) var count = 0

    /// - Parameter start: the first byte.
    init(at start: Int) { next = start }

    /// Reads bits until at least 56 are available, or all are read.
    @inline(__always)
    mutating func refill(from bytes: Span<UInt8>) {
        if next &+ 8 <= bytes.count {
            bits |= bytes.word(at: next) &<< UInt64(truncatingIfNeeded: count)
            next &+= (63 &- count) &>> 3
            // As many whole bytes as fit: 56 to 63 bits, with the same remainder of a byte.
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

    /// Drops bits, at most as many as are available.
    @inline(__always)
    mutating func drop(_ number: Int) {
        bits &>>= UInt64(truncatingIfNeeded: number)
        count &-= number
    }

    /// Takes bits, at most as many as are available.
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

    /// Drops the rest of the current byte.
    ///
    /// - Returns: the offset of the next byte.
    mutating func alignToByte() -> Int {
        next -= count >> 3
        (bits, count) = (0, 0)
        return next
    }
}

extension Span where Element == UInt8 {
    /// Eight bytes, the first one lowest. Extracted first, so that one bounds check covers all of them and they become
    /// one load.
    @inline(__always)
    func word(at start: Int) -> UInt64 {
        let eight = extracting(start..<(start &+ 8))
        let low = UInt64(eight[0]) | UInt64(eight[1]) &<< 8 | UInt64(eight[2]) &<< 16 | UInt64(eight[3]) &<< 24
        let high = UInt64(eight[4]) &<< 32 | UInt64(eight[5]) &<< 40 | UInt64(eight[6]) &<< 48 | UInt64(eight[7]) &<< 56
        return low | high
    }
}
