import SluiceBase
import SluiceOutbox
import SluiceRelay
import Testing
import Zizq

@Suite struct AmbiguityTests {
    @Test(
        "after an unknown outcome the same jobs go in half the size, and in twice the time if it was over; both recover",
        arguments: [true, false])
    func halvesAndRecovers(isSlow: Bool) {
        var simulation = LaneSimulation(jobs(2000))
        simulation.isSlow = isSlow
        var outcomes = [lost(sent: true), lost(sent: true)][...]
        simulation.run { request in outcomes.popFirst() ?? accept(request) }
        #expect(simulation.sent.map(\.jobs.count) == [1000, 500, 250, 250, 500, 1000])
        let timeouts = isSlow ? [30, 60, 120, 60, 30, 30] : [30, 30, 30, 30, 30, 30]
        #expect(simulation.sent.map(\.timeout) == timeouts.map { .seconds($0) })
        #expect(simulation.delivered == Array(1...2000))
    }

    @Test("three unknown outcomes in a row are an alarm, which the first answer ends")
    func alarms() {
        var simulation = LaneSimulation(jobs(8))
        var outcomes = [lost(sent: true), refuse(500, "internal server error"), lost(sent: true), lost(sent: true)][...]
        simulation.run { request in outcomes.popFirst() ?? accept(request) }
        #expect(simulation.alarms == ["+zizq_outcomes_unknown", "-zizq_outcomes_unknown"])
        let counted = simulation.notices.compactMap {
            if case .outcomeUnknown(_, let inARow) = $0 { inARow } else { nil }
        }
        #expect(counted == [1, 2, 3, 4])
        #expect(simulation.delivered == Array(1...8))
    }

    @Test("an answer in between restarts the count of three")
    func countsInARow() {
        var simulation = LaneSimulation(jobs(8))
        var outcomes = [
            lost(sent: true), lost(sent: true), refuse(403, "forbidden"), lost(sent: true), lost(sent: true),
        ][...]
        simulation.run { request in outcomes.popFirst() ?? accept(request) }
        #expect(!simulation.alarms.contains("+zizq_outcomes_unknown"))
    }

    @Test("a lost connection before any byte was sent changes no sizes and is no unknown outcome")
    func unsentIsKnown() {
        var simulation = LaneSimulation(jobs(8))
        var outcomes = Array(repeating: lost(sent: false), count: 5)[...]
        simulation.run { request in outcomes.popFirst() ?? accept(request) }
        #expect(simulation.sent.map(\.jobs.count) == [8, 8, 8, 8, 8, 8])
        #expect(simulation.alarms.isEmpty)
        #expect(simulation.waits.count == 5)
    }

    @Test("the time for an answer grows to ten minutes and the batch shrinks to one job")
    func boundsSizes() {
        var sizing = AmbiguitySizing(jobs: 1000, timeout: .seconds(30))
        for _ in 0..<20 { _ = sizing.outcomeUnknown(jobs: 1000, after: .seconds(1)) }
        #expect(sizing.timeout == .seconds(30))
        for _ in 0..<20 { _ = sizing.outcomeUnknown(jobs: 1000, after: .seconds(600)) }
        #expect(sizing.maximumJobs == 1)
        #expect(sizing.timeout == .seconds(600))
        for _ in 0..<20 { sizing.batchAccepted() }
        #expect(sizing.maximumJobs == 1000)
        #expect(sizing.timeout == .seconds(30))
    }

    @Test("the halving starts from the batch that was sent, not from the most that a batch may have")
    func halvesActualSize() {
        var sizing = AmbiguitySizing(jobs: 1000, timeout: .seconds(30))
        _ = sizing.outcomeUnknown(jobs: 10, after: .zero)
        #expect(sizing.maximumJobs == 5)
    }

    @Test("a duplicate is news on a batch's first send, and none where an earlier send may have stored it")
    func reportsOlderJobs() {
        var simulation = LaneSimulation(jobs(4), limits: BatchLimits(jobs: 2))
        var requests = 0
        simulation.run { request in
            requests += 1
            return requests == 2 ? accept(request, duplicates: [4]) : accept(request, duplicates: [1])
        }
        let held = simulation.notices.filter { if case .heldByOlderJob = $0 { true } else { false } }
        #expect(
            held == [
                .heldByOlderJob(job: 1, olderZizqID: "z1", olderStatus: "ready"),
                .heldByOlderJob(job: 4, olderZizqID: "z4", olderStatus: "ready"),
            ])
        #expect(simulation.duplicates == [1, 4])
        #expect(simulation.acknowledged.map(\.isDropped) == [true, false, false, true])
    }

    @Test("after a start only jobs of the earlier process may have been stored before, in whichever batch they are")
    func jobsOfEarlierProcess() {
        var simulation = LaneSimulation(jobs(6), limits: BatchLimits(jobs: 2), lastOfEarlierProcess: 3)
        simulation.run { accept($0, duplicates: [1, 2, 3, 4, 5, 6]) }
        let held = simulation.notices.compactMap { if case .heldByOlderJob(let job, _, _) = $0 { job } else { nil } }
        #expect(held == [4, 5, 6])
        #expect(simulation.sent.map { $0.jobs.map(\.id) } == [[1, 2], [3], [4], [5, 6]])
    }

    @Test("a duplicate by a key that a job rule wrote is dropped as it should be, and is not reported")
    func ownKeys() {
        var own = makeJob(1, key: "rule")
        own = StoredJob(id: 1, job: own.job.withOwnKey)
        var simulation = LaneSimulation([own, makeJob(2, key: "r:gateway")])
        simulation.run { accept($0, duplicates: [1, 2]) }
        let held = simulation.notices.compactMap { if case .heldByOlderJob(let job, _, _) = $0 { job } else { nil } }
        #expect(held == [2])
        #expect(simulation.acknowledged.map(\.isDropped) == [true, true])
    }

    @Test("a duplicate after an unknown outcome is no news")
    func expectsDuplicates() {
        var simulation = LaneSimulation(jobs(4), limits: BatchLimits(jobs: 2))
        var requests = 0
        simulation.run { request in
            requests += 1
            return requests == 2 ? lost(sent: true) : accept(request, duplicates: requests > 2 ? [3, 4] : [])
        }
        let held = simulation.notices.filter { if case .heldByOlderJob = $0 { true } else { false } }
        #expect(held.isEmpty)
        #expect(simulation.delivered == [1, 2, 3, 4])
    }
}

extension SluiceBase.Job {
    /// As if a job rule had written its key.
    fileprivate var withOwnKey: Self {
        var job = self
        job.hasOwnKey = true
        return job
    }
}
