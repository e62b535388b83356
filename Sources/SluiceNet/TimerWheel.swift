/// Deadlines of many connections, each of which moves often and seldom passes.
///
/// A wheel of slots, each a fixed stretch of time; an entry lies in the slot in which it is to be looked at again. A
/// deadline that moves later costs nothing (the entry is looked at, found early, and laid further on); only one that
/// moves earlier is entered again. State machine without I/O: the event loop tells the time.
struct TimerWheel {
    /// What a deadline belongs to: a slot of the event loop and which of its successive owners.
    struct Entry: Hashable {
        var slot: Int
        var generation: UInt32
    }

    /// The stretch of one slot: how late, at most, a deadline is noticed.
    static let tickNanoseconds: Int64 = 16_000_000
    private static let slotCount = 1024

    private var slots = [[Entry]](repeating: [], count: slotCount)
    /// The first tick whose slot has not been emptied yet.
    private var nextTick: Int64
    private var count = 0

    init(now: Int64) { nextTick = now / Self.tickNanoseconds }

    /// Lays an entry where it will be looked at: at `deadline`, or earlier if that lies beyond the wheel's reach.
    mutating func insert(_ entry: Entry, at deadline: Int64) {
        // A slot is emptied when its tick is over, so that no entry is looked at early by less than a tick, again and
        // again.
        let wanted = deadline / Self.tickNanoseconds + 1
        let tick = min(max(wanted, nextTick), nextTick + Int64(Self.slotCount) - 1)
        slots[Int(tick % Int64(Self.slotCount))].append(entry)
        count += 1
    }

    /// Hands out every entry whose slot has come, for the owner to compare with its real deadline.
    mutating func advance(to now: Int64, into due: inout [Entry]) {
        let tick = now / Self.tickNanoseconds
        guard tick >= nextTick else { return }
        let last = min(tick, nextTick + Int64(Self.slotCount) - 1)
        for current in nextTick...last {
            let index = Int(current % Int64(Self.slotCount))
            guard !slots[index].isEmpty else { continue }
            count -= slots[index].count
            due.append(contentsOf: slots[index])
            slots[index].removeAll(keepingCapacity: true)
        }
        nextTick = tick + 1
    }

    /// When the wheel wants to be advanced next; `nil` while it is empty.
    var nextWake: Int64? {
        guard count > 0 else { return nil }
        for tick in nextTick..<(nextTick + Int64(Self.slotCount))
        where !slots[Int(tick % Int64(Self.slotCount))].isEmpty {
            return tick * Self.tickNanoseconds
        }
        return nil
    }
}
