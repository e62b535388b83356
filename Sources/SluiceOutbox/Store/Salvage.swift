internal import CSluiceSQLite
internal import SluiceBase

/// What a salvage of a damaged outbox saved.
package struct SalvageReport: Sendable, Hashable {
    /// One table of the outbox.
    package struct Table: Sendable, Hashable {
        package let name: String
        package var saved = 0
        /// Stretches of rows, one or many, that could not be read.
        package var gaps = 0
        /// Rows that were read and make no sense.
        package var unusable = 0
    }

    package var tables: [Table] = []
    /// Where the damaged file is now; its log is next to it.
    package var damagedPath = ""

    /// Whether nothing is known to be lost.
    package var isComplete: Bool { tables.allSatisfy { $0.gaps == 0 && $0.unusable == 0 } }

    /// One line a table.
    package var lines: [String] {
        tables.map { table in
            let gaps = table.gaps == 0 ? "" : ", \(table.gaps) unreadable stretch\(table.gaps == 1 ? "" : "es")"
            let unusable = table.unusable == 0 ? "" : ", \(table.unusable) unusable"
            return "\(table.name): \(table.saved) row\(table.saved == 1 ? "" : "s") saved\(gaps)\(unusable)"
        }
    }
}

/// Writes what can be read of a damaged outbox into a new one, and sets the damaged files aside. The lock must be held.
///
/// The new file is complete and on the disk as `.salvaged` before anything is renamed; what a crash interrupts after
/// that is completed by `finish`.
struct Salvage {
    /// The tables apart from `deliveries`, which goes through the index of keys; each with its numbering column.
    private static let tables = [
        ("jobs", "id"), ("delivered", "job"), ("parked", "job"), ("dead_letters", "id"), ("requests", "delivery"),
        ("learnt_secrets", "id"), ("quarantine", "id"),
    ]
    private static let batch = 1000

    private let configuration: OutboxConfiguration
    private let time: any TimeSource
    private let damaged: Connection
    private var report = SalvageReport()

    private var newPath: String { configuration.path + ".salvage" }

