import SluiceCrypto
import Testing

/// Handshakes of providers, answered by the shipped binary.
@Suite struct HandshakeTests {
    private static let secret = "a secret of the app"
    private static let environment = ["APP_SECRET": secret, "VERIFY_TOKEN": "the verify token"]

    private static let routes = """
        routes:
        - name: meta
          path: /meta
          verify: { alg: hmac-sha256, signature_from: "${header.X-Hub-Signature-256}", signature_prefix: "sha256=" }
          secrets: [ { env: APP_SECRET } ]
          handshake_secrets: [ { env: VERIFY_TOKEN } ]
          handshake:
          - when: { method: GET, query.mode: subscribe }
            token: ${query.token}
            reply: { body: "${query.challenge}" }
          - when: { method: OPTIONS, header.WebHook-Request-Origin: { exists: true } }
            reply: { headers: { WebHook-Allowed-Origin: "${header.WebHook-Request-Origin}" } }
          - { when: { method: HEAD } }
          - when: { body.type: url_verification }
            reply: { body: { challenge: "${body.challenge}" } }
          jobs: [ { type: event } ]
        - name: x
          path: /x
          rate: { limit: 3, per: 1h }
          verify: { alg: hmac-sha256, signature_from: "${header.X-Hub-Signature-256}", signature_prefix: "sha256=" }
          secrets: [ { env: APP_SECRET } ]
          handshake:
          - when: { method: GET, query.crc_token: { exists: true } }
            hmac: { of: "${query.crc_token}" }
            reply: { body: "sha256=${hmac}" }
          jobs: [ { type: event } ]
        - name: ping
          path: /ping
          verify: { alg: hmac-sha256, signature_from: "${header.X-Hub-Signature-256}", signature_prefix: "sha256=" }
          secrets: [ { env: APP_SECRET } ]
          handshake:
          - when: { body.webhook_id: { like: "*" } }
            signed: false
          jobs: [ { type: event } ]
        - name: fill
          path: /fill
          verify: none
          body: text
          jobs: [ { type: filler } ]
        """

    private static func setup(_ settings: [String: String] = [:]) -> GatewaySetup {
        GatewaySetup(settings: settings, routes: ["r.yaml": routes], environment: environment)
    }

    private func request(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: String = "",
        isSigned: Bool = false
    ) -> Webhook {
        var webhook = Webhook(
            method: method, target: target, headers: [("host", "h")] + headers, body: Array(body.utf8))
        if isSigned {
            webhook[header: "x-hub-signature-256"] = Webhook.signature(of: webhook.body, secret: Self.secret)
        }
        return webhook
    }

    private static let subscribe = "/meta?mode=subscribe&token=the+verify+token&challenge="

    @Test("an echo is text that no browser runs; a wrong token is 403 with its code, and the log has no values")
    func echo() async throws {
        try await GatewayUnderTest.run(Self.setup()) { gateway in
            let page = try await gateway.answer(
                to: request("GET", Self.subscribe + "%3Cscript%3Ealert(1)%3C/script%3E"))
            #expect(page.status == 200 && page.text == "<script>alert(1)</script>")
            #expect(page[header: "content-type"] == "text/plain; charset=utf-8")
            #expect(page[header: "x-content-type-options"] == "nosniff")
            let wrong = try await gateway.answer(to: request("GET", "/meta?mode=subscribe&token=guess&challenge=1"))
            #expect(wrong.status == 403 && wrong.code == "handshake_refused", "\(wrong)")
            let none = try await gateway.answer(to: request("GET", "/meta"))
            #expect(none.status == 405 && none[header: "allow"] == "POST")
            #expect(try await gateway.metric(#"sluice_handshakes_total{route="meta",result="accepted"}"#) == 1)
            #expect(try await gateway.metric(#"sluice_handshakes_total{route="meta",result="refused"}"#) == 1)
            #expect(
                try await gateway.metric(#"sluice_refused_total{route="meta",code="handshake_refused"}"#) == 1)
            #expect(try await gateway.metric("sluice_outbox_jobs") == 0)
            let records = gateway.records(saying: "answered a handshake")
            #expect(records.map { $0["level"] } == ["info"])
            for line in gateway.log.lines {
                #expect(
                    !line.contains("script") && !line.contains("guess") && !line.contains("verify token"), "\(line)")
            }
        }
    }

    @Test("HEAD and OPTIONS are answered without a body, with the headers of the rule, and no header is smuggled in")
    func methods() async throws {
        try await GatewayUnderTest.run(Self.setup()) { gateway in
            let head = try await gateway.answer(to: request("HEAD", "/meta"))
            #expect(head.status == 200 && head.body.isEmpty)
            let origin = [(name: "WebHook-Request-Origin", value: "e.example.com")]
            let options = try await gateway.answer(to: request("OPTIONS", "/meta", headers: origin))
            #expect(options.status == 200 && options[header: "webhook-allowed-origin"] == "e.example.com")
            #expect(options.body.isEmpty && options[header: "content-length"] == "0")
            let other = [(name: "WebHook-Request-Origin", value: "e\u{E9}")]
            #expect(try await gateway.answer(to: request("OPTIONS", "/meta", headers: other)).status == 403)
            #expect(try await gateway.answer(to: request("OPTIONS", "/meta")).status == 405)
            #expect(try await gateway.answer(to: request("HEAD", "/x")).status == 405)
        }
    }

