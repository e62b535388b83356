/// Undoes gzip (RFC 1952), with a bound on what comes out.
///
/// Runs on an event loop: the time is linear in what goes in and what comes out, the memory in what comes out.
package enum Gzip {
    /// What `bytes` were made from: one stream, or several one behind another, whose contents belong together (RFC 1952 §2.2).
    ///
    /// - Parameter limit: how many bytes may come out.
    /// - Throws: `overLimit` once more come out; everything else is a stream that is broken.
    package static func inflate(_ bytes: Span<UInt8>, limit: Int) throws(GzipError) -> [UInt8] {
        var output = InflatedBytes(limit: limit, expected: min(limit / 4, bytes.count) * 4)
        var inflater = Inflater()
        var offset = 0
        repeat {
            let start = output.count
            let data = try GzipHeader.end(in: bytes, from: offset)
            offset = try inflater.inflate(bytes, from: data, into: &output)
            try checkTrailer(bytes, &offset, output, since: start)
        } while offset < bytes.count
        return try output.finish()
    }

    /// The checksum and the length behind each stream (RFC 1952 §2.3.1).
    private static func checkTrailer(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ output: borrowing InflatedBytes, since start: Int
    ) throws(GzipError) {
        guard offset + 8 <= bytes.count else { throw .cutOff }
        let trailer = bytes.word(at: offset)
        offset += 8
        let content = output.written(from: start)
        guard UInt32(truncatingIfNeeded: trailer) == CRC32.of(content) else { throw .checksumMismatch }
        guard UInt32(truncatingIfNeeded: trailer >> 32) == UInt32(truncatingIfNeeded: content.count) else { throw .checksumMismatch }
    }
}

/// What stands in front of each stream (RFC 1952 §2.3). Nothing in it matters but where it ends.
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
            // Whether this is a header at all is told before how much there is of it.
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
        if flags & Flag.headerChecksum != 0 { offset = try endOfChecksum(bytes, start, offset) }
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

    private static func endOfChecksum(_ bytes: Span<UInt8>, _ start: Int, _ offset: Int) throws(GzipError) -> Int {
        guard offset + 2 <= bytes.count else { throw .cutOff }
        let stored = UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
        guard stored == UInt16(truncatingIfNeeded: CRC32.of(bytes.extracting(start..<offset))) else { throw .brokenHeader }
        return offset + 2
    }
}