    /// - Parameter isAsked: whether a person decided that what can be read is enough; otherwise at least half of the
    ///   pages must be saved.
    /// - Throws: where too little can be read, or the new file cannot be written; the damaged files are as they were.
    static func run(
        _ configuration: OutboxConfiguration, time: any TimeSource, isAsked: Bool
    ) throws(StartupError) -> SalvageReport {
        do throws(SQLiteError) {
            var salvage = try Salvage(configuration, time: time)
            let pages = Self.usedPages(salvage.damaged)
            try salvage.copyTables()
            try salvage.copyDeliveries()
            guard salvage.report.isComplete || salvage.report.tables.contains(where: { $0.saved > 0 }) else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "no row of it can be read")
            }
            salvage.damaged.close()
            if !isAsked { try salvage.requireHalf(of: pages) }
            var report = salvage.report
            OutboxFile.giveOwner(of: configuration.path, to: salvage.newPath)
            try OutboxFile.rename(salvage.newPath, to: configuration.path + ".salvaged")
            report.damagedPath = try finish(configuration.path) ?? ""
            return report
        } catch {
            removeNew(configuration.path)
            throw StartupError(
                .unavailable,
                "\(configuration.path) is damaged, and nothing was saved: \(error). Its files are unchanged. Restore a "
                    + "backup (docs/operating/backup.md).")
        }
    }

    /// Without a person nothing is replaced by a file that lacks the greater part of it.
    private func requireHalf(of pages: Int64) throws(SQLiteError) {
        let new = try Connection(path: newPath, vfs: configuration.vfs, access: .readOnly)
        defer { new.close() }
        guard Self.usedPages(new) * 2 < pages else { return }
        throw SQLiteError(
            code: SQLITE_CORRUPT,
            message: "more than half of it cannot be read. To go on with the rest, run sluice outbox salvage")
    }

    /// Pages with data, as far as the file says.
    private static func usedPages(_ connection: Connection) -> Int64 {
        func number(_ pragma: String) -> Int64 { (try? connection.integer("PRAGMA \(pragma)")) ?? 0 }
        return number("page_count") - number("freelist_count")
    }

    /// Puts a complete new file in the place of the damaged one.
    ///
    /// - Returns: where the damaged file is; nil if there was no new file.
    @discardableResult
    static func finish(_ path: String) throws(SQLiteError) -> String? {
        let new = path + ".salvaged"
        guard let made = OutboxFile.modified(new) else { return nil }
        let aside =
            "\(path).damaged-\(TimestampText.format(milliseconds: made * 1000).filter { $0.isNumber }.prefix(14))"
        // The log first: it must never be next to the new file.
        try OutboxFile.rename(path + "-wal", to: aside + "-wal")
        OutboxFile.remove(path + "-shm")
        try OutboxFile.rename(path, to: aside)
        try OutboxFile.rename(new, to: path)
        OutboxFile.syncFolder(of: path)
        return aside
    }

    /// The files that were set aside at an earlier time.
    static func setAside(_ path: String) -> [String] {
        let folder = OutboxFile.folder(of: path)
        let prefix = (path.split(separator: "/").last ?? "") + ".damaged-"
        let names = (try? FileAccess.names(inFolder: folder)) ?? []
        return names.filter { $0.hasPrefix(prefix) && !$0.hasSuffix("-wal") }.map { "\(folder)/\($0)" }
    }

    private init(_ configuration: OutboxConfiguration, time: any TimeSource) throws(SQLiteError) {
        self.configuration = configuration
        self.time = time
        damaged = try Connection(path: configuration.path, vfs: configuration.vfs, access: .readOnly)
        // SQLite then reads also a file that is shorter than its header says. Nothing is written.
        try damaged.execute("PRAGMA query_only = 1")
        try damaged.execute("PRAGMA writable_schema = 1")
        guard case .outbox = try Migration.inspect(damaged) else {
            throw SQLiteError(code: SQLITE_NOTADB, message: "it cannot be recognized as an outbox")
        }
        Self.removeNew(configuration.path)
    }

    /// What an earlier salvage left that did not end.
    private static func removeNew(_ path: String) {
        for suffix in ["", "-wal", "-shm", ".lock"] { OutboxFile.remove(path + ".salvage" + suffix) }
    }

    // MARK: Tables

    private mutating func copyTables() throws(SQLiteError) {
        do throws(StartupError) { try OutboxFile.prepare(newPath, trustsOwner: configuration.trustsFolderOwner) } catch
        {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: error.sentence)
        }
        let new = try Connection(path: newPath, vfs: configuration.vfs, access: .readWrite)
        defer { new.close() }
        try Pragmas.prepareEmpty(new)
        try Pragmas.applyForWriting(new, cache: configuration.cache)
        try Migration.run(new, from: 0)
        for (name, id) in Self.tables { try copy(name, id, to: new) }
        try completeProgress(new)
        _ = try new.checkpoint(.truncate)
    }

    private mutating func copy(_ name: String, _ id: String, to new: Connection) throws(SQLiteError) {
        var table = SalvageReport.Table(name: name)
        defer { report.tables.append(table) }
        guard let columns = columns(of: name, in: new) else {
            // A file of an earlier format has no such table.
            let known = try? damaged.integer("SELECT count(*) FROM sqlite_schema WHERE name = '\(name)'")
            table.gaps = known == 0 ? 0 : 1
            return
        }
        let insert = try new.prepare(
            "INSERT INTO \(name) (\(columns.joined(separator: ", "))) VALUES "
                + "(\(columns.map { _ in "?" }.joined(separator: ", ")))")
        let rows = try SalvagedRows(damaged, table: name, id: id, columns: columns)
        var count = 0
        try new.execute(Statements.begin)
        while try rows.next(&table) {
            for column in columns.indices { insert.bind(columnOf: rows.row, Int32(column), at: Int32(column + 1)) }
            do throws(SQLiteError) {
                try insert.runAndUnbind()
                table.saved += 1
            } catch {
                guard error.code & 0xFF == SQLITE_CONSTRAINT else { throw error }
                table.unusable += 1
            }
            count += 1
            if count.isMultiple(of: Self.batch) {
                try new.execute(Statements.commit)
                try new.execute(Statements.begin)
            }
        }
        try new.execute(Statements.commit)
    }

    /// Those that both files have; nil if the damaged one does not say. An outbox of an earlier format has fewer.
    private func columns(of table: String, in new: Connection) -> [String]? {
        func names(_ connection: Connection) -> [String] { (try? connection.columns(of: table)) ?? [] }
        let known = names(damaged)
        let both = names(new).filter(known.contains)
        return both.isEmpty ? nil : both
    }

    /// The numbers that are not in the rows. Jobs whose mark of delivery was not saved are pending and sent again;
    /// those that were not saved at all count as finished.
    private func completeProgress(_ new: Connection) throws(SQLiteError) {
        let last = (try? damaged.integer("SELECT max(last_finished, first_pending - 1) FROM progress")) ?? 0
        if let letters = try? damaged.integer("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'") {
            try new.execute("DELETE FROM sqlite_sequence WHERE name = 'dead_letters'")
            try new.execute("INSERT INTO sqlite_sequence VALUES ('dead_letters', \(letters))")
        }
        for statement in [
            """
            UPDATE jobs SET position = place.position FROM (
                SELECT id, sum(\(Self.byteCost)) OVER (ORDER BY id) - \(Self.byteCost) AS position FROM jobs
            ) AS place WHERE place.id = jobs.id
            """,
            """
            UPDATE progress SET finished = NULL,
                first_pending = ifnull((SELECT min(id) FROM jobs), \(max(0, min(last, 1 << 52)) + 1)),
                last_finished = max(ifnull((SELECT max(id) FROM jobs), 0), ifnull((SELECT max(job) FROM delivered), 0),
                    ifnull((SELECT max(job) FROM parked), 0), ifnull((SELECT max(job) FROM dead_letters), 0)),
                dead_letters = (SELECT count(*) FROM dead_letters),
                dead_letter_bytes = (SELECT ifnull(sum(bytes), 0) FROM dead_letters),
                parked = (SELECT count(*) FROM parked),
                parked_bytes = (SELECT ifnull(sum(\(Self.byteCost)), 0) FROM parked)
            """,
        ] { try new.execute(statement) }
    }

    /// `Job.byteCost` of a row with a job.
    private static let byteCost =
        (["type", "queue", "options", "payload", "unique_key", "unique_while"].map {
            "ifnull(length(CAST(\($0) AS BLOB)), 0)"
        } + ["\(Job.rowOverhead)"]).joined(separator: " + ")

    // MARK: Deliveries

    /// Through a store, which writes the index of keys as it does for deliveries that come in.
    private mutating func copyDeliveries() throws(SQLiteError) {
        var configuration = configuration
        configuration.path = newPath
        configuration.reserve = ByteCount(bytes: 0)
        let store: OutboxStore
        do throws(StartupError) { store = try OutboxStore(configuration, time: time) } catch {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: error.sentence)
        }
        var table = SalvageReport.Table(name: "deliveries")
        var failure: SQLiteError?
        do throws(SQLiteError) { try copyDeliveries(to: store, &table) } catch { failure = error }
        store.close()
        report.tables.append(table)
        for suffix in ["-wal", "-shm", ".lock"] { OutboxFile.remove(newPath + suffix) }
        if let failure { throw failure }
    }

    private func copyDeliveries(to store: OutboxStore, _ table: inout SalvageReport.Table) throws(SQLiteError) {
        let columns = [
            "id", "delivery_id", "route", "received_at", "expires_at", "last_job", "generation", "supersedes", "key",
            "body_hash",
        ]
        let forgotten = (try? damaged.columns(of: "deliveries"))?.contains("key_forgotten") ?? false
        let rows: SalvagedRows
        do throws(SQLiteError) {
            rows = try SalvagedRows(
                damaged, table: "deliveries", id: "id", columns: columns + [forgotten ? "key_forgotten" : "NULL"])
        } catch {
            return table.gaps = 1
        }
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = try store.adopt(upTo: Self.batch, of: rows, &table)
        }
    }
}
