internal import CSluiceSQLite
package import SluiceBase

/// The search for damage when the outbox is opened, in a bounded time, and the salvage of a damaged file.
extension OutboxStore {
    /// The maximum size of a file that is checked as a whole, in bytes.
    private static let checkedWhole = 32 << 20
    /// The rows read at each end of each table of a larger file, and the time limit.
    private static let checkedRows = 200
    private static let checkNanoseconds: Int64 = 200_000_000
    private static let checkedTables = [
        "deliveries", "jobs", "delivered", "parked", "dead_letters", "requests", "quarantine", "key_filters",
        "key_entries", "key_runs", "progress",
    ]

    /// Opens the file; salvages a damaged one first if the configuration allows it.
    ///
    /// - Parameter tell: called with the reason before a salvage begins, which takes as long as copying the file.
    /// - Returns: the session, and the report of a salvage.
    static func openChecked(
        _ configuration: OutboxConfiguration, on reserve: ReserveFile, time: any TimeSource,
        tell: ((SQLiteError) -> Void)?
    ) throws(StartupError) -> (Session, SalvageReport?) {
        do throws(SQLiteError) {
            let session = try openSession(configuration, on: reserve)
            let size = configuration.isSalvageAsked ? 0 : OutboxFile.size(of: configuration.path)
            try check(session.connection, size: size, time: time)
            return (session, nil)
        } catch {
            let report = try salvage(after: error, configuration, time: time, tell: tell)
            do throws(SQLiteError) { return (try openSession(configuration, on: reserve), report) } catch {
                throw problem(error, opening: configuration.path)
            }
        }
    }

    /// - Throws: the sentence about `error` if it is not damage, or an operator must decide.
    static func salvage(
        after error: SQLiteError, _ configuration: OutboxConfiguration, time: any TimeSource,
        tell: ((SQLiteError) -> Void)?
    ) throws(StartupError) -> SalvageReport {
        // Unreadable blocks of a disk need an operator's decision.
        let isUnreadable = configuration.isSalvageAsked && error.code & 0xFF == SQLITE_IOERR
        guard configuration.salvagesDamage, error.code & 0xFF == SQLITE_CORRUPT || isUnreadable else {
            throw problem(error, opening: configuration.path)
        }
        tell?(error)
        return try Salvage.run(configuration, time: time, cause: error)
    }

    /// Checks a whole outbox, and saves the readable rows of a damaged one into a new one, for the command line.
    ///
    /// - Returns: nil if the outbox is not damaged; nothing was changed then.
    /// - Throws: 69 if the outbox is in use, or nothing can be read; 1 if the file is not an outbox.
    package static func salvage(_ configuration: OutboxConfiguration, time: any TimeSource) throws(StartupError)
        -> SalvageReport?
    {
        var configuration = configuration
        (configuration.salvagesDamage, configuration.isSalvageAsked) = (true, true)
        configuration.createsOutbox = false
        let store = try OutboxStore(configuration, time: time)
        defer { store.close() }
        return store.salvaged
    }

    /// - Throws: the first damage of a whole database.
    static func checkWhole(_ connection: Connection) throws(SQLiteError) {
        // Unlike `quick_check`, it compares the indexes with their tables.
        let found = try connection.text("PRAGMA integrity_check(1)") ?? ""
        // The first line may contain only the name of the database.
        let line = found.split(separator: "\n").last.map(String.init) ?? found
        guard found == "ok" else { throw SQLiteError(code: SQLITE_CORRUPT, message: line) }
    }

    private static func check(_ connection: Connection, size: Int, time: any TimeSource) throws(SQLiteError) {
        if size <= checkedWhole { try checkWhole(connection) }
        // Of a file that was checked as a whole only the ids at both ends are left.
        let rows = size <= checkedWhole ? 1 : checkedRows
        let end = time.monotonicNanoseconds() + checkNanoseconds
        for order in ["ASC", "DESC"] {
            for table in checkedTables where time.monotonicNanoseconds() < end {
                // Only numbers are read: they are on the same pages as the rows.
                let ids = try connection.prepare(
                    """
                    SELECT ifnull(min(rowid), 0), ifnull(max(rowid), 0) FROM
                        (SELECT rowid FROM \(table) NOT INDEXED ORDER BY rowid \(order) LIMIT \(rows))
                    """)
                _ = try ids.first { row throws(SQLiteError) in (try row.figure(0), try row.figure(1)) }
            }
        }
    }
}
