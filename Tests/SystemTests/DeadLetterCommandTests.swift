import DevQueue
import SluiceBase
import SluiceCrypto
import Testing

/// What people do to dead letters, jobs and keys on the command line.
@Suite struct DeadLetterCommandTests {
    /// A job whose payload must have a number `n`, and one for another type.
    private static func routes(_ rules: String, kinds: String = "  order: { payload: { n: integer }, queue: orders }")
        -> [String: String]
    {
        [
            "open.yaml": """
            kinds:
            \(kinds)
            routes:
              - name: open
                path: /github
                provider: github
                secrets: [{ env: GITHUB_WEBHOOK_SECRET }]
                jobs:
            \(rules)
                otherwise: ignore
            """
        ]
    }

    private static let order = """
              - when: { event: order }
                kind: order
                payload: { n: "${body.n}" }
        """
    private static let note = """
              - when: { event: note }
                type: note
                queue: notes
        """

    private func write(_ rules: String, to gateway: GatewayUnderTest) async throws {
        try gateway.folder.write(Self.routes(rules)["open.yaml"] ?? "", to: "routes/open.yaml")
        let reloaded = try await gateway.command("reload")
        #expect(reloaded.ending == .exited(0), "\(reloaded)")
    }

    /// A webhook that becomes a dead letter: `n` is a text.
    private func sendMismatch(_ gateway: GatewayUnderTest) async throws {
        let answer = try await gateway.answer(to: .gitHub(event: "order", body: #"{"n":"one"}"#))
        #expect(answer.text.contains(#""dead_letters":1"#), "\(answer)")
    }

    @Test("a dead letter whose path and query had a static token is retried without it")
    func tokenInPath() async throws {
        func routes(_ rule: String) -> String {
            """
            routes:
              - name: open
                path: /a/{tok}/{id}
                verify: { alg: static, signature_from: "${param.tok}" }
                secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
                jobs: [ { \(rule) type: t, payload: { tok: "${param.tok}", id: "${param.id}", path: "${path}" } } ]
                otherwise: dead_letter
            """
        }
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(routes: ["open.yaml": routes("when: { body.ok: true },")], queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            let secret = Webhook.gitHubSecret.replacing(" ", with: "%20")
            let headers = [(name: "host", value: "h"), (name: "content-type", value: "application/json")]
            let webhook = Webhook(target: "/a/\(secret)/7", headers: headers, body: Array("{}".utf8))
            let answer = try await gateway.answer(to: webhook)
            #expect(answer.text.contains(#""dead_letters":1"#), "\(answer)")
            try gateway.folder.write(routes(""), to: "routes/open.yaml")
            _ = try await gateway.command("reload")
            let retried = try await gateway.command("dead", "retry", "1")
            #expect(retried.output.hasPrefix("dead letter 1: now job "), "\(retried)")
            try await queue.arrivals(1)
            let payload = String(decoding: queue.store.jobs[0].payload ?? [], as: UTF8.self)
            let mark = "{tok-\(Hash.digest(.sha256, Array(Webhook.gitHubSecret.utf8).span).hex.prefix(8))}"
            #expect(payload == #"{"tok":"\#(mark)","id":"7","path":"/a/\#(mark)/7"}"#)
        }
    }

    @Test("a dead letter is not retried with the parameters of another path")
    func movedPath() async throws {
        func routes(_ path: String, _ rule: String) -> String {
            """
            routes:
              - name: open
                path: \(path)
                verify: none
                jobs: [ { \(rule) type: t, payload: { p: "${path}" } } ]
                otherwise: dead_letter
            """
        }
        let unmet = "when: { body.ok: true },"
        let setup = GatewaySetup(routes: ["open.yaml": routes("/a/{tenant}", unmet)])
        try await GatewayUnderTest.run(setup) { gateway in
            func retry(_ path: String) async throws -> String {
                try gateway.folder.write(routes(path, ""), to: "routes/open.yaml")
                _ = try await gateway.command("reload")
                return try await gateway.command("dead", "retry", "1").output
            }
            let headers = [(name: "host", value: "h"), (name: "content-type", value: "application/json")]
            let webhook = Webhook(target: "/a/acme", headers: headers, body: Array("{}".utf8))
            let answer = try await gateway.answer(to: webhook)
            #expect(answer.text.contains(#""dead_letters":1"#), "\(answer)")
            #expect(
                try await retry("/b/a/{tenant}")
                    == "dead letter 1: the path of its request no longer matches the route's path, so its "
                    + "parameters are not known\n")
            #expect(
                try await retry("/b")
                    == "dead letter 1: the route has moved to another path; it would become a job of type t in queue "
                    + "default; use --changed to send it anyway\n")
            #expect(try await retry("/a/{name}").hasPrefix("dead letter 1: now job "))
        }
    }

