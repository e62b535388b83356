internal import SluiceBase

/// The bodies that keys with many of them had, so that a body costs one lookup and not one for each body before it.
/// What stands here can be read from the file again.
struct KeyBodies {
    struct History {
        /// The row that the newest holder supersedes.
        let newest: Int64
        /// By the body; the newest one with it.
        private(set) var rows: [Fingerprint: Int64] = [:]

        init(newest: Int64) { self.newest = newest }

        /// Adds an older holder.
        mutating func add(_ holder: DedupeRule.Holder) {
            if let body = holder.bodyHash, rows[body] == nil { rows[body] = holder.row }
        }

        /// Adds older ones.
        mutating func add(_ history: History) { rows.merge(history.rows) { newer, _ in newer } }
    }

    /// Bodies of one key that are compared, and bodies that are kept here, at most.
    static let most = 10000
    /// A key with fewer is read each time.
    private static let fewest = 8

    private var histories: [Fingerprint: History] = [:]
    private var count = 0

    func history(of key: Fingerprint) -> History? { histories[key] }

    mutating func keep(_ history: History, of key: Fingerprint) {
        guard history.rows.count >= Self.fewest else { return }
        count += history.rows.count - (histories[key]?.rows.count ?? 0)
        if count > 2 * Self.most { (histories, count) = ([:], history.rows.count) }
        histories[key] = history
    }
}

extension OutboxStore {
    /// One remembered delivery.
    struct Remembered {
        let holder: DedupeRule.Holder
        let key: Fingerprint?
        let expiresAt: Int64
        let lastJob: Int64
        /// Whether a person had the key forgotten.
        let isKeyForgotten: Bool
    }

    /// Looks the part's key up, in this very transaction: a delivery earlier in the batch counts.
    func verdict(on part: Delivery.Part, _ rule: DedupeRule, at now: Int64) throws(SQLiteError) -> DedupeRule.Verdict {
        guard let key = part.key?.hash, let newest = try newest(key) else { return .new }
        return try rule.verdict(
            on: part.bodyHash, newest: newest.holder, isForgotten: isForgotten(newest, at: now)
        ) { () throws(SQLiteError) in try earlier(with: part.bodyHash, key, before: newest.holder) }
    }

    /// The holder with this body among those that `newest` supersedes.
    private func earlier(with body: Fingerprint, _ key: Fingerprint, before newest: DedupeRule.Holder)
        throws(SQLiteError) -> DedupeRule.Holder?
    {
        guard let first = newest.supersedes else { return nil }
        let known = bodies.history(of: key)
        var history = KeyBodies.History(newest: first)
        var next: Int64? = first
        while let row = next, row != known?.newest, history.rows.count < KeyBodies.most,
            let holder = try remembered(row)?.holder
        {
            history.add(holder)
            next = holder.supersedes
        }
        if let known, next == known.newest { history.add(known) }
        bodies.keep(history, of: key)
        guard let row = history.rows[body], let holder = try remembered(row)?.holder, holder.bodyHash == body else {
            return nil
        }
        return holder
    }

    private func isForgotten(_ delivery: Remembered, at now: Int64) throws(SQLiteError) -> Bool {
        if delivery.isKeyForgotten { return true }
        guard delivery.expiresAt <= now else { return false }
        return try !isUndelivered(row: delivery.holder.row, lastJob: delivery.lastJob)
    }

    /// What is remembered of a delivery.
    func remembered(_ row: Int64) throws(SQLiteError) -> Remembered? {
        let statement = session.selectDelivery
        statement.bind(row, at: 1)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        let holder = DedupeRule.Holder(
            row: row, deliveryID: statement.text(0), generation: statement.int64(3), bodyHash: statement.key(5),
            supersedes: statement.isNull(4) ? nil : statement.int64(4))
        return Remembered(
            holder: holder, key: statement.key(7), expiresAt: statement.int64(1), lastJob: statement.int64(2),
            isKeyForgotten: statement.int64(6) != 0)
    }

    /// Whether a job of the delivery is pending, parked or dead. Its key then holds beyond its window; a delivered job
    /// that is kept does not make it hold.
    func isUndelivered(row: Int64, lastJob: Int64) throws(SQLiteError) -> Bool {
        if try hasPendingJob(row: row, lastJob: lastJob) { return true }
        session.hasDeadOrParked.bind(row, at: 1)
        defer { session.hasDeadOrParked.reset() }
        return try session.hasDeadOrParked.step() && session.hasDeadOrParked.int64(0) != 0
    }

    /// More jobs that wait before a delivered one are not looked through: the key then holds until there are fewer.
    private static let mostEarlierPending = 100_000

    /// Jobs are delivered nearly in order, so that one comparison tells of most. Of a delivery whose last job overtook
    /// older ones, each job that still waits before that one is asked whose it is.
    private func hasPendingJob(row: Int64, lastJob: Int64) throws(SQLiteError) -> Bool {
        guard lastJob >= ledger.firstPending else { return false }
        guard ledger.finished.contains(lastJob) else { return true }
        let waiting = ledger.finished.pending(from: ledger.firstPending, below: lastJob)
        guard waiting.reduce(0, { $0 + $1.count }) <= Self.mostEarlierPending else { return true }
        for job in waiting.joined() {
            session.selectJobDelivery.bind(job, at: 1)
            defer { session.selectJobDelivery.reset() }
            if try session.selectJobDelivery.step(), session.selectJobDelivery.int64(0) == row { return true }
        }
        return false
    }
}
