internal import SluiceBase
internal import SluiceOutbox

/// Conclusions from Zizq's refusals: which suspects are held back, and whether Zizq refuses everything. Shared by all
/// lanes.
///
/// A job that Zizq refuses alone is a *suspect*: either the job is bad, or Zizq refuses everything. Its id is held
/// back, and later jobs are still sent. After Zizq has accepted another job, the suspect is sent alone again, and a
/// second refusal confirms it. One suspect for each accepted request becomes a dead letter immediately, the others when
/// the next request is accepted; if another job is refused before that, Zizq may be refusing everything, and the
/// confirmations are discarded. A refusal of a batch with the job counts as the first one. A value without I/O; `now`
/// is the monotonic clock in nanoseconds.
package struct RefusalState: Sendable {
    /// The maximum number of dead letters for refusals between two accepted batches, and the number of jobs refused
    /// alone in a row that pauses the relay.
    package static let allowance = 20
    /// The maximum pause in which new jobs are not sent immediately.
    private static let longestPause: Duration = .seconds(60)
    /// The maximum number of jobs sent in one cycle while the relay is paused.
    private static let maximumTrialJobs = 1000

    /// Suspects without a job accepted after their refusal.
    private var unproven = JobRanges()
    /// Suspects with a job accepted after their refusal: the next refusal confirms them.
    private var provable = JobRanges()
    /// Further suspects that were refused again: they become dead letters when a request that is sent from now on is
    /// accepted.
    private var confirmed: [Confirmed] = []
    /// The number of confirmations so far.
    private(set) var confirmations = 0
    /// Jobs that were read but not sent before the relay paused.
    private var deferred = JobRanges()
    /// How often jobs were held back so far.
    private(set) var heldBack = 0
    /// The number of accepted batches.
    private(set) var accepted = 0
    /// The number of jobs refused alone since the last accepted one.
    private var refusedInARow = 0
    /// The number of dead letters for refusals since the last accepted job.
    private var deadLetters = 0
    /// Whether one of them was a suspect that was refused again.
    private var hasConfirmed = false
    /// Whether one of them was too large.
    private var hasDeadLetteredForSize = false
    /// Zizq's text of the last refusal.
    private(set) var lastText = ""
    /// Whether the alarm `zizq_refuses_everything` is active.
    package private(set) var isAlarmed = false
    /// The number of recoveries, after which Zizq accepted jobs again.
    package private(set) var recoveries = 0
    private var pauses = PauseSchedule()
    private var cycles = 0
    private var nextCycle: Int64 = .min

    package init() {}

    /// The number of suspects.
    package var suspects: Int { unproven.count + provable.count + confirmed.count }

    /// Whether only a few jobs are sent in each cycle instead of batches: Zizq has refused so many in a row that it
    /// probably refuses everything.
    var isPaused: Bool { refusedInARow >= Self.allowance }

    /// Whether there are suspects without a job accepted after their refusal.
    var hasUnproven: Bool { !unproven.isEmpty }

    // MARK: Answers

    /// Records a batch that Zizq accepted.
    ///
    /// - Parameter sentAfter: `confirmations` when it was sent.
    /// - Returns: whether this ends the alarm, and the suspects that become dead letters.
    mutating func batchAccepted(sentAfter: Int, now: Int64) -> (endsAlarm: Bool, dead: [FailedJob]) {
        defer { isAlarmed = false }
        accepted += 1
        if isAlarmed { recoveries += 1 }
        // Old confirmations do not count: Zizq may have rejected everything since.
        let dead = confirmed.filter { $0.number <= sentAfter && now - $0.at < Self.freshness }.map(\.failed)
        for suspect in confirmed where now - suspect.at >= Self.freshness { provable.insert(suspect.failed.job) }
        confirmed.removeAll { $0.number <= sentAfter || now - $0.at >= Self.freshness }
        provable.formUnion(unproven)
        unproven = JobRanges()
        (refusedInARow, deadLetters, hasDeadLetteredForSize, hasConfirmed) = (0, dead.count, false, false)
        pauses.reset()
        (cycles, nextCycle) = (0, .min)
        return (isAlarmed, dead)
    }

    /// Ends the pause because no job is left to send. Only an accepted job shows that Zizq accepts any, so the number
    /// of dead letters still counts, and in a pause one more refusal pauses the relay again.
    ///
    /// - Returns: whether this ends the alarm.
    mutating func endPause() -> Bool {
        let old = self
        self = RefusalState()
        refusedInARow = min(old.refusedInARow, Self.allowance - 1)
        (deadLetters, hasConfirmed) = (old.deadLetters, old.hasConfirmed)
        hasDeadLetteredForSize = old.hasDeadLetteredForSize
        // Lanes compare these with earlier values.
        (accepted, confirmations, recoveries) = (old.accepted, old.confirmations, old.recoveries)
        heldBack = old.heldBack
        return old.isAlarmed
    }

    /// A suspect that waits for the next accepted request.
    private struct Confirmed {
        /// The number of the confirmation.
        let number: Int
        /// On the monotonic clock.
        let at: Int64
        let failed: FailedJob
    }

    /// How long a confirmation counts, in nanoseconds.
    private static let freshness: Int64 = 60_000_000_000

    /// The way in which a job was refused.
    enum Refusal {
        /// In a request with no other job.
        case alone
        /// By its index, and then alone.
        case byIndex
        /// It is too large, alone.
        case forSize
        /// Alone, and before that alone or with others, with another job accepted in between.
        case again
        /// Alone during a pause, as a test whether Zizq still refuses everything.
        case asTest
    }

    /// Records that Zizq refused a job that was sent alone. It becomes a dead letter or a suspect.
    ///
    /// - Returns: whether it becomes a dead letter.
    mutating func refused(_ failed: FailedJob, _ refusal: Refusal, now: Int64) -> Bool {
        lastText = failed.detail
        heldBack += 1
        if refusal == .again, hasAllowance, hasConfirmed {
            confirmations += 1
            confirmed.append(Confirmed(number: confirmations, at: now, failed: failed))
            return false
        }
        if refusal != .asTest, refusal != .again || !hasAllowance { refusedInARow += 1 }
        if mayDeadLetter(refusal) {
            if refusal == .again { hasConfirmed = true }
            deadLetters += 1
            if refusal == .forSize { hasDeadLetteredForSize = true }
            return true
        }
        // Zizq may be refusing everything: its last refusals prove nothing.
        for suspect in confirmed { unproven.insert(suspect.failed.job) }
        confirmed = []
        unproven.insert(failed.job)
        return false
    }

    private var hasAllowance: Bool { deadLetters + confirmed.count < Self.allowance }

    private func mayDeadLetter(_ refusal: Refusal) -> Bool {
        switch refusal {
        case .alone, .asTest: false
        case .byIndex, .again: hasAllowance
        case .forSize: hasAllowance && !hasDeadLetteredForSize
        }
    }

    // MARK: Jobs that are set aside

    /// Held-back jobs to read again, and the purpose.
    struct Claim: Sendable {
        /// The meaning of a refusal of such a job.
        enum Purpose: Sendable {
            /// To send them like new jobs of the outbox.
            case deferred
            /// To confirm suspects.
            case probe
            /// To test whether Zizq still refuses everything.
            case test
            /// To find one that Zizq accepts, while it seems to refuse everything.
            case trial
            /// To test whether a parked job is still refused.
            case retry
        }

        var jobs: JobRanges
        let purpose: Purpose
    }

    /// Suspects that may be confirmed now.
    mutating func claimProbe(_ limit: Int) -> Claim? {
        guard !provable.isEmpty, hasAllowance else { return nil }
        return Claim(jobs: provable.takeFirst(limit), purpose: .probe)
    }

    /// Returns the oldest suspect.
    mutating func claimTest() -> Claim? {
        let isOlderProvable = (provable.first ?? .max) < (unproven.first ?? .max)
        let jobs = isOlderProvable ? provable.takeFirst(1) : unproven.takeFirst(1)
        return jobs.isEmpty ? nil : Claim(jobs: jobs, purpose: .test)
    }

    /// Returns jobs that were read but not sent.
    mutating func claimDeferred(_ limit: Int, for purpose: Claim.Purpose) -> Claim? {
        deferred.isEmpty ? nil : Claim(jobs: deferred.takeFirst(limit), purpose: purpose)
    }

    /// Returns the jobs of a claim that were not read, or not sent.
    mutating func giveBack(_ claim: Claim) {
        switch claim.purpose {
        case .deferred, .trial: deferred.formUnion(claim.jobs)
        case .probe: provable.formUnion(claim.jobs)
        case .test: unproven.formUnion(claim.jobs)
        case .retry: break
        }
    }

    /// Holds back jobs that were read but not sent.
    mutating func setAside(_ jobs: some Sequence<Int64>) {
        heldBack += 1
        for job in jobs { deferred.insert(job) }
    }

    // MARK: Pauses

    /// Whether nothing else can prove the suspects bad, so that an operator should know.
    ///
    /// - Returns: whether this is new.
    mutating func raiseAlarm() -> Bool {
        defer { isAlarmed = true }
        return !isAlarmed
    }

    /// Starts the next cycle, for one of the lanes.
    ///
    /// - Returns: the time until it starts; `nil` if it has started for the calling lane.
    mutating func waitForCycle(now: Int64) -> Duration? {
        guard nextCycle != .min, now >= nextCycle else {
            return nextCycle == .min ? schedule(now: now) : .nanoseconds(nextCycle - now)
        }
        _ = schedule(now: now)
        cycles += 1
        return nil
    }

    private mutating func schedule(now: Int64) -> Duration {
        let pause = isPaused ? min(pauses.next(), Self.longestPause) : pauses.next()
        nextCycle = now + pause.wholeNanoseconds
        return pause
    }

    /// The number of jobs that this cycle sends one by one: four times as many as the previous one.
    var trialJobs: Int { min(Self.maximumTrialJobs, Self.allowance << (2 * min(cycles, 4))) }
}
