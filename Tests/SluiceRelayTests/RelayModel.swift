import SluiceBase
import SluiceOutbox
import Zizq

@testable import SluiceRelay

/// Several lanes with one outbox and one server, in simulated time: what each lane wants takes a random time, and what
/// it needs is checked.
struct RelayModel {
    /// A lane, and what it wants next.
    private struct Runner {
        var lane: RelayLane
        var action: RelayAction
        /// When the action is done, in nanoseconds; nil while it waits for jobs.
        var due: Int64?
    }

    let limits: BatchLimits
    private(set) var state = RelayState(uniqueKeys: .auto)
    private(set) var now: Int64 = 0
    /// Not yet read.
    var pending: [StoredJob]
    /// Read and not finished.
    private(set) var unfinished: [Int64: StoredJob] = [:]
    private(set) var setAside: [StoredJob] = []
    private(set) var acceptedJobs: [Int64] = []
    /// When the last request was accepted, in nanoseconds.
    private(set) var lastAccepted: Int64 = 0
    private(set) var dead: [Int64] = []
    /// Jobs in all requests.
    private(set) var transmitted = 0
    private(set) var transmittedBytes = 0
    private(set) var requests = 0
    /// The most dead letters between two accepted requests.
    private(set) var deadInARow = 0
    private(set) var mostDeadInARow = 0
    private(set) var notices: [RelayEvent] = []
    /// What must never happen.
    private(set) var faults: [String] = []
    private var runners: [Runner] = []
    private var generator: SeededRandom

    init(_ jobs: [StoredJob], limits: BatchLimits, lanes: Int = 1, seed: UInt64) {
        self.limits = limits
        pending = jobs
        generator = SeededRandom(seed: seed)
        for number in 0..<lanes {
            var lane = RelayLane(limits: limits, timeout: .seconds(30), seed: seed &+ UInt64(number))
            let action = lane.started(state: &state, now: 0)
            runners.append(Runner(lane: lane, action: action, due: 0))
        }
    }

    /// Runs until no lane has anything to do, or until this time has passed.
    mutating func run(atMost limit: Duration = .seconds(20_000), server: (BatchRequest, Int64) -> LaneSimulation.Answer)
    {
        let end = now + limit.nanoseconds
        while let next = nextRunner(), runners[next].due ?? .max <= end {
            now = max(now, runners[next].due ?? now)
            step(next, server)
        }
    }

    private mutating func nextRunner() -> Int? {
        if !pending.isEmpty {
            for index in runners.indices {
                if case .read = runners[index].action { runners[index].due = min(runners[index].due ?? .max, now) }
            }
        }
        let due = runners.indices.filter { runners[$0].due != nil }
        return due.min { (runners[$0].due ?? .max) < (runners[$1].due ?? .max) }
    }

    private mutating func step(_ index: Int, _ server: (BatchRequest, Int64) -> LaneSimulation.Answer) {
        var lane = runners[index].lane
        let recoveries = state.refusals.recoveries
        let next =
            switch runners[index].action {
            case .read(let count, let bytes, _):
                lane.jobsRead(
                    takePending(count, bytes), isLast: pending.isEmpty && unfinished.isEmpty, state: &state, now: now)
            case .readAgain(let ranges, let bytes):
                lane.jobsRead(readAgain(ranges, bytes, by: index), state: &state, now: now)
            case .readOthers(let queue, let count, let bytes):
                lane.jobsRead(takePending(count, bytes, notOf: queue), state: &state, now: now)
            case .readSetAside(let query, _):
                lane.setAsideRead(query.page(of: setAside), state: &state, now: now)
            case .send(let request): lane.answered(answer(request, server), state: &state, now: now)
            case .change(let change):
                apply(change, &lane)
            case .wait, .pause: lane.waitEnded(state: &state, now: now)
            }
        if case .pause = next, !lane.plan.isExhausted {
            faults.append("lane \(index) keeps jobs in memory while the relay is paused")
        }
        notices += lane.takeEvents()
        runners[index] = Runner(lane: lane, action: next, due: due(next))
        if state.refusals.recoveries > recoveries { endPauses() }
    }

