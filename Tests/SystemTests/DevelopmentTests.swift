internal import Foundation
import Testing

/// The first steps of a new user: `sluice dev`, and `sluice send` from the same folder.
@Suite struct DevelopmentTests {
    private func start(_ folder: TemporaryFolder, _ more: String...) throws -> ChildProcess {
        for name in ["github.yaml", "hmac.yaml"] {
            try folder.write(try ProjectFiles.text("routes/\(name)"), to: "routes/\(name)")
        }
        let arguments = ["dev", "--https", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--queue-port", "0"] + more
        return try ChildProcess(ProjectFiles.binary, arguments, environment: [:], folder: folder.path)
    }

    private func send(_ arguments: String..., in folder: TemporaryFolder) async throws -> (
        ending: ChildProcess.Ending, text: String
    ) {
        let process = try ChildProcess(
            ProjectFiles.binary, ["send", "github"] + arguments, environment: [:], folder: folder.path)
        return (try await process.ending(), process.output.text + process.errors.text)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test(
        "it starts with all route files of the project, and says which secrets it has made up, each in the form that its scheme wants"
    )
    func allRoutes() async throws {
        let folder = try TemporaryFolder()
        for name in try FileManager.default.contentsOfDirectory(
            atPath: ProjectFiles.root.appendingPathComponent("routes").path)
        where name.hasSuffix(".yaml") {
            try folder.write(try ProjectFiles.text("routes/\(name)"), to: "routes/\(name)")
        }
        let process = try start(folder)
        try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let greeting = process.output.text
        #expect(greeting.contains(" for development, 13 routes\n"), "\(greeting)")
        #expect(
            greeting.contains(
                """
                  secrets    GITHUB_WEBHOOK_SECRET, HMAC_WEBHOOK_SECRET, LINE_CHANNEL_SECRET,
                             PAGERDUTY_WEBHOOK_SECRET, SHOPIFY_CLIENT_SECRET, SLACK_SIGNING_SECRET,
                             SQUARE_SIGNATURE_KEY, STRIPE_WEBHOOK_SECRET not set: "development" is used, for development only
                             STANDARD_WEBHOOK_SECRET, SVIX_WEBHOOK_SECRET not set: "whsec_ZGV2ZWxvcG1lbnQ=" is used, for development only

                """), "\(greeting)")
        // A file that comes later may name a secret that is not there either.
        try folder.write(
            "routes: [ { path: /late, provider: github, secrets: [ { env: LATE_SECRET } ], jobs: [ { type: late } ] "
                + "} ]\n",
            to: "routes/late.yaml")
        try await process.output.line("the reload") { $0 == "reloaded   route table 2 (14 routes)" }
        let url = try #require(
            greeting.split(separator: " ").last { $0.hasPrefix("https://") }?.split(separator: "\n").first)
        let late = try await send("push", "--to", String(url).replacing("/github", with: "/late"), in: folder)
        #expect(late.ending == .exited(0), "\(late)")
        process.send(2)
        #expect(try await process.ending() == .exited(0))
    }

