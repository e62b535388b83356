internal import SluiceBase
package import SluiceOutbox

/// One lane of the relay: sends one batch at a time, and the next one only when the result is committed in the outbox.
///
/// A state machine without I/O: an event in, the next action out. `state` is shared by all lanes; `now` is the
/// monotonic clock in nanoseconds.
package struct RelayLane: Sendable {
    /// The current action.
    enum Phase {
        case starting
        case reading
        case readingAgain(RefusalState.Claim)
        case readingOthers
        case readingSetAside(SetAsideQuery)
        case sending(BatchPlan.Piece, withKeys: Bool)
        case changing(OutboxChange)
        case waiting
    }

    /// The progress of this lane in a cycle of a pause.
    enum Cycle {
        case idle
        /// Sending the oldest suspect, which shows whether Zizq still refuses everything.
        case testing
        /// Sending jobs that were not tried yet, one by one.
        case trying
    }

    let limits: BatchLimits
    var plan = BatchPlan()
    var phase = Phase.starting
    var cycle = Cycle.idle
    var sizing: AmbiguitySizing
    var size = PieceSize()
    /// The number of suspects that are sent together; doubled each time that Zizq accepts them.
    var probeJobs = 1
    var backoff = RetryBackoff()
    var pauses = PauseSchedule()
    /// Changes to the outbox to commit before anything else, in order.
    var changes: [OutboxChange] = []
    /// A wait before the next send.
    var delay: Duration?
    /// Whether the last read found no job.
    var isIdle = false
    var alarms: Set<RelayAlarm> = []
    var stuck = StuckJobs()
    /// The wait before the jobs that `stuck` holds are sent again.
    var stuckWait = Duration.zero
    /// A queue with a refused job, so that jobs of other queues are read next.
    var refusedQueue: String?
    /// Whether the last answer accepted something.
    var isAccepting = false
    /// Whether the last answer accepted something, or a later read found no job.
    var isSettled = true
    /// The jobs that were set aside and are this lane's.
    var claimed: SetAsideQuery.Selection?
    /// Whether jobs that were set aside were sent last, so that others come next.
    var hasRetried = false
    /// When the last request was sent.
    var sentAt: Int64 = 0
    /// The last job that an earlier process may have sent: in any batch, because queues take turns.
    let lastOfEarlierProcess: Int64
    /// `RefusalState.confirmations` when the last request was sent.
    var confirmationsAtSend = 0
    var generator: SeededRandom
    private var events: [RelayEvent] = []

    /// - Parameters:
    ///   - seed: for the jitter.
    ///   - lastOfEarlierProcess: the last job that was stored before this process started.
    package init(limits: BatchLimits, timeout: Duration, seed: UInt64, lastOfEarlierProcess: Int64 = 0) {
        self.limits = limits
        self.lastOfEarlierProcess = lastOfEarlierProcess
        sizing = AmbiguitySizing(jobs: limits.jobs, timeout: timeout)
        generator = SeededRandom(seed: seed)
    }

    /// Returns the events since the last call.
    package mutating func takeEvents() -> [RelayEvent] {
        defer { events = [] }
        return events
    }

    /// Starts the lane.
    package mutating func started(state: inout RelayState, now: Int64) -> RelayAction {
        proceed(&state, now: now)
    }

    /// Handles the jobs that were read; none if the wait ended first.
    ///
    /// - Parameter isLast: whether no job is pending in the outbox.
    package mutating func jobsRead(
        _ jobs: [StoredJob], isLast: Bool = false, state: inout RelayState, now: Int64
    ) -> RelayAction {
        let damaged = jobs.filter { !$0.isIntact }
        deadLetter(damaged.map { FailedJob(job: $0.id, reason: .checksumMismatch, detail: StoredJob.damaged) })
        let sound = damaged.isEmpty ? jobs : jobs.filter(\.isIntact)
        if case .readingOthers = phase {
            plan.append(sound)
        } else if case .readingAgain(var claim) = phase {
            // Jobs that are missing in the answer are no longer pending, up to the last one that fitted.
            claim.jobs = claim.jobs.beyond(jobs.last?.id ?? .max)
            state.refusals.giveBack(claim)
            plan = BatchPlan(sound, purpose: claim.purpose, mayHaveBeenStoredThrough: .max)
        } else {
            let purpose: RefusalState.Claim.Purpose? = if case .trying = cycle { .trial } else { nil }
            plan = BatchPlan(sound, purpose: purpose, mayHaveBeenStoredThrough: lastOfEarlierProcess)
            isIdle = jobs.isEmpty
            if isIdle { isSettled = true }
            if isIdle, stuck.isProbing { stopProbing(now: now) }
        }
        if isLast { endPause(&state.refusals) }
        return proceed(&state, now: now)
    }

    /// Ends a pause because no job is left to send: those that were refused are parked or dead letters.
    private mutating func endPause(_ refusals: inout RefusalState) {
        var ended: [RelayAlarm] = []
        if alarms.remove(.setUpWrong) != nil { ended.append(.setUpWrong) }
        if refusals.endPause() { ended.append(.everythingRefused) }
        backoff.reset()
        pauses.reset()
        report(.nothingLeft(ended: ended))
    }

    /// Handles jobs that were set aside and are read to be sent again.
    package mutating func setAsideRead(_ page: SetAsidePage, state: inout RelayState, now: Int64) -> RelayAction {
        guard case .readingSetAside(let query) = phase else { preconditionFailure("no such jobs were asked for") }
        if let queue = state.setAside.read(page, of: query, now: now) { report(.queueReleased(queue)) }
        for job in page.jobs where !job.isIntact {
            report(.deadLettered(job: job.id, reason: .checksumMismatch, detail: StoredJob.damaged))
            changes.append(.takeBack([job.id], []))
        }
        plan = BatchPlan(page.jobs.filter(\.isIntact), purpose: .retry, mayHaveBeenStoredThrough: .max)
        return proceed(&state, now: now)
    }

    /// Handles jobs of the current batch that an operator has made dead letters: the others are sent as the next batch.
    package mutating func jobsBuried(_ buried: Set<Int64>, state: inout RelayState, now: Int64) -> RelayAction {
        guard case .sending(var piece, _) = phase else { preconditionFailure("no batch was to be sent") }
        piece.jobs.removeAll { buried.contains($0.id) }
        _ = stuck.answeredOtherwise(isToRepeat: false)
        plan.putBack(piece, mayHaveBeenStored: false)
        return proceed(&state, now: now)
    }

    /// Handles a committed change.
    package mutating func changeCommitted(state: inout RelayState, now: Int64) -> RelayAction {
        guard case .changing = phase else { preconditionFailure("no change was asked for") }
        return proceed(&state, now: now)
    }

    /// Handles a change that failed: it is requested again before anything else happens.
    package mutating func changeFailed(_ text: String, state: inout RelayState, now: Int64) -> RelayAction {
        guard case .changing(let change) = phase else { preconditionFailure("no change was asked for") }
        changes.insert(change, at: 0)
        return waitForOutbox(text)
    }

    /// Whether a result is not written to the outbox yet: Zizq may have jobs that the outbox counts as pending.
    package var hasUncommittedResult: Bool { if case .changing = phase { true } else { !changes.isEmpty } }

    /// Handles a failed read.
    package mutating func readFailed(_ text: String, state: inout RelayState) -> RelayAction {
        if case .readingAgain(let claim) = phase { state.refusals.giveBack(claim) }
        refusedQueue = nil
        // The step of the cycle that needed the jobs is repeated.
        cycle = .idle
        return waitForOutbox(text)
    }

    /// Handles the end of a wait.
    package mutating func waitEnded(state: inout RelayState, now: Int64) -> RelayAction {
        proceed(&state, now: now)
    }

    /// Returns the next action: a change, a wait, a send or a read, in this order.
    mutating func proceed(_ state: inout RelayState, now: Int64) -> RelayAction {
        if !changes.isEmpty {
            let change = changes.removeFirst()
            phase = .changing(change)
            return .change(change)
        }
        if let delay {
            self.delay = nil
            phase = .waiting
            return .wait(delay)
        }
        settlePlan(&state, now: now)
        guard changes.isEmpty else { return proceed(&state, now: now) }
        if let queue = refusedQueue {
            refusedQueue = nil
            if !plan.hasJob(notOf: queue) { return readOthers(than: queue) }
        }
        if let piece = takePiece(state.licence, now: now) {
            confirmationsAtSend = state.refusals.confirmations
            return send(piece, licence: state.licence, now: now)
        }
        return changes.isEmpty ? nextRead(&state, now: now) : proceed(&state, now: now)
    }

    /// Takes the next piece, without the jobs that must not be sent without a licence.
    private mutating func takePiece(_ licence: LicenceState, now: Int64) -> BatchPlan.Piece? {
        if let piece = stuck.takeConfirmation() { return piece }
        let jobs = size.maximumJobs(sizing.maximumJobs)
        let bytes = size.maximumBytes(limits.bytes)
        while var piece = stuck.isProbing
            ? plan.takeJob(notOf: stuck.queues) : plan.takePiece(maximumJobs: jobs, maximumBytes: bytes)
        {
            if !licence.sendsBatched(now: now), plan.purpose != .retry { park(&piece) }
            if !piece.jobs.isEmpty { return piece }
        }
        return nil
    }

    private mutating func send(_ piece: BatchPlan.Piece, licence: LicenceState, now: Int64) -> RelayAction {
        let withKeys = licence.sendsKeys(now: now)
        phase = .sending(piece, withKeys: withKeys)
        sentAt = now
        return .send(BatchRequest(jobs: piece.jobs, withKeys: withKeys, timeout: sizing.timeout))
    }

    private mutating func waitForOutbox(_ text: String) -> RelayAction {
        let wait = backoff.next(using: &generator)
        report(.outboxFailed(after: wait, text: text))
        phase = .waiting
        return .wait(wait)
    }

    mutating func report(_ event: RelayEvent) { events.append(event) }
}

