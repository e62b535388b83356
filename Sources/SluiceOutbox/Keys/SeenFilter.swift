internal import SluiceBase

/// Says of most new keys that they are not in the table `seen`, without a look at the disk: a Bloom filter whose bits for one key lie in
/// one cache line.
///
/// It never denies a key that was added. What is added to `seen` must be added here in the same breath; what leaves `seen` stays here,
/// which costs a look and nothing else.
struct SeenFilter {
    /// 8 MiB: one look in 500 is in vain at 4 million keys, one in 14 at 12 million, and most at 50 million.
    private static let blockBits = 17
    /// More keys than this are not read at the start: the filter is left out, and each new key is looked up.
    static let mostKeysAtStart = 4_000_000

    private var words = [UInt64](repeating: 0, count: 8 << blockBits)

    mutating func add(_ key: Fingerprint) {
        let block = Self.block(key)
        for index in 0..<4 {
            let bit = Self.bit(key, index)
            words[block + bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    /// False only for a key that was never added.
    func mayContain(_ key: Fingerprint) -> Bool {
        let block = Self.block(key)
        for index in 0..<4 {
            let bit = Self.bit(key, index)
            if words[block + bit >> 6] & 1 << UInt64(bit & 63) == 0 { return false }
        }
        return true
    }

    /// The first of the block's eight words. Taken from the leading bits: keys are added nearly in order, so the lines are still in the
    /// processor's cache.
    private static func block(_ key: Fingerprint) -> Int { Int(truncatingIfNeeded: key.high >> UInt64(64 - blockBits)) * 8 }

    /// One of 512, from bits that the block does not depend on.
    private static func bit(_ key: Fingerprint, _ index: Int) -> Int { Int(truncatingIfNeeded: key.low >> UInt64(9 * index) & 511) }
}
