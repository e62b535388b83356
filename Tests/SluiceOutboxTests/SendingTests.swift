import SluiceBase
import Testing

@testable import SluiceOutbox

struct SendingTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    private func filled(_ count: Int) throws -> OutboxStore {
        let store = try fixture.open()
        _ = store.commit((1...count).map { sample($0, at: time) })
        return store
    }

    private func acks(_ jobs: [Int64]) -> [Acknowledgement] { jobs.map { Acknowledgement(job: $0, zizqID: "z\($0)") } }

    @Test("acknowledged jobs are not sent again and keep their Zizq id") func acknowledgedJobsNot() throws {
        let store = try filled(5)
        try store.acknowledge(acks([1, 2, 3]))
        #expect(try store.pending().map(\.id) == [4, 5])
        #expect(store.firstPendingJobID == 4)
        #expect(store.status.pendingJobs == 2)
        let delivered = try store.queries.jobs(.delivered, after: 0)
        #expect(delivered.map(\.id) == [1, 2, 3])
        #expect(delivered.map(\.zizqID) == ["z1", "z2", "z3"])
        #expect(delivered.map(\.deliveredAtMilliseconds) == Array(repeating: time.wallMilliseconds(), count: 3))
    }

    @Test("jobs acknowledged out of order are left out also after the outbox was opened again")
    func jobsAcknowledgedOut() throws {
        do {
            let store = try filled(6)
            try store.acknowledge(acks([4, 2]))
            #expect(try store.pending().map(\.id) == [1, 3, 5, 6])
            #expect(store.status.pendingJobs == 4)
            store.close()
        }
        let store = try fixture.open()
        #expect(store.firstPendingJobID == 1)
        #expect(store.status.pendingJobs == 4)
        #expect(try store.pending().map(\.id) == [1, 3, 5, 6])
        try store.acknowledge(acks([1]))
        #expect(store.firstPendingJobID == 3)
        try store.acknowledge(acks([3]))
        #expect(store.firstPendingJobID == 5)
        #expect(store.status.pendingJobs == 2)
    }

    @Test("an acknowledgement that comes twice or for an unknown job changes nothing") func acknowledgementComesTwice()
        throws
    {
        let store = try filled(2)
        try store.acknowledge(acks([1]))
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "other"), Acknowledgement(job: 77, zizqID: "none")])
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.zizqID) == ["z1"])
        #expect(store.status.pendingJobs == 1)
        #expect(store.outcomes([sample(3, at: time)]) == [stored])
        #expect(try store.pending().map(\.id) == [2, 3])
    }

    @Test("a refused job goes to the dead letters and comes back at the end") func refusedJobGoes() throws {
        let store = try filled(3)
        try store.deadLetter([FailedJob(job: 2, reason: .refusedByZizq, detail: "queue must not contain ','")])
        #expect(try store.pending().map(\.id) == [1, 3])
        let letter = try #require(try store.queries.deadLetters(after: 0).first)
        #expect(
            (letter.reason, letter.detail, letter.jobType) == (
                "refused_by_zizq", "queue must not contain ','", "push-2-0"
            ))
        #expect(try store.retryDeadLetter(letter.id) == 4)
        #expect(try store.pending().map(\.id) == [1, 3, 4])
        #expect(try store.pending().last?.job == job(2))
        #expect(store.status.deadLetters == 0)
        #expect(throws: OutboxError.notFound) { try store.retryDeadLetter(letter.id) }
    }

    @Test("a dead letter with a request is replaced by the jobs that were rendered again") func deadLetterRequest()
        throws
    {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        _ = store.commit([sample(1, at: time, jobs: 0, deadLetters: [letter], request: [1])])
        let id = try #require(try store.queries.deadLetters(after: 0).first).id
        #expect(throws: OutboxError.needsRendering) { try store.retryDeadLetter(id) }
        #expect(store.status.deadLetters == 1)
        #expect(try store.replaceDeadLetter(id, with: [job(8), job(9)]) == [1, 2])
        #expect(try store.pending().map(\.job) == [job(8), job(9)])
        #expect(store.status.deadLetters == 0)
        #expect(store.status.undeliveredBytes == job(8).byteCost + job(9).byteCost)
    }

    @Test("parked jobs are shown and not sent until they are unparked") func parkedJobsShown() throws {
        let store = try filled(4)
        try store.park([2, 3], because: .unlicensed)
        #expect(try store.pending().map(\.id) == [1, 4])
        let parked = try store.queries.jobs(.parked, after: 0)
        #expect(parked.map(\.id) == [2, 3])
        #expect(parked.map(\.detail) == Array(repeating: "the Zizq server has no licence for batched jobs", count: 2))
        #expect(store.status.parkedJobs == 2)
        try store.acknowledge(acks([1, 4]))
        #expect(try store.unpark(limit: 1) == 1)
        #expect(try store.unpark() == 1)
        #expect(try store.unpark() == 0)
        #expect(try store.pending().map(\.job) == [job(2), job(3)])
        #expect(store.status.parkedJobs == 0)
        #expect(store.status.pendingJobs == 2)
    }

    @Test("a job that was set aside stays parked until it is taken back: delivered, or behind all others")
    func setAsideJobs() throws {
        let store = try filled(4)
        try store.park([1, 2], because: .refused("the answer 403 does not come from Zizq"))
        #expect(try store.unpark() == 0)
        try store.takeBack([1], acknowledgements: acks([1]))
        #expect(try store.queries.jobs(.parked, after: 0).map(\.id) == [2])
        #expect(try store.queries.jobs(.delivered, after: 0).map(\.id) == [5])
        try store.takeBack([2], acknowledgements: [])
        try store.takeBack([2], acknowledgements: [])
        #expect(store.status.parkedJobs == 0)
        #expect(try store.pending().map(\.job) == [job(3), job(4), job(2)])
        try store.acknowledge(acks(try store.pending().map(\.id)))
        #expect(store.status.pendingJobs == 0)
        #expect(store.status.undeliveredBytes == 0)
    }

    @Test("a parked job that was changed on the disk becomes a dead letter, and is not sent")
    func damagedParked() throws {
        let store = try filled(3)
        try store.park([1], because: .unlicensed)
        try store.park([2], because: .refused("403"))
        try store.session.connection.execute("UPDATE parked SET payload = replace(payload, 'aaa', 'aab')")
        #expect(try store.unpark() == 1)
        try store.takeBack([2], acknowledgements: [])
        #expect(try store.pending().map(\.id) == [3])
        #expect(try store.queries.deadLetters(after: 0).map(\.reason) == ["checksum_mismatch", "checksum_mismatch"])
        #expect(store.status.parkedJobs == 0)
    }

    @Test("a job changed on the disk is not intact") func jobChangedOn() throws {
        let store = try filled(2)
        try store.session.connection.execute("UPDATE jobs SET payload = replace(payload, 'aaa', 'aab') WHERE id = 2")
        #expect(try store.pending().map(\.isIntact) == [true, false])
        #expect(try store.queries.job(2)?.isIntact == false)
    }

    @Test("the reader stops at the bytes and always gives one job") func readerStopsAt() throws {
        let store = try fixture.open()
        _ = store.commit([10, 10, 9000, 10].enumerated().map { sample($0.offset + 1, at: time, payload: $0.element) })
        let reader = try OutboxReader(fixture.configuration)
        #expect(try reader.nextJobs(from: 1, limit: 500, maximumBytes: 2000).map(\.id) == [1, 2])
        #expect(try reader.nextJobs(from: 3, limit: 500, maximumBytes: 2000).map(\.id) == [3])
        #expect(try reader.nextJobs(from: 4, limit: 500, maximumBytes: 2000).map(\.id) == [4])
        #expect(try reader.nextJobs(from: 1, limit: 3, maximumBytes: 1 << 30).map(\.id) == [1, 2, 3])
        #expect(try reader.nextJobs(from: 5, limit: 3, maximumBytes: 2000).isEmpty)
    }

    @Test("the reader gives no more than 500 rows at once and holds no read open") func readerGivesNo() throws {
        let store = try filled(700)
        let reader = try OutboxReader(fixture.configuration)
        #expect(try reader.nextJobs(from: 1, limit: 1000, maximumBytes: 1 << 30).count == 500)
        #expect(try reader.queries.jobs(.pending, after: 500).count == 200)
        #expect(try store.truncateLog())
        #expect(store.status.walBytes == 0)
    }

    @Test("an acknowledgement in one transaction counts both ends of the queue") func acknowledgementOneTransaction()
        throws
    {
        let store = try filled(3)
        try store.acknowledge(acks([1, 2, 3]))
        #expect(store.status.undeliveredBytes == 0)
        #expect(store.status.oldestPendingAtMilliseconds == nil)
        time.advance(by: .seconds(9))
        _ = store.commit([sample(4, at: time)])
        #expect(store.status.oldestPendingAtMilliseconds == time.wallMilliseconds())
        #expect(store.status.undeliveredBytes == job(4).byteCost)
    }

    @Test("ids are not used again after every job is gone") func idsNotUsed() throws {
        let brief = Fixture { $0.keepDelivered = .zero }
        do {
            let store = try brief.open()
            _ = store.commit([sample(1, at: brief.time), sample(2, at: brief.time)])
            try store.acknowledge(acks([1, 2]))
            #expect(try store.number("SELECT count(*) FROM jobs") == 0)
            store.close()
        }
        let store = try brief.open()
        _ = store.commit([sample(3, at: brief.time)])
        #expect(try store.pending().map(\.id) == [3])
    }
}
