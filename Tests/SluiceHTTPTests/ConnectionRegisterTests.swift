import SluiceBase
import Testing

@testable import SluiceHTTP

@Suite struct ConnectionRegisterTests {
    private static func peer(_ number: UInt8) -> PeerAddress { PeerAddress(ipv4: (192, 0, 2, number), port: 1) }

    private static func register(maximum: Int = 100, perAddress: Int = 0, handshakes: Int = 100) -> ConnectionRegister {
        ConnectionRegister(maximum: maximum, maximumPerAddress: perAddress, maximumHandshakes: handshakes)
    }

    /// Registers a connection and notes that its handshake is over.
    private static func enter(
        _ peer: PeerAddress, into register: inout ConnectionRegister, open: Int = 0, handshaking: Bool = false
    ) throws -> ConnectionRegister.Ticket {
        let entered = register.enter(peer, loop: 0, open: open, isExempt: false)
        let ticket = try #require(entered).ticket
        _ = register.moved(ticket, from: .silent, to: .handshaking)
        if !handshaking { _ = register.moved(ticket, from: .handshaking, to: .unverified) }
        return ticket
    }

    private static func mayEnter(_ peer: PeerAddress, _ register: inout ConnectionRegister, isExempt: Bool = false)
        -> Bool
    {
        register.enter(peer, loop: 0, open: 0, isExempt: isExempt) != nil
    }

    private static func victim(
        for peer: PeerAddress, _ register: inout ConnectionRegister
    ) -> ConnectionRegister.Victim? {
        register.enter(peer, loop: 0, open: register.maximum, isExempt: false)?.victim
    }

    @Test("an address has a limit of connections, and gets another one when one has closed")
    func perAddress() throws {
        var register = Self.register(perAddress: 2)
        let first = try Self.enter(Self.peer(1), into: &register)
        let second = try Self.enter(Self.peer(1), into: &register)
        for ticket in [first, second] { _ = register.moved(ticket, from: .unverified, to: .verified) }
        #expect(!Self.mayEnter(Self.peer(1), &register))
        #expect(Self.mayEnter(Self.peer(2), &register))
        #expect(Self.mayEnter(Self.peer(1), &register, isExempt: true))
        register.leave(first)
        #expect(Self.mayEnter(Self.peer(1), &register))
    }

    @Test("at the limit of an address, its oldest connection without an accepted request goes")
    func victimOfAddress() throws {
        var register = Self.register(perAddress: 3)
        let sender = try Self.enter(Self.peer(1), into: &register)
        _ = register.moved(sender, from: .unverified, to: .verified)
        let silentEntered = register.enter(Self.peer(1), loop: 1, open: 1, isExempt: false)
        let silent = try #require(silentEntered).ticket
        _ = try Self.enter(Self.peer(2), into: &register)
        let handshake = try Self.enter(Self.peer(1), into: &register, handshaking: true)
        for (expected, loop) in [(silent, 1), (handshake, 0)] {
            let victim = register.enter(Self.peer(1), loop: 0, open: 4, isExempt: false)?.victim
            #expect(victim == .unverified(number: expected.number, loop: loop))
            register.leave(expected)
        }
    }

    @Test("a connection that replaces another of its address does not make a second one go")
    func victimOfAddressAtTheCap() throws {
        var register = Self.register(maximum: 2, perAddress: 1)
        let other = try Self.enter(Self.peer(2), into: &register)
        let first = try Self.enter(Self.peer(1), into: &register)
        #expect(Self.victim(for: Self.peer(1), &register) == .unverified(number: first.number, loop: 0))
        _ = register.moved(other, from: .unverified, to: .verified)
        #expect(Self.victim(for: Self.peer(2), &register) == nil)
    }

    @Test("the addresses of an IPv6 /64 count as one")
    func network() throws {
        var register = Self.register(perAddress: 1)
        let addresses = ["2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"].compactMap {
            PeerAddress.address(parsing: $0)
        }
        let peers = addresses.map { PeerAddress(address: $0, port: 1) }
        let first = try Self.enter(peers[0], into: &register)
        _ = register.moved(first, from: .unverified, to: .verified)
        #expect(!Self.mayEnter(peers[1], &register))
        #expect(Self.mayEnter(peers[2], &register))
    }

