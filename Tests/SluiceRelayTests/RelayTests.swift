import DevQueue
import SluiceBase
import SluiceJSON
import SluiceOutbox
import SluiceRelay
import Synchronization
import Testing

/// The whole service: a real outbox, real sockets, the development queue at the other end.
@Suite struct ServiceTests {
    private func payloads(_ store: DevQueueStore) -> [String] {
        store.jobs.map { String(decoding: $0.payload ?? [], as: UTF8.self) }
    }

    private func expected(_ count: Int) -> [String] { (0..<count).map { #"{"n":\#($0)}"# } }

    /// Runs a test and cleans up behind it.
    private func with(_ delivery: RelayUnderTest, _ test: () async throws -> Void) async throws {
        do { try await test() } catch {
            await delivery.close()
            throw error
        }
        await delivery.close()
    }

    @Test("what is stored reaches the queue in commit order and is acknowledged")
    func delivers() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            try delivery.store(makeJobs(1500))
            try await delivery.run(untilLeft: 1500)
            #expect(payloads(delivery.store) == expected(1500))
            #expect(try await delivery.writer.firstPendingJobID() == 1501)
            #expect(delivery.counts.jobs == 1500)
        }
    }

    @Test("several lanes deliver everything, each job once")
    func deliversInLanes() async throws {
        let configuration = RelayConfiguration(limits: BatchLimits(jobs: 50), concurrency: 4)
        let delivery = try await RelayUnderTest(isLicensed: true, configuration: configuration)
        try await with(delivery) {
            try delivery.store(makeJobs(1000, keyed: true))
            try await delivery.run(untilLeft: 1000)
            #expect(Set(payloads(delivery.store)) == Set(expected(1000)))
            #expect(delivery.store.jobCount == 1000)
            #expect(delivery.store.statistics.duplicateJobs == 0)
        }
    }

    @Test("with the queue away at the start everything waits, and goes when it is there")
    func waitsForServer() async throws {
        let delivery = try await RelayUnderTest(startsServer: false)
        try await with(delivery) {
            try delivery.store(makeJobs(100))
            try await delivery.run(untilLeft: 100) { notice in
                if case .retrying = notice, delivery.counts.retries == 3 { try await delivery.startServer() }
            }
            #expect(payloads(delivery.store) == expected(100))
        }
    }

