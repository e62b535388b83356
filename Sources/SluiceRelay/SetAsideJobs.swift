internal import SluiceBase
internal import SluiceOutbox

/// The schedule for sending jobs that were set aside again, and the held queues. Shared by all lanes; a value without
/// I/O; `now` is the monotonic clock in nanoseconds.
///
/// Three jobs of one queue that are set aside, while no job of it is accepted, show that the queue is refused as a
/// whole. It is *held*: its jobs are set aside without being sent, and one of them is sent from time to time. Once one
/// is accepted, they are sent in their order, and later jobs are held until none of them is left.
struct SetAsideJobs: Sendable {
    /// The time between two passes over the jobs that were set aside one by one.
    static let interval: Duration = .seconds(600)
    /// The wait after one that is still refused; the minimum wait before a job of a held queue is sent.
    static let spacing: Duration = .seconds(5)
    /// The number of jobs that show that a queue is refused as a whole, and that end the sending of held jobs.
    static let requiredJobs = 3
    /// The wait after a refusal that took long, as a multiple of that time: a slow refusal delays other jobs.
    private static let slowness: Int64 = 20
    /// The maximum number of queues whose jobs are counted.
    private static let maximumCountedQueues = 1000

    /// A queue whose jobs are not sent with those of other queues.
    private struct Hold {
        var text: String
        /// The last job that was tried or accepted.
        var cursor: Int64 = 0
        /// The job after which sending begins once one is accepted: earlier ones were refused although others of the
        /// queue were accepted.
        var start: Int64 = 0
        var wait = SetAsideJobs.spacing
        var dueAt: Int64
        /// The maximum number of jobs in the next request; 0 until one is accepted.
        var size = 0
        var refusedInARow = 0
        /// Whether a lane has jobs of it.
        var isClaimed = false
        /// Whether a lane may still have a job of it that it claimed before the queue was held.
        var waitsForOthers = false

        var isDraining: Bool { size > 0 }
    }

    /// The number of jobs of each queue that were set aside since the last accepted one.
    private var counts: [String: Int] = [:]
    private var holds: [String: Hold] = [:]
    /// Counts how often a queue was held or released.
    private(set) var generation = 0
    /// Whether jobs of other queues may be set aside, including those of an earlier process.
    private var mayHaveSome: Bool
    private var dueAt: Int64 = .min
    /// The last job that was read in this pass.
    private var cursor: Int64 = 0
    /// Whether a lane has one of these jobs. Another lane could read the same one until its answer is in the outbox.
    private var isClaimed = false

    init(mayHaveSome: Bool) { self.mayHaveSome = mayHaveSome }

    // MARK: Queues

    /// Whether no queue is held.
    var hasNoHolds: Bool { holds.isEmpty }

    /// The answer because of which this queue is held; nil if it is not.
    func text(ofHeld queue: String) -> String? { holds[queue]?.text }

    /// Records a job that was set aside because it was refused while others were accepted.
    ///
    /// - Parameter isAlone: whether others of its queue are accepted.
    /// - Returns: whether its queue is held from now on.
    mutating func added(of queue: String, isAlone: Bool, text: String, now: Int64) -> Bool {
        if !mayHaveSome { dueAt = now + Self.interval.wholeNanoseconds }
        mayHaveSome = true
        guard !isAlone, holds[queue] == nil, counts[queue] != nil || counts.count < Self.maximumCountedQueues else {
            return false
        }
        counts[queue, default: 0] += 1
        guard counts[queue] == Self.requiredJobs else { return false }
        holds[queue] = Hold(text: text, dueAt: now + Self.spacing.wholeNanoseconds, waitsForOthers: isClaimed)
        generation += 1
        return true
    }

    /// Records accepted jobs.
    mutating func accepted(_ jobs: ArraySlice<StoredJob>) {
        guard !counts.isEmpty else { return }
        for index in jobs.indices where holds[jobs[index].job.queue] == nil { counts[jobs[index].job.queue] = nil }
    }

    // MARK: Schedule

    /// - Returns: the jobs to send, which no other lane gets before `endClaim`; nil if none is due.
    mutating func claim(now: Int64) -> SetAsideQuery? {
        let next = claimableHolds.min { $0.value.dueAt < $1.value.dueAt }
        if let (queue, hold) = next, hold.dueAt <= now {
            holds[queue]?.isClaimed = true
            return SetAsideQuery(after: hold.cursor, selection: .queue(queue), limit: max(1, hold.size))
        }
        guard mayHaveSome, !isClaimed, now >= dueAt else { return nil }
        isClaimed = true
        dueAt = now + Self.interval.wholeNanoseconds
        return SetAsideQuery(after: cursor, selection: .othersThan(Set(holds.keys)), limit: 1)
    }

