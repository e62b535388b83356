internal import SluiceBase
package import SluiceOutbox

/// One lane of the relay: has one batch at a time, and sends nothing more until the result is committed here.
///
/// A state machine without I/O: an event in, the next action out. `state` is shared by all lanes; `now` is the
/// monotonic clock in nanoseconds.
package struct RelayLane: Sendable {
    /// The action that is being done.
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

    /// How far this lane is with the cycle that it has begun while the relay is paused.
    enum Cycle {
        case idle
        /// The oldest suspect is sent, which shows whether Zizq still refuses everything.
        case testing
        /// Jobs that were not tried yet are sent, one by one.
        case trying
    }

    let limits: BatchLimits
    var plan = BatchPlan()
    var phase = Phase.starting
    var cycle = Cycle.idle
    var sizing: AmbiguitySizing
    var size = PieceSize()
    /// How many suspects are sent together: twice as many after each time that Zizq accepted them.
    var probeJobs = 1
    var backOff = BackOff()
    var pauses = PauseSchedule()
    /// Changes to the outbox that come before anything else, in order.
    var changes: [OutboxChange] = []
    /// A wait that comes before the next send.
    var delay: Duration?
    /// Whether the last read found no job.
    var isIdle = false
    var alarms: Set<RelayAlarm> = []
    var stuck = StuckJobs()
    /// The wait before the jobs that `stuck` holds go again.
    var stuckWait = Duration.zero
    /// A queue of which a job is refused: jobs of others are looked for.
    var refusedQueue: String?
    /// Whether the last answer accepted something.
    var isAccepting = false
    /// The held queue of which this lane has jobs.
    var claimedQueue: String?
    /// Whether jobs that were set aside were sent last: others have their turn.
    var hasRetried = false
    /// When the last request was sent.
    var sentAt: Int64 = 0
    /// The jobs to come, up to this one, may have been sent by the process before this one; 0 after the first read.
    var lastOfEarlierProcess: Int64
    /// `RefusalState.confirmations` when the last request was sent.
    var confirmationsAtSend = 0
    var generator: SplitMix
    private var events: [RelayEvent] = []

    /// - Parameters:
    ///   - seed: for the jitter.
    ///   - lastOfEarlierProcess: the last job that was stored before this process started.
    package init(limits: BatchLimits, timeout: Duration, seed: UInt64, lastOfEarlierProcess: Int64 = 0) {
        self.limits = limits
        self.lastOfEarlierProcess = lastOfEarlierProcess
        sizing = AmbiguitySizing(jobs: limits.jobs, timeout: timeout)
        generator = SplitMix(seed: seed)
    }

    /// Takes what there is to report since the last time.
    package mutating func takeEvents() -> [RelayEvent] {
        defer { events = [] }
        return events
    }

    /// The first event.
    package mutating func started(state: inout RelayState, now: Int64) -> RelayAction {
        proceed(&state, now: now)
    }

    /// The jobs that were asked for have come; none, if the wait was over first.
    package mutating func jobsRead(_ jobs: [StoredJob], state: inout RelayState, now: Int64) -> RelayAction {
        let damaged = jobs.filter { !$0.isIntact }
        deadLetter(damaged.map { FailedJob(job: $0.id, reason: .checksumMismatch, detail: StoredJob.damaged) })
        let sound = damaged.isEmpty ? jobs : jobs.filter(\.isIntact)
        if case .readingOthers = phase {
            plan.append(sound)
        } else if case .readingAgain(var claim) = phase {
            // Jobs that are missing are not pending any more, up to the last one that fitted.
            claim.jobs = claim.jobs.beyond(jobs.last?.id ?? .max)
            state.refusals.giveBack(claim)
            plan = BatchPlan(sound, purpose: claim.purpose, mayHaveBeenStoredThrough: .max)
        } else {
            let purpose: RefusalState.Claim.Purpose? = if case .trying = cycle { .trial } else { nil }
            plan = BatchPlan(sound, purpose: purpose, mayHaveBeenStoredThrough: lastOfEarlierProcess)
            isIdle = jobs.isEmpty
            if isIdle, stuck.isProbing { stopProbing(now: now) }
            if !isIdle { lastOfEarlierProcess = 0 }
        }
        return proceed(&state, now: now)
    }

    /// The jobs that were set aside and are to be sent again have come.
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

    /// Of the batch that was to be sent, a person has buried some jobs: the others go as the next batch.
    package mutating func jobsBuried(_ buried: Set<Int64>, state: inout RelayState, now: Int64) -> RelayAction {
        guard case .sending(var piece, _) = phase else { preconditionFailure("no batch was to be sent") }
        piece.jobs.removeAll { buried.contains($0.id) }
        _ = stuck.answeredOtherwise(isToRepeat: false)
        plan.putBack(piece, mayHaveBeenStored: false)
        return proceed(&state, now: now)
    }

    /// The change that was asked for is committed.
    package mutating func changeCommitted(state: inout RelayState, now: Int64) -> RelayAction {
        guard case .changing = phase else { preconditionFailure("no change was asked for") }
        return proceed(&state, now: now)
    }

    /// The change that was asked for is not committed: it is asked for again, and nothing else happens before.
    package mutating func changeFailed(_ text: String, state: inout RelayState, now: Int64) -> RelayAction {
        guard case .changing(let change) = phase else { preconditionFailure("no change was asked for") }
        changes.insert(change, at: 0)
        return waitForOutbox(text)
    }

    /// The jobs that were asked for could not be read.
    package mutating func readFailed(_ text: String, state: inout RelayState) -> RelayAction {
        if case .readingAgain(let claim) = phase { state.refusals.giveBack(claim) }
        refusedQueue = nil
        // The step of the cycle that needed the jobs is repeated.
        cycle = .idle
        return waitForOutbox(text)
    }

    /// The wait that was asked for is over.
    package mutating func waitEnded(state: inout RelayState, now: Int64) -> RelayAction {
        proceed(&state, now: now)
    }

    /// The next action: what is to be written, what is to be waited for, what is to be sent, what is to be read.
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

    /// The next piece without the jobs that cannot go without a licence.
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
        let wait = backOff.next(using: &generator)
        report(.outboxFailed(after: wait, text: text))
        phase = .waiting
        return .wait(wait)
    }

    mutating func report(_ event: RelayEvent) { events.append(event) }
}