    @Test("a command that makes the only refused job a dead letter ends the pause")
    func endsPause() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            delivery.store.setFault(.redirect)
            try delivery.store(makeJobs(1))
            try await delivery.run(untilLeft: 1) { notice in
                switch notice {
                case .retrying where delivery.writer.status.deadLetters == 0:
                    #expect(delivery.service.condition.isPaused)
                    // Refused while the job is being sent.
                    let buried = try? await delivery.writer.perform { store throws(OutboxError) in try store.bury(1) }
                    guard buried != nil else { return }
                    while delivery.writer.status.deadLetters == 0 { await Task.yield() }
                    #expect(!delivery.service.condition.isPaused)
                case .nothingLeft(ended: [.setUpWrong]):
                    #expect(delivery.service.alarms.isEmpty)
                    delivery.store.clearFaults()
                    try delivery.store(makeJobs(1))
                default: break
                }
            }
            #expect(delivery.counts.jobs == 1)
        }
    }

    @Test(
        "whatever the server does, every job arrives, with a licence exactly once",
        arguments: [
            .status(500, error: "internal server error"), .status(503, error: "busy"), .status(429, error: "slow down"),
            .garbage,
            .halfAnswer,
            .dropBeforeCommit, .dropAfterCommit, .htmlBadRequest, .payloadTooLarge, .redirect, .delay(.milliseconds(5)),
            .status(404, error: "not found"),
        ] as [DevQueueFault])
    func survivesFaults(fault: DevQueueFault) async throws {
        let delivery = try await RelayUnderTest(isLicensed: true)
        try await with(delivery) {
            delivery.store.setFault(fault, count: 3)
            try delivery.store(makeJobs(200, keyed: true))
            try await delivery.run(untilLeft: 200)
            #expect(payloads(delivery.store).sorted() == expected(200).sorted())
            #expect(delivery.writer.status.deadLetters == 0)
            #expect(delivery.service.alarms.isEmpty)
        }
    }

    @Test("an answer that never comes is given up after the time, and the jobs are sent again")
    func timesOut() async throws {
        let configuration = RelayConfiguration(timeout: .seconds(1))
        let delivery = try await RelayUnderTest(isLicensed: true, configuration: configuration)
        try await with(delivery) {
            delivery.store.setFault(.silenceAfterCommit, count: 1)
            try delivery.store(makeJobs(10, keyed: true))
            try await delivery.run(untilLeft: 10)
            #expect(delivery.store.jobCount == 10)
            #expect(delivery.counts.ambiguousBatches >= 1)
        }
    }

    @Test("a job that the queue refuses goes to the dead letters with its words, by index and without")
    func buries() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            delivery.store.setFault(.refusesType("refused"))
            try delivery.store(makeJobs(30) + makeJobs(1, type: "refused") + makeJobs(1, type: "a,b") + makeJobs(30))
            try await delivery.run(untilLeft: 62)
            #expect(delivery.store.jobCount == 60)
            #expect(delivery.writer.status.deadLetters == 2)
            #expect(delivery.counts.deadLetters == 2)
        }
    }

    @Test(
        "many bad jobs in a row that the queue does not name are set aside, and become dead letters once others are accepted",
        arguments: [1, 3])
    func passesBadJobs(lanes: Int) async throws {
        let configuration = RelayConfiguration(limits: BatchLimits(jobs: 10), concurrency: lanes)
        let delivery = try await RelayUnderTest(configuration: configuration)
        try await with(delivery) {
            delivery.store.setFault(.refusesType("refused"))
            // Each accepted batch confirms some more.
            try delivery.store(makeJobs(120, type: "refused") + makeJobs(1000))
            try await delivery.run(untilLeft: 1120)
            #expect(delivery.store.jobCount == 1000)
            #expect(try await delivery.writer.firstPendingJobID() == 1121)
            #expect(delivery.counts.deadLetters == 120)
            #expect(delivery.service.suspects == 0)
            #expect(delivery.service.alarms.isEmpty)
            if lanes == 1 { #expect(payloads(delivery.store) == expected(1000)) }
        }
    }

    @Test(
        "a queue that refuses every job by its index causes twenty dead letters, and gets the others when it is repaired",
        arguments: [1, 3])
    func refusesEverything(lanes: Int) async throws {
        let delivery = try await RelayUnderTest(configuration: RelayConfiguration(concurrency: lanes))
        try await with(delivery) {
            delivery.store.setFault(.status(400, error: "jobs[0]: no"))
            try delivery.store(makeJobs(300))
            let pauses = Atomic<Int>(0)
            try await delivery.run(untilLeft: 300) { notice in
                guard case .waitingForProof = notice, pauses.add(1, ordering: .relaxed).newValue == 12 else { return }
                delivery.store.clearFaults()
            }
            #expect(try await delivery.writer.firstPendingJobID() == 301)
            #expect(delivery.counts.deadLetters == 20)
            #expect(delivery.store.jobCount == 280)
            #expect(delivery.service.suspects == 0)
        }
    }

    @Test("without a licence keys are left out and batched jobs are parked; with one they go")
    func meetsLicence() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            let batched = SluiceBase.Job(
                type: "b", queue: "q",
                options: JobOptions(stored: Array(#""batch":{"key":"k","when":"true","fold":"$new"}"#.utf8)),
                payload: Array("1".utf8))
            try delivery.store(makeJobs(20, keyed: true) + [batched])
            try await delivery.run(untilLeft: 21)
            #expect(delivery.store.jobCount == 20)
            #expect(delivery.store.jobs.allSatisfy { $0.uniqueKey == nil })
            #expect(delivery.writer.status.parkedJobs == 1)
            #expect(delivery.service.alarms == [.uniqueJobsUnlicensed, .batchedJobsUnlicensed])
        }
    }

    @Test("the service ends when it is told to, although the queue takes nothing; what is left stays in the outbox")
    func finishes() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            delivery.store.setFault(.status(503, error: "busy"))
            try delivery.store(makeJobs(5))
            try await delivery.runUntilRetry()
            #expect(delivery.store.jobCount == 0)
            #expect(try await delivery.writer.firstPendingJobID() == 1)
        }
    }

    @Test("while one job is stuck and 16 lanes send, no other job counts as undelivered")
    func stuckJob() async throws {
        let configuration = RelayConfiguration(limits: BatchLimits(jobs: 10), concurrency: 16)
        let delivery = try await RelayUnderTest(configuration: configuration)
        try await with(delivery) {
            delivery.store.setFault(.silencesType("stuck"))
            try delivery.store(makeJobs(1, type: "stuck"))
            async let running: Void = delivery.service.run()
            while delivery.store.statistics.enqueueRequests < 1 { await Task.yield() }
            try delivery.store(makeJobs(3000))
            while delivery.writer.status.pendingJobs != 1 || delivery.store.jobCount < 3000 { await Task.yield() }
            let cost = makeJobs(1, type: "stuck")[0].byteCost
            #expect(delivery.writer.status.undeliveredBytes == cost)
            delivery.service.finish(within: .zero)
            await running
            #expect(delivery.writer.status.pendingJobs == 1)
        }
    }

    @Test("when the time to finish is over, what is in flight is given up")
    func givesUp() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            delivery.store.setFault(.silence)
            try delivery.store(makeJobs(5))
            await delivery.runUntilRequests(1)
            #expect(try await delivery.writer.firstPendingJobID() == 1)
        }
    }

    @Test("a service that begins again goes on behind what was acknowledged")
    func goesOn() async throws {
        let delivery = try await RelayUnderTest()
        try await with(delivery) {
            try delivery.store(makeJobs(10))
            try await delivery.run(untilLeft: 10)
            try delivery.store(makeJobs(5, type: "u"))
            let second = Relay(
                configuration: RelayConfiguration(), writer: delivery.writer, reader: try delivery.makeReader(),
                client: delivery.client,
                observe: { _ in })
            async let running: Void = second.run()
            while delivery.store.jobCount < 15 { await Task.yield() }
            second.finish()
            await running
            #expect(
                delivery.store.jobs.map(\.type) == Array(repeating: "t", count: 10) + Array(repeating: "u", count: 5))
        }
    }
}
