internal import SluiceBase

/// One lane of delivery: has one batch at a time, and sends nothing more until what became of it is committed here.
///
/// A state machine without I/O: an event in, the next action out. `licence` is shared by all lanes; `now` is the monotonic
/// clock in nanoseconds.
package struct DeliveryLane: Sendable {
    /// The action that is being done.
    enum Phase {
        case starting
        case reading
        case sending(BatchPlan.Piece, withKeys: Bool)
        case changing(OutboxChange)
        case waiting
    }

    /// How many batches' worth of suspects are kept in memory.
    private static let mostSuspectsInBatches = 2

    let limits: BatchLimits
    var plan = BatchPlan()
    /// Whether a job was too large alone since Zizq took one last.
    var hasBuriedTooLarge = false
    var phase = Phase.starting
    var sizing: AmbiguitySizing
    var backOff = BackOff()
    var pauses = PauseSchedule()
    /// Changes to the outbox that come before anything else, in order.
    var changes: [OutboxChange] = []
    /// A wait that comes before the next send.
    var delay: Duration?
    /// How long to wait for more jobs, once the delay is over, before the suspects are tried again by themselves.
    var patience: Duration = .zero
    var alarms: Set<DeliveryAlarm> = []
    /// Whether the jobs to come may have been sent by the process before this one, which then died.
    var mayRepeatAnEarlierProcess = true
    var generator: SplitMix
    private var notices: [DeliveryNotice] = []

    /// - Parameters:
    ///   - seed: for the jitter.
    package init(limits: BatchLimits, timeout: Duration, seed: UInt64) {
        self.limits = limits
        sizing = AmbiguitySizing(jobs: limits.jobs, timeout: timeout)
        generator = SplitMix(seed: seed)
    }

    /// Takes what there is to report since the last time.
    package mutating func takeNotices() -> [DeliveryNotice] {
        defer { notices = [] }
        return notices
    }

    /// The first event.
    package mutating func started(licence: inout LicenceState, now: Int64) -> DeliveryAction {
        proceed(&licence, now: now)
    }

    /// The jobs that were asked for have come; none, if the wait was over first.
    package mutating func jobsRead(_ jobs: [DeliveryJob], licence: inout LicenceState, now: Int64) -> DeliveryAction {
        let damaged = jobs.filter { !$0.isIntact }
        bury(damaged, reason: .checksumMismatch, detail: "the stored bytes have another checksum than when they were stored")
        let sound = damaged.isEmpty ? jobs : jobs.filter(\.isIntact)
        if plan.suspects.isEmpty {
            plan = BatchPlan(sound, mayHaveBeenStored: mayRepeatAnEarlierProcess)
        } else {
            plan.restart(with: sound)
        }
        if !jobs.isEmpty { mayRepeatAnEarlierProcess = false }
        return proceed(&licence, now: now)
    }

    /// Of the batch that was to be sent, a person has buried some jobs: the others go as the next batch.
    package mutating func jobsBuried(_ buried: Set<Int64>, licence: inout LicenceState, now: Int64) -> DeliveryAction {
        guard case .sending(var piece, _) = phase else { preconditionFailure("no batch was to be sent") }
        piece.jobs.removeAll { buried.contains($0.id) }
        plan.putBack(piece, mayHaveBeenStored: false)
        return proceed(&licence, now: now)
    }

    /// The change that was asked for is committed.
    package mutating func changeCommitted(licence: inout LicenceState, now: Int64) -> DeliveryAction {
        guard case .changing = phase else { preconditionFailure("no change was asked for") }
        return proceed(&licence, now: now)
    }

    /// The change that was asked for is not committed: it is asked for again, and nothing else happens before.
    package mutating func changeFailed(_ text: String, licence: inout LicenceState, now: Int64) -> DeliveryAction {
        guard case .changing(let change) = phase else { preconditionFailure("no change was asked for") }
        changes.insert(change, at: 0)
        return waitForOutbox(text)
    }

    /// The jobs that were asked for could not be read.
    package mutating func readFailed(_ text: String) -> DeliveryAction { waitForOutbox(text) }

    /// The wait that was asked for is over.
    package mutating func waitEnded(licence: inout LicenceState, now: Int64) -> DeliveryAction {
        proceed(&licence, now: now)
    }

    /// The next action: what is to be written, what is to be waited for, what is to be sent, what is to be read.
    mutating func proceed(_ licence: inout LicenceState, now: Int64) -> DeliveryAction {
        convict()
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
        if let piece = takePiece(licence, now: now) { return send(piece, licence: licence, now: now) }
        return changes.isEmpty ? read(&licence, now: now) : proceed(&licence, now: now)
    }

    private mutating func read(_ licence: inout LicenceState, now: Int64) -> DeliveryAction {
        if let release = licence.takeRelease(now: now) {
            changes.append(.release(isAll: release == .all))
            return proceed(&licence, now: now)
        }
        phase = .reading
        guard plan.suspects.isEmpty else { return readMoreForSuspects() }
        let wait = licence.untilProbe(now: now).map { DeliveryAction.ReadWait.atMost($0) } ?? .untilSomeCome
        return .read(maximumJobs: limits.jobs, maximumBytes: limits.bytes, wait: wait)
    }

    /// Among jobs that came later may be one that Zizq takes, which would prove the suspects guilty.
    private mutating func readMoreForSuspects() -> DeliveryAction {
        defer { patience = .zero }
        let room = Self.mostSuspectsInBatches * limits.jobs - plan.suspects.count
        return .read(
            maximumJobs: max(0, min(room, max(limits.jobs - plan.suspects.count, limits.jobs / 10 + 1))), maximumBytes: limits.bytes,
            wait: .atMost(patience))
    }

    /// The next piece without the jobs that cannot go for want of a licence.
    private mutating func takePiece(_ licence: LicenceState, now: Int64) -> BatchPlan.Piece? {
        while var piece = plan.takePiece(maximumJobs: sizing.maximumJobs, maximumBytes: limits.bytes) {
            if !licence.sendsBatched(now: now) { park(&piece) }
            if !piece.jobs.isEmpty { return piece }
        }
        return nil
    }

    private mutating func send(_ piece: BatchPlan.Piece, licence: LicenceState, now: Int64) -> DeliveryAction {
        let withKeys = licence.sendsKeys(now: now)
        phase = .sending(piece, withKeys: withKeys)
        return .send(BatchRequest(jobs: piece.jobs, withKeys: withKeys, timeout: sizing.timeout))
    }

    private mutating func waitForOutbox(_ text: String) -> DeliveryAction {
        let wait = backOff.next(using: &generator)
        report(.outboxFailed(after: wait, text: text))
        phase = .waiting
        return .wait(wait)
    }

    mutating func report(_ notice: DeliveryNotice) { notices.append(notice) }
}
