import SluiceBase

@testable import SluiceOutbox

/// What may have become of a job.
enum JobFate: Hashable {
    case pending
    case delivered
    case parked
    case setAside
    case dead
    case discarded

    static let undelivered: Set<JobFate> = [.pending, .parked, .setAside, .dead]
}

/// One run. What the outbox has acknowledged is known here, by the number of each delivery.
final class Simulation {
    typealias Fate = JobFate

    struct Accepted {
        let number: Int
        let key: Int?
        let body: Int
        /// True time.
        let at: Int64
        let window: Int64
        /// How far the wall clock was ahead.
        let ahead: Int64
        /// More than one where an operation failed and a crash will tell.
        var fates: Set<JobFate>
    }

    static let windows: [Int64] = [60, 600, 3600]
    /// The slow walk reads a row once a second, and jobs once a second: milliseconds.
    static let slack: Int64 = 5000

    private(set) var violations: [String] = []
    var random: SeededRandom
    let vfs = FaultyVFS()
    var fixture: Fixture
    var store: OutboxStore
    var sabotage: String?
    let seed: Int
    let zizq: SimulatedZizq?
    var relay: SimulatedRelay?
    let fault: SimulatedRelay.Fault?
    /// How often the routes were loaded with other windows.
    var reloads = 0
    /// The route of every fifth key is not there: its keys stay.
    var isRouteAway = false
    /// Keys that a person had forgotten when that was not committed, perhaps.
    var perhapsForgotten: Set<Int> = []
    /// Dead letters in files, with the numbers of their jobs.
    var exported: [(number: Int, content: DeadLetterContent)] = []
    /// By number; a delivery without a job has the fate `discarded`.
    var accepted: [Int: Accepted] = [:]
    /// The newest acceptance of each key; none once a person had it forgotten.
    var newest: [Int: Int] = [:]
    /// The acceptances of each key since it was forgotten.
    var chains: [Int: [Int]] = [:]
    var next = 1
    /// Jobs that lost their place in the order of sending.
    var moved: Set<Int> = []
    var clockOffset: Int64 = 0
    /// How far the wall clock was ahead when the outbox was opened, and when it is corrected, in milliseconds.
    var startOffset: Int64 = 0
    var correctedAt: Int64 = .max
    /// Whether a start believes its clock.
    let believesClock: Bool
    var step = 0
    /// Whether a fault is on.
    var isFaulty = false
    /// Requests for which there was a place in the quarantine, by their numbers.
    var quarantined: [Int: Quarantined] = [:]
    var nextForged = 1
    /// What the secrets of each route may be, newest first.
    var secrets: [String: [[Int]]] = [:]
    /// Salvages by their result.
    var salvages = (done: 0, undamaged: 0, refused: 0)
    let salvageFault: SalvageFault?

    init(
        seed: Int, sabotage: String? = nil, fault: SimulatedRelay.Fault? = nil, salvageFault: SalvageFault? = nil,
        syncs: Bool = true, believesClock: Bool = false
    ) async throws {
        self.believesClock = believesClock
        random = SeededRandom(seed: UInt64(seed))
        (self.seed, self.sabotage, self.fault, self.salvageFault) = (seed, sabotage, fault, salvageFault)
        zizq = seed.isMultiple(of: 2) ? SimulatedZizq(isLicensed: seed.isMultiple(of: 4)) : nil
        vfs.set { ($0.remembersUnsynced, $0.ignoresSyncs) = (true, !syncs) }
        fixture = Fixture {
            $0.recentKeys = 40
            $0.maximumBytes = ByteCount(bytes: 400_000)
            $0.reserve = ByteCount(bytes: 65_536)
            $0.maximumQuarantineBytes = ByteCount(bytes: Self.quarantineBytes)
        }
        fixture.configuration.vfs = vfs.name
        fixture.configuration.keepDelivered = .seconds([0, 30, 3600][seed % 3])
        store = try fixture.open()
        prepareQueue()
        try await startRelay()
    }

    func prepareQueue() {
        zizq?.checksOrder = seed % 6 == 0
        zizq?.isMoved = { [unowned self] in moved.contains($0) }
        zizq?.judge = { [unowned self] number in
            guard let job = accepted[number] else { return isUncertain ? nil : "its delivery was refused" }
            return job.fates.isSubset(of: [.dead, .discarded]) ? "it is \(job.fates)" : nil
        }
    }

    func startRelay() async throws {
        guard zizq != nil else { return }
        let lanes = seed % 6 == 0 ? 1 : 1 + pick(4)
        relay = try await SimulatedRelay(
            on: store, lanes: lanes, seed: seed, now: fixture.time.monotonicNanoseconds(),
            fault: fault)
    }

    /// Milliseconds, whatever the wall clock says.
    var now: Int64 { fixture.time.monotonicNanoseconds() / 1_000_000 }

