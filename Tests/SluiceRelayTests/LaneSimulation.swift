import SluiceBase
import SluiceJSON
import SluiceOutbox
import SluiceRelay
import Zizq

/// A lane with an outbox and a server that answers as a test says; time passes only in waits.
struct LaneSimulation {
    var lane: RelayLane
    var state: RelayState
    var now: Int64 = 0
    /// Whether an answer takes as long as the lane waits for it.
    var isSlow = false
    /// Not yet read.
    var pending: [StoredJob]
    var parked: [StoredJob] = []
    var setAside: [StoredJob] = []
    private(set) var acknowledged: [Acknowledgement] = []
    private(set) var dead: [FailedJob] = []
    private(set) var sent: [BatchRequest] = []
    private(set) var waits: [Duration] = []
    private(set) var notices: [RelayEvent] = []
    /// The actions in a word each.
    private(set) var log: [String] = []
    private var known: [Int64: StoredJob] = [:]
    /// What the lane wanted when the last run ended.
    private var unfinished: RelayAction?

    init(
        _ jobs: [StoredJob], policy: UniqueKeyPolicy = .auto, limits: BatchLimits = BatchLimits(),
        timeout: Duration = .seconds(30), lastOfEarlierProcess: Int64 = 0
    ) {
        pending = jobs
        lane = RelayLane(
            limits: limits, timeout: timeout, seed: 1, lastOfEarlierProcess: lastOfEarlierProcess)
        state = RelayState(uniqueKeys: policy)
    }

    typealias Answer = Result<[EnqueuedJob], ZizqError>

    /// Runs until the lane waits for jobs that do not come, or `steps` actions are done.
    mutating func run(steps: Int = 20_000, server: (BatchRequest) -> Answer) {
        var action = unfinished ?? lane.started(state: &state, now: now)
        unfinished = nil
        for _ in 0..<steps {
            notices += lane.takeEvents()
            guard let next = step(action, server: server) else { return }
            action = next
        }
        notices += lane.takeEvents()
        if case .read = action { return }
        unfinished = action
    }

    private mutating func step(_ action: RelayAction, server: (BatchRequest) -> Answer) -> RelayAction? {
        switch action {
        case .read(let jobs, _, let wait): return read(jobs, wait)
        case .readAgain(let ranges, _):
            let jobs = ranges.flatMap { $0.compactMap { known[$0] } }
            log.append("read \(jobs.count) again")
            return lane.jobsRead(jobs, isLast: isEmpty, state: &state, now: now)
        case .readOthers(let queue, let count, _):
            let jobs = Array(pending.filter { $0.job.queue != queue }.prefix(count))
            log.append("read \(jobs.count) of others")
            pending.removeAll { job in jobs.contains { $0.id == job.id } }
            for job in jobs { known[job.id] = job }
            return lane.jobsRead(jobs, state: &state, now: now)
        case .readSetAside(let query, _):
            return lane.setAsideRead(query.page(of: setAside), state: &state, now: now)
        case .send(let request):
            log.append("send \(request.jobs.count)")
            let buried = Set(request.jobs.map(\.id)).subtracting(known.keys).subtracting(setAside.map(\.id))
            guard buried.isEmpty else { return lane.jobsBuried(buried, state: &state, now: now) }
            sent.append(request)
            if isSlow { now += nanoseconds(request.timeout) }
            return lane.answered(server(request), state: &state, now: now)
        case .change(let change):
            apply(change)
            return lane.changeCommitted(state: &state, now: now)
        case .wait(let duration), .pause(let duration, _):
            log.append("wait")
            waits.append(duration)
            now += nanoseconds(duration)
            return lane.waitEnded(state: &state, now: now)
        }
    }

    private mutating func read(_ count: Int, _ wait: RelayAction.ReadWait) -> RelayAction? {
        let jobs = Array(pending.prefix(count))
        if jobs.isEmpty {
            guard case .atMost(let duration) = wait else { return nil }
            now += nanoseconds(duration)
        }
        log.append("read \(jobs.count)")
        pending.removeFirst(jobs.count)
        for job in jobs { known[job.id] = job }
        return lane.jobsRead(jobs, isLast: isEmpty, state: &state, now: now)
    }

    /// Whether the outbox has no pending job.
    private var isEmpty: Bool { pending.isEmpty && known.isEmpty }

