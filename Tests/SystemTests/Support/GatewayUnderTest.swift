internal import Foundation
internal import Glibc
import SluiceCrypto

/// The shipped program, started as `sluice serve` in a folder of its own, with every port chosen by the system.
final class GatewayUnderTest: Sendable {
    let folder: TemporaryFolder
    let process: ChildProcess
    /// What the process, and every command that asks it something, has in its environment.
    let environment: [String: String]
    let httpPort: UInt16
    let httpsPort: UInt16
    let adminPort: UInt16

    /// The log, a JSON record a line.
    var log: LineLog { process.errors }

    /// Starts the gateway, hands it to `body` once it is ready, and kills it, whatever comes.
    static func run(_ setup: GatewaySetup = GatewaySetup(), _ body: (GatewayUnderTest) async throws -> Void)
        async throws
    {
        await GatewaySlots.shared.take(setup.slots)
        defer { GatewaySlots.shared.give(setup.slots) }
        let gateway = try await GatewayUnderTest(setup)
        do {
            try await body(gateway)
        } catch {
            gateway.process.kill()
            throw Failure(
                description: "\(error); its log ends with\n\(gateway.log.lines.suffix(20).joined(separator: "\n"))")
        }
        gateway.process.kill()
        _ = try await gateway.process.ending()
    }

    /// What a test met, with what the gateway said of it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts the gateway and waits until it is ready. The caller keeps the object for as long as the gateway
    /// is to live.
    init(_ setup: GatewaySetup = GatewaySetup()) async throws {
        folder = try setup.folder ?? TemporaryFolder()
        environment = Self.environment(setup, folder)
        try Self.fill(folder, setup)
        process = try Self.start(folder, environment, wrapper: setup.wrapper)
        try await process.errors.line("the record that says it has started") { LogRecord($0)?.message == "started" }
        let ports = Self.ports(process.errors.lines)
        httpPort = ports["http"] ?? 0
        httpsPort = ports["https"] ?? 0
        adminPort = ports["admin"] ?? 0
    }

    deinit { process.kill() }

    /// Starts `sluice serve` without waiting for anything, for a start that fails.
    static func start(_ setup: GatewaySetup) throws -> (process: ChildProcess, folder: TemporaryFolder) {
        let folder = try setup.folder ?? TemporaryFolder()
        try fill(folder, setup)
        return (try start(folder, environment(setup, folder), wrapper: setup.wrapper), folder)
    }

    // MARK: - Talking to it

    /// A connection to the listener without TLS.
    func connect() throws -> Wire { try Wire(port: httpPort) }

    /// Sends one request over a connection of its own.
    func answer(to webhook: Webhook) async throws -> WireAnswer {
        let wire = try connect()
        try wire.send(webhook.bytes)
        return try await wire.answer(isToHead: webhook.method == "HEAD")
    }

    /// What the admin listener says to a GET.
    func admin(_ path: String) async throws -> WireAnswer {
        let wire = try Wire(port: adminPort)
        try wire.send("GET \(path) HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")
        return try await wire.answer()
    }

    /// The value of a metric, by its name with its labels as the page has them; nil where there is no such line.
    func metric(_ name: String) async throws -> Double? {
        let lines = try await admin("/metrics").text.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// Runs the program with other arguments in the gateway's folder and environment, to its end.
    func command(_ arguments: String...) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        try await command(arguments)
    }

    func command(_ arguments: [String]) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let process = try ChildProcess(ProjectFiles.binary, arguments, environment: environment, folder: folder.path)
        let ending = try await process.ending()
        return (ending, process.output.text, process.errors.text)
    }

    /// Resident memory in bytes, as the kernel counts it.
    func residentMemory() throws -> Int { try memory("VmRSS") }

    /// The largest resident memory since the start, in bytes.
    func peakMemory() throws -> Int { try memory("VmHWM") }

    private func memory(_ field: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0)
            * 1024
    }

    // MARK: - Log

    /// The records since a position of `log`.
    func records(from position: Int = 0) -> [LogRecord] { log.lines.dropFirst(position).compactMap(LogRecord.init) }

    /// The records so far with this message.
    func records(saying message: String) -> [LogRecord] { records().filter { $0.message == message } }

    /// Waits for a record.
    @discardableResult
    func record(
        from position: Int = 0, _ what: String = "the record", where matches: @escaping @Sendable (LogRecord) -> Bool
    ) async throws -> LogRecord {
        let line = try await log.line(from: position, what) { LogRecord($0).map(matches) ?? false }
        guard let record = LogRecord(line) else { throw LineLog.NotSeen(description: line) }
        return record
    }

    // MARK: - Starting

    private static func environment(_ setup: GatewaySetup, _ folder: TemporaryFolder) -> [String: String] {
        var settings = [
            "https": "127.0.0.1:0", "tls.certificate": "certificate.pem", "tls.key": "key.pem", "http": "127.0.0.1:0",
            "admin": "127.0.0.1:0", "outbox.path": folder.file("outbox.db"), "limits.drain": "0",
            "limits.shutdown": "5s",
            // A machine that is busy with other tests is not what is tested.
            "limits.commit": "60s", "limits.head": "60s", "limits.idle": "5m", "limits.write": "60s",
            "threads": "2", "log.level": "debug", "log.format": "json",
            "zizq.url": setup.queue ?? "http://127.0.0.1:9",
        ]
        settings.merge(setup.settings) { $1 }
        var variables = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        variables["GITHUB_WEBHOOK_SECRET"] = Webhook.gitHubSecret
        variables["HMAC_WEBHOOK_SECRET"] = Webhook.hmacSecret
        for (key, value) in settings {
            variables["SLUICE_" + key.uppercased().replacing(".", with: "_")] = value
        }
        return variables.merging(setup.environment) { $1 }
    }

    private static func fill(_ folder: TemporaryFolder, _ setup: GatewaySetup) throws {
        if setup.folder == nil { try writeCertificate(to: folder) }
        let routes =
            try setup.routes
            ?? ["github.yaml", "hmac.yaml"].reduce(into: [:]) { $0[$1] = try ProjectFiles.text("routes/\($1)") }
        for (name, text) in routes { try folder.write(text, to: "routes/\(name)") }
        // A body of one of their examples.
        if setup.routes == nil {
            try folder.write(try ProjectFiles.text("routes/examples/push.json"), to: "routes/examples/push.json")
        }
    }

    /// Puts a new certificate and its key where the gateway looks for them.
    static func writeCertificate(to folder: TemporaryFolder) throws {
        let pair = try SelfSignedCertificate.make(hostNames: ["localhost"], addresses: ["127.0.0.1"], validDays: 2)
        try folder.write(pair.certificatePEM, to: "certificate.pem")
        try folder.write(pair.privateKeyPEM, to: "key.pem")
    }

    private static func start(_ folder: TemporaryFolder, _ environment: [String: String], wrapper: [String]) throws
        -> ChildProcess
    {
        let words = wrapper + [ProjectFiles.binary, "serve"]
        return try ChildProcess(words[0], Array(words.dropFirst()), environment: environment, folder: folder.path)
    }

    private static func ports(_ lines: [String]) -> [String: UInt16] {
        lines.compactMap(LogRecord.init).reduce(into: [:]) { ports, record in
            guard record.message == "listening", let listener = record["listener"], let address = record["address"]
            else { return }
            ports[listener] = address.split(separator: ":").last.flatMap { UInt16($0) }
        }
    }
}
