internal import CSluiceSQLite
internal import SluiceBase

/// The result of salvaging a damaged outbox.
package struct SalvageReport: Sendable, Hashable {
    /// One table of the outbox.
    package struct Table: Sendable, Hashable {
        package let name: String
        package var saved = 0
        /// The number of unreadable ranges of rows.
        package var gaps = 0 { didSet { noteFirst() } }
        /// The number of rows that were read but have invalid values.
        package var unusable = 0 { didSet { noteFirst() } }
        /// Whether rows are missing before the first saved one.
        private(set) var lacksFirst = false
        /// The number of pages that cannot be read; nil if unknown.
        var lostPages: Int?

        /// Whether every row was saved, as far as can be known.
        package var isComplete: Bool { gaps == 0 && unusable == 0 }

        private mutating func noteFirst() { if saved == 0 { lacksFirst = true } }
    }

    package var tables: [Table] = []
    /// The path of the damaged file; its log is next to it.
    package var damagedPath = ""
    /// The first damage found.
    package var cause = ""
    /// The number of deliveries that lost an undelivered job, a dead letter or its request. Their keys are forgotten.
    package var lostDeliveries = 0
    /// The number of times of receipt from which jobs are lost together with the records of their deliveries.
    package var lostStretches = 0
    /// The number of saved jobs with a unique key whose delivery was not saved: the key is not remembered.
    package var jobsWithoutDelivery = 0

    /// Whether nothing is known to be lost.
    package var isComplete: Bool { tables.allSatisfy(\.isComplete) }

    /// The file with a line for each delivery of `lostDeliveries`: id, time of receipt, route. Lines with a `#`
    /// describe what is lost without its delivery.
    package var lostPath: String { damagedPath + Salvage.lostSuffix }

    /// One line for each table, and one about the deliveries that providers must send again.
    package var lines: [String] {
        let lost =
            "\(lostDeliveries) deliver\(lostDeliveries == 1 ? "y" : "ies") lost undelivered jobs or dead letters; "
            + "providers can send them again, because their keys were forgotten; their ids are in \(lostPath)"
        let stretches =
            "jobs are lost together with the records of their deliveries; the times of receipt are in \(lostPath)"
        let jobs =
            "\(jobsWithoutDelivery) saved job\(jobsWithoutDelivery == 1 ? "" : "s") lost the record of the delivery "
            + "and its unique key: the webhook is accepted as new if it is sent again; see \(lostPath)"
        return tables.map { table in
            let gaps = table.gaps == 0 ? "" : ", \(table.gaps) unreadable stretch\(table.gaps == 1 ? "" : "es")"
            let unusable = table.unusable == 0 ? "" : ", \(table.unusable) unusable"
            return "\(table.name): \(table.saved) row\(table.saved == 1 ? "" : "s") saved\(gaps)\(unusable)"
        } + (lostDeliveries == 0 ? [] : [lost]) + (lostStretches == 0 ? [] : [stretches])
            + (jobsWithoutDelivery == 0 ? [] : [jobs])
    }
}

/// Writes the readable rows of a damaged outbox into a new one, and sets the damaged files aside. The lock must be
/// held.
///
/// The new file is complete and on the disk as `.salvaged` before anything is renamed; `finish` completes a renaming
/// that a crash interrupted.
struct Salvage {
    /// The tables except `deliveries`, whose rows go through the index of keys; each with its numbering column.
    private static let tables = [
        ("jobs", "id"), ("delivered", "job"), ("parked", "job"), ("dead_letters", "id"), ("requests", "delivery"),
        ("learnt_secrets", "id"), ("quarantine", "id"),
    ]
    private static let batch = 1000
    /// Errors that concern a single row, which is then left out: a constraint, the type of a number, a size.
    static let rowErrors = [SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG]
    /// The suffix of the file with the ids of deliveries that lost jobs.
    static let lostSuffix = "-lost"
    /// The maximum id that is taken over into the figures, after which there are as many.
    static let greatestID: Int64 = 1 << 52

    private let configuration: OutboxConfiguration
    private let time: any TimeSource
    private let damaged: Connection
    private var report = SalvageReport()
    /// The ids of deliveries that lost jobs.
    private var lost: [String] = []

    private var newPath: String { configuration.path + ".salvage" }

