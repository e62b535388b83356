import Glibc
import SluiceBase
import Synchronization
import Testing

@testable import SluiceOutbox

struct OpeningTests {
    let fixture = Fixture()

    private func problem(_ fixture: Fixture) -> StartupError? {
        do throws(StartupError) {
            _ = try fixture.open()
            return nil
        } catch {
            return error
        }
    }

    private func execute(_ sql: String) throws {
        try OutboxFile.prepare(fixture.configuration.path)
        try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite).execute(sql)
    }

    @Test("a new outbox has the settings that it needs") func newOutboxSettings() throws {
        let store = try fixture.open()
        let settings = try [
            "application_id", "user_version", "page_size", "auto_vacuum", "synchronous", "wal_autocheckpoint",
            "secure_delete",
        ].map { try store.number("PRAGMA \($0)") }
        #expect(settings == [0x534C_5543, Int64(Schema.currentVersion), 16384, 2, 2, 0, 0])
        #expect(try store.session.connection.text("PRAGMA journal_mode") == "wal")
    }

    @Test("its files are for the owner alone") func filesOwnerAlone() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time)])
        let names = fixture.folder.names
        #expect(names == ["outbox.db", "outbox.db-shm", "outbox.db-wal", "outbox.db.lock", "outbox.db.reserve"])
        for name in names { #expect(fixture.folder.mode(of: name) == 0o600, "\(name)") }
    }

    @Test("an outbox that others could read is closed to them") func outboxOthersCould() throws {
        fixture.folder.write([], to: "outbox.db")
        _ = unsafe chmod(fixture.configuration.path, 0o644)
        _ = try fixture.open()
        #expect(fixture.folder.mode(of: "outbox.db") == 0o600)
    }

    @Test(
        "a link in the place of a file is refused and not followed",
        arguments: ["outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.db.lock"])
    func linkPlaceFile(_ name: String) throws {
        do { try fixture.open().close() }
        let other = TemporaryFolder()
        other.write(Array("another's".utf8), to: "victim")
        _ = unsafe chmod(other.file("victim"), 0o644)
        let path = fixture.folder.file(name)
        _ = unsafe unlink(path)
        #expect(unsafe symlink(other.file("victim"), path) == 0)
        #expect(problem(fixture)?.status == .unavailable)
        #expect(
            problem(fixture)?.sentence.hasPrefix("\(path) is a symbolic link, which is not allowed for outbox files.")
                == true)
        #expect(other.read("victim") == Array("another's".utf8))
        #expect(other.mode(of: "victim") == 0o644)
    }

    @Test("a link in the place of the reserve is replaced and not followed") func linkPlaceReserve() throws {
        let other = TemporaryFolder()
        other.write([1], to: "victim")
        #expect(unsafe symlink(other.file("victim"), fixture.folder.file("outbox.db.reserve")) == 0)
        #expect(try fixture.open().status.condition == .storing)
        #expect(other.read("victim") == [1])
    }

    @Test("a reserve of another user is replaced and one that others may write is closed to them")
    func reserveAnotherUser() throws {
        let name = "outbox.db.reserve"
        for owner in [geteuid(), 65534] where owner == geteuid() || geteuid() == 0 {
            fixture.folder.write([UInt8](repeating: 0, count: fixture.configuration.reserve.bytes), to: name)
            let path = fixture.folder.file(name)
            #expect(unsafe chmod(path, 0o666) == 0 && chown(path, owner, getegid()) == 0)
            try fixture.open().close()
            var facts = stat()
            #expect(unsafe stat(path, &facts) == 0)
            #expect(facts.st_uid == geteuid())
            #expect(fixture.folder.mode(of: name) == 0o600)
        }
    }

    @Test("a pipe in the place of a file is refused") func pipePlaceFile() {
        #expect(unsafe mkfifo(fixture.configuration.path + ".lock", 0o600) == 0)
        #expect(problem(fixture)?.sentence.contains("is not a regular file") == true)
    }

    /// Anyone may put a file into a folder with the sticky bit, and keeps the right to read it.
    @Test(
        "a file of another user is refused",
        .enabled("only root can give a file away for the test") { geteuid() == 0 },
        arguments: ["outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.db.lock"])
    func fileAnotherUser(_ name: String) throws {
        _ = unsafe chmod(fixture.folder.path, 0o1777)
        let path = fixture.folder.file(name)
        fixture.folder.write([], to: name)
        #expect(unsafe chown(path, 65534, 65534) == 0)
        #expect(problem(fixture)?.status == .unavailable)
        #expect(
            problem(fixture)?.sentence
                == "\(path) belongs to user 65534, who could read and change it (mode 600); this process runs as user 0. Change its owner to user 0 "
                + "(chown), or move it away.")
        // Root may look at the outbox of a service.
        var configuration = fixture.configuration
        configuration.trustsFolderOwner = true
        try OutboxStore(configuration, time: fixture.time).close()
    }

    @Test("a folder that others may write is refused", arguments: [0o777, 0o770, 0o702] as [mode_t])
    func folderOthersMay(_ mode: mode_t) {
        let folder = fixture.folder.path
        _ = unsafe chmod(folder, mode)
        #expect(problem(fixture)?.status == .unavailable)
        #expect(
            problem(fixture)?.sentence
                == "The outbox folder \(folder) is writable by other users (mode \(String(mode, radix: 8)), owner \(geteuid()); this process "
                + "runs as user \(geteuid())), who could replace the outbox. "
                + "Run chmod go-w \(folder), or set outbox.path to a file in a separate folder.")
        #expect(fixture.folder.names.isEmpty)
    }

    @Test(
        "a folder of another user is refused",
        arguments: [
            (0o755, 7, 7, false, true), (0o755, 0, 7, false, true), (0o1777, 0, 7, false, true),
            (0o755, 8, 7, false, false),
            (0o755, 8, 0, false, false), (0o755, 8, 0, true, true), (0o755, 8, 7, true, false),
            (0o775, 7, 7, false, false),
            (0o777, 8, 0, true, false),
        ] as [(mode_t, uid_t, uid_t, Bool, Bool)])
    func folderAnotherUser(
        _ mode: mode_t, _ owner: uid_t, _ user: uid_t, _ trustsOwner: Bool, _ isFine: Bool
    ) {
        let facts = OutboxFolder.Facts(mode: mode, owner: owner)
        #expect((OutboxFolder.complaint(about: "/f", facts, user: user, trustsOwner: trustsOwner) == nil) == isFine)
    }

    @Test(
        "a volume that root gives to the group of the process is fine",
        arguments: [
            (0o2775, 0, 7, true, true), (0o2770, 0, 7, true, true), (0o2775, 0, 7, false, false),
            (0o2777, 0, 7, true, false),
            (0o775, 0, 7, true, false), (0o2775, 0, 0, true, false), (0o2775, 7, 7, true, false),
        ] as [(mode_t, uid_t, uid_t, Bool, Bool)])
    func volumeRootGives(
        _ mode: mode_t, _ owner: uid_t, _ user: uid_t, _ isOfOwnGroup: Bool, _ isFine: Bool
    ) {
        let facts = OutboxFolder.Facts(mode: mode, owner: owner, isOfOwnGroup: isOfOwnGroup)
        #expect((OutboxFolder.complaint(about: "/f", facts, user: user) == nil) == isFine)
    }

    @Test("an outbox of a newer version is refused and left as it is") func outboxNewerVersion() throws {
        do {
            let store = try fixture.open()
            try store.session.connection.execute("PRAGMA user_version = 99")
            store.close()
        }
        let before = fixture.folder.read("outbox.db")
        let path = fixture.configuration.path
        #expect(problem(fixture)?.status == .wrongInput)
        #expect(
            problem(fixture)?.sentence
                == "\(path) is not usable as an outbox: it was written by a newer version of sluice (outbox format 99, this one knows up to \(Schema.currentVersion))."
        )
        #expect(fixture.folder.read("outbox.db") == before)
    }

    /// Flips one bit of an outbox with ten jobs.
    private func flip(_ bit: Int, of byte: Int, _ original: [UInt8]) throws -> Fixture {
        let copy = Fixture { $0.salvagesDamage = true }
        var bytes = original
        bytes[byte] ^= 1 << bit
        copy.folder.write(bytes, to: "outbox.db")
        return copy
    }

    private func filled() throws -> [UInt8] {
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: fixture.time) })
        store.close()
        return fixture.folder.read("outbox.db")
    }

    @Test("a wrong bit in the fixed part of the header is corrected") func headerBits() throws {
        let original = try filled()
        for byte in [0..<24, 44..<48, 56..<60, 64..<72].joined() {
            let copy = try flip(byte % 8, of: byte, original)
            let store = try copy.open()
            #expect(store.isHeaderCorrected && store.salvaged == nil, "byte \(byte)")
            #expect(try store.pending().count == 10, "byte \(byte)")
            store.close()
            #expect(copy.folder.read("outbox.db")[..<24] == original[..<24], "byte \(byte)")
        }
    }

    @Test("a wrong bit in the rest of the header loses nothing", arguments: [24..<44, 48..<56, 60..<64, 72..<100])
    func variableHeaderBits(bytes: Range<Int>) throws {
        let original = try filled()
        for byte in bytes {
            for bit in 0..<8 {
                let copy = try flip(bit, of: byte, original)
                // A format that a newer version may have written.
                if byte == 63, let sentence = problem(copy)?.sentence {
                    #expect(sentence.contains("it was written by a newer version of sluice"))
                    continue
                }
                let store = try copy.open()
                #expect(try store.pending().count == 10, "bit \(bit) of byte \(byte)")
                store.close()
            }
        }
    }

    @Test("an outbox that someone has vacuumed with another page size is opened", arguments: [4096, 8192, 65536])
    func otherPageSize(bytes: Int) throws {
        _ = try filled()
        try execute("PRAGMA journal_mode = DELETE; PRAGMA page_size = \(bytes); VACUUM")
        let store = try fixture.open()
        #expect(!store.isHeaderCorrected && store.salvaged == nil)
        #expect(try store.pending().count == 10)
    }

    @Test("the header of a file without a table, or with another application id, is left as it is")
    func foreignHeaders() throws {
        for statements in [
            "PRAGMA page_size = 4096; CREATE TABLE t (a); DROP TABLE t",
            "PRAGMA page_size = 4096; PRAGMA application_id = \(0x534C_5569); CREATE TABLE t (a)",
        ] {
            OutboxFile.remove(fixture.configuration.path)
            try execute(statements)
            #expect(try !OutboxFile.prepare(fixture.configuration.path), "\(statements)")
        }
    }

    @Test("a file that is no database is refused and left as it is") func fileNoDatabase() {
        let bytes = Array(String(repeating: "I am a text file. ", count: 200).utf8)
        fixture.folder.write(bytes, to: "outbox.db")
        #expect(problem(fixture)?.status == .wrongInput)
        #expect(
            problem(fixture)?.sentence
                == "\(fixture.configuration.path) is not an outbox: it does not begin like a SQLite database. If it was an outbox, "
                + "its first page is damaged, and nothing can be saved: restore a backup (docs/operating/backup.md)."
        )
        #expect(fixture.folder.read("outbox.db") == bytes)
    }

    @Test(
        "a database of another program is refused",
        arguments: ["CREATE TABLE cats (name)", "PRAGMA user_version = 3", "PRAGMA application_id = 77"])
    func databaseAnotherProgram(_ sql: String) throws {
        try execute(sql)
        #expect(problem(fixture)?.status == .wrongInput)
        #expect(
            problem(fixture)?.sentence
                == "\(fixture.configuration.path) is not usable as an outbox: it is a SQLite database of another program, not an outbox."
        )
    }

    @Test("an empty file becomes an outbox") func emptyFileBecomes() throws {
        fixture.folder.write([], to: "outbox.db")
        #expect(try fixture.open().number("PRAGMA user_version") == Int64(Schema.currentVersion))
    }

    @Test("a missing folder is named") func aMissingFolderIsNamed() {
        let missing = Fixture { $0.path = "/nonexistent/outbox.db" }
        missing.configuration.path = "/nonexistent/outbox.db"
        #expect(problem(missing)?.status == .unavailable)
        #expect(problem(missing)?.sentence == "The outbox folder /nonexistent does not exist.")
    }

    @Test("a folder in place of the file is named") func folderPlaceFile() {
        let folder = fixture.folder.path
        #expect(OutboxFile.problem(opening: folder, EISDIR).sentence == "\(folder) is a folder, not a file.")
    }

    @Test("an unwritable folder is named") func anUnwritableFolderIsNamed() {
        let problem = OutboxFile.problem(opening: "/var/lib/sluice/outbox.db.lock", EACCES)
        #expect(problem.status == .unavailable)
        #expect(
            problem.sentence
                == "The outbox folder /var/lib/sluice and its files must be writable: /var/lib/sluice/outbox.db.lock: Permission denied. "
                + "This process runs as user \(geteuid())."
        )
        let folder = fixture.folder.path
        let there = OutboxFile.problem(opening: folder + "/outbox.db-wal", EACCES)
        #expect(there.sentence.contains(". \(folder) belongs to user \(geteuid()) and has mode 700. This"))
    }

    @Test("a link to nothing is called one, in place of a file and of the folder") func danglingLink() {
        let path = fixture.configuration.path
        #expect(unsafe symlink("/nonexistent/outbox.db", path) == 0)
        #expect(
            OutboxFile.problem(opening: path, ELOOP).sentence
                == "\(path) is a symbolic link to /nonexistent/outbox.db, which does not exist. Remove it.")
        #expect(
            OutboxFile.problem(opening: path + "/outbox.db", ENOENT).sentence
                == "The outbox folder \(path) is a symbolic link to /nonexistent/outbox.db, which does not exist.")
    }

    @Test("a second opener is told who holds the lock") func secondOpenerTold() throws {
        let store = try fixture.open()
        #expect(problem(fixture)?.status == .unavailable)
        #expect(
            problem(fixture)?.sentence
                == "\(store.path).lock is locked by process \(getpid()): only one process can use an outbox. A gateway "
                + "that is starting or saving a damaged outbox answers commands afterwards.")
        fixture.configuration.isSalvageAsked = true
        #expect(
            problem(fixture)?.sentence
                == "\(store.path).lock is locked by process \(getpid()): only one process can use an outbox. Stop the "
                + "gateway first.")
    }

    @Test("a second opener waits for the lock as long as it is told and says so once") func secondOpenerWaits() throws {
        let store = try fixture.open()
        fixture.configuration.lockWait = .seconds(30)
        let time = fixture.time
        let waited = Mutex(0)
        let said = Mutex<[String]>([])
        do throws(StartupError) {
            _ = try OutboxStore(
                fixture.configuration, time: time,
                pause: { pause in
                    time.advance(by: pause)
                    waited.withLock { $0 += 1 }
                }, held: { sentence in said.withLock { $0.append(sentence) } })
            Issue.record("two openers")
        } catch {
            #expect(error.sentence.contains("is locked by process \(getpid()) for 30s: only one"))
        }
        #expect(waited.withLock { $0 } == 600)
        #expect(
            said.withLock { $0 } == ["\(store.path).lock is locked by process \(getpid()); waiting at most 30s"]
        )
    }

    @Test("a process that waits for a lock file that is removed locks the file that has the name then")
    func removedLock() throws {
        let outbox = fixture.folder.file("new")
        var first: OutboxLock? = try OutboxLock(of: outbox, waitingFor: .zero, time: fixture.time)
        let second = try OutboxLock(
            of: outbox, waitingFor: .seconds(1), time: fixture.time, pause: { _ in first = nil })
        #expect(first == nil)
        #expect { try OutboxLock(of: outbox, waitingFor: .zero, time: fixture.time) } throws: { error in
            (error as? StartupError)?.sentence.contains("is locked by process") ?? false
        }
        second.keep()
    }

    @Test("a lock file that root creates belongs to the owner of the outbox", .enabled(if: geteuid() == 0))
    func lockOwner() throws {
        fixture.configuration.trustsFolderOwner = true
        do { try fixture.open().close() }
        let path = fixture.configuration.path
        OutboxFile.remove(path + ".lock")
        #expect(unsafe lchown(path, 65534, 65534) == 0)
        do { try fixture.open().close() }
        #expect(OutboxFile.facts(path + ".lock")?.st_uid == 65534)
    }

    @Test("the lock is free when the holder is gone") func lockFreeWhen() throws {
        do { _ = try fixture.open() }
        do { _ = try fixture.open() }
    }

    @Test("steps to a newer version keep what is there") func stepsNewerVersion() throws {
        do {
            let store = try fixture.open()
            _ = store.commit([sample(1, at: fixture.time)])
            store.close()
        }
        let connection = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        let steps = Schema.migrations + ["ALTER TABLE jobs ADD COLUMN colour TEXT", "UPDATE jobs SET colour = 'red'"]
        try Migration.run(connection, from: Schema.currentVersion, migrations: steps)
        #expect(try connection.integer("PRAGMA user_version") == Int64(Schema.currentVersion) + 2)
        #expect(try connection.text("SELECT type || colour FROM jobs") == "push-1-0red")
        #expect(try Migration.inspect(connection) == .outbox(version: Schema.currentVersion + 2))
    }

    @Test("a step that fails leaves the version before it") func stepFailsLeaves() throws {
        do { try fixture.open().close() }
        let connection = try Connection(path: fixture.configuration.path, vfs: nil, access: .readWrite)
        let steps = Schema.migrations + ["CREATE TABLE colours (name); INSERT INTO nowhere VALUES (1)"]
        #expect(throws: SQLiteError.self) {
            try Migration.run(connection, from: Schema.currentVersion, migrations: steps)
        }
        #expect(try connection.integer("PRAGMA user_version") == Int64(Schema.currentVersion))
        #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'colours'") == 0)
    }
}

