/// Deadlines of many connections, which move often and rarely pass.
///
/// A wheel of slots, each a fixed interval; an entry is in the slot in which it is checked next. Moving a deadline to a
/// later time is free (the entry is checked, found to be early, and moved on); only an earlier time needs a new entry.
/// State machine without I/O: the event loop provides the time.
struct TimerWheel {
    /// The owner of a deadline: a slot of the event loop and its generation.
    struct Entry: Hashable {
        var slot: Int
        var generation: UInt32
    }

    /// The interval of one slot: the maximum delay of a deadline.
    static let tickNanoseconds: Int64 = 16_000_000
    private static let slotCount = 1024

    private var slots = [[Entry]](repeating: [], count: slotCount)
    /// The first tick whose slot has not been emptied yet.
    private var nextTick: Int64
    private var count = 0

    init(now: Int64) { nextTick = now / Self.tickNanoseconds }

    /// Adds an entry to the slot of `deadline`, or to the last one if the deadline is beyond the end of the wheel.
    mutating func insert(_ entry: Entry, at deadline: Int64) {
        // A slot is emptied after its tick, so that an entry is not checked repeatedly within the last tick.
        let wanted = deadline / Self.tickNanoseconds + 1
        let tick = min(max(wanted, nextTick), nextTick + Int64(Self.slotCount) - 1)
        slots[Int(tick % Int64(Self.slotCount))].append(entry)
        count += 1
    }

    /// Returns every entry whose slot is due; the owner compares it with its real deadline.
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

    /// When to advance the wheel next; `nil` while it is empty.
    var nextWake: Int64? {
        guard count > 0 else { return nil }
        for tick in nextTick..<(nextTick + Int64(Self.slotCount))
        where !slots[Int(tick % Int64(Self.slotCount))].isEmpty {
            return tick * Self.tickNanoseconds
        }
        return nil
    }
}
