import SluiceBase
import Synchronization
import Testing

@Suite(.serialized) struct MemoryBudgetTests {
    private static let mebibyte = 1 << 20
    private static let second: Int64 = 1_000_000_000

    @Test("complete requests that wait count towards their address, and are not dropped")
    func complete() {
        let room = Room()
        let waiting = (1...3).map { room.wait(UInt64($0), from: 1, bytes: 5 * Self.mebibyte) }
        let small = room.list(4, from: 1)
        #expect(room.grow(small, to: Self.mebibyte, from: 1, at: 0))
        let large = room.list(5, from: 1)
        #expect(!room.grow(large, to: 2 * Self.mebibyte, from: 1, at: Self.second))
        #expect(room.droppedConnections.isEmpty, "without the small one there would still not be enough")
        #expect(room.grow(large, to: Self.mebibyte, from: 1, at: Self.second))
        #expect(room.droppedConnections == [4])

        let other = room.list(6, from: 2)
        #expect(room.grow(other, to: 16 * Self.mebibyte, from: 2, at: Self.second))
        // All that is left to drop does not make enough room.
        #expect(!room.budget.reserve(50 * Self.mebibyte, for: .small))
        #expect(room.budget.reserve(40 * Self.mebibyte, for: .small))
        #expect(waiting.allSatisfy(room.budget.lists))

        for ticket in waiting {
            #expect(room.budget.unlist(ticket))
            room.budget.release(5 * Self.mebibyte)
        }
        room.budget.release(40 * Self.mebibyte)
        let next = room.list(7, from: 1)
        #expect(room.grow(next, to: 20 * Self.mebibyte, from: 1, at: Self.second))
    }

    /// A budget of 64 MiB, whose reserve is 8 MiB and whose share of an address is 16 MiB.
    private final class Room: Sendable {
        let budget = MemoryBudget(limit: .mebibytes(64))
        private let dropped = Mutex<[UInt64]>([])

        init() {
            budget.onDrop { [weak self] owner in self?.dropped.withLock { $0.append(owner.connection) } }
        }

        var droppedConnections: [UInt64] { dropped.withLock { $0 } }

        func list(_ connection: UInt64, from address: UInt8, at now: Int64 = 0) -> IncompleteRequests.Ticket {
            budget.list(
                IncompleteRequests.Owner(loop: 0, connection: connection), share: Self.share(address), size: .large,
                reserved: 0, at: now)
        }

        func wait(_ connection: UInt64, from address: UInt8, bytes: Int) -> IncompleteRequests.Ticket {
            #expect(budget.reserve(bytes, for: .large))
            return budget.list(
                IncompleteRequests.Owner(loop: 0, connection: connection), isComplete: true,
                share: Self.share(address), size: .large, reserved: bytes, at: 0)
        }

        func grow(
            _ ticket: IncompleteRequests.Ticket, to bytes: Int, from address: UInt8,
            size: MemoryBudget.RequestSize = .large, at now: Int64
        ) -> Bool {
            budget.grow(ticket, to: bytes, size: size, share: Self.share(address), at: now)
        }

        static func share(_ address: UInt8) -> IncompleteRequests.Share {
            IncompleteRequests.Share(of: PeerAddress(ipv4: (10, 0, 0, address), port: 1))
        }
    }

    @Test("large requests leave an eighth of the budget to small ones")
    func reserve() {
        let budget = MemoryBudget(limit: .mebibytes(64))
        #expect(budget.reserve(56 * Self.mebibyte, for: .large))
        #expect(!budget.reserve(1, for: .large))
        #expect(budget.reserve(8 * Self.mebibyte, for: .small))
        #expect(!budget.reserve(1, for: .small))
        budget.release(64 * Self.mebibyte)
        #expect(budget.bytesInUse == 0)
    }

