internal import SluiceBase

/// The bodies that keys with many of them had, so that a body costs one lookup and not one for each body before it.
/// What stands here can be read from the file again.
struct KeyBodies {
    struct History {
        /// The newest row of it; nil while there is none.
        private(set) var newest: Int64?
        /// By the body; the newest one with it.
        private(set) var rows: [Fingerprint: Int64] = [:]

        /// Adds newer holders, the newest first.
        mutating func add(_ holders: [DedupeRule.Holder]) {
            newest = holders.first?.row ?? newest
            for holder in holders.reversed() {
                if let body = holder.bodyHash { rows[body] = holder.row }
            }
        }
    }

    /// Bodies of one key that are compared at least, if there are so many.
    static let most = 10000
    /// A key with fewer is read each time.
    private static let fewest = 8

    private var histories: [Fingerprint: History] = [:]
    /// Rows of all histories.
    private var count = 0

    /// Takes the history of a key out, so that it is not copied when it grows.
    mutating func take(_ key: Fingerprint) -> History {
        let history = histories.removeValue(forKey: key) ?? History()
        count -= history.rows.count
        return history
    }

    /// One that has become too long is read again the next time, and so are others if there are too many.
    mutating func put(_ history: History, _ key: Fingerprint) {
        guard (Self.fewest...2 * Self.most).contains(history.rows.count) else { return }
        if count + history.rows.count > 2 * Self.most { (histories, count) = ([:], 0) }
        count += history.rows.count
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

    /// Whether a text can be the id of a delivery, and so stand in an answer: 1 to 64 letters, digits and dashes.
    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                ASCII.isDigit($0) || ASCII.lowercase($0) &- 0x61 < 26 || $0 == UInt8(ascii: "-")
            }
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
        var history = bodies.take(key)
        var newer: [DedupeRule.Holder] = []
        var next: Int64? = first
        while let row = next, row != history.newest, newer.count < KeyBodies.most,
            let holder = try remembered(row)?.holder
        {
            newer.append(holder)
            next = holder.supersedes
        }
        // Otherwise it is of the time before the key was forgotten.
        if next != history.newest { history = KeyBodies.History() }
        history.add(newer)
        bodies.put(history, key)
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
        let id = statement.text(0)
        // It goes into answers as it is.
        let holder = DedupeRule.Holder(
            row: row, deliveryID: Self.isID(id) ? id : "damaged", generation: statement.int64(3),
            bodyHash: statement.key(5),
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
