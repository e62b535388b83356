import Glibc
import SluiceBase
import Testing

@testable import SluiceOutbox

/// What is kept, forgotten and counted after a salvage, and what is not taken for an outbox.
struct SalvageContentTests {
    private let fixture = Fixture()

    private func delivered(_ ids: ClosedRange<Int64>) -> [Acknowledgement] {
        ids.map { Acknowledgement(job: $0, zizqID: "z\($0)") }
    }

    private func damage(job number: Int) throws { try fixture.damage("push-\(number)-0") }

    private func damage(_ text: String) throws { try fixture.damage(text) }

    private func fill(_ numbers: ClosedRange<Int>) throws { try fixture.fill(numbers) }

    private func salvage() throws -> SalvageReport { try fixture.salvage() }

    @Test("the keys of deliveries whose jobs are lost are forgotten and listed, and no others")
    func lostKeys() throws {
        try fill(1...200)
        try damage(job: 100)
        let report = try salvage()
        let store = try fixture.open()
        let pending = Set(try store.pending().map(\.job))
        let lost = (1...200).filter { !pending.contains(job($0, payload: 1000)) }
        #expect(lost.contains(100) && lost.count < 30)
        #expect(report.lostDeliveries == lost.count && report.cause.contains("SQLite"))
        let listed = fixture.folder.read(String(report.lostPath.split(separator: "/").last ?? ""))
        let names = String(decoding: listed, as: UTF8.self).split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(names.map(String.init) == lost.map { "delivery-\($0)" })
        #expect(store.status.rememberedKeys == 200 - lost.count)
        let again = store.outcomes((1...200).map { sample($0, at: fixture.time, payload: 1000) })
        for number in 1...200 {
            if case .duplicate = again[number - 1] {
                #expect(!lost.contains(number))
            } else {
                #expect(lost.contains(number), "\(number): \(again[number - 1])")
            }
        }
        #expect(Set(try store.pending().map(\.job)).count == 200)
        #expect(store.status.pendingJobs == 200)
    }

    @Test("a table that is missing in a damaged file is reported, and its webhooks are listed")
    func lostTable() throws {
        do {
            let store = try fixture.open()
            let letter = DeadLetter(reason: .badField, detail: "No.")
            _ = store.commit((1...5).map { sample($0, at: fixture.time, jobs: 0, deadLetters: [letter], request: [1]) })
            _ = store.commit([sample(6, at: fixture.time)])
            try store.session.connection.execute(
                "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'dead_letters'")
            store.close()
        }
        let report = try salvage()
        #expect(report.tables.filter { !$0.isComplete }.map(\.name) == ["dead_letters"])
        #expect(report.lostDeliveries == 5)
        let again = try fixture.open()
        let outcomes = again.outcomes((1...6).map { sample($0, at: fixture.time) })
        #expect(outcomes.count { if case .duplicate = $0 { true } else { false } } == 1)
    }

    @Test("deliveries that lost their dead letters and their records have a line with their times")
    func lostLettersAndRecords() throws {
        do {
            let store = try fixture.open()
            let letter = DeadLetter(reason: .badField, detail: "No.")
            for number in 1...600 {
                _ = store.commit([
                    sample(
                        number, at: fixture.time, jobs: 0, deadLetters: [letter],
                        request: [UInt8](repeating: 0x61, count: 2000))
                ])
            }
            store.close()
        }
        try damage("delivery-1")
        try damage("bad_field")
        let report = try salvage()
        let saved = try fixture.open().number("SELECT count(*) FROM deliveries")
        #expect(saved < 600)
        #expect(fixture.list(report).contains { $0.hasPrefix("# received ") && $0.contains("dead letters") })
    }

    @Test(
        "a first pending job behind others that are pending is corrected at the start", arguments: [2, 150, 190, 201],
        [true, false])
    func firstPending(wrong: Int, isSealed: Bool) throws {
        do {
            let store = try fixture.open()
            _ = store.commit((1...200).map { sample($0, at: fixture.time) })
            if wrong == 150 { try store.acknowledge([3, 100].map { Acknowledgement(job: $0, zizqID: "z") }) }
            // More delivered jobs than a look at the last ones would pass.
            if wrong == 190 { try store.acknowledge(delivered(101...189)) }
            // As an earlier format has left it, which has no checksum.
            let checksum = isSealed ? "" : ", checksum = NULL"
            try store.session.connection.execute("UPDATE progress SET first_pending = \(wrong)\(checksum)")
            store.close()
        }
        fixture.configuration.salvagesDamage = true
        let store = try fixture.open()
        #expect((store.salvaged != nil) == isSealed)
        let count = [150: 198, 190: 111][wrong] ?? 200
        #expect(store.status.pendingJobs == count)
        #expect(try store.pending().count == count)
    }

