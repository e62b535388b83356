/// Decompresses deflate (RFC 1951). One per body: its tables are reused for each block.
package struct Inflater {
    private var input = BitReader(at: 0)
    private var literals = PrefixCode(directBits: 9, meanings: DeflateAlphabet.literals)
    private var distances = PrefixCode(directBits: 7, meanings: DeflateAlphabet.distances)
    private var codeLengths = PrefixCode(directBits: 7, meanings: DeflateAlphabet.codeLengths)
    /// Whether `literals` and `distances` are the fixed codes.
    private var hasFixedCodes = false
    /// The number of consecutive blocks without output.
    private var emptyBlocks = 0
    /// The number of code tables, in all streams of the body.
    private var tables = 0

    package init() {}

    private static let maximumEmptyBlocks = 1000
    /// The maximum number of tables, plus one for each `bytesPerTable` of output. The smallest blocks of zlib have 127
    /// symbols.
    private static let maximumTables = 64
    private static let bytesPerTable = 64

    /// Decompresses one stream, which cannot repeat anything from before its start.
    ///
    /// - Parameter start: the start of the stream in `bytes`.
    /// - Returns: the offset after its last byte.
    /// - Throws: `overLimit` if `output` is full; all other errors mean a broken stream.
    package mutating func inflate(_ bytes: Span<UInt8>, from start: Int, into output: inout InflatedBytes)
        throws(GzipError) -> Int
    {
        input = BitReader(at: start)
        let beginning = output.count
        var isLast = false
        while !isLast {
            let before = output.count
            isLast = try input.take(1, from: bytes) == 1
            switch try input.take(2, from: bytes) {
            case 0: try copyStored(bytes, into: &output)
            case 1:
                try useFixedCodes()
                try decode(bytes, into: &output, since: beginning)
            case 2:
                tables += 1
                guard tables <= Self.maximumTables + output.count / Self.bytesPerTable else { throw .idleBlocks }
                try readCodes(bytes)
                try decode(bytes, into: &output, since: beginning)
            default: throw .brokenBlock
            }
            emptyBlocks = output.count > before ? 0 : emptyBlocks + 1
            guard emptyBlocks <= Self.maximumEmptyBlocks else { throw .idleBlocks }
        }
        return input.alignToByte()
    }

    /// RFC 1951 §3.2.4
    private mutating func copyStored(_ bytes: Span<UInt8>, into output: inout InflatedBytes) throws(GzipError) {
        let start = input.alignToByte()
        guard start + 4 <= bytes.count else { throw .cutOff }
        let length = Int(bytes[start]) | Int(bytes[start + 1]) << 8
        let inverse = Int(bytes[start + 2]) | Int(bytes[start + 3]) << 8
        guard length ^ inverse == 0xFFFF else { throw .brokenBlock }
        guard start + 4 + length <= bytes.count else { throw .cutOff }
        try output.append(bytes.extracting((start + 4)..<(start + 4 + length)))
        input = BitReader(at: start + 4 + length)
    }

    private mutating func useFixedCodes() throws(GzipError) {
        guard !hasFixedCodes else { return }
        let (literalLengths, distanceLengths) = (
            DeflateAlphabet.fixedLiteralLengths, DeflateAlphabet.fixedDistanceLengths
        )
        try literals.build(literalLengths.span, mayBeIncomplete: false)
        try distances.build(distanceLengths.span, mayBeIncomplete: false)
        hasFixedCodes = true
    }

    /// RFC 1951 §3.2.7. Refuses what zlib refuses.
    private mutating func readCodes(_ bytes: Span<UInt8>) throws(GzipError) {
        hasFixedCodes = false
        let literalCount = try input.take(5, from: bytes) + 257
        let distanceCount = try input.take(5, from: bytes) + 1
        guard literalCount <= 286, distanceCount <= 30 else { throw .brokenBlock }
        try readCodeOfLengths(bytes)
        let lengths = try readLengths(bytes, literalCount + distanceCount)
        guard lengths[DeflateAlphabet.endOfBlock] > 0 else { throw .brokenBlock }
        let all = lengths.span
        try literals.build(all.extracting(0..<literalCount), mayBeIncomplete: true)
        try distances.build(all.extracting(literalCount..<all.count), mayBeIncomplete: true)
    }

    private mutating func readCodeOfLengths(_ bytes: Span<UInt8>) throws(GzipError) {
        let count = try input.take(4, from: bytes) + 4
        var lengths = [UInt8](repeating: 0, count: DeflateAlphabet.orderOfCodeLengths.count)
        for index in 0..<count {
            lengths[DeflateAlphabet.orderOfCodeLengths[index]] = UInt8(try input.take(3, from: bytes))
        }
        try codeLengths.build(lengths.span, mayBeIncomplete: false)
    }

    private mutating func readLengths(_ bytes: Span<UInt8>, _ total: Int) throws(GzipError) -> [UInt8] {
        var lengths: [UInt8] = []
        lengths.reserveCapacity(total)
        while lengths.count < total {
            input.refill(from: bytes)
            let entry = codeLengths.entry(input.bits)
            guard entry.codeLength > 0 else { throw .brokenCode }
            guard entry.codeLength <= input.count else { throw .cutOff }
            input.drop(entry.codeLength)
            let (length, count) = try run(bytes, entry.value, after: lengths.last)
            guard count <= total - lengths.count else { throw .brokenBlock }
            lengths.append(contentsOf: repeatElement(length, count: count))
        }
        return lengths
    }

    /// The number of repetitions of a length, and the length.
    private mutating func run(_ bytes: Span<UInt8>, _ symbol: Int, after last: UInt8?) throws(GzipError) -> (
        length: UInt8, count: Int
    ) {
        switch symbol {
        case 16:
            guard let last else { throw .brokenBlock }
            return (last, try input.take(2, from: bytes) + 3)
        case 17: return (0, try input.take(3, from: bytes) + 3)
        case 18: return (0, try input.take(7, from: bytes) + 11)
        default: return (UInt8(symbol), 1)
        }
    }
}

