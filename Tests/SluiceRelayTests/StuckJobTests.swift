import SluiceBase
import SluiceOutbox
import Testing
import Zizq

@testable import SluiceRelay

/// A job that something between the relay and Zizq refuses, while it lets others pass.
@Suite struct StuckJobTests {
    private static func page(_ status: Int) -> LaneSimulation.Answer { refuse(status, nil) }

    /// Refuses each request with one of these jobs in it.
    private static func filter(
        _ bad: Set<Int64>, _ answer: LaneSimulation.Answer = page(403)
    ) -> (BatchRequest) -> LaneSimulation.Answer {
        { request in request.jobs.contains { bad.contains($0.id) } ? answer : accept(request) }
    }

    private static let answers: [LaneSimulation.Answer] = [
        page(403), page(404), page(500), page(503), refuse(500, "internal server error"), lost(sent: true),
        .failure(.decoding(.init(status: 200, message: "not JSON"))),
    ]

    @Test("a job that alone is refused is set aside within minutes, and all others are delivered", arguments: answers)
    func setsAside(answer: LaneSimulation.Answer) {
        var simulation = LaneSimulation(jobs(100))
        simulation.run(steps: 400, server: Self.filter([40], answer))
        #expect(simulation.setAside.map(\.id) == [40])
        #expect(simulation.delivered.sorted() == (1...100).filter { $0 != 40 })
        #expect(simulation.dead.isEmpty)
    }

    @Test("jobs that are refused one after the other are set aside, and the others go on", arguments: [2, 20, 70])
    func setsAsideMany(count: Int) {
        var simulation = LaneSimulation(jobs(200))
        let bad = Set((11..<(11 + count)).map { Int64($0) })
        simulation.run(steps: 3000, server: Self.filter(bad))
        #expect(Set(simulation.setAside.map(\.id)) == bad)
        #expect(simulation.delivered.count == 200 - count)
    }

    @Test("an outage, however long, sets nothing aside and changes no order", arguments: answers)
    func outage(answer: LaneSimulation.Answer) {
        var simulation = LaneSimulation(jobs(30), limits: BatchLimits(jobs: 10))
        // It ends while nothing is sent, so that the next request has the first job.
        var tries = 0
        simulation.run(steps: 3000) { request in
            if request.jobs.first?.id == 1 { tries += 1 }
            return tries <= 40 ? answer : accept(request)
        }
        #expect(!simulation.log.contains { $0.hasPrefix("set aside") })
        #expect(simulation.delivered == Array(1...30))
    }

    @Test("an answer to the first job and to no other is not enough to set a job aside")
    func needsOthers() {
        var simulation = LaneSimulation(jobs(1))
        simulation.run(steps: 500, server: Self.filter([1]))
        #expect(simulation.setAside.isEmpty)
        simulation.pending += (2...10).map { makeJob($0) }
        simulation.run(steps: 500, server: Self.filter([1]))
        #expect(simulation.setAside.map(\.id) == [1])
        #expect(simulation.delivered == Array(2...10))
    }

    @Test("once the only refused job is set aside, the relay is no longer paused")
    func endsPause() {
        var simulation = LaneSimulation(jobs(4))
        simulation.run(steps: 400, server: Self.filter([1]))
        #expect(simulation.setAside.map(\.id) == [1])
        #expect(simulation.alarms.last == "no job left: -zizq_set_up_wrong")
        #expect(simulation.lane.alarms.isEmpty)
    }

    @Test("429 and a connection that does not come about never set a job aside")
    func throttled() {
        for answer in [refuse(429, "slow down"), lost(sent: false)] {
            var simulation = LaneSimulation(jobs(10))
            simulation.run(steps: 500, server: Self.filter([1], answer))
            #expect(simulation.setAside.isEmpty)
            #expect(simulation.delivered.isEmpty)
        }
    }

    @Test("while a job is refused, a job of another queue goes first")
    func prefersOtherQueues() {
        var all = jobs(5)
        all.append(makeJob(6, queue: "other"))
        var simulation = LaneSimulation(all)
        simulation.run(steps: 400, server: Self.filter([1]))
        #expect(simulation.delivered.first == 6)
        #expect(simulation.setAside.map(\.id) == [1])
        #expect(simulation.delivered.dropFirst() == [2, 3, 4, 5])
    }

