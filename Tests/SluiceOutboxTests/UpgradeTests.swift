import SluiceBase
import SluiceInflate
import Testing

@testable import SluiceOutbox

extension Fixture {
    /// An empty outbox of an earlier format.
    fileprivate func make(format: Int) throws -> Connection {
        try OutboxFile.prepare(configuration.path)
        let connection = try Connection(path: configuration.path, vfs: nil, access: .readWrite)
        try Pragmas.prepareEmpty(connection)
        try Pragmas.applyForWriting(connection, cache: .mebibytes(1))
        try Migration.run(connection, from: 0, migrations: Array(Schema.migrations.prefix(format)))
        return connection
    }
}

/// An outbox of format 1, whose dead letters hold a request each.
struct UpgradeTests {
    let fixture = Fixture()

    private func makeFormat1() throws {
        let connection = try fixture.make(format: 1)
        let checksum = Int64(bitPattern: StoredJob.checksum(job(1)))
        let columns = "type, queue, unique_key, unique_while, options"
        let values = "'push-1-0', 'default', 'github:1', 'exists', CAST('\"priority\":5' AS BLOB)"
        let payload = "CAST('\"\(String(repeating: "a", count: 100))\"' AS BLOB)"
        for sql in [
            """
            INSERT INTO deliveries VALUES (1, 'delivery-1', 'github', 1000, 9999999999999, 1, 0, NULL, NULL, x'00'),
                (2, 'delivery-2', 'github', 2000, 9999999999999, 0, 0, NULL, NULL, x'00')
            """,
            """
            INSERT INTO jobs (id, delivery, position, stored_at, \(columns), checksum, payload)
            VALUES (1, 1, 0, 1000, \(values), \(checksum), \(payload))
            """,
            "INSERT INTO dead_letters (delivery, died_at, reason, detail, bytes, request) VALUES (2, 5, 'bad_field', "
                + "'No.', 263, x'01020304')",
            "INSERT INTO dead_letters (delivery, died_at, reason, detail, bytes, request) VALUES (2, 5, 'bad_field', "
                + "'No.', 263, x'01020304')",
            """
            INSERT INTO dead_letters (delivery, died_at, reason, detail, bytes, \(columns), payload)
            VALUES (1, 6, 'refused_by_zizq', 'No.', 500, \(values), \(payload))
            """,
            "UPDATE progress SET dead_letters = 3, dead_letter_bytes = 1026",
        ] { try connection.execute(sql) }
        _ = try connection.checkpoint(.truncate)
        connection.close()
    }

    @Test("dead letters of format 1 keep their requests and can be retried") func deadLettersFormat1() throws {
        try makeFormat1()
        let store = try fixture.open()
        #expect(try store.number("PRAGMA user_version") == Int64(Schema.currentVersion))
        #expect(store.status.deadLetters == 3)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 1026)
        #expect(try store.pending().map(\.job) == [job(1)])
        let letters = try store.queries.deadLetters(after: 0)
        #expect(letters.map(\.contentBytes) == [4, 4, 102])
        #expect(letters.allSatisfy { $0.element == nil && $0.rule == nil })
        #expect(try store.queries.deadLetter(1)?.request == [1, 2, 3, 4])
        #expect(try store.queries.deadLetter(3)?.request == nil)
        #expect(try store.queries.request(ofDelivery: "delivery-2")?.request == [1, 2, 3, 4])
        #expect(try store.replaceDeadLetter(1, with: [job(7)]) == [2])
        #expect(try store.queries.deadLetter(2)?.request == [1, 2, 3, 4])
        #expect(try store.retryDeadLetter(3) == 3)
        #expect(store.status.undeliveredBytes == 2 * job(1).byteCost + job(7).byteCost + 263)
        #expect(try store.replaceDeadLetter(2, with: []).isEmpty)
        #expect(store.status.deadLetters == 0)
    }

    @Test("an outbox of format 6 opens with its jobs and an empty quarantine, which then takes requests")
    func format6() throws {
        let connection = try fixture.make(format: 6)
        try connection.execute("INSERT INTO learnt_secrets VALUES (1, 'a', x'00', 1)")
        connection.close()
        let store = try fixture.open()
        #expect(try store.learntSecrets() == ["a": [[0]]])
        #expect(store.quarantine.sum.requests == 0)
        #expect(try store.queries.quarantined(QuarantineRange()).isEmpty)
        let request = QuarantinedRequest(
            route: "a", receivedAtMilliseconds: 1, expiresAtMilliseconds: 2, sender: .unknown, reason: "no match",
            bytes: [1])
        #expect(store.quarantine.reserve(QuarantineCharge(request), limits: QuarantineLimits()) == nil)
        #expect(store.keepQuarantined([request]))
        #expect(try store.queries.quarantined(1)?.request == [1])
    }

