internal import SluiceBase

/// The quarantine: requests whose signature no secret of their route matches. They are separate from the rest: nothing
/// depends on them, and `outbox.max_bytes` does not count them.
extension OutboxStore {
    /// A row, without the request itself.
    private struct Row {
        let id: Int64
        let charge: QuarantineCharge
    }

    /// The limits of one step of a removal, in rows and bytes.
    private static let removalStep: Int64 = 200
    private static let removalBytes = 16 << 20

    /// Stores requests that are reserved in the figures, all or none, in one transaction. None are stored while the
    /// outbox is full or cannot write.
    ///
    /// - Returns: whether they are on the disk; if not, their places are free again.
    func keepQuarantined(_ requests: [QuarantinedRequest]) -> Bool {
        let isKept = storeQuarantined(requests)
        for request in requests {
            quarantine.settle(QuarantineCharge(request), isKept: isKept)
            if isKept { quarantineExpiry = min(quarantineExpiry ?? .max, request.expiresAtMilliseconds) }
        }
        return isKept
    }

    private func storeQuarantined(_ requests: [QuarantinedRequest]) -> Bool {
        guard refusal() == nil, condition == .storing else { return false }
        do throws(SQLiteError) {
            try transaction { () throws(SQLiteError) in try insert(requests) }
            return true
        } catch {
            return false
        }
    }

    private func insert(_ requests: [QuarantinedRequest]) throws(SQLiteError) {
        let statement = try session.connection.prepare(
            """
            INSERT INTO quarantine (route, received_at, expires_at, sender, reason, bytes, checksum, request)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
        for request in requests {
            try statement.runAndUnbind(
                request.route, request.receivedAtMilliseconds, request.expiresAtMilliseconds,
                request.sender.description, request.reason, request.bytes.count, Checksum.of(request.bytes),
                request.bytes)
        }
    }

    /// Commits the delivery of a quarantined request like any other, and deletes the request in the same transaction:
    /// after a crash there is either the request or the delivery. If the delivery is refused, the request stays.
    ///
    /// - Throws: `notFound` if it is no longer in the quarantine.
    package func commitQuarantined(_ id: Int64, _ submission: Submission) throws(OutboxError) -> IngestOutcome {
        guard let row = try answer(try rows("id = ?1", id).first) else { throw .notFound }
        do throws(SQLiteError) {
            let results = commit([submission]) { results throws(SQLiteError) in
                if case .refused? = results.first?.outcome { return }
                try delete([row])
            }
            guard let outcome = results.first?.outcome else { return .refused(.commitFailed) }
            if case .refused = outcome { return outcome }
            try removed([row])
            return outcome
        } catch {
            throw OutboxError(error)
        }
    }

    /// Removes requests permanently, in steps.
    ///
    /// - Returns: the number of removed ones, and the first id of the next step; nil at the end.
    package func dropQuarantined(_ range: QuarantineRange) throws(OutboxError) -> (dropped: Int, next: Int64?) {
        let route = range.route == nil ? "" : "route = ?3 AND"
        let condition = "\(route) id BETWEEN ?1 AND \(range.ids.upperBound) ORDER BY id"
        do throws(SQLiteError) {
            let found = try rows(condition, range.ids.lowerBound, route: range.route)
            guard let last = found.last else { return (0, nil) }
            try transaction { () throws(SQLiteError) in try delete(found) }
            try removed(found)
            return (found.count, last.id < range.ids.upperBound ? last.id + 1 : nil)
        } catch {
            throw OutboxError(error)
        }
    }

    /// Removes expired requests, in one step.
    ///
    /// - Returns: whether another step may be due.
    func expireQuarantined() throws(SQLiteError) -> Bool {
        let now = clock.expiry
        var expired: [Row] = []
        if let due = quarantineExpiry, due <= now {
            expired = try rows("expires_at <= ?1 ORDER BY expires_at", now)
        } else if let future = futureQuarantined, future.dueAt <= time.monotonicNanoseconds() {
            let condition = "received_at > ?1 AND id <= \(future.last) ORDER BY expires_at DESC"
            expired = try rows(condition, future.receivedAfter)
            if expired.isEmpty { futureQuarantined = nil }
        } else {
            return false
        }
        if !expired.isEmpty { try transaction { () throws(SQLiteError) in try delete(expired) } }
        try removed(expired)
        return !expired.isEmpty
    }

    /// Reads the figures at the start, from an index. Requests that seem to be received in the future, because the
    /// clock was wrong, count as received now; to find them, the rows that expire last are read.
    func loadQuarantine() throws(SQLiteError) {
        quarantine.reset()
        let rows = try session.connection.prepare("SELECT route, sender, bytes FROM quarantine")
        try rows.each { quarantine.add(QuarantineCharge(row: $0)) }
        let latest = """
            SELECT id, received_at, expires_at FROM quarantine WHERE expires_at > ?1
            ORDER BY expires_at DESC LIMIT 10000
            """
        let now = clock.earliest
        let future = try session.connection.prepare(
            "SELECT max(expires_at - received_at), max(id) FROM (\(latest)) WHERE received_at > ?1"
        ).first(now) { (window: $0.optionalInt64(0), last: $0.int64(1)) }
        futureQuarantined = future?.window.map { window in
            let pause = max(0, min(window, Self.longestWindow)) * 1_000_000
            return (receivedAfter: now, last: future?.last ?? 0, dueAt: time.monotonicNanoseconds() + pause)
        }
        try findExpiry()
    }

    private func findExpiry() throws(SQLiteError) {
        quarantineExpiry = try session.connection.integer("SELECT min(expires_at) FROM quarantine")
    }

    /// - Parameter condition: SQL; `?1` is the number, `?3` the route.
    /// - Returns: the rows of one step.
    private func rows(
        _ condition: String, _ number: Int64, route: String? = nil
    ) throws(SQLiteError) -> [Row] {
        let statement = try session.connection.prepare(
            "SELECT route, sender, bytes, id FROM quarantine WHERE \(condition) LIMIT ?2")
        statement.bind(number, Self.removalStep)
        if let route { statement.bind(route, at: 3) }
        defer { statement.reset() }
        var rows: [Row] = []
        var bytes = 0
        while bytes < Self.removalBytes, try statement.step() {
            rows.append(Row(id: statement.int64(3), charge: QuarantineCharge(row: statement)))
            bytes += rows[rows.count - 1].charge.bytes
        }
        return rows
    }

    /// Deletes rows, inside a transaction.
    private func delete(_ rows: [Row]) throws(SQLiteError) {
        let statement = try session.connection.prepare("DELETE FROM quarantine WHERE id = ?1")
        for row in rows { try statement.run(row.id) }
    }

    /// Updates the figures after the transaction that deleted the rows.
    private func removed(_ rows: [Row]) throws(SQLiteError) {
        for row in rows { quarantine.remove(row.charge) }
        try findExpiry()
    }
}

extension QuarantineCharge {
    /// - Parameter row: with the columns route, sender and bytes.
    fileprivate init(row: Statement) {
        self.init(route: row.text(0), sender: PeerAddress(stored: row.text(1)), bytes: Int(row.size(2)))
    }
}

extension PeerAddress {
    /// Reads a stored address; unknown if the column is damaged.
    init(stored text: String) {
        self = PeerAddress.address(parsing: text).map { PeerAddress(address: $0, port: 0) } ?? .unknown
    }
}
