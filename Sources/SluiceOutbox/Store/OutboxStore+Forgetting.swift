internal import SluiceBase

/// The progress of forgetting the deliveries with one window.
///
/// Rows are in the order of receipt, so those with one window expire in the order of their ids. Each window has its own
/// walk, which deletes expired rows and stops at the first one that has not expired or has a job in the outbox.
struct KeyWalk: Equatable {
    /// Milliseconds from receipt to expiry.
    let window: Int64
    /// The next row to read; stored in the table `forgetting`.
    var next: Int64
    /// Nothing has expired before this time.
    var dueAt: Int64 = 0
    /// Rows below it were received before one that has expired, whatever times they contain.
    var expiredEnd: Int64 = 0
    /// The row from which the search for such a row continues.
    var probe: Int64 = 0
}

/// The time for expiry. The wall clock may be set at any time, so it is compared with the monotonic clock since the
/// start. Because it is unknown which of the two is right, a key is remembered from the later of the two times and
/// expires by the earlier one: it is never forgotten early.
struct OutboxClock {
    /// The accepted deviation of the wall clock, in milliseconds.
    static let tolerance: Int64 = 300_000
    /// How far a start may be behind the newest stored time without doubt, and how long the doubt lasts, in
    /// milliseconds.
    private static let longestGap: Int64 = 3_600_000
    private static let doubt: Int64 = 900_000

    private let time: any TimeSource
    private let offset: Int64
    /// In milliseconds on the monotonic clock.
    private let startedAt: Int64
    /// The newest stored time at the start, if the wall clock is so far ahead of it that it may be wrong.
    private var newest: Int64?

    init(_ time: any TimeSource) {
        self.time = time
        offset = Self.offset(time)
        startedAt = Self.monotonic(time)
    }

    /// Compares the wall clock with the newest stored time, at the start. If it is far ahead, nothing was received for
    /// long, or it is wrong and may be corrected soon. Meanwhile time goes on from the stored one for everything that
    /// is deleted by time.
    mutating func start(after newest: Int64?) {
        self.newest = newest.flatMap { time.wallMilliseconds() - $0 > Self.longestGap ? $0 : nil }
    }

    /// Nothing that ends later has ended, whatever the wall clock says.
    var latestEnd: Int64 {
        guard let newest else { return .max }
        let passed = Self.monotonic(time) - startedAt
        return passed < Self.doubt ? newest + passed : .max
    }

    /// The deviation of the wall clock from the monotonic one since the start, in milliseconds.
    var drift: Int64 { Self.offset(time) - offset }

    /// Whether the clocks agree. While they do not, no key is forgotten.
    var isTrusted: Bool { abs(drift) <= Self.tolerance }

    /// The time for lists and for keeping delivered jobs: the wall clock while it is trusted, then the monotonic one.
    /// In milliseconds since the epoch, as are the following.
    var now: Int64 { time.wallMilliseconds() - (isTrusted ? 0 : drift) }

    /// The earlier of the two clocks' times.
    var earliest: Int64 { time.wallMilliseconds() - max(0, drift) }

    /// The time by which keys and quarantined requests expire.
    var expiry: Int64 { min(earliest, latestEnd) }

    /// The time by which delivered jobs are removed: `now`, but not if that may have been wrong from the start on.
    var retention: Int64 { newest == nil ? now : expiry }

    /// The milliseconds to add to a wall-clock time at which a window begins.
    var shift: Int64 { max(0, -drift) }

    /// A time in milliseconds without its sign, in whole days, hours or minutes: the largest unit of which it has at
    /// least two.
    static func rounded(_ milliseconds: Int64) -> String {
        let length = milliseconds.magnitude
        let unit: UInt64 = [86_400_000, 3_600_000].first { length >= 2 * $0 } ?? 60_000
        return DurationText.format(.milliseconds(Int64(clamping: (length + unit / 2) / unit * unit)))
    }

    private static func offset(_ time: any TimeSource) -> Int64 {
        time.wallMilliseconds() - monotonic(time)
    }

    private static func monotonic(_ time: any TimeSource) -> Int64 { time.monotonicNanoseconds() / 1_000_000 }
}

extension OutboxStore {
    /// Rows read in one step.
    static let forgetStep = 1024
    /// Rows read in one step of the search for a row with a plausible time.
    private static let probeStep: Int64 = 100_000
    /// Milliseconds until a walk reads again a row with a job in the outbox.
    private static let jobPause: Int64 = 1000
    /// Nanoseconds between two steps of the slow walk, and between two searches of the whole outbox for keys to forget
    /// while there are too many.
    private static let longPause: Int64 = 1_000_000_000

