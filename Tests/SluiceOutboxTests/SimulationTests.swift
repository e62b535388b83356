import Glibc
import SluiceBase
import Testing

@testable import SluiceOutbox

/// The outbox under everything at once, by a seed: deliveries, repetitions, acknowledgements out of order, people's
/// commands, full disks, failing syncs, crashes, clocks that are set, time. What must hold is asked after each step.
///
/// `make simulate SEEDS=1000` runs more seeds; one that fails does the same again: `SIMULATE_FIRST=17 SEEDS=1`.
struct SimulationTests {
    static var seeds: Range<Int> {
        func number(_ name: String) -> Int? { unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) } }
        let first = number("SIMULATE_FIRST") ?? 1
        return first..<(first + (number("SIMULATE_SEEDS") ?? 24))
    }

    @Test("nothing acknowledged is lost, doubled, kept for ever or forgotten too early", arguments: seeds)
    func holds(seed: Int) throws {
        let simulation = try Simulation(seed: seed)
        try simulation.run(steps: 250)
        #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations.prefix(5))")
    }

    /// What an error in the outbox could do to the file, and the simulation must see.
    static let sabotage = [
        "a pending job is lost": "DELETE FROM jobs WHERE id = (SELECT first_pending FROM progress)",
        "a job is delivered that was not":
            "INSERT OR IGNORE INTO delivered (job, at, zizq_id) SELECT id, 0, 'z' FROM jobs ORDER BY id DESC LIMIT 1",
        "a delivered job is pending again": "DELETE FROM delivered",
        "keys are forgotten early": "DELETE FROM deliveries WHERE expires_at - received_at >= 600000",
        "a key loses its row": "UPDATE deliveries SET key = NULL",
        "a key ends early": "UPDATE deliveries SET expires_at = received_at + 1",
        "keys stay for ever": "UPDATE deliveries SET expires_at = expires_at + 1000000000000",
        "a body is another one": "UPDATE deliveries SET body_hash = zeroblob(16)",
        "a parked job is lost": "DELETE FROM parked",
        "a dead letter is lost": "DELETE FROM dead_letters",
        "the index lacks a run": "DELETE FROM key_chunks",
        "jobs change places": """
        CREATE TEMP TABLE pending AS SELECT id, type FROM jobs WHERE id NOT IN (SELECT job FROM delivered);
        UPDATE jobs SET type = ifnull((SELECT pending.type FROM pending
            WHERE pending.id = (SELECT min(id) + max(id) FROM pending) - jobs.id), type)
            WHERE id IN (SELECT id FROM pending)
        """,
        "a job that was set aside waits for a licence": "UPDATE parked SET set_aside = NULL",
        "walks are ahead": "UPDATE forgetting SET next = 1000000",
    ]

    @Test("each of these errors is found by some seed", arguments: sabotage.keys.sorted())
    func sabotaged(name: String) throws {
        let sql = try #require(Self.sabotage[name])
        for seed in 1...12 {
            let simulation = try Simulation(seed: seed, sabotage: sql)
            try simulation.run(steps: 250)
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }
}

/// One run. What the outbox has acknowledged is known here, by the number of each delivery.
private final class Simulation {
    /// What may have become of a job.
    private enum Fate: Hashable {
        case pending
        case delivered
        case parked
        case setAside
        case dead
        case discarded

        static let undelivered: Set<Fate> = [.pending, .parked, .setAside, .dead]
    }

    private struct Accepted {
        let number: Int
        let key: Int?
        let body: Int
        /// True time.
        let at: Int64
        let window: Int64
        /// How far the wall clock was ahead.
        let ahead: Int64
        /// More than one where an operation failed and a crash will tell.
        var fates: Set<Fate>
    }

    private static let windows: [Int64] = [60, 600, 3600]
    /// A row is looked at by the slow walk once a second, and jobs once a second: milliseconds.
    private static let slack: Int64 = 5000

    private(set) var violations: [String] = []
    private var random: SplitMix
    private let vfs = FaultyVFS()
    private var fixture: Fixture
    private var store: OutboxStore
    private var sabotage: String?
    /// By number; a delivery without a job has the fate `discarded`.
    private var accepted: [Int: Accepted] = [:]
    /// The newest acceptance of each key.
    private var newest: [Int: Int] = [:]
    private var next = 1
    /// Jobs that lost their place in the order of sending.
    private var moved: Set<Int> = []
    private var clockOffset: Int64 = 0
    private var step = 0
    /// Whether a fault is on.
    private var isFaulty = false

