/// XXH64: a fast checksum against damaged or torn bytes on disk, not against an attacker.
///
/// The algorithm follows the xxHash specification, so that other tools can check stored values.
package enum Checksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of `bytes` as a column value.
    static func of(_ bytes: [UInt8]) -> Int64 { Int64(bitPattern: xxh64(bytes.span)) }

    /// The hash of `bytes`. For several pieces, the hash of one is the seed of the next.
    package static func xxh64(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        // The loads below stay within `count`; checked spans would cost a branch for each byte of each payload.
        unsafe bytes.withUnsafeBufferPointer { unsafe hash(UnsafeRawBufferPointer($0), seed) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        // Each load is preceded by a check that enough bytes are left.
        let count = bytes.count
        var offset = 0
        var hash = seed &+ prime5
        if count >= 32 {
            var (one, two, three, four) = (seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1)
            while offset + 32 <= count {
                one = round(one, unsafe word(bytes, offset))
                two = round(two, unsafe word(bytes, offset + 8))
                three = round(three, unsafe word(bytes, offset + 16))
                four = round(four, unsafe word(bytes, offset + 24))
                offset += 32
            }
            hash = rotate(one, 1) &+ rotate(two, 7) &+ rotate(three, 12) &+ rotate(four, 18)
            for lane in [one, two, three, four] { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
        }
        hash &+= UInt64(count)
        while offset + 8 <= count {
            hash = rotate(hash ^ round(0, unsafe word(bytes, offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset + 4 <= count {
            let half = unsafe UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < count {
            hash = rotate(hash ^ (unsafe UInt64(bytes[offset]) &* prime5), 11) &* prime1
            offset += 1
        }
        return avalanche(hash)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        // `hash` has checked that eight bytes are left.
        unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotate(lane &+ word &* prime2, 31) &* prime1 }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 &- bits) }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = (value ^ (value >> 33)) &* prime2
        hash = (hash ^ (hash >> 29)) &* prime3
        return hash ^ (hash >> 32)
    }
}
