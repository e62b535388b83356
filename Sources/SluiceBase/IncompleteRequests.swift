/// The incomplete requests of a server, with their memory and their speed, to find the one to drop when memory is full,
/// and the complete ones that wait for another thread, which count towards their address as well.
///
/// State without I/O, guarded by `MemoryBudget`. A request that arrives complete and is read at once is never listed.
package struct IncompleteRequests {
    /// The connection of a request.
    package struct Owner: Sendable, Hashable {
        /// The position of its event loop.
        package let loop: Int
        /// Its registration on that loop.
        package let connection: UInt64

        package init(loop: Int, connection: UInt64) {
            self.loop = loop
            self.connection = connection
        }
    }

    /// The client that a request's memory counts towards: an address, or for IPv6 a /64, which is what one subscriber
    /// has.
    package struct Share: Sendable, Hashable {
        private let upper: UInt64
        private let lower: UInt64

        package init(of peer: PeerAddress) {
            var (upper, lower) = (UInt64(0), UInt64(0))
            for index in 0..<8 {
                upper = upper << 8 | UInt64(peer.address[index])
                lower = lower << 8 | UInt64(peer.address[8 + index])
            }
            self.upper = upper
            self.lower = peer.isIPv4 ? lower : 0
        }
    }

    /// Identifies a listed request.
    package struct Ticket: Sendable, Hashable {
        fileprivate let index: Int
        fileprivate let generation: UInt32
    }

    private struct Entry {
        let owner: Owner
        let generation: UInt32
        /// Never dropped, because another thread reads it.
        let isComplete: Bool
        var share: Share?
        var size: MemoryBudget.RequestSize
        /// The reserved memory, about the bytes that have arrived.
        var bytes: Int
        var lastProgress: Int64
        /// Two times, at least a second apart, and the memory at each.
        var older: (time: Int64, bytes: Int)
        var newer: (time: Int64, bytes: Int)
    }

    var onDrop: (@Sendable (Owner) -> Void)?
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var generation: UInt32 = 0
    /// The memory of all requests of an address.
    private var shares: [Share: Int] = [:]
    private var dropped: [Owner] = []

    /// A request without progress for this time counts as stopped.
    private static let stoppedNanoseconds: Int64 = 500_000_000
    private static let rateNanoseconds: Int64 = 1_000_000_000

    mutating func add(
        _ owner: Owner, isComplete: Bool, share: Share?, size: MemoryBudget.RequestSize, reserved: Int, at now: Int64
    ) -> Ticket {
        generation &+= 1
        let entry = Entry(
            owner: owner, generation: generation, isComplete: isComplete, share: share, size: size, bytes: reserved,
            lastProgress: now, older: (now, 0), newer: (now, 0))
        if let share { shares[share, default: 0] += reserved }
        if let index = free.popLast() {
            entries[index] = entry
            return Ticket(index: index, generation: generation)
        }
        entries.append(entry)
        return Ticket(index: entries.count - 1, generation: generation)
    }

    mutating func remove(_ ticket: Ticket) -> Bool {
        guard holds(ticket) else { return false }
        _ = takeOut(ticket.index)
        return true
    }

    func holds(_ ticket: Ticket) -> Bool { entries[ticket.index]?.generation == ticket.generation }

    mutating func grow(
        _ ticket: Ticket, to bytes: Int, size: MemoryBudget.RequestSize, share: Share?, at now: Int64,
        in budget: MemoryBudget
    ) -> Bool {
        guard holds(ticket), var entry = entries[ticket.index] else { return false }
        note(&entry, size: size, share: share, at: now)
        entries[ticket.index] = entry
        let more = bytes - entry.bytes
        guard more > 0 else { return true }
        if let share = entry.share, !shrink(share, by: more, except: ticket.index, at: now, in: budget) { return false }
        guard makeRoom(of: more, for: size, except: ticket.index, at: now, in: budget) else { return false }
        entries[ticket.index]?.bytes = bytes
        if let share = entry.share { shares[share, default: 0] += more }
        return true
    }

    /// Reserves memory, and drops requests for it, the slowest first, only if they have enough and only as many as
    /// needed.
    ///
    /// - Parameter index: the request that needs the memory.
    /// - Returns: whether it was reserved; otherwise nothing was dropped, unless other threads took what was released.
    mutating func makeRoom(
        of bytes: Int, for size: MemoryBudget.RequestSize, except index: Int?, at now: Int64? = nil,
        in budget: MemoryBudget
    ) -> Bool {
        if budget.take(bytes, for: size) { return true }
        let now = now ?? latest
        while budget.shortage(of: bytes, for: size) <= droppable(for: size, except: index),
            let victim = slowest(for: size, except: index, at: now)
        {
            budget.release(drop(victim))
            if budget.take(bytes, for: size) { return true }
        }
        return false
    }

    /// Returns the connections whose requests were dropped since the last call.
    mutating func takeDropped() -> [Owner] {
        defer { dropped = [] }
        return dropped
    }
}

