internal import SluiceBase
internal import SluiceOutbox
package import Zizq

/// What each answer does.
extension DeliveryLane {
    /// The batch that was to be sent was answered, or was not.
    ///
    /// - Parameter isNewConnection: whether the answer came on a connection that was opened for this batch.
    package mutating func answered(
        _ result: Result<[EnqueuedJob], ZizqError>, isNewConnection: Bool = false, licence: inout LicenceState, now: Int64
    ) -> DeliveryAction {
        guard case .sending(let piece, let withKeys) = phase else { preconditionFailure("no batch was sent") }
        let verdict = AnswerVerdict(result, jobs: piece.jobs.count)
        endAlarms(verdict)
        if isNewConnection { licence.reconnected(now: now) }
        switch verdict {
        case .accepted(let enqueued): accept(piece, enqueued, withKeys: withKeys, licence: &licence)
        case .jobRefused(let position, let text): refuse(at: position, of: piece, text: text)
        case .batchRefused(let text):
            report(.batchRefused(jobs: piece.jobs.count, text: text))
            plan.pieceRefused(piece, text: text)
        case .licenceMissing(let feature, let text):
            meetLicence(feature, text, piece: piece, withKeys: withKeys, licence: &licence, now: now)
        case .tooLarge(let text): shrink(piece, text: text)
        case .setUpWrong(let text, let mayHaveBeenStored): pause(piece, text: text, mayHaveBeenStored: mayHaveBeenStored)
        case .tryAgain(let why): tryAgain(piece, why, licence: &licence, now: now)
        }
        if plan.isStuck { pauseForSuspects() }
        return proceed(&licence, now: now)
    }

    private mutating func accept(
        _ piece: BatchPlan.Piece, _ enqueued: [EnqueuedJob], withKeys: Bool, licence: inout LicenceState
    ) {
        plan.pieceAccepted()
        hasBuriedTooLarge = false
        sizing.batchAccepted()
        backOff.reset()
        pauses.reset()
        let delivered = zip(piece.jobs, enqueued).map { job, result in
            DeliveredJob(
                job: job.id, type: job.type, queue: job.queue, zizqID: result.id, duplicate: result.duplicate,
                storedAtMilliseconds: job.storedAtMilliseconds)
        }
        report(.batchAccepted(delivered))
        if !piece.mayHaveBeenStored {
            for held in delivered where held.duplicate { report(.heldByOlderJob(job: held.job, olderZizqID: held.zizqID)) }
        }
        changes.append(.acknowledge(delivered.map { Acknowledgement(job: $0.job, zizqID: $0.zizqID) }))
        learnLicence(piece, withKeys: withKeys, licence: &licence)
    }

    private mutating func learnLicence(_ piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState) {
        if withKeys, piece.jobs.contains(where: { $0.uniqueKey != nil }), licence.accepted(.uniqueJobs) {
            report(.alarmCleared(.uniqueJobsUnlicensed))
        }
        guard piece.jobs.contains(where: \.needsBatch) else { return }
        if licence.accepted(.batchedJobs) { report(.alarmCleared(.batchedJobsUnlicensed)) }
        if licence.takeFullRelease() != nil { changes.append(.release(isAll: true)) }
    }

    private mutating func refuse(at position: Int, of piece: BatchPlan.Piece, text: String) {
        bury([plan.jobRefused(at: position, of: piece)], reason: .refusedByZizq, detail: text)
    }

    private mutating func shrink(_ piece: BatchPlan.Piece, text: String) {
        report(.batchRefused(jobs: piece.jobs.count, text: text))
        // The first job that is too large alone is dead. One more, with none taken in between, says more of whoever answers than of the job.
        guard piece.jobs.count == 1, !hasBuriedTooLarge else { return plan.pieceRefused(piece, text: text, reason: .tooLargeForZizq) }
        hasBuriedTooLarge = true
        bury(Array(piece.jobs), reason: .tooLargeForZizq, detail: text)
    }

    private mutating func pause(_ piece: BatchPlan.Piece, text: String, mayHaveBeenStored: Bool) {
        plan.putBack(piece, mayHaveBeenStored: mayHaveBeenStored)
        raise(.setUpWrong, text: text)
        let wait = pauses.next()
        delay = wait
        report(.retrying(after: wait, text: text))
    }