struct FilesystemTests {
    private let mounts = """
        22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
        23 22 0:21 / /dev/shm rw,nosuid - tmpfs tmpfs rw
        24 22 0:40 / /mnt/share rw - nfs4 server:/export rw
        25 22 0:41 / /mnt/with\\040space rw shared:7 master:1 - cifs //server/share rw
        26 22 0:42 / /var/lib/docker/merged rw - overlay overlay rw
        29 22 0:44 / /mnt/fuse rw - fuse.rclone remote: rw
        27 24 254:1 / /mnt/share/local rw - xfs /dev/vdb rw
        """

    @Test(
        "the file system under the outbox is judged",
        arguments: [
            ("/var/lib/sluice", Filesystem.Verdict.suitable), ("/", .suitable), ("/mnt/share/local/x", .suitable),
            ("/mnt/shared", .suitable),
            (
                "/dev/shm/x",
                .warning("The outbox is on tmpfs, in memory: its contents are lost when the machine stops.")
            ),
            (
                "/var/lib/docker/merged",
                .warning(
                    "The outbox is on a container's own file system (overlay): its contents are lost with the container."
                )
            ),
            (
                "/mnt/share/sluice",
                .unsuitable(
                    "The outbox is on a network file system (nfs4), where SQLite's locks and syncs are not reliable.")
            ),
            (
                "/mnt/fuse/a",
                .warning(
                    "The outbox is on fuse.rclone, a file system in user space: whether its locks and syncs are "
                        + "reliable depends on that program.")
            ),
            (
                "/mnt/with space/a",
                .unsuitable(
                    "The outbox is on a network file system (cifs), where SQLite's locks and syncs are not reliable.")
            ),
        ])
    func theFileSystemUnderTheOutboxIsJudged(_ folder: String, _ verdict: Filesystem.Verdict) {
        #expect(Filesystem.verdict(forFolder: folder, mounts: MountTable(mounts)) == verdict)
    }

    @Test("a mount over another one counts") func mountOverAnother() {
        let twice = mounts + "\n28 22 0:43 / /dev/shm rw - ext4 /dev/vdc rw\n"
        #expect(Filesystem.verdict(forFolder: "/dev/shm", mounts: MountTable(twice)) == .suitable)
    }

    @Test("the folders of paths are found") func foldersPathsFound() {
        #expect(FileAccess.folder(of: "sluice.db") == ".")
        #expect(FileAccess.folder(of: "/sluice.db") == "/")
        #expect(FileAccess.folder(of: "/var/lib/sluice/outbox.db") == "/var/lib/sluice")
    }
}
