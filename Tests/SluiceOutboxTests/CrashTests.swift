import SluiceBase
import Synchronization
import Testing

@testable import SluiceOutbox

struct CrashTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    /// The jobs of the first `count` deliveries.
    private func types(_ count: Int) -> [String] { (0..<count).map { "push-\($0 + 1)-0" } }

    @Test("what was answered is there after a crash") func answeredThereAfter() throws {
        let store = try fixture.open()
        for number in 1...10 {
            _ = store.commit([sample(number, at: time)])
            let copy = try fixture.afterCrash()
            #expect(try copy.store.pending().map(\.job.type) == types(number))
            #expect(copy.store.outcomes([sample(99, key: number, at: time)]).first != stored)
        }
    }

    /// The log is cut, or overwritten with other bytes, at any place: what comes back is the first so many batches,
    /// each whole.
    @Test("a torn log gives back whole batches only", arguments: [false, true]) func tornLogGives(_ isOverwritten: Bool)
        throws
    {
        let store = try fixture.open()
        _ = try store.session.connection.checkpoint(.truncate)
        var ends = [0]
        for batch in 0..<6 {
            _ = store.commit((1...5).map { sample(batch * 5 + $0, at: time, payload: 3000) })
            ends.append(store.session.connection.walFrames)
        }
        let length = fixture.folder.read("outbox.db-wal").count
        for cut in stride(from: 0, through: length, by: 7001) {
            let frames = max(0, (cut - 32) / (16384 + 24))
            let whole = ends.lastIndex { $0 <= frames } ?? 0
            let copy = try fixture.afterCrash { log in
                if isOverwritten {
                    for index in cut..<log.count { log[index] ^= 0x5A }
                } else {
                    log.removeLast(log.count - cut)
                }
            }
            #expect(try copy.store.pending().map(\.job.type) == types(whole * 5), "cut at \(cut)")
            #expect(copy.store.status.pendingJobs == whole * 5)
            #expect(try copy.store.session.connection.text("PRAGMA integrity_check") == "ok")
        }
    }

    @Test("a crash between sync and answer leaves whole transactions") func crashBetweenSync() throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        fixture.configuration.checkpointEvery = .kibibytes(256)
        fixture.configuration.recentKeys = 10
        let store = try fixture.open()
        let counts = Mutex<[Int]>([])
        let folder = fixture.folder.path
        let source = Copying(path: folder, time: time)
        vfs.set { $0.afterLogSync = { counts.withLock { $0.append(source.pendingAfterCrash()) } } }
        for number in 1...30 {
            _ = store.commit([sample(number, at: time, payload: 20_000)])
            store.maintain()
        }
        vfs.set { $0.afterLogSync = nil }
        let seen = counts.withLock { $0 }
        #expect(seen.count > 30)
        #expect(seen == seen.sorted())
        #expect(seen.last == 30)
    }

    @Test("acknowledgements and dead letters survive a crash as one") func acknowledgementsDeadLetters() throws {
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: time) })
        try store.acknowledge([1, 2, 4].map { Acknowledgement(job: $0, zizqID: "z") })
        try store.deadLetter([FailedJob(job: 3, reason: .badField, detail: "No.")])
        try store.park([6], because: .unlicensed)
        let copy = try fixture.afterCrash()
        #expect(copy.store.firstPendingJobID == 5)
        #expect(copy.store.status == withSizes(store.status, of: copy.store.status))
        #expect(try copy.store.pending().map(\.id) == [5, 7, 8, 9, 10])
    }

    /// The files' own sizes may differ: opening reads the log again.
    private func withSizes(_ status: OutboxStatus, of other: OutboxStatus) -> OutboxStatus {
        var status = status
        status.fileBytes = other.fileBytes
        status.walBytes = other.walBytes
        return status
    }
}

/// Opens copies of an outbox's files while another thread is inside SQLite.
private struct Copying: Sendable {
    let path: String
    let time: ManualTime

    /// How many jobs are pending in a copy of the files as they are now; -1 when it cannot be opened.
    func pendingAfterCrash() -> Int {
        let original = TemporaryFolder(existing: path)
        let copy = Fixture()
        copy.time.setWall(milliseconds: time.wallMilliseconds())
        for name in ["outbox.db", "outbox.db-wal"] { copy.folder.write(original.read(name), to: name) }
        guard let store = try? copy.open(), (try? store.session.connection.text("PRAGMA integrity_check")) == "ok"
        else { return -1 }
        return store.status.pendingJobs
    }
}
