import DevQueue
internal import Foundation
import Synchronization
import Testing

/// Copies of an outbox, made by the shipped program.
@Suite struct OutboxBackupTests {
    @Test("a backup made under load, put in place after the loss of the outbox, has every webhook answered before it")
    func restored() async throws {
        let backups = try TemporaryFolder()
        let known = Mutex<Set<Int>>([])
        try await GatewayUnderTest.run(GatewaySetup(settings: ["log.level": "info"])) { gateway in
            try await gateway.send(1...500, padding: 20_000)
            async let load = gateway.load(501...4000, clients: 4, padding: 2000)
            try await gateway.untilMetric(atLeast: 800, "sluice_outbox_jobs")
            let before = Int(try await gateway.metric("sluice_outbox_jobs") ?? 0)
            let backup = try await gateway.command("outbox", "backup", backups.file("outbox.db"))
            #expect(backup.ending == .exited(0), "\(backup)")
            #expect(backup.output.hasPrefix(backups.file("outbox.db") + ": "), "\(backup)")
            let accepted = try await load.numbers(200)
            #expect(accepted.count == 3500)
            // What was stored when the command began: the gateway numbers jobs in the order of its answers.
            let list = try await gateway.jobNumbers(first: before)
            known.withLock { $0 = list }
            #expect(list.count == before)
            #expect(try backups.mode("outbox.db") == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: backups.path) == ["outbox.db"])
        }
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try FileManager.default.copyItem(atPath: backups.file("outbox.db"), toPath: folder.file("outbox.db"))
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url, folder: folder)) { gateway in
            let expected = known.withLock { $0 }
            #expect(try await Set(queue.arrivals(expected.count)).isSuperset(of: expected))
            let again = try await gateway.answer(to: .numbered(1, padding: 20_000))
            #expect(again.text.contains(#""duplicate":true"#), "\(again)")
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
    }

    @Test("a backup of an outbox at rest, and what a backup refuses")
    func refusals() async throws {
        try await GatewayUnderTest.run { gateway in
            try await gateway.send([1])
            for isRunning in [true, false] {
                if !isRunning { #expect(try await gateway.stop() == .exited(0)) }
                let name = isRunning ? "running.db" : "rest.db"
                let path = gateway.folder.file(name)
                #expect(try await gateway.command("outbox", "backup", name).ending == .exited(0))
                let status = try await gateway.command("outbox", "status", "--outbox-path", path)
                #expect(status.output.contains("pending jobs     1,"), "\(status)")
                let again = try await gateway.command("outbox", "backup", name)
                #expect(again.errors == "sluice: \(name) exists; a backup never replaces a file\n")
                #expect(again.ending == .exited(1))
                let nowhere = try await gateway.command("outbox", "backup", "none/\(name)")
                #expect(nowhere.errors == "sluice: cannot create none/\(name): No such file or directory\n")
                for suffix in [".salvaged", "-journal", ".damaged-20261130172255"] {
                    let own = try await gateway.command("outbox", "backup", "outbox.db\(suffix)")
                    #expect(own.ending == .exited(1) && own.errors.contains("is a name that the outbox itself uses"))
                }
                try gateway.folder.write("x", to: "other.db.part")
                let partial = try await gateway.command("outbox", "backup", "other.db")
                #expect(
                    partial.errors == "sluice: \(gateway.folder.file("other.db.part")) exists: another backup is "
                        + "writing it, or was interrupted; in that case remove it\n")
                #expect(try gateway.folder.read("other.db.part") == Array("x".utf8))
            }
        }
    }
}

extension GatewayUnderTest {
    /// The numbers of the deliveries of the first jobs that wait, in their order.
    fileprivate func jobNumbers(first count: Int) async throws -> Set<Int> {
        var numbers: Set<Int> = []
        var after = 0
        while numbers.count < count {
            let limit = min(500, count - numbers.count)
            let page = try await command("outbox", "list", "--after", "\(after)", "--limit", "\(limit)").output
            let found = page.matches(of: /github:delivery-(\d+)/).compactMap { Int($0.1) }
            guard !found.isEmpty else { break }
            numbers.formUnion(found)
            after += limit
        }
        return numbers
    }
}
