import DevQueue
import SluiceCrypto
import Testing

/// Route files that change under a running gateway.
@Suite struct ReloadTests {
    /// A route at `/NAME` that takes whatever is signed with the generic secret, and makes jobs of the type NAME.
    static func route(_ name: String, secret: String = "env: HMAC_WEBHOOK_SECRET") -> String {
        """
        routes:
          - name: \(name)
            path: /\(name)
            verify:
              alg: hmac-sha256
              signature_from: ${header.X-Signature}
              signature_prefix: "sha256="
            secrets:
              - \(secret)
            jobs:
              - type: \(name)
                queue: q
        """
    }

    static func webhook(_ name: String, secret: String = Webhook.hmacSecret) -> Webhook {
        var webhook = Webhook.hmac(body: #"{"n":1}"#)
        webhook.target = "/\(name)"
        webhook[header: "x-signature"] = Webhook.signature(of: webhook.body, secret: secret)
        return webhook
    }

    static let refused = "cannot load the route files"

    @Test("a route file broken under load changes nothing but the alarm, and mending it clears the alarm")
    func broken() async throws {
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(settings: ["log.level": "info"], queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            async let load = gateway.load(1...1000, clients: 4)
            let whole = String(decoding: try gateway.folder.read("routes/github.yaml"), as: UTF8.self)
            try gateway.folder.write(
                whole.replacing("\n    unique_key:", with: "\n    unique_kee:"), to: "routes/github.yaml")
            let record = try await gateway.record("the alarm") { $0.message.hasPrefix(Self.refused) }
            let problem = "routes/github.yaml:29:5: unknown key 'unique_kee' in a route; did you mean 'unique_key'?"
            #expect(record.message == "\(Self.refused): \(problem)")
            #expect(record["level"] == "error")
            #expect(try await gateway.metric("sluice_reload_failing") == 1)
            #expect(try await gateway.metric("sluice_route_table_version") == 1)
            let reload = try await gateway.command("reload")
            #expect(reload.ending == .exited(1))
            #expect(reload.errors == "sluice: \(problem)\nsluice: reload failed; keeping route table 1\n")
            #expect(try await gateway.answer(to: .numbered(0)).status == 200)
            let position = gateway.log.position
            try gateway.folder.write(whole, to: "routes/github.yaml")
            try await gateway.record(from: position, "the load") {
                $0.message == "loaded the route files" && $0["table"] == "2"
            }
            #expect(try await gateway.metric("sluice_reload_failing") == 0)
            #expect(try await load.numbers(200) == Set(1...1000))
            try await queue.arrivals(1001)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.numbers.sorted() == Array(0...1000))
        await queue.stop()
    }

    @Test("a new route file is loaded without a signal, and a deleted one removed")
    func appears() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["routes_grace": "0"])) { gateway in
            #expect(try await gateway.answer(to: Self.webhook("new")).status == 404)
            let wrote = ContinuousClock.now
            try gateway.folder.write(Self.route("new"), to: "routes/new.yaml")
            try await gateway.record("the load") { $0.message == "loaded the route files" && $0["routes"] == "3" }
            #expect(ContinuousClock.now - wrote < .seconds(10))
            #expect(try await gateway.answer(to: Self.webhook("new")).status == 200)
            let position = gateway.log.position
            try gateway.folder.remove("routes/new.yaml")
            try await gateway.record(from: position, "the load") {
                $0.message == "loaded the route files" && $0["routes"] == "2"
            }
            #expect(try await gateway.answer(to: Self.webhook("new")).status == 404)
        }
    }

    @Test("SIGHUP and `sluice reload` load immediately")
    func asked() async throws {
        try await GatewayUnderTest.run { gateway in
            try gateway.folder.write(Self.route("one"), to: "routes/one.yaml")
            let command = try await gateway.command("reload")
            #expect(command.output == "loaded route table 2 (3 routes)\n", "\(command)")
            #expect(command.ending == .exited(0))
            try gateway.folder.write(Self.route("two"), to: "routes/two.yaml")
            gateway.process.send(1)
            try await gateway.record("the load") { $0.message == "loaded the route files" && $0["routes"] == "4" }
            #expect(try await gateway.answer(to: Self.webhook("two")).status == 200)
        }
    }

    @Test(
        "a request ends by the table that it began with, and the next one on the same connection begins with the new one"
    )
    func inWork() async throws {
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(routes: ["r.yaml": Self.route("r")], queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            let wire = try gateway.connect()
            let webhook = Self.webhook("r")
            // The interim answer says that the head has been read and the body is waited for.
            var patient = webhook
            patient[header: "expect"] = "100-continue"
            try wire.send(patient.head)
            #expect(try await wire.answer().status == 100)
            try wire.send(Array(webhook.body.prefix(3)))
            try gateway.folder.write(
                Self.route("r").replacing("type: r", with: "type: newer").replacing("HMAC_W", with: "GITHUB_W"),
                to: "routes/r.yaml")
            #expect(try await gateway.command("reload").output == "loaded route table 2 (1 route)\n")
            #expect(try await gateway.answer(to: webhook).status == 401)
            try wire.send(Array(webhook.body.dropFirst(3)))
            #expect(try await wire.answer().status == 200)
            let next = Self.webhook("r", secret: Webhook.gitHubSecret)
            try wire.send(next.bytes)
            #expect(try await wire.answer().status == 200)
            try await queue.arrivals(2)
        }
        #expect(queue.store.jobs.map(\.type) == ["r", "newer"])
        await queue.stop()
    }

    @Test("concurrent reloads are all answered, and a storm of SIGHUP delays neither them nor SIGTERM")
    func storm() async throws {
        try await GatewayUnderTest.run { gateway in
            let control = try ControlConnection(gateway)
            for _ in 0..<200 { gateway.process.send(1) }
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<32 { group.addTask { try await control.reload().version } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(versions.allSatisfy { $0 > 1 })
            let last = try #require(versions.max())
            #expect(try await control.reload().version > last)
            for _ in 0..<200 { gateway.process.send(1) }
            await control.close()
            #expect(try await gateway.stop() == .exited(0))
            #expect(!gateway.records().contains { $0["level"] == "error" })
            let tables = gateway.records(saying: "loaded the route files").compactMap {
                $0["table"].flatMap { Int($0) }
            }
            #expect(tables == Array(2...(tables.last ?? 0)))
        }
    }

    @Test("a route file that is away for a moment keeps its routes, and a reload or the grace time removes them")
    func missingFile() async throws {
        let routes = ["a.yaml": Self.route("a"), "b.yaml": Self.route("b")]
        let held = "route files are missing; keeping their routes for routes_grace or until a reload"
        try await GatewayUnderTest.run(GatewaySetup(settings: ["routes_grace": "3s"], routes: routes)) { gateway in
            try gateway.folder.remove("routes/b.yaml")
            let record = try await gateway.record("the warning") { $0.message == held }
            #expect(record["file"] == "routes/b.yaml" && record["ms"] == "3000" && record["level"] == "warning")
            #expect(try await gateway.answer(to: Self.webhook("b")).status == 200)
            try await gateway.record("the load") { $0.message == "loaded the route files" && $0["routes"] == "1" }
            #expect(try await gateway.answer(to: Self.webhook("b")).status == 404)
            #expect(!gateway.records().contains { $0["level"] == "error" })
        }
        try await GatewayUnderTest.run(GatewaySetup(routes: routes)) { gateway in
            try gateway.folder.remove("routes/b.yaml")
            try await gateway.record("the warning") { $0.message == held }
            #expect(try await gateway.answer(to: Self.webhook("b")).status == 200)
            let command = try await gateway.command("reload")
            #expect(command.ending == .exited(0), "\(command)")
            #expect(try await gateway.answer(to: Self.webhook("b")).status == 404)
        }
    }

    @Test("a folder that has lost its last route leaves the table active")
    func lastRoute() async throws {
        let setup = GatewaySetup(routes: ["only.yaml": Self.route("only")])
        try await GatewayUnderTest.run(setup) { gateway in
            try gateway.folder.remove("routes/only.yaml")
            let command = try await gateway.command("reload")
            #expect(command.ending == .exited(1))
            #expect(command.errors.hasSuffix("sluice: reload failed; keeping route table 1\n"), "\(command)")
            #expect(try await gateway.answer(to: Self.webhook("only")).status == 200)
        }
    }

    @Test("a secret in a file is read again when it changes")
    func secretFile() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.write("first secret\n", to: "secrets/filed")
        let setup = GatewaySetup(
            routes: ["filed.yaml": Self.route("filed", secret: "file: ../secrets/filed")], folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: Self.webhook("filed", secret: "first secret")).status == 200)
            #expect(try await gateway.answer(to: Self.webhook("filed", secret: "second secret")).status == 401)
            try folder.write("second secret\n", to: "secrets/filed")
            try await gateway.record("the load") { $0.message == "loaded the route files" && $0["table"] == "2" }
            #expect(try await gateway.answer(to: Self.webhook("filed", secret: "second secret")).status == 200)
            #expect(try await gateway.answer(to: Self.webhook("filed", secret: "first secret")).status == 401)
            #expect(!gateway.log.text.contains("second secret"))
        }
    }
}
