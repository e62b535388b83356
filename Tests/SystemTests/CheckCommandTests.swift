internal import Foundation
import Testing

/// `sluice check`, as people and programs call it.
@Suite struct CheckCommandTests {
    private static let orders = """
        routes:
          - name: orders
            path: /orders
            provider: github
            secrets: [ { env: ORDERS_SECRET } ]
            jobs:
              - tpye: order
                type: order
                queue: orders
            examples:
              - name: a paid order
                body: { id: 1 }
                expect:
                  jobs: [ { queue: order } ]
        kinds:
          refund: {}

        """

    private func run(
        _ arguments: [String], in folder: TemporaryFolder, program: String = ProjectFiles.binary,
        environment: [String: String] = [:]
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let process = try ChildProcess(program, arguments, environment: environment, folder: folder.path)
        return (try await process.ending(), process.output.text, process.errors.text)
    }

    /// A folder with the file that docs/reference/cli.md shows the check of.
    private func folder(_ text: String = Self.orders) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "routes/orders.yaml")
        return folder
    }

    @Test("prints what docs/reference/cli.md shows, and ends with 1 for an error")
    func document() async throws {
        let (ending, output, errors) = try await run(["check", "--without-secrets"], in: try folder())
        let page = try ProjectFiles.text("docs/reference/cli.md")
        #expect(page.contains("```\n$ sluice check --without-secrets\n\(output)```\n"), "\(output)")
        #expect(errors == "sluice: 1 error in routes\n")
        #expect(ending == .exited(1))
    }

    @Test("runs the examples without any secret, and says how if only secrets are missing")
    func secrets() async throws {
        let folder = try folder(Self.orders.replacing("      - tpye: order\n        type:", with: "      - type:"))
        let missing = try await run(["check"], in: folder)
        #expect(missing.errors == "sluice: 2 errors in routes; use --without-secrets to check without the secrets\n")
        #expect(missing.output.contains("error: the environment variable ORDERS_SECRET is not set\n"))
        #expect(missing.output.contains("    jobs[0].queue\n      - \"order\"\n      + \"orders\"\n"))
        let there = try await run(["check"], in: folder, environment: ["ORDERS_SECRET": "a secret of tests"])
        #expect(there.errors == "sluice: 1 error in routes\n")
        try folder.write(
            Self.orders.replacing("      - tpye: order\n        type:", with: "      - type:").replacing(
                "queue: order }", with: "queue: orders }"),
            to: "routes/orders.yaml")
        let right = try await run(["check", "--without-secrets", "routes"], in: folder)
        #expect(right.output.hasSuffix("routes: 1 file, 1 route, 1 kind, 1 example: 0 errors, 1 warning\n"))
        #expect(right.errors.isEmpty)
        #expect(right.ending == .exited(0))
    }

    @Test("uses the settings that apply to every route, as the gateway does, from a file, a variable or an option")
    func settings() async throws {
        let folder = try folder(
            """
            routes:
              - { name: calls, path: /calls, provider: twilio, secrets: [ { env: S } ], jobs: [ { type: a, queue: q } ] }

            """)
        for command in [["check", "--without-secrets"], ["routes", "routes"]] {
            let missing = try await run(command, in: folder)
            #expect((missing.output + missing.errors).contains("needs 'public_url', in the route or in the settings"))
            #expect(missing.ending == .exited(1))
            let url = "https://hooks.example.com"
            let variable = try await run(command, in: folder, environment: ["SLUICE_PUBLIC_URL": url])
            #expect(variable.ending == .exited(0), "\(variable.output)\(variable.errors)")
            #expect(try await run(command + ["--public-url", url], in: folder).ending == .exited(0))
            try folder.write("public_url: \(url)\n", to: "other.yaml")
            #expect(try await run(command + ["--config", "other.yaml"], in: folder).ending == .exited(0))
        }
    }

    @Test("prints one JSON document, and annotations for GitHub, with the same status")
    func formats() async throws {
        let folder = try folder()
        let json = try await run(["check", "--without-secrets", "--format", "json"], in: folder)
        let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(document?["errors"] as? Int == 1)
        #expect((document?["problems"] as? [[String: Any]])?.map { $0["line"] as? Int } == [7, 16])
        #expect(json.ending == .exited(1))
        let github = try await run(["check", "--without-secrets", "--format", "github"], in: folder)
        #expect(
            github.output.hasPrefix(
                "::error file=routes/orders.yaml,line=7,col=9,title=sluice check::unknown key 'tpye' in a job rule"))
        #expect(github.ending == .exited(1))
        #expect(try await run(["check", "--format", "xml"], in: folder).ending == .exited(2))
    }

    @Test("shows the line and the column on a terminal, in colour unless disabled")
    func terminal() async throws {
        let folder = try folder()
        let watch = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        let arguments = ["python3", "-c", watch, ProjectFiles.binary, "check", "--without-secrets"]
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let colour = try await run(arguments, in: folder, program: "env", environment: ["PATH": path, "TERM": "xterm"])
        let lines = colour.output.replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
        #expect(
            lines.first?.hasPrefix(
                "\u{1B}[1mroutes/orders.yaml:7:9:\u{1B}[0m \u{1B}[31merror:\u{1B}[0m unknown key 'tpye'") == true,
            "\(lines)")
        #expect(lines.dropFirst().first == "  7 |       - tpye: order")
        let plain = try await run(
            arguments, in: folder, program: "env", environment: ["PATH": path, "TERM": "xterm", "NO_COLOR": "1"])
        #expect(plain.output.contains("  7 |       - tpye: order\r\n    |         ^\r\n"))
        #expect(!plain.output.contains("\u{1B}"))
    }
}
