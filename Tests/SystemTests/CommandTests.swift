import DevQueue
internal import Foundation
import Testing

/// The command line, on a gateway that runs and on an outbox at rest.
@Suite struct CommandTests {
    /// Replaces what differs from run to run, so that the rest can be compared: ids, times, and the width that they
    /// give a column.
    private static func settled(_ text: String) -> String {
        text.replacing(/\b01[0-9A-Z]{24}\b/, with: "DELIVERY").replacing(/\b[0-9a-v]{25}\b/, with: "ZIZQ")
            .replacing(/\d{4}-\d\d-\d\dT[\d:.]+Z/, with: "TIME").replacing(#/ {2,}/#, with: "  ")
    }

    @Test("`outbox status`, `list` and `show` say the same of a running gateway and of its outbox at rest")
    func outbox() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let list = """
            JOB  RECEIVED  ROUTE  TYPE  QUEUE  BYTES  DELIVERY  KEY
            1  TIME  github  github_event  github  7  DELIVERY  github:delivery-1
            2  TIME  github  github_event  github  7  DELIVERY  github:delivery-2\n
            """
        let show = """
            job  2, pending
            delivery  DELIVERY
            route  github
            received  TIME
            type  github_event
            queue  github
            key  github:delivery-2, while exists
            payload
            {"n":2}\n
            """
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.shutdown": "0"], folder: folder)) { gateway in
            try await gateway.send(1...2)
            let status = try await gateway.command("outbox", "status")
            #expect(
                status.output.hasPrefix(
                    "gateway          running\ncondition        storing\npending jobs     2, the oldest "), "\(status)")
            #expect(Self.settled(try await gateway.command("outbox", "list").output) == list)
            #expect(Self.settled(try await gateway.command("outbox", "show", "2").output) == show)
            #expect(try await gateway.stop() == .exited(0))

