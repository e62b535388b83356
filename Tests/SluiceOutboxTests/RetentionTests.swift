import SluiceBase
import Testing

@testable import SluiceOutbox

struct RetentionTests {
    private func acks(_ jobs: ClosedRange<Int64>) -> [Acknowledgement] {
        jobs.map { Acknowledgement(job: $0, zizqID: "z") }
    }

    @Test("delivered jobs stay for their time and go then") func deliveredJobsStay() throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(60) }
        let store = try fixture.open()
        _ = store.commit((1...4).map { sample($0, at: fixture.time) })
        try store.acknowledge(acks(1...2))
        fixture.time.advance(by: .seconds(30))
        try store.acknowledge(acks(3...3))
        fixture.time.advance(by: .seconds(29))
        quiet(store)
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [1, 2, 3])
        fixture.time.advance(by: .seconds(1))
        quiet(store)
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [3])
        fixture.time.advance(by: .seconds(30))
        quiet(store)
        #expect(try store.number("SELECT (SELECT count(*) FROM delivered) * 10 + (SELECT count(*) FROM jobs)") == 1)
        #expect(store.status.deliveredBytes == 0)
    }

    @Test("jobs delivered while the clock was a year ahead go with the next ones", arguments: [2, 2500])
    func futureDelivered(count: Int) throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(60) }
        let year = Duration.seconds(365 * 86_400)
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + year.wholeMilliseconds)
        do {
            let store = try fixture.open()
            _ = store.commit((1...count).map { sample($0, at: fixture.time, window: .seconds(60)) })
            try store.acknowledge(acks(1...Int64(count)))
            store.close()
        }
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() - year.wholeMilliseconds)
        let store = try fixture.open()
        _ = store.commit([sample(9000, at: fixture.time, window: .seconds(60))])
        try store.acknowledge(acks(Int64(count + 1)...Int64(count + 1)))
        fixture.time.advance(by: .seconds(59))
        quiet(store)
        #expect(try store.number("SELECT count(*) FROM delivered") == count + 1)
        fixture.time.advance(by: .seconds(61))
        quiet(store)
        #expect(try store.number("SELECT (SELECT count(*) FROM delivered) + (SELECT count(*) FROM jobs)") == 0)
        fixture.time.advance(by: .seconds(61))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }

    @Test("a start with a clock days ahead removes no delivered jobs before the clock is corrected")
    func startAhead() throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(86_400) }
        do {
            let store = try fixture.open()
            _ = store.commit((1...4).map { sample($0, at: fixture.time) })
            try store.acknowledge(acks(1...2))
            store.close()
        }
        let real = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: real + 8 * 86_400_000)
        let store = try fixture.open()
        quiet(store)
        try store.acknowledge(acks(3...3))
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [1, 2, 3])
        fixture.time.setWall(milliseconds: real + 1000)
        fixture.time.advance(by: .seconds(1200))
        quiet(store)
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [1, 2, 3])
    }

    @Test("delivered jobs never take more than their bytes") func deliveredJobsNever() throws {
        let bytes = 5 * job(1).byteCost
        let fixture = Fixture { $0.keepDeliveredBytes = ByteCount(bytes: bytes) }
        let store = try fixture.open()
        for number in 1...20 {
            _ = store.commit([sample(number, key: number, at: fixture.time)])
            try store.acknowledge(acks(Int64(number)...Int64(number)))
            #expect(store.status.deliveredBytes <= bytes)
        }
        #expect(try store.queries.jobs(.delivered, after: 0).count >= 4)
    }

    @Test("delivered jobs are removed under load with the acknowledgements") func deliveredJobsRemoved() throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(1) }
        let store = try fixture.open()
        for round in 0..<10 {
            _ = store.commit((1...100).map { sample(round * 100 + $0, at: fixture.time) })
            try store.acknowledge(acks(Int64(round * 100 + 1)...Int64(round * 100 + 100)))
            fixture.time.advance(by: .milliseconds(500))
        }
        #expect(try store.number("SELECT count(*) FROM jobs") <= 300)
    }

    @Test("a key is forgotten after its window and the next gets a unique key of its own") func keyForgottenAfter()
        throws
    {
        let fixture = Fixture { $0.keepDelivered = .zero }
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time, window: .seconds(60))])
        try store.acknowledge(acks(1...1))
        fixture.time.advance(by: .seconds(59))
        #expect(
            store.outcomes([sample(2, key: 1, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
        fixture.time.advance(by: .seconds(1))
        #expect(store.outcomes([sample(3, key: 1, at: fixture.time)]) == [stored])
        #expect(try store.pending().map(\.job.uniqueKey) == ["github:3~1"])
    }

    @Test(
        "a key holds as long as a job of its delivery is not delivered",
        arguments: ["pending", "parked", "dead", "retried"])
    func keyHoldsAs(_ state: String) throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(1000) }
        let store = try fixture.open()
        _ = store.commit([
            sample(1, at: fixture.time, window: .seconds(60)), sample(2, at: fixture.time, window: .seconds(60)),
        ])
        switch state {
        case "parked": try store.park([1], because: .unlicensed)
        case "dead", "retried": try store.deadLetter([FailedJob(job: 1, reason: .badField, detail: "No.")])
        default: break
        }
        if state == "retried" { _ = try store.retryDeadLetter(1) }
        if state != "pending" { try store.acknowledge(acks(2...2)) }
        fixture.time.advance(by: .seconds(500))
        quiet(store)
        #expect(
            store.outcomes([sample(9, key: 1, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("a key ends with its window although the delivered job is kept", arguments: [60, 130, 3000])
    func keyEndsWindow(_ seconds: Int) throws {
        let fixture = Fixture { $0.keepDelivered = .seconds(3600) }
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time, window: .seconds(60))])
        try store.acknowledge(acks(1...1))
        fixture.time.advance(by: .seconds(seconds))
        quiet(store)
        #expect(store.outcomes([sample(2, key: 1, at: fixture.time, window: .seconds(60))]) == [stored])
        #expect(try store.pending().map(\.job.uniqueKey) == ["github:2~1"])
        // What is kept can still be looked up.
        #expect(try store.queries.jobs(.delivered).map(\.deliveryID) == ["delivery-1"])
        #expect(
            store.outcomes([sample(3, key: 1, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-2", changedBody: false)
            ])
        #expect(try fixture.afterCrash().store.outcomes([sample(4, key: 1, at: fixture.time)]).first != stored)
    }

    @Test("a key ends with its window while an older job of another delivery is pending") func keyEndsWindowWhile()
        throws
    {
        let fixture = Fixture()
        let store = try fixture.open()
        _ = store.commit([1, 2].map { sample($0, at: fixture.time, window: .seconds(60), jobs: 2) })
        try store.acknowledge(acks(4...4))
        fixture.time.advance(by: .seconds(130))
        // One job of the second delivery is pending.
        #expect(
            store.outcomes([sample(9, key: 2, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-2", changedBody: false)
            ])
        try store.acknowledge(acks(3...3))
        #expect(store.outcomes([sample(10, key: 2, at: fixture.time)]) == [stored])
        #expect(
            store.outcomes([sample(11, key: 1, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("expired deliveries leave the file and others stay") func expiredDeliveriesLeave() throws {
        let fixture = Fixture {
            $0.keepDelivered = .zero
            $0.recentKeys = 100
        }
        let store = try fixture.open()
        for start in stride(from: 1, through: 1901, by: 100) {
            let batch = (start..<(start + 100)).map {
                sample($0, at: fixture.time, window: .seconds($0.isMultiple(of: 2) ? 60 : 1000), jobs: 0)
            }
            _ = store.commit(batch)
        }
        #expect(store.status.rememberedKeys == 2000)
        fixture.time.advance(by: .seconds(100))
        quiet(store)
        #expect(store.status.rememberedKeys == 1000)
        #expect(try store.number("SELECT count(*) FROM deliveries WHERE id % 2 = 0") == 0)
        #expect(
            store.outcomes([sample(5000, key: 3, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-3", changedBody: false)
            ])
        #expect(store.outcomes([sample(5001, key: 4, at: fixture.time)]) == [stored])
        fixture.time.advance(by: .seconds(1000))
        try store.acknowledge(acks(1...1))
        quiet(store)
        #expect(store.status.rememberedKeys == 1)
    }

    @Test("over the key limit the oldest without a job go first") func overKeyLimit() throws {
        let fixture = Fixture {
            $0.maximumKeys = 1000
            $0.keepDelivered = .zero
        }
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time)])
        for start in stride(from: 2, through: 1502, by: 100) {
            _ = store.commit((start..<(start + 100)).map { sample($0, at: fixture.time, jobs: 0) })
            store.maintain()
            #expect(store.status.rememberedKeys <= 1000)
        }
        #expect(store.status.isKeyLimitReached)
        #expect(store.status.keysForgottenEarly == 601)
        fixture.time.advance(by: .seconds(3600))
        #expect(!store.status.isKeyLimitReached)
        #expect(
            store.outcomes([sample(9001, key: 1, at: fixture.time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
        #expect(store.outcomes([sample(9002, key: 2, at: fixture.time)]) == [stored])
        #expect(store.outcomes([sample(9003, key: 1500, at: fixture.time)]).first != stored)
    }

    @Test("deliveries without a key do not count as keys, and evict none") func keylessDoNotCount() throws {
        let fixture = Fixture {
            $0.maximumKeys = 1000
            $0.keepDelivered = .zero
        }
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time, jobs: 0)])
        for start in stride(from: 2, through: 4902, by: 100) {
            _ = store.commit((start..<(start + 100)).map { sample($0, hasKey: false, at: fixture.time, jobs: 0) })
            store.maintain()
        }
        fixture.time.advance(by: .seconds(1))
        quiet(store)
        let crashed = try fixture.afterCrash()
        for (store, time) in [(store, fixture.time), (crashed.store, crashed.fixture.time)] {
            #expect(store.status.rememberedKeys == 1)
            #expect(store.status.keysForgottenEarly == 0 && !store.status.isKeyLimitReached)
            #expect(
                store.outcomes([sample(9001, key: 1, at: time)]) == [
                    .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
                ])
        }
        // Their rows serve nothing without a job.
        #expect(try store.number("SELECT count(*) FROM deliveries") == 1)
        fixture.time.advance(by: .seconds(8 * 86400))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 0)
    }

    @Test("over the key limit only pending, parked and dead jobs keep a key, and kept delivered jobs their row")
    func overKeyLimitKept() throws {
        let fixture = Fixture { $0.maximumKeys = 1000 }
        let store = try fixture.open()
        for start in stride(from: 1, through: 2401, by: 100) {
            _ = store.commit((start..<(start + 100)).map { sample($0, at: fixture.time, payload: 10) })
            let jobs = Int64(start)...Int64(start + 99)
            try store.acknowledge(acks(jobs).filter { $0.job != 1 && $0.job != 2 })
            if start == 1 {
                try store.park([1], because: .unlicensed)
                _ = try store.bury(2)
            }
            store.maintain()
            #expect(store.status.rememberedKeys <= 1000)
        }
        #expect(store.status.keysForgottenEarly == 1500 && store.status.isKeyLimitReached)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 2500)
        let crashed = try fixture.afterCrash()
        #expect(crashed.store.status.rememberedKeys == 1000)
        for number in [1, 2, 1503, 2500] {
            #expect(
                store.outcomes([sample(9000, key: number, at: fixture.time)]) == [
                    .duplicate(firstDeliveryID: "delivery-\(number)", changedBody: false)
                ])
        }
        for number in [3, 1502] {
            #expect(store.outcomes([sample(9000 + number, key: number, at: fixture.time)]) == [stored])
        }
    }

    @Test("over the key limit a backlog at the front is passed in steps") func overKeyLimitBacklog() throws {
        let fixture = Fixture { $0.maximumKeys = 1000 }
        let store = try fixture.open()
        for start in [1, 1001, 2001] {
            _ = store.commit((start..<(start + 1000)).map { sample($0, at: fixture.time, payload: 10) })
        }
        _ = store.commit((3001...3100).map { sample($0, at: fixture.time, jobs: 0) })
        for _ in 0..<4 { store.maintain() }
        #expect(store.status.keysForgottenEarly < 100)
        fixture.time.advance(by: .seconds(1))
        for _ in 0..<4 { _ = store.maintainIdle() }
        #expect(store.status.keysForgottenEarly == 100)
        #expect(store.status.rememberedKeys == 3000)
    }

    @Test("a limit that was lowered is reached at the pace of the deliveries, and at once in a quiet moment")
    func loweredLimit() throws {
        let fixture = Fixture { $0.keepDelivered = .zero }
        do {
            let store = try fixture.open()
            for start in stride(from: 1, through: 19_001, by: 1000) {
                _ = store.commit((start..<(start + 1000)).map { sample($0, at: fixture.time, jobs: 0) })
            }
            store.close()
        }
        fixture.configuration.maximumKeys = 5000
        let store = try fixture.open()
        _ = store.commit((20_001...20_100).map { sample($0, at: fixture.time, jobs: 0) })
        #expect(store.status.rememberedKeys == 20_100)
        for start in stride(from: 20_101, through: 30_001, by: 100) {
            _ = store.commit((start..<(start + 100)).map { sample($0, at: fixture.time, jobs: 0) })
        }
        // Two are forgotten for each that comes.
        #expect((9000...11_000).contains(store.status.rememberedKeys), "\(store.status.rememberedKeys)")
        quiet(store)
        #expect(store.status.rememberedKeys <= 5000)
    }

    @Test("free pages are given back in quiet moments") func freePagesGiven() throws {
        let fixture = Fixture { $0.keepDelivered = .zero }
        let store = try fixture.open()
        for number in 1...11 { _ = store.commit([sample(number, at: fixture.time, payload: 9_000_000)]) }
        let pages = try store.number("PRAGMA page_count")
        try store.acknowledge(acks(1...11))
        quiet(store)
        #expect(try store.number("PRAGMA page_count") < pages - 1000)
        #expect(try store.number("PRAGMA freelist_count") <= 4096 + 128)
    }

    /// Runs maintenance until nothing is left to do.
    private func quiet(_ store: OutboxStore) {
        for _ in 0..<1000 where !store.maintainIdle() { return }
        Issue.record("maintenance does not come to an end")
    }
}
