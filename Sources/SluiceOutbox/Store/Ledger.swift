internal import SluiceBase

/// The store's running figures. A value: it is copied before a transaction and restored if that fails.
struct Ledger: Equatable {
    /// A position in the order of jobs.
    struct Mark: Equatable {
        /// The bytes of all jobs before it.
        var position: Int64
        var storedAt: Int64
    }

    /// The next row of a walk along `deliveries`, and its time on the monotonic clock.
    struct Turn: Equatable {
        var next: Int64 = 0
        var dueAt: Int64 = 0
    }

    // MARK: Written to the table `progress`

    /// All jobs below it are delivered, parked or dead; `nextJob` if none is pending.
    var firstPending: Int64 = 1
    /// All jobs above it are pending.
    var lastFinished: Int64 = 0
    /// `firstPending`, including jobs that this transaction has finished.
    private(set) var finishedEnd: Int64 = 1
    /// Jobs above `finishedEnd` that are delivered, parked or dead.
    var finished = FinishedJobs()
    var nextDelivery: Int64 = 1
    /// Rows below it are in the index of format 3; 1 if there is none.
    var seenEnd: Int64 = 1
    /// The number of keys in runs of the index; only this part of `KeyCounts` is written.
    var keys = KeyCounts()
    var deadLetters: Int64 = 0
    var deadLetterBytes: Int64 = 0
    var parked: Int64 = 0
    var parkedBytes: Int64 = 0

    mutating func take(_ progress: Progress) {
        let figures = progress.figures
        (firstPending, lastFinished, nextDelivery, seenEnd) = (figures[0], figures[1], figures[2], figures[3])
        (deadLetters, deadLetterBytes, parked, parkedBytes) = (figures[5], figures[6], figures[7], figures[8])
        (nextPosition, isSealed) = (figures[9], progress.isSealed)
        keys = KeyCounts(flushed: Int(figures[4]), flushedEnd: figures[10])
    }

    // MARK: Known from the tables

    var nextJob: Int64 = 1
    /// The bytes of all jobs so far; only differences are meaningful.
    var nextPosition: Int64 = 0
    /// The oldest pending job; `nil` if there is none.
    var pendingMark: Mark?
    /// The oldest stored job, pending or delivered; `nextJob` if there is none.
    var oldestJob: Int64 = 1
    var oldestPosition: Int64 = 0
    /// The size of the kept requests of deliveries with a pending or parked job or a dead letter.
    var undeliveredRequests: Int64 = 0
    /// The size of the kept requests of deliveries with only delivered jobs.
    var deliveredRequests: Int64 = 0
    /// The size of the kept requests for dead letters and parked jobs; a part of `undeliveredRequests`.
    var deadRequests: Int64 = 0
    /// When the oldest kept job was delivered; `nil` if none is kept.
    var oldestDeliveredAt: Int64?
    /// Jobs below it were delivered at times in the future, because the clock was wrong. They are removed with the
    /// first one behind them that was not; `oldestDeliveredAt` is the time of that one, if it exists.
    var futureDeliveredEnd: Int64 = 0

    /// The first row in `deliveries`; `nextDelivery` if there is none.
    var oldestDelivery: Int64 = 1

    // MARK: Forgetting

    /// One per window; stored in the table `forgetting`.
    var walks: [KeyWalk] = []
    /// The slow walk over all rows, with its next time on the monotonic clock.
    var sweep = Turn()
    /// The walk that enforces `outbox.max_keys`.
    var limitWalk = Turn()
    /// The number of keys dropped before they expired, and the time of the last one on the monotonic clock.
    var keysForgottenEarly = 0
    var keyForgottenEarlyAt: Int64?

    /// Whether the row of `progress` must be written in this transaction.
    var isChanged = false
    /// Whether that row has a checksum. The first deliveries give it one.
    var isSealed = false

    // MARK: Derived

    var pendingJobs: Int { Int(nextJob - firstPending) - finished.count }

    /// The size that counts towards `outbox.max_bytes`.
    var undeliveredBytes: Int {
        Int(nextPosition - pendingPosition - finished.bytes + deadLetterBytes + parkedBytes + undeliveredRequests)
    }

    /// The size that counts towards `outbox.max_dead_bytes`.
    var deadBytes: Int { Int(deadLetterBytes + deadRequests) }

    /// The size that counts towards `outbox.keep_delivered_bytes`.
    var deliveredBytes: Int { Int(pendingPosition - oldestPosition + deliveredRequests) }

    var pendingPosition: Int64 { pendingMark?.position ?? nextPosition }

    /// The number that counts towards `outbox.max_keys`.
    var rememberedKeys: Int { keys.flushed + keys.frozen + keys.recent }

    /// Records that a row loses its key, or is deleted with it.
    mutating func keyRemoved(row: Int64) {
        keys.remove(row: row)
        isChanged = true
    }

    /// Appends a job.
    ///
    /// - Returns: its id and position.
    mutating func append(_ job: Job, at now: Int64) -> (id: Int64, position: Int64) {
        let appended = (id: nextJob, position: nextPosition)
        if oldestJob == nextJob { oldestPosition = nextPosition }
        if pendingMark == nil { pendingMark = Mark(position: nextPosition, storedAt: now) }
        nextJob += 1
        nextPosition += Int64(job.byteCost)
        return appended
    }

    /// Records that a pending job is delivered, parked or dead. `advance` updates `firstPending`.
    ///
    /// - Parameter bytes: its `byteCost`; not used for the job `finishedEnd`.
    mutating func finish(_ job: Int64, bytes: Int64) {
        if job == finishedEnd {
            finishedEnd = finished.firstPending(from: job + 1)
            finished.removeAll(below: finishedEnd)
        } else {
            finished.insert(job, bytes: bytes)
        }
        lastFinished = max(lastFinished, job)
        isChanged = true
    }

    /// Whether a job is delivered, parked or dead.
    func isFinished(_ job: Int64) -> Bool { job < finishedEnd || finished.contains(job) }

    /// Records that no job below `id`, which may be in a group, is pending.
    mutating func advance(to id: Int64) {
        firstPending = finished.firstPending(from: id)
        finishedEnd = firstPending
        finished.removeAll(below: firstPending)
    }
}

/// The number of rows in `deliveries` with a key, by the location of the key in the index.
struct KeyCounts: Equatable {
    /// In the runs of the index.
    private(set) var flushed = 0
    /// In frozen keys, which become a run.
    private(set) var frozen = 0
    /// In memory.
    private(set) var recent = 0
    /// The rows of `flushed` are below it.
    private(set) var flushedEnd: Int64 = 1
    private var frozenEnd: Int64 = 1

    init() {}

    /// - Parameters:
    ///   - flushed: the number of rows below `flushedEnd`, which are in runs, that still have their key.
    init(flushed: Int, flushedEnd: Int64) {
        self.flushed = flushed
        (self.flushedEnd, frozenEnd) = (flushedEnd, flushedEnd)
    }

    mutating func add() { recent += 1 }

    /// - Parameter end: the next row.
    mutating func freeze(end: Int64) {
        (frozen, recent, frozenEnd) = (recent, 0, end)
    }

    mutating func flush() {
        (flushed, frozen, flushedEnd) = (flushed + frozen, 0, frozenEnd)
    }

    mutating func remove(row: Int64) {
        if row < flushedEnd {
            flushed -= 1
        } else if row < frozenEnd {
            frozen -= 1
        } else {
            recent -= 1
        }
    }
}
