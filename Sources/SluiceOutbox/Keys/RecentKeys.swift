internal import SluiceBase

/// The keys that are stored in `deliveries` but not yet in the sorted table `seen`: a hash table in memory.
///
/// New keys are random, and a random insert into a large sorted table costs a whole page of the log each. So they are
/// appended to `deliveries`, remembered here, and carried over in slices that are neighbours in the sorted table: a
/// *hand* goes round the key space, and what it has passed is in `seen`. What lies here can be read again from
/// `deliveries` at any time (see DESIGN.md, "Keys").
///
/// A slot's place is given by a key's leading bits, so that the table is nearly sorted and a slice is a run of slots.
/// It holds no more than half as many keys as slots.
struct RecentKeys {
    /// A key and the delivery that holds it.
    struct Entry: Equatable {
        let key: Fingerprint
        /// The row in `deliveries`; 0 when the key was removed again, -1 in an empty slot.
        var delivery: Int64
    }

    private static let empty: Int64 = -1
    private static let removed: Int64 = 0
    /// Slots behind the last home slot, to begin with, so that a run of full slots never wraps around.
    private static let overrun = 256

    private var slots: [Entry]
    private var bits: Int
    /// Keys held, removed ones included.
    private(set) var count = 0
    /// The first slot that the hand has not passed. It always stands at the start of a run of full slots, or at an
    /// empty slot.
    private var hand = 0

    /// - Parameter bits: the table starts with 2 to the power of this many slots.
    init(bits: Int = 17) {
        self.bits = bits
        slots = Self.emptySlots(1 << bits + Self.overrun)
    }

    private static func emptySlots(_ count: Int) -> [Entry] {
        Array(repeating: Entry(key: Fingerprint(high: 0, low: 0), delivery: empty), count: count)
    }

    /// The least leading bits that the hand has not passed: keys below it that were here when this round of the hand
    /// began are in `seen`.
    var handPrefix: UInt64 { hand >= 1 << bits ? .max : UInt64(hand) << UInt64(64 - bits) }

    /// The delivery that holds `key`.
    func delivery(of key: Fingerprint) -> Int64? {
        let slot = slot(of: key)
        let delivery = slots[slot].delivery
        return delivery > 0 ? delivery : nil
    }

    /// Remembers `key`, or gives it another delivery.
    ///
    /// - Returns: the delivery that held it before.
    @discardableResult
    mutating func set(_ key: Fingerprint, to delivery: Int64) -> Int64? {
        var slot = slot(of: key)
        guard slots[slot].delivery == Self.empty else {
            let before = slots[slot].delivery
            slots[slot].delivery = delivery
            return before > 0 ? before : nil
        }
        if count * 2 >= 1 << bits {
            grow()
            slot = self.slot(of: key)
        }
        // The last slot stays empty, so that each search ends.
        if slot == slots.count - 1 { slots += Self.emptySlots(Self.overrun) }
        slots[slot] = Entry(key: key, delivery: delivery)
        count += 1
        return nil
    }

    /// Forgets `key`. Its slot stays taken until the hand comes by.
    mutating func remove(_ key: Fingerprint) {
        let slot = slot(of: key)
        if slots[slot].delivery != Self.empty { slots[slot].delivery = Self.removed }
    }

    /// A run of slots for the hand to pass.
    struct Slice {
        /// In the order of their slots, which is nearly that of the keys.
        let entries: [Entry]
        fileprivate let slots: Range<Int>
        /// Whether the hand comes to the end of the key space with this slice.
        let endsRound: Bool
    }

    /// What the hand would pass next: at least `wanted` entries unless the round ends before.
    func nextSlice(_ wanted: Int) -> Slice {
        var entries: [Entry] = []
        entries.reserveCapacity(wanted + 8)
        var slot = hand
        // Beyond the wanted count it goes on to the next empty slot: a key never lies behind an empty slot after its
        // home.
        while slot < slots.count, entries.count < wanted || slots[slot].delivery != Self.empty {
            if slots[slot].delivery > 0 { entries.append(slots[slot]) }
            slot += 1
        }
        return Slice(entries: entries, slots: hand..<slot, endsRound: slot >= slots.count)
    }

    /// The slice is in `seen` for good: its keys are forgotten here. Nothing may have been set since the slice was
    /// taken.
    mutating func passed(_ slice: Slice) {
        for slot in slice.slots where slots[slot].delivery != Self.empty {
            slots[slot].delivery = Self.empty
            count -= 1
        }
        hand = slice.endsRound ? 0 : slice.slots.upperBound
    }

    /// Puts the hand back where `handPrefix` said it was, or before the start of the run of full slots that is there
    /// now.
    mutating func moveHand(toPrefix prefix: UInt64) {
        hand = prefix == .max ? 1 << bits : Int(prefix >> UInt64(64 - bits))
        while hand > 0, slots[hand - 1].delivery != Self.empty { hand -= 1 }
    }

    private func slot(of key: Fingerprint) -> Int {
        var slot = Int(key.high >> UInt64(64 - bits))
        while slot < slots.count - 1, slots[slot].delivery != Self.empty, slots[slot].key != key { slot += 1 }
        return slot
    }

    /// Doubles the table.
    private mutating func grow() {
        let prefix = handPrefix
        let old = slots
        bits += 1
        slots = Self.emptySlots(1 << bits + Self.overrun)
        count = 0
        for entry in old where entry.delivery > 0 { set(entry.key, to: entry.delivery) }
        moveHand(toPrefix: prefix)
    }
}

/// Says of most new keys that they are not in the table `seen`, without a look at the disk: a Bloom filter whose bits
/// for one key lie in one cache line.
///
/// It never denies a key that was added. What is added to `seen` must be added here in the same breath; what leaves
/// `seen` stays here, which costs a look and nothing else.
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

    /// The first of the block's eight words. Taken from the leading bits: keys are added nearly in order, so the lines
    /// are still in the processor's cache.
    private static func block(_ key: Fingerprint) -> Int {
        Int(truncatingIfNeeded: key.high >> UInt64(64 - blockBits)) * 8
    }

    /// One of 512, from bits that the block does not depend on.
    private static func bit(_ key: Fingerprint, _ index: Int) -> Int {
        Int(truncatingIfNeeded: key.low >> UInt64(9 * index) & 511)
    }
}
