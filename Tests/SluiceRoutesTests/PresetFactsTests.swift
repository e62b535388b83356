import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// What single presets do with the requests of their providers.
@Suite struct PresetFactsTests {
    private static let secret = "a secret of tests"

    private func route(_ provider: String, _ lines: String = "") throws -> Route {
        try SluiceRoutesTests.route(
            """
            routes:
            - path: /hook
              provider: \(provider)
              secrets: [ { env: SECRET } ]
              \(lines)
              jobs: [ { type: t } ]

            """)
    }

    @Test(
        "each log entry of Auth0 is a job with its key, in all formats of the stream",
        arguments: [
            "{\"log_id\":\"1\"}\n{\"log_id\":\"2\"}\n", #"[{"log_id":"1"},{"log_id":"2"}]"#,
            "[\n  {\"log_id\":\"1\"},\n  {\"log_id\":\"2\"}\n]\n",
        ])
    func auth0(body: String) throws {
        let outcome = TestRequest(body, headers: [("Authorization", Self.secret)]).processed(by: try route("auth0"))
        #expect(outcome.delivery?.jobs.count == 2)
        #expect(outcome.delivery?.parts.map(\.key?.text) == ["/hook:1", "/hook:2"])
    }

    @Test("an Auth0 object is one job, and an empty array none")
    func auth0Single() throws {
        let route = try route("auth0")
        func outcome(_ body: String) -> RouteOutcome {
            TestRequest(body, headers: [("Authorization", Self.secret)]).processed(by: route)
        }
        #expect(outcome(#"{"log_id":"1"}"#).delivery?.parts.map(\.key?.text) == ["/hook:1"])
        #expect(outcome("[]").summary == "no elements")
        #expect(outcome(#"["#).summary.hasPrefix("dead letter body_unreadable"))
    }

