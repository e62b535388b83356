internal import SluiceBase
internal import SluiceOutbox
package import Zizq

/// The transitions after each answer.
extension RelayLane {
    /// Handles the result of a send.
    ///
    /// - Parameter isNewConnection: whether the answer came on a connection that was opened for this batch.
    package mutating func answered(
        _ result: Result<[EnqueuedJob], ZizqError>, isNewConnection: Bool = false, state: inout RelayState, now: Int64
    ) -> RelayAction {
        guard case .sending(let piece, let withKeys) = phase else { preconditionFailure("no batch was sent") }
        let verdict = AnswerVerdict(result, jobs: piece.jobs.count)
        endAlarms(verdict)
        if isNewConnection { state.licence.reconnected(now: now) }
        defer {
            isAccepting = if case .accepted = verdict { true } else { false }
            isSettled = isAccepting
        }
        if plan.purpose == .retry { return retried(piece, verdict, state: &state, now: now) }
        if verdict.isFromZizq { _ = stuck.answeredOtherwise(isToRepeat: false) }
        switch verdict {
        case .accepted(let enqueued):
            stuck.accepted(piece.jobs)
            state.setAside.accepted(piece.jobs)
            noteAccepted(piece, &state.refusals, now: now)
            accept(piece, enqueued, withKeys: withKeys, licence: &state.licence)
        case .jobRefused(let position, let text): refuse(piece, at: position, text: text, &state.refusals, now: now)
        case .batchRefused(let text): refuse(piece, at: nil, text: text, &state.refusals, now: now)
        case .licenceMissing(let feature, let text):
            adaptToLicence(feature, text, piece: piece, withKeys: withKeys, licence: &state.licence, now: now)
        case .tooLarge(let text): shrink(piece, text: text, &state.refusals, now: now)
        case .setUpWrong(let text, let mayHaveBeenStored):
            pause(piece, text: text, mayHaveBeenStored: mayHaveBeenStored, state: &state, now: now)
        case .retryLater(let why): retryLater(piece, why, state: &state, now: now)
        }
        return proceed(&state, now: now)
    }

    /// Updates the size of the next requests and the suspects after an accepted request.
    mutating func noteAccepted(_ piece: BatchPlan.Piece, _ refusals: inout RefusalState, now: Int64) {
        let outcome = refusals.batchAccepted(sentAfter: confirmationsAtSend, now: now)
        if outcome.endsAlarm { report(.alarmCleared(.everythingRefused)) }
        deadLetter(outcome.dead)
        if piece.isNamed { plan.indexWasWrong() }
        if plan.purpose == .probe || plan.purpose == .test { probeJobs = min(limits.jobs, probeJobs * 2) }
        size.accepted(piece.jobs.count)
        sizing.batchAccepted()
        backoff.reset()
        pauses.reset()
    }

    private mutating func accept(
        _ piece: BatchPlan.Piece, _ enqueued: [EnqueuedJob], withKeys: Bool, licence: inout LicenceState
    ) {
        changes.append(.acknowledge(reportAccepted(piece, enqueued).map(\.acknowledgement)))
        learnLicence(piece, withKeys: withKeys, licence: &licence)
    }

    mutating func reportAccepted(_ piece: BatchPlan.Piece, _ enqueued: [EnqueuedJob]) -> [RelayedJob] {
        let delivered = zip(piece.jobs, enqueued).map { job, result in
            RelayedJob(
                job: job.id, type: job.job.type, queue: job.job.queue, zizqID: result.id, duplicate: result.duplicate,
                isDropped: result.duplicate && !piece.mayHaveBeenStored,
                storedAtMilliseconds: job.storedAtMilliseconds)
        }
        report(.batchAccepted(delivered))
        for (job, result) in zip(piece.jobs, enqueued)
        where result.duplicate && !piece.mayHaveBeenStored && !job.job.hasOwnKey {
            report(.heldByOlderJob(job: job.id, olderZizqID: result.id, olderStatus: result.status.rawValue))
        }
        return delivered
    }

