import SluiceBase
import Testing

@testable import SluiceOutbox

/// How long a delivery's request stays, and what its bytes count as.
struct KeptRequestTests {
    let fixture = Fixture { $0.keepDelivered = .seconds(60) }
    var time: ManualTime { fixture.time }

    private let request = [UInt8](repeating: 7, count: 5000)
    private let letter = DeadLetter(reason: .badField, detail: "No.", share: DeliveryShare(element: 1, rule: 0))

    private func kept(_ store: OutboxStore) throws -> Int64 { try store.number("SELECT count(*) FROM requests") }

    private func quiet(_ store: OutboxStore) { for _ in 0..<1000 where !store.maintainIdle() { return } }

    private func acknowledge(_ store: OutboxStore, _ jobs: Int64...) throws {
        try store.acknowledge(jobs.map { Acknowledgement(job: $0, zizqID: "z\($0)") })
    }

    private func fail(_ store: OutboxStore, _ job: Int64) throws {
        try store.deadLetter([FailedJob(job: job, reason: .refusedByZizq, detail: "No.")])
    }

    // MARK: For dead letters

    @Test("the dead letters of a delivery share its request and its bytes count once") func deadLettersDelivery() throws
    {
        let store = try fixture.open()
        _ = store.commit([
            sample(
                1, at: time, jobs: 0, deadLetters: [letter], others: [part(50, deadLetters: [letter])], request: request
            )
        ])
        #expect(try kept(store) == 1)
        #expect(store.status.undeliveredBytes == 2 * letter.byteCost + 5000)
        for id in [1, 2] as [Int64] {
            let found = try #require(try store.queries.deadLetter(id))
            #expect(found.request == request && found.letter.contentBytes == 5000 && found.job == nil)
        }
        #expect(try store.replaceDeadLetter(1, with: []).isEmpty)
        #expect(try store.queries.deadLetter(2)?.request == request)
        #expect(store.status.undeliveredBytes == letter.byteCost + 5000)
        #expect(try store.replaceDeadLetter(2, with: []).isEmpty)
        #expect(try kept(store) == 0)
        #expect(store.status.undeliveredBytes == 0)
    }

    @Test("where the route does not keep it the request goes with the last dead letter without a job")
    func whereRouteDoes() throws {
        let store = try fixture.open()
        _ = store.commit([
            sample(1, at: time, deadLetters: [letter], request: request), sample(2, at: time, request: request),
        ])
        #expect(try kept(store) == 1)
        // A dead letter with a job needs none, nor does a job.
        try fail(store, 1)
        #expect(try store.queries.deadLetter(2)?.request == nil)
        #expect(try store.replaceDeadLetter(1, with: [job(8)]).count == 1)
        #expect(try kept(store) == 0)
    }

    @Test("a request that nothing needs is not stored") func requestNothingNeeds() throws {
        let store = try fixture.open()
        _ = store.commit([
            sample(1, at: time, request: request), sample(2, at: time, jobs: 0, request: request, keepsRequest: true),
            sample(3, at: time, request: [], keepsRequest: true),
        ])
        // The part with the dead letter is a duplicate, so that only its job is stored.
        _ = store.commit([sample(4, at: time, others: [part(1, deadLetters: [letter])], request: request)])
        #expect(try kept(store) == 0)
        #expect(store.status.undeliveredBytes == 3 * job(1).byteCost)
    }