/// What a lane wants done next. One at a time; the result is the lane's next event.
package enum RelayAction: Sendable {
    /// Hand over the next jobs, waiting for some where there are none. Event: `jobsRead` or `readFailed`.
    case read(maximumJobs: Int, maximumBytes: Int, wait: ReadWait)
    /// Hand over those of these jobs that are still pending, by ranges of their ids in ascending order. Event:
    /// `jobsRead` or `readFailed`.
    case readAgain([ClosedRange<Int64>], maximumBytes: Int)
    /// Hand over the next jobs of other queues than this one, if there are any. Event: `jobsRead` or `readFailed`.
    case readOthers(than: String, maximumJobs: Int, maximumBytes: Int)
    /// Hand over jobs that were set aside. Event: `setAsideRead` or `readFailed`.
    case readSetAside(SetAsideQuery, maximumBytes: Int)
    /// Post a batch. Event: `answered`.
    case send(BatchRequest)
    /// Change the outbox. Event: `changeCommitted` or `changeFailed`.
    case change(OutboxChange)
    /// Let this time pass. Event: `waitEnded`.
    case wait(Duration)
    /// Let this time pass, or less when Zizq begins to accept jobs again, which raises `RefusalState.recoveries` above
    /// this number. Event: `waitEnded`.
    case pause(Duration, recoveries: Int)

    /// How long a read that finds nothing waits for jobs to come.
    package enum ReadWait: Sendable, Hashable {
        case atMost(Duration)
        case untilSomeCome
    }
}

/// What all lanes share: what is known of the server's licence, and of its refusals.
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
    /// Whether `unique_key` and `unique_while` go along.
    package let withKeys: Bool
    /// How long the answer may take.
    package let timeout: Duration

    /// About how many bytes the jobs take in it.
    var byteCount: Int { jobs.requestBytes }
}

/// A change to the outbox that delivery asks for; each is one transaction.
package enum OutboxChange: Sendable, Hashable {
    /// Zizq has these jobs: they are never sent again.
    case acknowledge([Acknowledgement])
    /// These jobs go to the dead letters.
    case deadLetter([FailedJob])
    /// These jobs, by their numbers, are kept out of reading until they are let out.
    case park([Int64], because: ParkReason)
    /// Jobs that were set aside are accepted by Zizq, or, without acknowledgements, go behind all others.
    case takeBack([Int64], [Acknowledgement])
    /// One parked job, or all, are read again.
    case release(isAll: Bool)
}
