import SluiceBase
import SluiceOutbox
import SluiceRelay
import Testing
import Zizq

/// Random servers and random jobs: what must hold whatever Zizq refuses.
@Suite struct RefusalModelTests {
    /// A server with bad jobs, and how it says so.
    private struct Server {
        var bad: Set<Int64> = []
        /// Of a hundred refusals, how many name a job.
        var indexed = 0
        /// Of a hundred refusals that name one, how many name another than the first bad job.
        var lying = 0
        /// Requests with more bytes are too large.
        var bytes = Int.max
        var generator: SeededRandom

        mutating func answer(_ request: BatchRequest) -> LaneSimulation.Answer {
            if request.jobs.reduce(0, { $0 + $1.job.requestBytes }) > bytes { return refuse(413, nil) }
            guard let first = request.jobs.map(\.id).firstIndex(where: bad.contains) else { return accept(request) }
            guard chance(indexed) else { return refuse(Bool.random(using: &generator) ? 400 : 422, "invalid JSON: no") }
            // A wrong index is often out of range.
            let position = chance(lying) ? Int.random(in: 0..<(2 * request.jobs.count), using: &generator) : first
            return refuse(400, "jobs[\(position)]: no")
        }

        private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
    }

    /// Jobs with bad ones among them, and a good one at the end, without which the last ones could not be confirmed.
    private func scenario(_ generator: inout SeededRandom) -> (jobs: [StoredJob], server: Server) {
        let count = Int.random(in: 1...4000, using: &generator)
        let all = (1...Int64(count)).map { makeJob($0, payloadBytes: Int.random(in: 2...400, using: &generator)) }
        var server = Server(generator: SeededRandom(seed: generator.next()))
        let share = [0, 1, 10, 50, 200, 500, 900].randomElement(using: &generator) ?? 0
        var isRun = false
        for job in all.dropLast() {
            // Bad jobs come alone or in runs.
            isRun =
                isRun
                ? Int.random(in: 0..<10, using: &generator) > 0
                : Int.random(in: 0..<1000, using: &generator) < share / 4
            if isRun || Int.random(in: 0..<1000, using: &generator) < share { server.bad.insert(job.id) }
        }
        server.indexed = [0, 50, 100].randomElement(using: &generator) ?? 0
        server.lying = [0, 0, 20, 100].randomElement(using: &generator) ?? 0
        server.bytes = [.max, .max, 600, 20_000].randomElement(using: &generator) ?? .max
        return (all, server)
    }

    @Test(
        "every good job is accepted and every bad one is a dead letter, at most 3 transmissions for each job and 30 for each bad one",
        arguments: 0..<10 as Range<UInt64>)
    func findsBadJobs(block: UInt64) {
        for seed in (block * 8)..<(block * 8 + 8) {
            var generator = SeededRandom(seed: seed)
            var (jobs, server) = scenario(&generator)
            let limits = BatchLimits(
                jobs: [1, 3, 10, 100, 1000, 10_000].randomElement(using: &generator) ?? 1000,
                bytes: [1000, 8 << 20].randomElement(using: &generator) ?? 1000)
            let lanes = Int.random(in: 1...4, using: &generator)
            var model = RelayModel(jobs, limits: limits, lanes: lanes, seed: seed)
            model.run { request, _ in server.answer(request) }
            // Each accepted job confirms at most twenty, which the next one makes dead letters: some more good jobs
            // find the rest.
            for _ in 0...(2 + 2 * server.bad.count / RefusalState.allowance) where model.state.refusals.suspects > 0 {
                jobs.append(makeJob(Int64(jobs.count + 1)))
                model.pending = [jobs[jobs.count - 1]]
                model.run { request, _ in server.answer(request) }
            }
            let bad = server.bad
            let about: Comment = """
                seed \(seed): \(jobs.count) jobs, \(bad.count) bad, \(lanes) lanes, \(limits), \
                indexed \(server.indexed), lying \(server.lying), bytes \(server.bytes), transmitted \(model.transmitted) in \(model.requests)
                """
            let isRight =
                Set(model.acceptedJobs) == Set(jobs.map(\.id)).subtracting(bad)
                && model.acceptedJobs.count == jobs.count - bad.count
                && Set(model.dead) == bad && model.unfinished.isEmpty
            #expect(isRight, about)
            #expect(model.faults == [], about)
            #expect(model.transmitted <= 3 * jobs.count + 30 * bad.count, about)
            #expect(model.mostDeadInARow <= RefusalState.allowance, about)
        }
    }