    @Test(
        "when memory is full, the request that has stopped makes way for the one that comes, and its memory is given once"
    )
    func dropsStopped() {
        let room = Room()
        var tickets: [IncompleteRequests.Ticket] = []
        for connection in 0..<4 {
            let ticket = room.list(UInt64(connection), from: UInt8(connection))
            #expect(
                room.grow(
                    ticket, to: 14 * Self.mebibyte, from: UInt8(connection), at: connection == 2 ? 0 : Self.second))
            tickets.append(ticket)
        }
        let newcomer = room.list(9, from: 9, at: Self.second)
        #expect(room.grow(newcomer, to: Self.mebibyte, from: 9, at: Self.second))
        #expect(room.droppedConnections == [2])
        #expect(room.budget.bytesInUse == (3 * 14 + 1) * Self.mebibyte)
        #expect(!room.budget.lists(tickets[2]))
        #expect(!room.grow(tickets[2], to: 15 * Self.mebibyte, from: 2, at: Self.second))
        #expect(!room.budget.unlist(tickets[2]))
        #expect(room.budget.unlist(tickets[0]))
        #expect(room.budget.bytesInUse == (3 * 14 + 1) * Self.mebibyte)
    }

    @Test("of requests that all come the slowest makes way, however much it brought at first")
    func dropsSlowest() {
        let room = Room()
        // The first brings 14 MiB at once and then a byte a time.
        let trickle = room.list(1, from: 1)
        #expect(room.grow(trickle, to: 14 * Self.mebibyte, from: 1, at: 0))
        var tickets: [IncompleteRequests.Ticket] = []
        for connection in 2...4 { tickets.append(room.list(UInt64(connection), from: UInt8(connection))) }
        for step in 1...7 {
            let now = Int64(step) * Self.second / 2
            #expect(room.grow(trickle, to: 14 * Self.mebibyte + step, from: 1, at: now))
            for (index, ticket) in tickets.enumerated() {
                #expect(room.grow(ticket, to: step * (Self.mebibyte + index), from: UInt8(index + 2), at: now))
            }
        }
        #expect(room.budget.reserve(30 * Self.mebibyte, for: .small))
        #expect(room.droppedConnections == [1])
    }

    @Test("a small request is never dropped for a large one, and last for a small one")
    func protectsSmall() {
        let room = Room()
        let small = room.list(1, from: 1)
        #expect(room.grow(small, to: 60_000, from: 1, size: .small, at: 0))
        #expect(room.budget.reserve(55 * Self.mebibyte, for: .large))
        let large = room.list(2, from: 2)
        #expect(!room.grow(large, to: 2 * Self.mebibyte, from: 2, at: Self.second))
        #expect(room.droppedConnections.isEmpty)
        #expect(room.budget.reserve(9 * Self.mebibyte, for: .small))
        #expect(room.droppedConnections == [1])
    }

    @Test("nothing is dropped for a request that would not get its memory even then, and no more than it needs")
    func dropsOnlyWhatHelps() {
        let room = Room()
        var tickets: [IncompleteRequests.Ticket] = []
        for connection in 1...4 {
            tickets.append(room.list(UInt64(connection), from: UInt8(connection)))
            #expect(room.grow(tickets[connection - 1], to: 10 * Self.mebibyte, from: UInt8(connection), at: 0))
        }
        #expect(room.budget.reserve(10 * Self.mebibyte, for: .large))
        // Without all four, 46 of 56 MiB would be free.
        #expect(!room.budget.reserve(47 * Self.mebibyte, for: .large))
        let newcomer = room.list(5, from: 5, at: Self.second)
        #expect(!room.grow(newcomer, to: 47 * Self.mebibyte, from: 5, at: Self.second))
        #expect(!room.budget.reserve(65 * Self.mebibyte, for: .small))
        #expect(room.droppedConnections.isEmpty)
        #expect(room.budget.bytesInUse == 50 * Self.mebibyte)
        #expect(room.grow(newcomer, to: 26 * Self.mebibyte, from: 5, at: Self.second))
        #expect(room.droppedConnections.count == 2)
    }

    @Test("memory for data derived from an unverified request is taken from no other one")
    func unverified() {
        let room = Room()
        let ticket = room.list(1, from: 1)
        #expect(room.grow(ticket, to: 50 * Self.mebibyte, from: 1, at: 0))
        var charge = MemoryCharge(to: room.budget, for: .large)
        let isTaken = charge.take(10 * Self.mebibyte, isVerified: false)
        #expect(!isTaken && room.droppedConnections.isEmpty && charge.bytes == 0)
        let isTakenVerified = charge.take(10 * Self.mebibyte, isVerified: true)
        #expect(isTakenVerified)
        #expect(room.droppedConnections == [1])
        charge.giveBack(downTo: 0)
        #expect(room.budget.bytesInUse == 0)
    }

    @Test("an address takes a quarter of the budget with several requests, and more with one alone; IPv6 counts by /64")
    func share() {
        let room = Room()
        let alone = room.list(1, from: 1)
        #expect(room.grow(alone, to: 20 * Self.mebibyte, from: 1, at: 0))
        let second = room.list(2, from: 1)
        #expect(room.grow(second, to: Self.mebibyte, from: 1, at: 0))
        #expect(room.droppedConnections == [1])
        #expect(room.budget.bytesInUse == Self.mebibyte)

        func host(_ upper: UInt8, _ lower: UInt8) -> IncompleteRequests.Share {
            IncompleteRequests.Share(
                of: PeerAddress(address: [0x20, 1, 0, 0, 0, 0, 0, upper, 0, 0, 0, 0, 0, 0, 0, lower], port: 2))
        }
        #expect(host(1, 1) == host(1, 2))
        #expect(host(1, 1) != host(2, 1))
        #expect(Room.share(1) != Room.share(2))
    }
}
