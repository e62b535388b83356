internal import SluiceBase

/// Decides which connections there may be and which one goes for another, from what each has shown of itself. State
/// without I/O; shared by the loops of a server under a lock.
struct ConnectionRegister {
    /// What a connection has shown of itself so far.
    enum Standing: Hashable {
        /// Open, without a handshake that takes memory.
        case silent
        /// In a TLS handshake that takes memory.
        case handshaking
        /// Ready for requests, none of which was accepted yet.
        case unverified
        /// A request of it was accepted; or it is one that is never made to go before the idle ones are, as a proxy's.
        case verified
    }

    /// A registration: who the connection is, and where it lives.
    struct Ticket: Sendable, Hashable {
        let number: UInt64
        let loop: Int
        let key: AddressRanking.Key
        /// Whether its address has no limit of its own.
        let isExempt: Bool
    }

    /// Who has to go for another connection.
    enum Victim: Hashable {
        case none
        /// The connection with this number, on this loop.
        case unverified(number: UInt64, loop: Int)
        /// All that are left have had a request accepted: the one that has been idle longest.
        case longestIdle
    }

    let maximum: Int
    let maximumPerAddress: Int
    let maximumHandshakes: Int

    private var byAddress: [AddressRanking.Key: Int] = [:]
    private var unverified = AddressRanking()
    private var handshakes = AddressRanking()
    /// On which loop each one is that may be made to go.
    private var loops: [UInt64: Int] = [:]
    private var nextNumber: UInt64 = 0

    init(maximum: Int, maximumPerAddress: Int, maximumHandshakes: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
        self.maximumHandshakes = maximumHandshakes
    }

    /// Registers a connection that was accepted.
    ///
    /// - Parameters:
    ///   - open: how many are open already.
    ///   - isExempt: whether it comes from a proxy, behind which are many.
    /// - Returns: nil where its address has as many as it may have; else the ticket, and who goes for it.
    mutating func enter(
        _ peer: PeerAddress, loop: Int, open: Int, isExempt: Bool
    ) -> (ticket: Ticket, victim: Victim)? {
        let key = peer.network
        if !isExempt, maximumPerAddress > 0 {
            guard byAddress[key, default: 0] < maximumPerAddress else { return nil }
            byAddress[key, default: 0] += 1
        }
        let victim = open >= maximum ? makeRoom() : .none
        let ticket = Ticket(number: nextNumber, loop: loop, key: key, isExempt: isExempt)
        nextNumber += 1
        if !isExempt {
            unverified.insert(ticket.number, of: key)
            loops[ticket.number] = loop
        }
        return (ticket, victim)
    }

    /// Notes what a connection has come to.
    ///
    /// - Returns: whose handshake is given up for this one, if there are too many.
    mutating func moved(_ ticket: Ticket, from old: Standing, to new: Standing) -> Victim {
        if old == .handshaking { handshakes.remove(ticket.number, of: ticket.key) }
        if new == .verified { strike(ticket.number, of: ticket.key) }
        guard new == .handshaking else { return .none }
        let victim = handshakes.count >= maximumHandshakes ? giveUpHandshake() : .none
        handshakes.insert(ticket.number, of: ticket.key)
        loops[ticket.number] = ticket.loop
        return victim
    }

    /// Takes a closed connection out.
    mutating func leave(_ ticket: Ticket) {
        strike(ticket.number, of: ticket.key)
        guard !ticket.isExempt, maximumPerAddress > 0 else { return }
        let left = byAddress[ticket.key, default: 1] - 1
        byAddress[ticket.key] = left > 0 ? left : nil
    }

    /// Of the address with the most connections without an accepted request: a handshake first, the oldest first.
    private mutating func makeRoom() -> Victim {
        guard let key = unverified.largest, let number = handshakes.oldest(of: key) ?? unverified.oldest(of: key) else {
            return .longestIdle
        }
        return strike(number, of: key)
    }

    /// The oldest handshake of the address with most of them.
    private mutating func giveUpHandshake() -> Victim {
        guard let key = handshakes.largest, let number = handshakes.oldest(of: key) else { return .none }
        return strike(number, of: key)
    }

    /// Out of all lists at once, so that the next victim is another one.
    @discardableResult
    private mutating func strike(_ number: UInt64, of key: AddressRanking.Key) -> Victim {
        handshakes.remove(number, of: key)
        unverified.remove(number, of: key)
        guard let loop = loops.removeValue(forKey: number) else { return .none }
        return .unverified(number: number, loop: loop)
    }
}