    init(seed: Int, sabotage: String? = nil) throws {
        random = SplitMix(seed: UInt64(seed))
        self.sabotage = sabotage
        fixture = Fixture {
            $0.recentKeys = 40
            $0.maximumBytes = ByteCount(bytes: 400_000)
            $0.reserve = ByteCount(bytes: 65_536)
        }
        fixture.configuration.vfs = vfs.name
        fixture.configuration.keepDelivered = .seconds([0, 30, 3600][seed % 3])
        store = try fixture.open()
    }

    /// Milliseconds, whatever the wall clock says.
    private var now: Int64 { fixture.time.monotonicNanoseconds() / 1_000_000 }

    private func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    private func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private func violate(_ text: String) { violations.append("step \(step): \(text)") }

    // MARK: Steps

    func run(steps: Int) throws {
        for index in 1...steps {
            step = index
            if index == steps / 2, let sql = sabotage { try hurt(sql) }
            try takeStep()
            if !isFaulty { try checkFigures() }
        }
        try end()
    }

    /// As an error of the outbox would leave the file, which is then opened again.
    private func hurt(_ sql: String) throws {
        settle()
        guard !isFaulty else { return }
        try store.session.connection.execute(sql)
        try reopen()
    }

    private func takeStep() throws {
        switch pick(20) {
        case 0..<8: deliver()
        case 8..<12: try acknowledge()
        case 12: try person()
        case 13: chance(50) ? try setAside() : try takeBack()
        case 14, 15: pass(.milliseconds(Int64(pick(90_000))))
        case 16: fault()
        case 17: try crash()
        case 18: setClock()
        default: quiet()
        }
    }

    /// A batch of new deliveries and of repetitions.
    private func deliver() {
        var batch: [Submission] = []
        var expected: [(number: Int, key: Int?, body: Int, window: Int64)] = []
        for _ in 0...pick(30) {
            let isRepetition = chance(30) && next > 1
            let key = chance(10) ? nil : isRepetition ? max(1, next - 1 - pick(200)) : next
            let window = Self.windows[(key ?? next) % 3]
            let body = isRepetition && chance(10) ? 1_000_000 + next : key ?? next
            batch.append(
                sample(
                    next, key: key, hasKey: key != nil, body: body, at: fixture.time, window: .seconds(window),
                    jobs: next % 4 == 0 ? 0 : 1))
            expected.append((next, key, body, window * 1000))
            next += 1
        }
        for (outcome, delivery) in zip(store.outcomes(batch), expected) {
            switch outcome {
            case .stored: accept(delivery.number, delivery.key, delivery.body, delivery.window)
            case .duplicate(_, let changed): repeated(delivery.key, delivery.body, changed: changed)
            case .refused(let code):
                // After a sync that failed the batch may be there after a crash, with its keys.
                if code == .commitFailed { isUncertain = true }
            }
        }
    }

    /// Whether a transaction failed: what is in the file is only known after the next crash or recovery.
    private var isUncertain = false

    private func accept(_ number: Int, _ key: Int?, _ body: Int, _ window: Int64) {
        if let key, let holder = newest[key].flatMap({ accepted[$0] }), holds(holder) {
            violate("delivery \(number) was accepted although key \(key) holds by \(holder.number)")
        }
        let fate: Fate = number % 4 == 0 ? .discarded : .pending
        accepted[number] = Accepted(
            number: number, key: key, body: body, at: now, window: window, ahead: max(0, clockOffset), fates: [fate])
        if let key { newest[key] = number }
    }

    /// Whether a key must hold: its window is not over, or a job is pending, parked or dead.
    private func holds(_ holder: Accepted) -> Bool {
        if now < holder.at + holder.window { return true }
        return holder.fates.isSubset(of: Fate.undelivered)
    }

    private func repeated(_ key: Int?, _ body: Int, changed: Bool) {
        guard let key, let holder = newest[key].flatMap({ accepted[$0] }) else {
            if !isUncertain { violate("a duplicate of key \(key ?? 0), which nothing holds") }
            return
        }
        if changed != (holder.body != body) { violate("key \(key): another body is not told apart") }
        let isOver = now > holder.at + holder.window + holder.ahead + Self.slack
        // While the wall clock is behind, what it says is not over.
        if isOver, clockOffset >= 0, holder.fates.isDisjoint(with: Fate.undelivered) {
            violate("key \(key) holds for longer than its window")
        }
    }

    // MARK: What happens to jobs

