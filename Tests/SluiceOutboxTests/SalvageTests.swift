import SluiceBase
import Testing

@testable import SluiceOutbox

/// What a salvage does with files that are damaged in any way.
struct SalvageTests {
    private static let count = 300

    /// The bytes of an outbox with so many jobs.
    private func file(payload: Int = 500) throws -> (bytes: [UInt8], time: ManualTime) {
        let fixture = Fixture()
        let store = try fixture.open()
        for batch in 0..<3 {
            _ = store.commit((1...100).map { sample(batch * 100 + $0, at: fixture.time, payload: payload) })
        }
        store.close()
        return (fixture.folder.read("outbox.db"), fixture.time)
    }

    private func fixture(_ bytes: [UInt8], _ time: ManualTime) -> Fixture {
        let fixture = Fixture()
        fixture.time.setWall(milliseconds: time.wallMilliseconds())
        fixture.folder.write(bytes, to: "outbox.db")
        return fixture
    }

    @Test("whatever bytes are wrong, a salvage ends, and saves nothing that was not stored", arguments: 1...60)
    func anyDamage(seed: Int) throws {
        var (bytes, time) = try file()
        var random = SeededRandom(seed: UInt64(seed))
        // In one page, or in some, wherever they are; the header stays readable.
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let page = Int.random(in: 1..<(bytes.count / Pragmas.pageSize), using: &random)
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                // Mostly where a page says what is in it.
                let place = Int.random(in: 0..<(Bool.random(using: &random) ? 200 : Pragmas.pageSize), using: &random)
                bytes[page * Pragmas.pageSize + place] = UInt8.random(in: .min ... .max, using: &random)
            }
        }
        let fixture = fixture(bytes, time)
        fixture.configuration.salvagesDamage = true
        if seed.isMultiple(of: 2) {
            do throws(StartupError) { _ = try OutboxStore.salvage(fixture.configuration, time: time) } catch {
                #expect(fixture.folder.read("outbox.db") == bytes, "\(error)")
                return
            }
        }
        guard let store = try? fixture.open() else {
            return #expect(fixture.folder.read("outbox.db") == bytes)
        }
        #expect(try store.session.connection.text("PRAGMA integrity_check") == "ok")
        let known = Set((1...Self.count).map { job($0, payload: 500) })
        for job in try store.pending() where job.isIntact { #expect(known.contains(job.job)) }
    }

    /// The lock is free when this returns.
    private func fill(_ fixture: Fixture, then sql: String) throws {
        let store = try fixture.open()
        for number in 1...100 {
            _ = store.commit([sample(number, at: fixture.time, request: [1, 2, 3], keepsRequest: true)])
        }
        try store.acknowledge([2, 3, 7].map { Acknowledgement(job: $0, zizqID: "z") })
        try store.session.connection.execute(sql)
        store.close()
    }

    @Test(
        "figures that cannot be right are damage, and not the end of the process",
        arguments: [
            "UPDATE progress SET first_pending = -5", "UPDATE progress SET last_finished = 1 << 62",
            "UPDATE progress SET next_position = -1, parked_bytes = 1 << 62",
            "UPDATE progress SET next_delivery = (1 << 62) + (1 << 62)", "UPDATE jobs SET position = -(1 << 62)",
            "UPDATE forgetting SET window = 9000000000000000000",
        ])
    func wrongFigures(sql: String) throws {
        let fixture = Fixture()
        try fill(fixture, then: sql)
        fixture.configuration.salvagesDamage = true
        let again = try fixture.open()
        fixture.time.advance(by: .seconds(8 * 86_400))
        for _ in 0..<100 { _ = again.maintainIdle() }
        _ = again.commit([sample(200, at: fixture.time)])
        #expect(try again.pending().contains { $0.job == job(200) })
    }

    @Test("rows whose numbers are wrong do not keep a salvage from ending, nor from the rows behind them")
    func wrongNumbers() throws {
        var (bytes, time) = try file()
        // In each leaf page of a table: the number of its second row, behind the length of the row, becomes 1.
        var changed = 0
        for page in stride(from: Pragmas.pageSize, to: bytes.count, by: Pragmas.pageSize) where bytes[page] == 0x0D {
            guard bytes[page + 3] > 0 || bytes[page + 4] > 4 else { continue }
            let cell = page + Int(bytes[page + 10]) << 8 + Int(bytes[page + 11])
            let lengthBytes = bytes[cell] & 0x80 == 0 ? 1 : 2
            guard bytes[cell + lengthBytes] & 0x80 != 0 else { continue }
            (bytes[cell + lengthBytes], bytes[cell + lengthBytes + 1]) = (0x80, 1)
            changed += 1
        }
        #expect(changed > 5)
        let fixture = fixture(bytes, time)
        let report = try #require(try OutboxStore.salvage(fixture.configuration, time: time))
        let saved = report.tables.first { $0.name == "jobs" }?.saved ?? 0
        #expect(saved > Self.count / 2, "\(report.lines)")
    }

    @Test("a start does not go on with a file of which less than half can be read; a person may")
    func tooLittle() throws {
        var (bytes, time) = try file(payload: 6000)
        // Leaves of tables, but for the first few, which have the schema.
        for page in stride(from: 60 * Pragmas.pageSize, to: bytes.count, by: Pragmas.pageSize)
        where bytes[page] == 0x0D {
            for index in page..<(page + 100) { bytes[index] = 0xA5 }
        }
        let fixture = fixture(bytes, time)
        fixture.configuration.salvagesDamage = true
        #expect {
            try fixture.open()
        } throws: { error in
            let sentence = (error as? StartupError)?.sentence ?? ""
            return sentence.contains(
                "more than half of it cannot be read. To continue with the rest, run sluice outbox salvage")
        }
        #expect(fixture.folder.read("outbox.db") == bytes)
        _ = try OutboxStore.salvage(fixture.configuration, time: time)
        #expect(try fixture.open().status.damagedFiles == 1)
    }
}