    @Test("old and new dead letters stand beside each other") func oldNewDead() throws {
        try makeFormat1()
        do {
            let store = try fixture.open()
            let letter = DeadLetter(reason: .noMatchingRule, detail: "None.", share: DeliveryShare(element: 3))
            _ = store.commit([sample(9, at: fixture.time, jobs: 0, deadLetters: [letter], request: [9, 9])])
            store.close()
        }
        let store = try fixture.open()
        let requests = try [1, 2, 3, 4].map { try store.queries.deadLetter($0)?.request }
        #expect(requests == [[1, 2, 3, 4], [1, 2, 3, 4], nil, [9, 9]])
        #expect(try store.queries.deadLetters(after: 3).map(\.element) == [3])
        #expect(try store.number("SELECT count(*) FROM requests") == 1)
    }
}

struct KeyIndexUpgradeTests {
    private let fixture = Fixture { $0.keepDelivered = .zero }

    /// An outbox of format 3 in which the keys of deliveries 1 to 20 are in the table `seen`, and 21 to 30 are not.
    private func makeFormat3() throws {
        let connection = try fixture.make(format: 3)
        let now = fixture.time.wallMilliseconds()
        for row in 1...30 {
            let key = "x'\(Fingerprint(number: row).description)'"
            try connection.execute(
                """
                INSERT INTO deliveries VALUES (\(row), 'delivery-\(row)', 'github', \(now),
                    \(now + (row <= 10 ? 60_000 : 600_000)), 0, 0, NULL, \(row % 5 == 0 ? "NULL" : key),
                    x'\(Fingerprint(number: -1 - row).description)', NULL)
                """)
            if row <= 20, row % 5 != 0 { try connection.execute("INSERT INTO seen VALUES (\(key), \(row))") }
        }
        try connection.execute("UPDATE progress SET next_delivery = 31, round_before = 21, round_start = 25")
        connection.close()
    }

    @Test("the keys of format 3 are found, counted and forgotten in their time") func format3() throws {
        try makeFormat3()
        let store = try fixture.open()
        #expect(store.status.rememberedKeys == 24)
        for row in 1...30 where row % 5 != 0 {
            let again = store.outcomes([sample(100, key: row, at: fixture.time)])
            #expect(again == [.duplicate(firstDeliveryID: "delivery-\(row)", changedBody: false)])
        }
        fixture.time.advance(by: .seconds(61))
        while store.maintainIdle() {}
        #expect(store.status.rememberedKeys == 16)
        #expect(try store.number("SELECT count(*) FROM seen") == 16)
        #expect(try fixture.afterCrash().store.status.rememberedKeys == 16)
        fixture.time.advance(by: .seconds(600))
        while store.maintainIdle() {}
        #expect(store.status.rememberedKeys == 0)
        #expect(try store.number("SELECT count(*) FROM seen") == 0)
        #expect(try store.number("SELECT seen_end FROM progress") == 1)
    }
}

/// Outboxes that the shipped program of an earlier commit has written: each has a delivered job, a parked one with a
/// batch, pending ones with options and keys of every kind, and dead letters with and without a job.
@Suite(.serialized) struct EarlierOutboxTests {
    static let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/Outboxes"
    static let versions = ["2283e06", "9a353be"]

    private func fixture(_ version: String) throws -> Fixture {
        let fixture = Fixture()
        let compressed = TemporaryFolder(existing: Self.folder).read("\(version).db.gz")
        fixture.folder.write(try Gzip.inflate(compressed.span, limit: 1 << 20), to: "outbox.db")
        fixture.time.setWall(milliseconds: 1_795_904_200_000)
        return fixture
    }

    private let kindOptions =
        #""priority":7,"retry_limit":3,"backoff":{"base_ms":1000,"exponent":2.5,"jitter_ms":30},"#
        + #""retention":{"completed_ms":3600000,"dead_ms":86400000}"#

    private func foldOptions(_ id: String, priority: Int, readyAt: Int64) -> String {
        #""priority":\#(priority),"ready_at":\#(readyAt),"batch":{"key":"b-\#(id)","when":"true","fold":"$new"},"#
            + #""retry_limit":2"#
    }

