import Testing

/// Secrets that the shipped binary learns from handshakes.
@Suite struct LearntSecretTests {
    private static let secret = "b537207f20cbfa02357cf448134da559"
    private static let routes = """
        routes:
        - name: tasks
          path: /asana
          provider: asana
          jobs: [ { type: task } ]
        - name: pages
          path: /notion
          provider: notion
          jobs: [ { type: page } ]
        - name: plain
          path: /plain
          verify: none
          jobs: [ { type: plain } ]
        """

    private static let setup = GatewaySetup(routes: ["r.yaml": routes])

    private func handshake(_ secret: String) -> Webhook {
        Webhook(
            method: "POST", target: "/asana", headers: [("host", "h"), ("x-hook-secret", secret)],
            body: Array("{}".utf8))
    }

    private func event(_ number: Int, _ secret: String, target: String = "/asana") -> Webhook {
        let body = #"{"events":[{"resource":{"gid":"\#(number)","resource_type":"task"},"action":"changed"}]}"#
        var webhook = Webhook(method: "POST", target: target, headers: [("host", "h")], body: Array(body.utf8))
        let signature = Webhook.signature(of: webhook.body, secret: secret)
        webhook[header: "x-hook-signature"] = String(signature.drop { $0 != "=" }.dropFirst())
        return webhook
    }

    @Test(
        "a secret is learnt once while the route is armed, is used immediately and after a restart, and is never logged"
    )
    func learning() async throws {
        let gateway = try await GatewayUnderTest(Self.setup)
        try await gateway.log.line { $0.contains("the route has no secret yet") }
        let early = try await gateway.answer(to: handshake(Self.secret))
        #expect(early.status == 403 && early.code == "handshake_refused", "\(early)")
        try await gateway.log.line { $0.contains("run 'sluice providers arm tasks'") }
        #expect(try await gateway.answer(to: event(1, Self.secret)).status == 401)

        let armed = try await gateway.command("providers", "arm", "tasks")
        #expect(armed.ending == .exited(0) && armed.output.hasPrefix("the route 'tasks' learns the next secret until"))
        // What is not a secret does not use it up.
        #expect(try await gateway.answer(to: handshake("short")).status == 403)
        let learnt = try await gateway.answer(to: handshake(Self.secret))
        #expect(learnt.status == 200 && learnt[header: "x-hook-secret"] == Self.secret, "\(learnt)")
        #expect(try await gateway.answer(to: handshake("planted by an attacker")).status == 403)
        #expect(try await gateway.answer(to: handshake("planted-by-an-attacker")).status == 403)
        // The answer was lost, so the provider repeats the handshake.
        #expect(try await gateway.answer(to: handshake(Self.secret))[header: "x-hook-secret"] == Self.secret)

        #expect(try await gateway.answer(to: event(2, Self.secret)).status == 200)
        #expect(try await gateway.answer(to: event(3, "planted-by-an-attacker")).status == 401)
        #expect(
            try await gateway.answer(to: Webhook(method: "POST", target: "/asana", headers: [("host", "h")], body: []))
                .status == 401)
        #expect(try await gateway.command("providers", "secret", "tasks").output == Self.secret + "\n")
        let table = try await gateway.command("routes")
        #expect(table.output.contains("learnt") && !table.output.contains(Self.secret), "\(table.output)")
        for line in gateway.log.lines { #expect(!line.contains(Self.secret) && !line.contains("planted"), "\(line)") }

        gateway.process.kill()
        _ = try await gateway.process.ending()
        // Without a gateway the outbox itself is read.
        #expect(try await gateway.command("providers", "secret", "tasks").output == Self.secret + "\n")
        var setup = Self.setup
        setup.folder = gateway.folder
        let again = try await GatewayUnderTest(setup)
        #expect(try await again.answer(to: event(4, Self.secret)).status == 200)
        #expect(try await again.answer(to: handshake("planted-by-an-attacker")).status == 403)
        try again.folder.write(Self.routes.replacing("name: tasks", with: "name: chores"), to: "routes/r.yaml")
        let renamed = try await again.command("reload")
        let warning =
            "no route uses the secrets that the route 'tasks' has learnt: they belong to its name; if it was renamed, "
            + "change the name back, or arm it under the new name"
        #expect(renamed.errors.contains(warning), "\(renamed)")
        #expect(again.records(saying: warning).map { $0["level"] } == ["warning"])
        try again.folder.write(Self.routes, to: "routes/r.yaml")
        #expect(try await again.command("reload").errors.contains(warning) == false)
        let forgotten = try await again.command("providers", "secret", "tasks", "--forget")
        #expect(forgotten.output == "forgot 1 secret of 'tasks'\n", "\(forgotten)")
        #expect(try await again.answer(to: event(5, Self.secret)).status == 401)
        #expect(try await again.command("providers", "secret", "tasks").ending == .exited(1))
        again.process.kill()
        _ = try await again.process.ending()
    }

    @Test("a field of an unsigned body brings the secret of another route, and only of that one")
    func body() async throws {
        let gateway = try await GatewayUnderTest(Self.setup)
        #expect(try await gateway.command("providers", "arm", "pages").ending == .exited(0))
        let token = Webhook(
            method: "POST", target: "/notion", headers: [("host", "h"), ("content-type", "application/json")],
            body: Array(#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#.utf8))
        #expect(try await gateway.answer(to: handshake(Self.secret)).status == 403)
        #expect(try await gateway.answer(to: token).status == 200)
        #expect(try await gateway.answer(to: token).status == 200)
        var another = token
        another.body = Array(#"{"verification_token":"secret_of_an_attacker"}"#.utf8)
        #expect(try await gateway.answer(to: another).status == 403)
        var page = Webhook(
            method: "POST", target: "/notion", headers: [("host", "h")],
            body: Array(#"{"id":"1","type":"page.created"}"#.utf8))
        page[header: "x-notion-signature"] = Webhook.signature(
            of: page.body, secret: "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl")
        #expect(try await gateway.answer(to: page).status == 200)
        gateway.process.kill()
        _ = try await gateway.process.ending()
    }

    @Test("arming says what is wrong: an unknown route, one that learns nothing, and no gateway")
    func arming() async throws {
        let gateway = try await GatewayUnderTest(Self.setup)
        let unknown = try await gateway.command("providers", "arm", "task")
        #expect(unknown.ending == .exited(1) && unknown.errors.contains("no route 'task' is loaded"), "\(unknown)")
        let misnamed = try await gateway.command("providers", "secret", "task")
        #expect(
            misnamed.errors.hasPrefix(
                "sluice: the route 'task' has learnt no secret, and no route with this name is loaded; known routes: "),
            "\(misnamed)")
        let untaught = try await gateway.command("providers", "secret", "plain")
        #expect(untaught.errors == "sluice: the route 'plain' has learnt no secret\n" && untaught.ending == .exited(1))
        let plain = try await gateway.command("providers", "arm", "plain")
        #expect(plain.ending == .exited(1) && plain.errors.contains("has no handshake with 'learn'"), "\(plain)")
        gateway.process.kill()
        _ = try await gateway.process.ending()
        let none = try await gateway.command("providers", "arm", "tasks")
        #expect(none.ending == .exited(69) && none.errors.contains("no gateway is running"), "\(none)")
    }
}
