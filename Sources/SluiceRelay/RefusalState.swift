internal import SluiceBase
internal import SluiceOutbox

/// What Zizq's refusals say about its jobs and about Zizq: the jobs that are set aside, and whether Zizq refuses
/// everything. One for all lanes.
///
/// A job that Zizq refuses when it is sent alone is a *suspect*: either the job is bad, or Zizq refuses everything. Its
/// id is set aside, and the jobs behind it go on. Once Zizq has accepted another job, the suspect is sent alone again,
/// and a second refusal confirms it. One suspect for each accepted request is a dead letter at once. The others are
/// when the next request is accepted; if another job is refused first, Zizq may refuse everything by now, and they need
/// new proof. A refusal of a batch with the job in it counts as the first one. A value without I/O; `now` is the
/// monotonic clock in nanoseconds.
package struct RefusalState: Sendable {
    /// The most dead letters for refusals between two accepted batches, and how many jobs in a row that are refused
    /// alone pause the relay.
    package static let allowance = 20
    /// The longest pause in which new jobs are not tried when they come.
    private static let longestPause: Duration = .seconds(60)
    /// The most jobs that one cycle tries while the relay is paused.
    private static let mostTrialJobs = 1000

    /// Suspects since whose refusal no job was accepted.
    private var unproven = JobRanges()
    /// Suspects since whose refusal another job was accepted: the next refusal confirms them.
    private var provable = JobRanges()
    /// More suspects that were refused again since then: dead letters when a request is accepted that is sent from now
    /// on.
    private var confirmed: [Confirmed] = []
    /// How many there were so far.
    private(set) var confirmations = 0
    /// Jobs that were read and not tried before the relay paused.
    private var deferred = JobRanges()
    /// How many batches Zizq accepted.
    private(set) var accepted = 0
    /// Jobs refused alone since Zizq last accepted one.
    private var refusedInARow = 0
    /// Dead letters for refusals since Zizq last accepted a job.
    private var deadLetters = 0
    /// Whether one of them was a suspect that was refused again.
    private var hasConfirmed = false
    /// Whether one of them was for its size.
    private var hasDeadLetteredForSize = false
    /// What Zizq said with the last refusal.
    private(set) var lastText = ""
    /// Whether the alarm `zizq_refuses_everything` is on.
    package private(set) var isAlarmed = false
    /// How often Zizq has begun to accept jobs again.
    package private(set) var recoveries = 0
    private var pauses = PauseSchedule()
    private var cycles = 0
    private var nextCycle: Int64 = .min

    package init() {}

    /// How many jobs are set aside because Zizq refused them alone.
    package var suspects: Int { unproven.count + provable.count + confirmed.count }

    /// Whether no batches are sent, only a few jobs in each cycle: Zizq has refused so many in a row that it probably
    /// refuses everything.
    var isPaused: Bool { refusedInARow >= Self.allowance }

    /// Whether there are suspects since whose refusal no job was accepted.
    var hasUnproven: Bool { !unproven.isEmpty }

    // MARK: Answers

    /// Zizq accepted a batch.
    ///
    /// - Parameter sentAfter: `confirmations` when it was sent.
    /// - Returns: whether this ends the alarm, and the suspects that are dead letters now.
    mutating func batchAccepted(sentAfter: Int, now: Int64) -> (endsAlarm: Bool, dead: [FailedJob]) {
        defer { isAlarmed = false }
        accepted += 1
        if isAlarmed { recoveries += 1 }
        // Zizq may have refused everything for a while, if that is long ago.
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

    /// A suspect that waits for the next accepted request.
    private struct Confirmed {
        /// Which confirmation it was.
        let number: Int
        /// On the monotonic clock.
        let at: Int64
        let failed: FailedJob
    }

    /// How long a confirmation counts, nanoseconds.
    private static let freshness: Int64 = 60_000_000_000

    /// How a job was refused.
    enum Refusal {
        /// In a request with no other job.
        case alone
        /// By its index, and then alone.
        case byIndex
        /// It is too large, alone.
        case forSize
        /// Alone, and before that alone or with others; in between another job was accepted.
        case again
        /// Alone, in a pause, as a test whether Zizq still refuses everything.
        case asTest
    }

    /// Zizq refused a job that was sent alone. It becomes a dead letter or a suspect.
    ///
    /// - Returns: whether it is a dead letter.
    mutating func refused(_ failed: FailedJob, _ refusal: Refusal, now: Int64) -> Bool {
        lastText = failed.detail
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
        // Zizq may refuse everything by now: what it refused last proves nothing.
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

    /// Jobs to be read again that were set aside, and what for.
    struct Claim: Sendable {
        /// What a refusal of such a job means.
        enum Purpose: Sendable {
            /// To send them as if they came from the outbox for the first time.
            case deferred
            /// To confirm suspects.
            case probe
            /// To see whether Zizq still refuses everything.
            case test
            /// To find one that Zizq accepts, while it seems to refuse everything.
            case trial
            /// To see whether a job that was set aside is still refused. It is parked in the outbox.
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

    /// The oldest suspect.
    mutating func claimTest() -> Claim? {
        let isOlderProvable = (provable.first ?? .max) < (unproven.first ?? .max)
        let jobs = isOlderProvable ? provable.takeFirst(1) : unproven.takeFirst(1)
        return jobs.isEmpty ? nil : Claim(jobs: jobs, purpose: .test)
    }

    /// Jobs that were read and not tried.
    mutating func claimDeferred(_ limit: Int, for purpose: Claim.Purpose) -> Claim? {
        deferred.isEmpty ? nil : Claim(jobs: deferred.takeFirst(limit), purpose: purpose)
    }

    /// Sets jobs of a claim aside again that were not read, or not tried.
    mutating func giveBack(_ claim: Claim) {
        switch claim.purpose {
        case .deferred, .trial: deferred.formUnion(claim.jobs)
        case .probe: provable.formUnion(claim.jobs)
        case .test: unproven.formUnion(claim.jobs)
        case .retry: break
        }
    }

    /// Sets jobs aside that were read and not tried.
    mutating func setAside(_ jobs: some Sequence<Int64>) {
        for job in jobs { deferred.insert(job) }
    }

    // MARK: Pauses

    /// Whether nothing else is left to prove the suspects bad, so that a person should know.
    ///
    /// - Returns: whether this is news.
    mutating func raiseAlarm() -> Bool {
        defer { isAlarmed = true }
        return !isAlarmed
    }

    /// Begins the next cycle, for one of the lanes.
    ///
    /// - Returns: how long until it begins; nil where it has begun for the lane that asks.
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

    /// How many jobs this cycle tries, one by one: four times as many as the one before.
    var trialJobs: Int { min(Self.mostTrialJobs, Self.allowance << (2 * min(cycles, 4))) }
}
