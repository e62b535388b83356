import SluiceBase
import SluiceOutbox
import Testing
import Zizq

@testable import SluiceRelay

@Suite struct RefusalTests {
    /// A server that refuses some jobs by their position in the batch.
    private func byIndex(_ bad: Set<Int64>) -> (BatchRequest) -> LaneSimulation.Answer {
        { request in
            guard let position = request.jobs.map(\.id).firstIndex(where: bad.contains) else { return accept(request) }
            return refuse(400, "jobs[\(position)]: queue must not contain ','")
        }
    }

    /// A server that refuses batches with some jobs in them and does not say which.
    private func unindexed(_ bad: Set<Int64>, status: Int = 400) -> (BatchRequest) -> LaneSimulation.Answer {
        { request in
            request.jobs.contains { bad.contains($0.id) } ? refuse(status, "invalid JSON: no") : accept(request)
        }
    }

    @Test(
        "a job that is refused by its index and then alone goes to the dead letters, and the rest goes at once, in order"
    )
    func deadLettersByIndex() {
        var simulation = LaneSimulation(jobs(1000))
        simulation.run(server: byIndex([500]))
        #expect(simulation.dead == [.init(job: 500, reason: .refusedByZizq, detail: "queue must not contain ','")])
        #expect(simulation.delivered == (1...1000).filter { $0 != 500 })
        #expect(simulation.log.prefix(5) == ["release one", "read 1000", "send 1000", "send 1", "dead 500"])
        #expect(simulation.sent.map(\.jobs.count) == [1000, 1, 250, 312, 390, 47])
        #expect(simulation.waits.isEmpty)
    }

    @Test("several culprits with an index go one after the other")
    func buriesSeveral() {
        var simulation = LaneSimulation(jobs(10))
        simulation.run(server: byIndex([1, 5, 10]))
        #expect(simulation.dead.map(\.job) == [1, 5, 10])
        #expect(simulation.delivered == [2, 3, 4, 6, 7, 8, 9])
    }

    @Test("a batch of which every job is refused by its index leaves nothing to send")
    func buriesAll() {
        var simulation = LaneSimulation(jobs(3))
        simulation.run(server: byIndex([1, 2, 3]))
        #expect(simulation.dead.map(\.job) == [1, 2, 3])
        #expect(simulation.delivered.isEmpty)
    }

    @Test(
        "without an index the batch is sent in smaller pieces until the bad job is alone, wherever it is",
        arguments: [1, 2, 500, 999, 1000] as [Int64])
    func singlesOut(bad: Int64) {
        var simulation = LaneSimulation(jobs(1000))
        simulation.run(server: unindexed([bad], status: bad == 500 ? 422 : 400))
        #expect(simulation.dead == [.init(job: bad, reason: .refusedByZizq, detail: "invalid JSON: no")])
        #expect(simulation.delivered == (1...1000).filter { $0 != bad })
        #expect(simulation.sent.count <= 35)
        #expect(simulation.sent.reduce(0) { $0 + $1.jobs.count } <= 3030)
        #expect(simulation.alarms.isEmpty)
        #expect(simulation.waits.isEmpty)
    }

    @Test("several culprits are all found and all else is delivered")
    func singlesOutSeveral() {
        let bad: Set<Int64> = [1, 2, 3, 77, 78, 400, 1000]
        var simulation = LaneSimulation(jobs(1000))
        simulation.run(server: unindexed(bad))
        // One suspect is a dead letter at once, the others when the next job is accepted.
        simulation.pending = [makeJob(1001)]
        simulation.run(server: unindexed(bad))
        #expect(Set(simulation.dead.map(\.job)) == bad)
        #expect(Set(simulation.delivered) == Set((1...1001).filter { !bad.contains($0) }))
    }

    @Test(
        "when everything is refused nothing is a dead letter: the relay tries one job after each pause, which grow to five minutes"
    )
    func pausesWhenAllRefused() {
        var simulation = LaneSimulation(jobs(4))
        simulation.run(steps: 100, server: { _ in refuse(400, "invalid JSON: no") })
        #expect(simulation.dead.isEmpty)
        #expect(simulation.delivered.isEmpty)
        #expect(simulation.alarms == ["+zizq_refuses_everything"])
        let pauses = simulation.notices.compactMap { (notice) -> Duration? in
            if case .waitingForProof(let pause, _) = notice { pause } else { nil }
        }
        #expect(Array(pauses.prefix(10)) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map { Duration.seconds($0) })
        #expect(simulation.sent.dropFirst(5).allSatisfy { $0.jobs.count == 1 })
    }