    /// Makes jobs dead letters, as an operator does.
    mutating func bury(_ jobs: [Int64]) {
        for job in jobs { known[job] = nil }
        pending.removeAll { jobs.contains($0.id) }
    }

    private mutating func apply(_ change: OutboxChange) {
        switch change {
        case .acknowledge(let jobs):
            log.append("acknowledge \(jobs.count)")
            acknowledged += jobs
            for job in jobs { known[job.job] = nil }
        case .deadLetter(let verdicts):
            log.append("dead \(verdicts.map { String($0.job) }.joined(separator: ","))")
            dead += verdicts
            for verdict in verdicts { known[verdict.job] = nil }
        case .park(let jobs, because: .unlicensed):
            log.append("park \(jobs.count)")
            parked += jobs.compactMap { known.removeValue(forKey: $0) }
        case .park(let jobs, _):
            log.append("set aside \(jobs.map { String($0) }.joined(separator: ","))")
            setAside += jobs.compactMap { known.removeValue(forKey: $0) }
        case .takeBack(let jobs, let accepted):
            log.append("take back \(jobs.map { String($0) }.joined(separator: ","))")
            let taken = setAside.filter { jobs.contains($0.id) }
            setAside.removeAll { jobs.contains($0.id) }
            acknowledged += accepted
            if accepted.isEmpty { pending += taken }
        case .release(let isAll):
            log.append(isAll ? "release all" : "release one")
            let released = isAll ? parked : Array(parked.prefix(1))
            parked.removeFirst(released.count)
            pending += released
        }
    }

    private func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The jobs of which Zizq said that an older one held their key.
    var duplicates: [Int64] {
        notices.flatMap { notice -> [Int64] in
            if case .batchAccepted(let jobs) = notice { jobs.filter(\.duplicate).map(\.job) } else { [] }
        }
    }

    /// The jobs that Zizq has, in the order in which they were acknowledged.
    var delivered: [Int64] { acknowledged.map(\.job) }

    /// The alarms, in the order in which they were raised and cleared.
    var alarms: [String] {
        notices.compactMap {
            switch $0 {
            case .alarmRaised(let alarm, _): "+\(alarm.rawValue)"
            case .alarmCleared(let alarm): "-\(alarm.rawValue)"
            case .nothingLeft(let ended) where !ended.isEmpty:
                "no job left: -\(ended.map(\.rawValue).joined(separator: ","))"
            default: nil
            }
        }
    }
}

/// Jobs 1 to `count`.
func jobs(_ count: Int, payloadBytes: Int = 2) -> [StoredJob] {
    (0..<count).map { makeJob(Int64($0 + 1), payloadBytes: payloadBytes) }
}

extension SetAsideQuery {
    /// What a reader would find.
    func page(of jobs: [StoredJob]) -> SetAsidePage {
        let behind = jobs.filter { $0.id > after }.sorted { $0.id < $1.id }
        let found = behind.filter { job in
            switch selection {
            case .queue(let queue): job.job.queue == queue
            case .othersThan(let queues): !queues.contains(job.job.queue)
            }
        }
        return SetAsidePage(jobs: Array(found.prefix(limit)), scannedThrough: behind.last?.id)
    }
}

func makeJob(
    _ id: Int64, queue: String = "q", key: String? = nil, batch: Bool = false, payloadBytes: Int = 2,
    isIntact: Bool = true
) -> StoredJob {
    StoredJob(
        id: id,
        job: SluiceBase.Job(
            type: "t", queue: queue, options: batch ? JobOptions(stored: Array(#""batch":{"key":"b"}"#.utf8)) : .none,
            uniqueKey: key, payload: Array(repeating: UInt8(ascii: "1"), count: payloadBytes)), isIntact: isIntact)
}

/// Every job taken, its identifier made of its number.
func accept(_ request: BatchRequest, duplicates: Set<Int64> = []) -> LaneSimulation.Answer {
    .success(request.jobs.map { EnqueuedJob(id: "z\($0.id)", duplicate: duplicates.contains($0.id)) })
}

func refuse(_ status: Int, _ text: String?, retryAfter: Duration? = nil) -> LaneSimulation.Answer {
    .failure(.response(.init(status: status, serverText: text, retryAfter: retryAfter)))
}

func lost(sent: Bool) -> LaneSimulation.Answer {
    .failure(
        .transport(
            .init(requestBodyMayHaveBeenProcessed: sent, message: sent ? "no answer within 30s" : "connection refused"))
    )
}