    @Test("without a route for GitHub the greeting names the paths that there are, and both listeners")
    func otherRoutes() async throws {
        let folder = try TemporaryFolder()
        try folder.write("routes: [ { path: /mine, verify: none, jobs: [ { type: t } ] } ]\n", to: "routes/mine.yaml")
        let arguments = [
            "dev", "--https", "127.0.0.1:0", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--queue-port", "0",
        ]
        let process = try ChildProcess(ProjectFiles.binary, arguments, environment: [:], folder: folder.path)
        try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let greeting = process.output.text
        #expect(
            greeting.contains(#/webhooks {3}https:\/\/127\.0\.0\.1:\d+, http:\/\/127\.0\.0\.1:\d+\n/#), "\(greeting)")
        #expect(greeting.contains(#/curl --insecure --data '\{\}' https:\/\/127\.0\.0\.1:\d+\/mine/#), "\(greeting)")
        #expect(!greeting.contains("send github"))
        process.send(2)
        #expect(try await process.ending() == .exited(0))
    }

    @Test("the first run creates its certificate, accepts signed samples, and prints their results")
    func firstRun() async throws {
        let folder = try TemporaryFolder()
        let process = try start(folder)
        try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let greeting = process.output.text.replacing(ProjectFiles.binary, with: "sluice").replacing(
            /127\.0\.0\.1:\d+/, with: "ADDRESS"
        )
        .replacing(/sluice \d\S+/, with: "sluice VERSION")
        #expect(
            greeting.hasPrefix(
                """

                sluice VERSION for development, 2 routes
                  webhooks   https://ADDRESS
                  metrics    http://ADDRESS/metrics
                  jobs go to http://ADDRESS, a development stand-in for Zizq that keeps jobs in memory only
                  secrets    GITHUB_WEBHOOK_SECRET, HMAC_WEBHOOK_SECRET not set: "development" is used, for development only

                To send a webhook, run this in a second terminal, in this folder:

                  sluice send github push --to https://ADDRESS/github

                Ctrl-C stops the gateway. Deliveries and jobs:
                """), "\(greeting)")
        let command = try #require(process.output.lines.first { $0.contains(" send github push --to ") })
        let url = String(try #require(command.split(separator: " ").last))

        let first = try await send("push", "--to", url, "--delivery", "one", in: folder)
        #expect(
            first.text.wholeMatch(of: /200 \{"id":"01[0-9A-Z]{24}","jobs":1,"dead_letters":0,"duplicate":false\}\n/)
                != nil, "\(first)")
        #expect(first.ending == .exited(0))
        try await process.output.line("the queued job") {
            $0.hasPrefix("queued     job 1  deploy_branch in deploys as ")
        }
        try await process.output.line("the stored one") {
            $0.hasPrefix("stored     01") && $0.hasSuffix("  github  1 job")
        }

        let again = try await send("push", "--to", url, "--delivery", "one", in: folder)
        #expect(again.text.contains(#""jobs":0,"dead_letters":0,"duplicate":true}"#), "\(again)")
        try await process.output.line("the duplicate") { $0.hasPrefix("duplicate  01") && $0.hasSuffix("  github") }
        let ping = try await send("ping", "--to", url, in: folder)
        #expect(ping.text.contains(#""jobs":0,"dead_letters":0,"duplicate":false}"#), "\(ping)")
        try await process.output.line("the ignored one") { $0.hasPrefix("ignored    01") }
        let lost = try await send("push", "--to", url + "/elsewhere", in: folder)
        #expect(lost.text.hasPrefix("404 "), "\(lost)")
        #expect(lost.text.hasSuffix("sluice: the webhook was not accepted\n"))
        #expect(lost.ending == .exited(1))
        try await process.output.line("the refusal") {
            $0 == "refused    404 no_such_route  no route  No route has this path."
        }

        process.send(2)
        #expect(try await process.ending() == .exited(0))
        #expect(
            !process.errors.text.contains("refused a request"),
            "what is shown is not logged too: \(process.errors.text)")
        #expect(
            !process.errors.text.contains("licence") && !process.errors.text.contains("license"),
            "\(process.errors.text)")
    }

    @Test("all files of `sluice dev` are under .sluice/, which is closed to others, and a second run reuses them")
    func files() async throws {
        let folder = try TemporaryFolder()
        var certificates: [[UInt8]] = []
        for _ in 0..<2 {
            let process = try start(folder)
            try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
            #expect(try mode(folder.file(".sluice")) == 0o700)
            for name in ["key.pem", "outbox.db", "outbox.db-wal", "outbox.db.sock"] {
                #expect(try mode(folder.file(".sluice/\(name)")) == 0o600, "\(name)")
            }
            certificates.append(try folder.read(".sluice/certificate.pem"))
            process.send(15)
            #expect(try await process.ending() == .exited(0))
        }
        #expect(certificates[0] == certificates[1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [".sluice", "routes"])
    }

    @Test("a mistake in a route file is shown with its location, and so is that the file is loaded again")
    func reload() async throws {
        let folder = try TemporaryFolder()
        let process = try start(folder)
        try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let file = try ProjectFiles.text("routes/github.yaml")
        try folder.write(file.replacing("queue: deploys", with: "quue: deploys"), to: "routes/github.yaml")
        try await process.errors.line("the mistake") {
            $0.contains("unknown key 'quue' in a kind; did you mean 'queue'?")
        }
        try folder.write(file, to: "routes/github.yaml")
        try await process.output.line("the table") { $0 == "reloaded   route table 2 (2 routes)" }
        process.kill()
    }

    @Test("a command that looks for the outbox of `sluice serve` names that of `sluice dev`")
    func otherOutbox() async throws {
        let folder = try TemporaryFolder()
        func status(_ more: String...) async throws -> ChildProcess {
            let process = try ChildProcess(
                ProjectFiles.binary, ["outbox", "status"] + more, environment: [:], folder: folder.path)
            _ = try await process.ending()
            return process
        }
        #expect(try await status().errors.text == "sluice: no outbox at sluice.db; set outbox.path\n")
        let development = try start(folder)
        try await development.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let lost = try await status()
        #expect(
            lost.errors.text
                == "sluice: no outbox at sluice.db; for sluice dev use --outbox-path .sluice/outbox.db\n")
        #expect(
            try await status("--outbox-path", ".sluice/outbox.db").output.text.hasPrefix("gateway          running\n"))
        development.kill()
    }

    @Test("a certificate without a trusted issuer is refused, and `send` says how to name its authority")
    func otherCertificate() async throws {
        try await GatewayUnderTest.run { gateway in
            let to = ["send", "github", "push", "--to", "https://127.0.0.1:\(gateway.httpsPort)/github"]
            func send(_ more: String...) async throws -> ChildProcess {
                let process = try ChildProcess(
                    ProjectFiles.binary, to + more, environment: gateway.environment, folder: gateway.folder.path)
                _ = try await process.ending()
                return process
            }
            let advice = "use --ca FILE for an authority that the system does not trust"
            let refused = try await send()
            #expect(refused.errors.text == "sluice: the TLS handshake failed: self-signed certificate; \(advice)\n")
            let taken = try await send("--ca", "certificate.pem")
            #expect(taken.output.text.hasPrefix("200 "), "\(taken.errors.text)")
        }
    }

    @Test("without route files it says where to run it, and leaves nothing")
    func noRoutes() async throws {
        let folder = try TemporaryFolder()
        let process = try ChildProcess(ProjectFiles.binary, ["dev"], environment: [:], folder: folder.path)
        #expect(try await process.ending() == .exited(1))
        let sentence =
            "no folder routes here; run sluice dev in the folder that contains it, or name the folder with "
            + "--routes"
        #expect(process.errors.text == "sluice: \(sentence)\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("without `sluice dev` in the folder and without a secret, `send` says what is missing")
    func noSecret() async throws {
        let folder = try TemporaryFolder()
        let sent = try await send("push", "--to", "http://127.0.0.1:9/github", in: folder)
        #expect(sent.text == "sluice: GITHUB_WEBHOOK_SECRET is not set; set it to the secret of the route\n")
        #expect(sent.ending == .exited(1))
    }
}
