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
        let other = StoredJob(
            id: 6, job: SluiceBase.Job(type: "t", queue: "other", options: .none, uniqueKey: nil, payload: [49]),
            isIntact: true)
        all.append(other)
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
        simulation.now += SetAsideSchedule.interval.nanoseconds
        simulation.pending = [makeJob(21)]
        simulation.run(steps: 400) { accept($0) }
        #expect(simulation.setAside.isEmpty)
        #expect(Set(simulation.delivered) == Set(1...21))
    }

    @Test("a job that Zizq itself refuses when it is tried again goes behind the others and becomes a dead letter")
    func refusedByZizq() {
        var simulation = LaneSimulation(jobs(20))
        simulation.run(steps: 400, server: Self.filter([3]))
        simulation.now += SetAsideSchedule.interval.nanoseconds
        simulation.pending = [makeJob(21)]
        simulation.run(steps: 400, server: Self.filter([3], refuse(400, "jobs[0]: type must not contain ','")))
        #expect(simulation.dead.map(\.job) == [3])
        #expect(simulation.setAside.isEmpty)
    }
}