    @Test(
        "a proof ends with a server that refuses everything from then on: one job is dead, and all others go",
        arguments: [1, 2, 30])
    func proofEnds(refused: Int) {
        var simulation = LaneSimulation(jobs(refused), limits: BatchLimits(jobs: 1))
        // The first ones are refused, one is accepted, and then nothing is.
        simulation.run(steps: 200) { _ in refuse(400, "no") }
        var answers = 0
        simulation.pending = (0..<40).map { makeJob(1000 + $0) }
        simulation.run(steps: 300) { request in
            answers += 1
            return answers == 1 ? accept(request) : refuse(400, "no")
        }
        #expect(simulation.delivered.count == 1)
        #expect(simulation.dead.count <= 1)
        simulation.run { accept($0) }
        #expect(simulation.dead.count <= 1)
        #expect(simulation.delivered.count + simulation.dead.count == refused + 40)
    }

    @Test(
        "when the refused jobs are made dead letters, the pause ends, and begins again with later jobs",
        arguments: [1, 25])
    func endsPause(count: Int) {
        var simulation = LaneSimulation(jobs(count))
        simulation.run(steps: 200) { _ in refuse(400, "no") }
        #expect(simulation.alarms == ["+zizq_refuses_everything"])
        simulation.bury((1...count).map { Int64($0) })
        simulation.run { accept($0) }
        #expect(simulation.alarms.dropFirst() == ["no job left: -zizq_refuses_everything"])
        #expect(simulation.state.refusals.suspects == 0 && !simulation.state.refusals.isPaused)
        simulation.pending = [makeJob(100)]
        simulation.run(steps: 20) { _ in refuse(400, "no") }
        #expect(simulation.alarms.dropFirst(2) == ["+zizq_refuses_everything"])
        simulation.run { accept($0) }
        #expect(simulation.delivered == [100])
    }

    @Test("jobs that are refused one at a time, with nothing else to send, become at most 20 dead letters")
    func oneAtATime() {
        var simulation = LaneSimulation([])
        for number in 1...60 {
            simulation.pending.append(makeJob(Int64(number)))
            simulation.run(steps: 20) { _ in refuse(400, "jobs[0]: no") }
        }
        #expect(simulation.dead.map(\.job) == Array(1...20))
        #expect(simulation.state.refusals.isPaused)
        #expect(simulation.alarms.last == "+zizq_refuses_everything")
        // Without the rest, nothing is paused, but one more refusal is enough.
        simulation.bury(Array(21...60))
        simulation.run { accept($0) }
        #expect(!simulation.state.refusals.isPaused && simulation.state.refusals.suspects == 0)
        simulation.pending = [makeJob(61)]
        simulation.run(steps: 20) { _ in refuse(400, "jobs[0]: no") }
        #expect(simulation.dead.count == 20 && simulation.state.refusals.isPaused)
        simulation.run { accept($0) }
        #expect(simulation.delivered == [61])
        simulation.pending = [makeJob(62)]
        simulation.run(steps: 20) { _ in refuse(400, "jobs[0]: no") }
        #expect(simulation.dead.last?.job == 62)
    }

    @Test("a second job that is too large alone waits, also if there was nothing to send in between")
    func tooLargeOneAtATime() {
        var simulation = LaneSimulation([])
        for number in 1...3 {
            simulation.pending.append(makeJob(Int64(number)))
            simulation.run(steps: 20) { _ in refuse(413, nil) }
        }
        #expect(simulation.dead.map(\.job) == [1])
        #expect(simulation.alarms.last == "+zizq_refuses_everything")
    }

    @Test("after everything was refused, a later job that is accepted confirms the others and ends the alarm")
    func confirmsByLaterJob() {
        var simulation = LaneSimulation(jobs(1))
        var tries = 0
        simulation.run(steps: 12) { _ in
            tries += 1
            return refuse(400, "invalid JSON: no")
        }
        #expect(simulation.dead.isEmpty)
        #expect(tries > 1)
        simulation.pending = [makeJob(2)]
        simulation.run(server: unindexed([1]))
        #expect(simulation.dead.map(\.job) == [1])
        #expect(simulation.delivered == [2])
        #expect(simulation.alarms == ["+zizq_refuses_everything", "-zizq_refuses_everything"])
    }