    private func number(of job: Job) -> Int { Int(job.type.split(separator: "-")[1]) ?? 0 }

    private func pendingJobs() throws -> [(id: Int64, number: Int)] {
        try store.pending().map { ($0.id, number(of: $0.job)) }
    }

    /// Does what changes jobs; where it fails both fates are possible until the next crash tells.
    private func change(_ numbers: [Int], to fate: Fate, _ body: () throws -> Void) {
        if fate == .pending { moved.formUnion(numbers) }
        do {
            try body()
            for number in numbers { accepted[number]?.fates = [fate] }
        } catch {
            for number in numbers { accepted[number]?.fates.insert(fate) }
        }
    }

    private func acknowledge() throws {
        var jobs = try pendingJobs()
        guard !jobs.isEmpty else { return }
        if chance(50) { jobs.shuffle(using: &random) }
        let taken = jobs.prefix(1 + pick(jobs.count))
        change(taken.map(\.number), to: .delivered) {
            try store.acknowledge(taken.map { Acknowledgement(job: $0.id, zizqID: "z") })
        }
    }

    private func setAside() throws {
        guard let job = try pendingJobs().randomElement(using: &random) else { return }
        if chance(30) {
            change([job.number], to: .parked) { try store.park([job.id], because: .unlicensed) }
        } else if chance(50) {
            change([job.number], to: .setAside) { try store.park([job.id], because: .refused("503")) }
        } else {
            change([job.number], to: .dead) {
                try store.deadLetter([FailedJob(job: job.id, reason: .badField, detail: "No.")])
            }
        }
    }

    /// A job that was set aside was sent again: Zizq accepted it, or refused it with its own word.
    private func takeBack() throws {
        guard let number = try rows("SELECT type FROM parked WHERE set_aside = 1").randomElement(using: &random)
        else { return }
        let sql = "SELECT job FROM parked WHERE type = 'push-\(number)-0'"
        guard let id = try store.session.connection.integer(sql) else { return }
        let isAccepted = chance(60)
        change([number], to: isAccepted ? .delivered : .pending) {
            try store.takeBack(id, acknowledgement: isAccepted ? Acknowledgement(job: id, zizqID: "z") : nil)
        }
    }

    private func person() throws {
        if chance(30), let job = try pendingJobs().randomElement(using: &random) {
            return change([job.number], to: .dead) { _ = try store.bury(job.id) }
        }
        if chance(30) {
            let parked = accepted.values.filter { $0.fates.contains(.parked) }.map(\.number)
            return change(parked, to: .pending) { while try store.unpark(limit: 500) == 500 {} }
        }
        guard let letter = try store.deadLetters(after: 0).randomElement(using: &random) else { return }
        let number = try rows("SELECT type FROM dead_letters WHERE id = \(letter.id)")[0]
        if chance(50) {
            change([number], to: .pending) { _ = try store.retryDeadLetter(letter.id) }
        } else {
            change([number], to: .discarded) { _ = try store.replaceDeadLetter(letter.id, with: []) }
        }
    }

    // MARK: Time and faults

    private func pass(_ duration: Duration) { fixture.time.advance(by: duration) }

    private func quiet() {
        for _ in 0...pick(40) { _ = store.maintainIdle() }
    }