    /// One remembered delivery on a walk.
    private struct Candidate {
        let row: Int64
        let hasKey: Bool
        let receivedAt: Int64
        let expiresAt: Int64
        /// Whether a job of it is pending, or delivered and kept.
        let hasJob: Bool
        /// Whether a job of it is pending.
        let isPending: Bool
        let isDeadOrParked: Bool
        /// nil if it is not needed.
        let route: String?

        /// Wraps around instead of trapping, because the row may be damaged.
        var window: Int64 { expiresAt &- receivedAt }
    }

    /// Records that a delivery with this window is stored, inside a transaction.
    func noteWindow(_ window: Int64, row: Int64) throws(SQLiteError) {
        guard !ledger.walks.contains(where: { $0.window == window }) else { return }
        try session.saveWalk.run(window, row)
        ledger.walks.append(KeyWalk(window: window, next: row))
    }

    /// Whether a walk has something to do.
    var isForgettingDue: Bool {
        guard clock.isTrusted else { return false }
        let now = clock.expiry
        return ledger.walks.contains { $0.dueAt <= now }
    }

    /// Deletes expired deliveries without a job in the outbox, in one step, inside a transaction.
    func forgetExpired() throws(SQLiteError) {
        let now = clock.expiry
        guard clock.isTrusted, let index = ledger.walks.firstIndex(where: { $0.dueAt <= now }) else { return }
        // The walks take turns.
        var walk = ledger.walks.remove(at: index)
        var isOver = false
        defer { if !isOver { ledger.walks.append(walk) } }
        let passed = try pass(&walk, now)
        // The walk is created again with the next delivery that has this window.
        isOver = passed.isEnd && passed.certain == passed.rows.count
        if isOver {
            try session.deleteWalk.run(walk.window)
            ledger.isChanged = true
        }
        if passed.certain == 0, passed.rows.count == Self.forgetStep { return try passFutureRows(&walk, now) }
        let rows = passed.rows.prefix(passed.certain)
        guard let last = rows.last else { return }
        walk.next = last.row + 1
        let (window, next) = (walk.window, walk.next)
        guard try delete(rows, where: { $0.window <= window && !$0.isDeadOrParked }), !isOver else { return }
        try session.saveWalk.run(window, next)
    }

    /// Returns the rows up to the first that stops the walk.
    ///
    /// - Returns: also how many of them have certainly expired, up to the last row whose time is plausible; and whether
    ///   they are the last rows.
    private func pass(
        _ walk: inout KeyWalk, _ now: Int64
    ) throws(SQLiteError) -> (rows: [Candidate], certain: Int, isEnd: Bool) {
        let walked = walk
        var dueAt: Int64 = 0
        var rows: [Candidate] = []
        var certain = 0
        let isEnd = try eachDelivery(from: walk.next) { row in
            let isOld = row.row < walked.expiredEnd
            if !isOld, row.receivedAt <= now, row.receivedAt > now - walked.window {
                dueAt = row.receivedAt + walked.window
                return false
            }
            if row.window <= walked.window, row.hasJob {
                dueAt = now + Self.jobPause
                return false
            }
            rows.append(row)
            if isOld || row.receivedAt <= now { certain = rows.count }
            return true
        }
        walk.dueAt = isEnd ? now + max(Self.jobPause, walk.window) : dueAt
        return (rows, certain, isEnd)
    }

    /// Searches for the first row after those that seem to be received in the future, because the clock was wrong. When
    /// that row has expired, so have they.
    private func passFutureRows(_ walk: inout KeyWalk, _ now: Int64) throws(SQLiteError) {
        walk.probe = max(walk.probe, walk.next)
        let found = try session.selectReceived.first(walk.probe, walk.probe + Self.probeStep, now) {
            (row: $0.int64(0), receivedAt: $0.int64(1))
        }
        if let found {
            walk.probe = found.row
            walk.dueAt = found.receivedAt + walk.window
            if walk.dueAt <= now { walk.expiredEnd = walk.probe }
        } else {
            walk.probe = min(walk.probe + Self.probeStep, ledger.nextDelivery)
            walk.dueAt = walk.probe == ledger.nextDelivery ? now + max(Self.jobPause, walk.window) : 0
        }
    }

    /// One step, once a second, of a slow walk over all rows. It deletes expired rows that the other walks have passed
    /// because a job was dead or parked, or because an operator had the key forgotten. Inside a transaction.
    func sweep() throws(SQLiteError) {
        let now = clock.expiry
        guard clock.isTrusted else { return }
        var rows: [Candidate] = []
        let isEnd = try eachDelivery(from: ledger.sweep.next) { row in
            rows.append(row)
            return true
        }
        ledger.sweep = Ledger.Turn(
            next: isEnd ? 0 : (rows.last?.row ?? 0) + 1, dueAt: time.monotonicNanoseconds() + Self.longPause)
        _ = try delete(rows[...]) { $0.expiresAt <= now && !$0.hasJob && !$0.isDeadOrParked }
    }

