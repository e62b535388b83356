import SluiceBase

@testable import SluiceOutbox

/// A disk that lies: pages of a copy of the outbox are overwritten, and a person salvages it.
extension Simulation {
    /// What a salvage could do wrong, and the simulation must see: SQL on the new file, or what is done in its place.
    enum SalvageFault: String, CaseIterable {
        case losesJob = "DELETE FROM jobs WHERE id = (SELECT max(id) FROM jobs)"
        case losesDeadLetter = "DELETE FROM dead_letters WHERE id = (SELECT max(id) FROM dead_letters)"
        case losesDelivery = "DELETE FROM deliveries WHERE id = (SELECT max(id) FROM deliveries)"
        case losesSecret = "DELETE FROM learnt_secrets"
        case losesQuarantine = "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine)"
        case keepsKeysOfLostJobs = "-- the keys are remembered before they are asked for"
        case writesNoList = "-- the list is not read"
    }

    private static let tables = [
        "jobs": "id", "delivered": "job", "parked": "job", "dead_letters": "id", "deliveries": "id",
        "learnt_secrets": "id", "quarantine": "id", "progress": "id",
    ]

    func salvage() throws {
        guard !isFaulty, !isUncertain else { return }
        let copy = Fixture { $0 = self.fixture.configuration }
        copy.configuration.vfs = Fixture.unsynced.name
        copy.configuration.path = copy.folder.file("outbox.db")
        copy.folder.write([], to: "outbox.db")
        try store.beginBackup(to: copy.configuration.path)
        while try !store.continueBackup() {}
        copy.time.setWall(milliseconds: fixture.time.wallMilliseconds())
        overwritePages(of: copy)
        let readable = try readableRows(of: copy.configuration)
        let report: SalvageReport?
        do { report = try OutboxStore.salvage(copy.configuration, time: copy.time) } catch {
            // Without the pages that say what is in the file.
            return salvages.refused += 1
        }
        guard let report else { return salvages.undamaged += 1 }
        salvages.done += 1
        try check(copy, report, readable)
    }

    /// Some pages, or none. Not the first one, without which nothing is an outbox.
    private func overwritePages(of copy: Fixture) {
        var bytes = copy.folder.read("outbox.db")
        let pages = bytes.count / Pragmas.pageSize
        for _ in 0..<pick(4) {
            let page = 1 + pick(pages - 1)
            let start = page * Pragmas.pageSize
            bytes.replaceSubrange(start..<start + Pragmas.pageSize, with: repeatElement(0xA5, count: Pragmas.pageSize))
        }
        copy.folder.write(bytes, to: "outbox.db")
    }

    /// The numbers of the rows that SQLite reads from both ends of each table.
    private func readableRows(of configuration: OutboxConfiguration) throws -> [String: Set<Int64>] {
        let connection = try Connection(path: configuration.path, vfs: nil, access: .readOnly)
        defer { connection.close() }
        return Self.tables.reduce(into: [:]) { found, table in
            for order in ["ASC", "DESC"] {
                let sql = "SELECT * FROM \(table.key) ORDER BY \(table.value) \(order)"
                guard let rows = try? connection.prepare(sql) else { continue }
                while (try? rows.step()) == true { found[table.key, default: []].insert(rows.int64(0)) }
                rows.reset()
            }
        }
    }

    private func check(_ copy: Fixture, _ report: SalvageReport, _ readable: [String: Set<Int64>]) throws {
        let new = try copy.open()
        defer { new.close() }
        if let salvageFault { try new.session.connection.execute(salvageFault.rawValue) }
        for (table, rows) in readable {
            let selection = "SELECT \(Self.tables[table] ?? "") FROM \(table)"
            let saved = Set(try new.session.connection.prepare(selection).all { $0.int64(0) })
            if !rows.isSubset(of: saved) {
                violate("a salvage loses \(rows.subtracting(saved).count) rows of \(table)")
            }
        }
        if try new.session.connection.text("PRAGMA integrity_check") != "ok" { violate("the salvaged file is damaged") }
        try checkJobs(new, copy, report)
        if report.isComplete, new.status.rememberedKeys != store.status.rememberedKeys {
            violate(
                "a salvage that lost nothing has \(new.status.rememberedKeys) keys, not \(store.status.rememberedKeys)")
        }
    }

    /// Acknowledged ⊆ saved ∪ listed as lost.
    private func checkJobs(_ new: OutboxStore, _ copy: Fixture, _ report: SalvageReport) throws {
        let hasList = salvageFault != .writesNoList
        let list = hasList ? copy.folder.read(String(report.lostPath.split(separator: "/").last ?? "")) : []
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        let listed = Set(
            lines.compactMap { $0.hasPrefix("delivery-") ? Int($0.prefix { $0 != " " }.dropFirst(9)) : nil })
        // Times from which deliveries are lost together with their jobs.
        let isTimeListed = lines.contains { $0.hasPrefix("# received") }
        if hasList, listed.count != report.lostDeliveries { violate("\(listed.count) lost deliveries are listed") }
        let connection = new.session.connection
        var saved: Set<Int> = []
        for table in ["jobs", "parked", "dead_letters"] {
            let rows = try connection.prepare("SELECT type FROM \(table)")
            while try rows.step() { saved.insert(Self.number(of: rows.text(0))) }
        }
        // The index that names lost dead letters or parked jobs is lost, too, as a line says.
        let unnamed = ["dead_letters": [Fate.dead], "parked": [.parked, .setAside]].filter { table, _ in
            lines.contains { $0.hasPrefix("# the index of \(table) ") }
        }
        for (number, job) in accepted where job.fates.isSubset(of: Fate.undelivered) && !saved.contains(number) {
            let isUnnamed = unnamed.values.contains { job.fates.isSubset(of: $0) }
            if !listed.contains(number), !isTimeListed, !isUnnamed {
                violate("job \(number) is lost by a salvage, and not listed")
            }
        }
        for number in saved where accepted[number] == nil { violate("a salvage invents job \(number)") }
        try checkKeys(new, listed: listed, saved: saved, isComplete: report.isComplete)
    }

    /// Listed deliveries are accepted when they come again, others whose job was saved with them are duplicates.
    private func checkKeys(_ new: OutboxStore, listed: Set<Int>, saved: Set<Int>, isComplete: Bool) throws {
        for (key, number) in newest.sorted(by: { $0.key < $1.key }) where !perhapsForgotten.contains(key) {
            guard let holder = accepted[number], holder.fates.isSubset(of: Fate.undelivered) else { continue }
            let again = sample(
                2_000_000 + key, key: key, body: holder.body, at: fixture.time, window: .seconds(60),
                rule: Self.rule(of: key), jobs: 0)
            if salvageFault == .keepsKeysOfLostJobs { _ = new.outcomes([again]) }
            guard let outcome = new.outcomes([again]).first else { continue }
            let isDuplicate = if case .duplicate = outcome { true } else { false }
            // While the wall clock is behind, an earlier delivery with the key may still hold it.
            if listed.contains(number), isDuplicate, clockOffset >= 0 {
                violate("the lost delivery \(number) is a duplicate")
            }
            if isComplete, saved.contains(number), !isDuplicate { violate("a salvage forgets key \(key)") }
        }
    }
}