    @Test(
        "a dead letter of which another job would come now stays, says why, and goes with --changed; a rule that has only moved is the same"
    )
    func changedRule() async throws {
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(routes: Self.routes(Self.order + "\n" + Self.note), queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            try await sendMismatch(gateway)
            let shown = try await gateway.command("dead", "show", "1")
            #expect(shown.output.contains("rule       kind order, type order, queue orders, digest "), "\(shown)")

            // Another rule takes it now.
            let any = "      - when: { event: order, body.n: one }\n        type: other\n        queue: q"
            try await write(any + "\n" + Self.order, to: gateway)
            let other = try await gateway.command("dead", "retry", "1")
            #expect(
                other.output == """
                    dead letter 1: another rule, rule 1, now matches it; it would become a job of type other in queue q (kind (none) instead of \
                    order, type other instead of order, queue q instead of orders); use --changed to send it anyway\n
                    """)
            #expect(other.errors == "sluice: 1 dead letter was not retried\n" && other.ending == .exited(1))

            // None does.
            try await write(Self.note, to: gateway)
            for flag in [[], ["--changed"]] {
                let none = try await gateway.command(["dead", "retry", "--all"] + flag)
                #expect(
                    none.output
                        == "dead letter 1: its route no longer creates a job from it: no rule matches and 'otherwise' is ignore\n",
                    "\(none)")
                #expect(none.ending == .exited(1))
            }

