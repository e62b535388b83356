internal import SluiceBase

/// What Zizq's refusals say about its jobs and about Zizq: the jobs that are set aside, and whether Zizq refuses
/// everything. One for all lanes.
///
/// A job that Zizq refuses when it is sent alone is a *suspect*: either the job is bad, or Zizq refuses everything. Its
/// id is set aside, and the jobs behind it go on. Once Zizq has accepted another job, the suspect is sent alone again,
/// and a second refusal confirms it: it is a dead letter. A refusal of a batch with the job in it counts as the first
/// one. A value without I/O; `now` is the monotonic clock in nanoseconds.
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
    /// Jobs that were read and not tried before the relay paused.
    private var deferred = JobRanges()
    /// How many batches Zizq accepted.
    private(set) var accepted = 0
    /// Jobs refused alone since Zizq last accepted one.
    private var refusedInARow = 0
    /// Dead letters for refusals since Zizq last accepted a job.
    private var deadLetters = 0
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
    package var suspects: Int { unproven.count + provable.count }

    /// Whether no batches are sent, only a few jobs in each cycle: Zizq has refused so many in a row that it probably
    /// refuses everything.
    var isPaused: Bool { refusedInARow >= Self.allowance }

    /// Whether there are suspects since whose refusal no job was accepted.
    var hasUnproven: Bool { !unproven.isEmpty }

    // MARK: Answers

    /// Zizq accepted a batch.
    ///
    /// - Returns: whether this ends the alarm.
    mutating func batchAccepted() -> Bool {
        defer { isAlarmed = false }
        accepted += 1
        if isAlarmed { recoveries += 1 }
        if hasUnproven {
            provable.formUnion(unproven)
            unproven = JobRanges()
        }
        (refusedInARow, deadLetters, hasDeadLetteredForSize) = (0, 0, false)
        pauses.reset()
        (cycles, nextCycle) = (0, .min)
        return isAlarmed
    }

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
    mutating func refused(_ job: Int64, _ refusal: Refusal, text: String) -> Bool {
        lastText = text
        let isDead = mayDeadLetter(refusal)
        switch refusal {
        case .alone, .byIndex, .forSize: refusedInARow += 1
        case .again: refusedInARow += isDead ? 0 : 1
        case .asTest: break
        }
        if isDead {
            deadLetters += 1
            if refusal == .forSize { hasDeadLetteredForSize = true }
        } else {
            unproven.insert(job)
        }
        return isDead
    }

    private func mayDeadLetter(_ refusal: Refusal) -> Bool {
        switch refusal {
        case .alone, .asTest: false
        case .byIndex, .again: deadLetters < Self.allowance
        case .forSize: deadLetters < Self.allowance && !hasDeadLetteredForSize
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
        guard !provable.isEmpty, deadLetters < Self.allowance else { return nil }
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
