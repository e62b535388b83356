import Logging
import SluiceBase
import Testing

@testable import SluiceOutbox

struct WriterTests {
    let fixture = Fixture()
    let results = Results()
    var time: ManualTime { fixture.time }

    private func writer(_ configuration: OutboxConfiguration? = nil) throws -> OutboxWriter {
        var log = Logger(label: "test")
        log.logLevel = .critical
        return try OutboxWriter(configuration ?? fixture.configuration, time: time, log: log) { [results] in
            results.take($0, $1)
        }
    }

    @Test("each delivery gets its result at its origin") func eachDeliveryGets() async throws {
        let writer = try writer()
        for number in 1...100 { writer.submit(sample(number, at: time, origin: number % 3)) }
        await results.wait(for: 100)
        #expect(Set(results.all.map(\.ticket)) == Set(1...100))
        #expect(results.all.allSatisfy { $0.outcome == stored })
        #expect(Set(results.of(origin: 2).map(\.ticket)) == Set((1...100).filter { $0 % 3 == 2 }.map(UInt64.init)))
        await writer.close()
        #expect(try fixture.open().status.pendingJobs == 100)
    }

    @Test("results come back from many threads at once") func resultsComeBack() async throws {
        let writer = try writer()
        let time = time
        await withTaskGroup(of: Void.self) { group in
            for origin in 0..<8 {
                group.addTask {
                    for number in 0..<100 { writer.submit(sample(origin * 100 + number, at: time, origin: origin)) }
                }
            }
        }
        await results.wait(for: 800)
        for origin in 0..<8 { #expect(results.of(origin: origin).count == 100) }
        #expect(writer.status.pendingJobs <= 800)
        await writer.close()
        #expect(try fixture.open().status.pendingJobs == 800)
    }

    @Test("a delivery that waited for too long is refused and not stored") func deliveryWaitedToo() async throws {
        let writer = try writer()
        var late = sample(1, at: time)
        time.advance(by: .seconds(5))
        late = Submission(
            Delivery(
                id: "late", route: "github", receivedAtMilliseconds: 0, dedupeWindow: .seconds(60),
                parts: late.delivery.parts), origin: 0, ticket: 1,
            enqueuedAtNanoseconds: time.monotonicNanoseconds() - 5_000_000_000)
        writer.submit(late)
        writer.submit(sample(2, at: time))
        await results.wait(for: 2)
        #expect(results.outcome(1) == .refused(.commitTooSlow))
        #expect(results.outcome(2) == stored)
        await writer.close()
        #expect(try fixture.open().status.pendingJobs == 1)
    }

    @Test("what waits is stored when the writer closes and what comes is refused") func waitsStoredWhen() async throws {
        let writer = try writer()
        for number in 1...50 { writer.submit(sample(number, at: time)) }
        await writer.close()
        #expect(results.all.count == 50)
        #expect(results.all.allSatisfy { $0.outcome == stored })
        writer.submit(sample(51, at: time))
        #expect(results.outcome(51) == .refused(.shuttingDown))
        await writer.close()
        await #expect(throws: OutboxError.closed) { try await writer.acknowledge([]) }
    }

    @Test("jobs are read acknowledged and gone while deliveries come") func jobsReadAcknowledged() async throws {
        let writer = try writer()
        let reader = try OutboxReader(fixture.configuration)
        for number in 1...300 { writer.submit(sample(number, at: time)) }
        var next = try await writer.firstPendingJobID()
        var types: [String] = []
        for await last in writer.committedJobs {
            while next <= last {
                let jobs = try reader.nextJobs(from: next, limit: 40, maximumBytes: 1 << 20)
                types += jobs.map(\.job.type)
                try await writer.acknowledge(jobs.map { Acknowledgement(job: $0.id, zizqID: "z") })
                next += Int64(jobs.count)
            }
            if types.count == 300 { break }
        }
        #expect(types == (1...300).map { "push-\($0)-0" })
        #expect(try await writer.firstPendingJobID() == 301)
        reader.close()
        await writer.close()
        #expect(try fixture.open().status.pendingJobs == 0)
    }

    @Test("operations through the writer do what the store does") func operationsThroughWriter() async throws {
        let writer = try writer()
        for number in 1...4 { writer.submit(sample(number, at: time)) }
        await results.wait(for: 4)
        try await writer.park([1], because: .unlicensed)
        try await writer.deadLetter([FailedJob(job: 2, reason: .badField, detail: "No.")])
        let id = try await writer.perform { store throws(OutboxError) in
            try store.read { rows throws(SQLiteError) in try rows.deadLetters(after: 0)[0].id }
        }
        let retry: @Sendable (OutboxStore) throws(OutboxError) -> Int64 = { store throws(OutboxError) in
            try store.retryDeadLetter(id)
        }
        #expect(try await writer.perform(retry) == 5)
        #expect(try await writer.unparkAll() == 1)
        await #expect(throws: OutboxError.notFound) { try await writer.perform(retry) }
        let status = try await writer.perform { store throws(OutboxError) in store.status }
        #expect((status.pendingJobs, status.parkedJobs, status.deadLetters) == (4, 0, 0))
        await writer.close()
    }

    @Test("a step of maintenance is followed by a rest while there is other work, and by none in quiet or urgent times")
    func maintenancePace() {
        let second: Int64 = 1_000_000_000
        var pace = MaintenancePace(at: 0)
        #expect(pace.nextStepAt == 0 && pace.isDue(at: 0, isIdle: false))
        pace.finished(startedAt: 0, at: 5_000_000, hasMore: true)
        #expect(pace.nextStepAt == 50_000_000)
        #expect(!pace.isDue(at: 49_999_999, isIdle: true) && pace.isDue(at: 50_000_000, isIdle: true))
        // Without a pause between batches.
        #expect(!pace.isDue(at: 249_999_999, isIdle: false) && pace.isDue(at: 250_000_000, isIdle: false))
        pace.finished(startedAt: 250_000_000, at: 260_000_000, hasMore: true)
        #expect(pace.nextStepAt == 350_000_000)
        pace.endRest()
        #expect(pace.isDue(at: 260_000_000, isIdle: true) && !pace.isDue(at: 499_999_999, isIdle: false))
        pace.worked(at: second)
        pace.finished(startedAt: second, at: second + second / 2, hasMore: true)
        #expect(pace.nextStepAt == 2 * second)
        #expect(!pace.isDue(at: 2 * second - 1, isIdle: true) && pace.isDue(at: 2 * second, isIdle: true))
        #expect(!pace.isDue(at: 5 * second, isIdle: false) && pace.isDue(at: 6 * second, isIdle: false))
        pace.finished(startedAt: 3 * second, at: 3 * second, hasMore: false)
        #expect(pace.nextStepAt == nil)
    }

    @Test("expired keys are forgotten slowly while deliveries come, and at once when none come")
    func overdueKeys() async throws {
        let count = 20 * OutboxStore.forgetStep
        do {
            let store = try fixture.open()
            _ = store.commit((0..<count).map { sample($0, at: time, window: .seconds(60), jobs: 0) })
            store.close()
        }
        time.advance(by: .seconds(61))
        // Each transaction takes five milliseconds, and nothing else takes time.
        let vfs = FaultyVFS()
        vfs.set { [time] in $0.afterLogSync = { time.advance(by: .milliseconds(5)) } }
        fixture.configuration.vfs = vfs.name
        let writer = try writer()
        for number in 1...40 {
            writer.submit(sample(count + number, at: time, jobs: 0))
            await results.wait(for: number)
            for _ in 0..<5 { try await writer.perform { _ throws(OutboxError) in } }
        }
        #expect(writer.status.rememberedKeys > count / 2)
        while writer.status.rememberedKeys > 40 {
            time.advance(by: .milliseconds(10))
            await Task.yield()
        }
        await writer.close()
    }

    @Test("the acknowledgements that wait are written in one transaction") func oneTransaction() async throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let writer = try writer()
        for number in 1...16 { writer.submit(sample(number, at: time)) }
        await results.wait(for: 16)
        let mayGoOn = Monitor(false)
        let isHeld = Monitor(false)
        async let holding: Void = writer.perform { _ throws(OutboxError) in
            isHeld.withLockAndWake { $0 = true }
            mayGoOn.wait(upTo: nil, until: { $0 }, then: { _ in })
        }
        isHeld.wait(upTo: nil, until: { $0 }, then: { _ in })
        let before = vfs.syncs(of: .log)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 1...16 as ClosedRange<Int64> {
                group.addTask { try await writer.acknowledge([Acknowledgement(job: job, zizqID: "z")]) }
            }
            while writer.work.withLock({ $0.acknowledgements.count }) < 16 { await Task.yield() }
            mayGoOn.withLockAndWake { $0 = true }
            try await group.waitForAll()
        }
        try await holding
        #expect(vfs.syncs(of: .log) == before + 1)
        #expect(try await writer.perform { store throws(OutboxError) in store.status.pendingJobs } == 0)
        await writer.close()
    }

    @Test("an outbox that cannot be opened is a problem at the start") func outboxCannotBe() async throws {
        fixture.folder.write(
            Array("no database, but long enough to be read as one's header, which it is not".utf8), to: "outbox.db")
        do {
            _ = try writer()
            Issue.record("opened")
        } catch {
            #expect((error as? StartupError)?.status == .wrongInput)
        }
    }

    @Test("a failed sync refuses the batch and later ones are stored") func failedSyncRefuses() async throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let writer = try writer()
        vfs.set { $0.failingSyncs = [.log] }
        writer.submit(sample(1, at: time))
        await results.wait(for: 1)
        #expect(results.outcome(1) == .refused(.commitFailed))
        vfs.set { $0.failingSyncs = [] }
        time.advance(by: .seconds(2))
        writer.submit(sample(2, at: time))
        await results.wait(for: 2)
        #expect(results.outcome(2) == stored)
        await writer.close()
        #expect(try fixture.open().status.pendingJobs == 1)
    }

    @Test("the deadline holds while the writer hangs in a sync") func deadlineHoldsWhile() async throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let writer = try writer()
        let isHanging = Monitor(false)
        let mayGoOn = Monitor(false)
        vfs.set {
            $0.afterLogSync = {
                isHanging.withLockAndWake { $0 = true }
                mayGoOn.wait(upTo: nil, until: { $0 }, then: { _ in })
            }
        }
        writer.submit(sample(1, at: time))
        isHanging.wait(upTo: nil, until: { $0 }, then: { _ in })
        writer.submit(sample(2, at: time))
        time.advance(by: .seconds(4))
        writer.submit(sample(3, at: time))
        time.advance(by: .seconds(1))
        #expect(writer.status.condition == .storing)
        writer.refuseOverdue()
        #expect(writer.status.condition == .failing)
        #expect(results.all == [IngestResult(ticket: 2, outcome: .refused(.commitTooSlow))])
        #expect(writer.waiting == 1)
        mayGoOn.withLockAndWake { $0 = true }
        await results.wait(for: 3)
        #expect(results.outcome(1) == stored)
        #expect(results.outcome(3) == stored)
        await writer.close()
        #expect(writer.status.condition == .storing)
        #expect(try fixture.open().status.pendingJobs == 2)
    }

    @Test("a refusal is in the status before its sender knows of it") func refusalInStatus() async throws {
        let writer = try writer()
        let other = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try other.execute("BEGIN EXCLUSIVE")
        writer.submit(sample(1, at: time))
        await results.wait(for: 1)
        #expect(results.outcome(1) == .refused(.commitFailed))
        #expect(writer.status.condition == .failing)
        try other.execute("ROLLBACK")
        await writer.close()
    }

    @Test(
        "a full disk ends the rest after a long step of maintenance: deliveries are refused until there is room",
        .timeLimit(.minutes(1)))
    func endsRest() async throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let writer = try writer()
        for number in 1...10 { writer.submit(sample(number, at: time, window: .seconds(60), jobs: 0)) }
        await results.wait(for: 10)
        let isLong = Monitor(false)
        vfs.set { [time] in
            $0.afterLogSync = {
                guard
                    isLong.withLock({ isLong in
                        defer { isLong = true }
                        return !isLong
                    })
                else { return }
                // In the step that forgets the keys, which so is followed by a rest of 90 minutes: a delivery ends the
                // quiet time, in which there would be none.
                time.advance(by: .seconds(600))
                writer.submit(sample(11, at: time, jobs: 0))
            }
        }
        time.advance(by: .seconds(61))
        try await writer.perform { _ throws(OutboxError) in }
        await results.wait(for: 11)
        vfs.set { $0.fullFiles = [.log] }
        writer.submit(sample(12, at: time))
        await results.wait(for: 12)
        #expect(results.outcome(12) == .refused(.diskFull))
        vfs.set { $0.fullFiles = [] }
        // Nobody moves the clock: the next step comes only because the rest has ended.
        while writer.status.condition != .storing, !Task.isCancelled { await Task.yield() }
        await writer.close()
    }
}
