internal import Glibc
import SluiceBase
import Testing

@testable import SluiceOutbox

struct FaultTests {
    let vfs = FaultyVFS()
    let fixture: Fixture
    var time: ManualTime { fixture.time }

    init() {
        let name = vfs.name
        fixture = Fixture { $0.vfs = name }
    }

    @Test("a failed sync answers the batch as not stored") func failedSyncAnswers() throws {
        let store = try fixture.open()
        #expect(store.outcomes([sample(1, at: time)]) == [stored])
        vfs.set { $0.failingSyncs = [.log] }
        #expect(
            store.outcomes([sample(2, at: time), sample(3, at: time)]) == [
                .refused(.commitFailed), .refused(.commitFailed),
            ])
        #expect(store.status.condition == .failing)
        #expect(store.unreportedError?.description.contains("disk I/O error") == true)
        #expect(store.outcomes([sample(4, at: time)]) == [.refused(.commitFailed)])
        vfs.set { $0.failingSyncs = [] }
        #expect(store.outcomes([sample(5, at: time)]) == [.refused(.commitFailed)])
        time.advance(by: .seconds(1))
        #expect(store.outcomes([sample(2, at: time), sample(6, at: time)]) == [stored, stored])
        #expect(store.status.condition == .storing)
        #expect(try store.pending().map(\.job.type) == ["push-1-0", "push-2-0", "push-6-0"])
        #expect(try store.pending().map(\.id) == [1, 2, 3])
    }

    @Test("after a failed sync nothing is stored until the log is emptied") func afterFailedSync() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.failingSyncs = [.log] }
        _ = store.commit([sample(2, at: time)])
        vfs.set { $0.failingSyncs = [.database] }
        time.advance(by: .seconds(1))
        #expect(store.outcomes([sample(3, at: time)]) == [.refused(.commitFailed)])
        vfs.set { $0.failingSyncs = [] }
        time.advance(by: .seconds(1))
        let before = vfs.syncs(of: .database)
        #expect(store.outcomes([sample(3, at: time)]) == [stored])
        #expect(vfs.syncs(of: .database) > before)
        #expect(try store.pending().map(\.job.type) == ["push-1-0", "push-3-0"])
    }

    @Test("a batch that failed is not there after the outbox was opened again") func batchFailedNot() throws {
        do {
            let store = try fixture.open()
            _ = store.commit([sample(1, at: time)])
            vfs.set { $0.failingSyncs = [.log] }
            _ = store.commit([sample(2, at: time)])
            vfs.set { $0.failingSyncs = [] }
            time.advance(by: .seconds(1))
            store.maintain()
            #expect(store.status.condition == .storing)
        }
        let store = try fixture.open()
        #expect(try store.pending().map(\.job.type) == ["push-1-0"])
        #expect(store.outcomes([sample(2, at: time)]) == [stored])
    }

    @Test("keys of a batch that failed are not remembered") func keysBatchFailed() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, window: .seconds(1), jobs: 0)])
        vfs.set { $0.fullFiles = [.log] }
        time.advance(by: .seconds(1))
        #expect(
            store.outcomes([sample(2, key: 1, at: time), sample(3, at: time)]) == [
                .refused(.diskFull), .refused(.diskFull),
            ])
        #expect(store.keys.recent[Fingerprint(number: 1)] == 1)
        #expect(store.keys.recent[Fingerprint(number: 3)] == nil)
    }

    @Test("a full disk refuses deliveries and gives up the reserve") func fullDiskRefuses() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        #expect(fixture.folder.names.contains("outbox.db.reserve"))
        vfs.set { $0.fullFiles = [.log, .database] }
        #expect(store.outcomes([sample(2, at: time)]) == [.refused(.diskFull)])
        #expect(store.status.condition == .diskFull)
        #expect(!fixture.folder.names.contains("outbox.db.reserve"))
        vfs.set { $0.fullFiles = [] }
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        #expect(store.status.pendingJobs == 0)
        #expect(store.outcomes([sample(2, at: time)]) == [.refused(.diskFull)])
        time.advance(by: .seconds(1))
        #expect(store.outcomes([sample(2, at: time)]) == [stored])
        #expect(fixture.folder.names.contains("outbox.db.reserve"))
    }

    @Test("the reserve is set aside again only with the room that is asked for, of which nothing stays")
    func reserveWithRoom() {
        let path = fixture.folder.file("reserve")
        let reserve = ReserveFile(path: path, size: .mebibytes(1), trustsOwner: false)
        // More than any file may have: the disk of the tests is not filled.
        #expect(!reserve.acquire(besides: 1 << 60))
        #expect(!reserve.isHeld && OutboxFile.size(of: path) == 0)
        #expect(reserve.acquire(besides: 1 << 20))
        #expect(reserve.isHeld && OutboxFile.size(of: path) == 1 << 20)
        // What is held needs no more room.
        #expect(reserve.acquire(besides: 1 << 60))
    }

    @Test("a lock of another program is failing from the first refusal until it ends", arguments: [true, false])
    func lockOfAnother(endsIdle: Bool) throws {
        let store = try fixture.open()
        let other = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        try other.execute("BEGIN EXCLUSIVE")
        #expect(store.status.condition == .storing)
        #expect(store.outcomes([sample(1, at: time)]) == [.refused(.commitFailed)])
        for _ in 1...3 {
            #expect(store.status.condition == .failing)
            _ = store.maintainIdle()
        }
        #expect(store.unreportedError?.kind == .busy)
        try other.execute("ROLLBACK")
        #expect(store.status.condition == .failing)
        // Nothing has to come: a load balancer may send nothing meanwhile.
        if endsIdle { _ = store.maintainIdle() } else { #expect(store.outcomes([sample(1, at: time)]) == [stored]) }
        #expect(store.status.condition == .storing)
    }

    /// The disk has room for a recovery only once the reserve is given up.
    private func fillDiskButForTheReserve() {
        let folder = fixture.folder.path
        vfs.set { $0.isFull = { unsafe access(folder + "/outbox.db.reserve", F_OK) == 0 } }
    }

    @Test(
        "a failed sync on a nearly full disk is recovered with the space of the reserve",
        arguments: [EIO, ENOSPC, EDQUOT])
    func failedSyncOn(_ syncError: Int32) throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { ($0.failingSyncs, $0.syncError) = ([.log], syncError) }
        #expect(store.outcomes([sample(2, at: time)]) == [.refused(.commitFailed)])
        #expect(store.status.condition == .failing)
        vfs.set { $0.failingSyncs = [] }
        fillDiskButForTheReserve()
        time.advance(by: .seconds(1))
        store.maintain()
        #expect(store.status.condition == .storing)
        #expect(store.outcomes([sample(3, at: time)]) != [.refused(.commitFailed)])
        #expect(try store.pending().map(\.job.type).contains("push-2-0") == false)
    }

    @Test("an acknowledgement after a failed sync is written with the space of the reserve")
    func acknowledgementAfterFailed() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.failingSyncs = [.log] }
        _ = store.commit([sample(2, at: time)])
        vfs.set { $0.failingSyncs = [] }
        fillDiskButForTheReserve()
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        #expect(store.status.pendingJobs == 0)
    }

    @Test("a recovery that still finds no space is tried again") func recoveryStillFinds() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.failingSyncs = [.log] }
        _ = store.commit([sample(2, at: time)])
        vfs.set { ($0.failingSyncs, $0.fullFiles) = ([], [.database, .log]) }
        time.advance(by: .seconds(1))
        store.maintain()
        #expect(store.status.condition == .failing)
        #expect(!fixture.folder.names.contains("outbox.db.reserve"))
        vfs.set { $0.fullFiles = [] }
        time.advance(by: .seconds(1))
        #expect(store.outcomes([sample(3, at: time)]) == [stored])
    }

    @Test("files that are moved away refuse deliveries until they are back") func filesMovedAway() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        let path = fixture.folder.file("outbox.db")
        #expect(unsafe rename(path, path + ".away") == 0)
        time.advance(by: .seconds(1))
        // Also under load, when nothing else of the maintenance is due.
        store.maintain()
        #expect(store.outcomes([sample(2, at: time)]) == [.refused(.commitFailed)])
        #expect(store.status.condition == .failing && store.status.isMisplaced)
        #expect(store.unreportedError?.description.contains("moved") == true)
        // What is stored still goes out.
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        // Another file in its place is not it.
        fixture.folder.write(Array("another".utf8), to: "outbox.db")
        time.advance(by: .seconds(1))
        store.maintain()
        #expect(store.status.isMisplaced)
        #expect(unsafe rename(path + ".away", path) == 0)
        time.advance(by: .seconds(1))
        store.maintain()
        #expect(store.outcomes([sample(2, at: time)]) == [stored])
        #expect(store.status.condition == .storing && !store.status.isMisplaced)
    }

    @Test("files that are back are recovered like those of a failed sync") func filesBackRecovered() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.failingSyncs = [.log] }
        #expect(store.outcomes([sample(2, at: time)]) == [.refused(.commitFailed)])
        let path = fixture.folder.file("outbox.db")
        #expect(unsafe rename(path, path + ".away") == 0)
        time.advance(by: .seconds(1))
        _ = store.maintainIdle()
        #expect(store.status.isMisplaced)
        vfs.set { $0.failingSyncs = [] }
        #expect(unsafe rename(path + ".away", path) == 0)
        time.advance(by: .seconds(1))
        let before = vfs.syncs(of: .database)
        _ = store.maintainIdle()
        #expect(store.status.condition == .storing)
        // Nothing is stored behind a transaction of which nobody knows how far it came.
        #expect(vfs.syncs(of: .database) > before)
        #expect(store.outcomes([sample(3, at: time)]) == [stored])
        #expect(try store.pending().map(\.job.type) == ["push-1-0", "push-3-0"])
    }

    @Test("an acknowledgement on a full disk is an error and can be tried again") func acknowledgementOnFull() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.fullFiles = [.log] }
        #expect(throws: OutboxError.self) { try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")]) }
        #expect(store.status.pendingJobs == 1)
        vfs.set { $0.fullFiles = [] }
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        #expect(store.status.pendingJobs == 0)
    }

    @Test("an acknowledgement after a failed sync first gets back to a known state")
    func acknowledgementAfterFailedSync() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        vfs.set { $0.failingSyncs = [.log] }
        _ = store.commit([sample(2, at: time)])
        vfs.set { $0.failingSyncs = [] }
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        #expect(store.status.condition == .storing)
        #expect(try store.pending().isEmpty)
    }

    @Test("each commit syncs the log before it is answered") func eachCommitSyncs() throws {
        let store = try fixture.open()
        for number in 1...5 {
            let before = vfs.syncs(of: .log)
            _ = store.commit([sample(number, at: time)])
            #expect(vfs.syncs(of: .log) > before)
        }
    }

    @Test("a long log is copied into the database and restarts") func longLogCopied() throws {
        fixture.configuration.checkpointEvery = .mebibytes(1)
        let store = try fixture.open()
        for number in 1...100 {
            _ = store.commit([sample(number, at: time, payload: 100_000)])
            store.maintain()
        }
        #expect(store.status.walBytes < 2 << 20)
        #expect(store.status.fileBytes > 8 << 20)
        #expect(vfs.syncs(of: .database) > 4)
    }

    @Test("a sync that fails while the log is copied loses nothing") func syncFailsWhile() throws {
        fixture.configuration.checkpointEvery = .mebibytes(1)
        let store = try fixture.open()
        var numbers: [Int] = []
        for number in 1...40 {
            vfs.set { $0.failingSyncs = (20..<30).contains(number) ? [.database] : [] }
            time.advance(by: .seconds(1))
            if store.outcomes([sample(number, at: time, payload: 100_000)]) == [stored] { numbers.append(number) }
            store.maintain()
        }
        #expect(numbers.count < 40)
        #expect(try store.pending().map(\.job.type) == numbers.map { "push-\($0)-0" })
        let copy = try fixture.afterCrash()
        #expect(try copy.store.pending().map(\.job.type) == numbers.map { "push-\($0)-0" })
    }
}
