internal import SluiceBase

/// A cache of the bodies of keys that have many, so that a body costs one lookup instead of one for each earlier body.
struct KeyBodies {
    struct History {
        /// The newest row of the key; `nil` if there is none.
        private(set) var newest: Int64?
        /// The newest row of each body.
        private(set) var rows: [Fingerprint: Int64] = [:]

        /// Adds newer holders, the newest first.
        mutating func add(_ holders: [DedupeRule.Holder]) {
            newest = holders.first?.row ?? newest
            for holder in holders.reversed() {
                if let body = holder.bodyHash { rows[body] = holder.row }
            }
        }
    }

    /// The minimum number of compared bodies of a key, if there are as many.
    static let most = 10000
    /// A key with fewer bodies is read each time.
    private static let fewest = 8

    private var histories: [Fingerprint: History] = [:]
    /// The number of rows of all histories.
    private var count = 0

    /// Removes and returns the history of a key, so that it is not copied when it grows.
    mutating func take(_ key: Fingerprint) -> History {
        let history = histories.removeValue(forKey: key) ?? History()
        count -= history.rows.count
        return history
    }

    /// Stores a history. One that is too long is dropped and read again next time, and so are others if there are too
    /// many.
    mutating func put(_ history: History, _ key: Fingerprint) {
        guard (Self.fewest...2 * Self.most).contains(history.rows.count) else { return }
        if count + history.rows.count > 2 * Self.most { (histories, count) = ([:], 0) }
        count += history.rows.count
        histories[key] = history
    }
}

extension OutboxStore {
    /// A remembered delivery.
    struct Remembered {
        let holder: DedupeRule.Holder
        let key: Fingerprint?
        let receivedAt: Int64
        let expiresAt: Int64
        let lastJob: Int64
        /// Whether an operator forgot the key.
        let isKeyForgotten: Bool
    }

    /// Whether a text can be a delivery id, and so be in an answer: 1 to 64 letters, digits and dashes.
    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                ASCII.isDigit($0) || ASCII.lowercase($0) &- 0x61 < 26 || $0 == UInt8(ascii: "-")
            }
    }

    /// Looks up the part's key in the current transaction: an earlier delivery of the batch counts.
    func verdict(on part: Delivery.Part, _ rule: DedupeRule, at now: Int64) throws(SQLiteError) -> DedupeRule.Verdict {
        guard let key = part.key?.hash, let newest = try newest(key) else { return .new }
        return try rule.verdict(
            on: part.bodyHash, newest: newest.holder, isForgotten: isForgotten(newest, at: now)
        ) { () throws(SQLiteError) in try earlier(with: part.bodyHash, key, before: newest.holder, at: now) }
    }

    /// The holder with this body among the predecessors of `newest`, while its own window is open.
    private func earlier(
        with body: Fingerprint, _ key: Fingerprint, before newest: DedupeRule.Holder, at now: Int64
    ) throws(SQLiteError) -> DedupeRule.Holder? {
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
        // A different row means that the history is older than the forgetting of the key.
        if next != history.newest { history = KeyBodies.History() }
        history.add(newer)
        bodies.put(history, key)
        guard let row = history.rows[body], let found = try remembered(row), found.holder.bodyHash == body,
            try !isForgotten(found, at: now)
        else { return nil }
        return found.holder
    }

    /// When the key of a delivery with this row and the rows that it supersedes expires. The newest row decides whether
    /// a key is forgotten, and a reload may have made the window shorter, so it holds as long as each earlier one.
    func expiry(of own: Int64, receivedAt: Int64, supersedes row: Int64?) throws(SQLiteError) -> Int64 {
        guard let row, let holder = try remembered(row) else { return own }
        // One from the future, where the clock was wrong, holds for its window from now.
        let rest = holder.expiresAt - max(0, holder.receivedAt - receivedAt)
        return max(own, rest)
    }

    private func isForgotten(_ delivery: Remembered, at now: Int64) throws(SQLiteError) -> Bool {
        if delivery.isKeyForgotten { return true }
        guard delivery.expiresAt <= min(now, clock.latestEnd) else { return false }
        return try !isUndelivered(row: delivery.holder.row, lastJob: delivery.lastJob)
    }

    /// The remembered data of a delivery.
    func remembered(_ row: Int64) throws(SQLiteError) -> Remembered? {
        try session.selectDelivery.first(row) { found in
            let id = found.text(0)
            // It is used in answers unchanged.
            let holder = DedupeRule.Holder(
                row: row, deliveryID: Self.isID(id) ? id : "damaged", generation: found.int64(3),
                bodyHash: found.key(5), supersedes: found.optionalInt64(4))
            return Remembered(
                holder: holder, key: found.key(7), receivedAt: found.int64(8), expiresAt: found.int64(1),
                lastJob: found.int64(2), isKeyForgotten: found.int64(6) != 0)
        }
    }

    /// Whether a job of the delivery is pending, parked or dead. Its key is then valid after its window ends; a kept
    /// delivered job does not extend it.
    func isUndelivered(row: Int64, lastJob: Int64) throws(SQLiteError) -> Bool {
        if try hasPendingJob(row: row, lastJob: lastJob) { return true }
        return try session.hasDeadOrParked.first(row) { $0.int64(0) != 0 } ?? false
    }

    /// The maximum number of jobs waiting before a delivered one that are searched: with more, the key stays valid.
    private static let maximumEarlierPending = 100_000

    /// Whether the delivery has a pending job. Jobs are delivered nearly in order, so one comparison is usually enough.
    /// If the last job of a delivery overtook older ones, the delivery of each job waiting before it is checked.
    private func hasPendingJob(row: Int64, lastJob: Int64) throws(SQLiteError) -> Bool {
        guard lastJob >= ledger.firstPending else { return false }
        guard ledger.finished.contains(lastJob) else { return true }
        let waiting = ledger.finished.pending(from: ledger.firstPending, below: lastJob)
        guard waiting.reduce(0, { $0 + $1.count }) <= Self.maximumEarlierPending else { return true }
        for job in waiting.joined() {
            if try session.selectJobDelivery.first(job, read: { $0.int64(0) }) == row { return true }
        }
        return false
    }
}
