internal import SluiceBase

/// Decides which connections are allowed and which one is closed for another, from what each has sent so far. State
/// without I/O; shared by the loops of a server under a lock.
struct ConnectionRegister {
    /// The state of a connection.
    enum Standing: Hashable {
        /// Open, without a handshake that takes memory.
        case silent
        /// In a TLS handshake that uses memory.
        case handshaking
        /// Ready for requests; none has been accepted yet.
        case unverified
        /// A request has been accepted, or the connection is only closed when idle, as for a proxy.
        case verified
    }

    /// A registration of a connection, with its loop.
    struct Ticket: Sendable, Hashable {
        let number: UInt64
        let loop: Int
        let key: AddressRanking.Key
        /// Whether no limit applies to its address.
        let isExempt: Bool
    }

    /// The connection to close for another one.
    enum Victim: Hashable {
        case none
        /// The connection with this number, on this loop.
        case unverified(number: UInt64, loop: Int)
        /// The longest-idle connection, if every connection has an accepted request.
        case longestIdle
    }

    let maximum: Int
    let maximumPerAddress: Int
    let maximumHandshakes: Int

    private var byAddress: [AddressRanking.Key: Int] = [:]
    private var unverified = AddressRanking()
    private var handshakes = AddressRanking()
    /// The loops of the connections that can be closed.
    private var loops: [UInt64: Int] = [:]
    private var nextNumber: UInt64 = 0

    init(maximum: Int, maximumPerAddress: Int, maximumHandshakes: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
        self.maximumHandshakes = maximumHandshakes
    }

    /// Registers an accepted connection.
    ///
    /// - Parameters:
    ///   - open: the number of open connections.
    ///   - isExempt: whether it comes from a proxy with many clients.
    /// - Returns: `nil` if its address has reached its limit, and each of its connections has had a request accepted;
    ///   otherwise the ticket and the connection to close for it.
    mutating func enter(
        _ peer: PeerAddress, loop: Int, open: Int, isExempt: Bool
    ) -> (ticket: Ticket, victim: Victim)? {
        let key = peer.network
        var victim = Victim.none
        if !isExempt, maximumPerAddress > 0 {
            if byAddress[key, default: 0] >= maximumPerAddress {
                // The oldest, not a handshake first: a sender behind the same NAT may be in its handshake.
                guard let number = unverified.oldest(of: key) else { return nil }
                victim = takeVictim(number, of: key)
            }
            byAddress[key, default: 0] += 1
        }
        if victim == .none, open >= maximum { victim = makeRoom() }
        let ticket = Ticket(number: nextNumber, loop: loop, key: key, isExempt: isExempt)
        nextNumber += 1
        if !isExempt {
            unverified.insert(ticket.number, of: key)
            loops[ticket.number] = loop
        }
        return (ticket, victim)
    }

    /// Records a change of a connection.
    ///
    /// - Returns: the connection whose handshake is closed for this one, if there are too many.
    mutating func moved(_ ticket: Ticket, from old: Standing, to new: Standing) -> Victim {
        if old == .handshaking { handshakes.remove(ticket.number, of: ticket.key) }
        if new == .verified { takeVictim(ticket.number, of: ticket.key) }
        guard new == .handshaking else { return .none }
        let victim = handshakes.count >= maximumHandshakes ? giveUpHandshake() : .none
        handshakes.insert(ticket.number, of: ticket.key)
        loops[ticket.number] = ticket.loop
        return victim
    }

    /// Removes a closed connection.
    mutating func leave(_ ticket: Ticket) {
        takeVictim(ticket.number, of: ticket.key)
        guard !ticket.isExempt, maximumPerAddress > 0 else { return }
        let left = byAddress[ticket.key, default: 1] - 1
        byAddress[ticket.key] = left > 0 ? left : nil
    }

    /// Of the address with the most connections without an accepted request: handshakes first, the oldest first.
    private mutating func makeRoom() -> Victim {
        guard let key = unverified.largest, let number = handshakes.oldest(of: key) ?? unverified.oldest(of: key) else {
            return .longestIdle
        }
        return takeVictim(number, of: key)
    }

    /// The oldest handshake of the address with the most of them.
    private mutating func giveUpHandshake() -> Victim {
        guard let key = handshakes.largest, let number = handshakes.oldest(of: key) else { return .none }
        return takeVictim(number, of: key)
    }

    /// Removed from all lists immediately, so that the next victim is another one.
    @discardableResult
    private mutating func takeVictim(_ number: UInt64, of key: AddressRanking.Key) -> Victim {
        handshakes.remove(number, of: key)
        unverified.remove(number, of: key)
        guard let loop = loops.removeValue(forKey: number) else { return .none }
        return .unverified(number: number, loop: loop)
    }
}
