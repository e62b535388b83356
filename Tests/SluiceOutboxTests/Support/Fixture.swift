import Logging
import SluiceBase
import SluiceJSON
import Synchronization

@testable import SluiceOutbox

/// An outbox in a folder of its own, with a clock that the test moves.
final class Fixture {
    let folder = TemporaryFolder()
    let time = ManualTime()
    var configuration: OutboxConfiguration

    /// Without faults and without syncs, for which tests would wait most of their time.
    static let unsynced = FaultyVFS()

    init(_ change: (inout OutboxConfiguration) -> Void = { _ in }) {
        configuration = OutboxConfiguration(path: folder.file("outbox.db"))
        configuration.vfs = Self.unsynced.name
        configuration.reserve = .mebibytes(1)
        configuration.lockWait = .zero
        change(&configuration)
    }

    func open() throws(StartupError) -> OutboxStore { try OutboxStore(configuration, time: time) }

    /// Opens a copy of the outbox's files as they are now, as after a power cut, in a folder of its own.
    func afterCrash(_ damage: (inout [UInt8]) -> Void = { _ in }) throws -> (store: OutboxStore, fixture: Fixture) {
        let copy = Fixture { $0 = self.configuration }
        copy.configuration.path = copy.folder.file("outbox.db")
        copy.configuration.vfs = Self.unsynced.name
        copy.time.setWall(milliseconds: time.wallMilliseconds())
        var log = folder.read("outbox.db-wal")
        damage(&log)
        copy.folder.write(folder.read("outbox.db"), to: "outbox.db")
        copy.folder.write(log, to: "outbox.db-wal")
        return (try copy.open(), copy)
    }
}

extension Fingerprint {
    /// A key that is spread like a hash and the same in each run.
    init(number: Int) {
        var state = UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF0
        func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        self.init(high: next(), low: next())
    }
}

/// A delivery with one job.
func sample(
    _ number: Int, key: Int? = nil, hasKey: Bool = true, body: Int? = nil, at time: ManualTime, origin: Int = 0,
    window: Duration = .seconds(7 * 86400),
    rule: ChangedBodyPolicy = .duplicate, jobs: Int = 1, payload: Int = 100, deadLetters: [DeadLetter] = [],
    others: [Delivery.Part] = [], request: [UInt8]? = nil, keepsRequest: Bool = false, route: String = "github",
    share: Int? = nil, queue: String = "default"
) -> Submission {
    Submission(
        Delivery(
            id: "delivery-\(number)", route: route, receivedAtMilliseconds: time.wallMilliseconds(),
            dedupeWindow: window, onChangedBody: rule, outboxShare: share,
            parts: [
                part(
                    hasKey ? key ?? number : nil, body: body ?? key ?? number,
                    jobs: (0..<jobs).map { job(number, $0, payload: payload, queue: queue) },
                    deadLetters: deadLetters)
            ] + others, request: request, keepsRequest: keepsRequest), origin: origin, ticket: UInt64(number),
        enqueuedAtNanoseconds: time.monotonicNanoseconds())
}

/// What of a delivery has the key and the body of these numbers.
func part(_ key: Int?, body: Int? = nil, jobs: [Job] = [], deadLetters: [DeadLetter] = []) -> Delivery.Part {
    Delivery.Part(
        key: key.map { DeliveryKey(hash: Fingerprint(number: $0)) },
        bodyHash: Fingerprint(number: -1 - (body ?? key ?? 0)), jobs: jobs,
        deadLetters: deadLetters)
}

func job(_ number: Int, _ index: Int = 0, payload: Int = 100, queue: String = "default") -> Job {
    Job(
        type: "push-\(number)-\(index)", queue: queue, options: JobOptions(stored: Array(#""priority":5"#.utf8)),
        uniqueKey: "github:\(number)", uniqueWhile: .exists,
        payload: Array("\"".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: payload) + Array("\"".utf8))
}

extension OutboxStore {
    /// The outcomes of one transaction.
    func outcomes(_ deliveries: [Submission]) -> [IngestOutcome] { commit(deliveries).map(\.outcome) }

    /// What would be sent next, through a reader's connection.
    func pending() throws -> [StoredJob] {
        let reader = try OutboxReader(configuration)
        defer { reader.close() }
        return try reader.nextJobs(from: firstPendingJobID, limit: 500, maximumBytes: 1 << 30)
    }

    /// A number that SQLite answers, for facts that no interface shows.
    func number(_ sql: String) throws -> Int64 { try session.connection.integer(sql) ?? -1 }
}

let stored = IngestOutcome.stored(jobs: 1, deadLetters: [], duplicates: 0, changedBody: false)

/// Collects what a writer hands out.
final class Results: Sendable {
    private let results = Mutex<[(origin: Int, result: IngestResult)]>([])
    private let waiters = Mutex<[(count: Int, continuation: CheckedContinuation<Void, Never>)]>([])

    var all: [IngestResult] { results.withLock { $0.map(\.result) } }

    func of(origin: Int) -> [IngestResult] { results.withLock { $0.filter { $0.origin == origin }.map(\.result) } }

    func outcome(_ ticket: UInt64) -> IngestOutcome? { all.first { $0.ticket == ticket }?.outcome }

    func take(_ origin: Int, _ new: [IngestResult]) {
        let count = results.withLock { results in
            results += new.map { (origin, $0) }
            return results.count
        }
        let ready = waiters.withLock { waiters in
            defer { waiters.removeAll { $0.count <= count } }
            return waiters.filter { $0.count <= count }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Returns when `count` results are there.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = waiters.withLock { waiters in
                if results.withLock({ $0.count }) >= count { return true }
                waiters.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
