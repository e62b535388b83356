import SluiceBase
import Testing

@testable import SluiceOutbox

/// An outbox of format 1, whose dead letters hold a request each.
struct UpgradeTests {
    let fixture = Fixture()

    private func makeFormat1() throws {
        try OutboxFile.prepare(fixture.configuration.path)
        let connection = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try Pragmas.prepareEmpty(connection)
        try Pragmas.applyForWriting(connection, cache: .mebibytes(1))
        try Migration.run(connection, from: 0, migrations: Array(Schema.migrations.prefix(1)))
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

    @Test func deadLettersOfFormat1KeepTheirRequestsAndCanBeRetried() throws {
        try makeFormat1()
        let store = try fixture.open()
        #expect(try store.number("PRAGMA user_version") == 3)
        #expect(store.status.deadLetters == 3)
        #expect(store.status.undeliveredBytes == job(1).byteCost + 1026)
        #expect(try store.pending().map(\.job) == [job(1)])
        let letters = try store.deadLetters(after: 0)
        #expect(letters.map(\.contentBytes) == [4, 4, 102])
        #expect(letters.allSatisfy { $0.element == nil && $0.rule == nil })
        #expect(try store.deadLetter(1)?.request == [1, 2, 3, 4])
        #expect(try store.deadLetter(3)?.request == nil)
        #expect(try store.request(ofDelivery: "delivery-2")?.request == [1, 2, 3, 4])
        #expect(try store.replaceDeadLetter(1, with: [job(7)]) == [2])
        #expect(try store.deadLetter(2)?.request == [1, 2, 3, 4])
        #expect(try store.retryDeadLetter(3) == 3)
        #expect(store.status.undeliveredBytes == 2 * job(1).byteCost + job(7).byteCost + 263)
        #expect(try store.replaceDeadLetter(2, with: []).isEmpty)
        #expect(store.status.deadLetters == 0)
    }

    @Test func oldAndNewDeadLettersStandBesideEachOther() throws {
        try makeFormat1()
        do {
            let store = try fixture.open()
            let letter = IngestDeadLetter(reason: .noMatchingRule, detail: "None.", element: 3)
            _ = store.commit([sample(9, at: fixture.time, jobs: 0, deadLetters: [letter], request: [9, 9])])
            store.close()
        }
        let store = try fixture.open()
        #expect(
            try [1, 2, 3, 4].map { try store.deadLetter($0)?.request } == [[1, 2, 3, 4], [1, 2, 3, 4], nil, [9, 9]])
        #expect(try store.deadLetters(after: 3).map(\.element) == [3])
        #expect(try store.number("SELECT count(*) FROM requests") == 1)
    }
}