            // The rule that made it stands at another place, and its kind takes a text.
            let text = Self.routes(
                Self.note + "\n" + Self.order, kinds: "  order: { payload: { n: string }, queue: orders }")
            try gateway.folder.write(text["open.yaml"] ?? "", to: "routes/open.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            #expect(try await gateway.command("dead", "retry", "1").output == "dead letter 1: now job 1\n")
            try await queue.arrivals(1)

            // The rule itself was changed.
            try await write(Self.order, to: gateway)
            try await sendMismatch(gateway)
            try await write(Self.order.replacing(#""${body.n}""#, with: "1"), to: gateway)
            let changed = try await gateway.command("dead", "retry", "--all")
            #expect(
                changed.output
                    == "dead letter 2: its rule or its route was changed; it would become a job of type order in queue orders; use --changed to send it anyway\n"
            )
            #expect(try await gateway.command("dead", "retry", "2", "--changed").output == "dead letter 2: now job 2\n")
            try await queue.arrivals(2)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.type) == ["order", "order"])
        await queue.stop()
    }

    @Test("`dead retry --all` ends although Zizq refuses each job again")
    func retryAllEnds() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.status(400, error: "jobs[0]: type must not contain ','"), count: 1000)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            let bad = 5
            try await gateway.send(1...bad)
            try await gateway.untilMetric("sluice_outbox_dead_letters", is: Double(bad))
            let retried = try await gateway.command("dead", "retry", "--all")
            #expect(retried.ending == .exited(0))
            #expect(retried.output.split(separator: "\n").count == bad, "\(retried)")
            try await gateway.untilMetric("sluice_outbox_dead_letters", is: Double(bad))
            let discarded = try await gateway.command("dead", "discard", "--all")
            #expect(
                discarded.output.split(separator: "\n").count == bad && discarded.ending == .exited(0), "\(discarded)")
            #expect(try await gateway.command("dead", "list").output == "no dead letters\n")
            #expect(try await gateway.command("dead", "discard", "--all").output == "no dead letters\n")
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
    }

    @Test(
        "a buried pending job is not sent when Zizq is back, even if it had been read and tried, and can be put back"
    )
    func bury() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send(1...4)
            try await gateway.record("a try") { $0.message == "could not send jobs to Zizq; retrying" }
            // The relay may be trying again at this moment.
            var buried = try await gateway.command("outbox", "bury", "2", "9", "2", "3")
            while buried.errors.contains("is being sent") {
                buried = try await gateway.command("outbox", "bury", "2", "9", "2", "3")
            }
            #expect(buried.output == "job 2: now dead letter 1\njob 3: now dead letter 2\n", "\(buried)")
            try await queue.restart()
            #expect(try await queue.arrivals(2) == [1, 4])
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            let gone = try await gateway.command("outbox", "bury", "1", "9")
            #expect(
                gone.errors == "sluice: no pending or parked job 1, 9\n" && gone.ending == .exited(1), "\(gone)")
            #expect(try await gateway.command("dead", "retry", "1").output == "dead letter 1: now job 5\n")
            try await queue.arrivals(3)
            #expect(try await gateway.stop() == .exited(0))
            // At rest.
            #expect(
                try await gateway.command("dead", "discard", "2", "--forget-key").output
                    == "dead letter 2: discarded, its key is forgotten\n")
            #expect(try await gateway.command("dead", "discard", "2").errors == "sluice: no dead letter 2\n")
        }
        #expect(queue.numbers == [1, 4, 2])
        await queue.stop()
    }

    @Test(
        "a forgotten key lets the provider send again, and Zizq takes the new job although it holds the old one",
        arguments: [true, false])
    func forget(isRunning: Bool) async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let setup = GatewaySetup(queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            let first = try await gateway.answer(to: .numbered(1))
            let id = try #require(first.text.firstMatch(of: /"id":"(\w+)"/)).1
            try await gateway.send([2])
            try await queue.arrivals(2)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.answer(to: .numbered(1)).text.contains(#""duplicate":true"#))
            if !isRunning { #expect(try await gateway.stop() == .exited(0)) }
            #expect(
                try await gateway.command("outbox", "forget", "--delivery", String(id)).output == "1 key forgotten\n")
            let advice = "if the path of the route has parameters, write their values before the key, as in VALUE:KEY, "
            let offline = "; \(advice)which 'sluice outbox list' shows after the route's name\n"
            let other = try await gateway.command("outbox", "forget", "--key", "github", "delivery-2#0.1~2")
            #expect(
                other.errors == "sluice: no delivery with this key is remembered, and no job in the outbox is listed "
                    + "with it" + (isRunning ? "\n" : offline))
            #expect(other.ending == .exited(1))
            #expect(
                try await gateway.command("outbox", "forget", "--key", "github", "delivery-2").output
                    == "1 key forgotten\n")
            let unknown = try await gateway.command("outbox", "forget", "--key", "github", "delivery-3")
            #expect(
                unknown.errors == "sluice: no delivery with this key is remembered"
                    + (isRunning ? ", so it is accepted as new\n" : offline))
            #expect(unknown.ending == .exited(1))
            let wrong = try await gateway.command("outbox", "forget", "--key", "gitlab", "delivery-3")
            let hint = isRunning ? ", and no route with this name is loaded; known routes: " : offline
            #expect(wrong.errors.hasPrefix("sluice: no delivery with this key is remembered\(hint)"), "\(wrong)")
            #expect(wrong.ending == .exited(1))
            for key in ["--17", "--outbox-path", "--key"] {
                let dashed = try await gateway.command("outbox", "forget", "--key", "github", "--", key)
                #expect(dashed.errors == unknown.errors)
            }
            let again = try await gateway.command("outbox", "forget", "--delivery", String(id))
            #expect(
                again.errors == "sluice: no unique key of the delivery is remembered, so it is accepted as new when it "
                    + "is sent again\n")
            #expect(again.ending == .exited(1))
            if isRunning { #expect(try await gateway.stop() == .exited(0)) }
        }
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: .numbered(1)).text.contains(#""jobs":1"#))
            #expect(try await gateway.answer(to: .numbered(2)).text.contains(#""jobs":1"#))
            #expect(try await gateway.answer(to: .numbered(2)).text.contains(#""duplicate":true"#))
            try await queue.arrivals(4)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.uniqueKey).suffix(2) == ["github:delivery-1~1", "github:delivery-2~1"])
        await queue.stop()
    }

    @Test("the key of a route with path parameters has their values in front, and the command says so")
    func forgetWithParameters() async throws {
        let routes =
            "routes:\n- {path: '/{shop}/{kind}', name: r, verify: none, unique_key: '${query.id}', "
            + "jobs: [{type: t}]}\n"
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes])) { gateway in
            let host = [(name: "host", value: "hooks.example")]
            let request = Webhook(target: "/acme/order?id=17", headers: host, body: Array("{}".utf8))
            #expect(try await gateway.answer(to: request).status == 200)
            let bare = try await gateway.command("outbox", "forget", "--key", "r", "17")
            #expect(
                bare.errors == "sluice: no delivery with this key is remembered; with the path /{shop}/{kind}, write "
                    + "the values of {shop}, {kind} before the key, as in VALUE:VALUE:KEY, which 'sluice outbox list' "
                    + "shows after the route's name\n"
            )
            #expect(bare.ending == .exited(1))
            #expect(try await gateway.command("outbox", "list").output.contains("  r:acme:order:17\n"))
            let whole = try await gateway.command("outbox", "forget", "--key", "r", "acme:order:17")
            #expect(whole.output.hasPrefix("1 key forgotten\n"), "\(whole)")
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    @Test("dead letters of one route fill their own limit, and other deliveries are taken")
    func deadLimit() async throws {
        let settings = ["outbox.max_dead_bytes": "1MiB", "log.level": "info"]
        let setup = GatewaySetup(settings: settings, routes: Self.routes(Self.order + "\n" + Self.note))
        try await GatewayUnderTest.run(setup) { gateway in
            let padding = String(repeating: "x", count: 200_000)
            var statuses: [Int] = []
            for _ in 1...8 {
                let answer = try await gateway.answer(to: .gitHub(event: "order", body: #"{"n":"\#(padding)"}"#))
                statuses.append(answer.status)
                if answer.status == 503 {
                    #expect(answer.code == "dead_letters_full" && answer[header: "retry-after"] == "30", "\(answer)")
                }
            }
            #expect(statuses == [200, 200, 200, 200, 200, 503, 503, 503])
            #expect(try await gateway.answer(to: .gitHub(event: "note", body: #"{"n":"\#(padding)"}"#)).status == 200)
            #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
            #expect(try await gateway.metric("sluice_outbox_dead_limit_bytes") == 1_048_576)
            try await gateway.record("the alarm") {
                $0.message.hasPrefix("dead letters have reached outbox.max_dead_bytes")
            }
            #expect(try await gateway.command("dead", "discard", "1").ending == .exited(0))
            #expect(try await gateway.answer(to: .gitHub(event: "order", body: #"{"n":"again"}"#)).status == 200)
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    @Test("a key ends with its window although the delivered job is kept")
    func window() async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let setup = GatewaySetup(settings: ["outbox.dedupe_window": "1m"], queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            try await gateway.send([1])
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        // 130 seconds go by.
        let sql = "UPDATE deliveries SET received_at = received_at - 130000, expires_at = expires_at - 130000"
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", sql], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        try await GatewayUnderTest.run(setup) { gateway in
            let answer = try await gateway.answer(to: .numbered(1))
            #expect(answer.text.contains(#""jobs":1,"dead_letters":0,"duplicate":false"#), "\(answer)")
            try await queue.arrivals(2)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            // The heading, and both jobs.
            let kept = try await gateway.command("outbox", "list", "--state", "delivered")
            #expect(kept.output.split(separator: "\n").count == 3, "\(kept)")
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.uniqueKey) == ["github:delivery-1", "github:delivery-1~1"])
        await queue.stop()
    }
}
