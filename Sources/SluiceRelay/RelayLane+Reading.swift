internal import SluiceBase
internal import SluiceOutbox

/// The choice of the jobs to read when nothing is left to send: suspects, jobs that were set aside, new ones, or a few
/// of each while the relay is paused.
extension RelayLane {
    /// The maximum number of bytes read in one cycle of a pause, except for a single larger job.
    private static let trialBytes = 1 << 20

    mutating func nextRead(_ state: inout RelayState, now: Int64) -> RelayAction {
        if state.licence.takeRelease(now: now) {
            changes.append(.release(isAll: false))
            return proceed(&state, now: now)
        }
        if let claimed { state.setAside.endClaim(claimed) }
        claimed = nil
        if stuck.isProbing { return readNew(.atMost(.zero)) }
        guard state.refusals.isPaused else { return readOn(&state, now: now) }
        return nextInPause(&state.refusals, now: now)
    }

    private mutating func readOn(_ state: inout RelayState, now: Int64) -> RelayAction {
        cycle = .idle
        if !hasRetried, let query = state.setAside.claim(now: now) { return readSetAside(query) }
        hasRetried = false
        if let probe = state.refusals.claimProbe(probeJobs) { return readAgain(probe) }
        if let deferred = state.refusals.claimDeferred(limits.jobs, for: .deferred) { return readAgain(deferred) }
        guard state.refusals.hasUnproven else {
            // Finds out whether a pause ends because nothing is left.
            guard isSettled else { return readNew(.atMost(.zero)) }
            let waits = [state.licence.untilProbe(now: now), state.setAside.untilDue(now: now)].compactMap { $0 }
            return readNew(waits.min().map { .atMost($0) } ?? .untilSomeCome)
        }
        return readForProof(&state.refusals, now: now)
    }

    private mutating func readSetAside(_ query: SetAsideQuery) -> RelayAction {
        claimed = query.selection
        hasRetried = true
        phase = .readingSetAside(query)
        return .readSetAside(query, maximumBytes: limits.bytes)
    }

    mutating func readOthers(than queue: String) -> RelayAction {
        phase = .readingOthers
        return .readOthers(than: queue, maximumJobs: PieceSize.smallest, maximumBytes: limits.bytes)
    }

    /// Reads new jobs, any of which can prove the suspects bad once Zizq accepts it. Without new jobs, the suspects are
    /// sent again after each pause.
    private mutating func readForProof(_ refusals: inout RefusalState, now: Int64) -> RelayAction {
        guard isIdle else { return readNew(.atMost(.zero)) }
        raiseAlarm(&refusals)
        if let wait = refusals.waitForCycle(now: now) {
            report(.waitingForProof(atMost: wait, text: refusals.lastText))
            return readNew(.atMost(wait))
        }
        guard let test = refusals.claimTest() else { return readNew(.untilSomeCome) }
        return readAgain(test)
    }

    /// Starts the next step of a pause: each cycle sends the oldest suspect, then a few jobs that were not tried yet,
    /// each alone.
    private mutating func nextInPause(_ refusals: inout RefusalState, now: Int64) -> RelayAction {
        raiseAlarm(&refusals)
        switch cycle {
        case .idle:
            if let wait = refusals.waitForCycle(now: now) { return pause(wait, refusals) }
            cycle = .testing
            guard let test = refusals.claimTest() else { return nextInPause(&refusals, now: now) }
            return readAgain(test)
        case .testing:
            cycle = .trying
            let jobs = refusals.trialJobs
            if let trial = refusals.claimDeferred(jobs, for: .trial) { return readAgain(trial) }
            return readNew(.atMost(.zero), jobs: jobs, bytes: Self.trialBytes)
        case .trying:
            cycle = .idle
            return nextInPause(&refusals, now: now)
        }
    }

    private mutating func pause(_ wait: Duration, _ refusals: RefusalState) -> RelayAction {
        phase = .waiting
        report(.waitingForProof(atMost: wait, text: refusals.lastText))
        return .pause(wait, recoveries: refusals.recoveries)
    }

    private mutating func readNew(_ wait: RelayAction.ReadWait, jobs: Int? = nil, bytes: Int? = nil) -> RelayAction {
        phase = .reading
        return .read(maximumJobs: jobs ?? limits.jobs, maximumBytes: bytes ?? limits.bytes, wait: wait)
    }

    private mutating func readAgain(_ claim: RefusalState.Claim) -> RelayAction {
        phase = .readingAgain(claim)
        let bytes = claim.purpose == .trial ? Self.trialBytes : limits.bytes
        return .readAgain(claim.jobs.ranges, maximumBytes: bytes)
    }

    private mutating func raiseAlarm(_ refusals: inout RefusalState) {
        if refusals.raiseAlarm() { report(.alarmRaised(.everythingRefused, text: refusals.lastText)) }
    }

    /// Drops jobs from memory while the relay is paused, except those of the current cycle, which are no longer sent
    /// alone after the pause.
    mutating func settlePlan(_ state: inout RelayState, now: Int64) {
        if state.refusals.isPaused, stuck.isProbing { stopProbing(now: now) }
        guard !plan.isExhausted else { return }
        let belongs =
            switch plan.purpose {
            case .test: true
            case .trial: state.refusals.isPaused
            case nil, .deferred, .probe, .retry: !state.refusals.isPaused
            }
        if !belongs { setAside(&state.refusals) }
        removeHeldJobs(state.setAside)
    }

    /// Keeps only the ids of the jobs that are left.
    private mutating func setAside(_ refusals: inout RefusalState) {
        if plan.purpose == .probe {
            var jobs = JobRanges()
            for job in plan.jobs { jobs.insert(job) }
            refusals.giveBack(RefusalState.Claim(jobs: jobs, purpose: .probe))
        } else if plan.purpose != .retry {
            refusals.setAside(plan.jobs)
        }
        plan.removeAll()
    }
}