    @Test("the route's secret only signs opaque tokens, and a signed one is not a delivery")
    func oracle() async throws {
        try await GatewayUnderTest.run(Self.setup(["limits.connections_per_address": "0"])) { gateway in
            let token = try await gateway.answer(to: request("GET", "/x?crc_token=123"))
            let signature = Webhook.signature(of: Array("123".utf8), secret: Self.secret)
            #expect(token.status == 200 && token.text == signature)
            let replayed = [(name: "x-hub-signature-256", value: token.text)]
            let delivery = try await gateway.answer(to: request("POST", "/x", headers: replayed, body: "123"))
            #expect(delivery.status == 401 && delivery.code == "signature_invalid")
            for value in ["%7B%7D", "v0:123:%7B%7D", "", String(repeating: "a", count: 129), "a%0D%0Ab"] {
                let answer = try await gateway.answer(to: request("GET", "/x?crc_token=\(value)"))
                #expect(answer.status == 403 && answer.code == "handshake_refused", "\(value)")
            }
            // Handshakes use up their own rate and no other.
            for status in [200, 200, 429] {
                #expect(try await gateway.answer(to: request("GET", "/x?crc_token=a")).status == status)
            }
            #expect(try await gateway.answer(to: request("POST", "/x", body: "{}", isSigned: true)).status == 200)
            #expect(try await gateway.metric("sluice_outbox_jobs") == 1)
        }
    }

    @Test("a body is answered after its signature, or without one only if the rule says so and it is small")
    func bodies() async throws {
        try await GatewayUnderTest.run(Self.setup()) { gateway in
            let body = #"{"type":"url_verification","challenge":"c1"}"#
            let signed = try await gateway.answer(to: request("POST", "/meta", body: body, isSigned: true))
            #expect(signed.status == 200 && signed.text == #"{"challenge":"c1"}"#)
            #expect(signed[header: "content-type"] == "application/json")
            #expect(try await gateway.answer(to: request("POST", "/meta", body: body)).status == 401)
            #expect(try await gateway.answer(to: request("POST", Self.subscribe + "1", body: body)).status == 401)

            let form = [(name: "content-type", value: "application/x-www-form-urlencoded")]
            let ping = request("POST", "/ping", headers: form, body: "webhook_id=7")
            let wire = try gateway.connect()
            for bytes in [ping.bytes, ping.chunked(by: 5)] {
                try wire.send(bytes)
                let answer = try await wire.answer()
                #expect(answer.status == 200 && answer.body.isEmpty)
            }
            let order = request("POST", "/ping", body: #"{"id":1}"#)
            #expect(try await gateway.answer(to: order).status == 401)
            let large = request(
                "POST", "/ping", headers: form, body: "webhook_id=" + String(repeating: "7", count: 9000))
            #expect(try await gateway.answer(to: large).status == 401)
            let chunked = try gateway.connect()
            try chunked.send(large.chunked(by: 3000))
            #expect(try await chunked.answer().status == 413)
            let delivery = request("POST", "/ping", body: #"{"id":1}"#, isSigned: true)
            #expect(try await gateway.answer(to: delivery).status == 200)
            #expect(try await gateway.metric("sluice_outbox_jobs") == 1)
        }
    }

    @Test("pipelined handshakes and deliveries are answered in order, and an unneeded body is drained")
    func pipelines() async throws {
        try await GatewayUnderTest.run(Self.setup()) { gateway in
            let wire = try gateway.connect()
            var bytes: [UInt8] = []
            for round in 1...20 {
                bytes += request("GET", Self.subscribe + "\(round)", body: "POST /meta HTTP/1.1\r\n\r\n").bytes
                bytes += request("POST", "/meta", body: #"{"id":\#(round)}"#, isSigned: true).bytes
            }
            let all = bytes
            try await blocking { try wire.send(all) }
            for round in 1...20 {
                #expect(try await wire.answer().text == "\(round)")
                #expect(try await wire.answer()[member: "jobs"] == "1")
            }
            #expect(wire.isQuiet)
            let large = request("GET", Self.subscribe + "1", body: String(repeating: "a", count: 8193))
            #expect(try await gateway.answer(to: large).status == 413)
        }
    }

    @Test("handshakes are answered while the outbox is full, and while the gateway drains")
    func fullAndDraining() async throws {
        let settings = ["outbox.max_bytes": "64MiB", "limits.drain": "5m", "limits.shutdown": "6m"]
        try await GatewayUnderTest.run(Self.setup(settings)) { gateway in
            let filler = request("POST", "/fill", body: String(repeating: "a", count: 9 << 20))
            var status = 200
            for _ in 0..<12 where status == 200 { status = try await gateway.answer(to: filler).status }
            #expect(status == 503)
            #expect(try await gateway.answer(to: request("GET", Self.subscribe + "1")).status == 200)
            gateway.process.send(15)
            try await gateway.record("the announcement") { $0.message.hasPrefix("stopping: ") }
            let late = try await gateway.answer(to: request("GET", Self.subscribe + "2"))
            #expect(late.text == "2" && late[header: "connection"] == "close")
        }
    }

    @Test("an answered handshake does not keep a connection open in the place of a sender that is known")
    func connections() async throws {
        let settings = ["limits.connections": "3", "threads": "1"]
        try await GatewayUnderTest.run(Self.setup(settings)) { gateway in
            let known = try gateway.connect()
            try known.send(request("POST", "/meta", body: "{}", isSigned: true).bytes)
            #expect(try await known.answer().status == 200)
            let unknown = [try gateway.connect(), try gateway.connect()]
            for wire in unknown {
                try wire.send(request("GET", Self.subscribe + "1").bytes)
                #expect(try await wire.answer().status == 200)
            }
            let new = try gateway.connect()
            try new.send(request("POST", "/meta", body: "{}", isSigned: true).bytes)
            #expect(try await new.answer().status == 200)
            #expect(try await unknown[0].ending() == ([], .closed))
            #expect(known.isQuiet)
        }
    }
}
