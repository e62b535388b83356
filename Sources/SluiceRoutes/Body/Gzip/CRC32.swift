/// The checksum of gzip (RFC 1952 §8): CRC-32 with the polynomial 0xEDB88320.
package enum CRC32 {
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

    /// Eight look-ups that do not wait for one another.
    @inline(__always)
    private static func eightBytes(_ word: UInt64, _ tables: [UInt32]) -> UInt32 {
        func entry(_ place: Int) -> UInt32 { tables[(7 &- place) &* 256 &+ Int(word &>> UInt64(8 &* place) & 0xFF)] }
        return entry(0) ^ entry(1) ^ entry(2) ^ entry(3) ^ entry(4) ^ entry(5) ^ entry(6) ^ entry(7)
    }

    /// Eight tables of 256: the first one takes a byte in, each other one what a byte has become after one more.
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