            let rest = try await gateway.command("outbox", "status")
            #expect(
                rest.output.hasPrefix(
                    "gateway          not running\ncondition        storing\npending jobs     2, the oldest "),
                "\(rest)")
            #expect(Self.settled(try await gateway.command("outbox", "list").output) == list)
            #expect(Self.settled(try await gateway.command("outbox", "show", "2").output) == show)
            let json = try await gateway.command("outbox", "show", "2", "--json")
            #expect(json.output.contains(#""payload":"{\"n\":2}""#), "\(json)")
            let page = try await gateway.command("outbox", "list", "--limit", "1", "--json")
            #expect(page.output.contains(#""next":1"#), "\(page)")
            #expect(try await gateway.command("outbox", "list", "--state", "delivered").output == "no delivered jobs\n")
            let missing = try await gateway.command("outbox", "show", "3")
            #expect(missing.ending == .exited(1))
            #expect(missing.errors == "sluice: nothing with this number in \(folder.file("outbox.db"))\n")
        }
    }

    @Test(
        "a dead letter with a request is shown without its signature, and rendered again by the current route"
    )
    func dead() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            #expect(try await gateway.command("dead", "list").output == "no dead letters\n")
            let answer = try await gateway.answer(to: .hmac(body: #"{"id":"a","n":1,"type":"order.paid.twice"}"#))
            #expect(answer.text.hasSuffix(#""jobs":0,"dead_letters":1,"duplicate":false}"#), "\(answer)")
            let list = try await gateway.command("dead", "list")
            #expect(
                Self.settled(list.output) == """
                    LETTER  DIED  ROUTE  REASON  HOLDS  DELIVERY  DETAIL
                    1  TIME  hmac  no_matching_rule  request  DELIVERY  no rule of the route matches\n
                    """)
            let show = try await gateway.command("dead", "show", "1")
            #expect(
                Self.settled(show.output) == """
                    letter  1
                    reason  no_matching_rule: no rule of the route matches
                    delivery  DELIVERY
                    route  hmac
                    received  TIME
                    died  TIME
                    request
                    POST /hooks/hmac HTTP/1.1
                    host: hooks.example
                    content-length: 42

                    {"id":"a","n":1,"type":"order.paid.twice"}\n
                    """)

            let still = try await gateway.command("dead", "retry", "1")
            #expect(still.output == "dead letter 1: no_matching_rule: no rule of the route matches\n")
            #expect(still.errors == "sluice: 1 dead letter was not retried\n")
            #expect(still.ending == .exited(1))

            let file = String(decoding: try gateway.folder.read("routes/hmac.yaml"), as: UTF8.self)
            try gateway.folder.write(
                file.replacing("order.refunded]", with: "order.refunded, order.paid.twice]"), to: "routes/hmac.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let retried = try await gateway.command("dead", "retry", "1")
            #expect(retried.output == "dead letter 1: now job 1\n", "\(retried)")
            #expect(retried.ending == .exited(0))
            try await queue.arrivals(1)
            #expect(try await gateway.command("dead", "list").output == "no dead letters\n")
            #expect(try await gateway.command("dead", "retry", "1").ending == .exited(1))
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.type) == ["order_changed"])
        await queue.stop()
    }

    @Test("a dead letter's request can be rendered again in any form: in chunks, or as HTTP/1.0 without a host")
    func forms() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            let chunked = try gateway.connect()
            try chunked.send(Webhook.hmac(body: #"{"id":"a","n":1,"type":"later"}"#).chunked(by: 7))
            #expect(try await chunked.answer().status == 200)
            var old = Webhook.hmac(body: #"{"id":"b","n":2,"type":"later"}"#)
            old.version = "HTTP/1.0"
            old[header: "host"] = nil
            #expect(try await gateway.answer(to: old).status == 200)
            let file = String(decoding: try gateway.folder.read("routes/hmac.yaml"), as: UTF8.self)
            try gateway.folder.write(file.replacing("order.refunded]", with: "later]"), to: "routes/hmac.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let retried = try await gateway.command(
                "dead", "retry", "2", "--outbox-path", gateway.folder.file("outbox.db"), "1")
            #expect(retried.output == "dead letter 2: now job 1\ndead letter 1: now job 2\n", "\(retried)")
            try await queue.arrivals(2)
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
    }

    @Test(
        "a job that was dead-lettered for its changed body is sent when a person says so, and Zizq does not take it for the first one"
    )
    func changedBody() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            let first = try await gateway.answer(to: .hmac(body: #"{"id":"a","type":"order.paid"}"#))
            #expect(first.text.contains(#""jobs":1"#))
            let second = try await gateway.answer(to: .hmac(body: #"{"id":"a","type":"order.refunded"}"#))
            #expect(second.text.hasSuffix(#""jobs":0,"dead_letters":1,"duplicate":false}"#), "\(second)")
            try await queue.arrivals(1)
            let retried = try await gateway.command("dead", "retry", "--all")
            #expect(retried.output == "dead letter 1: now job 2\n", "\(retried)")
            try await queue.arrivals(2)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.uniqueKey) == ["hmac:a", "hmac:a~1"])
        await queue.stop()
    }

    @Test("`health` tells a gateway that is alive from one that is not")
    func health() async throws {
        try await GatewayUnderTest.run { gateway in
            let admin = "127.0.0.1:\(gateway.adminPort)"
            let alive = try await gateway.command("health", "--admin", admin)
            #expect(alive.output == #"{"status":"ok"}"# + "\n")
            #expect(alive.ending == .exited(0))
            #expect(try await gateway.command("health", "--ready", "--admin", admin).ending == .exited(0))
            #expect(try await gateway.stop() == .exited(0))
            let gone = try await gateway.command("health", "--admin", admin)
            #expect(gone.errors == "sluice: cannot connect to \(admin): connect: Connection refused\n")
            #expect(gone.ending == .exited(69))
        }
    }

    /// Runs the program in a folder with nothing in its environment but what is given.
    private func run(
        _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let process = try ChildProcess(ProjectFiles.binary, arguments, environment: environment, folder: folder.path)
        return (try await process.ending(), process.output.text, process.errors.text)
    }

    @Test(
        "a wrong command line ends with status 2 and says what is wrong",
        arguments: [
            (["bogus"], "Error: Unexpected argument 'bogus'"),
            (["serve", "--limts-body", "3"], "sluice: unknown option '--limts-body'; did you mean '--limits-body'?"),
            (["serve", "--zizq-url"], "sluice: --zizq-url needs a value: --zizq-url URL"),
            (["outbox", "list", "--limit", "0"], "Error: --limit must be between 1 and 500"),
            (["outbox", "show"], "Error: Missing expected argument '<number>'"),
            (["kinds"], "Error: Missing expected argument '--language <language>'"),
            (
                ["kinds", "--language", "cobol"],
                "Error: The value 'cobol' is invalid for '--language <language>'. Please provide one of 'swift', "
                    + "'typescript' or 'json-schema'."
            ),
            (["dead", "retry"], "Error: give the numbers of dead letters, or --all"),
            (["dead", "retry", "1", "--all"], "Error: give the numbers of dead letters, or --all"),
            (["dead", "retry", "one"], "Error: 'one' is not the number of a dead letter"),
            (["dead", "discard"], "Error: give the numbers of dead letters, or --all"),
            (["outbox", "bury"], "Error: give the numbers of jobs, as shown by `sluice outbox list`"),
            (["outbox", "backup", ""], "Error: name the file to create"),
            (["dead", "import", ""], "Error: name the file, or - for standard input"),
            (["outbox", "forget"], "Error: use --delivery ID or --key ROUTE KEY"),
            (
                ["outbox", "forget", "--key", "github"],
                "Error: use --delivery ID or --key ROUTE KEY"
            ),
            (
                ["outbox", "forget", "--key", "github", "--17"],
                "Error: use --delivery ID or --key ROUTE KEY; if the key begins with a dash, write -- before it"
            ),
            (["outbox", "forget", "--delivery", "../x"], "Error: '../x' is not the id of a delivery"),
            (
                ["send", "gitub", "push", "--to", "http://127.0.0.1:1/"],
                "sluice: unknown provider 'gitub'; did you mean 'github'?"
            ),
            (
                ["send", "github", "push", "--to", "nowhere"],
                "sluice: --to must be a URL such as https://127.0.0.1:8443/github"
            ),
        ])
    func usage(arguments: [String], sentence: String) async throws {
        let (ending, output, errors) = try await run(
            arguments, in: try TemporaryFolder(), environment: ["GITHUB_WEBHOOK_SECRET": "a secret of tests"])
        #expect(errors.split(separator: "\n").first.map(String.init) == sentence)
        #expect(output.isEmpty)
        #expect(ending == .exited(2))
    }

    @Test(
        "a second --route is an error, as one of the two would be ignored",
        arguments: [
            "quarantine list", "quarantine verify", "quarantine drop", "dead export", "outbox replay --since 1h",
        ])
    func twoRoutes(command: String) async throws {
        let words = command.split(separator: " ").map(String.init) + ["--route", "a", "--route", "b"]
        let (ending, _, errors) = try await run(words, in: try TemporaryFolder())
        #expect(errors.hasPrefix("Error: give --route once, and run the command for each route\n"))
        #expect(ending == .exited(2))
    }

    @Test("the version and the help go to standard output")
    func version() async throws {
        let folder = try TemporaryFolder()
        let version = try await run(["--version"], in: folder)
        #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        #expect(version.ending == .exited(0))
        for command in [
            "serve", "dev", "check", "explain", "kinds", "schema", "send", "outbox", "dead", "reload", "health",
            "devqueue",
        ] {
            let help = try await run([command, "--help"], in: folder)
            #expect(help.output.contains("USAGE: sluice \(command)"), "\(command)")
            #expect(help.ending == .exited(0))
        }
    }

    @Test("`check` reports the problems of all files together, and that the project's own routes are valid")
    func check() async throws {
        let folder = try TemporaryFolder()
        for name in ["github.yaml", "hmac.yaml", "examples/push.json"] {
            try folder.write(try ProjectFiles.text("routes/\(name)"), to: "routes/\(name)")
        }
        let secrets = ["GITHUB_WEBHOOK_SECRET": "a secret of tests", "HMAC_WEBHOOK_SECRET": "a secret of tests"]
        let right = try await run(["check"], in: folder, environment: secrets)
        #expect(
            right.output == """
                routes/github.yaml:23:5: note: the signature does not cover the header x-github-event (rules 1, 2), the header x-github-delivery \
                (unique key): a captured request could be replayed with another value there, but not with the key of \
                another delivery if you set unique_key: [ "${header.X-GitHub-Delivery}", "${sha256.body}" ]
                github: secrets: env GITHUB_WEBHOOK_SECRET, 17 bytes, SHA-256 a5089e77
                hmac: secrets: env HMAC_WEBHOOK_SECRET, 17 bytes, SHA-256 a5089e77
                routes: 2 files, 2 routes, 1 kind, 12 examples: 0 errors, 0 warnings\n
                """)
        #expect(right.ending == .exited(0))

        let github = try ProjectFiles.text("routes/github.yaml")
        try folder.write(github.replacing("    path: /github", with: "    pth: /github"), to: "routes/github.yaml")
        let wrong = try await run(
            ["check", "routes"], in: folder, environment: ["GITHUB_WEBHOOK_SECRET": "a secret of tests"])
        #expect(
            wrong.output == """
                routes/github.yaml:20:5: error: unknown key 'pth' in a route; did you mean 'path'?
                routes/hmac.yaml:18:14: error: the environment variable HMAC_WEBHOOK_SECRET is not set
                routes: 2 files, 2 routes, 1 kind, 12 examples (not run): 2 errors, 0 warnings\n
                """)
        #expect(wrong.errors == "sluice: 2 errors in routes\n")
        #expect(wrong.ending == .exited(1))
    }

    @Test("`schema` prints JSON, the same each time, and reads nothing")
    func schema() async throws {
        let folder = try TemporaryFolder()
        try folder.write("no settings", to: "sluice.yaml")
        let schema = try await run(["schema"], in: folder)
        #expect(schema.ending == .exited(0))
        #expect(schema.output.hasPrefix("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"))
        let json = try JSONSerialization.jsonObject(with: Data(schema.output.utf8)) as? [String: Any]
        #expect(json?["title"] as? String == "Sluice route file")
        #expect(try await run(["schema"], in: folder).output == schema.output)
    }

    @Test("`serve --print-settings` prints the effective settings as a settings file, and starts nothing")
    func printSettings() async throws {
        let folder = try TemporaryFolder()
        try folder.write("zizq: { batch_jobs: 10 }\n", to: "sluice.yaml")
        let arguments = ["serve", "--print-settings", "--https", "off", "--http", "127.0.0.1:0"]
        let printed = try await run(arguments, in: folder, environment: ["SLUICE_ZIZQ_TIMEOUT": "7s"])
        #expect(printed.ending == .exited(0))
        let lines = printed.output.split(separator: "\n").map {
            $0.split(whereSeparator: { $0 == " " }).joined(separator: " ")
        }
        for line in [
            "http: 127.0.0.1:0 # --http", "zizq.batch_jobs: 10 # sluice.yaml:1:21",
            "zizq.timeout: 7s # SLUICE_ZIZQ_TIMEOUT",
            "limits.idle: 75s # default",
        ] {
            #expect(lines.contains(line), "\(printed.output)")
        }
        try folder.write(printed.output, to: "again.yaml")
        let again = try await run(["serve", "--print-settings", "--config", "again.yaml"], in: folder)
        func values(_ text: String) -> [Substring] { text.split(separator: "\n").map { $0.prefix { $0 != "#" } } }
        #expect(values(again.output) == values(printed.output))
    }
}
