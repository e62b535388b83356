internal import CSluiceSQLite
internal import SluiceBase

extension OutboxStore {
    /// As `openSession`; if the disk is full, in the space of the reserve, so that stored jobs can still be delivered.
    static func openSession(_ configuration: OutboxConfiguration, on reserve: ReserveFile) throws(SQLiteError)
        -> Session
    {
        do throws(SQLiteError) {
            return try openSession(configuration)
        } catch {
            guard error.kind == .diskFull || error.code & 0xFF == SQLITE_CANTOPEN || error.code & 0xFF == SQLITE_IOERR
            else { throw error }
            reserve.release()
            return try openSession(configuration)
        }
    }

    /// Opens a connection for writing, checks that the file is an outbox, and compiles the statements.
    static func openSession(_ configuration: OutboxConfiguration) throws(SQLiteError) -> Session {
        let connection = try Connection(path: configuration.path, vfs: configuration.vfs, access: .readWrite)
        let version: Int
        switch try Migration.inspect(connection) {
        case .empty:
            guard configuration.createsOutbox else {
                throw SQLiteError(code: SQLITE_NOTADB, message: "nothing was ever stored in it")
            }
            try Pragmas.prepareEmpty(connection)
            version = 0
        case .outbox(let found) where 0...Schema.currentVersion ~= found: version = found
        case .outbox(let found) where 0...255 ~= found:
            throw SQLiteError(code: SQLITE_NOTADB, message: newer(found))
        case .outbox(let found):
            throw SQLiteError(code: SQLITE_CORRUPT, message: "outbox format \(found) does not exist")
        case .foreign:
            throw SQLiteError(code: SQLITE_NOTADB, message: "it is a SQLite database of another program, not an outbox")
        }
        try Pragmas.applyForWriting(connection, cache: configuration.cache)
        do throws(SQLiteError) {
            try Migration.run(connection, from: version)
            return try Session(connection)
        } catch {
            // The file claims another format than it has, or lacks a table or a column.
            guard error.code == SQLITE_ERROR else { throw error }
            throw SQLiteError(code: SQLITE_CORRUPT, message: error.message)
        }
    }

    private static func newer(_ version: Int) -> String {
        "it was written by a newer version of sluice (outbox format \(version), this one knows up to "
            + "\(Schema.currentVersion))"
    }

    /// The sentence and the exit status for an outbox that cannot be opened.
    static func problem(_ error: SQLiteError, opening path: String) -> StartupError {
        switch error.code & 0xFF {
        case SQLITE_NOTADB where error.message == "file is not a database":
            StartupError(
                .wrongInput,
                "\(path) is not an outbox: it does not begin like a SQLite database. If it was an outbox, its first "
                    + "page is damaged, and nothing can be saved: restore a backup (docs/operating/backup.md).")
        case SQLITE_NOTADB: StartupError(.wrongInput, "\(path) is not usable as an outbox: \(error.message).")
        case SQLITE_CORRUPT:
            StartupError(
                .wrongInput,
                "\(path) is damaged: \(error). sluice serve and sluice outbox salvage save what can be read into a new "
                    + "outbox.")
        default:
            StartupError(.unavailable, "\(path) cannot be opened: \(error). \(FileAccess.ownership(of: path))")
        }
    }

    /// Refuses an empty file that was in use, and a log without its file: SQLite would remove the log, and start with
    /// an empty outbox.
    ///
    /// - Returns: whether there is no outbox yet.
    static func requireContents(_ configuration: OutboxConfiguration) throws(StartupError) -> Bool {
        let path = configuration.path
        guard let isThere = OutboxFile.isEmptyFile(path) else { return false }
        let witnesses = [path + "-wal", path + ".reserve"].filter { OutboxFile.size(of: $0) > 0 }
        if let witness = witnesses.first, isThere || witness.hasSuffix("-wal") {
            throw StartupError(
                .unavailable,
                "\(path) is \(isThere ? "empty" : "missing"), but was in use: \(witnesses.joined(separator: " and ")) "
                    + "\(witnesses.count == 1 ? "is" : "are") still there. Find the file, or restore a backup "
                    + "(docs/operating/backup.md). To start with an empty outbox, move these files away.")
        }
        if !configuration.createsOutbox {
            throw StartupError(.wrongInput, "\(path) is \(isThere ? "an empty file" : "missing"): there is no outbox.")
        }
        return true
    }

    /// Reads the running figures and the recent keys from the file.
    func load() throws(SQLiteError) {
        var fresh = Ledger()
        (fresh.keysForgottenEarly, fresh.keyForgottenEarlyAt) = (ledger.keysForgottenEarly, ledger.keyForgottenEarlyAt)
        // For damage that hides the oldest pending job.
        fresh.pendingMark = ledger.pendingMark
        // A recovery changes nothing about the start.
        if !toleratesDamage { clock.start(after: try newestTime()) }
        let progress = try Progress(session.connection)
        fresh.take(progress)
        try loadEnd(into: &fresh)
        try loadJobs(into: &fresh, progress)
        let written = fresh.keys
        ledger = fresh
        keyUndo.removeAll()
        log = LogProgress()
        try findOldestDelivery()
        try loadKeys(written)
        try loadWalks()
        try refreshMarks()
        try loadRequestFigures()
        try loadQuarantine()
    }

