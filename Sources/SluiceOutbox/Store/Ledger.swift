internal import SluiceBase

/// The store's running figures. A value: it is copied before a transaction and put back when that fails.
struct Ledger: Equatable {
    /// A place in the order of jobs.
    struct Place: Equatable {
        /// Bytes of all jobs before it.
        var position: Int64
        var storedAt: Int64
    }

    // MARK: Written to the table `progress`

    /// Every job below it is delivered, parked or dead; `nextJob` when none is pending.
    var firstPending: Int64 = 1
    /// No job above it is delivered, parked or dead.
    var lastFinished: Int64 = 0
    var nextDelivery: Int64 = 1
    var deliveriesRemoved: Int64 = 0
    /// Where the rounds of the hand began that is carrying keys over: the one before this, and this one (`RecentKeys`).
    var roundBefore: Int64 = 1
    var roundStart: Int64 = 1
    /// The hand's place to be written, where this transaction ends its round; nil for where it stands.
    var hand: UInt64?
    var deadLetters: Int64 = 0
    var deadLetterBytes: Int64 = 0
    var parked: Int64 = 0
    var parkedBytes: Int64 = 0

    // MARK: Known from the tables

    var nextJob: Int64 = 1
    /// Bytes of all jobs so far; only differences mean something.
    var nextPosition: Int64 = 0
    /// The oldest pending job; nil when there is none.
    var pendingPlace: Place?
    /// The oldest job that is here, pending or delivered; `nextJob` when there is none.
    var oldestJob: Int64 = 1
    var oldestPosition: Int64 = 0
    /// Bytes of kept requests of deliveries that have a pending or parked job or a dead letter.
    var undeliveredRequests: Int64 = 0
    /// Bytes of kept requests of deliveries of which delivered jobs alone are here.
    var deliveredRequests: Int64 = 0
    /// Bytes of kept requests that a dead letter or a parked job needs; a part of `undeliveredRequests`.
    var deadRequests: Int64 = 0
    /// When the oldest kept job was delivered; nil when none is kept.
    var oldestDeliveredAt: Int64?
    /// Jobs above `firstPending` that are delivered, parked or dead: more than one batch was in flight.
    var finished: Set<Int64> = []

    /// Rows in `deliveries` without a key that have been counted: all but those in `uncountedRows`.
    var keyless: Int64 = 0
    /// Rows in `deliveries` of which it is not known yet how many have no key. Empty soon after the start.
    var uncountedRows: Range<Int64> = 1..<1

    /// Whether the row of `progress` must be written in this transaction.
    var isChanged = false

    // MARK: Derived

    var pendingJobs: Int { Int(nextJob - firstPending) - finished.count }

    /// What counts against `outbox.max_bytes`.
    var undeliveredBytes: Int {
        Int(nextPosition - pendingPosition + deadLetterBytes + parkedBytes + undeliveredRequests)
    }

    /// What counts against `outbox.max_dead_bytes`.
    var deadBytes: Int { Int(deadLetterBytes + deadRequests) }

    /// What counts against `outbox.keep_delivered_bytes`.
    var deliveredBytes: Int { Int(pendingPosition - oldestPosition + deliveredRequests) }

    var pendingPosition: Int64 { pendingPlace?.position ?? nextPosition }

    /// Rows in `deliveries`, with or without a key.
    var rows: Int { Int(nextDelivery - 1 - deliveriesRemoved) }

    /// What counts against `outbox.max_keys`; rows that are not counted yet are taken to have a key.
    var rememberedKeys: Int { rows - Int(keyless) }

    /// A row in `deliveries` loses its key or, if it has none, is removed or added.
    mutating func changeKeyless(by change: Int64, row: Int64) {
        if !uncountedRows.contains(row) { keyless += change }
    }

    /// A job was appended.
    ///
    /// - Returns: its id and position.
    mutating func append(_ job: Job, at now: Int64) -> (id: Int64, position: Int64) {
        let place = (id: nextJob, position: nextPosition)
        if oldestJob == nextJob { oldestPosition = nextPosition }
        if pendingPlace == nil { pendingPlace = Place(position: nextPosition, storedAt: now) }
        nextJob += 1
        nextPosition += Int64(job.byteCost)
        return place
    }

    /// A job is delivered, parked or dead. A job that is so already changes nothing.
    mutating func finish(_ job: Int64) {
        guard job >= firstPending, job < nextJob else { return }
        finished.insert(job)
        lastFinished = max(lastFinished, job)
        isChanged = true
    }

    /// Whether a job is delivered, parked or dead.
    func isFinished(_ job: Int64) -> Bool { job < firstPending || finished.contains(job) }

    /// Moves `firstPending` on over jobs that are finished.
    mutating func advance() {
        while finished.remove(firstPending) != nil { firstPending += 1 }
    }
}