    @Test("the ids of lost jobs are not used again") func lostIDs() throws {
        try fill(1...200)
        try damage(job: 200)
        #expect(try salvage().lostDeliveries > 0)
        let store = try fixture.open()
        #expect(try store.number("SELECT max(id) FROM jobs") < 200)
        #expect(store.lastJobID == 200)
    }

    @Test("a delivery that lost any of its jobs is forgotten, also if the others were saved")
    func someJobs() throws {
        do {
            let before = try fixture.open()
            _ = before.commit((1...200).map { sample($0, at: fixture.time, jobs: 2, payload: 1000) })
            before.close()
        }
        for number in [30, 70, 110, 150] { try damage(job: number) }
        let report = try salvage()
        let store = try fixture.open()
        let pending = Set(try store.pending().map(\.job))
        let saved = (1...200).map { number in (0..<2).map { pending.contains(job(number, $0, payload: 1000)) } }
        // At both ends of a page.
        #expect(saved.contains([true, false]) && saved.contains([false, true]))
        let lost = (1...200).filter { saved[$0 - 1].contains(false) }
        #expect(report.lostDeliveries == lost.count)
        let again = store.outcomes((1...200).map { sample($0, at: fixture.time, jobs: 2, payload: 1000) })
        for number in 1...200 {
            guard case .duplicate = again[number - 1] else {
                #expect(lost.contains(number), "\(number): \(again[number - 1])")
                continue
            }
            #expect(!lost.contains(number))
        }
    }

    @Test("an expired delivery with the key of a lost one does not hold it, if its job counts as pending again")
    func expiredHolder() throws {
        do {
            let store = try fixture.open()
            _ = store.commit((1...100).map { sample($0, at: fixture.time, window: .seconds(60), payload: 1000) })
            try store.acknowledge(delivered(1...100))
            fixture.time.advance(by: .seconds(120))
            _ = store.commit((101...200).map { sample($0, key: $0 - 100, at: fixture.time, payload: 1000) })
            #expect(store.status.pendingJobs == 100)
            store.close()
        }
        try damage(job: 150)
        try fixture.damageRoot(of: "delivered", isInner: false)
        let report = try salvage()
        let store = try fixture.open()
        let pending = Set(try store.pending().map(\.job.type))
        let lost = (101...200).filter { !pending.contains("push-\($0)-0") }
        #expect(lost.contains(150) && lost.count < 30 && report.lostDeliveries == lost.count)
        #expect(pending.contains("push-50-0"))
        let again = store.outcomes(
            (101...200).map { sample(100 + $0, key: $0 - 100, at: fixture.time, payload: 1000) })
        for number in 101...200 {
            let isDuplicate = if case .duplicate = again[number - 101] { true } else { false }
            #expect(isDuplicate != lost.contains(number), "\(number): \(again[number - 101])")
        }
    }

    @Test("a delivery whose dead letter is lost is forgotten, and no other") func lostLetters() throws {
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        do {
            let before = try fixture.open()
            _ = before.commit((1...100).map { sample($0, at: fixture.time, payload: 1000) })
            func fail(_ jobs: ClosedRange<Int64>) throws {
                try before.deadLetter(jobs.map { FailedJob(job: $0, reason: .badField, detail: "No.") })
            }
            try fail(1...30)
            // Without a job, on the same page.
            _ = before.commit((101...110).map { sample($0, at: fixture.time, jobs: 0, deadLetters: [letter]) })
            try fail(31...60)
            before.close()
        }
        try damage(job: 30)
        let report = try salvage()
        #expect(report.tables.first { $0.name == "dead_letters" }?.isComplete == false, "\(report.lines)")
        let store = try fixture.open()
        let letters = Set(try store.queries.deadLetters(after: 0, limit: 200).map(\.deliveryID))
        let pending = Set(try store.pending().map(\.job))
        let lost = (1...110).filter { number in
            !letters.contains("delivery-\(number)") && !pending.contains(job(number, payload: 1000))
        }
        #expect(lost.contains(30) && lost.contains { $0 > 100 } && lost.count < 40)
        #expect(report.lostDeliveries == lost.count)
        let again = store.outcomes((1...110).map { sample($0, at: fixture.time, payload: 1000) })
        for number in 1...110 {
            guard case .duplicate = again[number - 1] else {
                #expect(lost.contains(number), "\(number): \(again[number - 1])")
                continue
            }
            #expect(!lost.contains(number), "\(number)")
        }
    }

