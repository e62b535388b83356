internal import SluiceBase
internal import SluiceOutbox
internal import Zizq

/// What happens with a job that is refused alone, not by Zizq's own word, and with jobs that were set aside for that.
extension RelayLane {
    /// Sends the same jobs again after a wait, or others instead, or sets a job aside.
    ///
    /// - Parameters:
    ///   - text: what was answered.
    ///   - least: what the server asks for, until anything is sent.
    ///   - longWait: the wait before the same jobs go again.
    mutating func settleRefused(
        _ piece: BatchPlan.Piece, text: String, atLeast least: Duration, now: Int64,
        longWait: (inout RelayLane) -> Duration
    ) {
        let mayBeStuck = piece.jobs.count == 1 && (plan.purpose == nil || plan.purpose == .deferred)
        let isFirst = !stuck.isProbing
        switch mayBeStuck ? stuck.refused(piece, now: now) : .retry {
        case .retry: putBack(piece, text: text, after: longWait(&self), isAsked: least > .zero)
        case .setAside: setAside(piece, text: text)
        case .probe:
            if isFirst {
                let wait = longWait(&self)
                stuckWait = wait
                report(.retrying(after: wait, isAsked: least > .zero, text: text))
            }
            delay = least > .zero ? min(least, BackOff.longestRetryAfter) : nil
            if stuck.isFull(byteLimit: limits.bytes) { stopProbing(isFull: true, now: now) }
        }
    }

    private mutating func setAside(_ piece: BatchPlan.Piece, text: String) {
        guard let job = piece.jobs.first else { return }
        report(.setAside(job: job.id, text: text))
        changes.append(.park([job.id], because: .refused(text)))
    }

    /// No other job is accepted, or none is there to be sent: the held ones go again after a wait.
    mutating func stopProbing(isFull: Bool = false, now: Int64) {
        if let piece = stuck.giveUp(isFull: isFull, now: now) { plan.putBack(piece, mayHaveBeenStored: false) }
        delay = max(delay ?? .zero, stuckWait)
    }

    /// A job that was set aside was sent again. Where Zizq itself refuses it, it goes behind the others and is treated
    /// as they are.
    mutating func retried(
        _ piece: BatchPlan.Piece, _ verdict: AnswerVerdict, state: inout RelayState, now: Int64
    ) -> RelayAction {
        guard let job = piece.jobs.first else { return proceed(&state, now: now) }
        switch verdict {
        case .accepted(let enqueued):
            noteAccepted(piece, &state.refusals, now: now)
            let accepted = reportAccepted(piece, enqueued).first?.acknowledgement
            state.setAside.accepted()
            changes.append(.takeBack(job.id, accepted))
        case .jobRefused, .batchRefused, .licenceMissing, .tooLarge:
            changes.append(.takeBack(job.id, nil))
        case .setUpWrong, .tryAgain: break
        }
        return proceed(&state, now: now)
    }
}

extension AnswerVerdict {
    /// Whether Zizq itself refused something, so that the job is not refused by something in front of it.
    var isZizqsWord: Bool {
        switch self {
        case .jobRefused, .batchRefused, .licenceMissing, .tooLarge: true
        case .accepted, .setUpWrong, .tryAgain: false
        }
    }
}
