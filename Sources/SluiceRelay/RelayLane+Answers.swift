internal import SluiceBase
internal import SluiceOutbox
package import Zizq

/// What each answer does.
extension RelayLane {
    /// The batch that was to be sent was answered, or was not.
    ///
    /// - Parameter isNewConnection: whether the answer came on a connection that was opened for this batch.
    package mutating func answered(
        _ result: Result<[EnqueuedJob], ZizqError>, isNewConnection: Bool = false, state: inout RelayState, now: Int64
    ) -> RelayAction {
        guard case .sending(let piece, let withKeys) = phase else { preconditionFailure("no batch was sent") }
        let verdict = AnswerVerdict(result, jobs: piece.jobs.count)
        endAlarms(verdict)
        if isNewConnection { state.licence.reconnected(now: now) }
        if plan.purpose == .retry { return retried(piece, verdict, state: &state, now: now) }
        if verdict.isZizqsWord { _ = stuck.answeredOtherwise(isToRepeat: false) }
        switch verdict {
        case .accepted(let enqueued):
            stuck.accepted()
            noteAccepted(piece, &state.refusals)
            accept(piece, enqueued, withKeys: withKeys, licence: &state.licence)
        case .jobRefused(let position, let text): refuse(piece, at: position, text: text, &state.refusals)
        case .batchRefused(let text): refuse(piece, at: nil, text: text, &state.refusals)
        case .licenceMissing(let feature, let text):
            meetLicence(feature, text, piece: piece, withKeys: withKeys, licence: &state.licence, now: now)
        case .tooLarge(let text): shrink(piece, text: text, &state.refusals)
        case .setUpWrong(let text, let mayHaveBeenStored):
            pause(piece, text: text, mayHaveBeenStored: mayHaveBeenStored, now: now)
        case .tryAgain(let why): tryAgain(piece, why, licence: &state.licence, now: now)
        }
        return proceed(&state, now: now)
    }

    /// What an accepted request says about the size of the next ones and about the suspects.
    mutating func noteAccepted(_ piece: BatchPlan.Piece, _ refusals: inout RefusalState) {
        if refusals.batchAccepted() { report(.alarmCleared(.everythingRefused)) }
        if piece.isNamed { plan.indexWasWrong() }
        if plan.purpose == .probe || plan.purpose == .test { probeJobs = min(limits.jobs, probeJobs * 2) }
        size.accepted(piece.jobs.count)
        sizing.batchAccepted()
        backOff.reset()
        pauses.reset()
    }

    private mutating func accept(
        _ piece: BatchPlan.Piece, _ enqueued: [EnqueuedJob], withKeys: Bool, licence: inout LicenceState
    ) {
        let delivered = reportAccepted(piece, enqueued)
        if !piece.mayHaveBeenStored {
            for held in delivered where held.duplicate {
                report(.heldByOlderJob(job: held.job, olderZizqID: held.zizqID))
            }
        }
        changes.append(.acknowledge(delivered.map { Acknowledgement(job: $0.job, zizqID: $0.zizqID) }))
        learnLicence(piece, withKeys: withKeys, licence: &licence)
    }

    mutating func reportAccepted(_ piece: BatchPlan.Piece, _ enqueued: [EnqueuedJob]) -> [RelayedJob] {
        let delivered = zip(piece.jobs, enqueued).map { job, result in
            RelayedJob(
                job: job.id, type: job.job.type, queue: job.job.queue, zizqID: result.id, duplicate: result.duplicate,
                storedAtMilliseconds: job.storedAtMilliseconds)
        }
        report(.batchAccepted(delivered))
        return delivered
    }

    private mutating func learnLicence(_ piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState) {
        if withKeys, piece.jobs.contains(where: { $0.job.uniqueKey != nil }), licence.accepted(.uniqueJobs) {
            report(.alarmCleared(.uniqueJobsUnlicensed))
        }
        guard piece.jobs.contains(where: \.job.options.hasBatch) else { return }
        if licence.accepted(.batchedJobs) { report(.alarmCleared(.batchedJobsUnlicensed)) }
        if licence.takeFullRelease() != nil { changes.append(.release(isAll: true)) }
    }

    /// - Parameter position: of the job that Zizq named; nil where it named none.
    private mutating func refuse(
        _ piece: BatchPlan.Piece, at position: Int?, text: String, _ refusals: inout RefusalState
    ) {
        guard piece.jobs.count > 1 else {
            return judge(piece, as: piece.isNamed || position != nil ? .byIndex : .alone, text: text, &refusals)
        }
        report(.batchRefused(jobs: piece.jobs.count, text: text))
        size.refused(piece.jobs.count)
        var piece = piece
        piece.refusedAfter = piece.refusedAfter ?? refusals.accepted
        if let position { plan.split(piece, at: position) } else { plan.split(piece) }
    }

