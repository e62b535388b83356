import SluiceBase
import Testing

@testable import SluiceOutbox

struct CommitQueueTests {
    let time = ManualTime()

    private func queue(parts: Int = 1000, bytes: Int = 16 << 20) -> CommitQueue {
        CommitQueue(limits: .init(parts: parts, bytes: bytes, deadlineNanoseconds: 5_000_000_000))
    }

    private func ids(_ deliveries: [Submission]) -> [UInt64] { deliveries.map(\.ticket) }

    @Test func theWriterGetsWhateverHasQueuedUpInOrder() {
        var queue = queue()
        #expect(queue.submitted(sample(1, at: time)) == .queued(isFirst: true))
        #expect(queue.submitted(sample(2, at: time)) == .queued(isFirst: false))
        let batch = queue.writerBecameReady(at: time.monotonicNanoseconds())
        #expect(ids(batch.deliveries) == [1, 2])
        #expect(batch.overdue.isEmpty)
        #expect(queue.isEmpty)
        #expect(queue.submitted(sample(3, at: time)) == .queued(isFirst: true))
    }

    @Test func aBatchHasNoMoreDeliveriesThanTheLimit() {
        var queue = queue(parts: 3)
        for number in 1...7 { _ = queue.submitted(sample(number, at: time)) }
        let now = time.monotonicNanoseconds()
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [1, 2, 3])
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [4, 5, 6])
        #expect(queue.count == 1)
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [7])
    }

    @Test func aBatchHasNoMoreBytesThanTheLimitButAlwaysOneDelivery() {
        var queue = queue(bytes: 2000)
        for (number, payload) in [(1, 500), (2, 500), (3, 9000), (4, 10)] {
            _ = queue.submitted(sample(number, at: time, payload: payload))
        }
        let now = time.monotonicNanoseconds()
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [1, 2])
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [3])
        #expect(ids(queue.writerBecameReady(at: now).deliveries) == [4])
    }

    @Test func aDeliveryWithMorePartsThanTheLimitIsAloneAndHoldsNobodyUpForLonger() {
        var queue = queue(parts: 5)
        func parts(_ count: Int) -> [Delivery.Part] { (1...count).map { part($0) } }
        for (number, others) in [(1, []), (2, parts(2)), (3, parts(1)), (4, parts(99)), (5, parts(4)), (6, [])] {
            _ = queue.submitted(sample(number, at: time, jobs: 0, others: others))
        }
        let now = time.monotonicNanoseconds()
        var batches: [[UInt64]] = []
        while !queue.isEmpty { batches.append(ids(queue.writerBecameReady(at: now).deliveries)) }
        #expect(batches == [[1, 2], [3], [4], [5], [6]])
    }

    @Test func aDeliveryThatWaitedForTooLongIsTakenOutAndNotStored() {
        var queue = queue()
        _ = queue.submitted(sample(1, at: time))
        time.advance(by: .seconds(3))
        _ = queue.submitted(sample(2, at: time))
        #expect(queue.nextDeadline == 6_000_000_000)
        time.advance(by: .seconds(2))
        let batch = queue.writerBecameReady(at: time.monotonicNanoseconds())
        #expect(ids(batch.overdue) == [1])
        #expect(ids(batch.deliveries) == [2])
        #expect(queue.nextDeadline == nil)
    }

    @Test func theDeadlineTakesOutDeliveriesWhileTheWriterIsBusy() {
        var queue = queue()
        _ = queue.submitted(sample(1, at: time))
        time.advance(by: .milliseconds(4999))
        #expect(queue.deadlinePassed(at: time.monotonicNanoseconds()).isEmpty)
        time.advance(by: .milliseconds(1))
        #expect(ids(queue.deadlinePassed(at: time.monotonicNanoseconds())) == [1])
        #expect(queue.isEmpty)
    }

    @Test func afterClosingWhatWaitsIsStoredAndWhatComesIsRefused() {
        var queue = queue()
        _ = queue.submitted(sample(1, at: time))
        queue.closed()
        #expect(queue.submitted(sample(2, at: time)) == .refused(.shuttingDown))
        #expect(ids(queue.writerBecameReady(at: time.monotonicNanoseconds()).deliveries) == [1])
    }

    @Test func aLongQueueIsTakenInOrderWithoutLoss() {
        var queue = queue(parts: 7)
        var taken: [UInt64] = []
        for number in 1...20_000 {
            _ = queue.submitted(sample(number, at: time, jobs: 0))
            if number.isMultiple(of: 10) { taken += ids(queue.writerBecameReady(at: 0).deliveries) }
        }
        while !queue.isEmpty { taken += ids(queue.writerBecameReady(at: 0).deliveries) }
        #expect(taken == Array(1...20_000))
    }

    @Test func whatHasLeftTheQueueIsNotKeptInMemory() {
        var queue = queue(parts: 10)
        let deliveries = (1...1000).map { sample($0, at: time, payload: 10_000) }
        for delivery in deliveries { _ = queue.submitted(delivery) }
        for left in stride(from: 990, through: 0, by: -10) {
            #expect(queue.writerBecameReady(at: 0).deliveries.count == 10)
            #expect(queue.retainedBytes == deliveries.suffix(left).reduce(0) { $0 + $1.byteCost })
        }
    }

    @Test func whatWasTakenOutAtItsDeadlineIsNotKeptInMemory() {
        var queue = queue()
        for number in 1...10 { _ = queue.submitted(sample(number, at: time, payload: 10_000)) }
        time.advance(by: .seconds(4))
        _ = queue.submitted(sample(11, at: time, payload: 10_000))
        time.advance(by: .seconds(1))
        #expect(queue.deadlinePassed(at: time.monotonicNanoseconds()).count == 10)
        #expect(queue.retainedBytes == sample(11, at: time, payload: 10_000).byteCost)
    }
}
