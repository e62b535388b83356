/// Decompresses gzip (RFC 1952), up to a limit.
///
/// Runs on an event loop: the time is linear in the size of input and output, the memory in the size of the output.
package enum Gzip {
    /// Decompresses one stream, or several concatenated ones, whose contents are concatenated, too (RFC 1952 §2.2).
    ///
    /// - Parameter limit: the maximum size of the output in bytes.
    /// - Throws: `overLimit` if the output is larger; all other errors mean a broken stream.
    package static func inflate(_ bytes: Span<UInt8>, limit: Int) throws(GzipError) -> [UInt8] {
        var output = InflatedBytes(limit: limit, expected: min(limit / 4, bytes.count) * 4)
        var inflater = Inflater()
        var offset = 0
        repeat {
            let start = output.count
            let data = try GzipHeader.end(in: bytes, from: offset)
            offset = try inflater.inflate(bytes, from: data, into: &output)
            try checkTrailer(bytes, &offset, output: output, since: start)
        } while offset < bytes.count
        return try output.finish()
    }

    /// The checksum and the length after each stream (RFC 1952 §2.3.1).
    private static func checkTrailer(
        _ bytes: Span<UInt8>, _ offset: inout Int, output: borrowing InflatedBytes, since start: Int
    ) throws(GzipError) {
        guard offset + 8 <= bytes.count else { throw .cutOff }
        let trailer = bytes.word(at: offset)
        offset += 8
        let content = output.written(from: start)
        guard UInt32(truncatingIfNeeded: trailer) == CRC32.of(content) else { throw .checksumMismatch }
        guard UInt32(truncatingIfNeeded: trailer >> 32) == UInt32(truncatingIfNeeded: content.count) else {
            throw .checksumMismatch
        }
    }
}

/// The header of each stream (RFC 1952 §2.3). Only its end matters.
private enum GzipHeader {
    private static let fixedLength = 10

    private enum Flag {
        static let headerChecksum: UInt8 = 1 << 1
        static let extra: UInt8 = 1 << 2
        static let name: UInt8 = 1 << 3
        static let comment: UInt8 = 1 << 4
        static let reserved: UInt8 = 0xE0
    }

    /// - Returns: the offset of the first byte of the stream.
    static func end(in bytes: Span<UInt8>, from start: Int) throws(GzipError) -> Int {
        for (index, byte) in [UInt8(0x1F), 0x8B, 8].enumerated() {
            // Whether it is a header is checked before its length.
            guard start + index < bytes.count else { throw .cutOff }
            guard bytes[start + index] == byte else { throw start == 0 ? .notGzip : .bytesBehind }
        }
        guard start + fixedLength <= bytes.count else { throw .cutOff }
        let flags = bytes[start + 3]
        guard flags & Flag.reserved == 0 else { throw .brokenHeader }
        var offset = start + fixedLength
        if flags & Flag.extra != 0 { offset = try endOfExtra(bytes, offset) }
        if flags & Flag.name != 0 { offset = try endOfText(bytes, offset) }
        if flags & Flag.comment != 0 { offset = try endOfText(bytes, offset) }
        if flags & Flag.headerChecksum != 0 { offset = try endOfChecksum(bytes, start, offset: offset) }
        return offset
    }

    private static func endOfExtra(_ bytes: Span<UInt8>, _ offset: Int) throws(GzipError) -> Int {
        guard offset + 2 <= bytes.count else { throw .cutOff }
        let end = offset + 2 + (Int(bytes[offset]) | Int(bytes[offset + 1]) << 8)
        guard end <= bytes.count else { throw .cutOff }
        return end
    }

    private static func endOfText(_ bytes: Span<UInt8>, _ offset: Int) throws(GzipError) -> Int {
        var end = offset
        while end < bytes.count, bytes[end] != 0 { end += 1 }
        guard end < bytes.count else { throw .cutOff }
        return end + 1
    }

    private static func endOfChecksum(_ bytes: Span<UInt8>, _ start: Int, offset: Int) throws(GzipError) -> Int {
        guard offset + 2 <= bytes.count else { throw .cutOff }
        let stored = UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
        guard stored == UInt16(truncatingIfNeeded: CRC32.of(bytes.extracting(start..<offset))) else {
            throw .brokenHeader
        }
        return offset + 2
    }
}

/// Why a body cannot be decompressed. The descriptions contain nothing of the body.
package enum GzipError: Error, Sendable, Hashable {
    case overLimit
    case notGzip
    /// Reserved flags, or a wrong checksum.
    case brokenHeader
    case cutOff
    /// A block of an unknown type, or with an invalid length or code table.
    case brokenBlock
    /// More empty blocks, or code tables for almost no output, than any compressor makes: they cost time without
    /// output.
    case idleBlocks
    case brokenCode
    case brokenDistance
    case checksumMismatch
    case bytesBehind
}

extension GzipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .overLimit: "a body over the limit after gzip"
        case .notGzip: "the body is not gzip, although its content encoding says so"
        case .brokenHeader: "the gzip body has an invalid header"
        case .cutOff: "the gzip body is truncated"
        case .brokenBlock: "the gzip body has an invalid block"
        case .idleBlocks: "the gzip body has too many empty or nearly empty blocks"
        case .brokenCode: "the gzip body has an invalid code"
        case .brokenDistance: "the gzip body refers to data before its start"
        case .checksumMismatch: "the gzip body does not match its checksum"
        case .bytesBehind: "the gzip body is followed by other data"
        }
    }
}

/// The checksum of gzip (RFC 1952 §8): CRC-32 with the polynomial 0xEDB88320.
package enum CRC32 {
    /// The checksum of some bytes.
    package static func of(_ bytes: Span<UInt8>) -> UInt32 {
        let tables = Self.tables
        var checksum: UInt32 = 0xFFFF_FFFF
        var index = 0
        while index &+ 8 <= bytes.count {
            let word = bytes.word(at: index) ^ UInt64(checksum)
            checksum = eightBytes(word, tables)
            index &+= 8
        }
        while index < bytes.count {
            checksum = tables[Int(UInt8(truncatingIfNeeded: checksum) ^ bytes[index])] ^ checksum &>> 8
            index &+= 1
        }
        return ~checksum
    }

    /// Eight independent look-ups.
    @inline(__always)
    private static func eightBytes(_ word: UInt64, _ tables: [UInt32]) -> UInt32 {
        func entry(_ byte: Int) -> UInt32 { tables[(7 &- byte) &* 256 &+ Int(word &>> UInt64(8 &* byte) & 0xFF)] }
        return entry(0) ^ entry(1) ^ entry(2) ^ entry(3) ^ entry(4) ^ entry(5) ^ entry(6) ^ entry(7)
    }

    /// Eight tables of 256: the first one processes a byte, each other one the result after one more byte.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = tables[Int(before & 0xFF)] ^ before >> 8
        }
        return tables
    }()
}