    @Test(
        "at the cap the address with the most connections without an accepted request gives one, a handshake first, then the oldest"
    )
    func victims() throws {
        var register = Self.register(maximum: 6)
        let sender = try Self.enter(Self.peer(1), into: &register)
        _ = try Self.enter(Self.peer(2), into: &register)
        let old = try Self.enter(Self.peer(3), into: &register)
        let young = try Self.enter(Self.peer(3), into: &register)
        let handshake = try Self.enter(Self.peer(3), into: &register, handshaking: true)
        _ = register.moved(sender, from: .unverified, to: .verified)
        for expected in [handshake, old] {
            #expect(Self.victim(for: Self.peer(4), &register) == .unverified(number: expected.number, loop: 0))
        }
        // Now the newcomer's own address has the most.
        #expect(Self.victim(for: Self.peer(5), &register) != .unverified(number: young.number, loop: 0))
    }

    @Test("only when every connection has had a request accepted the longest idle one goes")
    func idle() throws {
        var register = Self.register(maximum: 2)
        let tickets = [try Self.enter(Self.peer(1), into: &register), try Self.enter(Self.peer(2), into: &register)]
        for ticket in tickets { _ = register.moved(ticket, from: .unverified, to: .verified) }
        #expect(Self.victim(for: Self.peer(3), &register) == .longestIdle)
    }

    @Test("a proxy's connections are not made to go before idle ones")
    func proxies() throws {
        var register = Self.register(maximum: 1)
        let entered = register.enter(Self.peer(1), loop: 0, open: 0, isExempt: true)
        let proxied = try #require(entered)
        _ = register.moved(proxied.ticket, from: .silent, to: .handshaking)
        _ = register.moved(proxied.ticket, from: .handshaking, to: .verified)
        #expect(Self.victim(for: Self.peer(2), &register) == .longestIdle)
    }

    @Test("above the limit of handshakes, the oldest one of the address with the most of them is closed")
    func handshakes() throws {
        var register = Self.register(handshakes: 4)
        _ = try Self.enter(Self.peer(1), into: &register, handshaking: true)
        let oldest = try Self.enter(Self.peer(2), into: &register, handshaking: true)
        for _ in 0..<2 { _ = try Self.enter(Self.peer(2), into: &register, handshaking: true) }
        let honestEntered = register.enter(Self.peer(3), loop: 1, open: 4, isExempt: false)
        let honest = try #require(honestEntered).ticket
        let victim = register.moved(honest, from: .silent, to: .handshaking)
        #expect(victim == .unverified(number: oldest.number, loop: 0))
        // One that is complete makes room.
        _ = register.moved(honest, from: .handshaking, to: .unverified)
        let nextEntered = register.enter(Self.peer(3), loop: 1, open: 4, isExempt: false)
        let next = try #require(nextEntered).ticket
        let another = register.moved(next, from: .silent, to: .handshaking)
        #expect(another == .none)
    }

    @Test("the ranking follows any order of coming and going")
    func ranking() {
        var ranking = AddressRanking()
        var model: [(key: AddressRanking.Key, ticket: UInt64)] = []
        var generator = SystemRandomNumberGenerator()
        for ticket in UInt64(0)..<5000 {
            if Int.random(in: 0..<3, using: &generator) > 0 || model.isEmpty {
                let key = AddressRanking.Key(repeating: UInt8.random(in: 0..<20, using: &generator))
                ranking.insert(ticket, of: key)
                model.append((key, ticket))
            } else {
                let gone = model.remove(at: Int.random(in: 0..<model.count, using: &generator))
                ranking.remove(gone.ticket, of: gone.key)
            }
            let counts = model.reduce(into: [:]) { counts, entry in counts[entry.key, default: 0] += 1 }
            #expect(ranking.count == model.count)
            #expect(ranking.largest.map { counts[$0] ?? 0 } == counts.values.max())
            guard let largest = ranking.largest else { continue }
            #expect(ranking.oldest(of: largest) == model.first { $0.key == largest }?.ticket)
        }
    }
}

@Suite struct TurnAllowanceTests {
    @Test("a connection has 16 requests a turn, and again in the next one")
    func requests() {
        var allowance = TurnAllowance()
        for turn in UInt64(1)...3 {
            let taken = (0..<20).map { _ in allowance.takeRequest(in: turn) }
            #expect(taken == (0..<20).map { $0 < 16 })
        }
    }

    @Test("a connection has 16 reads or 64 KiB a turn")
    func reads() {
        var allowance = TurnAllowance()
        let small = (0..<70).map { _ in allowance.takeRead(in: 1) }
        #expect(small == (0..<70).map { $0 < 16 })
        let large = (0..<2).map { _ in
            defer { allowance.read(1 << 20) }
            return allowance.takeRead(in: 2)
        }
        #expect(large == [true, false])
    }
}