    @Test(
        "events of Mailjet come alone or grouped",
        arguments: [
            (#"{"event":"open","time":1,"MessageID":2}"#, 1),
            (#"[{"event":"open","time":1,"MessageID":2},{"event":"open","time":2,"MessageID":2}]"#, 2),
        ])
    func mailjet(body: String, count: Int) throws {
        let route = try SluiceRoutesTests.route(
            "routes: [ { path: /hook, provider: mailjet, secrets: [ { env: SECRET } ], jobs: [ { type: t } ] } ]",
            environment: ["SECRET": "name:a password"])
        // Base64 of the name and the password.
        let outcome = TestRequest(body, headers: [("Authorization", "Basic bmFtZTphIHBhc3N3b3Jk")]).processed(by: route)
        #expect(Set(outcome.delivery?.parts.compactMap(\.key?.text) ?? []).count == count)
    }

    @Test(
        "requests that Python signed are valid, and with another body they are not",
        arguments: [
            // hmac.new(b"a secret of tests", body + timestamp, "sha256").hexdigest()
            (
                "klaviyo", #"{"data":[{"topic":"event:klaviyo.sent_sms","external_id":"4L3cwQae2TX"}]}"#,
                [
                    "Klaviyo-Timestamp": "Thu, 04 Jan 2024 18:05:25 GMT",
                    "Klaviyo-Signature": "e234f8d606c598128bb0b11582db41f752692cfb4ff4fae9443e3bd32f1abf6c",
                ]
            ),
            // base64.b64encode(hmac.new(b"a secret of tests", b"msg_1.1700000000." + body, "sha256").digest())
            (
                "bigcommerce", #"{"scope":"store/order/created","hash":"3f9ea420af83450d7ef9f78b08c8af25b2213637"}"#,
                [
                    "webhook-id": "msg_1", "webhook-timestamp": "1700000000",
                    "webhook-signature": "v1,si6ttumi3c+bAgLzWU6Ag+9b/HMcBXw0Z5s+NLPuXIk=",
                ]
            ),
            ("bitpay", bitpay, ["x-signature": "5g+BbE9FsbXxEuk1Poc/XOTKCyxFQaHxAbxYt93tEMk="]),
        ])
    func python(provider: String, body: String, headers: [String: String]) throws {
        let route = try route(provider)
        let pairs = headers.map { (name: $0.key, value: $0.value) }
        #expect(TestRequest(body, headers: pairs).processed(by: route).summary == "stored")
        let other = TestRequest(body.replacing("r", with: "x"), headers: pairs).processed(by: route)
        #expect(other.refusal?.code == .signatureInvalid)
    }

    private static let bitpay = #"{"event":{"name":"invoice_confirmed"},"data":{"id":"1"}}"#

    @Test("a signature of SignNow is accepted in hex and in base64")
    func signNow() throws {
        let route = try route("sign-now")
        let body = #"{"meta":{"event":"document.complete"}}"#
        // echo -n BODY | openssl dgst -sha256 -hmac 'a secret of tests'
        let hex = "3ad7fa581eb818f2054110c374ef7ae509c65ad18e830a58a3a5c397ea2e6bec"
        let base64 = "Otf6WB64GPIFQRDDdO965QnGWtGOgwpYo6XDl+oua+w="
        for value in [hex, base64] {
            let request = TestRequest(body, headers: [("X-SignNow-Signature", value)])
            #expect(request.processed(by: route).summary == "stored", "\(value)")
            #expect(
                TestRequest(body + " ", headers: request.headers).processed(by: route).refusal?.code
                    == .signatureInvalid)
        }
    }

    @Test(
        "a ping is answered without a job, and only with the secret",
        arguments: [
            ("figma", #"{"event_type":"PING","passcode":"a secret of tests"}"#, "X-Unused"),
            ("buildkite", #"{"event":"ping"}"#, "X-Buildkite-Token"),
            ("strapi", #"{"event":"trigger-test"}"#, "Authorization"),
        ])
    func ping(provider: String, body: String, header: String) throws {
        let route = try route(provider)
        let value = (provider == "strapi" ? "Bearer " : "") + Self.secret
        #expect(TestRequest(body, headers: [(header, value)]).processed(by: route).summary == "handshake 200")
        let other = TestRequest(body.replacing(Self.secret, with: "x"), headers: [(header, "x")])
        #expect(other.processed(by: route).refusal?.code == .signatureInvalid)
    }

    @Test("the check of Acrobat Sign is answered only for the own client id")
    func acrobatSign() throws {
        let route = try route("acrobat-sign", "handshake_secrets: [ { env: SECRET } ]")
        func outcome(_ id: String) -> RouteOutcome {
            var request = TestRequest("", headers: [("X-AdobeSign-ClientId", id)])
            request.method = "GET"
            return request.processed(by: route)
        }
        #expect(
            outcome(Self.secret).summary
                == #"handshake 200 application/json: {"xAdobeSignClientId":"a secret of tests"}"#)
        #expect(outcome(Self.secret).reply?.headers.contains { $0.name == "X-AdobeSign-ClientId" } == true)
        #expect(outcome("another client").refusal?.code == .handshakeRefused)
    }

    @Test("the unsigned test of WooCommerce is answered, and no other form")
    func wooCommerce() throws {
        let route = try route("woocommerce")
        func summary(_ body: String) -> String {
            TestRequest(body, headers: [("Content-Type", "application/x-www-form-urlencoded")]).processed(by: route)
                .summary
        }
        #expect(summary("webhook_id=12") == "handshake 200")
        for body in [
            "foo=1&bar=2", "", "webhook", #"{"webhook_id":12}"#, "webhook_id=12&foo=1", "foo=1&webhook_id=12",
            "webhook_id=12&=",
        ] {
            #expect(summary(body).hasPrefix("refused signature_missing"), "\(body)")
        }
    }

    @Test("the parts of a signature of Sanity need a comma, because its own library compares the whole header")
    func sanity() throws {
        let route = try route("sanity")
        // echo -n '1700000000000.{"_id":"a"}' | openssl dgst -sha256 -hmac 'a secret of tests' -binary |
        //     basenc --base64url
        let signature = "v1=LmnJLyhqA0jAOP_as1s9m3Z9azhFfSHEfhuGGUfy47Y"
        func summary(_ header: String, _ body: String = #"{"_id":"a"}"#) -> String {
            TestRequest(body, headers: [("sanity-webhook-signature", header)]).processed(by: route).summary
        }
        #expect(summary("t=1700000000000,\(signature)") == "stored")
        #expect(summary("t=1700000000000 \(signature)").hasPrefix("refused signature_invalid"))
        let blank = "v1=1G0c5Pgix8EywS6Yea0ZvAORJXnG_n2QrAUh-W8L1GI"
        #expect(summary("t=1700000000000,\(blank)", "  ").hasPrefix("dead letter body_unreadable"))
    }

    @Test("a part that Mercado Pago leaves out of the signed text cannot be added")
    func mercadoPago() throws {
        let route = try route("mercado-pago")
        // echo -n 'ts:1700000000;' | openssl dgst -sha256 -hmac 'a secret of tests'
        let headers = [
            ("x-signature", "ts=1700000000,v1=560251ca55d3c58b8a682e253fb927dfa4dd45643fa74f3283ec6875eb798a4a")
        ]
        #expect(TestRequest(#"{"id":1}"#, headers: headers).processed(by: route).summary == "stored")
        for (target, more) in [("/hook?data.id=1", []), ("/hook", [("x-request-id", "r")])] {
            let changed = TestRequest(#"{"id":1}"#, target: target, headers: headers + more)
            #expect(changed.processed(by: route).refusal?.code == .signatureInvalid)
        }
    }
}