/// The next action of a lane. A lane does one at a time; the result is its next event.
package enum RelayAction: Sendable {
    /// Read the next jobs, and wait if there are none. Event: `jobsRead` or `readFailed`.
    case read(maximumJobs: Int, maximumBytes: Int, wait: ReadWait)
    /// Read those of these jobs that are still pending, by ranges of their ids in ascending order. Event: `jobsRead` or
    /// `readFailed`.
    case readAgain([ClosedRange<Int64>], maximumBytes: Int)
    /// Read the next jobs of other queues, if there are any. Event: `jobsRead` or `readFailed`.
    case readOthers(than: String, maximumJobs: Int, maximumBytes: Int)
    /// Read jobs that were set aside. Event: `setAsideRead` or `readFailed`.
    case readSetAside(SetAsideQuery, maximumBytes: Int)
    /// Send a batch. Event: `answered`.
    case send(BatchRequest)
    /// Change the outbox. Event: `changeCommitted` or `changeFailed`.
    case change(OutboxChange)
    /// Wait for this time. Event: `waitEnded`.
    case wait(Duration)
    /// Wait for this time, or until Zizq accepts jobs again, when `RefusalState.recoveries` exceeds this number. Event:
    /// `waitEnded`.
    case pause(Duration, recoveries: Int)

    /// Whether a read that finds nothing waits for jobs, and until when.
    package enum ReadWait: Sendable, Hashable {
        case atMost(Duration)
        case untilSomeCome
    }
}

