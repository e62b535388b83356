import DevQueue
internal import Foundation
import Testing

/// Dead letters that move from one outbox to another as a file.
@Suite struct DeadLetterFileTests {
    /// Three deliveries: one whose job Zizq refuses, and two that no rule matches.
    private static let routes = [
        "open.yaml": """
        routes:
          - name: open
            path: /github
            provider: github
            secrets: [{ env: GITHUB_WEBHOOK_SECRET }]
            jobs:
              - when: { event: order }
                type: order
                queue: orders
                payload: { n: "${body.n}" }
            otherwise: dead_letter
        """
    ]

    private func setup(_ queue: TestQueue) -> GatewaySetup { GatewaySetup(routes: Self.routes, queue: queue.url) }

    private func export() async throws -> String {
        let queue = try await TestQueue.start()
        queue.store.setFault(.status(400, error: "jobs[0]: type must not contain ','"), count: 1000)
        var lines = ""
        try await GatewayUnderTest.run(setup(queue)) { gateway in
            let sent = [("order", "one"), ("other", "two"), ("other", "three")]
            for (event, id) in sent {
                let webhook = Webhook.gitHub(event: event, id: id, body: #"{"n":"\#(id)"}"#)
                #expect(try await gateway.answer(to: webhook).status == 200)
                // In this order: that of the job comes when Zizq has refused it.
                if event == "order" { try await gateway.untilMetric("sluice_outbox_dead_letters", is: 1) }
            }
            try await gateway.untilMetric("sluice_outbox_dead_letters", is: 3)
            let exported = try await gateway.command("dead", "export")
            #expect(exported.ending == .exited(0) && exported.errors.isEmpty, "\(exported)")
            lines = exported.output
            #expect(lines.split(separator: "\n").count == 3)
            let refused = try await gateway.command("dead", "export", "--reason", "refused_by_zizq", "--route", "open")
            #expect(refused.output.split(separator: "\n").count == 1)
            let none = try await gateway.command("dead", "export", "--route", "none")
            #expect(none.output.isEmpty && none.ending == .exited(1), "\(none)")
            #expect(none.errors.hasSuffix("no route with this name is loaded; known routes: open\n"), "\(none)")
            let unknown = try await gateway.command("dead", "export", "--reason", "bad_filed")
            #expect(unknown.errors.contains("bad_field") && unknown.ending == .exited(2), "\(unknown)")
            #expect(try await gateway.command("dead", "export", "9").errors == "sluice: no dead letter 9\n")
            // Into the outbox that they are in.
            try gateway.folder.write(lines, to: "dead.jsonl")
            let again = try await gateway.command("dead", "import", "dead.jsonl")
            #expect(again.output == "0 imported, 3 already there, 0 refused\n", "\(again)")
            #expect(again.ending == .exited(0))
            #expect(try await gateway.stop() == .exited(0))
            // At rest.
            #expect(try await gateway.command("dead", "export").output == lines)
        }
        await queue.stop()
        return lines
    }

    @Test("exported dead letters are imported once, are sent when they are retried, and keep repetitions out")
    func moved() async throws {
        let lines = try await export()
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(setup(queue)) { gateway in
            try gateway.folder.write(lines, to: "dead.jsonl")
            for expected in ["3 imported, 0 already there", "0 imported, 3 already there"] {
                let imported = try await gateway.command("dead", "import", "dead.jsonl")
                #expect(imported.output == "\(expected), 0 refused\n", "\(imported)")
                #expect(imported.ending == .exited(0) && imported.errors.isEmpty, "\(imported)")
            }
            #expect(try await gateway.metric("sluice_outbox_jobs") == 0)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 3)
            #expect(try await gateway.command("dead", "export").output == lines)
            for id in ["one", "two"] {
                let body = #"{"n":"\#(id)"}"#
                let event = id == "one" ? "order" : "other"
                let again = try await gateway.answer(to: .gitHub(event: event, id: id, body: body))
                #expect(again.text.contains(#""duplicate":true"#), "\(again)")
            }
            let rules = try #require(Self.routes["open.yaml"]).replacing("event: order", with: "event: [order, other]")
            try gateway.folder.write(rules, to: "routes/open.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let retried = try await gateway.command("dead", "retry", "--all", "--changed")
            #expect(retried.ending == .exited(0), "\(retried)")
            try await queue.arrivals(3)
            #expect(try await gateway.stop() == .exited(0))
        }
        let jobs = queue.store.jobs
        #expect(Set(jobs.map(\.uniqueKey)) == ["open:one", "open:two", "open:three"])
        await queue.stop()
    }

    @Test("lines that were changed, cut or are not dead letters are refused, and the others imported")
    func damagedLines() async throws {
        let lines = try await export().split(separator: "\n").map(String.init)
        try await GatewayUnderTest.run(GatewaySetup(routes: Self.routes)) { gateway in
            let file = [
                lines[0].replacing(#""route":"open""#, with: #""route":"opem""#), "", String(lines[1].dropLast(20)), "",
                "", "{}", lines[2],
            ]
            try gateway.folder.write(file.joined(separator: "\n"), to: "dead.jsonl")
            let imported = try await gateway.command("dead", "import", "dead.jsonl")
            #expect(imported.output == "1 imported, 0 already there, 3 refused\n")
            #expect(
                imported.errors == """
                    line 1: its checksum is wrong: the line was changed or damaged
                    line 3: it is not a dead letter that was exported
                    line 6: it is not a dead letter that was exported
                    sluice: some lines were refused\n
                    """)
            #expect(imported.ending == .exited(1))
            let missing = try await gateway.command("dead", "import", "none.jsonl")
            #expect(missing.errors == "sluice: none.jsonl: No such file or directory\n" && missing.ending == .exited(1))
        }
    }

    @Test("a dead letter whose request or job was changed on the disk is said to be damaged, and not retried")
    func damagedLetters() async throws {
        let lines = try await export()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let setup = GatewaySetup(routes: Self.routes, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: .gitHub(event: "other", id: "four", body: #"{"n":4}"#)).status == 200)
            try folder.write(lines, to: "dead.jsonl")
            #expect(try await gateway.command("dead", "import", "dead.jsonl").ending == .exited(0))
            #expect(try await gateway.stop() == .exited(0))
        }
        let sql = """
            UPDATE requests SET request = CAST(replace(CAST(request AS TEXT), '"n":4', '"n":5') AS BLOB);
            UPDATE dead_letters SET payload = CAST(replace(CAST(payload AS TEXT), 'one', 'two') AS BLOB),
                request = CAST(replace(CAST(request AS TEXT), 'three', 'fours') AS BLOB)
            """
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", sql], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        try await GatewayUnderTest.run(setup) { gateway in
            for letter in ["1", "2", "4"] {
                let retried = try await gateway.command("dead", "retry", letter, "--changed")
                #expect(
                    retried.output.hasPrefix("dead letter \(letter): its contents differ from what was stored"),
                    "\(retried)")
                let shown = try await gateway.command("dead", "show", letter)
                #expect(shown.output.contains("checksum   WRONG"), "\(shown)")
                let exported = try await gateway.command("dead", "export", letter)
                #expect(exported.output.contains(#""damaged":true"#) && !exported.errors.isEmpty, "\(exported)")
            }
            #expect(!(try await gateway.command("dead", "show", "3").output.contains("WRONG")))
        }
    }

    @Test("an import says if the unique key of a dead letter was forgotten, or a later delivery has it")
    func forgottenKey() async throws {
        let lines = try await export()
        try await GatewayUnderTest.run(GatewaySetup(routes: Self.routes)) { gateway in
            try gateway.folder.write(lines, to: "dead.jsonl")
            #expect(try await gateway.command("dead", "import", "dead.jsonl").errors.isEmpty)
            #expect(try await gateway.command("dead", "discard", "2", "--forget-key").ending == .exited(0))
            let forgotten = try await gateway.command("dead", "import", "dead.jsonl")
            #expect(forgotten.output == "1 imported, 2 already there, 0 refused\n" && forgotten.ending == .exited(0))
            #expect(
                forgotten.errors
                    == "line 2: dead letter 4 has a unique key that was forgotten: if you retry it, and the "
                    + "provider sends the webhook again, there will be two jobs\n")
            let again = try await gateway.answer(to: .gitHub(event: "other", id: "two", body: #"{"n":"two"}"#))
            let id = try #require(again.text.firstMatch(of: /"id":"([^"]+)"/)?.1)
            #expect(try await gateway.command("dead", "discard", "4").ending == .exited(0))
            let later = try await gateway.command("dead", "import", "dead.jsonl")
            #expect(
                later.errors
                    == "line 2: dead letter 6 has the unique key of the delivery \(id), which came later: if you "
                    + "retry it, there may be a second job\n", "\(again) \(later)")
        }
    }

    @Test("an import prints at most 20 reasons")
    func manyReasons() async throws {
        try await GatewayUnderTest.run(GatewaySetup(routes: Self.routes)) { gateway in
            try gateway.folder.write(String(repeating: "{}\n", count: 25), to: "dead.jsonl")
            let imported = try await gateway.command("dead", "import", "dead.jsonl")
            #expect(imported.output == "0 imported, 0 already there, 25 refused\n")
            let reasons = (1...20).map { "line \($0): it is not a dead letter that was exported\n" }.joined()
            #expect(imported.errors == reasons + "sluice: some lines were refused; the first 20 are shown\n")
        }
    }
}