    private mutating func learnLicence(_ piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState) {
        if withKeys, piece.jobs.contains(where: { $0.job.uniqueKey != nil }), licence.accepted(.uniqueJobs) {
            report(.alarmCleared(.uniqueJobsUnlicensed))
        }
        guard piece.jobs.contains(where: \.job.options.hasBatch) else { return }
        if licence.accepted(.batchedJobs) { report(.alarmCleared(.batchedJobsUnlicensed)) }
        if licence.takeFullRelease() { changes.append(.release(isAll: true)) }
    }

    /// - Parameter position: of the job that Zizq named; nil if it named none.
    private mutating func refuse(
        _ piece: BatchPlan.Piece, at position: Int?, text: String, _ refusals: inout RefusalState, now: Int64
    ) {
        guard piece.jobs.count > 1 else {
            let kind: RefusalState.Refusal = piece.isNamed || position != nil ? .byIndex : .alone
            return judge(piece, as: kind, text: text, &refusals, now: now)
        }
        report(.batchRefused(jobs: piece.jobs.count, text: text))
        size.refused(piece.jobs.count)
        var piece = piece
        piece.refusedAfter = piece.refusedAfter ?? refusals.accepted
        if let position { plan.split(piece, at: position) } else { plan.split(piece) }
    }

    private mutating func shrink(
        _ piece: BatchPlan.Piece, text: String, _ refusals: inout RefusalState, now: Int64
    ) {
        guard piece.jobs.count > 1 else { return judge(piece, as: .forSize, text: text, &refusals, now: now) }
        report(.batchRefused(jobs: piece.jobs.count, text: text))
        size.tooLarge(piece.byteCount)
        plan.putBack(piece, mayHaveBeenStored: false)
    }

    /// Makes a job that was refused alone a suspect or a dead letter.
    private mutating func judge(
        _ piece: BatchPlan.Piece, as refusal: RefusalState.Refusal, text: String, _ refusals: inout RefusalState,
        now: Int64
    ) {
        guard let job = piece.jobs.first else { return }
        let kind: RefusalState.Refusal =
            switch plan.purpose {
            case .probe: .again
            case .test: .asTest
            case nil, .deferred, .trial, .retry:
                piece.refusedAfter.map { $0 < refusals.accepted } == true ? .again : refusal
            }
        if plan.purpose == .probe { probeJobs = 1 }
        let reason: DeadLetterReason = refusal == .forSize ? .tooLargeForZizq : .refusedByZizq
        let failed = FailedJob(job: job.id, reason: reason, detail: text)
        if refusals.refused(failed, kind, now: now) {
            deadLetter([failed])
        } else if !refusals.isAlarmed {
            // The alarm reports once all refusals that follow.
            report(.batchRefused(jobs: 1, text: text))
        }
    }

    private mutating func pause(
        _ piece: BatchPlan.Piece, text: String, mayHaveBeenStored: Bool, state: inout RelayState, now: Int64
    ) {
        raise(.setUpWrong, text: text)
        if mayHaveBeenStored {
            sizing.answerUnreadable(jobs: piece.jobs.count)
            report(.outcomeUnknown(jobs: piece.jobs.count, inARow: sizing.inARow))
        }
        sizing.tryOne()
        var piece = piece
        piece.mayHaveBeenStored = piece.mayHaveBeenStored || mayHaveBeenStored
        settleRefused(piece, text: text, atLeast: .zero, state: &state, now: now) { $0.pauses.next() }
    }

    /// Pauses because the server has no licence for something without which jobs must not be sent.
    private mutating func pauseUnlicensed(_ piece: BatchPlan.Piece, text: String) {
        raise(.setUpWrong, text: text)
        sizing.tryOne()
        putBack(piece, text: text, after: pauses.next())
    }

    mutating func putBack(_ piece: BatchPlan.Piece, text: String, after wait: Duration, isAsked: Bool = false) {
        plan.putBack(piece, mayHaveBeenStored: false)
        delay = wait
        report(.retrying(after: wait, isAsked: isAsked, text: text))
    }

