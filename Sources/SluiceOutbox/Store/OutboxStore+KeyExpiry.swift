internal import SluiceBase

extension OutboxStore {
    /// One remembered delivery on the walk.
    private struct Candidate {
        let row: Int64
        let key: Fingerprint?
        let receivedAt: Int64
        let expiresAt: Int64
        /// Whether a job of it is here, pending, parked, dead or delivered and kept; its row then stays.
        let hasJob: Bool
        /// Whether a job of it is pending, parked or dead; its key then stays.
        let isUndelivered: Bool
    }

    /// One step of forgetting deliveries whose time has come and of which no job is here.
    ///
    /// - Returns: whether the walk goes on.
    func forgetExpired() throws(SQLiteError) -> Bool {
        let now = time.wallMilliseconds()
        guard expiry.next > 0 || now >= expiry.dueAt else { return false }
        let rows = try candidates(from: expiry.next, limit: KeyExpiry.step)
        var walk = expiry
        walk.began(now: now)
        var expired: [Candidate] = []
        for row in rows {
            if walk.canEnd(atRowReceivedAt: row.receivedAt, now: now) {
                walk.ended(early: true, now: now)
                break
            }
            if row.expiresAt <= now, !row.hasJob {
                expired.append(row)
            } else {
                walk.kept(receivedAt: row.receivedAt, expiresAt: row.expiresAt)
            }
            walk.stepped(to: row.row + 1)
        }
        let isOver = rows.count < KeyExpiry.step && walk.next > 0
        if isOver || rows.isEmpty { walk.ended(early: false, now: now) }
        try forget(expired)
        expiry = walk
        return walk.next > 0
    }

    /// How many keys there are above `outbox.max_keys`; 0 until it is known how many rows have a key.
    var keysOverLimit: Int {
        ledger.uncountedRows.isEmpty ? max(0, ledger.rememberedKeys - configuration.maximumKeys) : 0
    }

    /// Forgets as many keys as the last batch has brought, in steps; most batches need one.
    func forgetOverLimit() throws(SQLiteError) {
        for _ in 0...(rowsOfLastBatch / (2 * KeyExpiry.step)) where keysOverLimit > 0 {
            let now = time.wallMilliseconds()
            let forgotten = try forgetOldest(keysOverLimit, from: \.forgetFrom.keyed) {
                $0.key != nil && !$0.isUndelivered
            }
            keysForgottenEarly += forgotten.count { $0.expiresAt > now }
        }
    }

    /// One step of removing the oldest rows without a key and without a job if there are more than `outbox.max_keys` of
    /// them: they serve nothing, and only their window would limit their number otherwise.
    ///
    /// - Returns: whether it removed some.
    func forgetKeyless() throws(SQLiteError) -> Bool {
        let excess = Int(ledger.keyless) - configuration.maximumKeys
        guard excess > 0 else { return false }
        return try !forgetOldest(excess, from: \.forgetFrom.keyless) { $0.key == nil && !$0.hasJob }.isEmpty
    }

    /// One step of forgetting the oldest deliveries that `canGo` allows.
    ///
    /// It goes on where the last step ended, so that a long backlog of jobs at the front is not looked through each
    /// time.
    private func forgetOldest(
        _ excess: Int, from start: ReferenceWritableKeyPath<OutboxStore, Int64>, where canGo: (Candidate) -> Bool
    ) throws(SQLiteError) -> [Candidate] {
        let rows = try candidates(from: self[keyPath: start], limit: 2 * KeyExpiry.step)
        let oldest = Array(rows.lazy.filter(canGo).prefix(excess))
        try forget(oldest)
        if oldest.count == excess, let last = oldest.last {
            self[keyPath: start] = last.row + 1
        } else if rows.count == 2 * KeyExpiry.step, let last = rows.last {
            self[keyPath: start] = last.row + 1
        } else {
            self[keyPath: start] = 0
        }
        return oldest
    }

    /// One step of counting the rows without a key that were in the file when it was opened.
    ///
    /// - Returns: whether another step has something to do.
    func countKeyless(limit: Int64) throws(SQLiteError) -> Bool {
        let rows = ledger.uncountedRows
        guard !rows.isEmpty else { return false }
        let end = min(rows.upperBound, rows.lowerBound + limit)
        session.countKeyless.bind(rows.lowerBound, at: 1)
        session.countKeyless.bind(end, at: 2)
        defer { session.countKeyless.reset() }
        guard try session.countKeyless.step() else { return false }
        ledger.keyless += session.countKeyless.int64(0)
        ledger.uncountedRows = end..<rows.upperBound
        return !ledger.uncountedRows.isEmpty
    }