    /// Days away for some steps, and back.
    private func setClock() {
        let offset: Int64 = clockOffset == 0 ? (chance(50) ? 1 : -1) * (1 + Int64(pick(10))) * 86_400_000 : 0
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + offset - clockOffset)
        clockOffset = offset
    }

    private func fault() {
        if isFaulty { return settle() }
        isFaulty = true
        if chance(50) {
            vfs.set { $0.failingSyncs = [.log] }
        } else {
            vfs.set { $0.fullFiles = [.log] }
        }
    }

    /// Ends the faults, and waits until the store has recovered.
    private func settle() {
        vfs.set { faults in
            faults.failingSyncs = []
            faults.fullFiles = []
        }
        for _ in 0..<20 where store.status.condition == .failing || store.status.condition == .diskFull {
            pass(.seconds(2))
            _ = store.maintainIdle()
        }
        isFaulty = store.status.condition == .failing || store.status.condition == .diskFull
        if isFaulty { violate("the outbox does not recover: \(store.status.condition)") }
    }

    private func crash() throws {
        if clockOffset != 0 { setClock() }
        if !isFaulty { try reopen() } else { settle() }
    }

    /// The files as they are now, opened again.
    private func reopen() throws {
        let before = store.status
        let copy = Fixture { $0 = self.fixture.configuration }
        copy.configuration.path = copy.folder.file("outbox.db")
        for name in ["outbox.db", "outbox.db-wal"] { copy.folder.write(fixture.folder.read(name), to: name) }
        copy.time.advance(by: .milliseconds(now - copy.time.monotonicNanoseconds() / 1_000_000))
        copy.time.setWall(milliseconds: fixture.time.wallMilliseconds())
        (fixture, store) = (copy, try copy.open())
        if sabotage == nil || step < 125 {
            let after = store.status
            if (before.pendingJobs, before.rememberedKeys, before.undeliveredBytes, before.parkedJobs)
                != (after.pendingJobs, after.rememberedKeys, after.undeliveredBytes, after.parkedJobs)
            {
                violate("other figures after a crash: \(before) \(after)")
            }
        }
    }

    // MARK: What must hold

    /// Each job is in one place, and it is one that it can be in.
    private func checkFigures() throws {
        var places: [Int: Fate] = [:]
        func put(_ number: Int, _ fate: Fate) {
            if let other = places.updateValue(fate, forKey: number) { violate("job \(number) is \(other) and \(fate)") }
        }
        var last = 0
        for job in try pendingJobs() {
            put(job.number, .pending)
            guard !moved.contains(job.number) else { continue }
            if job.number < last { violate("job \(job.number) comes after \(last)") }
            last = job.number
        }
        for row in try rows("SELECT type FROM parked WHERE set_aside IS NULL") { put(row, .parked) }
        for row in try rows("SELECT type FROM parked WHERE set_aside = 1") { put(row, .setAside) }
        for row in try rows("SELECT type FROM dead_letters") { put(row, .dead) }
        for (number, job) in accepted where number % 4 != 0 {
            let found = places.removeValue(forKey: number)
            let possible = job.fates
            let isRight = found.map { possible.contains($0) } ?? !possible.isDisjoint(with: [.delivered, .discarded])
            if !isRight { violate("job \(number) is \(found.map { "\($0)" } ?? "gone"), and should be \(possible)") }
            accepted[number]?.fates = found.map { [$0] } ?? possible.intersection([.delivered, .discarded])
        }
        if !places.isEmpty, !isUncertain { violate("jobs that were refused: \(places)") }
        let pending = accepted.values.count { $0.fates == [.pending] }
        if store.status.pendingJobs != pending, !isUncertain {
            violate("\(store.status.pendingJobs) jobs are said to be pending, \(pending) are")
        }
    }

    private func rows(_ sql: String) throws -> [Int] {
        let statement = try store.session.connection.prepare(sql)
        defer { statement.reset() }
        var numbers: [Int] = []
        while try statement.step() { numbers.append(Int(statement.text(0).split(separator: "-")[1]) ?? 0) }
        return numbers
    }

    /// When everything is delivered and every window is over, nothing is left.
    private func end() throws {
        settle()
        if clockOffset != 0 { setClock() }
        try checkFigures()
        while try store.unpark(limit: 500) > 0 {}
        while let job = try store.session.connection.integer("SELECT min(job) FROM parked") {
            try store.takeBack(job, acknowledgement: Acknowledgement(job: job, zizqID: "z"))
        }
        while let letter = try store.deadLetters(after: 0).first {
            _ = try store.replaceDeadLetter(letter.id, with: [])
        }
        while case let jobs = try pendingJobs(), !jobs.isEmpty {
            try store.acknowledge(jobs.map { Acknowledgement(job: $0.id, zizqID: "z") })
        }
        // Behind rows from the future, if there are any.
        _ = store.commit(
            Self.windows.enumerated().map { sample(next + $0, at: fixture.time, window: .seconds($1), jobs: 0) })
        if store.status.undeliveredBytes != 0 { violate("\(store.status.undeliveredBytes) bytes are left undelivered") }
        // Longer than any clock was ahead: rows with a dead letter go by their own time.
        for _ in 0..<20 {
            pass(.seconds(50_000))
            for _ in 0..<1000 where !store.maintainIdle() { break }
        }
        if store.status.rememberedKeys != 0 { violate("\(store.status.rememberedKeys) keys are never forgotten") }
        for table in ["deliveries", "jobs", "delivered", "requests"] {
            let count = try store.number("SELECT count(*) FROM \(table)")
            if count != 0 { violate("\(count) rows are left in \(table)") }
        }
        if try store.session.connection.text("PRAGMA integrity_check") != "ok" { violate("the file is damaged") }
    }
}