extension IncompleteRequests {
    /// The time of the last recorded progress.
    private var latest: Int64 { entries.reduce(0) { max($0, $1?.lastProgress ?? 0) } }

    private mutating func note(_ entry: inout Entry, size: MemoryBudget.RequestSize, share: Share?, at now: Int64) {
        entry.size = size
        entry.lastProgress = now
        if now - entry.newer.time >= Self.rateNanoseconds {
            entry.older = entry.newer
            entry.newer = (now, entry.bytes)
        }
        guard share != entry.share else { return }
        giveBack(entry)
        if let share { shares[share, default: 0] += entry.bytes }
        entry.share = share
    }

    /// Drops the slowest requests of an address that exceeds its part of the budget. A single request may exceed it.
    ///
    /// - Returns: `false` if its complete requests leave no room; nothing was dropped then.
    private mutating func shrink(
        _ share: Share, by more: Int, except index: Int, at now: Int64, in budget: MemoryBudget
    ) -> Bool {
        guard (shares[share] ?? 0) + more > budget.addressBytes else { return true }
        let complete = entries.reduce(0) { bytes, entry in
            guard let entry, entry.isComplete, entry.share == share else { return bytes }
            return bytes + entry.bytes
        }
        let own = entries[index]?.bytes ?? 0
        guard complete == 0 || complete + own + more <= budget.addressBytes else { return false }
        while (shares[share] ?? 0) + more > budget.addressBytes {
            guard let victim = slowest(except: index, at: now, where: { $0.share == share }) else { return true }
            budget.release(drop(victim))
        }
        return true
    }

    /// The memory of the requests that can be dropped for another one.
    private func droppable(for size: MemoryBudget.RequestSize, except index: Int?) -> Int {
        var bytes = 0
        for other in entries.indices where other != index {
            guard let entry = entries[other], !entry.isComplete else { continue }
            guard size == .small || entry.size == .large else { continue }
            bytes += entry.bytes
        }
        return bytes
    }

    /// Large requests are dropped first; small ones only for small ones.
    private func slowest(for size: MemoryBudget.RequestSize, except index: Int?, at now: Int64) -> Int? {
        if let large = slowest(except: index, at: now, where: { $0.size == .large }) { return large }
        return size == .large ? nil : slowest(except: index, at: now, where: { $0.size == .small })
    }

    private func slowest(except own: Int?, at now: Int64, where isCandidate: (Entry) -> Bool) -> Int? {
        var best: (rate: Int64, bytes: Int, index: Int)?
        for index in entries.indices where index != own {
            guard let entry = entries[index], entry.bytes > 0, !entry.isComplete, isCandidate(entry) else { continue }
            let rate = Self.rate(of: entry, at: now)
            if let best, (best.rate, -best.bytes) <= (rate, -entry.bytes) { continue }
            best = (rate, entry.bytes, index)
        }
        return best?.index
    }

    /// Bytes per second; 0 for a request that has stopped.
    private static func rate(of entry: Entry, at now: Int64) -> Int64 {
        guard now - entry.lastProgress < stoppedNanoseconds else { return 0 }
        let milliseconds = max(50, (now - entry.older.time) / 1_000_000)
        return Int64(entry.bytes - entry.older.bytes) * 1000 / milliseconds
    }

    private mutating func drop(_ index: Int) -> Int {
        guard let entry = takeOut(index) else { return 0 }
        dropped.append(entry.owner)
        return entry.bytes
    }

    private mutating func takeOut(_ index: Int) -> Entry? {
        guard let entry = entries[index] else { return nil }
        giveBack(entry)
        entries[index] = nil
        free.append(index)
        return entry
    }

    private mutating func giveBack(_ entry: Entry) {
        guard let share = entry.share else { return }
        let left = (shares[share] ?? 0) - entry.bytes
        shares[share] = left > 0 ? left : nil
    }
}
