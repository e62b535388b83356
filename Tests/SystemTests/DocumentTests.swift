internal import Foundation
import Testing

/// The commands that documents show do what the documents say.
@Suite struct DocumentTests {
    @Test("the first webhook of README.md is answered, queued and listed as it is shown there")
    func firstWebhook() async throws {
        let blocks = try DocumentBlocks("README.md", heading: "The first webhook").blocks
        let dev = try await DevelopmentGateway()
        var shown = IdentifierMask()
        var real = IdentifierMask()
        var command = ""
        for block in blocks {
            switch block.language {
            case "sh":
                #expect(block.suite == "DocumentTests", "\(block.text)")
                command = block.text
                // What the queue holds is asked for once both jobs are there.
                if command.contains("/jobs") { try await dev.waitForJobs(2) }
            case "text":
                // A job may be queued before the line that says it is stored is written.
                try await dev.waitForJobs(2)
                #expect(lines(real.mask(dev.listed)) == lines(shown.mask(block.text)))
            default:
                // An answer without a command of its own is what the last command says the next time.
                let answer = try await dev.run(command)
                #expect(real.mask(answer) == shown.mask(block.text), "\(command)")
            }
        }
        #expect(blocks.map(\.language) == ["sh", "json", "json", "sh", "json", "sh", "json", "text"])
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }

    @Test(
        "every command that a page about operating says is run here succeeds on a running gateway, with the output that is shown",
        arguments: ["editing-routes", "backup", "when-it-fails"])
    func operating(page: String) async throws {
        let blocks = try DocumentBlocks("docs/operating/\(page).md").blocks
        #expect(blocks.contains { $0.suite == "DocumentTests" })
        try await GatewayUnderTest.run { gateway in
            _ = try await gateway.answer(to: .gitHub())
            try gateway.folder.putProgram(at: "bin/sluice")
            var environment = gateway.environment
            environment["PATH"] = gateway.folder.file("bin") + ":" + (environment["PATH"] ?? "")
            // Where the readiness is asked for.
            environment["SLUICE_ADMIN"] = "127.0.0.1:\(gateway.adminPort)"
            for (index, block) in blocks.enumerated() where block.suite == "DocumentTests" {
                let process = try ChildProcess(
                    "sh", ["-ec", block.text], environment: environment, folder: gateway.folder.path)
                #expect(
                    try await process.ending() == .exited(0),
                    "\(block.text)\n\(process.output.text)\(process.errors.text)")
                guard let next = blocks.dropFirst(index + 1).first, next.language == "text" else { continue }
                #expect(process.output.text == next.text + "\n")
            }
        }
    }
}

/// `sluice dev` in a folder that has what it needs of the project, with every port chosen by the system.
private final class DevelopmentGateway: Sendable {
    private let folder: TemporaryFolder
    private let process: ChildProcess
    private let environment: [String: String]
    private let https: String
    private let queue: String
    /// How many lines it had printed before the first delivery.
    private let greeting: Int

    init() async throws {
        folder = try TemporaryFolder()
        for name in ["github.yaml", "hmac.yaml"] {
            try folder.write(try ProjectFiles.text("routes/\(name)"), to: "routes/\(name)")
        }
        try folder.putProgram(at: ".build/debug/sluice")
        environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        process = try ChildProcess(
            ".build/debug/sluice", ["dev", "--https", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--queue-port", "0"],
            environment: environment, folder: folder.path)
        try await process.output.line("the end of the greeting") { $0.hasPrefix("Ctrl-C") }
        let lines = process.output.lines
        https = try Self.address(after: "  webhooks   https://", lines)
        queue = try Self.address(after: "  jobs go to http://", lines)
        greeting = (lines.firstIndex { $0.hasPrefix("Ctrl-C") } ?? 0) + 2
    }

    deinit { process.kill() }

    private static func address(after start: String, _ lines: [String]) throws -> String {
        let line = try #require(lines.first { $0.hasPrefix(start) }, "\(lines)")
        return String(line.dropFirst(start.count).prefix { $0 != "," && $0 != " " })
    }

    /// What it has printed of deliveries.
    var listed: String { process.output.lines.dropFirst(greeting).joined(separator: "\n") }

    /// Waits until so many deliveries are listed as stored and their jobs as queued.
    func waitForJobs(_ count: Int) async throws {
        for start in ["stored ", "queued "] {
            var position = 0
            for _ in 0..<count {
                try await process.output.line(from: position, "line \(count) with '\(start)'") { $0.hasPrefix(start) }
                let lines = process.output.lines
                position = (lines.indices.dropFirst(position).first { lines[$0].hasPrefix(start) } ?? position) + 1
            }
        }
    }

    /// Runs a command of a document, with the ports of here.
    ///
    /// - Returns: what it printed, without the line feed at the end.
    func run(_ command: String) async throws -> String {
        let here = command.replacing("127.0.0.1:8443", with: https).replacing("127.0.0.1:7890", with: queue)
        let process = try ChildProcess("sh", ["-ec", here], environment: environment, folder: folder.path)
        #expect(try await process.ending() == .exited(0), "\(here)\n\(process.errors.text)")
        return process.output.text.trimmingCharacters(in: .newlines)
    }
}
