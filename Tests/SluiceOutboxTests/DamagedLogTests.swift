import SluiceBase
import Testing

@testable import SluiceOutbox

/// What is said of a write-ahead log with a wrong checksum.
struct DamagedLogTests {
    private static let frame = 24 + Pragmas.pageSize

    /// A store with some transactions in its log.
    private func open() throws -> (store: OutboxStore, fixture: Fixture, log: [UInt8]) {
        let fixture = Fixture()
        let store = try fixture.open()
        for batch in 0..<20 {
            _ = store.commit((1...5).map { sample(batch * 5 + $0, at: fixture.time, payload: 3000) })
        }
        return (store, fixture, fixture.folder.read("outbox.db-wal"))
    }

    private func find(_ log: [UInt8]) -> DamagedLog? {
        DamagedLog.find { offset, count in Array(log.dropFirst(offset).prefix(count)) }
    }

    @Test("a log that is whole, or cut anywhere, is not damaged") func whole() throws {
        let log = try open().log
        #expect(find(log) == nil)
        for length in stride(from: 0, to: log.count, by: 99_991) { #expect(find(Array(log.prefix(length))) == nil) }
    }

    @Test("a flipped bit in front of further transactions is damage, wherever it is", arguments: 1...40)
    func flipped(seed: Int) throws {
        var log = try open().log
        var random = SeededRandom(seed: UInt64(seed))
        let frames = (log.count - 32) / Self.frame
        let inHeaders = Bool.random(using: &random)
        let number = Int.random(in: 0..<(frames / 2), using: &random)
        let place = 32 + number * Self.frame + Int.random(in: 0..<(inHeaders ? 24 : Self.frame), using: &random)
        log[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        let found = try #require(find(log))
        #expect((frames - number - 1...frames - number).contains(found.frames) && found.transactions > 3, "\(found)")
    }

    @Test("a flipped bit in the header of the log is damage", arguments: [0, 3, 9, 17, 25, 31])
    func header(place: Int) throws {
        var log = try open().log
        log[place] ^= 4
        #expect(find(log) != nil)
    }

    @Test("a last transaction that is torn is none: it was not acknowledged") func torn() throws {
        var log = try open().log
        log[log.count - 5] ^= 1
        #expect(find(log) == nil)
    }

    @Test("the frames of an earlier round behind the last transaction are no damage") func earlierRound() throws {
        let (earlier, log) = (try open().log, try open().log)
        for frames in stride(from: 1, to: log.count / Self.frame, by: 3) {
            let length = 32 + frames * Self.frame
            #expect(find(Array(log.prefix(length) + earlier.dropFirst(length))) == nil, "\(frames)")
        }
    }

    @Test("the damaged log is copied before SQLite writes over it, and the outbox opens with what is in front")
    func copied() throws {
        let (store, fixture, log) = try open()
        defer { store.close() }
        let (again, copy) = try fixture.afterCrash { $0[$0.count / 2] ^= 1 }
        #expect(again.damagedLog != nil)
        let name = try #require(copy.folder.names.first { $0.hasPrefix("outbox.db-wal.damaged-") })
        #expect(copy.folder.mode(of: name) == 0o600)
        #expect(zip(copy.folder.read(name), log).count { $0 != $1 } == 1)
        #expect(again.status.damagedFiles == 1)
        #expect((1..<100).contains(try again.pending().count))
    }
}