    @Test("a delivery whose dead letter lost its request is forgotten, and the letter is not intact")
    func lostRequests() throws {
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        do {
            let before = try fixture.open()
            _ = before.commit(
                (1...100).map {
                    sample(
                        $0, at: fixture.time, jobs: 0, deadLetters: [letter],
                        request: Array("request-\($0)-".utf8) + [UInt8](repeating: 0x61, count: 900))
                })
            before.close()
        }
        try damage("request-50-")
        let report = try salvage()
        let store = try fixture.open()
        let letters = try store.queries.deadLetters(limit: 200)
        #expect(letters.count == 100)
        let lost = try letters.filter { try store.queries.deadLetter($0.id)?.request == nil }
        #expect(lost.contains { $0.deliveryID == "delivery-50" } && lost.count < 30)
        for letter in lost {
            #expect(letter.contentBytes == 0)
            #expect(try store.queries.deadLetter(letter.id)?.isIntact == false)
        }
        #expect(report.lostDeliveries == lost.count)
        #expect(fixture.accepted(store, 1...100).map { "delivery-\($0)" } == lost.map(\.deliveryID))
    }

    @Test("a delivery with a job whose dead letter is lost is forgotten, and its request does not stay for ever")
    func lostLettersWithJobs() throws {
        do {
            let before = try fixture.open()
            _ = before.commit(
                (1...100).map { number in
                    let letter = DeadLetter(
                        reason: .noMatchingRule, detail: "Letter \(number)." + String(repeating: "a", count: 900))
                    return sample(
                        number, at: fixture.time, deadLetters: number < 90 ? [letter] : [], request: [1, 2, 3],
                        keepsRequest: number.isMultiple(of: 2))
                })
            try before.acknowledge(delivered(1...100))
            before.close()
        }
        try damage("Letter 50.")
        let report = try salvage()
        let store = try fixture.open()
        let letters = Set(try store.queries.deadLetters(limit: 200).map(\.deliveryID))
        let lost = (1...89).filter { !letters.contains("delivery-\($0)") }
        #expect(lost.contains(50) && lost.count < 30)
        #expect(report.lostDeliveries == lost.count)
        #expect(try store.number("SELECT count(*) FROM requests WHERE job = 0") == letters.count)
        #expect(fixture.accepted(store, 1...100) == lost)
    }

    @Test("a lost dead letter of a job older than everything that was saved is found by the index")
    func lostLettersOfJobs() throws {
        fixture.configuration.keepDelivered = .zero
        try fill(1...200)
        do {
            let before = try fixture.open()
            try before.deadLetter(
                (1...30).map { FailedJob(job: $0, reason: .badField, detail: "Letter \($0).") })
            try before.acknowledge(delivered(31...199))
            fixture.time.advance(by: .seconds(1))
            while before.maintainIdle() {}
            #expect(try before.number("SELECT count(*) FROM jobs") == 1)
            before.close()
        }
        try damage("Letter 1.")
        let report = try salvage()
        let store = try fixture.open()
        let letters = Set(try store.queries.deadLetters(limit: 200).map(\.deliveryID))
        let lost = (1...30).filter { !letters.contains("delivery-\($0)") }
        #expect(lost.contains(1) && lost.count < 20)
        #expect(report.lostDeliveries >= lost.count)
        #expect(Set(fixture.accepted(store, 1...200)).isSuperset(of: lost))
    }