extension Inflater {
    private mutating func decode(_ bytes: Span<UInt8>, into output: inout InflatedBytes, since beginning: Int)
        throws(GzipError)
    {
        var hasEnded = false
        while !hasEnded {
            try output.makeRoom()
            // Copies, so that they stay in registers.
            var (input, count) = (self.input, output.count)
            var span = output.room
            hasEnded = try Self.decode(
                bytes, &input, literals: literals, distances: distances, into: &span, count: &count, since: beginning)
            output.count = count
            self.input = input
        }
    }

    /// Writes the output of codes until their block ends or there is no space for the output of one more.
    ///
    /// - Parameter count: the number of bytes written to `output`.
    /// - Returns: whether the block has ended.
    private static func decode(
        _ bytes: Span<UInt8>, _ input: inout BitReader, literals: PrefixCode, distances: PrefixCode,
        into output: inout MutableSpan<UInt8>, count: inout Int, since beginning: Int
    ) throws(GzipError) -> Bool {
        let end = output.count - DeflateAlphabet.longestMatch
        while count <= end {
            // The longest codes of a length and of its distance, with their extra bits, have 48 bits.
            if input.count < 48 { input.refill(from: bytes) }
            let entry = literals.entry(input.bits)
            if entry.kind == DeflateAlphabet.Kind.literal.rawValue {
                try drop(entry, &input)
                output[count] = UInt8(truncatingIfNeeded: entry.value)
                count &+= 1
                continue
            }
            guard let length = try length(entry, &input) else { return true }
            let distance = try distance(distances.entry(input.bits), &input)
            guard distance <= count - beginning else { throw .brokenDistance }
            // One by one: a repetition may read what it has just written.
            for index in count..<(count &+ length) { output[index] = output[index &- distance] }
            count &+= length
        }
        return false
    }

    @inline(__always)
    private static func drop(_ entry: PrefixCode.Entry, _ input: inout BitReader) throws(GzipError) {
        guard entry.codeLength <= input.count else { throw .cutOff }
        guard entry.codeLength > 0 else { throw .brokenCode }
        input.drop(entry.codeLength)
    }

    /// - Returns: `nil` at the end of the block.
    @inline(__always)
    private static func length(_ entry: PrefixCode.Entry, _ input: inout BitReader) throws(GzipError) -> Int? {
        guard entry.kind == DeflateAlphabet.Kind.base.rawValue else {
            try drop(entry, &input)
            guard entry.kind == DeflateAlphabet.Kind.endOfBlock.rawValue else { throw .brokenCode }
            return nil
        }
        return try value(entry, &input)
    }

    @inline(__always)
    private static func distance(_ entry: PrefixCode.Entry, _ input: inout BitReader) throws(GzipError) -> Int {
        guard entry.kind == DeflateAlphabet.Kind.base.rawValue else {
            throw entry.codeLength <= input.count ? .brokenCode : .cutOff
        }
        return try value(entry, &input)
    }

    /// The base plus the value of the extra bits.
    @inline(__always)
    private static func value(_ entry: PrefixCode.Entry, _ input: inout BitReader) throws(GzipError) -> Int {
        guard entry.codeLength + entry.extraBits <= input.count else { throw .cutOff }
        input.drop(entry.codeLength)
        return entry.value + input.takeWaiting(entry.extraBits)
    }
}

/// The output of a stream, up to a limit: the memory grows with the output, at most to the limit and one repetition.
package struct InflatedBytes {
    /// Undefined from `count` on.
    private var storage: [UInt8]
    var count = 0
    private let limit: Int

    /// The maximum output of one code.
    private static let reserve = DeflateAlphabet.longestMatch

    /// - Parameters:
    ///   - limit: the maximum number of bytes.
    ///   - expected: the number of bytes to allocate first.
    package init(limit: Int, expected: Int) {
        self.limit = limit
        storage = [UInt8](repeating: 0, count: min(limit, max(1024, expected)) + Self.reserve)
    }

    /// Makes space for the output of one more code.
    mutating func makeRoom() throws(GzipError) {
        guard count <= limit else { throw .overLimit }
        guard storage.count - count < Self.reserve else { return }
        grow(toHold: count + Self.reserve)
    }

    mutating func append(_ bytes: Span<UInt8>) throws(GzipError) {
        guard bytes.count <= limit - count else { throw .overLimit }
        if storage.count - count < bytes.count { grow(toHold: count + bytes.count) }
        let start = count
        var room = room
        for index in bytes.indices { room[start &+ index] = bytes[index] }
        count += bytes.count
    }

    private mutating func grow(toHold needed: Int) {
        let size = max(needed, min(2 * storage.count, limit + Self.reserve))
        // An array that grows automatically allocates twice the size.
        storage.reserveCapacity(size)
        storage.append(contentsOf: repeatElement(0, count: size - storage.count))
    }

    /// All of the memory, written and free. A caller that writes increases `count`.
    var room: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get { storage.mutableSpan }
    }

    /// The written bytes from an offset on.
    @_lifetime(borrow self)
    func written(from start: Int) -> Span<UInt8> { storage.span.extracting(start..<count) }

    /// - Returns: the output, after the last code.
    /// - Throws: `overLimit` if the last repetition exceeded it.
    package consuming func finish() throws(GzipError) -> [UInt8] {
        guard count <= limit else { throw .overLimit }
        storage.removeLast(storage.count - count)
        return storage
    }
}
