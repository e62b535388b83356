import SluiceBase
import Testing

@testable import SluiceGateway

@Suite struct FairQueueTests {
    private static let first = SIMD16<UInt8>(repeating: 1)
    private static let second = SIMD16<UInt8>(repeating: 2)

    @Test("of two senders the one with less work goes first, and pieces of one stay in order")
    func shortest() {
        var queue = FairQueue<String>(limit: 10)
        for name in ["a1", "a2", "a3"] { #expect(queue.insert(name, of: Self.first, work: 100) == nil) }
        for name in ["b1", "b2"] { #expect(queue.insert(name, of: Self.second, work: 60) == nil) }
        #expect((0..<6).map { _ in queue.next() } == ["b1", "a1", "b2", "a2", "a3", nil])
    }

    @Test("a sender that comes later is due after what is being done, not after all that waits")
    func latecomer() {
        var queue = FairQueue<Int>(limit: 100)
        for number in 0..<50 { #expect(queue.insert(number, of: Self.first, work: 25) == nil) }
        for number in 0..<10 { #expect(queue.next() == number) }
        #expect(queue.insert(1000, of: Self.second, work: 1) == nil)
        #expect(queue.next() == 1000)
        #expect(queue.next() == 10)
    }

    @Test("a large piece waits for small ones of others only until they have had as much")
    func starvation() {
        var queue = FairQueue<Int>(limit: 10)
        #expect(queue.insert(1000, of: Self.first, work: 1000) == nil)
        var order: [Int] = []
        for number in 0..<200 {
            #expect(queue.insert(number, of: Self.second, work: 10) == nil)
            if let next = queue.next() { order.append(next) }
        }
        #expect(order.firstIndex(of: 1000) == 99)
    }

    @Test("removes the piece that is due last above its limit, and starts from zero once it is empty")
    func limit() {
        var queue = FairQueue<Int>(limit: 2)
        #expect(queue.insert(1, of: Self.first, work: 1 << 40) == nil)
        #expect(queue.insert(2, of: Self.first, work: 1 << 40) == nil)
        #expect(queue.insert(3, of: Self.first, work: 1) == 3)
        #expect(queue.insert(4, of: Self.second, work: 1) == 2)
        #expect([queue.next(), queue.next(), queue.next()] == [4, 1, nil])
        #expect(queue.insert(4, of: Self.first, work: 10) == nil)
        #expect(queue.insert(5, of: Self.second, work: 5) == nil)
        #expect(queue.next() == 5)
    }
}