    private mutating func due(_ action: RelayAction) -> Int64? {
        switch action {
        case .read(_, _, .atMost(let wait)): now + wait.nanoseconds
        case .read(_, _, .untilSomeCome): pending.isEmpty ? nil : now
        case .send: now + Int64.random(in: 1...2_000_000, using: &generator)
        case .readAgain, .readOthers, .readSetAside, .change: now
        case .wait(let wait), .pause(let wait, _): now + wait.nanoseconds
        }
    }

    private mutating func endPauses() {
        for index in runners.indices {
            if case .pause = runners[index].action { runners[index].due = now }
        }
    }

    // MARK: The outbox

    private mutating func takePending(_ count: Int, _ bytes: Int, notOf queue: String? = nil) -> [StoredJob] {
        var left = bytes
        let fitting = (queue == nil ? pending : pending.filter { $0.job.queue != queue }).prefix(count).prefix { job in
            defer { left -= job.job.requestBytes }
            return left == bytes || left >= job.job.requestBytes
        }
        let taken = Set(fitting.map(\.id))
        if queue == nil { pending.removeFirst(fitting.count) } else { pending.removeAll { taken.contains($0.id) } }
        for job in fitting { unfinished[job.id] = job }
        return Array(fitting)
    }

    private mutating func readAgain(_ ranges: [ClosedRange<Int64>], _ bytes: Int, by index: Int) -> [StoredJob] {
        var (left, jobs): (Int, [StoredJob]) = (bytes, [])
        for range in ranges {
            for id in range {
                guard let job = unfinished[id] else { continue }
                if !jobs.isEmpty, left < job.job.requestBytes { return jobs }
                left -= job.job.requestBytes
                jobs.append(job)
            }
        }
        return jobs
    }

    private mutating func apply(_ change: OutboxChange, _ lane: inout RelayLane) -> RelayAction {
        switch change {
        case .acknowledge(let jobs):
            for job in jobs where unfinished.removeValue(forKey: job.job) == nil {
                faults.append("job \(job.job) is acknowledged twice")
            }
        case .deadLetter(let jobs):
            for job in jobs where unfinished.removeValue(forKey: job.job) == nil {
                faults.append("job \(job.job) is finished twice")
            }
            dead += jobs.map(\.job)
            deadInARow += jobs.count
            mostDeadInARow = max(mostDeadInARow, deadInARow)
        case .park(let jobs, because: .refused): setAside += jobs.compactMap { unfinished.removeValue(forKey: $0) }
        case .park: break
        case .takeBack(let jobs, let accepted):
            pending += setAside.filter { jobs.contains($0.id) && accepted.isEmpty }
            setAside.removeAll { jobs.contains($0.id) }
        case .release: break
        }
        return lane.changeCommitted(state: &state, now: now)
    }

    // MARK: The server

    private mutating func answer(
        _ request: BatchRequest, _ server: (BatchRequest, Int64) -> LaneSimulation.Answer
    ) -> LaneSimulation.Answer {
        requests += 1
        transmitted += request.jobs.count
        transmittedBytes += request.jobs.reduce(0) { $0 + $1.job.requestBytes }
        if request.jobs.isEmpty { faults.append("an empty request is sent") }
        for job in request.jobs where unfinished[job.id] == nil && !setAside.contains(where: { $0.id == job.id }) {
            faults.append("job \(job.id) is sent after it was finished")
        }
        let answer = server(request, now)
        if case .success = answer {
            acceptedJobs += request.jobs.map(\.id)
            deadInARow = 0
            lastAccepted = now
        }
        return answer
    }

    /// The alarms, in the order in which they were raised and cleared.
    var alarms: [String] {
        notices.compactMap {
            switch $0 {
            case .alarmRaised(let alarm, _): "+\(alarm.rawValue)"
            case .alarmCleared(let alarm): "-\(alarm.rawValue)"
            default: nil
            }
        }
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
