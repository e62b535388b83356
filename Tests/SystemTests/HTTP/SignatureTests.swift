import Testing

/// A delivery whose signature does not hold leaves nothing behind but a refusal.
@Suite struct SignatureTests {
    private struct Row {
        let name: String
        let refusal: Refusal
        let webhook: Webhook

        init(_ name: String, _ code: String, _ reason: String, status: Int = 401, _ spoil: (inout Webhook) -> Void) {
            self.name = name
            refusal = Refusal(status: status, code: code, reason: reason, keepsConnection: true)
            var webhook = Webhook.gitHub()
            spoil(&webhook)
            self.webhook = webhook
        }
    }

    private static let header = "x-hub-signature-256"

    private static let rows = [
        Row("wrong", "signature_invalid", "the header x-hub-signature-256 does not match any secret of the route") {
            $0[header: header] = Webhook.signature(of: $0.body, secret: "the secret of somebody else")
        },
        Row("missing", "signature_missing", "the header x-hub-signature-256 is missing") { $0[header: header] = nil },
        Row("empty", "signature_missing", "the header x-hub-signature-256 is empty") { $0[header: header] = "" },
        Row("truncated", "signature_invalid", "the header x-hub-signature-256 is not hex") {
            $0[header: header] = $0[header: header].map { String($0.dropLast()) }
        },
        Row(
            "without its prefix", "signature_invalid",
            "the header x-hub-signature-256 does not begin with the signature's prefix"
        ) {
            $0[header: header] = $0[header: header].map { String($0.dropFirst(7)) }
        },
        Row("not of hexadecimal digits", "signature_invalid", "the header x-hub-signature-256 is not hex") {
            $0[header: header] = "sha256=" + String(repeating: "z", count: 64)
        },
        Row("twice", "signature_invalid", "the header x-hub-signature-256 is repeated") {
            $0.headers.append((name: header, value: $0[header: header] ?? ""))
        },
        Row(
            "over a body with one byte changed", "signature_invalid",
            "the header x-hub-signature-256 does not match any secret of the route"
        ) { $0.body[10] ^= 1 },
        Row(
            "over a body with one byte more", "signature_invalid",
            "the header x-hub-signature-256 does not match any secret of the route"
        ) { $0.body.append(0x20) },
        Row(
            "over a body with one byte less", "signature_invalid",
            "the header x-hub-signature-256 does not match any secret of the route"
        ) { $0.body.removeLast() },
    ]

    @Test(
        "a signature of another body is refused, the connection continues, and the log has only the reason"
    )
    func refuses() async throws {
        try await GatewayUnderTest.run { gateway in
            for row in Self.rows {
                try await gateway.expectRefusal(of: row.webhook.bytes, row.refusal, "signature \(row.name)")
            }
            gateway.expectDiscreetLog()
            // After each refusal one good delivery, and no other, was stored.
            let stored = try await gateway.metric(#"sluice_jobs_committed_total{route="github"}"#)
            #expect(stored == Double(Self.rows.count))
        }
    }

    @Test("a route with another scheme refuses in the same way, and takes what is signed")
    func otherScheme() async throws {
        try await GatewayUnderTest.run { gateway in
            let body = #"{"id":"1","type":"order.paid","data":{"order_id":7}}"#
            var webhook = Webhook.hmac(body: body)
            #expect(try await gateway.answer(to: webhook).status == 200)
            webhook.body[5] ^= 1
            let answer = try await gateway.answer(to: webhook)
            #expect(answer.status == 401)
            #expect(answer.code == "signature_invalid")
            gateway.expectDiscreetLog()
        }
    }
}
