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
        /// The reserved memory until the answer is sent, in bytes.
        let memory: Int
        /// The number of parts with their own key: the number of duplicates if the whole delivery was seen before.
        let parts: Int
        let peer: PeerAddress
    }

    private var items: [Item?] = []
    private var free: [Int] = []

    /// The ticket of the next `insert`.
    var nextTicket: UInt64 { UInt64(free.last ?? items.count) }

    var count: Int { items.count - free.count }

    mutating func insert(_ item: Item) {
        if let index = free.popLast() {
            items[index] = item
        } else {
            items.append(item)
        }
    }

    /// Removes the item of a ticket, which can then be reused.
    mutating func remove(_ ticket: UInt64) -> Item? {
        let index = Int(ticket)
        guard index < items.count, let item = items[index] else { return nil }
        items[index] = nil
        free.append(index)
        return item
    }
}