    // MARK: The limit

    /// The number of keys above `outbox.max_keys`.
    var keysOverLimit: Int { max(0, ledger.rememberedKeys - configuration.maximumKeys) }

    /// Whether there are too many keys, and some may be forgotten.
    var isLimitDue: Bool { keysOverLimit > 0 && time.monotonicNanoseconds() >= ledger.limitWalk.dueAt }

    /// One step of forgetting the oldest keys without a pending, parked or dead job while there are too many, whatever
    /// their window. Inside a transaction.
    func forgetOverLimit() throws(SQLiteError) {
        let excess = keysOverLimit
        guard isLimitDue else { return }
        // Far above the limit, keys of all routes are forgotten.
        let crowding = excess > Self.forgetStep + configuration.maximumKeys / 100 ? [] : try crowdingRoutes()
        var oldest: [Candidate] = []
        var next: Int64 = 0
        let isEnd = try eachDelivery(from: ledger.limitWalk.next, readsRoute: !crowding.isEmpty) { row in
            let mayGo = row.route.map(crowding.contains) ?? true
            if mayGo, row.hasKey, !row.isPending, !row.isDeadOrParked { oldest.append(row) }
            next = row.row + 1
            return oldest.count < excess
        }
        // All rows were read, and no other key may be forgotten: the next search waits.
        ledger.limitWalk =
            isEnd ? .init(dueAt: time.monotonicNanoseconds() + Self.longPause) : .init(next: next)
        try forget(oldest)
    }

    /// Forgets keys. The row stays as long as a delivered job is kept, so that lists can show it.
    private func forget(_ rows: [Candidate]) throws(SQLiteError) {
        for row in rows where row.hasJob {
            try session.dropKey.run(row.row)
            ledger.keyRemoved(row: row.row)
        }
        _ = try delete(rows[...]) { !$0.hasJob }
        let now = clock.now
        let early = rows.count { $0.expiresAt > now }
        guard early > 0 else { return }
        ledger.keysForgottenEarly += early
        ledger.keyForgottenEarlyAt = time.monotonicNanoseconds()
    }

    // MARK: Rows

    /// Calls `body` with one step's rows in their order, as long as it returns true.
    ///
    /// - Returns: whether the last row was passed.
    private func eachDelivery(from row: Int64, readsRoute: Bool = false, _ body: (Candidate) -> Bool)
        throws(SQLiteError) -> Bool
    {
        let statement = session.selectDeliveriesFrom
        statement.bind(row, Int64(Self.forgetStep))
        defer { statement.reset() }
        var count = 0
        while try statement.step() {
            let lastJob = statement.int64(4)
            // A delivered job counts as pending while an older one is: checking the delivery of each older job would
            // take too long.
            let candidate = Candidate(
                row: statement.int64(0), hasKey: statement.int64(1) != 0, receivedAt: statement.int64(2),
                expiresAt: statement.int64(3), hasJob: lastJob >= ledger.oldestJob,
                isPending: lastJob >= ledger.firstPending, isDeadOrParked: statement.int64(5) != 0,
                route: readsRoute ? statement.text(6) : nil)
            guard body(candidate) else { return false }
            count += 1
        }
        return count < Self.forgetStep
    }

    /// Deletes those of `rows` that `canGo` allows, consecutive ones together. Their keys stay in the index, where they
    /// no longer have a row.
    ///
    /// - Returns: whether any were deleted.
    private func delete(_ rows: ArraySlice<Candidate>, where canGo: (Candidate) -> Bool) throws(SQLiteError) -> Bool {
        let groups = rows.split { !canGo($0) }
        for neighbours in groups {
            guard let first = neighbours.first, let last = neighbours.last else { continue }
            try session.deleteDeliveries.run(first.row, last.row)
            for row in neighbours where row.hasKey { ledger.keyRemoved(row: row.row) }
        }
        guard !groups.isEmpty else { return false }
        ledger.isChanged = true
        mayHaveDeadRuns = true
        try findOldestDelivery()
        return true
    }

    /// Looks up the first remaining row.
    func findOldestDelivery() throws(SQLiteError) {
        ledger.oldestDelivery = try session.selectFirstDelivery.first(0) { $0.int64(0) } ?? ledger.nextDelivery
    }
}