    @Test(
        "a refusal alone counts against a job only if another was accepted after the batch was first refused, not before"
    )
    func needsLaterProof() {
        var simulation = LaneSimulation(jobs(2), limits: BatchLimits(jobs: 1))
        simulation.run(steps: 30, server: unindexed([2]))
        #expect(simulation.delivered == [1])
        #expect(simulation.dead.isEmpty)
        #expect(simulation.alarms == ["+zizq_refuses_everything"])
    }

    @Test("nor does a job prove anything that was accepted earlier in the same batch")
    func needsLaterProofInBatch() {
        var simulation = LaneSimulation(jobs(2))
        var requests = 0
        simulation.run(steps: 30) { request in
            requests += 1
            return requests == 1 ? lost(sent: true) : unindexed([2])(request)
        }
        #expect(simulation.sent.prefix(3).map { $0.jobs.map(\.id) } == [[1, 2], [1], [2]])
        #expect(simulation.delivered == [1])
        #expect(simulation.dead.isEmpty)
        #expect(simulation.alarms == ["+zizq_refuses_everything"])
    }

    @Test("culprits of both kinds in one batch are all found")
    func findsBothKinds() {
        var simulation = LaneSimulation(jobs(100))
        simulation.run { request in
            if let position = request.jobs.map(\.id).firstIndex(of: 40) {
                return refuse(400, "jobs[\(position)]: type must not be empty")
            }
            return unindexed([7, 93])(request)
        }
        #expect(Set(simulation.dead.map(\.job)) == [7, 40, 93])
        #expect(simulation.delivered.count == 97)
    }

    @Test("unknown outcomes while a culprit is singled out lose nothing")
    func singlesOutThroughFailures() {
        var simulation = LaneSimulation(jobs(64))
        var requests = 0
        simulation.run { request in
            requests += 1
            return requests.isMultiple(of: 3) ? lost(sent: requests.isMultiple(of: 2)) : unindexed([20])(request)
        }
        #expect(simulation.dead.map(\.job) == [20])
        #expect(Set(simulation.delivered) == Set((1...64).filter { $0 != 20 }))
        #expect(simulation.delivered.count == 63)
    }

    @Test("a server that recovers gets all jobs, and none is dead")
    func recoversFromRefusingAll() {
        var simulation = LaneSimulation(jobs(8))
        var requests = 0
        simulation.run { request in
            requests += 1
            return requests <= 15 ? refuse(400, "no") : accept(request)
        }
        #expect(simulation.alarms == ["+zizq_refuses_everything", "-zizq_refuses_everything"])
        #expect(simulation.dead.isEmpty)
        #expect(simulation.delivered.count == 8)
    }

    @Test("a batch that is too large is halved; a job that is too large alone is dead")
    func halvesTooLarge() {
        let all = jobs(6) + [makeJob(7, payloadBytes: 5000)] + [makeJob(8)]
        var simulation = LaneSimulation(all)
        simulation.run { request in
            request.jobs.reduce(0) { $0 + $1.job.requestBytes } > 450 ? refuse(413, nil) : accept(request)
        }
        #expect(
            simulation.dead == [
                .init(job: 7, reason: .tooLargeForZizq, detail: "the answer 413 does not come from Zizq")
            ])
        #expect(simulation.delivered == [1, 2, 3, 4, 5, 6, 8])
    }

    @Test("where everything is too large one job is dead, and the others wait until one is taken")
    func suspectsWhoeverFinds() {
        var simulation = LaneSimulation(jobs(8))
        var answers = 0
        simulation.run { request in
            answers += 1
            return answers <= 15 ? refuse(413, nil) : accept(request)
        }
        #expect(simulation.dead.map(\.reason) == [.tooLargeForZizq])
        #expect(simulation.delivered.count == 7)
        #expect(simulation.alarms == ["+zizq_refuses_everything", "-zizq_refuses_everything"])
    }

    @Test("a job whose bytes have changed on the disk is dead and never sent")
    func buriesDamaged() {
        var simulation = LaneSimulation([makeJob(1), makeJob(2, isIntact: false), makeJob(3)])
        simulation.run { accept($0) }
        #expect(simulation.dead.map(\.reason) == [.checksumMismatch])
        #expect(simulation.delivered == [1, 3])
        #expect(simulation.log == ["release one", "read 3", "dead 2", "send 2", "acknowledge 2"])
    }
}
