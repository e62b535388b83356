import SluiceBase
import Zizq

@testable import SluiceOutbox
@testable import SluiceRelay

/// The relay without tasks and sockets: its lanes and its feed on the outbox of a simulation. Each step does what one
/// lane wants next, so that answers of several lanes come in any order.
final class SimulatedRelay {
    /// What an error in the relay could do, and the simulation must see.
    enum Fault: String, CaseIterable {
        case believesLostAnswers
        case forgetsFailedChanges
        case sendsBuriedJobs
        case leavesOutKeys
        case neverTriesWhatWasSetAside
        case beginsBehindTheFirstJob
        case reversesBatches
        case acknowledgesTheNextJob
        case losesReads
    }

    private struct Runner {
        var lane: RelayLane
        var action: RelayAction
        /// Monotonic, nanoseconds.
        var due: Int64 = 0
        /// What the queue said to the batch that is being sent.
        var answer: Result<[EnqueuedJob], ZizqError>?
    }

    private let store: OutboxStore
    private let feed: JobFeed
    private let fault: Fault?
    private var state: RelayState
    private var runners: [Runner] = []
    /// By the ids of jobs that were read.
    private(set) var numbers: [Int64: Int] = [:]

    init(on store: OutboxStore, lanes: Int, seed: Int, now: Int64, fault: Fault?) async throws {
        self.store = store
        self.fault = fault
        feed = JobFeed(try OutboxReader(store.configuration), queues: store.queues)
        await feed.start(at: store.firstPendingJobID + (fault == .beginsBehindTheFirstJob ? 1 : 0))
        state = RelayState(uniqueKeys: .auto, mayHaveSetAside: store.status.parkedJobs > 0)
        for number in 0..<lanes {
            var lane = RelayLane(
                limits: BatchLimits(jobs: 20, bytes: 100_000), timeout: .seconds(30),
                seed: UInt64(seed * 16 + number), lastOfEarlierProcess: store.status.lastJobID)
            let action = lane.started(state: &state, now: now)
            runners.append(Runner(lane: lane, action: action))
        }
    }

    /// When the next lane has something to do, on the monotonic clock in nanoseconds.
    var nextDue: Int64 { runners.map(\.due).min() ?? .max }

    /// Does what one lane wants, if the time has come.
    ///
    /// - Parameter commit: does a change of these jobs, and says whether it was done.
    func step(
        _ index: Int, now: Int64, zizq: SimulatedZizq, commit: ([Int], JobFate, () throws -> Void) -> Bool
    ) async throws {
        let index = index % runners.count
        var runner = runners[index]
        guard runner.due <= now else { return }
        runner.action = try await carryOut(&runner, index, now: now, zizq: zizq, commit: commit)
        runner.due = now + wait(of: runner.action)
        if !runner.lane.hasUncommittedResult, runner.answer == nil { store.sending.end(lane: index) }
        runners[index] = runner
    }

    private func wait(of action: RelayAction) -> Int64 {
        switch action {
        case .wait(let wait), .pause(let wait, _), .read(_, _, .atMost(let wait)): wait.wholeNanoseconds
        default: 0
        }
    }

    private func carryOut(
        _ runner: inout Runner, _ index: Int, now: Int64, zizq: SimulatedZizq,
        commit: ([Int], JobFate, () throws -> Void) -> Bool
    ) async throws -> RelayAction {
        switch runner.action {
        case .read(let jobs, let bytes, let wait):
            let found = try await feed.take(maximumJobs: jobs, maximumBytes: bytes)
            if found.isEmpty, wait == .untilSomeCome { return runner.action }
            let isLast = found.isEmpty && store.status.pendingJobs == 0
            return runner.lane.jobsRead(noted(found), isLast: isLast, state: &state, now: now)
        case .readAgain(let ranges, let bytes):
            let found = try await feed.take(ranges, maximumBytes: bytes)
            return runner.lane.jobsRead(noted(found), state: &state, now: now)
        case .readOthers(let queue, let jobs, let bytes):
            let found = try await feed.take(notOf: queue, maximumJobs: jobs, maximumBytes: bytes)
            return runner.lane.jobsRead(noted(found), state: &state, now: now)
        case .readSetAside(let query, let bytes):
            var page = try await feed.setAsideJobs(query, maximumBytes: bytes)
            if fault == .neverTriesWhatWasSetAside { page = SetAsidePage(jobs: [], scannedThrough: nil) }
            _ = noted(page.jobs)
            return runner.lane.setAsideRead(page, state: &state, now: now)
        case .send(let request): return send(request, &runner, index, now: now, zizq: zizq)
        case .change(let change):
            if fault == .forgetsFailedChanges {
                _ = carryOut(change, commit: commit)
            } else if !carryOut(change, commit: commit) {
                return runner.lane.changeFailed("full", state: &state, now: now)
            }
            return runner.lane.changeCommitted(state: &state, now: now)
        case .wait, .pause: return runner.lane.waitEnded(state: &state, now: now)
        }
    }

    private func noted(_ jobs: [StoredJob]) -> [StoredJob] {
        for job in jobs { numbers[job.id] = Simulation.number(of: job.job) }
        if fault == .losesReads, jobs.count > 3 { return Array(jobs.dropLast()) }
        return fault == .reversesBatches ? jobs.reversed() : jobs
    }

