import Testing

/// Who gets memory when it is short.
@Suite struct MemoryShareTests {
    private static let settings = ["limits.memory": "16MiB", "trusted_proxies": "127.0.0.0/8"]

    private static func from(_ address: String, _ webhook: Webhook) -> Webhook {
        var webhook = webhook
        webhook.headers.append((name: "x-forwarded-for", value: address))
        return webhook
    }

    /// A request of 3 MiB of which the last byte does not come.
    private static func stuck(_ gateway: GatewayUnderTest, from address: String) async throws -> Wire {
        let webhook = from(address, .gitHub(body: #"{"filling":"\#(String(repeating: "x", count: 3 << 20))"}"#))
        let wire = try gateway.connect()
        let bytes = Array(webhook.bytes.dropLast())
        try await blocking { try wire.send(bytes) }
        return wire
    }

    @Test("senders that fill memory and stop make way for those that come, small and large")
    func makesWay() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.settings)) { gateway in
            var wires: [Wire] = []
            for sender in 1...8 { wires.append(try await Self.stuck(gateway, from: "203.0.113.\(sender)")) }
            for number in 0..<20 {
                let answer = try await gateway.answer(to: Self.from("198.51.100.1", .gitHub(id: "small-\(number)")))
                #expect(answer.status == 200, "\(answer)")
            }
            let large = Webhook.gitHub(body: #"{"filling":"\#(String(repeating: "y", count: 2 << 20))"}"#)
            #expect(try await gateway.answer(to: Self.from("198.51.100.2", large)).status == 200)
            let record = try await gateway.record { $0["code"] == "memory_full" }
            #expect(record["reason"] == "memory is full, and this request arrived more slowly than all others")
            #expect(record["peer"]?.hasPrefix("203.0.113.") == true)
            #expect(try await gateway.metric("sluice_memory_in_use_bytes").map { $0 <= 16 * 1_048_576 } == true)
            withExtendedLifetime(wires) {}
        }
    }

    /// A route whose signature is in the body, which is then read first.
    private static func signedInBody(_ body: String) throws -> [String: String] {
        let route = """
            routes:
            - path: /in-body
              body: \(body)
              verify: { alg: hmac-sha256, signature_from: "${body.signature}", signed: "${body.id}" }
              secrets: [ { env: HMAC_WEBHOOK_SECRET } ]
              unique_key: ${body.id}
              jobs: [ { type: t } ]
            """
        return ["github.yaml": try ProjectFiles.text("routes/github.yaml"), "in-body.yaml": route]
    }

    private static func inBody(_ type: String, _ body: String) -> Webhook {
        Webhook(
            target: "/in-body", headers: [(name: "host", value: "h"), (name: "content-type", value: type)],
            body: Array(body.utf8))
    }

    @Test("an unverified form that needs more memory than there is takes nobody else's")
    func takesNothing() async throws {
        var setup = GatewaySetup(settings: Self.settings)
        setup.routes = try Self.signedInBody("form")
        try await GatewayUnderTest.run(setup) { gateway in
            var wires: [Wire] = []
            for sender in 1...2 { wires.append(try await Self.stuck(gateway, from: "203.0.113.\(sender)")) }
            let control = String(repeating: "\u{1}", count: 2 << 20)
            for name in ["a", "b"] {
                // Nine times its size: more than the budget, and more than is free.
                let body = name == "a" ? control : String(control.prefix(1 << 20))
                let form = Self.inBody("application/x-www-form-urlencoded", "\(name)=\(body)&id=1&signature=00")
                let answer = try await gateway.answer(to: Self.from("198.51.100.1", form))
                #expect(answer.code == "memory_full", "\(answer)")
            }
            for wire in wires {
                try wire.send("}")
                #expect(try await wire.answer().status == 200)
            }
        }
    }

    @Test("complete requests that wait to be verified count towards the quarter of their address")
    func waiting() async throws {
        // Many secrets, so that verifying takes far longer than sending.
        let names = (1...64).map { "KEY_\($0)" }
        let keys = names.map { "{ env: \($0) }" }.joined(separator: ", ")
        var setup = GatewaySetup(settings: Self.settings)
        setup.environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "0123456789abcdef") })
        setup.routes = try Self.signedInBody("json").mapValues {
            $0.replacing("{ env: HMAC_WEBHOOK_SECRET }", with: keys).replacing("hmac-sha256", with: "hmac-sha512")
        }
        try await GatewayUnderTest.run(setup) { gateway in
            let signature = String(repeating: "00", count: 64)
            let body = #"{"id":"\#(String(repeating: "x", count: 1_600_000))","signature":"\#(signature)"}"#
            let bytes = Self.from("203.0.113.1", Self.inBody("application/json", body)).bytes
            let wires = try (0..<8).map { _ in try gateway.connect() }
            try await blocking { for wire in wires { try? wire.send(bytes) } }
            #expect(try await gateway.metric("sluice_memory_in_use_bytes").map { $0 <= 5 * 1_048_576 } == true)
            try await gateway.record { $0["code"] == "memory_full" && $0["peer"] == "203.0.113.1" }
            let large = Webhook.gitHub(body: #"{"filling":"\#(String(repeating: "y", count: 2 << 20))"}"#)
            #expect(try await gateway.answer(to: Self.from("198.51.100.2", large)).status == 200)
            var statuses: [Int] = []
            for wire in wires { statuses.append(try await wire.answer().status) }
            #expect(Set(statuses) == [401, 503], "\(statuses)")
        }
    }

    @Test("one address holds a quarter of the memory at most, and others still have theirs")
    func quarter() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.settings)) { gateway in
            var wires: [Wire] = []
            for _ in 0..<5 { wires.append(try await Self.stuck(gateway, from: "203.0.113.1")) }
            try await gateway.record { $0["code"] == "memory_full" && $0["peer"] == "203.0.113.1" }
            #expect(try await gateway.metric("sluice_memory_in_use_bytes").map { $0 <= 5 * 1_048_576 } == true)
            try await gateway.expectGoodDelivery()
            withExtendedLifetime(wires) {}
        }
    }
}