/// The state that all lanes share: the server's licence and its refusals.
package struct RelayState: Sendable {
    package var licence: LicenceState
    package var refusals = RefusalState()
    var setAside: SetAsideJobs

    /// - Parameter mayHaveSetAside: whether an earlier process may have set jobs aside.
    package init(uniqueKeys: UniqueKeyPolicy, mayHaveSetAside: Bool = false) {
        licence = LicenceState(policy: uniqueKeys)
        setAside = SetAsideJobs(mayHaveSome: mayHaveSetAside)
    }
}

/// One batch to post.
package struct BatchRequest: Sendable {
    package let jobs: ArraySlice<StoredJob>
    /// Whether `unique_key` and `unique_while` are sent.
    package let withKeys: Bool
    /// The time limit for the answer.
    package let timeout: Duration

    /// The approximate size of the jobs in it, in bytes.
    var byteCount: Int { jobs.requestBytes }
}

/// A change to the outbox, committed in one transaction.
package enum OutboxChange: Sendable, Hashable {
    /// Delete these jobs: Zizq has them, and they are never sent again.
    case acknowledge([Acknowledgement])
    /// Make these jobs dead letters.
    case deadLetter([FailedJob])
    /// Exclude these jobs, by their numbers, from reading until they are released.
    case park([Int64], because: ParkReason)
    /// Jobs that were set aside were accepted by Zizq, or, without acknowledgements, go behind all others.
    case takeBack([Int64], [Acknowledgement])
    /// Release one parked job, or all, so that they are read again.
    case release(isAll: Bool)
}

/// The delay before a retry: exponential, with full jitter, so that several gateways that lost the same server do not
/// return in step.
package struct RetryBackoff: Sendable {
    /// The upper bound of the first delay.
    package static let first: Duration = .milliseconds(100)
    /// The maximum upper bound.
    package static let longest: Duration = .seconds(30)
    /// The maximum accepted `retry-after` of a server.
    package static let longestRetryAfter: Duration = .seconds(60)

    private var ceiling = RetryBackoff.first

    package init() {}

    /// Returns the delay before the next attempt.
    ///
    /// - Parameters:
    ///   - retryAfter: the wait that the server requests; the delay is at least this, up to a minute.
    ///   - generator: for the jitter.
    package mutating func next(retryAfter: Duration? = nil, using generator: inout some RandomNumberGenerator)
        -> Duration
    {
        let wait = Duration.nanoseconds(Int64.random(in: 0...ceiling.wholeNanoseconds, using: &generator))
        ceiling = min(ceiling * 2, Self.longest)
        return max(wait, min(retryAfter ?? .zero, Self.longestRetryAfter))
    }

    /// Resets after a success.
    package mutating func reset() { ceiling = Self.first }
}

/// How long to pause for a server that is set up wrongly, or that refuses everything: doubling from a second to five
/// minutes, because it needs a repair.
package struct PauseSchedule: Sendable {
    package static let first: Duration = .seconds(1)
    package static let longest: Duration = .seconds(300)

    private var wait = PauseSchedule.first

    package init() {}

    /// Returns the delay before the next attempt, twice the previous one.
    package mutating func next() -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return wait
    }

    /// Resets after a success.
    package mutating func reset() { wait = Self.first }
}
