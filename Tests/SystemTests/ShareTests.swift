import Testing

/// A route that sends more than its share of the outbox.
@Suite struct ShareTests {
    private static let routes = """
        routes:
          - name: busy
            path: /busy
            verify: none
            outbox_share: 3
            rate: { limit: 100000, per: 1s, elements: 40 }
            each: "${body}"
            jobs: [ { type: busy, payload: "${item}" } ]
          - name: open
            path: /open
            verify: none
            unique_key: "${body.n}"
            jobs: [ { type: numbered, payload: "${body}" } ]
        """

    private static func busy(_ body: String) -> Webhook {
        let headers = [(name: "host", value: "hooks.example"), (name: "content-type", value: "application/json")]
        return Webhook(target: "/busy", headers: headers, body: Array(body.utf8))
    }

    @Test(
        "a sender above its share of the outbox gets 503, one above its rate of elements 429, and other routes continue"
    )
    func share() async throws {
        let setup = GatewaySetup(
            settings: ["outbox.max_bytes": "64MiB"], routes: ["routes.yaml": Self.routes])
        try await GatewayUnderTest.run(setup) { gateway in
            let large = String(repeating: "x", count: 300_000)
            var statuses: [Int] = []
            for number in 1...12 {
                let body = #"[{"n":\#(number),"x":"\#(large)"}]"#
                statuses.append(try await gateway.answer(to: Self.busy(body)).status)
            }
            #expect(Array(statuses.prefix(5)) == [200, 200, 200, 200, 200])
            #expect(statuses.suffix(5) == [503, 503, 503, 503, 503])
            #expect(try await gateway.metric(#"sluice_refused_total{route="busy",code="outbox_share_full"}"#) ?? 0 >= 5)
            var other = Self.busy(#"{"n":1}"#)
            other.target = "/open"
            #expect(try await gateway.answer(to: other).status == 200)
            #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
        }
    }

    @Test("/readyz says outbox_full from the first delivery that does not fit until one fits")
    func full() async throws {
        let setup = GatewaySetup(settings: ["outbox.max_bytes": "64MiB"], routes: ["routes.yaml": Self.routes])
        try await GatewayUnderTest.run(setup) { gateway in
            func send(_ number: Int, padding: Int) async throws -> WireAnswer {
                var webhook = Self.busy(#"{"n":\#(number),"x":"\#(String(repeating: "x", count: padding))"}"#)
                webhook.target = "/open"
                return try await gateway.answer(to: webhook)
            }
            var answer = try await send(0, padding: 9 << 20)
            for number in 1...12 where answer.status == 200 {
                #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
                answer = try await send(number, padding: 9 << 20)
            }
            for number in 20...21 {
                #expect(answer.status == 503 && answer.code == "outbox_full")
                let ready = try await gateway.admin("/readyz")
                #expect(ready.status == 503 && ready.text == #"{"status":"outbox_full"}"#, "\(ready.text)")
                #expect(try await gateway.admin("/healthz").status == 200)
                answer = try await send(number, padding: 9 << 20)
            }
            #expect(try await send(30, padding: 0).status == 200)
            #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
        }
    }

    @Test("a request whose elements use up the rate is accepted, and the next one gets 429 with Retry-After")
    func elements() async throws {
        try await GatewayUnderTest.run(GatewaySetup(routes: ["routes.yaml": Self.routes])) { gateway in
            let body = "[" + (1...400).map { #"{"n":\#($0)}"# }.joined(separator: ",") + "]"
            #expect(try await gateway.answer(to: Self.busy(body)).status == 200)
            let answer = try await gateway.answer(to: Self.busy(#"[{"n":0}]"#))
            #expect(answer.status == 429)
            #expect(try #require(Int(answer[header: "retry-after"] ?? "")) >= 8)
        }
    }
}