    /// Salvages an outbox. At least half of the pages must be saved, unless an operator asked for the salvage.
    ///
    /// - Parameter cause: the damage found first.
    /// - Throws: if too little can be read, or the new file cannot be written; the damaged files are then unchanged.
    static func run(
        _ configuration: OutboxConfiguration, time: any TimeSource, cause: SQLiteError
    ) throws(StartupError) -> SalvageReport {
        do throws(SQLiteError) {
            let inHeader = OutboxFile.pagesInHeader(of: configuration.path)
            var salvage = try Salvage(configuration, time: time)
            salvage.report.cause = cause.description
            let pages = Self.usedPages(salvage.damaged, atLeast: inHeader)
            try salvage.copyTables()
            try salvage.copyDeliveries()
            guard salvage.report.isComplete || salvage.report.tables.contains(where: { $0.saved > 0 }) else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "no row of it can be read")
            }
            salvage.damaged.close()
            if !configuration.isSalvageAsked, !salvage.report.isComplete { try salvage.requireHalf(of: pages) }
            try salvage.writeLost()
            var report = salvage.report
            OutboxFile.giveOwner(of: configuration.path, to: salvage.newPath)
            try OutboxFile.rename(salvage.newPath, to: configuration.path + ".salvaged")
            report.damagedPath = try finish(configuration.path, isNew: true) ?? ""
            return report
        } catch {
            removeNew(configuration.path)
            if error.code & 0xFF == SQLITE_NOTADB { throw OutboxStore.problem(error, opening: configuration.path) }
            throw StartupError(
                .unavailable,
                "\(configuration.path) is damaged, and nothing was saved: \(error). Its files are unchanged. Restore a "
                    + "backup (docs/operating/backup.md).")
        }
    }

    /// Refuses to replace a file automatically by one with less than half of its pages.
    private func requireHalf(of pages: Int64) throws(SQLiteError) {
        let new = try Connection(path: newPath, vfs: configuration.vfs, access: .readOnly)
        defer {
            new.close()
            for suffix in ["-wal", "-shm"] { OutboxFile.remove(newPath + suffix) }
        }
        guard Self.usedPages(new) * 2 < pages else { return }
        throw SQLiteError(
            code: SQLITE_CORRUPT,
            message: "more than half of it cannot be read. To continue with the rest, run sluice outbox salvage")
    }

    /// The number of pages with data, according to the file.
    ///
    /// - Parameter count: the number of pages in its header; a truncated file has fewer.
    private static func usedPages(_ connection: Connection, atLeast count: Int64 = 0) -> Int64 {
        func number(_ pragma: String) -> Int64 { (try? connection.integer("PRAGMA \(pragma)")) ?? 0 }
        return max(count, number("page_count")) - number("freelist_count")
    }

    private func writeLost() throws(SQLiteError) {
        guard !lost.isEmpty else { return }
        let path = configuration.path + ".salvaged" + Self.lostSuffix
        try OutboxFile.write([Array((lost.joined(separator: "\n") + "\n").utf8)], toNew: path)
        OutboxFile.giveOwner(of: configuration.path, to: path)
    }

    /// Replaces the damaged file by a complete new one.
    ///
    /// - Parameter isNew: whether this is the first attempt, and not the completion of one that a crash interrupted.
    /// - Returns: the path of the damaged file; nil if there was no new file.
    @discardableResult
    static func finish(_ path: String, isNew: Bool = false) throws(SQLiteError) -> String? {
        let new = path + ".salvaged"
        guard let made = OutboxFile.modified(new) else { return nil }
        let time = TimestampText.format(milliseconds: made * 1000).filter { $0.isNumber }.prefix(14)
        // Another salvage in the same second is rare, but must not replace the files of this one.
        let names = (1...99).map { "\(path).damaged-\(time)" + ($0 == 1 ? "" : "-\($0)") }
        func isTaken(_ name: String) -> Bool {
            ["", "-wal", lostSuffix].contains { OutboxFile.modified(name + $0) != nil }
        }
        let aside = (isNew ? names.first { !isTaken($0) } : names.last(where: isTaken)) ?? names[0]
        guard isNew || OutboxFile.modified(aside) == nil || OutboxFile.modified(path) == nil else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN,
                message: "it was put in place after \(new) was saved from the damaged \(aside). Remove \(new) to use "
                    + "this outbox, or move this outbox away to use \(new)")
        }
        // The log is moved first: it must never be next to the new file.
        try OutboxFile.rename(path + "-wal", to: aside + "-wal")
        OutboxFile.remove(path + "-shm")
        try OutboxFile.rename(path, to: aside)
        try OutboxFile.rename(new + lostSuffix, to: aside + lostSuffix)
        try OutboxFile.rename(new, to: path)
        OutboxFile.syncFolder(of: path)
        return aside
    }

    /// The files that were set aside earlier.
    static func setAside(_ path: String) -> [String] {
        leftBy(path).filter { !$0.hasSuffix("-wal") && !$0.hasSuffix(lostSuffix) }
    }

    /// The lists of lost webhooks, of earlier salvages.
    static func lostLists(_ path: String) -> [String] { leftBy(path).filter { $0.hasSuffix(lostSuffix) } }

    private static func leftBy(_ path: String) -> [String] {
        let folder = FileAccess.folder(of: path)
        let name = path.split(separator: "/").last ?? ""
        let prefixes = ["\(name).damaged-", "\(name)-wal.damaged-"]
        let names = (try? FileAccess.names(inFolder: folder)) ?? []
        return names.filter { prefixes.contains(where: $0.hasPrefix) }.map { "\(folder)/\($0)" }
    }

    private init(_ configuration: OutboxConfiguration, time: any TimeSource) throws(SQLiteError) {
        self.configuration = configuration
        self.time = time
        damaged = try Connection(path: configuration.path, vfs: configuration.vfs, access: .readOnly)
        // SQLite then also reads a file that is shorter than its header says. Nothing is written.
        try damaged.execute("PRAGMA query_only = 1")
        try damaged.execute("PRAGMA writable_schema = 1")
        guard case .outbox = try Migration.inspect(damaged) else {
            throw SQLiteError(code: SQLITE_NOTADB, message: "it cannot be recognized as an outbox")
        }
        Self.removeNew(configuration.path)
    }

    /// Removes the files of an earlier salvage that was interrupted.
    private static func removeNew(_ path: String) {
        for suffix in ["", "-wal", "-shm", ".lock"] { OutboxFile.remove(path + ".salvage" + suffix) }
        OutboxFile.remove(path + ".salvaged" + lostSuffix)
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
            // A file of an earlier format lacks the table.
            let version = (try? damaged.integer("PRAGMA user_version")) ?? .max
            table.gaps = version < Schema.version(with: name) ? 0 : 1
            return
        }
        let insert = try new.prepare(
            "INSERT INTO \(name) (\(columns.map(\.name).joined(separator: ", "))) VALUES "
                + "(\(columns.map { _ in "?" }.joined(separator: ", ")))")
        guard
            let rows = try? SalvagedRows(
                damaged, path: configuration.path, table: name, id: id, columns: columns)
        else { return table.gaps = 1 }
        var count = 0
        try new.execute(Statements.begin)
        while try rows.next(&table) {
            for column in columns.indices { insert.bind(columnOf: rows.row, Int32(column), at: Int32(column + 1)) }
            do throws(SQLiteError) {
                try insert.runAndUnbind()
                table.saved += 1
            } catch {
                guard Self.rowErrors.contains(error.code & 0xFF) else { throw error }
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

    /// The columns that both files have; nil if the damaged one cannot be read. An outbox of an earlier format has
    /// fewer.
    private func columns(of table: String, in new: Connection) -> [SalvagedColumn]? {
        let known = (try? damaged.columns(of: table)) ?? []
        let both = ((try? SalvagedColumn.all(of: table, in: new)) ?? []).filter { known.contains($0.name) }
        return both.isEmpty ? nil : both
    }

    /// Writes the figures that the rows do not contain. Jobs whose delivery mark was not saved are pending and sent
    /// again; jobs that were not saved count as finished.
    private func completeProgress(_ new: Connection) throws(SQLiteError) {
        let known = try? damaged.integer("SELECT max(last_finished, first_pending - 1) FROM progress")
        let last = Progress.isDamaged(in: damaged) ? nil : known ?? nil
        if let last, (try? Progress(damaged))?.isSealed == true {
            try OutboxStore.removeDelivered(after: last, in: new)
        }
        if let letters = try? damaged.integer("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'") {
            try new.execute("DELETE FROM sqlite_sequence WHERE name = 'dead_letters'")
            try new.execute(
                "INSERT INTO sqlite_sequence VALUES ('dead_letters', \(max(0, min(letters, 1 << 52))))")
        }
        for statement in [
            """
            UPDATE jobs SET position = renumbered.position FROM (
                SELECT id, sum(\(Self.byteCost)) OVER (ORDER BY id) - \(Self.byteCost) AS position FROM jobs
            ) AS renumbered WHERE renumbered.id = jobs.id
            """,
            """
            UPDATE progress SET finished = NULL,
                last_finished = max(\(max(0, min(last ?? 0, 1 << 52))), ifnull((SELECT max(id) FROM jobs), 0),
                    ifnull((SELECT max(job) FROM delivered), 0), ifnull((SELECT max(job) FROM parked), 0),
                    ifnull((SELECT max(job) FROM dead_letters), 0)),
                dead_letters = (SELECT count(*) FROM dead_letters),
                dead_letter_bytes = (SELECT ifnull(sum(bytes), 0) FROM dead_letters),
                parked = (SELECT count(*) FROM parked),
                parked_bytes = (SELECT ifnull(sum(\(Self.byteCost)), 0) FROM parked)
            """,
            // Groups of finished jobs above it are found when the file is opened.
            """
            UPDATE progress SET first_pending = ifnull((SELECT min(id) FROM jobs
                WHERE NOT EXISTS (SELECT 1 FROM delivered WHERE job = id)), last_finished + 1)
            """,
        ] { try new.execute(statement) }
    }

    /// `Job.byteCost` of a row with a job.
    private static let byteCost =
        (["type", "queue", "options", "payload", "unique_key", "unique_while"].map {
            "ifnull(length(CAST(\($0) AS BLOB)), 0)"
        } + ["\(Job.rowOverhead)"]).joined(separator: " + ")

    // MARK: Deliveries

    /// Copies deliveries through a store, which writes the index of keys.
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

    private mutating func copyDeliveries(to store: OutboxStore, _ table: inout SalvageReport.Table) throws(SQLiteError)
    {
        let new = store.session.connection
        // Opening has counted the rows of deliveries that are copied only now.
        store.ledger.nextDelivery = 1
        let forgotten = (try? damaged.columns(of: "deliveries"))?.contains("key_forgotten") ?? false
        // In the order in which `adopt` reads them.
        let columns = try SalvagedColumn.all(of: "deliveries", in: new).filter {
            forgotten || $0.name != "key_forgotten"
        }
        guard
            let rows = try? SalvagedRows(
                damaged, path: configuration.path, table: "deliveries", id: "id", columns: columns)
        else {
            table.gaps = 1
            var jobs = try LostJobs(in: new, of: damaged, report)
            return try note(&jobs, in: new, table)
        }
        var jobs = try LostJobs(in: new, of: damaged, report)
        var isAtEnd = false
        while !isAtEnd { isAtEnd = try store.adopt(upTo: Self.batch, of: rows, &table, lost: &jobs) }
        try note(&jobs, in: new, table)
        // The ids of lost jobs are never reused either.
        try new.execute(
            """
            UPDATE progress SET finished = NULL, checksum = NULL, last_finished = max(last_finished, \(jobs.lastJob))
            """)
    }

    /// Takes over what is lost, when all deliveries are copied.
    private mutating func note(
        _ jobs: inout LostJobs, in new: Connection, _ deliveries: SalvageReport.Table
    ) throws(SQLiteError) {
        try new.execute(
            """
            UPDATE progress SET checksum = NULL, next_delivery = max(next_delivery,
                (SELECT min(ifnull(max(delivery), 0), \(Self.greatestID)) + 1 FROM jobs))
            """)
        jobs.finish(problems: deliveries.gaps + deliveries.unusable)
        try jobs.releaseRequests(in: new)
        if !deliveries.isComplete { try jobs.noteJobsWithoutDelivery(in: new) }
        report.lostDeliveries = jobs.lines.count
        (report.lostStretches, report.jobsWithoutDelivery) = (jobs.stretches.count, jobs.withoutDelivery)
        lost = jobs.lines + jobs.stretches + jobs.keys + jobs.unknown
    }
}
