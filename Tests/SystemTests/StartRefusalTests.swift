internal import Foundation
internal import Glibc
import SluiceBase
import SluiceOutbox
import Testing

/// A start that cannot be: one clear sentence, the right exit status, and nothing listens.
@Suite(.serialized) struct StartRefusalTests {
    /// Starts a gateway that is to give up.
    ///
    /// - Returns: how it ended and what stands on standard error, with the folder's path taken out.
    private func refusal(_ setup: GatewaySetup) async throws -> (ending: ChildProcess.Ending, errors: String) {
        let (process, folder) = try GatewayUnderTest.start(setup)
        let ending = try await process.ending()
        #expect(!process.errors.text.contains("\"listening\""), "\(process.errors.text)")
        #expect(process.output.text.isEmpty)
        return (ending, process.errors.text.replacing(folder.path + "/", with: ""))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let settings: [String: String]
        var status = ExitStatus.wrongInput
        let errors: String

        var testDescription: String { name }
    }

    static let rows = [
        Row(
            name: "a value out of range", settings: ["zizq.batch_jobs": "0"],
            errors: "sluice: SLUICE_ZIZQ_BATCH_JOBS: zizq.batch_jobs must be a whole number from 1 to 10000, not '0'\n"),
        Row(
            name: "two problems at once", settings: ["threads": "many", "zizq.url": "ftp://x"],
            errors: """
                sluice: SLUICE_THREADS: threads must be a whole number from 1 to 256, not 'many'
                sluice: SLUICE_ZIZQ_URL: zizq.url must be an http or https URL of a server, without user name or query, such as \
                http://127.0.0.1:7890, not 'ftp://x'\n
                """),
        Row(
            name: "no listener", settings: ["https": "off", "http": "off"],
            errors: "sluice: SLUICE_HTTP: https and http are both off; at least one of them must listen\n"),
        Row(
            name: "a certificate that is not there", settings: ["tls.certificate": "none.pem"],
            errors:
                "sluice: tls.certificate, tls.key: cannot read a certificate from none.pem: No such file or directory\n"
        ),
        Row(
            name: "an invalid key", settings: ["tls.key": "routes/github.yaml"],
            errors: """
                sluice: tls.certificate, tls.key: cannot use the private key in routes/github.yaml: the file is not a private \
                key in PEM format\n
                """),
        Row(
            name: "no routes folder", settings: ["routes": "nowhere"],
            errors: "sluice: nowhere:1:1: the routes folder cannot be read: No such file or directory\n"),
        Row(
            name: "a folder in place of the outbox", settings: ["outbox.path": "routes"], status: .unavailable,
            errors: "sluice: routes is a folder, not a file.\n"),
        Row(
            name: "more bytes of dead letters than of all",
            settings: ["outbox.max_bytes": "64MiB", "outbox.max_dead_bytes": "65MiB"],
            errors: """
                sluice: SLUICE_OUTBOX_MAX_DEAD_BYTES: outbox.max_dead_bytes is 65MiB, more than outbox.max_bytes (64MiB), which includes it\n
                """),
        Row(
            name: "no folder for the outbox", settings: ["outbox.path": "nowhere/outbox.db"], status: .unavailable,
            errors: "sluice: The outbox folder nowhere does not exist.\n"),
        Row(
            name: "a file in place of the outbox's folder", settings: ["outbox.path": "key.pem/outbox.db"],
            status: .unavailable,
            errors: "sluice: key.pem/outbox.db.lock: Not a directory.\n"),
        Row(
            name: "a headers file that is not there", settings: ["zizq.headers_file": "none"],
            errors: "sluice: zizq.headers_file: cannot read none: No such file or directory\n"),
    ]

    @Test("wrong settings and missing files", arguments: rows)
    func wrongSettings(row: Row) async throws {
        let (ending, errors) = try await refusal(GatewaySetup(settings: row.settings))
        #expect(errors == row.errors)
        #expect(ending == .exited(row.status.rawValue))
    }

