import SluiceBase
import SluiceOutbox
import SluiceRelay
import Testing
import Zizq

@Suite struct LicenceTests {
    private static let minutes: Int64 = 60_000_000_000

    /// A server without a licence, as the free tier answers.
    private func free(_ request: BatchRequest) -> LaneSimulation.Answer {
        if request.withKeys, request.jobs.contains(where: { $0.job.uniqueKey != nil }) {
            return refuse(403, "unique jobs requires a pro license")
        }
        if request.jobs.contains(where: \.job.options.hasBatch) {
            return refuse(403, "batched jobs requires a pro license")
        }
        return accept(request)
    }

    @Test(
        "without a licence jobs go without their keys at once, which is said once, and the keys are tried again every ten minutes"
    )
    func dropsKeys() {
        var simulation = LaneSimulation((1...6).map { makeJob($0, key: "k\($0)") }, limits: BatchLimits(jobs: 2))
        simulation.run(server: free)
        #expect(simulation.sent.map(\.withKeys) == [true, false, false, false])
        #expect(simulation.delivered == [1, 2, 3, 4, 5, 6])
        #expect(simulation.alarms == ["+zizq_unique_jobs_unlicensed"])
        simulation.now += 10 * Self.minutes
        simulation.pending = [makeJob(7, key: "k7"), makeJob(8, key: "k8")]
        simulation.run(server: free)
        #expect(simulation.sent.suffix(2).map(\.withKeys) == [true, false])
        #expect(simulation.alarms == ["+zizq_unique_jobs_unlicensed"])
        #expect(simulation.waits.isEmpty)
    }

    @Test("when a licence is there the keys go along again and the alarm ends")
    func findsLicence() {
        var simulation = LaneSimulation([makeJob(1, key: "a")])
        simulation.run(server: free)
        simulation.now += 10 * Self.minutes
        simulation.pending = [makeJob(2, key: "b")]
        simulation.run { accept($0) }
        simulation.pending = [makeJob(3, key: "c")]
        simulation.run { accept($0) }
        #expect(simulation.sent.map(\.withKeys) == [true, false, true, true])
        #expect(simulation.alarms == ["+zizq_unique_jobs_unlicensed", "-zizq_unique_jobs_unlicensed"])
    }

    @Test("a batch without any key says nothing about the licence")
    func keylessProvesNothing() {
        var simulation = LaneSimulation([makeJob(1, key: "a")])
        simulation.run(server: free)
        simulation.now += 10 * Self.minutes
        simulation.pending = [makeJob(2)]
        simulation.run { accept($0) }
        #expect(simulation.alarms == ["+zizq_unique_jobs_unlicensed"])
    }

    @Test("after a reconnect the keys are tried at once")
    func triesAfterReconnect() {
        var simulation = LaneSimulation([makeJob(1, key: "a")])
        simulation.run(server: free)
        simulation.now += 5_000_000_000
        simulation.pending = [makeJob(2, key: "b")]
        var requests = 0
        simulation.run { request in
            requests += 1
            return requests == 1 ? lost(sent: false) : accept(request)
        }
        #expect(simulation.sent.map(\.withKeys) == [true, false, false, true])
    }

    @Test("with `always` a server without the licence is set up wrongly; with `never` no key is sent")
    func followsPolicy() {
        var always = LaneSimulation([makeJob(1, key: "a")], policy: .always)
        always.run(steps: 20, server: free)
        #expect(!always.sent.map(\.withKeys).contains(false))
        #expect(always.alarms == ["+zizq_set_up_wrong"])
        #expect(always.delivered.isEmpty)
        var never = LaneSimulation([makeJob(1, key: "a")], policy: .never)
        never.run(server: free)
        #expect(never.sent.map(\.withKeys) == [false])
        #expect(never.delivered == [1])
    }

    @Test("jobs that need `batch` are parked, the others go at once; later ones are parked without being sent")
    func parks() {
        var simulation = LaneSimulation(
            (1...6).map { makeJob($0, batch: $0.isMultiple(of: 2)) }, limits: BatchLimits(jobs: 3))
        simulation.run(steps: 10, server: free)
        #expect(simulation.parked.map(\.id) == [2, 4, 6])
        #expect(simulation.delivered == [1, 3, 5])
        #expect(simulation.sent.map { $0.jobs.map(\.id) } == [[1, 2, 3], [1, 3], [5]])
        #expect(simulation.alarms == ["+zizq_batched_jobs_unlicensed"])
    }

    @Test("keys and batches refused one after the other in the same batch are both dealt with")
    func meetsBoth() {
        var simulation = LaneSimulation([makeJob(1, key: "a"), makeJob(2, batch: true), makeJob(3)])
        simulation.run(steps: 7, server: free)
        #expect(simulation.delivered == [1, 3])
        #expect(simulation.parked.map(\.id) == [2])
        #expect(simulation.alarms == ["+zizq_unique_jobs_unlicensed", "+zizq_batched_jobs_unlicensed"])
    }

    @Test("every ten minutes one parked job tries; when it is taken all are let out")
    func releases() {
        var simulation = LaneSimulation((1...4).map { makeJob($0, batch: true) })
        var isLicensed = false
        var tries = 0
        simulation.run { request in
            tries += 1
            isLicensed = tries > 3
            return isLicensed ? accept(request) : free(request)
        }
        #expect(simulation.sent.map(\.jobs.count) == [4, 1, 1, 1, 3])
        #expect(
            simulation.log.filter { $0.hasPrefix("release") } == [
                "release one", "release one", "release one", "release one", "release all",
            ])
        #expect(Set(simulation.delivered) == [1, 2, 3, 4])
        #expect(simulation.parked.isEmpty)
        #expect(simulation.now == 30 * Self.minutes)
        #expect(simulation.alarms == ["+zizq_batched_jobs_unlicensed", "-zizq_batched_jobs_unlicensed"])
    }

    @Test("a parked job that tries for the licence and dies is followed by another")
    func probeDies() {
        var simulation = LaneSimulation([])
        simulation.parked = (1...3).map { makeJob($0, batch: true) }
        simulation.run { _ in refuse(400, "jobs[0]: type must not contain ','") }
        #expect(simulation.dead.map(\.job) == [1])
        simulation.now += LicenceState.probePatience.nanoseconds
        simulation.pending = [makeJob(10)]
        simulation.run { accept($0) }
        #expect(simulation.delivered.sorted() == [2, 3, 10])
    }

    @Test("jobs that an earlier process parked are let out once the first of them is taken")
    func releasesEarlierOnes() {
        var simulation = LaneSimulation([])
        simulation.parked = (1...3).map { makeJob($0, batch: true) }
        simulation.run { accept($0) }
        #expect(simulation.sent.map(\.jobs.count) == [1, 2])
        #expect(simulation.delivered == [1, 2, 3])
    }
}
