import DevQueue
internal import Foundation
import SluiceOutbox
import Testing

/// An outbox with damaged pages.
@Suite struct OutboxSalvageTests {
    private static let count = 600

    /// A folder with the outbox of a gateway that took so many webhooks and could not send them.
    private func fill(padding: Int = 2000) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try await GatewayUnderTest.run(GatewaySetup(settings: ["log.level": "info"], folder: folder)) { gateway in
            try await gateway.send(1...Self.count, padding: padding)
            #expect(try await gateway.stop() == .exited(0))
        }
        return folder
    }

    /// Overwrites pages that have one of these jobs' payloads.
    private func damage(_ folder: TemporaryFolder, jobs: [Int]) throws {
        var bytes = try folder.read("outbox.db")
        for job in jobs {
            let text = Array("\"n\":\(job),".utf8)
            let place = try #require(Data(bytes).firstRange(of: text)?.lowerBound)
            let start = place / Pragmas.pageSize * Pragmas.pageSize
            bytes.replaceSubrange(
                start..<(start + Pragmas.pageSize), with: repeatElement(0xA5, count: Pragmas.pageSize))
        }
        try folder.write(bytes, to: "outbox.db")
    }

    /// The same, while a gateway has the file open.
    private func damageInPlace(_ folder: TemporaryFolder, job: Int) throws {
        let text = Array("\"n\":\(job),".utf8)
        let place = try #require(Data(try folder.read("outbox.db")).firstRange(of: text)?.lowerBound)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: folder.file("outbox.db")))
        try file.seek(toOffset: UInt64(place / Pragmas.pageSize * Pragmas.pageSize))
        try file.write(contentsOf: Data(repeating: 0xA5, count: Pragmas.pageSize))
        try file.close()
    }

    /// The damaged databases that were set aside, without their logs and the lists of lost webhooks.
    private func damagedFiles(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix("outbox.db.damaged-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-lost")
        }
    }

    @Test("a gateway that finds its outbox damaged saves all other rows, sets the file aside, says so, and serves")
    func serve() async throws {
        let folder = try await fill()
        try damage(folder, jobs: [100, 300])
        let before = try folder.read("outbox.db")
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url, folder: folder)) { gateway in
            let record = try await gateway.record { $0.message.hasPrefix("the outbox was damaged") }
            let reason = try #require(record["reason"])
            #expect(reason.contains("jobs: ") && reason.contains(", 2 unreadable stretches"), "\(reason)")
            #expect(reason.contains("deliveries: \(Self.count) rows saved"), "\(reason)")
            let aside = try #require(try damagedFiles(folder).first)
            #expect(record["file"]?.hasSuffix(aside) ?? false)
            #expect(try folder.read(aside) == before)
            let saved = try #require(reason.firstMatch(of: /jobs: (\d+) rows/).flatMap { Int($0.1) })
            #expect((Self.count - 16..<Self.count).contains(saved))
            let arrived = try await queue.arrivals(saved)
            #expect(Set(arrived).count == saved && !arrived.contains(100) && !arrived.contains(300))
            #expect(arrived.contains(1) && arrived.contains(200) && arrived.contains(Self.count))
            // Keys are known, but for those of jobs that are lost: these are accepted again.
            for number in [1, 100, 300, Self.count] {
                let again = try await gateway.answer(to: .numbered(number, padding: 2000))
                #expect(again.text.contains(#""duplicate":true"#) == ![100, 300].contains(number), "\(again)")
            }
            #expect(try await queue.arrivals(saved + 2).contains(300))
            #expect(
                reason.contains("\(Self.count - saved) deliveries lost undelivered jobs or dead letters"), "\(reason)")
            #expect(try await gateway.send([Self.count + 1]) == [200])
            let ready = try await gateway.admin("/readyz")
            #expect(ready.status == 200 && ready.text == #"{"status":"ok","warning":"outbox_damaged_files"}"#)
            #expect(try await gateway.metric("sluice_outbox_damaged_files") == 1)
            let status = try await gateway.command("outbox", "status")
            #expect(status.output.contains("damaged files    1, renamed, next to it\n"), "\(status)")
            #expect(status.output.contains("lost webhooks    listed in "), "\(status)")
            #expect(status.output.hasSuffix("\(aside)-lost\n"), "\(status)")
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
        try await GatewayUnderTest.run(GatewaySetup(folder: folder)) { gateway in
            let record = try await gateway.record { $0.message.hasPrefix("a damaged outbox was renamed earlier") }
            #expect(record["reason"]?.hasPrefix("webhooks that providers must send again are in ") ?? false)
            #expect(record["reason"]?.hasSuffix("-lost") ?? false)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains(".salvage") }
        #expect(names.isEmpty)
    }

    @Test("a command refuses a damaged outbox and names the way out; salvage prints what it saved", arguments: [0, 64])
    func command(truncatedPages: Int) async throws {
        let folder = try await fill()
        if truncatedPages > 0 {
            let bytes = try folder.read("outbox.db")
            try folder.write(bytes.dropLast(truncatedPages * Pragmas.pageSize) + [], to: "outbox.db")
        } else {
            try damage(folder, jobs: [200])
        }
        let environment = ["SLUICE_OUTBOX_PATH": "outbox.db", "PATH": "/usr/bin:/bin"]
        func run(_ words: String...) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
            let process = try ChildProcess(ProjectFiles.binary, words, environment: environment, folder: folder.path)
            return (try await process.ending(), process.output.text, process.errors.text)
        }
        let status = try await run("outbox", "status")
        #expect(status.errors.contains("outbox.db is damaged: "), "\(status)")
        #expect(status.errors.contains("sluice outbox salvage save what can be read"), "\(status)")
        #expect(status.ending == .exited(1))
        let salvaged = try await run("outbox", "salvage")
        #expect(salvaged.output.contains("the damaged file is now outbox.db.damaged-"), "\(salvaged)")
        #expect(salvaged.ending == .exited(1))
        let after = try await run("outbox", "status")
        #expect(after.ending == .exited(0), "\(after)")
        let pending = try #require(after.output.firstMatch(of: /pending jobs +(\d+)/).flatMap { Int($0.1) })
        #expect((1..<Self.count).contains(pending))
    }

    @Test("an outbox of which nothing can be read is not replaced by an empty one")
    func nothing() async throws {
        let folder = try await fill()
        var bytes = try folder.read("outbox.db")
        bytes.replaceSubrange(100..<bytes.count, with: repeatElement(0, count: bytes.count - 100))
        try folder.write(bytes, to: "outbox.db")
        let (process, _) = try GatewayUnderTest.start(GatewaySetup(folder: folder))
        #expect(try await process.ending() != .exited(0))
        #expect(process.errors.text.contains("damaged"), "\(process.errors.text)")
        #expect(try folder.read("outbox.db") == bytes)
        #expect(try damagedFiles(folder).isEmpty)
    }

    @Test(
        "a command completes a salvage that was interrupted between its renames, and names the target of a dangling link"
    )
    func interrupted() async throws {
        let folder = try await fill()
        func status() async throws -> ChildProcess {
            let status = try ChildProcess(
                ProjectFiles.binary, ["outbox", "status", "--outbox-path", "outbox.db"], environment: [:],
                folder: folder.path)
            _ = try await status.ending()
            return status
        }
        try FileManager.default.moveItem(atPath: folder.file("outbox.db"), toPath: folder.file("outbox.db.salvaged"))
        #expect(try await status().output.text.contains("pending jobs "))
        #expect(!FileManager.default.fileExists(atPath: folder.file("outbox.db.salvaged")))
        try FileManager.default.removeItem(atPath: folder.file("outbox.db"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("outbox.db"), withDestinationPath: "nowhere.db")
        #expect(try await status().errors.text.contains("is a symbolic link to nowhere.db, which does not exist"))
    }

    @Test("the id of a damaged row does not reach an answer as it is")
    func damagedID() async throws {
        let folder = try await fill()
        let sql = #"UPDATE deliveries SET delivery_id = CAST(x'22FF0A7D' AS TEXT) WHERE id = 7"#
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", sql], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        try await GatewayUnderTest.run(GatewaySetup(folder: folder)) { gateway in
            let again = try await gateway.answer(to: .numbered(7, padding: 2000))
            #expect(again.text == #"{"id":"damaged","jobs":0,"dead_letters":0,"duplicate":true}"#)
        }
    }

    @Test("figures of a damaged outbox that do not fit each other are not below zero in the status")
    func negativeFigures() async throws {
        let folder = try await fill()
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", "UPDATE jobs SET position = 1 << 40 WHERE id = 1"],
            environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        let status = try ChildProcess(
            ProjectFiles.binary, ["outbox", "status", "--outbox-path", "outbox.db"], environment: [:],
            folder: folder.path)
        #expect(try await status.ending() == .exited(0))
        #expect(status.output.text.contains("\nundelivered      0 B of "), "\(status.output.text)")
    }

    @Test("the status shows the largest limit that the settings allow")
    func largestLimit() async throws {
        let folder = try await fill()
        let status = try ChildProcess(
            ProjectFiles.binary,
            ["outbox", "status", "--outbox-path", "outbox.db", "--outbox-max-bytes", String(Int.max)], environment: [:],
            folder: folder.path)
        #expect(try await status.ending() == .exited(0))
        #expect(status.output.text.contains(" of 8589934591.9 GiB\n"), "\(status.output.text)")
    }

    @Test("a backup of a damaged outbox says in one sentence what SQLite found")
    func damagedBackup() async throws {
        // More than SQLite keeps in memory after the check at the start, in which the page is still whole.
        let folder = try await fill(padding: 25_000)
        try await GatewayUnderTest.run(GatewaySetup(folder: folder)) { gateway in
            try damageInPlace(folder, job: 20)
            let backup = try await gateway.command("outbox", "backup", "copy.db")
            #expect(
                backup.errors.contains(
                    /^sluice: the outbox, and so this copy of it, is damaged: [^*\\]* \(SQLite 11\)\. Stop the gateway and run sluice outbox salvage\n$/
                ), "\(backup)")
            #expect(backup.ending == .exited(1))
        }
    }
}
