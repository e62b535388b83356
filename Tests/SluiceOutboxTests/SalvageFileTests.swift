import Glibc
import SluiceBase
import Testing

@testable import SluiceOutbox

extension Fixture {
    /// Overwrites the pages that contain a text, in place.
    func damage(_ text: String) throws {
        let bytes = folder.read("outbox.db")
        let text = Array(text.utf8)
        let places = bytes.indices.filter { bytes[$0] == text[0] && bytes[$0...].starts(with: text) }
        #expect(!places.isEmpty)
        let page = [UInt8](repeating: 0xA5, count: Pragmas.pageSize)
        let file = unsafe Glibc.open(configuration.path, O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        for place in places {
            #expect(unsafe pwrite(file, page, page.count, off_t(place / page.count * page.count)) == page.count)
        }
    }

    /// Stores deliveries with a job of a kilobyte each, and closes the outbox.
    func fill(_ numbers: ClosedRange<Int>) throws {
        let store = try open()
        _ = store.commit(numbers.map { sample($0, at: time, payload: 1000) })
        store.close()
    }

    func salvage() throws -> SalvageReport { try #require(try OutboxStore.salvage(configuration, time: time)) }

    /// The numbers of the deliveries that are accepted again.
    func accepted(_ store: OutboxStore, _ numbers: ClosedRange<Int>) -> [Int] {
        let again = store.outcomes(numbers.map { sample($0, at: time) })
        return zip(numbers, again).compactMap { number, outcome in
            if case .duplicate = outcome { nil } else { number }
        }
    }

    /// Overwrites the first page of a table.
    ///
    /// - Parameter isInner: whether it must have others below it.
    func damageRoot(of table: String, isInner: Bool = true) throws {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'"
        let root: Int
        do {
            let connection = try Connection(path: configuration.path, vfs: nil, access: .readOnly)
            root = Int(try #require(try connection.integer(sql)))
        }
        var bytes = folder.read("outbox.db")
        let start = (root - 1) * Pragmas.pageSize
        #expect(bytes[start] == 5 || !isInner)
        bytes.replaceSubrange(start..<(start + Pragmas.pageSize), with: repeatElement(0x5A, count: Pragmas.pageSize))
        folder.write(bytes, to: "outbox.db")
    }

    func list(_ report: SalvageReport) -> [Substring] {
        let name = String(report.lostPath.split(separator: "/").last ?? "")
        return String(decoding: folder.read(name), as: UTF8.self).split(separator: "\n")
    }
}

/// Which files a salvage takes, leaves and renames.
struct SalvageFileTests {
    private let fixture = Fixture()

    @Test("files of two salvages in one second do not replace each other") func sameSecond() throws {
        fixture.configuration.salvagesDamage = true
        var paths: Set<String> = []
        for round in 1...3 {
            try fixture.fill((1000 * round)...(1000 * round + 100))
            try fixture.damage("push-\(1000 * round + 100)-0")
            let report = try fixture.salvage()
            paths.insert(report.damagedPath)
            #expect(OutboxFile.size(of: report.lostPath) > 0)
        }
        #expect(paths.count == 3)
        #expect(try fixture.open().status.damagedFiles == 3)
    }

    @Test("a salvage that was interrupted between its renames is completed, but not over an outbox put in place since")
    func interruptedRename() throws {
        try fixture.fill(1...200)
        try fixture.damage("push-100-0")
        let path = fixture.configuration.path
        let report = try fixture.salvage()
        func list() -> [UInt8] { fixture.folder.read(String(report.lostPath.split(separator: "/").last ?? "")) }
        let lost = list()
        // The state after the second rename.
        try OutboxFile.rename(path, to: path + ".salvaged")
        try OutboxFile.rename(report.lostPath, to: path + ".salvaged-lost")
        do { _ = try fixture.open() }
        #expect(list() == lost)
        // The same, and a file put in place by hand.
        try OutboxFile.rename(path, to: path + ".salvaged")
        let restored = Fixture()
        do {
            let store = try restored.open()
            _ = store.commit([sample(1, at: fixture.time)])
            store.close()
        }
        let backup = restored.folder.read("outbox.db")
        fixture.folder.write(backup, to: "outbox.db")
        let damaged = fixture.folder.read(String(report.damagedPath.split(separator: "/").last ?? ""))
        #expect {
            try fixture.open()
        } throws: { error in
            (error as? StartupError)?.sentence.contains("it was put in place after") ?? false
        }
        #expect(fixture.folder.read("outbox.db") == backup)
        #expect(fixture.folder.read(String(report.damagedPath.split(separator: "/").last ?? "")) == damaged)
        OutboxFile.remove(path + ".salvaged")
        #expect(try fixture.open().status.pendingJobs == 1)
    }

    @Test("an outbox without damage is not salvaged")
    func healthy() throws {
        try fixture.fill(1...50)
        #expect(try OutboxStore.salvage(fixture.configuration, time: fixture.time) == nil)
        #expect(!fixture.folder.names.contains { $0.contains("damaged") })
    }

    @Test("an empty file where an outbox was in use is refused, and no command makes an outbox")
    func emptyFile() throws {
        fixture.folder.write([], to: "outbox.db")
        fixture.configuration.createsOutbox = false
        #expect { try fixture.open() } throws: { ($0 as? StartupError)?.status == .wrongInput }
        #expect(fixture.folder.read("outbox.db").isEmpty)
        fixture.configuration.createsOutbox = true
        try fixture.fill(1...5)
        fixture.folder.write([], to: "outbox.db")
        #expect { try fixture.open() } throws: { error in
            let error = error as? StartupError
            return error?.status == .unavailable && error?.sentence.contains("is empty, but was in use") == true
        }
        _ = unsafe unlink(fixture.configuration.path)
        #expect(try fixture.open().replacesOutbox)
    }

    @Test("of a file that lacks its greater part, a start does not go on with the rest", arguments: [1, 2, 8, 60])
    func truncated(pages: Int) throws {
        try fixture.fill(1...2000)
        fixture.folder.write(
            Array(fixture.folder.read("outbox.db").prefix(pages * Pragmas.pageSize)), to: "outbox.db")
        fixture.configuration.salvagesDamage = true
        #expect { try fixture.open() } throws: { ($0 as? StartupError)?.status == .unavailable }
        #expect(fixture.folder.read("outbox.db").count == pages * Pragmas.pageSize)
    }

    @Test(
        "a file that is refused gets no lock file next to it, and a lock that was there stays",
        arguments: [false, true])
    func refusedFile(hasLock: Bool) throws {
        fixture.folder.write(
            Array("A text that is no database, and longer than the header of one.".utf8), to: "outbox.db")
        if hasLock { fixture.folder.write([], to: "outbox.db.lock") }
        #expect { try OutboxStore.salvage(fixture.configuration, time: fixture.time) } throws: { error in
            (error as? StartupError)?.status == .wrongInput
        }
        #expect(fixture.folder.names.sorted() == (hasLock ? ["outbox.db", "outbox.db.lock"] : ["outbox.db"]))
    }

    @Test("texts of SQLite are printable, whatever the schema of a damaged file contains")
    func printable() throws {
        let store = try fixture.open()
        #expect {
            try store.session.connection.execute("SELECT * FROM \"\u{1B}[31m\nred\"")
        } throws: { error in
            "\(error)" == #"no such table: \u{1b}[31m\u{a}red (SQLite 1)"#
        }
    }
}
