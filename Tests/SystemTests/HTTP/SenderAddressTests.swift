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
        try await GatewayUnderTest.run(GatewaySetup(settings: ["trusted_proxies": "127.0.0.0/8,10.0.0.0/8"])) {
            gateway in
            for row in Self.rows {
                let position = gateway.log.position
                let answer = try await gateway.answer(to: Self.refused(row.forwarded))
                #expect(answer.status == 401)
                let record = try await gateway.record(from: position) { $0.message == "refused a request" }
                #expect(record["peer"] == row.sender, "\(row.forwarded): \(record)")
            }
        }
    }

    @Test(
        "limits.connections_per_address applies to an unauthenticated client and not to a trusted proxy with many clients"
    )
    func connectionsOfOneAddress() async throws {
        for (proxies, isTurnedAway) in [("10.0.0.0/8", true), ("127.0.0.0/8", false)] {
            let settings = ["trusted_proxies": proxies, "limits.connections_per_address": "3"]
            try await GatewayUnderTest.run(GatewaySetup(settings: settings)) { gateway in
                let wires = try (0..<3).map { _ in try gateway.connect() }
                for wire in wires {
                    try wire.send(Webhook.gitHub().bytes)
                    #expect(try await wire.answer().status == 200)
                }
                let fourth = try gateway.connect()
                try? fourth.send(Webhook.gitHub().bytes)
                if isTurnedAway {
                    #expect(try await fourth.ending().rest.isEmpty)
                    try await gateway.record {
                        $0.message.hasPrefix("refused a connection: limits.connections_per_address")
                    }
                } else {
                    #expect(try await fourth.answer().status == 200)
                }
                withExtendedLifetime(wires) {}
            }
        }
    }

    @Test("a listener on [::] takes IPv6 and IPv4, and the log names either sender as such")
    func bothFamilies() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["http": "[::]:0"])) { gateway in
            for (address, peer) in [("[::1]", "::1"), ("127.0.0.1", "127.0.0.1")] {
                let position = gateway.log.position
                let url = "http://\(address):\(gateway.httpPort)/github"
                let curl = try ChildProcess(
                    "curl", ["-s", "-g", "--max-time", "20", "-d", "{}", url], environment: gateway.environment,
                    folder: gateway.folder.path
                )
                #expect(try await curl.ending() == .exited(0))
                #expect(curl.output.text.contains("signature_missing"), "\(curl.output.text)")
                let record = try await gateway.record(from: position) { $0.message == "refused a request" }
                #expect(record["peer"] == peer)
            }
        }
    }

    @Test("an unauthenticated client cannot set its address with X-Forwarded-For")
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