    @Test("new deliveries do not get the rows of deliveries that were not saved, but of which something else was")
    func lostRows() throws {
        for batch in 0..<4 { try fill((batch * 100 + 1)...(batch * 100 + 100)) }
        try damage("delivery-400")
        let report = try salvage()
        #expect(report.tables.first { $0.name == "deliveries" }?.saved ?? 0 > 50, "\(report.lines)")
        let store = try fixture.open()
        #expect(try store.number("SELECT next_delivery FROM progress") == 401)
        #expect(store.outcomes([sample(401, at: fixture.time)]) == [stored])
        #expect(try store.number("SELECT max(id) FROM deliveries") == 401)
    }

    @Test(
        "nor do they in an outbox that an earlier version salvaged",
        arguments: ["jobs", "requests", "parked", "dead_letters"])
    func reusedRows(table: String) throws {
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        let request: [UInt8]? = table == "requests" ? [1, 2, 3] : nil
        do {
            let before = try fixture.open()
            _ = before.commit(
                (1...10).map {
                    sample(
                        $0, at: fixture.time, deadLetters: table == "dead_letters" ? [letter] : [], request: request,
                        keepsRequest: request != nil)
                })
            if table == "parked" { try before.park(Array(1...10), because: .unlicensed) }
            let connection = before.session.connection
            if table != "jobs" { try connection.execute("UPDATE jobs SET delivery = 1") }
            try connection.execute(
                "DELETE FROM deliveries WHERE id > 5; UPDATE progress SET next_delivery = 1, checksum = NULL")
            before.close()
        }
        let store = try fixture.open()
        let next = sample(11, at: fixture.time, request: request, keepsRequest: request != nil)
        #expect(store.outcomes([next]) == [stored])
        #expect(try store.number("SELECT max(id) FROM deliveries") == 11)
    }

    @Test("what was delivered counts as delivered after a salvage, is removed, and keeps its keys")
    func deliveredJobs() throws {
        try fill(1...200)
        do {
            let before = try fixture.open()
            try before.acknowledge(delivered(1...60) + delivered(150...160))
            before.close()
        }
        try damage(job: 100)
        let report = try salvage()
        let store = try fixture.open()
        let pending = try store.pending().count
        #expect(store.status.pendingJobs == pending)
        #expect(store.firstPendingJobID == 61)
        #expect(report.lostDeliveries == 200 - 71 - pending)
        fixture.time.advance(by: .seconds(7200))
        while store.maintainIdle() {}
        #expect(try store.number("SELECT count(*) FROM jobs WHERE id <= 60") == 0)
        guard case .duplicate = store.outcomes([sample(1, at: fixture.time)])[0] else {
            return #expect(Bool(false), "the key of a delivered job was forgotten")
        }
    }

    @Test("an outbox that an earlier version salvaged no longer counts delivered jobs as pending")
    func phantomJobs() throws {
        try fill(1...200)
        do {
            let before = try fixture.open()
            try before.acknowledge(delivered(1...150))
            try before.session.connection.execute(
                "UPDATE progress SET first_pending = 1, finished = NULL, checksum = NULL")
            before.close()
        }
        let store = try fixture.open()
        #expect(store.status.pendingJobs == 50)
        try store.acknowledge(delivered(151...200))
        #expect(store.status.pendingJobs == 0)
        fixture.time.advance(by: .seconds(7200))
        while store.maintainIdle() {}
        #expect(try store.number("SELECT count(*) FROM jobs") == 0)
    }

    @Test(
        "a row with a value that its column does not allow is left out, and ends nothing",
        arguments: [("deliveries", "body_hash", "NULL"), ("jobs", "position", "'x'"), ("jobs", "payload", "7")])
    func badRow(table: String, column: String, value: String) throws {
        try fill(1...50)
        let sql = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try sql.execute("PRAGMA writable_schema = 1")
        try sql.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', ' ') WHERE type = 'table'")
        sql.close()
        let bad = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try bad.execute("UPDATE \(table) SET \(column) = \(value) WHERE id = 7")
        // Damage that is found.
        try bad.execute("UPDATE progress SET last_finished = -1")
        bad.close()
        let report = try salvage()
        for found in report.tables where ["jobs", "deliveries"].contains(found.name) {
            #expect(found.saved == (found.name == table ? 49 : 50) && found.gaps == 0, "\(report.lines)")
        }
    }

