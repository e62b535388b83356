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

    /// Opens the file, and salvages it first if it is damaged and `salvagesDamage` is set.
    ///
    /// - Returns: the session, and what was salvaged.
    static func openChecked(_ configuration: OutboxConfiguration, on reserve: ReserveFile, time: any TimeSource)
        throws(StartupError) -> (Session, SalvageReport?)
    {
        do throws(SQLiteError) {
            let session = try openSession(configuration, on: reserve)
            try check(session.connection, size: OutboxFile.size(of: configuration.path), time: time)
            return (session, nil)
        } catch {
            let report = try salvage(after: error, configuration, time: time)
            do throws(SQLiteError) { return (try openSession(configuration, on: reserve), report) } catch {
                throw problem(error, opening: configuration.path)
            }
        }
    }

    /// - Throws: the sentence about `error` where it does not tell of damage, or a person must decide.
    static func salvage(after error: SQLiteError, _ configuration: OutboxConfiguration, time: any TimeSource)
        throws(StartupError) -> SalvageReport
    {
        guard configuration.salvagesDamage, error.code & 0xFF == SQLITE_CORRUPT else {
            throw problem(error, opening: configuration.path)
        }
        return try Salvage.run(configuration, time: time, isAsked: false)
    }

    /// Saves what can be read of an outbox into a new one, for the command line.
    ///
    /// - Throws: 69 if the outbox is in use, or nothing can be read.
    package static func salvage(_ configuration: OutboxConfiguration, time: any TimeSource) throws(StartupError)
        -> SalvageReport
    {
        try OutboxFolder.check(OutboxFile.folder(of: configuration.path), trustsOwner: configuration.trustsFolderOwner)
        let lock = try OutboxLock(
            path: configuration.path + ".lock", trustsOwner: configuration.trustsFolderOwner,
            waitingFor: configuration.lockWait, time: time, pause: nil, held: nil)
        defer { withExtendedLifetime(lock) {} }
        return try Salvage.run(configuration, time: time, isAsked: true)
    }

    private static func check(_ connection: Connection, size: Int, time: any TimeSource) throws(SQLiteError) {
        guard size > checkedWhole else {
            let found = try connection.text("PRAGMA quick_check(1)") ?? ""
            guard found == "ok" else { throw SQLiteError(code: SQLITE_CORRUPT, message: found) }
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