    /// The newest time of receipt and delivery. Only the last row of each table is read: an earlier time would be later
    /// only if the clock was wrong.
    func newestTime() throws(SQLiteError) -> Int64? {
        let last = [
            "SELECT received_at FROM deliveries ORDER BY id DESC LIMIT 1",
            "SELECT at FROM delivered ORDER BY job DESC LIMIT 1",
            "SELECT received_at FROM quarantine ORDER BY id DESC LIMIT 1",
        ]
        var newest: Int64?
        for sql in last {
            guard let time = try session.connection.integer(sql) else { continue }
            newest = max(newest ?? time, time)
        }
        return newest
    }

    /// Reads where deliveries end.
    private func loadEnd(into ledger: inout Ledger) throws(SQLiteError) {
        let newest = try session.connection.prepare("SELECT ifnull(max(id), 0) FROM deliveries")
            .first { row throws(SQLiteError) in try row.figure(0) }
        ledger.nextDelivery = max(ledger.nextDelivery, (newest ?? 0) + 1, endOfOrphans(), ledger.keys.flushedEnd)
    }

    /// The row after those of deliveries that a salvage did not save, while it saved something of them: a new delivery
    /// with such a row would own that. Jobs have no index on it, and `Salvage` counts all of them, so only the last
    /// ones are read here, for outboxes that earlier versions salvaged. Damage is found when the page is needed.
    private func endOfOrphans() -> Int64 {
        let rows = [
            "SELECT max(delivery) FROM parked", "SELECT max(delivery) FROM dead_letters",
            "SELECT max(last_part, delivery) FROM requests ORDER BY delivery DESC LIMIT 1",
            "SELECT max(delivery) FROM (SELECT delivery FROM jobs ORDER BY id DESC LIMIT 16)",
        ].compactMap { try? session.connection.integer($0) }
        return min(max(rows.max() ?? 0, 0), Salvage.greatestID) + 1
    }

    private func loadWalks() throws(SQLiteError) {
        let rows = try session.connection.prepare("SELECT window, next FROM forgetting ORDER BY window")
        ledger.walks += try rows.all { row throws(SQLiteError) in
            KeyWalk(window: try row.figure(0), next: try row.figure(1))
        }
    }

    private func loadJobs(into ledger: inout Ledger, _ progress: Progress) throws(SQLiteError) {
        ledger.nextJob = max(ledger.firstPending, ledger.lastFinished + 1)
        let last = try session.connection.prepare(
            "SELECT id, position, \(StoredJob.columns) FROM jobs ORDER BY id DESC LIMIT 1")
        defer { last.reset() }
        if try last.step() {
            ledger.nextJob = max(ledger.nextJob, try last.figure(0) + 1)
            let end = try last.figure(1) + Int64(StoredJob.job(last, from: 2).byteCost)
            ledger.nextPosition = max(ledger.nextPosition, end)
        }
        if damage == nil, progress.isSealed {
            let last = max(ledger.lastFinished, ledger.firstPending - 1)
            try Self.removeDelivered(after: last, in: session.connection)
        }
        let isTrusted = progress.isSealed || damage != nil
        if !isTrusted { try findFirstPending(in: &ledger) }
        ledger.advance(to: ledger.firstPending)
        guard ledger.lastFinished >= ledger.firstPending else { return }
        if isTrusted, let bytes = progress.finished, let finished = FinishedJobs(encoded: bytes) {
            ledger.finished = finished
        } else {
            try findFinished(in: &ledger)
        }
    }

    /// Removes rows of `delivered` with numbers of jobs that were not finished, which only damage explains. These jobs
    /// are sent. If there are many rows, the number is damaged, which the transactions that wrote the rows also wrote.
    ///
    /// - Parameter last: the last finished job.
    static func removeDelivered(after last: Int64, in connection: Connection) throws(SQLiteError) {
        let rows = "FROM delivered WHERE job > \(last)"
        let count = try connection.integer("SELECT count(*) FROM (SELECT 1 \(rows) LIMIT 101)") ?? 0
        if (1...100).contains(count) { try connection.execute("DELETE \(rows)") }
    }

    /// Finds the first pending job by the rows, if `progress` has no checksum: in an outbox of an earlier format, which
    /// may be damaged or have been salvaged by a version that wrote a wrong one. Reads the delivered jobs once.
    private func findFirstPending(in ledger: inout Ledger) throws(SQLiteError) {
        let last = try session.connection.integer("SELECT max(job) FROM delivered") ?? 0
        ledger.lastFinished = max(ledger.lastFinished, ledger.firstPending - 1, min(last, ledger.nextJob - 1))
        ledger.firstPending = try firstUndelivered() ?? ledger.nextJob
    }

