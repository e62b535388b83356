/// A canonical prefix code of deflate (RFC 1951 §3.2.2), and the table by which it is read. Its memory is used again for each block.
struct PrefixCode {
    /// What a code stands for, ready to be acted upon: in the lowest four bits the code's length, which is 0 where no code is known, then
    /// four bits with the number of extra bits, two with the kind, and from bit 16 the value.
    typealias Entry = UInt32

    static let longest = 15

    /// How many bits look an entry up at once. Longer codes are rare by their nature, and are found bit by bit.
    let directBits: Int
    /// What each symbol stands for, without a length.
    private let meanings: [Entry]
    private var direct: [Entry]
    /// How many codes have each length.
    private var counts = [Int](repeating: 0, count: PrefixCode.longest + 1)
    /// Where the next symbol of each length goes, while they are sorted.
    private var places = [Int](repeating: 0, count: PrefixCode.longest + 1)
    /// The symbols in the order of their codes.
    private var symbols: [UInt16] = []

    init(directBits: Int, meanings: [Entry]) {
        self.directBits = directBits
        self.meanings = meanings
        direct = [Entry](repeating: 0, count: 1 << directBits)
    }

    /// Makes the code whose symbols have these lengths; 0 is a symbol that does not occur.
    ///
    /// - Parameter mayBeIncomplete: whether a single code of one bit, or none at all, will do, as zlib has it for all but the code of
    ///   code lengths. No other set may leave codes without a meaning.
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
        var place = 0
        for length in 1...Self.longest {
            places[length] = place
            place += counts[length]
        }
        symbols.removeAll(keepingCapacity: true)
        symbols.append(contentsOf: repeatElement(0, count: used))
        for index in lengths.indices where lengths[index] > 0 {
            symbols[places[Int(lengths[index])]] = UInt16(truncatingIfNeeded: index)
            places[Int(lengths[index])] += 1
        }
    }

    /// Puts each short code wherever its bits are the lowest ones of the index: in its place among the indices of as many bits, which
    /// are then all that matters of longer ones. So the table is doubled for each bit, and what has no code stays without a length.
    private mutating func fill() {
        direct[0] = 0
        var code = 0
        var place = 0
        for length in 1...directBits {
            double(to: 1 << length)
            code <<= 1
            for _ in 0..<counts[length] {
                direct[Self.reversed(code, length)] = meanings[Int(symbols[place])] | Entry(length)
                code += 1
                place += 1
            }
        }
    }

    private mutating func double(to size: Int) {
        var table = direct.mutableSpan
        let half = size / 2
        for index in 0..<half { table[half &+ index] = table[index] }
    }

    /// A code stands in the stream with its first bit first, which is the highest one of its value.
    private static func reversed(_ code: Int, _ length: Int) -> Int {
        Int(UInt16(truncatingIfNeeded: code).bitReversed >> (16 - length))
    }

    /// The entry of the code at the beginning of `bits`; without a length if there is none.
    @inline(__always)
    func entry(_ bits: UInt64) -> Entry {
        let entry = direct[Int(truncatingIfNeeded: bits) & (1 &<< directBits &- 1)]
        return entry & 15 != 0 ? entry : longEntry(bits)
    }

    /// Codes of one length follow one another, so that a code is known by how far it is from the first one of its length.
    @inline(never)
    private func longEntry(_ bits: UInt64) -> Entry {
        var (code, first, place) = (0, 0, 0)
        for length in 1...Self.longest {
            code |= Int(truncatingIfNeeded: bits >> UInt64(length - 1)) & 1
            if code - first < counts[length] { return meanings[Int(symbols[place + code - first])] | Entry(length) }
            place += counts[length]
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