    @Test(
        "a server that refuses everything causes at most twenty dead letters and little traffic, and gets every other job in order once it accepts them",
        arguments: ["jobs[0]: no", "jobs[3]: no", "no", nil], [1, 3])
    func refusesEverything(text: String?, lanes: Int) {
        var model = RelayModel(jobs(5000, payloadBytes: 2000), limits: BatchLimits(), lanes: lanes, seed: 7)
        model.run(atMost: .seconds(3600)) { _, _ in text.map { refuse(400, $0) } ?? refuse(413, nil) }
        let allowed = text == nil ? 1 : text == "no" ? 0 : RefusalState.allowance
        #expect(model.dead.count <= allowed)
        #expect(model.acceptedJobs.isEmpty)
        #expect(model.alarms == ["+zizq_refuses_everything"])
        // Every job is tried once, alone; one batch of each lane was tried in pieces; then one job after each pause.
        #expect(model.transmitted < 5000 + lanes * 3000 + 100)
        let before = model.transmitted
        model.run(atMost: .seconds(3600)) { _, _ in text.map { refuse(400, $0) } ?? refuse(413, nil) }
        #expect(model.transmitted - before <= 61)
        let dead = Set(model.dead)
        let since = model.now
        model.run { request, _ in accept(request) }
        #expect(Set(model.acceptedJobs) == Set(1...5000).subtracting(dead))
        #expect(Set(model.dead) == dead)
        #expect(model.alarms == ["+zizq_refuses_everything", "-zizq_refuses_everything"])
        #expect(model.lastAccepted - since <= Duration.seconds(70).nanoseconds)
        if lanes == 1 { #expect(model.acceptedJobs == model.acceptedJobs.sorted()) }
        #expect(model.faults == [])
    }

    @Test(
        "a server that changes between refusing everything and accepting everything loses no job",
        arguments: 0..<20 as Range<UInt64>)
    func flips(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let period = [1, 5, 60, 400].randomElement(using: &generator) ?? 1
        let isIndexed = Bool.random(using: &generator)
        let lanes = Int.random(in: 1...4, using: &generator)
        var model = RelayModel(jobs(3000), limits: BatchLimits(jobs: 100), lanes: lanes, seed: seed)
        model.run { request, now in
            let isRefusing = (now / Duration.seconds(period).nanoseconds).isMultiple(of: 2)
            return isRefusing ? refuse(400, isIndexed ? "jobs[0]: no" : "no") : accept(request)
        }
        #expect(model.faults == [])
        #expect(model.acceptedJobs.count + model.dead.count == 3000)
        #expect(model.unfinished.isEmpty)
        #expect(model.mostDeadInARow <= RefusalState.allowance)
    }

    @Test(
        "many bad jobs in a row hold up the good ones behind them for a short time",
        arguments: [(25, 10, 5), (250, 10, 10), (2000, 1000, 40), (3000, 1000, 70)])
    func passesBadJobs(bad: Int, batch: Int, seconds: Int64) {
        var model = RelayModel(jobs(bad + 500), limits: BatchLimits(jobs: batch), seed: 1)
        model.run(atMost: .seconds(seconds)) { request, _ in
            request.jobs.contains { $0.id <= bad } ? refuse(400, "invalid JSON: no") : accept(request)
        }
        #expect(model.acceptedJobs.sorted() == Array(Int64(bad + 1)...Int64(bad + 500)))
        model.run { request, _ in
            request.jobs.contains { $0.id <= bad } ? refuse(400, "invalid JSON: no") : accept(request)
        }
        #expect(model.dead.count >= min(bad, 20))
        #expect(model.dead.count + model.state.refusals.suspects == bad)
    }
}