    private func firstUndelivered() throws(SQLiteError) -> Int64? {
        try session.connection.integer(
            """
            SELECT id FROM jobs WHERE NOT EXISTS (SELECT 1 FROM delivered WHERE job = jobs.id) ORDER BY id LIMIT 1
            """)
    }

    /// Checks that each job below the first pending one is delivered.
    func checkDelivered() throws(SQLiteError) {
        if let job = try firstUndelivered(), job < ledger.firstPending { throw neverDelivered(job) }
    }

    func neverDelivered(_ job: Int64) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: "job \(job) is neither pending nor delivered")
    }

    /// Finds the jobs above the first pending one that are delivered or missing, if `progress` does not list them: in
    /// an outbox of an earlier format, or with too many groups.
    private func findFinished(in ledger: inout Ledger) throws(SQLiteError) {
        let pending = try session.connection.prepare(
            """
            SELECT id, position, \(StoredJob.columns) FROM jobs WHERE id >= ?1 AND id <= ?2
            AND id NOT IN (SELECT job FROM delivered WHERE job >= ?1) ORDER BY id
            """)
        pending.bind(ledger.firstPending, ledger.lastFinished + 1)
        defer { pending.reset() }
        var end: (id: Int64, position: Int64)?
        while try pending.step() {
            let (id, position) = (try pending.figure(0), try pending.figure(1))
            if let end, end.id < id {
                ledger.finished.insert(.init(ids: end.id...(id - 1), bytes: position - end.position))
            }
            end = (id + 1, position + Int64(StoredJob.job(pending, from: 2).byteCost))
        }
        if let end, end.id <= ledger.lastFinished {
            let next = try session.connection.integer(
                "SELECT position FROM jobs WHERE id > \(ledger.lastFinished) LIMIT 1")
            let position = next ?? ledger.nextPosition
            ledger.finished.insert(.init(ids: end.id...ledger.lastFinished, bytes: position - end.position))
        }
    }

    /// Looks up the oldest pending and the oldest kept job.
    func refreshMarks() throws(SQLiteError) {
        try refreshPendingMark()
        try refreshOldest()
    }

    /// Advances the first pending job, and looks up its position.
    func refreshPendingMark() throws(SQLiteError) {
        let before = ledger.firstPending
        try findPendingMark()
        try countRequests(deliveredFrom: before)
    }

    private func findPendingMark() throws(SQLiteError) {
        ledger.advance(to: ledger.finishedEnd)
        // The next job may be on the damaged page; later ones are still sent. Reading it in a transaction would make
        // its writes fail; without it the last known mark stays, so that too many bytes are counted, not too few.
        guard damage == nil else {
            if ledger.firstPending >= ledger.nextJob {
                ledger.pendingMark = nil
            } else if session.connection.isInAutocommit, let first = try? firstJob(from: ledger.firstPending) {
                ledger.pendingMark = first.mark
            }
            return
        }
        ledger.pendingMark = nil
        while let first = try firstJob(from: ledger.firstPending) {
            // Rows that were deleted by hand are missing.
            if first.id != ledger.firstPending { ledger.advance(to: first.id) }
            guard ledger.firstPending == first.id else { continue }
            ledger.pendingMark = first.mark
            return
        }
        ledger.advance(to: ledger.nextJob)
    }

    func refreshOldest() throws(SQLiteError) {
        let oldest = try firstJob(from: 0)
        ledger.oldestJob = oldest?.id ?? ledger.nextJob
        ledger.oldestPosition = oldest?.mark.position ?? ledger.nextPosition
        try refreshOldestDelivered()
        try removeRequestsOfRemovedJobs()
    }

    func refreshOldestDelivered() throws(SQLiteError) {
        func oldest(from job: Int64, until at: Int64) throws(SQLiteError) -> (job: Int64, at: Int64)? {
            try session.selectOldestDelivered.first(job, at) { ($0.int64(0), $0.int64(1)) }
        }
        let first = try oldest(from: 0, until: .max)
        ledger.oldestDeliveredAt = first?.at
        let now = clock.retention
        guard let first, first.at > now else { return ledger.futureDeliveredEnd = 0 }
        let next = try oldest(from: ledger.futureDeliveredEnd, until: now)
        ledger.futureDeliveredEnd = next?.job ?? ledger.firstPending
        if let next { ledger.oldestDeliveredAt = next.at }
    }

    func firstJob(from id: Int64) throws(SQLiteError) -> (id: Int64, mark: Ledger.Mark)? {
        try session.selectFirstFrom.first(id) { row in
            (row.int64(0), Ledger.Mark(position: row.int64(1), storedAt: row.int64(2)))
        }
    }
}