    private mutating func retryLater(
        _ piece: BatchPlan.Piece, _ why: AnswerVerdict.RetryReason, state: inout RelayState, now: Int64
    ) {
        var piece = piece
        piece.mayHaveBeenStored = piece.mayHaveBeenStored || why.isAmbiguous
        if why.isTransport { state.licence.reconnected(now: now) }
        if why.isAmbiguous {
            let isAlarming = sizing.outcomeUnknown(
                jobs: piece.jobs.count, after: .nanoseconds(now - sentAt))
            report(.outcomeUnknown(jobs: piece.jobs.count, inARow: sizing.inARow))
            if isAlarming { raise(.outcomesUnknown, text: why.text) }
        }
        if why.isAmbiguous {
            settleRefused(piece, text: why.text, atLeast: why.retryAfter ?? .zero, state: &state, now: now) {
                $0.backoff.next(retryAfter: why.retryAfter, using: &$0.generator)
            }
        } else {
            let wait = backoff.next(retryAfter: why.retryAfter, using: &generator)
            if stuck.answeredOtherwise(isToRepeat: true) { piece.jobs = [] }
            putBack(piece, text: why.text, after: wait, isAsked: why.retryAfter.map { $0 > .zero } ?? false)
        }
    }

    private mutating func adaptToLicence(
        _ feature: LicensedFeature, _ text: String, piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState,
        now: Int64
    ) {
        switch feature {
        case .uniqueJobs:
            guard withKeys, licence.policy == .auto else { return pauseUnlicensed(piece, text: text) }
            if licence.refused(feature, now: now) { report(.alarmRaised(.uniqueJobsUnlicensed, text: text)) }
            plan.putBack(piece, mayHaveBeenStored: false)
        case .batchedJobs:
            guard piece.jobs.contains(where: \.job.options.hasBatch) else {
                return pauseUnlicensed(piece, text: text)
            }
            if licence.refused(feature, now: now) { report(.alarmRaised(.batchedJobsUnlicensed, text: text)) }
            var rest = piece
            park(&rest)
            plan.putBack(rest, mayHaveBeenStored: false)
        }
    }

    /// Parks the jobs of a piece that need `batch`.
    mutating func park(_ piece: inout BatchPlan.Piece) {
        let parked = piece.jobs.filter(\.job.options.hasBatch).map(\.id)
        guard !parked.isEmpty else { return }
        piece.jobs.removeAll(where: \.job.options.hasBatch)
        report(.parked(jobs: parked.count))
        changes.append(.park(parked, because: .unlicensed))
    }

    /// Sends jobs to the dead letters.
    mutating func deadLetter(_ jobs: [FailedJob]) {
        guard !jobs.isEmpty else { return }
        for job in jobs { report(.deadLettered(job: job.job, reason: job.reason, detail: job.detail)) }
        changes.append(.deadLetter(jobs))
    }

    private mutating func raise(_ alarm: RelayAlarm, text: String) {
        if alarms.insert(alarm).inserted { report(.alarmRaised(alarm, text: text)) }
    }

    /// Ends the alarms whose cause this answer disproves.
    private mutating func endAlarms(_ verdict: AnswerVerdict) {
        switch verdict {
        case .accepted, .jobRefused, .batchRefused:
            sizing.outcomeKnown()
            clear(.setUpWrong, .outcomesUnknown)
        case .tooLarge, .licenceMissing, .setUpWrong(_, mayHaveBeenStored: false):
            sizing.outcomeKnown()
            clear(.outcomesUnknown)
        case .setUpWrong(_, mayHaveBeenStored: true): break
        case .retryLater(let why):
            guard !why.isAmbiguous, !why.isTransport else { break }
            sizing.outcomeKnown()
            clear(.outcomesUnknown)
        }
    }

    private mutating func clear(_ over: RelayAlarm...) {
        for alarm in over where alarms.remove(alarm) != nil { report(.alarmCleared(alarm)) }
    }
}