    @Test("what was set aside is sent again within ten minutes, alone, and is delivered once it is accepted")
    func triesAgain() {
        var simulation = LaneSimulation(jobs(20))
        simulation.run(steps: 400, server: Self.filter([3, 7]))
        #expect(simulation.setAside.map(\.id) == [3, 7])
        simulation.now += SetAsideJobs.interval.nanoseconds
        simulation.pending = [makeJob(21)]
        simulation.run(steps: 400) { accept($0) }
        #expect(simulation.setAside.isEmpty)
        #expect(Set(simulation.delivered) == Set(1...21))
    }

    @Test("a job that Zizq itself refuses when it is tried again goes behind the others and becomes a dead letter")
    func refusedByZizq() {
        var simulation = LaneSimulation(jobs(20))
        simulation.run(steps: 400, server: Self.filter([3]))
        simulation.now += SetAsideJobs.interval.nanoseconds
        simulation.pending = [makeJob(21)]
        simulation.run(steps: 400, server: Self.filter([3], refuse(400, "jobs[0]: type must not contain ','")))
        #expect(simulation.dead.map(\.job) == [3])
        #expect(simulation.setAside.isEmpty)
    }

    // MARK: A queue that is refused as a whole

    /// Refuses each request with a job of this queue.
    private static func filter(
        queue: String, _ answer: LaneSimulation.Answer = page(403)
    ) -> (BatchRequest) -> LaneSimulation.Answer {
        { request in request.jobs.contains { $0.job.queue == queue } ? answer : accept(request) }
    }

    private static func backlog(bad: Int64, good: Int64) -> [StoredJob] {
        (1...bad).map { makeJob($0, queue: "bad") } + ((bad + 1)...(bad + good)).map { makeJob($0) }
    }

    @Test(
        "a queue of which every job is refused is set aside as one: the others go on in seconds and in few requests",
        arguments: answers, [1000, 30] as [Int64])
    func holdsQueue(answer: LaneSimulation.Answer, bad: Int64) {
        var simulation = LaneSimulation(Self.backlog(bad: bad, good: 5000))
        simulation.run(steps: 2000, server: Self.filter(queue: "bad", answer))
        #expect(simulation.setAside.map(\.id).sorted() == Array(1...bad))
        #expect(simulation.delivered == Array((bad + 1)...(bad + 5000)))
        #expect(simulation.notices.count { if case .queueHeld("bad", _) = $0 { true } else { false } } == 1)
        let untilHeld = simulation.sent.prefix { $0.jobs.count < 1000 || $0.jobs[0].id <= bad }
        #expect(untilHeld.count < 50)
        #expect(simulation.waits.reduce(.zero, +) < .seconds(10))
    }

    @Test("jobs of a held queue go in their order once one is accepted, and those that came meanwhile after them")
    func releasesQueue() {
        var simulation = LaneSimulation(Self.backlog(bad: 500, good: 50))
        simulation.run(steps: 2000, server: Self.filter(queue: "bad"))
        simulation.pending = (600..<700).map { makeJob($0, queue: $0.isMultiple(of: 2) ? "bad" : "q") }
        simulation.run(steps: 200, server: Self.filter(queue: "bad"))
        #expect(simulation.setAside.count == 550)
        let before = simulation.sent.count
        simulation.now += SetAsideJobs.interval.nanoseconds
        simulation.pending = (700..<1000).map { makeJob($0, queue: $0.isMultiple(of: 2) ? "bad" : "q") }
        simulation.run(steps: 2000) { accept($0) }
        let bad = simulation.delivered.filter { $0 <= 500 || $0 >= 600 && $0.isMultiple(of: 2) }
        // But for the one with which it was tried.
        #expect(bad.dropFirst() == bad.dropFirst().sorted()[...])
        #expect(bad.count == 700)
        #expect(simulation.setAside.isEmpty && simulation.pending.isEmpty)
        #expect(simulation.sent.count - before < 40)
        #expect(simulation.notices.contains(.queueReleased("bad")))
    }

    @Test("a few refused jobs at the head of a queue hold it for seconds, and no job behind them is lost or reordered")
    func poisonedHead() {
        var all = Self.backlog(bad: 100, good: 50)
        all += (200..<300).map { makeJob($0, queue: "bad") }
        var simulation = LaneSimulation(all)
        let poisoned = Set((1...6).map { Int64($0) })
        for second in 0..<120 {
            simulation.pending.append(makeJob(1000 + Int64(second)))
            simulation.now += 1_000_000_000
            simulation.run(steps: 400, server: Self.filter(poisoned))
        }
        #expect(Set(simulation.setAside.map(\.id)) == poisoned)
        let bad = simulation.delivered.filter { $0 <= 100 || 200..<300 ~= $0 }
        #expect(bad == Array(7...100) + Array(200..<300))
    }