    @Test("an unknown key in the settings file is named with its place and the likely key")
    func unknownKey() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.write("zizq:\n  batch_jbos: 10\nthreads: 0\n", to: "sluice.yaml")
        let (ending, errors) = try await refusal(GatewaySetup(settings: ["threads": "2"], folder: folder))
        #expect(
            errors == """
                sluice: sluice.yaml:2:3: unknown key 'zizq.batch_jbos'; did you mean 'zizq.batch_jobs'?
                sluice: sluice.yaml:3:10: threads must be a whole number from 1 to 256, not '0'\n
                """)
        #expect(ending == .exited(1))
    }

    @Test("a secret that is not set is named with the route file's line")
    func missingSecret() async throws {
        let (ending, errors) = try await refusal(GatewaySetup(environment: ["HMAC_WEBHOOK_SECRET": ""]))
        #expect(errors == "sluice: routes/hmac.yaml:18:14: the environment variable HMAC_WEBHOOK_SECRET is empty\n")
        #expect(ending == .exited(1))
    }

    @Test("a key that belongs to another certificate")
    func otherKey() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let key = try folder.read("key.pem")
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.write(key, to: "key.pem")
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        #expect(
            errors == """
                sluice: tls.certificate, tls.key: the private key in key.pem does not match the first certificate in \
                certificate.pem; replace both files together

                """)
        #expect(ending == .exited(1))
    }

    @Test("a port on which another gateway listens, with another outbox", arguments: ["http", "https", "admin"])
    func portInUse(listener: String) async throws {
        try await GatewayUnderTest.run { gateway in
            let ports = ["http": gateway.httpPort, "https": gateway.httpsPort, "admin": gateway.adminPort]
            let address = "127.0.0.1:\(try #require(ports[listener]))"
            let (ending, errors) = try await refusal(GatewaySetup(settings: [listener: address]))
            let advice = "stop the other process or set \(listener) to another address"
            #expect(errors == "sluice: cannot listen on \(address) (\(listener)): Address already in use; \(advice)\n")
            #expect(ending == .exited(69))
            try await gateway.expectGoodDelivery()
        }
    }

    @Test("something else in the place of the control socket is named with its owner and mode")
    func controlSocket() async throws {
        let folder = try Self.withCertificate(try TemporaryFolder())
        try folder.write("", to: "outbox.db.sock/file")
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        let user = getuid()
        #expect(
            errors.hasPrefix(
                "sluice: cannot create the control socket outbox.db.sock: Address already in use. outbox.db.sock belongs "
                    + "to user \(user) and has mode 755. "))
        #expect(errors.hasSuffix(" This process runs as user \(user).\n"), "\(errors)")
        #expect(ending == .exited(69))
    }

    @Test("an outbox that another process works on stays shut to a command, and opens once it is free")
    func locked() async throws {
        let folder = try TemporaryFolder()
        try await GatewayUnderTest.run(GatewaySetup(folder: try Self.withCertificate(folder))) { gateway in
            try await gateway.send([1])
            #expect(try await gateway.stop() == .exited(0))
        }
        let lock = unsafe open(folder.file("outbox.db.lock"), O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
        // A gateway waits for the one before it to end, 30 s at most; it starts as soon as the lock is free.
        let (process, _) = try GatewayUnderTest.start(GatewaySetup(folder: folder))
        let command = try ChildProcess(
            ProjectFiles.binary, ["outbox", "status", "--outbox-path", folder.file("outbox.db")], environment: [:],
            folder: folder.path)
        #expect(try await command.ending() == .exited(69))
        let sentence = "outbox.db.lock is locked by another process: only one process can use an outbox. A gateway that"
        let answer = command.errors.text.replacing(folder.path + "/", with: "")
        #expect(answer.hasPrefix("sluice: \(sentence) is starting or saving a damaged outbox"), "\(answer)")
        let waiting = try await process.errors.line("the wait") {
            $0.contains("outbox.db.lock is locked by another process")
        }
        #expect(LogRecord(waiting)?.message.hasSuffix("; waiting at most 30s") == true, "\(waiting)")
        #expect(process.isRunning && !process.errors.text.contains("listening"))
        #expect(flock(lock, LOCK_UN) == 0)
        try await process.errors.line("the start") { LogRecord($0)?.message == "started" }
        process.send(15)
        #expect(try await process.ending() == .exited(0))
    }

    @Test(
        "a second gateway on an outbox waits for the first, names it, and stops after 30 s",
        .timeLimit(.minutes(2)))
    func secondGateway() async throws {
        try await GatewayUnderTest.run { gateway in
            let (second, _) = try GatewayUnderTest.start(GatewaySetup(folder: gateway.folder))
            #expect(try await second.ending() == .exited(69))
            let holder = "outbox.db.lock is locked by process \(gateway.process.id)"
            let lines = second.errors.text.replacing(gateway.folder.path + "/", with: "").split(separator: "\n")
            #expect(lines.count == 2, "\(lines)")
            #expect(lines.first?.contains("\(holder); waiting at most 30s") == true)
            #expect(lines.last == "sluice: \(holder) for 30s: only one process can use an outbox.")
            try await gateway.expectGoodDelivery()
        }
    }

    @Test("a gateway that is stopped while it waits for its outbox ends immediately", arguments: [SIGTERM, SIGINT])
    func stoppedWhileStarting(signal: Int32) async throws {
        let folder = try Self.withCertificate(try TemporaryFolder())
        try folder.write("", to: "outbox.db.lock")
        let lock = unsafe open(folder.file("outbox.db.lock"), O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
        let (process, _) = try GatewayUnderTest.start(GatewaySetup(folder: folder))
        try await process.errors.line("the wait") { $0.contains("outbox.db.lock is locked by another process") }
        process.send(SIGHUP)
        #expect(process.isRunning)
        process.send(signal)
        #expect(try await process.ending() == .exited(0))
    }

    private static func withCertificate(_ folder: TemporaryFolder) throws -> TemporaryFolder {
        try GatewayUnderTest.writeCertificate(to: folder)
        return folder
    }

    @Test(
        "a folder that may not be written to",
        .enabled(if: getuid() == 0, "only root can give up its rights for the test"))
    func unwritableFolder() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        unsafe chmod(folder.file("key.pem"), 0o644)
        try folder.write("", to: "shut/keep")
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        let settings = ["outbox.path": folder.file("shut/outbox.db")]
        let (ending, errors) = try await refusal(GatewaySetup(settings: settings, folder: folder, wrapper: nobody))
        let lock =
            "shut/outbox.db.lock: Permission denied. shut belongs to user 0 and has mode 755. This process runs as user "
            + "65534."
        #expect(errors == "sluice: The outbox folder shut and its files must be writable: \(lock)\n")
        #expect(ending == .exited(69))
    }

    @Test("a folder that others may write to, or that belongs to another user", arguments: ["0777", "0775", "owner"])
    func openFolder(_ what: String) async throws {
        let folder = try Self.withCertificate(try TemporaryFolder())
        try folder.write("", to: "open/keep")
        let path = folder.file("open")
        if what == "owner" {
            try #require(unsafe chown(path, 65534, 65534) == 0, "only root can give a folder away for the test")
        } else {
            unsafe chmod(path, what == "0777" ? 0o777 : 0o775)
        }
        let (ending, errors) = try await refusal(
            GatewaySetup(settings: ["outbox.path": folder.file("open/outbox.db")], folder: folder))
        let sentence =
            what == "owner"
            ? "The outbox folder open belongs to user 65534, who could replace the outbox; this process runs as user 0. "
                + "Change its owner to user 0 (chown), or set outbox.path to a file in a separate folder."
            : "The outbox folder open is writable by other users (mode \(what.dropFirst()), owner 0; this "
                + "process runs as user 0), who could replace the outbox. "
                + "Run chmod go-w open, or set outbox.path to a file in a separate folder."
        #expect(errors == "sluice: \(sentence)\n")
        #expect(ending == .exited(69))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["keep"])
    }

    @Test("a link in place of the outbox's file is not followed", arguments: ["outbox.db", "outbox.db.lock"])
    func link(name: String) async throws {
        let folder = try Self.withCertificate(try TemporaryFolder())
        try folder.write("of somebody else", to: "other")
        try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: folder.file("other"))
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        let advice = "Remove it, or set outbox.path to its target."
        #expect(errors == "sluice: \(name) is a symbolic link, which is not allowed for outbox files. \(advice)\n")
        #expect(ending == .exited(69))
        #expect(try folder.read("other") == Array("of somebody else".utf8))
    }

    @Test("a link to nothing is called one", arguments: ["outbox.db", "outbox.db-wal", "outbox.db.lock"])
    func danglingLink(name: String) async throws {
        let folder = try Self.withCertificate(try TemporaryFolder())
        try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: "/nonexistent/x")
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        #expect(errors == "sluice: \(name) is a symbolic link to /nonexistent/x, which does not exist. Remove it.\n")
        #expect(ending == .exited(69))
    }

    @Test("an outbox that is not a database is left as it is")
    func notADatabase() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let text = String(repeating: "These are notes and no database at all.\n", count: 10)
        try folder.write(text, to: "outbox.db")
        unsafe chmod(folder.file("outbox.db"), 0o644)
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        #expect(
            errors
                == "sluice: outbox.db is not an outbox: it does not begin like a SQLite database. If it was an outbox, "
                + "its first page is damaged, and nothing can be saved: restore a backup (docs/operating/backup.md).\n")
        #expect(ending == .exited(1))
        var facts = stat()
        #expect(unsafe stat(folder.file("outbox.db"), &facts) == 0 && facts.st_mode & 0o777 == 0o644)
        #expect(try folder.read("outbox.db") == Array(text.utf8))
    }

    @Test("an outbox of a newer version is left as it is")
    func newerVersion() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try await GatewayUnderTest.run(GatewaySetup(folder: folder)) { gateway in
            _ = try await gateway.stop()
        }
        // The header's user_version, big-endian at offset 60 (SQLite's file format §1.3).
        var bytes = try folder.read("outbox.db")
        bytes.replaceSubrange(60..<64, with: [0, 0, 0, 99])
        try folder.write(bytes, to: "outbox.db")
        let (ending, errors) = try await refusal(GatewaySetup(folder: folder))
        #expect(
            errors.hasPrefix(
                "sluice: outbox.db is not usable as an outbox: it was written by a newer version of sluice (outbox "
                    + "format 99"
            ))
        #expect(ending == .exited(1))
        #expect(try folder.read("outbox.db") == bytes)
    }
}