    private mutating func shrink(_ piece: BatchPlan.Piece, text: String, _ refusals: inout RefusalState) {
        guard piece.jobs.count > 1 else { return judge(piece, as: .forSize, text: text, &refusals) }
        report(.batchRefused(jobs: piece.jobs.count, text: text))
        size.tooLarge(piece.byteCount)
        plan.putBack(piece, mayHaveBeenStored: false)
    }

    /// A job that was refused alone becomes a suspect or a dead letter.
    private mutating func judge(
        _ piece: BatchPlan.Piece, as refusal: RefusalState.Refusal, text: String, _ refusals: inout RefusalState
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
        if refusals.refused(job.id, kind, text: text) {
            deadLetter([job], reason: refusal == .forSize ? .tooLargeForZizq : .refusedByZizq, detail: text)
        } else if !refusals.isAlarmed {
            // The alarm says it once for all that follow.
            report(.batchRefused(jobs: 1, text: text))
        }
    }

    private mutating func pause(_ piece: BatchPlan.Piece, text: String, mayHaveBeenStored: Bool, now: Int64? = nil) {
        raise(.setUpWrong, text: text)
        sizing.tryOne()
        var piece = piece
        piece.mayHaveBeenStored = piece.mayHaveBeenStored || mayHaveBeenStored
        guard let now else { return putBack(piece, text: text, after: pauses.next()) }
        settleRefused(piece, text: text, atLeast: .zero, now: now) { $0.pauses.next() }
    }

    mutating func putBack(_ piece: BatchPlan.Piece, text: String, after wait: Duration) {
        plan.putBack(piece, mayHaveBeenStored: false)
        delay = wait
        report(.retrying(after: wait, text: text))
    }

    private mutating func tryAgain(
        _ piece: BatchPlan.Piece, _ why: AnswerVerdict.TryAgain, licence: inout LicenceState, now: Int64
    ) {
        var piece = piece
        piece.mayHaveBeenStored = piece.mayHaveBeenStored || why.isAmbiguous
        if why.isTransport { licence.reconnected(now: now) }
        if why.isAmbiguous {
            let isAlarming = sizing.outcomeUnknown(jobs: piece.jobs.count)
            report(.outcomeUnknown(jobs: piece.jobs.count, inARow: sizing.inARow))
            if isAlarming { raise(.outcomesUnknown, text: why.text) }
        }
        if why.isAmbiguous {
            settleRefused(piece, text: why.text, atLeast: why.retryAfter ?? .zero, now: now) {
                $0.backOff.next(retryAfter: why.retryAfter, using: &$0.generator)
            }
        } else {
            let wait = backOff.next(retryAfter: why.retryAfter, using: &generator)
            if stuck.answeredOtherwise(isToRepeat: true) { piece.jobs = [] }
            putBack(piece, text: why.text, after: wait)
        }
    }

    private mutating func meetLicence(
        _ feature: LicensedFeature, _ text: String, piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState,
        now: Int64
    ) {
        switch feature {
        case .uniqueJobs:
            guard withKeys, licence.policy == .auto else { return pause(piece, text: text, mayHaveBeenStored: false) }
            if licence.refused(feature, now: now) { report(.alarmRaised(.uniqueJobsUnlicensed, text: text)) }
            plan.putBack(piece, mayHaveBeenStored: false)
        case .batchedJobs:
            guard piece.jobs.contains(where: \.job.options.hasBatch) else {
                return pause(piece, text: text, mayHaveBeenStored: false)
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
        changes.append(.park(parked, detail: StoredJob.unlicensed))
    }

    /// Sends jobs to the dead letters.
    mutating func deadLetter(_ jobs: [StoredJob], reason: DeadLetterReason, detail: String) {
        guard !jobs.isEmpty else { return }
        for job in jobs { report(.deadLettered(job: job.id, reason: reason, detail: detail)) }
        changes.append(.deadLetter(jobs.map { FailedJob(job: $0.id, reason: reason, detail: detail) }))
    }

    private mutating func raise(_ alarm: RelayAlarm, text: String) {
        if alarms.insert(alarm).inserted { report(.alarmRaised(alarm, text: text)) }
    }

    /// Ends the alarms that this answer proves to be over.
    private mutating func endAlarms(_ verdict: AnswerVerdict) {
        switch verdict {
        case .accepted, .jobRefused, .batchRefused:
            sizing.outcomeKnown()
            clear(.setUpWrong, .outcomesUnknown)
        case .tooLarge, .licenceMissing, .setUpWrong(_, mayHaveBeenStored: false):
            sizing.outcomeKnown()
            clear(.outcomesUnknown)
        case .setUpWrong(_, mayHaveBeenStored: true): break
        case .tryAgain(let why):
            guard !why.isAmbiguous, !why.isTransport else { break }
            sizing.outcomeKnown()
            clear(.outcomesUnknown)
        }
    }

    private mutating func clear(_ over: RelayAlarm...) {
        for alarm in over where alarms.remove(alarm) != nil { report(.alarmCleared(alarm)) }
    }
}
