import SluiceBase
import SluiceOutbox
import Testing
import Zizq

@testable import SluiceRelay

/// What the relay keeps in memory about jobs that are refused, however many there are.
@Suite struct RelayMemoryTests {
    @Test("a million suspects in a row are one range, and at most twenty wait with their text to be dead letters")
    func suspects() throws {
        var state = RefusalState()
        let count: Int64 = 1_000_000
        func refuse(_ job: Int64, _ refusal: RefusalState.Refusal) -> Bool {
            state.refused(FailedJob(job: job, reason: .refusedByZizq, detail: "no"), refusal, now: 0)
        }
        for job in 1...count { #expect(!refuse(job, .alone)) }
        _ = state.batchAccepted(sentAfter: 0, now: 0)
        let claimed = state.claimProbe(.max)
        let claim = try #require(claimed)
        #expect(claim.jobs.ranges == [1...count])
        #expect(state.suspects == 0)
        // Refused a second time: one is dead, and so are twenty more with the next one that is accepted.
        let dead = (1...1000 as ClosedRange<Int64>).filter { refuse($0, .again) }
        #expect(dead == [1])
        let confirmed = state.batchAccepted(sentAfter: state.confirmations, now: 0).dead
        #expect(confirmed.count < RefusalState.allowance)
        #expect(state.suspects == 999 - confirmed.count)
    }

    @Test("where every second job is bad the suspects stay few, because they are confirmed before others are read")
    func everySecond() {
        var model = RelayModel(jobs(20_000), limits: BatchLimits(jobs: 100), lanes: 2, seed: 3)
        var most = 0
        while !(model.pending.isEmpty && model.unfinished.isEmpty), model.requests < 1_000_000 {
            let before = model.requests
            model.run(atMost: .milliseconds(20)) { request, _ in
                request.jobs.contains { $0.id.isMultiple(of: 2) } ? SluiceRelayTests.refuse(400, "no") : accept(request)
            }
            most = max(most, model.state.refusals.suspects)
            if model.requests == before { break }
        }
        #expect(model.acceptedJobs.count == 10_000)
        #expect(most <= 100, "\(most)")
    }

    @Test("jobs that others are sent instead of are at most a thousand, and at most about a batch in bytes")
    func stuck() {
        for (bytes, most) in [(8 << 20, 1000), (10_000, 10)] {
            var simulation = LaneSimulation(
                jobs(1200, payloadBytes: 1000), limits: BatchLimits(jobs: 100, bytes: bytes))
            simulation.run(steps: 10_000) { _ in SluiceRelayTests.refuse(403, nil) }
            // Between two waits each job is sent alone and kept.
            let runs = simulation.log.split { $0 == "wait" }.map { $0.count { $0 == "send 1" } }
            #expect((most / 2...most).contains(runs.max() ?? 0), "\(bytes): \(runs.max() ?? 0)")
        }
    }

    @Test("the jobs of at most a thousand queues are counted to find one that is refused as a whole")
    func queues() {
        var aside = SetAsideJobs(mayHaveSome: false)
        for number in 0..<2000 {
            let isHeld = aside.added(of: "queue \(number)", isAlone: false, text: "403", now: 0)
            #expect(!isHeld)
        }
        for _ in 0..<3 {
            let isHeld = aside.added(of: "queue 1500", isAlone: false, text: "403", now: 0)
            #expect(!isHeld)
        }
        let second = aside.added(of: "queue 500", isAlone: false, text: "403", now: 0)
        let third = aside.added(of: "queue 500", isAlone: false, text: "403", now: 0)
        #expect(!second && third)
    }
}
