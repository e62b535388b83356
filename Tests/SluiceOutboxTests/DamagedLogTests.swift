import Logging
import SluiceBase
import Synchronization
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

    @Test("the start that copies the damaged log does not call the copy one of earlier") func logged() async throws {
        let (store, fixture, _) = try open()
        defer { store.close() }
        let copy = Fixture()
        var log = fixture.folder.read("outbox.db-wal")
        log[log.count / 2] ^= 1
        copy.folder.write(fixture.folder.read("outbox.db"), to: "outbox.db")
        copy.folder.write(log, to: "outbox.db-wal")
        #expect(try await messages(copy) == ["the write-ahead log of the outbox was damaged"])
        #expect(try await messages(copy) == ["a damaged outbox was renamed earlier"])
    }

    @Test(
        "a clock that was set is reported with its direction and distance",
        arguments: [
            (691_203, "the clock was set forward by about 8d since the start"),
            (-691_203, "the clock was set back by about 8d since the start"),
            (86_400, "the clock was set forward by about 1d since the start"),
            (-400, "the clock was set back by about 7m since the start"),
        ])
    func clock(seconds: Int64, message: String) async throws {
        let fixture = Fixture()
        let lines = LoggedMessages()
        let writer = try OutboxWriter(
            fixture.configuration, time: fixture.time, log: Logger(label: "test") { _ in lines.handler }
        ) { _, _ in }
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + seconds * 1000)
        writer.submit(sample(1, at: fixture.time))
        while lines.all.isEmpty { await Task.yield() }
        await writer.close()
        #expect(lines.all.first?.hasPrefix(message + ":") == true, "\(lines.all)")
    }

    /// The beginnings of what the writer logs at its start.
    private func messages(_ fixture: Fixture) async throws -> [String] {
        let lines = LoggedMessages()
        let writer = try OutboxWriter(
            fixture.configuration, time: fixture.time, log: Logger(label: "test") { _ in lines.handler }
        ) { _, _ in }
        await writer.close()
        return lines.all.map { String($0.prefix { $0 != ":" && $0 != ";" }) }
    }
}

/// Warnings and errors that were logged.
private final class LoggedMessages: Sendable {
    private let messages = Mutex<[String]>([])

    var all: [String] { messages.withLock { $0 } }
    var handler: any LogHandler { Handler(messages: self) }

    private struct Handler: LogHandler {
        let messages: LoggedMessages
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            messages.messages.withLock { $0.append(event.message.description) }
        }
    }
}
