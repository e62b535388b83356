internal import SluiceBase

/// What a delivery, or a part of one, is as seen from what was stored before.
enum Standing: Equatable {
    /// Its key is not known, or has expired; or it has none. `generation`: how often the key had been accepted before.
    case new(generation: Int64)
    /// Seen before: the delivery named.
    case duplicate(firstDeliveryID: String, changedBody: Bool)
    /// The key was seen before with other bodies, last with that of the row `other`, and the route treats that as no
    /// duplicate.
    case changed(generation: Int64, other: Int64)

    var isDuplicate: Bool { if case .duplicate = self { true } else { false } }
}

extension OutboxStore {
    /// One remembered delivery.
    struct Remembered {
        let row: Int64
        let deliveryID: String
        let expiresAt: Int64
        let lastJob: Int64
        let generation: Int64
        let supersedes: Int64?
        let bodyHash: Fingerprint?
        /// Whether a person had the key forgotten.
        let isKeyForgotten: Bool
    }

    /// How many bodies of one key are compared, at most.
    private static let longestChain = 64

    /// Looks the part's key up, in this very transaction: a delivery earlier in the batch counts.
    func standing(of part: IngestPart, _ rule: ChangedBodyRule, at now: Int64) throws(SQLiteError) -> Standing {
        guard let key = part.key, let row = try newest(key), let newest = try remembered(row) else {
            return .new(generation: 0)
        }
        if try isForgotten(newest, at: now) { return .new(generation: newest.generation + 1) }
        if let same = try sameBody(part.bodyHash, from: newest) {
            return .duplicate(firstDeliveryID: same.deliveryID, changedBody: false)
        }
        switch rule {
        case .duplicate: return .duplicate(firstDeliveryID: newest.deliveryID, changedBody: true)
        case .accept, .deadLetter: return .changed(generation: newest.generation + 1, other: row)
        }
    }

    private func isForgotten(_ delivery: Remembered, at now: Int64) throws(SQLiteError) -> Bool {
        if delivery.isKeyForgotten { return true }
        guard delivery.expiresAt <= now else { return false }
        return try !isUndelivered(row: delivery.row, lastJob: delivery.lastJob)
    }

    /// The newest delivery with this key.
    func newest(_ key: Fingerprint) throws(SQLiteError) -> Int64? {
        if let row = recent.delivery(of: key) { return row }
        if let filter, !filter.mayContain(key) { return nil }
        session.selectSeen.bind(key, at: 1)
        defer { session.selectSeen.reset() }
        return try session.selectSeen.step() ? session.selectSeen.int64(0) : nil
    }

    /// Goes back through the deliveries with the same key to the one with this body.
    private func sameBody(_ hash: Fingerprint, from newest: Remembered) throws(SQLiteError) -> Remembered? {
        var candidate = newest
        for _ in 0..<Self.longestChain {
            if candidate.bodyHash == hash { return candidate }
            guard let before = candidate.supersedes, let next = try remembered(before) else { return nil }
            candidate = next
        }
        return nil
    }

    /// What is remembered of a delivery.
    func remembered(_ row: Int64) throws(SQLiteError) -> Remembered? {
        let statement = session.selectDelivery
        statement.bind(row, at: 1)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return Remembered(
            row: row, deliveryID: statement.text(0), expiresAt: statement.int64(1), lastJob: statement.int64(2),
            generation: statement.int64(3), supersedes: statement.isNull(4) ? nil : statement.int64(4),
            bodyHash: statement.key(5),
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
    private static let mostEarlierPending: Int64 = 100_000

    /// Jobs are delivered nearly in order, so that one comparison tells of most. Of a delivery whose last job overtook
    /// older ones, each job that still waits before that one is asked whose it is.
    private func hasPendingJob(row: Int64, lastJob: Int64) throws(SQLiteError) -> Bool {
        guard lastJob >= ledger.firstPending else { return false }
        guard ledger.finished.contains(lastJob) else { return true }
        guard lastJob - ledger.firstPending <= Self.mostEarlierPending else { return true }
        for job in ledger.firstPending..<lastJob where !ledger.finished.contains(job) {
            session.selectJobDelivery.bind(job, at: 1)
            defer { session.selectJobDelivery.reset() }
            if try session.selectJobDelivery.step(), session.selectJobDelivery.int64(0) == row { return true }
        }
        return false
    }
}
