internal import SluiceBase
internal import SluiceHTTP
internal import SluiceRoutes

/// The requests of one loop that wait for their transaction, by ticket. Belongs to its loop.
struct PendingRequests {
    struct Item {
        let exchange: ExchangeID
        let entry: ActiveRoutes.Entry
        let deliveryID: String
        let reply: RouteReply?
        let receivedAtNanoseconds: Int64
        /// Taken from the budget until the answer is given, in bytes.
        let memory: Int
        /// How many parts have a key of their own: as many duplicates are counted where all of it was seen before.
        let parts: Int
        let peer: PeerAddress
    }

    private var items: [Item?] = []
    private var free: [Int] = []

    /// The ticket that the next `insert` will use.
    var nextTicket: UInt64 { UInt64(free.last ?? items.count) }

    var count: Int { items.count - free.count }

    mutating func insert(_ item: Item) {
        if let place = free.popLast() {
            items[place] = item
        } else {
            items.append(item)
        }
    }

    /// The item of a ticket, which is free again.
    mutating func remove(_ ticket: UInt64) -> Item? {
        let place = Int(ticket)
        guard place < items.count, let item = items[place] else { return nil }
        items[place] = nil
        free.append(place)
        return item
    }
}
