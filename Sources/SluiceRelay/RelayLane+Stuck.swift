internal import SluiceBase
internal import SluiceOutbox
internal import Zizq

/// The handling of a job that is refused alone, not by Zizq itself, and of jobs that were set aside for that.
extension RelayLane {
    /// Retries a refused piece after a wait, sends other jobs instead, or sets a job aside.
    ///
    /// - Parameters:
    ///   - text: the answer.
    ///   - least: the wait that the server asks for before any request.
    ///   - longWait: the wait before the same jobs are sent again.
    mutating func settleRefused(
        _ piece: BatchPlan.Piece, text: String, atLeast least: Duration, state: inout RelayState, now: Int64,
        longWait: (inout RelayLane) -> Duration
    ) {
        let mayBeStuck = piece.jobs.count == 1 && (plan.purpose == nil || plan.purpose == .deferred)
        let isFirst = !stuck.isProbing
        let queue = mayBeStuck ? piece.jobs.first?.job.queue : nil
        switch queue.map({ stuck.refused(piece, hasOthers: plan.hasJob(notOf: $0), now: now) }) ?? .retry {
        case .retry:
            // Probably one of these jobs is refused: the search for it starts immediately.
            let isNews = stuck.isQuick(now: now) && isAccepting && least == .zero
            refusedQueue = queue
            if isNews { sizing.tryOne() }
            putBack(piece, text: text, after: isNews ? .zero : longWait(&self), isAsked: least > .zero)
        case .setAside(let isAlone): setAside(piece, isAlone: isAlone, text: text, state: &state, now: now)
        case .probe:
            refusedQueue = isFirst ? queue : nil
            if isFirst {
                let wait = longWait(&self)
                stuckWait = wait
                report(.retrying(after: wait, isAsked: least > .zero, text: text))
            }
            delay = least > .zero ? min(least, RetryBackoff.longestRetryAfter) : nil
            if stuck.isFull(byteLimit: limits.bytes) { stopProbing(isFull: true, now: now) }
        }
    }

    private mutating func setAside(
        _ piece: BatchPlan.Piece, isAlone: Bool, text: String, state: inout RelayState, now: Int64
    ) {
        guard let job = piece.jobs.first else { return }
        let queue = job.job.queue
        report(.setAside(job: job.id, text: text))
        changes.append(.park([job.id], because: .refused(text)))
        guard state.setAside.added(of: queue, isAlone: isAlone, text: text, now: now) else { return }
        report(.queueHeld(queue, text: text))
        hold(stuck.take(of: queue), of: queue, text: text)
    }

    private mutating func hold(_ jobs: [StoredJob], of queue: String, text: String) {
        guard !jobs.isEmpty else { return }
        changes.append(.park(jobs.map(\.id), because: .refused("the queue is parked: \(text)")))
    }

    /// Removes the jobs of held queues from the plan.
    mutating func removeHeldJobs(_ setAside: SetAsideJobs) {
        guard !setAside.hasNoHolds, plan.purpose != .retry, plan.heldGeneration != setAside.generation else { return }
        let jobs = plan.take { setAside.text(ofHeld: $0) != nil }
        plan.heldGeneration = setAside.generation
        for (queue, jobs) in Dictionary(grouping: jobs, by: \.job.queue).sorted(by: { $0.key < $1.key }) {
            hold(jobs, of: queue, text: setAside.text(ofHeld: queue) ?? "")
        }
    }

    /// Ends probing because no other job is accepted or available: the held jobs are sent again after a wait.
    mutating func stopProbing(isFull: Bool = false, now: Int64) {
        if let piece = stuck.giveUp(isFull: isFull, now: now) { plan.putBack(piece, mayHaveBeenStored: false) }
        delay = max(delay ?? .zero, stuckWait)
    }

    /// Handles the answer to jobs that were set aside and sent again. One that Zizq itself refuses goes behind the
    /// other jobs and is then handled like a new one.
    mutating func retried(
        _ piece: BatchPlan.Piece, _ verdict: AnswerVerdict, state: inout RelayState, now: Int64
    ) -> RelayAction {
        let jobs = piece.jobs
        switch verdict {
        case .accepted(let enqueued):
            noteAccepted(piece, &state.refusals, now: now)
            let accepted = reportAccepted(piece, enqueued).map(\.acknowledgement)
            state.setAside.accepted(jobs)
            state.setAside.passed(jobs, maximumJobs: limits.jobs, now: now)
            changes.append(.takeBack(jobs.map(\.id), accepted))
        case .jobRefused(_, let text), .batchRefused(let text), .licenceMissing(_, let text), .tooLarge(let text):
            guard jobs.count == 1 else { return stopRetry(jobs, text: text, state: &state, now: now) }
            state.setAside.passed(jobs, maximumJobs: 1, now: now)
            changes.append(.takeBack(jobs.map(\.id), []))
        case .retryLater(let why) where !why.isAmbiguous:
            plan.removeAll()
            state.setAside.delayed(jobs, by: why.retryAfter ?? .zero, now: now)
        case .setUpWrong(let text, _): return stopRetry(jobs, text: text, state: &state, now: now)
        case .retryLater(let why): return stopRetry(jobs, text: why.text, state: &state, now: now)
        }
        return proceed(&state, now: now)
    }

    private mutating func stopRetry(
        _ jobs: ArraySlice<StoredJob>, text: String, state: inout RelayState, now: Int64
    ) -> RelayAction {
        plan.removeAll()
        state.setAside.refused(jobs, text: text, sentAt: sentAt, now: now)
        return proceed(&state, now: now)
    }
}

extension AnswerVerdict {
    /// Whether Zizq itself refused the jobs, and not something in front of it.
    var isFromZizq: Bool {
        switch self {
        case .jobRefused, .batchRefused, .licenceMissing, .tooLarge: true
        case .accepted, .setUpWrong, .retryLater: false
        }
    }
}
