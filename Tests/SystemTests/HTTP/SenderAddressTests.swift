import Testing

/// Whose address a refusal is told with.
@Suite struct SenderAddressTests {
    private static let rows: [(forwarded: [String], sender: String)] = [
        ([], "127.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, nonsense"], "127.0.0.1"),
        (["nonsense, 203.0.113.9"], "203.0.113.9"),
        (["10.1.1.1, 10.1.2.3"], "10.1.1.1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["203.0.113.9:4711"], "203.0.113.9"),
    ]

    private static func refused(_ forwarded: [String]) -> Webhook {
        var webhook = Webhook.gitHub()
        webhook[header: "x-hub-signature-256"] = nil
        for value in forwarded { webhook.headers.append((name: "x-forwarded-for", value: value)) }
        return webhook
    }

    @Test("behind a trusted proxy the right-most address that is not trusted is the sender's")
    func trusted() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["trusted_proxies": "127.0.0.0/8,10.0.0.0/8"])) { gateway in
            for row in Self.rows {
                let position = gateway.log.position
                let answer = try await gateway.answer(to: Self.refused(row.forwarded))
                #expect(answer.status == 401)
                let record = try await gateway.record(from: position) { $0.message == "refused a request" }
                #expect(record["peer"] == row.sender, "\(row.forwarded): \(record)")
            }
        }
    }

    @Test("what a stranger writes into X-Forwarded-For counts for nothing")
    func untrusted() async throws {
        for settings in [[:], ["trusted_proxies": "192.0.2.0/24"]] {
            try await GatewayUnderTest.run(GatewaySetup(settings: settings)) { gateway in
                let answer = try await gateway.answer(to: Self.refused(["203.0.113.9"]))
                #expect(answer.status == 401)
                let record = try await gateway.record { $0.message == "refused a request" }
                #expect(record["peer"] == "127.0.0.1")
            }
        }
    }
}
