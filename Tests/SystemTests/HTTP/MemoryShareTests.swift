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