    func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    func violate(_ text: String) { violations.append("step \(step): \(text)") }

    // MARK: Steps

    func run(steps: Int) async throws {
        for index in 1...steps where violations.isEmpty {
            step = index
            if clockOffset != 0, now >= correctedAt { setClock() }
            if index == steps / 2, let sql = sabotage { try await hurt(sql) }
            try await takeStep()
            if !isFaulty {
                try checkFigures()
                try checkQuarantine()
            }
        }
        if violations.isEmpty { try await end() }
        violations += zizq?.violations ?? []
    }

    /// As an error of the outbox would leave the file, which is then opened again.
    func hurt(_ sql: String) async throws {
        settle()
        guard !isFaulty else { return }
        try store.session.connection.execute(sql)
        try await reopen()
    }

    func takeStep() async throws {
        switch pick(25) {
        case 0..<8: deliver()
        case 8..<12: relay == nil ? try acknowledge() : try await relaySteps(60)
        case 12: try person()
        case 13:
            guard relay == nil else { return changeWeather() }
            chance(50) ? try setAside() : try takeBack()
        case 14, 15: pass(.milliseconds(Int64(pick(90_000))))
        case 16: diskFault()
        case 17: try await chance(50) ? crash() : cutPower()
        case 18: setClock()
        case 19: try letters()
        case 20: chance(50) ? forget() : reload()
        case 21, 22, 23: try chance(90) ? quarantine() : salvage()
        default: try chance(20) ? backUp() : quiet()
        }
    }

    /// Routes with other windows: what was accepted before keeps its own.
    func reload() {
        reloads += 1
        isRouteAway = chance(30)
    }

    func changeWeather() {
        zizq?.weather = chance(30) ? .fair : SimulatedZizq.Weather.allCases.randomElement(using: &random) ?? .fair
        // What must come in order must not be refused.
        if zizq?.checksOrder == true, [.refusesQueue, .refusesJobs, .broken].contains(zizq?.weather) {
            zizq?.weather = .away
        }
    }

    func relaySteps(_ most: Int) async throws {
        guard let relay, let zizq else { return }
        for _ in 0...pick(most) {
            try await relay.step(pick(4), now: fixture.time.monotonicNanoseconds(), zizq: zizq) { numbers, fate, body in
                if fate == .setAside || fate == .parked { moved.formUnion(numbers) }
                let isDone = change(numbers, to: fate, body)
                if !isDone { zizq.mayComeAgain.formUnion(numbers) }
                return isDone
            }
        }
    }