    private func candidates(from row: Int64, limit: Int) throws(SQLiteError) -> [Candidate] {
        let statement = session.selectDeliveriesFrom
        statement.bind(row, at: 1)
        statement.bind(Int64(limit), at: 2)
        defer { statement.reset() }
        var rows: [Candidate] = []
        while try statement.step() {
            let (lastJob, isDeadOrParked) = (statement.int64(4), statement.int64(5) != 0)
            // A delivered job counts as pending while an older one is: to ask whose that is would take too long here.
            rows.append(
                Candidate(
                    row: statement.int64(0), key: statement.key(1), receivedAt: statement.int64(2),
                    expiresAt: statement.int64(3), hasJob: lastJob >= ledger.oldestJob || isDeadOrParked,
                    isUndelivered: lastJob >= ledger.firstPending || isDeadOrParked))
        }
        return rows
    }

    /// Removes keys and their rows, in a transaction of its own. The row stays without its key while a job of it is
    /// here. A key that a newer delivery has taken over stays.
    private func forget(_ rows: [Candidate]) throws(SQLiteError) {
        guard !rows.isEmpty else { return }
        try transaction { () throws(SQLiteError) in
            for candidate in rows {
                if let key = candidate.key { try forgetKey(key, of: candidate.row) }
                try candidate.hasJob ? dropKey(candidate) : remove(candidate)
            }
            ledger.isChanged = true
        }
    }

    private func dropKey(_ candidate: Candidate) throws(SQLiteError) {
        session.dropKey.bind(candidate.row, at: 1)
        try session.dropKey.run()
        ledger.changeKeyless(by: 1, row: candidate.row)
    }

    private func remove(_ candidate: Candidate) throws(SQLiteError) {
        session.deleteDelivery.bind(candidate.row, at: 1)
        try session.deleteDelivery.run()
        ledger.deliveriesRemoved += 1
        if candidate.key == nil { ledger.changeKeyless(by: -1, row: candidate.row) }
    }

    private func forgetKey(_ key: Fingerprint, of row: Int64) throws(SQLiteError) {
        session.deleteSeen.bind(key, at: 1)
        session.deleteSeen.bind(row, at: 2)
        try session.deleteSeen.run()
        guard recent.delivery(of: key) == row else { return }
        recent.remove(key)
        keyUndo.append((key, row))
    }
}

/// Where the walk along the remembered deliveries stands that forgets those whose time has come. No I/O.
///
/// The rows lie in the order in which they came, so with one dedupe window the expired ones are the first ones. With
/// several windows an expired row may lie behind one that stays, so the walk passes over those, up to the row from
/// which on nothing can have expired, and begins again later.
struct KeyExpiry: Equatable {
    /// Milliseconds from the end of one walk to the start of the next, at least.
    static let pause: Int64 = 60_000
    /// A pause is at least this many times as long as the walk before it, so that a large outbox is not walked through
    /// all the time.
    static let pauseFactor: Int64 = 20
    /// Rows of one step.
    static let step = 500

    /// The row to go on from.
    private(set) var next: Int64 = 0
    /// The walk begins at or after this time.
    private(set) var dueAt: Int64 = 0
    /// The shortest window that any row may have; 0 until a whole walk has looked.
    private var shortestWindow: Int64 = 0
    /// The shortest window met in this walk or added since it began.
    private var shortestMet: Int64 = .max

    /// When this walk began.
    private var startedAt: Int64 = 0

    /// A step begins.
    mutating func began(now: Int64) {
        if next == 0 { startedAt = now }
    }

    /// A delivery with this window was stored.
    mutating func added(window: Int64) {
        shortestMet = min(shortestMet, window)
        shortestWindow = min(shortestWindow, window)
    }

    /// A row that stays was met.
    mutating func kept(receivedAt: Int64, expiresAt: Int64) { shortestMet = min(shortestMet, expiresAt - receivedAt) }

    /// Whether no row from the one received at `receivedAt` on can have expired.
    func canEnd(atRowReceivedAt receivedAt: Int64, now: Int64) -> Bool {
        shortestWindow > 0 && receivedAt + shortestWindow > now
    }

    /// A step ended at the row before `next`.
    mutating func stepped(to next: Int64) { self.next = next }

    /// The walk ended, at the last row or, with `early`, at one from which on nothing can have expired.
    mutating func ended(early: Bool, now: Int64) {
        if !early { shortestWindow = shortestMet == .max ? 0 : shortestMet }
        if !early { shortestMet = .max }
        next = 0
        dueAt = now + max(Self.pause, Self.pauseFactor * (now - startedAt))
    }
}