    /// First the queue gets the batch, and at a later step the lane its answer.
    private func send(
        _ request: BatchRequest, _ runner: inout Runner, _ index: Int, now: Int64, zizq: SimulatedZizq
    ) -> RelayAction {
        if let answer = runner.answer {
            runner.answer = nil
            return runner.lane.answered(answer, isNewConnection: false, state: &state, now: now)
        }
        let buried = store.sending.begin(request.jobs, lane: index)
        guard buried.isEmpty || fault == .sendsBuriedJobs else {
            return runner.lane.jobsBuried(buried, state: &state, now: now)
        }
        let answer = zizq.receive(request, withKeys: request.withKeys && fault != .leavesOutKeys)
        if fault == .believesLostAnswers, case .failure(.transport) = answer {
            runner.answer = .success(request.jobs.map { EnqueuedJob(id: "z\($0.id)", duplicate: false) })
        } else {
            runner.answer = answer
        }
        return runner.action
    }

    private func carryOut(_ change: OutboxChange, commit: ([Int], JobFate, () throws -> Void) -> Bool) -> Bool {
        func numbers(of jobs: [Int64]) -> [Int] { jobs.compactMap { self.numbers[$0] } }
        switch change {
        case .acknowledge(var jobs):
            if fault == .acknowledgesTheNextJob { for index in jobs.indices { jobs[index].job += 1 } }
            return commit(numbers(of: jobs.map(\.job)), .delivered) { try store.acknowledge(jobs) }
        case .deadLetter(let jobs):
            return commit(numbers(of: jobs.map(\.job)), .dead) { try store.deadLetter(jobs) }
        case .park(let jobs, let reason):
            // A person may have made dead letters of jobs that were read and not sent.
            let left = jobs.filter { (try? store.number("SELECT count(*) FROM jobs WHERE id = \($0)")) != 0 }
            return commit(numbers(of: left), reason == .unlicensed ? .parked : .setAside) {
                try store.park(jobs, because: reason)
            }
        case .takeBack(let jobs, let accepted):
            return commit(numbers(of: jobs), accepted.isEmpty ? .pending : .delivered) {
                try store.takeBack(jobs, acknowledgements: accepted)
            }
        case .release: return true
        }
    }
}

/// A queue that the simulation asks for what it has, and that is away, busy, broken, or refuses some jobs.
final class SimulatedZizq {
    enum Weather: CaseIterable {
        case fair
        case losesAnswers
        case away
        case busy
        case broken
        case refusesQueue
        case refusesJobs
    }

    var weather = Weather.fair
    /// With a licence for unique keys.
    let isLicensed: Bool
    /// How often each job was stored, by its number.
    private(set) var stored: [Int: Int] = [:]
    /// Jobs that may be stored again, because the relay cannot know that they are here.
    var mayComeAgain: Set<Int> = []
    private(set) var violations: [String] = []
    /// Says why a job must not come; nil if it may.
    var judge: (Int) -> String? = { _ in nil }
    private var keys: Set<String> = []
    private var last: [String: Int] = [:]
    /// Jobs that need not come in order.
    var isMoved: (Int) -> Bool = { _ in false }
    var checksOrder = false

    init(isLicensed: Bool) { self.isLicensed = isLicensed }

    func receive(_ request: BatchRequest, withKeys: Bool) -> Result<[EnqueuedJob], ZizqError> {
        switch weather {
        case .away: return .failure(.transport(.init(requestBodyMayHaveBeenProcessed: false, message: "refused")))
        case .busy: return refusal(429)
        case .broken: return refusal(503)
        case .refusesQueue where request.jobs.contains { $0.job.queue == "queue-1" }: return refusal(403)
        case .refusesJobs where request.jobs.contains { Simulation.number(of: $0.job).isMultiple(of: 13) }:
            return refusal(403)
        default: break
        }
        if withKeys, !isLicensed {
            return .failure(.response(.init(status: 403, serverText: "unique jobs requires a pro license")))
        }
        let answer = request.jobs.map { EnqueuedJob(id: "z\($0.id)", duplicate: !store($0, withKeys: withKeys)) }
        guard weather == .losesAnswers else { return .success(answer) }
        for job in request.jobs { mayComeAgain.insert(Simulation.number(of: job.job)) }
        return .failure(.transport(.init(requestBodyMayHaveBeenProcessed: true, message: "lost")))
    }

    private func refusal(_ status: Int) -> Result<[EnqueuedJob], ZizqError> {
        .failure(.response(.init(status: status, serverText: nil)))
    }

    /// - Returns: whether it is not a duplicate.
    private func store(_ job: StoredJob, withKeys: Bool) -> Bool {
        let number = Simulation.number(of: job.job)
        if let why = judge(number) { violations.append("job \(number) is sent: \(why)") }
        if withKeys, let key = job.job.uniqueKey, !keys.insert(key).inserted { return false }
        if stored[number] != nil, isLicensed || !mayComeAgain.contains(number) {
            violations.append("job \(number) is stored twice")
        }
        if checksOrder, stored[number] == nil, !isMoved(number) {
            if let before = last[job.job.queue], before > number {
                violations.append("job \(number) comes after \(before)")
            }
            last[job.job.queue] = number
        }
        stored[number, default: 0] += 1
        return true
    }
}
