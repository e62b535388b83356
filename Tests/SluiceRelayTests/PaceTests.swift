import SluiceOutbox
import Testing
import Zizq

@testable import SluiceRelay

@Suite struct PaceTests {
    /// Gives the greatest value that is asked for.
    private struct Greatest: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    @Test("the back-off's ceiling doubles from 100 milliseconds to 30 seconds and restarts after a success")
    func doubles() {
        var backoff = RetryBackoff()
        var generator = Greatest()
        let waits = (0..<11).map { _ in backoff.next(using: &generator) }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.next(using: &generator) == .milliseconds(100))
    }

    @Test("the jitter is full: waits spread over the whole of zero to the ceiling")
    func spreads() {
        var generator = SystemRandomNumberGenerator()
        let waits = (0..<1000).map { _ in
            var backoff = RetryBackoff()
            return backoff.next(using: &generator)
        }
        #expect(waits.allSatisfy { .zero <= $0 && $0 <= .milliseconds(100) })
        #expect(waits.contains { $0 < .milliseconds(10) })
        #expect(waits.contains { $0 > .milliseconds(90) })
    }

    @Test(
        "what the server asks for is not undercut, up to a minute",
        arguments: [
            (Duration.seconds(5), Duration.seconds(5)), (.milliseconds(1), .milliseconds(100)),
            (.seconds(86_400), .seconds(60)),
        ])
    func honoursRetryAfter(asked: Duration, wait: Duration) {
        var backoff = RetryBackoff()
        var generator = Greatest()
        #expect(backoff.next(retryAfter: asked, using: &generator) == wait)
    }

    @Test(
        "a busy server gets the same jobs again, in order, for ever; after 429 no fewer at once", arguments: [503, 429])
    func triesForEver(status: Int) {
        var simulation = LaneSimulation(jobs(3))
        // The outage ends while nothing is sent, so that the next request has the first job.
        var tries = 0
        simulation.run { request in
            if request.jobs.first?.id == 1 { tries += 1 }
            return tries <= 200 ? refuse(status, nil, retryAfter: .seconds(9)) : accept(request)
        }
        #expect(simulation.delivered == [1, 2, 3])
        #expect(simulation.sent.allSatisfy { $0.jobs.count == 3 } == (status == 429))
        #expect(simulation.waits.count >= 200)
        #expect(simulation.waits.allSatisfy { $0 >= .seconds(9) })
        #expect(simulation.dead.isEmpty)
    }

    @Test(
        "a wrong set-up pauses with an alarm and tries again slowly; no job is ever dead",
        arguments: [
            refuse(307, nil), refuse(400, nil), refuse(401, "no"), refuse(403, "no"), refuse(404, "not found"),
            refuse(415, nil),
            .failure(.decoding(.init(status: 200, message: "no JSON"))), .success([]),
        ] as [LaneSimulation.Answer])
    func pauses(answer: LaneSimulation.Answer) {
        var simulation = LaneSimulation(jobs(3))
        var tries = 0
        simulation.run { request in
            if request.jobs.first?.id == 1 { tries += 1 }
            return tries <= 11 ? answer : accept(request)
        }
        #expect(simulation.waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map { .seconds($0) })
        #expect(simulation.alarms == ["+zizq_set_up_wrong", "-zizq_set_up_wrong"])
        #expect(simulation.dead.isEmpty)
        #expect(simulation.delivered == [1, 2, 3])
    }

    @Test("while answers are not those of a Zizq server one job is sent after each pause, and then batches grow again")
    func sendsLittleWhile() {
        var simulation = LaneSimulation(jobs(3000))
        var tries = 0
        var accepted: [Int] = []
        simulation.run { request in
            if request.jobs.first?.id == 1 { tries += 1 }
            guard tries > 10 else { return refuse(403, "forbidden") }
            accepted.append(request.jobs.count)
            return accept(request)
        }
        let refused = simulation.sent.count - accepted.count
        #expect(simulation.sent.prefix(refused).map(\.jobs.count) == [1000] + Array(repeating: 1, count: refused - 1))
        #expect(refused < 200)
        #expect(accepted.prefix(5) == [1, 2, 4, 8, 16])
        #expect(simulation.delivered == Array(1...3000))
    }

    @Test("while the server asks for a wait the relay is paused, and says for how long and why")
    func showsPause() {
        var health = RelayHealth()
        #expect(health.condition(now: 0) == .sending)
        health.record(.retrying(after: .seconds(9), isAsked: true, text: "429"), now: 0)
        #expect(health.condition(now: 2_000_000_000) == .asked(.seconds(7), text: "429"))
        #expect(health.condition(now: 0).sentence == "paused for 9s, as requested by the server: 429")
        health.record(.retrying(after: .seconds(3), isAsked: false, text: "503"), now: 0)
        #expect(health.condition(now: 0).sentence == "retrying in 3s: 503")
        #expect(!health.condition(now: 0).isPaused)
        health.record(.alarmRaised(.everythingRefused, text: "no"), now: 0)
        #expect(
            health.condition(now: 0).sentence
                == "paused: Zizq rejects every job, so the jobs are probably not the cause; retrying now: no")
        health.record(.waitingForProof(atMost: .seconds(8), text: "still no"), now: 0)
        #expect(
            health.condition(now: 3_000_000_000).sentence
                == "paused: Zizq rejects every job, so the jobs are probably not the cause; retrying in 5s: still no")
        health.record(.alarmCleared(.everythingRefused), now: 0)
        health.record(.batchAccepted([]), now: 0)
        #expect(health.condition(now: 0) == .sending)
    }

    @Test("without pending jobs the relay is not paused, and forgets the last answer")
    func endsWithoutJobs() {
        var health = RelayHealth()
        health.record(.alarmRaised(.setUpWrong, text: "404"), now: 0)
        health.record(.retrying(after: .seconds(9), isAsked: true, text: "404"), now: 0)
        #expect(health.condition(hasJobs: true, now: 0).isPaused)
        #expect(health.condition(hasJobs: false, now: 0) == .sending)
        health.record(.nothingLeft(ended: [.setUpWrong]), now: 0)
        #expect(health.condition(hasJobs: true, now: 0) == .sending)
    }

    @Test("once the wait that the server asked for is over, the relay is no longer paused")
    func endsAskedWait() {
        var health = RelayHealth()
        health.record(.retrying(after: .seconds(9), isAsked: true, text: "503"), now: 0)
        let condition = health.condition(hasJobs: true, now: 9_000_000_000)
        #expect(condition.sentence == "retrying now: 503")
        #expect(!condition.isPaused)
    }

    @Test("while the server is set up wrongly the relay shows the last answer and the time until the next request")
    func showsLastAnswer() {
        var health = RelayHealth()
        health.record(.alarmRaised(.setUpWrong, text: "404"), now: 0)
        health.record(.retrying(after: .seconds(1), isAsked: false, text: "404"), now: 0)
        let sentence = "paused: the server at zizq.url is not a Zizq server that accepts jobs"
        #expect(health.condition(now: 0).sentence == "\(sentence); retrying in 1s: 404")
        health.record(.retrying(after: .seconds(20), isAsked: false, text: "connection refused"), now: 2_000_000_000)
        #expect(health.condition(now: 7_000_000_000).sentence == "\(sentence); retrying in 15s: connection refused")
    }

    @Test("answers that say that jobs are stored, but cannot be read, are unknown outcomes and keep batches small")
    func unreadable() {
        var simulation = LaneSimulation(jobs(20_000))
        // Something cuts answers to more than 400 jobs.
        simulation.run { request in
            request.jobs.count > 400
                ? .failure(.decoding(.init(status: 200, message: "cut off"))) : accept(request)
        }
        #expect(Set(simulation.delivered) == Set(1...20_000))
        let unknown = simulation.notices.count { if case .outcomeUnknown = $0 { true } else { false } }
        let cut = simulation.sent.count { $0.jobs.count > 400 }
        #expect(unknown == cut)
        #expect(cut <= 4)
    }
}