    @Test("a held queue is tried with one job, ever more rarely, and a slow refusal makes it rarer")
    func triesRarely() {
        var held = SetAsideJobs(mayHaveSome: false)
        for job in 1...3 { #expect(held.added(of: "bad", isAlone: false, text: "403", now: 0) == (job == 3)) }
        var (now, waits): (Int64, [Int64]) = (0, [])
        while waits.count < 12 {
            let job = waits.count
            let start = now
            while true {
                now += held.untilDue(now: now)?.nanoseconds ?? 0
                guard let query = held.claim(now: now) else { return }
                if query.selection == .queue("bad") { break }
                // The pass over the jobs of other queues.
                _ = held.read(SetAsidePage(jobs: [], scannedThrough: nil), of: query, now: now)
                held.endClaim(query.selection)
            }
            waits.append((now - start) / 1_000_000_000)
            held.endClaim(.queue("bad"))
            // The last took ten minutes.
            let sentAt = waits.count == 12 ? now - 600_000_000_000 : now
            held.refused([makeJob(Int64(job), queue: "bad")], text: "403", sentAt: sentAt, now: now)
        }
        #expect(waits == [5, 5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600])
        now += held.untilDue(now: now)?.nanoseconds ?? 0
        #expect(held.claim(now: now)?.selection == .othersThan(["bad"]))
    }

    @Test("a held queue waits for at most a minute, however long the server asks")
    func longRetryAfter() {
        var held = SetAsideJobs(mayHaveSome: false)
        for _ in 1...3 { _ = held.added(of: "bad", isAlone: false, text: "403", now: 0) }
        let first = held.claim(now: 10_000_000_000)
        #expect(first?.selection == .queue("bad"))
        held.delayed([makeJob(1, queue: "bad")], by: .seconds(1 << 31), now: 10_000_000_000)
        held.endClaim(.queue("bad"))
        let early = held.claim(now: 69_000_000_000)?.selection
        let later = held.claim(now: 71_000_000_000)?.selection
        #expect(early != .queue("bad") && later == .queue("bad"))
    }

    @Test("a job that was set aside is not sent by two lanes, however long the first takes to record its answer")
    func oneLane() throws {
        var aside = SetAsideJobs(mayHaveSome: true)
        let claim = aside.claim(now: 0)
        let query = try #require(claim)
        _ = aside.read(SetAsidePage(jobs: [makeJob(1, queue: "a")], scannedThrough: 1), of: query, now: 0)
        for _ in 1...3 { _ = aside.added(of: "a", isAlone: false, text: "403", now: 0) }
        let later: Int64 = 3_600_000_000_000
        #expect(aside.untilDue(now: later) == nil)
        let second = aside.claim(now: later)
        #expect(second == nil)
        aside.endClaim(query.selection)
        let claims = [aside.claim(now: later), aside.claim(now: later), aside.claim(now: later)].map(\.?.selection)
        #expect(claims == [.queue("a"), .othersThan(["a"]), nil])
    }

    @Test(
        "whatever queue is refused and for how long, every job arrives once", arguments: 1...30 as ClosedRange<UInt64>)
    func anyQueue(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let names = ["a", "b", "c", "d"]
        let all = (1...2000).map { makeJob($0, queue: names[Int.random(in: 0..<4, using: &generator)]) }
        let lanes = seed.isMultiple(of: 3) ? 4 : 1
        var model = RelayModel(all, limits: BatchLimits(jobs: 100), lanes: lanes, seed: seed)
        let isLost = seed.isMultiple(of: 2)
        let period = Int64([1, 60, 2000].randomElement(using: &generator) ?? 1) * 1_000_000_000
        model.run(atMost: .seconds(100_000)) { request, now in
            let refused = names[Int(now / period % 4)]
            let isRefused = now < 50_000_000_000_000 && request.jobs.contains { $0.job.queue == refused }
            return isRefused ? (isLost ? lost(sent: true) : refuse(503, nil)) : accept(request)
        }
        #expect(model.faults == [])
        #expect(model.acceptedJobs.count == 2000)
        #expect(model.setAside.isEmpty)
    }
}
