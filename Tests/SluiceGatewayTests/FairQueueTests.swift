import SluiceBase
import Testing

@testable import SluiceGateway

@Suite struct FairQueueTests {
    private static let first = SIMD16<UInt8>(repeating: 1)
    private static let second = SIMD16<UInt8>(repeating: 2)

    @Test("of two senders the one with less work goes first, and pieces of one stay in order")
    func shortest() {
        var queue = FairQueue<String>()
        for name in ["a1", "a2", "a3"] { queue.insert(name, of: Self.first, work: 100) }
        for name in ["b1", "b2"] { queue.insert(name, of: Self.second, work: 60) }
        #expect((0..<6).map { _ in queue.next() } == ["b1", "a1", "b2", "a2", "a3", nil])
    }

    @Test("a sender that comes later is due after what is being done, not after all that waits")
    func latecomer() {
        var queue = FairQueue<Int>()
        for number in 0..<50 { queue.insert(number, of: Self.first, work: 25) }
        for number in 0..<10 { #expect(queue.next() == number) }
        queue.insert(1000, of: Self.second, work: 1)
        #expect(queue.next() == 1000)
        #expect(queue.next() == 10)
    }

    @Test("a large piece waits for small ones of others only until they have had as much")
    func starvation() {
        var queue = FairQueue<Int>()
        queue.insert(1000, of: Self.first, work: 1000)
        var order: [Int] = []
        for number in 0..<200 {
            queue.insert(number, of: Self.second, work: 10)
            if let next = queue.next() { order.append(next) }
        }
        #expect(order.firstIndex(of: 1000) == 99)
    }

    @Test("above the limit the piece that is due last is removed, and an empty queue starts from zero")
    func limit() {
        var queue = KnownFirst<Int>(limit: 2)
        func insert(_ number: Int, _ sender: SIMD16<UInt8>, work: Int) -> Int? {
            queue.insert(number, of: sender, isKnown: false, work: work)
        }
        #expect(insert(1, Self.first, work: 1 << 40) == nil)
        #expect(insert(2, Self.first, work: 1 << 40) == nil)
        #expect(insert(3, Self.first, work: 1) == 3)
        #expect(insert(4, Self.second, work: 1) == 2)
        #expect([queue.next(), queue.next(), queue.next()] == [4, 1, nil])
        #expect(insert(4, Self.first, work: 10) == nil)
        #expect(insert(5, Self.second, work: 5) == nil)
        #expect(queue.next() == 5)
    }

    @Test("junk from many addresses neither displaces known senders nor takes more than every other turn")
    func known() {
        var queue = KnownFirst<Int>(limit: 256)
        for number in 1...3 { #expect(queue.insert(-number, of: Self.first, isKnown: true, work: 1 << 20) == nil) }
        var displaced: [Int] = []
        for number in 1...400 {
            let sender = SIMD16<UInt8>(repeating: UInt8(number % 251 + 3))
            if let out = queue.insert(number, of: sender, isKnown: false, work: 1000) { displaced.append(out) }
        }
        #expect(displaced.count == 147 && displaced.allSatisfy { $0 > 0 })
        let order = (1...8).compactMap { _ in queue.next() }
        #expect(order.enumerated().filter { $0.element < 0 }.map(\.offset) == [0, 2, 4])
        #expect(order.filter { $0 < 0 } == [-1, -2, -3])
    }

    @Test("junk of known senders takes half of the places")
    func knownJunk() {
        var queue = KnownFirst<Int>(limit: 256)
        for number in 1...400 {
            let out = queue.insert(number, of: Self.first, isKnown: true, work: 1000)
            #expect(out == (number > 256 ? number : nil))
        }
        // Of the known sender, the places above the half go first.
        for number in 1...128 {
            let out = queue.insert(-number, of: Self.second, isKnown: false, work: 1 << 20)
            #expect(out == 257 - number)
        }
        #expect(queue.insert(-129, of: Self.second, isKnown: false, work: 1) == -129)
        #expect(queue.insert(500, of: Self.first, isKnown: true, work: 1) == 500)
    }

    @Test("the senders that were added last are known, up to a number of them")
    func recent() {
        var recent = RecentSenders(limit: 2)
        let senders = (1...4).map { SIMD16<UInt8>(repeating: $0) }
        for sender in [senders[0], senders[1], senders[0], senders[2]] { recent.insert(sender) }
        #expect(senders.map { recent.contains($0) } == [false, true, true, false])
        recent.insert(senders[3])
        recent.insert(senders[0])
        #expect(senders.map { recent.contains($0) } == [true, false, false, true])
    }
}