    @Test("a duplicate keeps no request") func aDuplicateKeepsNoRequest() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time), sample(2, key: 1, at: time, request: request, keepsRequest: true)])
        #expect(try kept(store) == 0)
    }

    // MARK: For whole deliveries

    @Test("a kept request goes with its delivered jobs after their time") func keptRequestGoes() throws {
        let store = try fixture.open()
        let cost = job(1).byteCost
        _ = store.commit([sample(1, at: time, jobs: 2, request: request, keepsRequest: true), sample(2, at: time)])
        #expect(store.status.undeliveredBytes == 3 * cost + 5000)
        try acknowledge(store, 2)
        #expect(store.status.undeliveredBytes == 2 * cost + 5000)
        try acknowledge(store, 1)
        #expect(store.status.undeliveredBytes == cost)
        #expect(store.status.deliveredBytes == 2 * cost + 5000)
        try acknowledge(store, 3)
        time.advance(by: .seconds(59))
        quiet(store)
        #expect(try kept(store) == 1)
        time.advance(by: .seconds(1))
        quiet(store)
        #expect(try kept(store) == 0)
        #expect(store.status.deliveredBytes == 0)
    }

    @Test("delivered jobs and their requests never take more than their bytes") func deliveredJobsTheir() throws {
        let limit = 3 * (job(1).byteCost + 5000)
        let bounded = Fixture { $0.keepDeliveredBytes = ByteCount(bytes: limit) }
        let store = try bounded.open()
        for number in 1...20 {
            // Each third has no request.
            let request = number.isMultiple(of: 3) ? nil : request
            _ = store.commit([sample(number, at: bounded.time, request: request, keepsRequest: true)])
            try acknowledge(store, Int64(number))
            #expect(store.status.deliveredBytes <= limit)
        }
        // The job before them has a request too, for which there would be room without its job.
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [18, 19, 20])
        #expect(try kept(store) == 2)
    }

    @Test("a request larger than what may be kept goes at once") func requestLargerThan() throws {
        let none = Fixture { $0.keepDeliveredBytes = ByteCount(bytes: 4000) }
        let store = try none.open()
        _ = store.commit([sample(1, at: none.time), sample(2, at: none.time, request: request, keepsRequest: true)])
        try acknowledge(store, 1)
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [1])
        try acknowledge(store, 2)
        #expect(try store.queries.jobs(.delivered, after: 0).isEmpty)
        #expect(try kept(store) == 0)
    }

    @Test("a parked job keeps its request and passes it on when it is sent") func parkedJobKeeps() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, jobs: 2, request: request, keepsRequest: true)])
        try store.park([1], because: .unlicensed)
        try acknowledge(store, 2)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 1)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 5000)
        #expect(try store.unpark() == 1)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 5000)
        try acknowledge(store, 3)
        #expect(store.status.undeliveredBytes == 0)
        #expect(try kept(store) == 1)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 0)
    }

    @Test("a dead letter keeps the request of its delivery until its job is delivered") func deadLetterKeeps() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, jobs: 3, request: request, keepsRequest: true)])
        try acknowledge(store, 1, 3)
        try fail(store, 2)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 3 + 5000)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 1 && store.status.deliveredBytes == 0)
        #expect(try store.retryDeadLetter(1) == 4)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 5000)
        try acknowledge(store, 4)
        #expect(store.status.deliveredBytes == job(1).byteCost + 5000)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 0)
    }

    @Test("a dead letter that is removed leaves the request to the jobs that are here") func deadLetterRemoved() throws
    {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, deadLetters: [letter], request: request, keepsRequest: true)])
        try acknowledge(store, 1)
        #expect(store.status.undeliveredBytes == letter.byteCost + 5000)
        #expect(try store.replaceDeadLetter(1, with: []).isEmpty)
        #expect(store.status.undeliveredBytes == 0)
        #expect(store.status.deliveredBytes == job(1).byteCost + 5000)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 0)
    }

    @Test("a dead letter that is the last of its delivery takes the request along") func deadLetterLast() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, deadLetters: [letter], request: request, keepsRequest: true)])
        try acknowledge(store, 1)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try kept(store) == 1)
        #expect(try store.replaceDeadLetter(1, with: []).isEmpty)
        #expect(try kept(store) == 0)
    }

    @Test("a request outlives the first parts of its delivery") func requestOutlivesFirst() throws {
        let store = try fixture.open()
        let delivery = sample(
            1, at: time, window: .seconds(60), others: [part(50, jobs: [job(2)]), part(51, deadLetters: [letter])],
            request: request,
            keepsRequest: true)
        _ = store.commit([delivery])
        try acknowledge(store, 1, 2)
        time.advance(by: .seconds(100))
        quiet(store)
        #expect(try store.queries.deliveries(after: 0).map(\.id) == [3])
        #expect(try store.queries.deadLetter(1)?.request == request)
        #expect(try store.queries.request(ofDelivery: "delivery-1")?.request == request)
        #expect(try store.replaceDeadLetter(1, with: [job(9)]).count == 1)
        #expect(try kept(store) == 1)
    }

    @Test("requests count against the limit of the outbox") func requestsCountAgainst() throws {
        let small = Fixture { $0.maximumBytes = ByteCount(bytes: 7000) }
        let store = try small.open()
        func delivery(_ number: Int) -> Submission {
            sample(number, at: small.time, request: request, keepsRequest: true)
        }
        #expect(store.outcomes([delivery(1), delivery(2)]) == [stored, .refused(.outboxFull)])
        try acknowledge(store, 1)
        #expect(store.outcomes([delivery(2)]) == [stored])
    }

    @Test("what a transaction that failed did to requests is undone") func transactionFailedDid() throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, deadLetters: [letter], request: request, keepsRequest: true)])
        let before = store.ledger
        vfs.set { $0.failingSyncs = [.log] }
        #expect(
            store.outcomes([sample(2, at: time, request: request, keepsRequest: true)]) == [.refused(.commitFailed)])
        #expect(throws: OutboxError.self) { try store.replaceDeadLetter(1, with: []) }
        #expect(store.ledger == before)
        vfs.set { $0.failingSyncs = [] }
        time.advance(by: .seconds(1))
        #expect(try store.replaceDeadLetter(1, with: []).isEmpty)
        #expect(try kept(store) == 1)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 5000)
    }

    @Test("on a full disk requests go with the delivered jobs") func onFullDisk() throws {
        do {
            let store = try fixture.open()
            _ = store.commit([
                sample(1, at: time, request: request, keepsRequest: true),
                sample(2, at: time, request: request, keepsRequest: true),
            ])
            try acknowledge(store, 1)
            store.close()
        }
        // A reserve for which no disk has room: the outbox gives up what it can spare.
        fixture.configuration.reserve = ByteCount(bytes: 1 << 60)
        let store = try fixture.open()
        #expect(store.status.condition == .diskFull)
        quiet(store)
        #expect(try store.number("SELECT group_concat(delivery) FROM requests") == 2)
        #expect(store.status.deliveredBytes == 0)
    }
}