    @Test("an outbox of an earlier program opens, and its jobs are the ones that were stored", arguments: versions)
    func jobs(version: String) throws {
        let fixture = try fixture(version)
        let store = try fixture.open()
        #expect(try store.number("PRAGMA user_version") == Int64(Schema.currentVersion))
        let pending = try store.pending()
        #expect(pending.allSatisfy { $0.isIntact })
        #expect(pending.prefix(5).map(\.id) == [3, 4, 5, 6, 7])
        #expect(pending.prefix(5).map(\.job.type) == ["order", "order", "fold", "own", "plain"])
        #expect(pending.prefix(5).map(\.job.queue) == ["orders", "orders", "default", "default", "default"])
        #expect(pending.prefix(5).map(\.job.uniqueKey) == ["orders:a", "orders:a~1", nil, "mine", "strict:d"])
        #expect(pending.prefix(5).map(\.job.uniqueWhile) == [.exists, .exists, nil, .active, .exists])
        #expect(pending.prefix(5).map(\.job.options.hasBatch) == [false, false, true, false, false])
        let fold = foldOptions("b", priority: 1, readyAt: 1_900_000_000_000)
        #expect(
            pending.prefix(5).map { String(decoding: $0.job.options.members, as: UTF8.self) }
                == [kindOptions, kindOptions, fold, "", ""])
        #expect(
            pending.first.map { String(decoding: $0.job.payload, as: UTF8.self) }
                == #"{"id":"a","note":"a \"batch\": in a payload"}"#)
        #expect(try store.queries.jobs(.delivered).map(\.uniqueKey) == ["orders:delivered"])
        #expect(store.status.undeliveredBytes > pending.reduce(0) { $0 + $1.job.byteCost })
    }

    @Test("its parked jobs and dead letters can be sent again", arguments: versions)
    func parkedAndDead(version: String) throws {
        let fixture = try fixture(version)
        let store = try fixture.open()
        #expect(store.status.parkedJobs == 1)
        let parked = try #require(try store.queries.job(2))
        #expect(parked.isIntact && parked.job.options.hasBatch)
        #expect(
            String(decoding: parked.job.options.members, as: UTF8.self)
                == foldOptions("parked", priority: 9, readyAt: 1_893_553_445_000))
        #expect(try store.unpark() == 1)
        #expect(store.status.parkedJobs == 0)
        let changed = try #require(try store.queries.deadLetter(1))
        #expect(changed.isIntact && changed.job?.uniqueKey == "strict:d~1" && changed.job?.uniqueWhile == .exists)
        let requeued = try store.retryDeadLetter(1)
        #expect(
            try store.pending().last.map { [$0.id == requeued, $0.isIntact, $0.job == changed.job] } == [
                true, true, true,
            ])
        let letter = try #require(try store.queries.deadLetter(2))
        #expect(letter.letter.reason == "bad_field" && letter.job == nil)
        #expect(
            letter.request.map { String(decoding: $0, as: UTF8.self).hasSuffix(#"{"id":"e","priority":"high"}"#) }
                == true)
        #expect(throws: OutboxError.needsRendering) { try store.retryDeadLetter(2) }
        #expect(try store.replaceDeadLetter(2, with: [job(9)]) == [requeued + 1])
    }

    @Test("its keys still hold: by body, by generation and by the policy of the route", arguments: versions)
    func keys(version: String) throws {
        let fixture = try fixture(version)
        let store = try fixture.open()
        let rows = try store.session.connection.prepare(
            "SELECT key, body_hash, delivery_id FROM deliveries ORDER BY id")
        var known: [(key: Fingerprint, body: Fingerprint, id: String)] = []
        while try rows.step() {
            known.append((try #require(rows.key(0)), try #require(rows.key(1)), rows.text(2)))
        }
        rows.reset()
        func submission(_ place: Int, body: Fingerprint, _ policy: ChangedBodyPolicy) -> Submission {
            let part = Delivery.Part(key: DeliveryKey(hash: known[place].key), bodyHash: body, jobs: [job(50)])
            return Submission(
                Delivery(
                    id: "new", route: "orders", receivedAtMilliseconds: fixture.time.wallMilliseconds(),
                    dedupeWindow: .seconds(60), onChangedBody: policy, parts: [part]), origin: 0, ticket: 0,
                enqueuedAtNanoseconds: 0)
        }
        let other = Fingerprint(number: 1)
        // The third and the fourth have one key and two bodies.
        #expect(
            store.outcomes([
                submission(2, body: known[2].body, .accept), submission(2, body: known[3].body, .accept),
                submission(2, body: other, .duplicate), submission(2, body: other, .accept),
            ]) == [
                .duplicate(firstDeliveryID: known[2].id, changedBody: false),
                .duplicate(firstDeliveryID: known[3].id, changedBody: false),
                .duplicate(firstDeliveryID: known[3].id, changedBody: true),
                .stored(jobs: 1, deadLetters: [], duplicates: 0, changedBody: true),
            ])
        #expect(try store.pending().last?.job.uniqueKey == "github:50~2")
    }

    @Test("a row whose unique_while no program wrote is not sent")
    func changedScope() throws {
        let fixture = try fixture("9a353be")
        let store = try fixture.open()
        try store.session.connection.execute("UPDATE jobs SET unique_while = 'forever' WHERE id = 3")
        #expect(try store.pending().first.map { [$0.isIntact, $0.job.uniqueWhile == nil] } == [false, true])
    }
}