    @Test("rows on pages that are free are not saved: they were removed") func freePages() throws {
        fixture.configuration.keepDelivered = .zero
        try fill(1...400)
        do {
            let before = try fixture.open()
            try before.acknowledge(delivered(1...200))
            fixture.time.advance(by: .seconds(1))
            while before.maintainIdle() {}
            #expect(try before.number("PRAGMA freelist_count") > 5)
            before.close()
        }
        try fixture.damageRoot(of: "jobs")
        _ = try salvage()
        let pending = Set(try fixture.open().pending().map(\.job))
        #expect(pending == Set((201...400).map { job($0, payload: 1000) }))
    }

    @Test("rows below a damaged page of the tree are saved", arguments: ["jobs", "deliveries"])
    func innerPage(table: String) throws {
        try fill(1...400)
        try fixture.damageRoot(of: table)
        let report = try salvage()
        #expect(report.tables.first { $0.name == table }?.saved == 400, "\(report.lines)")
        #expect(report.lostDeliveries == 0 && report.isComplete == false)
        #expect(try fixture.open().pending().count == 400)
    }

    @Test("jobs behind a damaged page are read and acknowledged, and the damage is told")
    func readPast() async throws {
        try fill(1...300)
        fixture.configuration.cache = ByteCount(bytes: 65536)
        let store = try fixture.open()
        try damage(job: 100)
        let told = Monitor(0)
        let reader = try OutboxReader(fixture.configuration, onDamage: { _ in told.withLock { $0 += 1 } })
        var read: [Int64] = []
        while true {
            let page = try reader.nextJobs(from: (read.last ?? 0) + 1, limit: 40, maximumBytes: .max)
            guard !page.isEmpty else { break }
            read += page.map(\.id)
            try store.acknowledge(page.map { Acknowledgement(job: $0.id, zizqID: "z") })
        }
        #expect(read.first == 1 && read.last == 300 && (270..<300).contains(read.count) && !read.contains(100))
        #expect(told.withLock { $0 } == 1)
        #expect(store.status.pendingJobs == 300 - read.count)
    }

    @Test("saved jobs whose delivery is lost are listed with their keys, and no time if no job is lost")
    func lostRecords() throws {
        try fill(1...400)
        try damage("delivery-200")
        let report = try salvage()
        let store = try fixture.open()
        let lost = 400 - (report.tables.first { $0.name == "deliveries" }?.saved ?? 0)
        #expect(lost > 5 && lost < 300 && report.lostDeliveries == 0 && report.lostStretches == 0, "\(report.lines)")
        #expect(report.jobsWithoutDelivery == lost && store.status.rememberedKeys == 400 - lost)
        let time = TimestampText.format(milliseconds: fixture.time.wallMilliseconds())
        #expect(fixture.list(report).count == lost)
        #expect(fixture.list(report).contains("# job 200, stored \(time): the key github:200 is not remembered"))
        #expect(report.lines.last?.hasPrefix("\(lost) saved jobs lost the record of the delivery") ?? false)
        #expect(store.lostLists == [report.lostPath] && store.status.damagedFiles == 1)
    }

    @Test("the time from which jobs are lost together with their deliveries is listed", arguments: [200, 400])
    func lostTimes(number: Int) throws {
        do {
            let before = try fixture.open()
            for batch in 0..<4 {
                _ = before.commit((1...100).map { sample(batch * 100 + $0, at: fixture.time, payload: 1000) })
                fixture.time.advance(by: .seconds(60))
            }
            before.close()
        }
        try damage("delivery-\(number)")
        try damage(job: number)
        let report = try salvage()
        #expect(report.lostStretches == 1 && report.jobsWithoutDelivery > 0, "\(report.lines)")
        let line = try #require(fixture.list(report).first { $0.hasPrefix("# received ") })
        if number == 400 {
            #expect(
                line.hasPrefix("# received after ")
                    && line.hasSuffix(": deliveries that lost their record and jobs or dead letters"))
        } else {
            #expect(
                line.contains(
                    /^# received before .*Z: up to \d+ deliveries that lost their record and jobs or dead letters$/))
        }
        #expect(report.lines.contains { $0.hasPrefix("jobs are lost together with the records of their deliveries") })
    }
}
