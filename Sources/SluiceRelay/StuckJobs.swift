internal import SluiceBase
internal import SluiceOutbox

/// Jobs that are refused alone by something other than Zizq itself: a filter, a proxy, a server that fails.
///
/// Either it refuses this one job, or every job. After some attempts each further one is followed by a few other jobs,
/// each alone; if jobs of other queues wait, which it must not hold up, after the second attempt. Once one of them is
/// accepted, the held jobs are sent again. A job that is refused three times, each time after another job was accepted,
/// is parked. If none is accepted, all go back in order, and the next time more jobs follow. A value without I/O; `now`
/// is the monotonic clock in nanoseconds.
struct StuckJobs {
    /// Attempts with one job before others are sent instead.
    static let maximumTries = 8
    /// Attempts with one job while jobs of other queues wait.
    static let maximumTriesWithOthers = 2
    /// How long one job is tried before others are sent instead.
    static let patience: Duration = .seconds(120)
    /// How long the first refusal is enough after a job was set aside.
    static let memory: Duration = .seconds(600)
    /// How often a job must be refused after another was accepted.
    static let requiredProofs = 3
    private static let firstLimit = 8
    private static let longestLimit = 1000

    /// A job that others are sent instead of.
    private struct Held {
        var piece: BatchPlan.Piece
        var proofs = 0
        /// Whether another job of its queue was accepted since it was refused.
        var isAlone = false

        /// Whether one of these jobs is of its queue.
        func isOf(queueOf jobs: ArraySlice<StoredJob>) -> Bool {
            let queue = piece.jobs.first?.job.queue
            return jobs.contains { $0.job.queue == queue }
        }
    }

    /// The job that is retried repeatedly.
    private struct Watched {
        let job: Int64
        let since: Int64
        var tries = 0
    }

    private var watched: Watched?
    /// In ascending order.
    private var held: [Held] = []
    /// Held until another job was accepted; to be sent again now.
    private var confirming: [Held] = []
    /// The one of them that was sent.
    private var inFlight: Held?
    private var limit = StuckJobs.firstLimit
    private var isQuickUntil: Int64 = .min

    /// Whether other jobs are sent instead of one that is refused.
    var isProbing: Bool { !held.isEmpty || !confirming.isEmpty || inFlight != nil }

    /// The queues of held jobs: a job of another queue overtakes none of its own.
    var queues: Set<String> { Set(held.compactMap { $0.piece.jobs.first?.job.queue }) }

    /// Takes the next held job that is to be sent again.
    mutating func takeConfirmation() -> BatchPlan.Piece? {
        guard !confirming.isEmpty else { return nil }
        let next = confirming.removeFirst()
        inFlight = next
        return next.piece
    }

    /// The next step after a refusal.
    enum Step {
        /// Send the same job again.
        case retry
        /// Send another job.
        case probe
        /// Set this job aside. `isAlone`: others of its queue are accepted.
        case setAside(isAlone: Bool)
    }

    /// Records that a job that was sent alone is refused.
    ///
    /// - Parameter hasOthers: whether a job of another queue is available.
    mutating func refused(_ piece: BatchPlan.Piece, hasOthers: Bool, now: Int64) -> Step {
        if var confirmed = inFlight {
            inFlight = nil
            confirmed.piece = piece
            confirmed.proofs += 1
            guard confirmed.proofs < Self.requiredProofs else {
                isQuickUntil = now + Self.memory.wholeNanoseconds
                return .setAside(isAlone: confirmed.isAlone)
            }
            held.append(confirmed)
            return .probe
        }
        guard isProbing || isDue(piece, hasOthers: hasOthers, now: now) else { return .retry }
        held.append(Held(piece: piece))
        return .probe
    }

    private mutating func isDue(_ piece: BatchPlan.Piece, hasOthers: Bool, now: Int64) -> Bool {
        guard let job = piece.jobs.first?.id else { return false }
        var current = watched.flatMap { $0.job == job ? $0 : nil } ?? Watched(job: job, since: now)
        current.tries += 1
        watched = current
        return isQuick(now: now) || current.tries >= (hasOthers ? Self.maximumTriesWithOthers : Self.maximumTries)
            || now - current.since >= Self.patience.wholeNanoseconds
    }

    /// Whether the first refusal is enough to send others instead: an earlier job was set aside a short time ago, or
    /// could not be because no other job came.
    func isQuick(now: Int64) -> Bool { now < isQuickUntil }

    /// Removes and returns the jobs of a queue that is held as a whole.
    mutating func take(of queue: String) -> [StoredJob] {
        let taken = (confirming + held).flatMap(\.piece.jobs).filter { $0.job.queue == queue }
        confirming.removeAll { $0.piece.jobs.first?.job.queue == queue }
        held.removeAll { $0.piece.jobs.first?.job.queue == queue }
        return taken
    }

    /// Whether so many jobs are held that probably everything is refused.
    func isFull(byteLimit: Int) -> Bool {
        held.count >= limit || held.reduce(0) { $0 + $1.piece.byteCount } > byteLimit
    }

    /// Records an accepted request with these jobs.
    mutating func accepted(_ jobs: ArraySlice<StoredJob>) {
        watched = nil
        for index in held.indices where held[index].isOf(queueOf: jobs) { held[index].isAlone = true }
        for index in confirming.indices where confirming[index].isOf(queueOf: jobs) { confirming[index].isAlone = true }
        if inFlight != nil {
            inFlight = nil
        } else {
            confirming += held
            held = []
        }
        if !isProbing { limit = Self.firstLimit }
    }

    /// Records that the job in flight was refused by Zizq itself, or not answered.
    ///
    /// - Parameter isToRepeat: whether the job is to be sent again, as before.
    /// - Returns: whether it is held here, to be sent again.
    mutating func answeredOtherwise(isToRepeat: Bool) -> Bool {
        guard let sent = inFlight else { return false }
        inFlight = nil
        if isToRepeat { confirming.insert(sent, at: 0) }
        return isToRepeat
    }

    /// Ends the probing because nothing was accepted, or no other job is available.
    ///
    /// - Parameter isFull: whether the maximum number of jobs was refused: the next time it may be more.
    /// - Returns: all held jobs, in ascending order, as one piece.
    mutating func giveUp(isFull: Bool, now: Int64) -> BatchPlan.Piece? {
        let all = confirming + held
        if isFull { limit = min(Self.longestLimit, limit * 4) }
        if all.contains(where: { $0.proofs > 0 }) { isQuickUntil = now + Self.memory.wholeNanoseconds }
        (held, confirming, inFlight) = ([], [], nil)
        guard var piece = all.first?.piece else { return nil }
        piece.jobs = all.flatMap(\.piece.jobs).sorted { $0.id < $1.id }[...]
        piece.mayHaveBeenStored = all.contains(where: \.piece.mayHaveBeenStored)
        piece.isNamed = false
        return piece
    }
}
