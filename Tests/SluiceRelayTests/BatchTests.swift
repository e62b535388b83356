import SluiceBase
import SluiceOutbox
import Testing
import Zizq

@testable import SluiceRelay

@Suite struct BatchTests {
    @Test("batches keep to both limits, in commit order; a job larger than the bytes goes alone")
    func cuts() {
        let all = [
            makeJob(1), makeJob(2), makeJob(3, payloadBytes: 2000), makeJob(4), makeJob(5), makeJob(6), makeJob(7),
        ]
        var simulation = LaneSimulation(all, limits: BatchLimits(jobs: 3, bytes: 250))
        simulation.run { accept($0) }
        #expect(simulation.sent.map { $0.jobs.map(\.id) } == [[1, 2], [3], [4, 5], [6], [7]])
        #expect(simulation.delivered == Array(1...7))
    }

    @Test("nothing is sent before the acknowledgement of the last batch is committed, however often the outbox fails")
    func waitsForCommit() {
        var lane = RelayLane(limits: BatchLimits(jobs: 1), timeout: .seconds(30), seed: 1)
        var state = RelayState(uniqueKeys: .auto)
        _ = lane.started(state: &state, now: 0)
        _ = lane.changeCommitted(state: &state, now: 0)
        guard case .send(let request) = lane.jobsRead(jobs(1), state: &state, now: 0) else {
            Issue.record("the job is not sent")
            return
        }
        var action = lane.answered(accept(request), state: &state, now: 0)
        for _ in 0..<5 {
            guard case .change(.acknowledge(let acknowledgements)) = action else {
                Issue.record("\(action)")
                return
            }
            #expect(acknowledgements.map(\.zizqID) == ["z1"])
            guard case .wait = lane.changeFailed("disk full", state: &state, now: 0) else {
                Issue.record("it does not wait")
                return
            }
            // Until then no command may make a dead letter of the job, which Zizq has.
            #expect(lane.hasUncommittedResult)
            action = lane.waitEnded(state: &state, now: 0)
        }
        guard case .change = action, case .read = lane.changeCommitted(state: &state, now: 0) else {
            Issue.record("it does not go on")
            return
        }
        #expect(!lane.hasUncommittedResult)
        let failures = lane.takeEvents().count { if case .outboxFailed = $0 { true } else { false } }
        #expect(failures == 5)
    }

    @Test("a read that fails is tried again after a wait")
    func retriesRead() {
        var lane = RelayLane(limits: BatchLimits(), timeout: .seconds(30), seed: 1)
        var state = RelayState(uniqueKeys: .auto)
        _ = lane.started(state: &state, now: 0)
        guard case .read = lane.changeCommitted(state: &state, now: 0),
            case .wait = lane.readFailed("locked", state: &state),
            case .read = lane.waitEnded(state: &state, now: 0)
        else {
            Issue.record("the read is not tried again")
            return
        }
    }

    @Test("an alarm is on as long as any lane has it")
    func alarms() {
        var health = RelayHealth()
        for notice in [
            .alarmRaised(.setUpWrong, text: ""), .alarmRaised(.setUpWrong, text: ""), .alarmCleared(.setUpWrong),
            .alarmRaised(.outcomesUnknown, text: ""), .alarmCleared(.outcomesUnknown), .batchAccepted([]),
        ] as [RelayEvent] {
            health.record(notice, now: 0)
        }
        #expect(health.alarms == [.setUpWrong])
    }
}
