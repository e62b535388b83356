/// Connections by their address, the address with the most of them first. Each operation takes constant time, except
/// for the length of one address's list. State without I/O.
struct AddressRanking {
    /// An address, or an IPv6 network (`PeerAddress.network`).
    typealias Key = SIMD16<UInt8>

    private struct Entry {
        /// In the order of arrival.
        var tickets: [UInt64] = []
        /// The neighbours among the addresses with the same number.
        var previous: Key?
        var next: Key?
    }

    /// Addresses with the same number of connections; the first one has had this number longest.
    private struct Level {
        var first: Key?
        var last: Key?
    }

    private var entries: [Key: Entry] = [:]
    /// By the number of connections.
    private var levels = [Level()]
    private var highest = 0
    private(set) var count = 0

    /// The address with the most connections; of several, the one that has had this number longest.
    var largest: Key? { levels[highest].first }

    /// The first connection of an address.
    func oldest(of key: Key) -> UInt64? { entries[key]?.tickets.first }

    func count(of key: Key) -> Int { entries[key]?.tickets.count ?? 0 }

    mutating func insert(_ ticket: UInt64, of key: Key) {
        let size = count(of: key)
        if size > 0 { unlink(key, from: size) }
        entries[key, default: Entry()].tickets.append(ticket)
        link(key, to: size + 1)
        count += 1
    }

    /// Removes a connection, if it is registered.
    mutating func remove(_ ticket: UInt64, of key: Key) {
        guard let index = entries[key]?.tickets.firstIndex(of: ticket) else { return }
        let size = count(of: key)
        unlink(key, from: size)
        entries[key]?.tickets.remove(at: index)
        if size > 1 { link(key, to: size - 1) } else { entries[key] = nil }
        count -= 1
        while highest > 0, levels[highest].first == nil { highest -= 1 }
    }

    private mutating func link(_ key: Key, to size: Int) {
        while levels.count <= size { levels.append(Level()) }
        let last = levels[size].last
        entries[key]?.previous = last
        entries[key]?.next = nil
        if let last { entries[last]?.next = key } else { levels[size].first = key }
        levels[size].last = key
        highest = max(highest, size)
    }

    private mutating func unlink(_ key: Key, from size: Int) {
        let (previous, next) = (entries[key]?.previous, entries[key]?.next)
        if let previous { entries[previous]?.next = next } else { levels[size].first = next }
        if let next { entries[next]?.previous = previous } else { levels[size].last = previous }
    }
}
