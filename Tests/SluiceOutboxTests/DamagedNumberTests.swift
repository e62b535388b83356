import SluiceBase
import Testing

@testable import SluiceOutbox

/// Rows whose numbers were changed on the disk: they are shown, counted and removed like others, or the outbox counts
/// as damaged.
struct DamagedNumberTests {
    private let fixture = Fixture()
    private var time: ManualTime { fixture.time }

    /// An outbox with two rows in each table that people can see.
    private func fill() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.", share: DeliveryShare(element: 1, rule: 2))
        _ = store.commit(
            (1...12).map {
                sample(
                    $0, at: time, deadLetters: $0 > 10 ? [letter] : [], request: [1, 2, 3], keepsRequest: true,
                    route: "r")
            })
        try store.acknowledge([1, 2].map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        try store.park([3, 4], because: .unlicensed)
        try store.park([5, 6], because: .refused("No."))
        try store.deadLetter([7, 8].map { FailedJob(job: $0, reason: .refusedByZizq, detail: "No.") })
        _ = store.keepQuarantined((0..<2).map { _ in quarantined() })
        store.close()
    }

    private func quarantined() -> QuarantinedRequest {
        let now = time.wallMilliseconds()
        return QuarantinedRequest(
            route: "r", receivedAtMilliseconds: now, expiresAtMilliseconds: now + 3_600_000,
            sender: PeerAddress(ipv4: (192, 0, 2, 1), port: 0), reason: "no match", bytes: [1, 2, 3])
    }

    /// The columns of numbers that do not identify a row.
    private func columns() throws -> [(table: String, column: String)] {
        let connection = try Connection(path: fixture.configuration.path, vfs: nil, access: .readOnly)
        defer { connection.close() }
        let sql = """
            SELECT info.name, tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS info
            WHERE tables.type = 'table' AND info.type = 'INTEGER' AND pk = 0
            """
        return try connection.prepare(sql).all { (table: $0.text(1), column: $0.text(0)) }
    }

    private func use(_ store: OutboxStore, at time: ManualTime) throws {
        #expect(store.status.oldestPendingAtMilliseconds.map { abs(time.wallMilliseconds() - $0) < 1 << 54 } ?? true)
        for state in JobState.allCases { _ = try store.queries.jobs(state) }
        _ = try store.queries.deliveries()
        for letter in try store.queries.deadLetters() {
            #expect((letter.element ?? 0) + 1 < .max && (letter.rule ?? 0) + 1 < .max)
            _ = try store.queries.exportedDeadLetter(letter.id)
        }
        _ = try store.queries.quarantined(QuarantineRange())
        _ = try store.queries.request(ofDelivery: "delivery-11")
        let range = ReplayRange(delivered: 0...Int64.max, route: nil)
        _ = try store.queries.replayFigures(range)
        _ = try? store.replay(try store.queries.replayedJobs(range, limit: 10))
        _ = store.outcomes((1...13).map { sample($0, body: 99, at: time, rule: .accept, request: [1], route: "r") })
        _ = try? store.forgetKeys([Fingerprint(number: 1)])
        _ = store.outcomes([sample(14, key: 1, at: time)])
        _ = try? store.unpark()
        try? store.takeBack([5, 6], acknowledgements: [Acknowledgement(job: 5, zizqID: "z")])
        for id in 1...4 { _ = try? store.retryDeadLetter(Int64(id)) }
        for id in 1...4 { _ = try? store.replaceDeadLetter(Int64(id), with: [job(20)]) }
        try? store.acknowledge((9...20).map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        _ = try? store.dropQuarantined(QuarantineRange())
        time.advance(by: .seconds(8 * 86_400))
        for _ in 0..<20 where store.maintainIdle() { store.maintain() }
        #expect(store.status.undeliveredBytes < 1 << 60)
    }

    @Test("no number in a row ends the process, or makes an outbox that cannot be opened again")
    func everyColumn() throws {
        try fill()
        let now = time.wallMilliseconds()
        for (table, column) in try columns() {
            for value in [Int64.max, .min] {
                let copy = Fixture()
                copy.folder.write(fixture.folder.read("outbox.db"), to: "outbox.db")
                copy.configuration.salvagesDamage = true
                copy.time.setWall(milliseconds: now)
                let sql = try Connection(path: copy.configuration.path, vfs: nil, access: .readWrite)
                try sql.execute("UPDATE \(table) SET \(column) = \(value)")
                sql.close()
                do {
                    let store = try copy.open()
                    try use(store, at: copy.time)
                    store.close()
                }
                try copy.open().close()
            }
        }
    }

    @Test(
        "an id beyond all others is damage that the start finds", arguments: ["parked", "dead_letters", "quarantine"])
    func identifiers(table: String) throws {
        try fill()
        let sql = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try sql.execute("UPDATE \(table) SET rowid = \(Int64.max) WHERE rowid = (SELECT max(rowid) FROM \(table))")
        sql.close()
        #expect(throws: StartupError.self) { try fixture.open() }
        fixture.configuration.salvagesDamage = true
        let store = try fixture.open()
        #expect(store.salvaged?.tables.first { $0.name == table }?.isComplete == false)
    }

    @Test("a job that is neither pending nor delivered is never removed, and sent after a salvage")
    func neverDelivered() throws {
        try fixture.fill(1...20)
        do {
            let store = try fixture.open()
            try store.acknowledge((1...20).map { Acknowledgement(job: $0, zizqID: "z\($0)") })
            try store.session.connection.execute("DELETE FROM delivered WHERE job = 7")
            fixture.time.advance(by: .seconds(8 * 86400))
            for _ in 0..<10 where store.maintainIdle() {}
            #expect(store.damage?.message == "job 7 is neither pending nor delivered")
            #expect(try store.number("SELECT count(*) FROM jobs WHERE id = 7") == 1)
            store.close()
        }
        #expect(try fixture.salvage().cause.contains("job 7"))
        #expect(try fixture.open().pending().map(\.id) == [7])
    }

    @Test("a salvage that a person asks for finds an index that differs from its table, and makes it again")
    func wrongIndex() throws {
        do {
            let store = try fixture.open()
            let letter = DeadLetter(reason: .badField, detail: "No.")
            _ = store.commit((1...5).map { sample($0, at: fixture.time, deadLetters: [letter], request: [1]) })
            try store.session.connection.execute(
                """
                PRAGMA writable_schema = 1;
                UPDATE sqlite_schema SET sql = 'CREATE INDEX dead_letters_delivery ON dead_letters (died_at)'
                WHERE name = 'dead_letters_delivery'
                """)
            store.close()
        }
        #expect(try fixture.salvage().isComplete)
        let store = try fixture.open()
        #expect(store.status.deadLetters == 5 && store.status.pendingJobs == 5)
        #expect(try store.session.connection.text("PRAGMA integrity_check") == "ok")
    }
}