    /// A batch of new deliveries and of repetitions.
    func deliver() {
        var batch: [Submission] = []
        var expected: [(number: Int, key: Int?, body: Int, window: Int64)] = []
        for _ in 0...pick(30) {
            let isRepetition = chance(30) && next > 1
            let key = chance(10) ? nil : isRepetition ? max(1, next - 1 - pick(200)) : next
            if isRouteAway, let key, key.isMultiple(of: 5) {
                next += 1
                continue
            }
            let window = Self.windows[((key ?? next) + reloads) % 3]
            let body = isRepetition ? self.body(ofRepetition: key) : key ?? next
            batch.append(
                sample(
                    next, key: key, hasKey: key != nil, body: body, at: fixture.time, window: .seconds(window),
                    rule: Self.rule(of: key), jobs: next % 4 == 0 ? 0 : 1, queue: "queue-\(next % 3)"))
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
    var isUncertain = false

    // MARK: What happens to jobs

    static func number(of job: Job) -> Int { number(of: job.type) }

    static func number(of type: String) -> Int { Int(type.split(separator: "-")[1]) ?? 0 }

    func pendingJobs() throws -> [(id: Int64, number: Int)] {
        let statement = try store.session.connection.prepare(
            """
            SELECT id, type FROM jobs WHERE id >= ?1 AND id NOT IN (SELECT job FROM delivered WHERE job >= ?1) ORDER BY id
            """)
        statement.bind(store.firstPendingJobID, at: 1)
        defer { statement.reset() }
        var jobs: [(id: Int64, number: Int)] = []
        while try statement.step() { jobs.append((statement.int64(0), Self.number(of: statement.text(1)))) }
        return jobs
    }

    /// Does what changes jobs; where it fails both fates are possible until the next crash tells.
    @discardableResult
    func change(_ numbers: [Int], to fate: Fate, _ body: () throws -> Void) -> Bool {
        if fate == .pending { moved.formUnion(numbers) }
        do {
            try body()
            for number in numbers { accepted[number]?.fates = [fate] }
            return true
        } catch OutboxError.beingSent {
            return false
        } catch {
            for number in numbers { accepted[number]?.fates.insert(fate) }
            return false
        }
    }

    func acknowledge() throws {
        var jobs = try pendingJobs()
        guard !jobs.isEmpty else { return }
        if chance(50) { jobs.shuffle(using: &random) }
        let taken = jobs.prefix(1 + pick(jobs.count))
        change(taken.map(\.number), to: .delivered) {
            try store.acknowledge(taken.map { Acknowledgement(job: $0.id, zizqID: "z") })
        }
    }

    // MARK: Time and faults

    func pass(_ duration: Duration) { fixture.time.advance(by: duration) }

    func quiet() {
        for _ in 0...pick(40) { _ = store.maintainIdle() }
    }

    /// Days away for some steps, and back. Once more ahead after a start that was ahead, no clock has ever been right.
    func setClock() {
        let isAhead = chance(50) && startOffset == 0
        setClock(to: clockOffset == 0 ? (isAhead ? 1 : -1) * days() : 0)
    }

    private func days() -> Int64 { (1 + Int64(pick(10))) * 86_400_000 }

    private func setClock(to offset: Int64) {
        correctedAt = .max
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + offset - clockOffset)
        clockOffset = offset
    }

    func diskFault() {
        if isFaulty { return settle() }
        isFaulty = true
        let file: FaultyVFS.File = chance(60) ? .log : .database
        switch pick(3) {
        case 0: vfs.set { $0.failingSyncs = [file] }
        case 1: vfs.set { $0.fullFiles = [file] }
        default:
            let writes = pick(40)
            vfs.set { $0.writesUntilFull = writes }
        }
    }

    /// Ends the faults, and waits until the store has recovered.
    func settle() {
        vfs.set { faults in
            faults.failingSyncs = []
            faults.fullFiles = []
            faults.writesUntilFull = nil
        }
        for _ in 0..<20 where store.status.condition == .failing || store.status.condition == .diskFull {
            pass(.seconds(2))
            _ = store.maintainIdle()
        }
        isFaulty = store.status.condition == .failing || store.status.condition == .diskFull
        if isFaulty { violate("the outbox does not recover: \(store.status.condition)") }
    }

    func crash() async throws {
        if clockOffset != 0 { setClock() }
        if isFaulty { return settle() }
        // Unless the newest time is itself one of a wrong clock.
        if chance(40), try store.newestTime() ?? .max <= fixture.time.wallMilliseconds() {
            setClock(to: days())
            correctedAt = now + Int64(pick(600_000))
        }
        try await reopen()
    }

    // MARK: What must hold

    /// Each job is in one place, and it is one that it can be in.
    func checkFigures() throws {
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
            if found == nil, let zizq, possible == [.delivered], zizq.stored[number] == nil {
                violate("job \(number) is acknowledged, and not in the queue")
            }
            accepted[number]?.fates = found.map { [$0] } ?? possible.intersection([.delivered, .discarded])
        }
        if !places.isEmpty, !isUncertain { violate("jobs that were refused: \(places)") }
        let pending = accepted.values.count { $0.fates == [.pending] }
        if store.status.pendingJobs != pending, !isUncertain {
            violate("\(store.status.pendingJobs) jobs are said to be pending, \(pending) are")
        }
    }

    func rows(_ sql: String) throws -> [Int] {
        let statement = try store.session.connection.prepare(sql)
        defer { statement.reset() }
        var numbers: [Int] = []
        while try statement.step() { numbers.append(Self.number(of: statement.text(0))) }
        return numbers
    }

    /// Once the queue is well, every job gets there within two hours.
    func sendEverything() async throws {
        guard let zizq, let relay else { return }
        zizq.weather = .fair
        let end = now + 7_200_000
        while store.status.pendingJobs + store.status.parkedJobs > 0, now < end {
            pass(.nanoseconds(max(30_000_000_000, relay.nextDue - fixture.time.monotonicNanoseconds())))
            try await relaySteps(60)
        }
        if now >= end { violate("\(store.status.pendingJobs) and \(store.status.parkedJobs) jobs are never sent") }
        try checkFigures()
        for (number, job) in accepted where job.fates == [.pending] || job.fates == [.setAside] {
            violate("job \(number) is never sent")
        }
    }

    /// When everything is delivered and every window is over, nothing is left.
    func end() async throws {
        settle()
        if clockOffset != 0 { setClock() }
        // Nothing is forgotten while the clocks disagree.
        if startOffset != 0 { try await reopen() }
        try checkFigures()
        try await sendEverything()
        while try store.unpark(limit: 500) > 0 {}
        while let job = try store.session.connection.integer("SELECT min(job) FROM parked") {
            try store.takeBack([job], acknowledgements: [Acknowledgement(job: job, zizqID: "z")])
        }
        while let letter = try store.queries.deadLetters(after: 0).first {
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
        for table in ["deliveries", "jobs", "delivered", "requests", "quarantine"] {
            let count = try store.number("SELECT count(*) FROM \(table)")
            if count != 0 { violate("\(count) rows are left in \(table)") }
        }
        if try store.session.connection.text("PRAGMA integrity_check") != "ok" { violate("the file is damaged") }
    }
}
