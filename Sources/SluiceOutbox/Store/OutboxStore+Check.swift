internal import CSluiceSQLite
package import SluiceBase

/// Looks for damage when the outbox is opened, in a bounded time, and salvages a damaged file if that is wanted.
extension OutboxStore {
    /// Files up to this size are checked as a whole, in bytes.
    private static let checkedWhole = 32 << 20
    /// Rows at each end of each table that are looked up in a larger file, and the time after which that ends.
    private static let checkedRows = 200
    private static let checkNanoseconds: Int64 = 200_000_000
    private static let checkedTables = [
        "deliveries", "jobs", "delivered", "parked", "dead_letters", "requests", "key_chunks", "key_entries",
        "progress",
    ]

    /// Opens the file, and salvages it first if it is damaged and that is wanted.
    ///
    /// - Parameter tell: called with the reason before a salvage begins, which takes as long as copying the file.
    /// - Returns: the session, and what was salvaged.
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

    /// - Throws: the sentence about `error` where it does not tell of damage, or a person must decide.
    static func salvage(
        after error: SQLiteError, _ configuration: OutboxConfiguration, time: any TimeSource,
        tell: ((SQLiteError) -> Void)?
    ) throws(StartupError) -> SalvageReport {
        // A disk that does not return some blocks is left to a person.
        let isUnreadable = configuration.isSalvageAsked && error.code & 0xFF == SQLITE_IOERR
        guard configuration.salvagesDamage, error.code & 0xFF == SQLITE_CORRUPT || isUnreadable else {
            throw problem(error, opening: configuration.path)
        }
        tell?(error)
        return try Salvage.run(configuration, time: time, cause: error)
    }

    /// Checks an outbox as a whole, and saves what can be read of a damaged one into a new one, for the command line.
    ///
    /// - Returns: nil where the outbox is not damaged; nothing was changed then.
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

    private static func check(_ connection: Connection, size: Int, time: any TimeSource) throws(SQLiteError) {
        guard size > checkedWhole else {
            let found = try connection.text("PRAGMA quick_check(1)") ?? ""
            // The first line may only name the database.
            let line = found.split(separator: "\n").last.map(String.init) ?? found
            guard found == "ok" else { throw SQLiteError(code: SQLITE_CORRUPT, message: line) }
            return
        }
        let end = time.monotonicNanoseconds() + checkNanoseconds
        for order in ["ASC", "DESC"] {
            for table in checkedTables where time.monotonicNanoseconds() < end {
                // Numbers only: the pages that have them are those of the rows.
                _ = try connection.integer(
                    """
                    SELECT max(rowid) FROM
                        (SELECT rowid FROM \(table) NOT INDEXED ORDER BY rowid \(order) LIMIT \(checkedRows))
                    """)
            }
        }
    }
}