    private mutating func tryAgain(
        _ piece: BatchPlan.Piece, _ why: AnswerVerdict.TryAgain, licence: inout LicenceState, now: Int64
    ) {
        plan.putBack(piece, mayHaveBeenStored: why.isAmbiguous)
        if why.isTransport { licence.reconnected(now: now) }
        if why.isAmbiguous {
            let isAlarming = sizing.outcomeUnknown(jobs: piece.jobs.count)
            report(.outcomeUnknown(jobs: piece.jobs.count, inARow: sizing.inARow))
            if isAlarming { raise(.outcomesUnknown, text: why.text) }
        }
        let wait = backOff.next(retryAfter: why.retryAfter, using: &generator)
        delay = wait
        report(.retrying(after: wait, text: why.text))
    }

    private mutating func meetLicence(
        _ feature: LicensedFeature, _ text: String, piece: BatchPlan.Piece, withKeys: Bool, licence: inout LicenceState, now: Int64
    ) {
        switch feature {
        case .uniqueJobs:
            guard withKeys, licence.policy == .auto else { return pause(piece, text: text, mayHaveBeenStored: false) }
            if licence.refused(feature, now: now) { report(.alarmRaised(.uniqueJobsUnlicensed, text: text)) }
            plan.putBack(piece, mayHaveBeenStored: false)
        case .batchedJobs:
            guard piece.jobs.contains(where: \.needsBatch) else { return pause(piece, text: text, mayHaveBeenStored: false) }
            if licence.refused(feature, now: now) { report(.alarmRaised(.batchedJobsUnlicensed, text: text)) }
            var rest = piece
            park(&rest)
            plan.putBack(rest, mayHaveBeenStored: false)
        }
    }

    /// Parks the jobs of a piece that need `batch`.
    mutating func park(_ piece: inout BatchPlan.Piece) {
        let parked = piece.jobs.filter(\.needsBatch).map(\.id)
        guard !parked.isEmpty else { return }
        piece.jobs.removeAll(where: \.needsBatch)
        report(.parked(jobs: parked.count))
        changes.append(.park(parked))
    }

    /// Sends jobs to the dead letters.
    mutating func bury(_ jobs: [DeliveryJob], reason: DeadLetterReason, detail: String) {
        guard !jobs.isEmpty else { return }
        for job in jobs { report(.deadLettered(job: job.id, reason: reason, detail: detail)) }
        changes.append(.deadLetter(jobs.map { FailedJob(job: $0.id, reason: reason, detail: detail) }))
    }

    /// Sends the suspects that are guilty to the dead letters.
    mutating func convict() {
        for convict in plan.takeConvicts() { bury([convict.job], reason: convict.reason, detail: convict.text) }
    }

    /// Every job left was refused alone and none was taken: it is more likely the server.
    mutating func pauseForSuspects() {
        let text = plan.suspects.first?.text ?? ""
        raise(.everythingRefused, text: text)
        let pause = pauses.next()
        delay = min(pause, Self.shortestPauseForSuspects)
        patience = pause - min(pause, Self.shortestPauseForSuspects)
        report(.waitingForProof(atMost: pause))
    }

    /// Jobs that come cut the rest of a pause short: one bad job must not hold up the next good one for minutes.
    private static let shortestPauseForSuspects: Duration = .seconds(30)

    private mutating func raise(_ alarm: DeliveryAlarm, text: String) {
        if alarms.insert(alarm).inserted { report(.alarmRaised(alarm, text: text)) }
    }

    /// Ends the alarms that this answer proves to be over.
    private mutating func endAlarms(_ verdict: AnswerVerdict) {
        switch verdict {
        case .accepted:
            sizing.outcomeKnown()
            clear(.setUpWrong, .everythingRefused, .outcomesUnknown)
        case .jobRefused, .batchRefused:
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

    private mutating func clear(_ over: DeliveryAlarm...) {
        for alarm in over where alarms.remove(alarm) != nil { report(.alarmCleared(alarm)) }
    }
}
