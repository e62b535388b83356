import SluiceBase
import Testing

@testable import SluiceOutbox

/// The write-ahead log while another program reads the outbox.
@Suite struct LogTests {
    private static let step = 64

    private static func fixture() -> Fixture {
        Fixture { $0.checkpointEvery = ByteCount(bytes: step * Pragmas.pageSize) }
    }

    /// Deliveries, of which each makes the log longer by more than a frame if a reader holds it.
    private static func fill(_ store: OutboxStore, frames: Int, at time: ManualTime) {
        for _ in 0..<frames where store.session.connection.walFrames < frames {
            #expect(store.outcomes([sample(Int(store.lastJobID) + 1, at: time, payload: 20000)]) == [stored])
            store.maintain()
        }
    }

    private static func reader(of fixture: Fixture) throws -> Connection {
        let reader = try Connection(path: fixture.configuration.path, vfs: nil, access: .readOnly)
        try reader.execute("BEGIN")
        _ = try reader.integer("SELECT count(*) FROM jobs")
        return reader
    }

    @Test("what a reader holds of the log is in the status, and is copied in short steps once the reader has gone")
    func heldLog() throws {
        let fixture = Self.fixture()
        let store = try fixture.open()
        Self.fill(store, frames: 10, at: fixture.time)
        let reader = try Self.reader(of: fixture)
        Self.fill(store, frames: 20 * Self.step, at: fixture.time)
        #expect(store.status.heldLogBytes >= 19 * Self.step * Pragmas.pageSize)

        try reader.execute("COMMIT")
        fixture.time.advance(by: .seconds(1))
        var steps = 0
        while store.session.connection.walFrames - store.log.copied > 2 * Self.step {
            let before = store.log.copied
            store.maintain()
            steps += 1
            #expect(store.log.copied - before <= Self.step / 4 + 10)
            #expect(store.outcomes([sample(5000 + steps, at: fixture.time)]) == [stored])
        }
        #expect(steps > 60)
        #expect(store.status.heldLogBytes == 0)
        // The rest in one go, and the log starts at its beginning.
        store.maintain()
        _ = store.commit([sample(9000, at: fixture.time)])
        #expect(store.session.connection.walFrames < Self.step)
        #expect(try store.session.connection.text("PRAGMA quick_check") == "ok")
        reader.close()
    }

    @Test("a quiet moment copies a long log whole") func quietMoment() throws {
        let fixture = Self.fixture()
        let store = try fixture.open()
        let reader = try Self.reader(of: fixture)
        Self.fill(store, frames: 8 * Self.step, at: fixture.time)
        reader.close()
        fixture.time.advance(by: .seconds(1))
        while store.maintainIdle() {}
        #expect(store.log.copied == store.session.connection.walFrames)
        #expect(store.log.held == 0)
    }

    @Test("while readers use every mark of the log it is copied as far as they let it, and deliveries are stored")
    func everyMark() throws {
        let fixture = Self.fixture()
        let store = try fixture.open()
        var readers: [Connection] = []
        for part in 1...5 {
            readers.append(try Self.reader(of: fixture))
            Self.fill(store, frames: part * 3 * Self.step, at: fixture.time)
        }
        Self.fill(store, frames: 20 * Self.step, at: fixture.time)
        #expect(store.log.held > 0)
        readers.forEach { $0.close() }
        fixture.time.advance(by: .seconds(1))
        while store.maintainIdle() {}
        #expect(store.log.copied == store.session.connection.walFrames)
        #expect(try fixture.afterCrash().store.status.pendingJobs == store.status.pendingJobs)
    }
}
