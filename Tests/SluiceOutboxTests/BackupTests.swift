import SluiceBase
import Testing

@testable import SluiceOutbox

/// Copies of a running outbox, and their files.
struct BackupTests {
    private let fixture = Fixture()
    private var path: String { fixture.folder.file("copy.db") }

    private func filled() throws -> OutboxStore {
        let store = try fixture.open()
        _ = store.commit((1...600).map { sample($0, at: fixture.time, payload: 5000) })
        return store
    }

    private func file(_ bytes: Int = 0, inFolder folder: String? = nil) throws -> BackupFile {
        try BackupFile(path, inFolder: folder ?? BackupFile.folderIdentity(of: path), bytes: bytes)
    }

    @Test("a backup has what is stored while it is made, and a second one has to wait for its end")
    func whole() throws {
        let store = try filled()
        let file = try file(store.backupBytes)
        try store.beginBackup(to: file.partialPath)
        #expect(throws: OutboxError.refused("another backup of this outbox is running")) {
            try store.beginBackup(to: file.partialPath)
        }
        // More than a slice is left.
        #expect(try !store.continueBackup())
        _ = store.commit([sample(601, at: fixture.time)])
        while try !store.continueBackup() { try file.sync() }
        #expect(file.damage() == nil)
        #expect(try file.publish() > 3_000_000)
        #expect(!fixture.folder.names.contains("copy.db.part") && fixture.folder.mode(of: "copy.db") == 0o600)
        let copy = Fixture()
        copy.folder.write(fixture.folder.read("copy.db"), to: "outbox.db")
        #expect(try copy.open().status.pendingJobs == 601)
        try store.beginBackup(to: path)
        store.endBackup()
        #expect(throws: OutboxError.refused("the backup was interrupted: the outbox had to be opened again")) {
            try store.continueBackup()
        }
    }

    @Test("a backup goes to the folder that the operator sees, to a disk with room, and over no file")
    func refusals() throws {
        func problem(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch { return "\(error)" }
        }
        #expect(problem { _ = try file(inFolder: "1-2") }.contains("is another folder for the gateway"))
        #expect(problem { _ = try file(1 << 60) }.contains("MiB plus 256 MiB free for a backup"))
        #expect(!fixture.folder.names.contains("copy.db.part"))
        let backup = try file()
        fixture.folder.write([1], to: "copy.db")
        #expect(problem { _ = try backup.publish() }.contains("exists; a backup never replaces a file"))
        backup.discard()
        #expect(problem { _ = try file() }.contains("exists; a backup never replaces a file"))
        #expect(fixture.folder.read("copy.db") == [1] && !fixture.folder.names.contains("copy.db.part"))
    }

    @Test("damage that was copied is named")
    func damage() throws {
        let store = try filled()
        store.close()
        var bytes = fixture.folder.read("outbox.db")
        let middle = bytes.count / 2 / Pragmas.pageSize * Pragmas.pageSize
        bytes.replaceSubrange(middle..<middle + 100, with: repeatElement(0xA5, count: 100))
        let backup = try file()
        fixture.folder.write(bytes, to: "copy.db.part")
        #expect(backup.damage()?.isEmpty == false)
        #expect(!fixture.folder.names.contains { $0.hasSuffix(".part-wal") || $0.hasSuffix(".part-shm") })
    }
}