    /// Records that the claimed jobs were read.
    ///
    /// - Returns: the queue that is no longer held.
    mutating func read(_ page: SetAsidePage, of query: SetAsideQuery, now: Int64) -> String? {
        switch query.selection {
        case .othersThan: readOthers(page, query, now: now)
        case .queue(let queue):
            guard page.jobs.isEmpty else { return nil }
            if let end = page.scannedThrough {
                look(for: queue, from: end, now: now)
            } else if query.after > 0, holds[queue]?.isDraining == false {
                look(for: queue, from: 0, now: now)
            } else {
                release(queue)
                return queue
            }
        }
        return nil
    }

    private mutating func look(for queue: String, from cursor: Int64, now: Int64) {
        holds[queue]?.cursor = cursor
        holds[queue]?.dueAt = now
    }

    private mutating func readOthers(_ page: SetAsidePage, _ query: SetAsideQuery, now: Int64) {
        if let last = page.jobs.last?.id ?? page.scannedThrough {
            cursor = last
            dueAt = page.jobs.isEmpty ? now : now + Self.spacing.wholeNanoseconds
        } else {
            if query.after == 0, holds.isEmpty { mayHaveSome = false }
            cursor = 0
            dueAt = now + Self.interval.wholeNanoseconds
        }
    }

    private mutating func release(_ queue: String) {
        (holds[queue], counts[queue]) = (nil, nil)
        generation += 1
    }

    private var claimableHolds: some Sequence<(key: String, value: Hold)> {
        holds.lazy.filter { !$0.value.isClaimed && !$0.value.waitsForOthers }
    }

    /// Records that the lane has no more jobs of this selection.
    mutating func endClaim(_ selection: SetAsideQuery.Selection) {
        switch selection {
        case .queue(let queue): holds[queue]?.isClaimed = false
        case .othersThan:
            isClaimed = false
            for queue in holds.keys { holds[queue]?.waitsForOthers = false }
        }
    }

    /// The time until a job is due; nil if there is none.
    func untilDue(now: Int64) -> Duration? {
        let due = min(claimableHolds.map(\.value.dueAt).min() ?? .max, mayHaveSome && !isClaimed ? dueAt : .max)
        return due == .max ? nil : .nanoseconds(max(0, due - max(now, 0)))
    }

    // MARK: Answers

    /// Records that jobs that were set aside were accepted, or that Zizq itself refused one, which shows the same: the
    /// next ones may pass, too.
    ///
    /// - Parameter maximumJobs: in one request.
    mutating func passed(_ jobs: ArraySlice<StoredJob>, maximumJobs: Int, now: Int64) {
        guard let last = jobs.last else { return }
        guard var hold = holds[last.job.queue] else { return dueAt = min(dueAt, now) }
        hold.cursor = hold.isDraining ? last.id : hold.start
        hold.size = min(maximumJobs, max(1, hold.size * 2))
        (hold.dueAt, hold.wait, hold.refusedInARow) = (now, Self.spacing, 0)
        holds[last.job.queue] = hold
    }

    /// Records that jobs that were set aside are refused again.
    ///
    /// - Parameter sentAt: when they were sent.
    mutating func refused(_ jobs: ArraySlice<StoredJob>, text: String, sentAt: Int64, now: Int64) {
        guard let last = jobs.last else { return }
        let least = (now - sentAt) * Self.slowness
        guard var hold = holds[last.job.queue] else { return dueAt = max(dueAt, now + least) }
        hold.text = text
        hold.dueAt = now
        if jobs.count > 1 {
            hold.size = 1
        } else {
            hold.cursor = last.id
            hold.refusedInARow += 1
            if hold.isDraining { hold.start = max(hold.start, last.id) }
            if !hold.isDraining || hold.refusedInARow >= Self.requiredJobs {
                hold.dueAt = now + max(hold.wait.wholeNanoseconds, least)
                hold.wait = min(hold.wait * 2, Self.interval)
                hold.size = 0
            }
        }
        holds[last.job.queue] = hold
    }

    /// Delays jobs that were set aside and could not be sent now, which says nothing about them.
    mutating func delayed(_ jobs: ArraySlice<StoredJob>, by wait: Duration, now: Int64) {
        guard let queue = jobs.last?.job.queue, holds[queue] != nil else { return }
        let wait = max(min(wait, RetryBackoff.longestRetryAfter), Self.spacing)
        holds[queue]?.dueAt = now + wait.wholeNanoseconds
    }
}
