import DevQueue
internal import Foundation
import SluiceBase
import SluiceCrypto
import Testing

/// Captured requests that are sent again with something changed that no signature covers, against the shipped binary.
@Suite struct ForgeryTests {
    private static let key = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let environment = [
        "SECRET": String(decoding: key, as: UTF8.self), "STANDARD_WEBHOOK_SECRET": "whsec_" + Base64.encode(key),
        "SVIX_WEBHOOK_SECRET": "whsec_" + Base64.encode(key),
    ]
    private static let forgedPush =
        #"{"ref":"refs/heads/main","after":"bad","repository":{"full_name":"evil/evil"},"pusher":{"name":"evil"}}"#

    /// The URL next to the body, as HubSpot signs it, and a route whose signature covers `Content-Type` and not
    /// `Content-Encoding`.
    private static let others = """
        routes:
        - path: /url
          public_url: https://h
          body: text
          verify:
            alg: hmac-sha256
            signature_from: ${header.X-Signature}
            timestamp_from: ${header.X-Time}
            timestamp_format: unix_ms
            tolerance: 1h
            signed: "${method}${url}${body}${timestamp}"
          secrets: [ { env: SECRET } ]
          jobs: [ { type: url } ]
        - path: /coding
          gzip: true
          verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signed: "${header.Content-Type}|${body}" }
          secrets: [ { env: SECRET } ]
          jobs: [ { type: coding } ]
        - path: /grafana
          public_url: https://h
          verify:
          - alg: hmac-sha256
            signature_from: ${header.X-Signature}
            timestamp_from: ${header.X-Time}
            tolerance: 1h
            signed: ${timestamp}:${body}
          - alg: hmac-sha256
            signature_from: ${header.X-Signature}
            require: { header.X-Time: null }
          body: text
          secrets: [ { env: SECRET } ]
          jobs: [ { type: grafana } ]
        - path: /hubspot
          public_url: https://h
          verify:
          - { alg: sha256, signature_from: "${header.X-Signature}", signed: "${key}${method}${url}${body}" }
          - { alg: sha256, signature_from: "${header.X-Signature}", signed: "${key}${body}" }
          body: text
          secrets: [ { env: SECRET } ]
          jobs: [ { type: hubspot } ]
        - path: /ids
          verify:
          - alg: hmac-sha256
            signature_from: ${header.X-Signature}
            timestamp_from: ${header.X-Time}
            tolerance: 1h
            id_from: ${header.X-Id}
            signed: ${id}.${timestamp}.${body}
          - alg: hmac-sha256
            signature_from: ${header.X-Signature}
            timestamp_from: ${header.X-Time}
            tolerance: 1h
            signed: ${timestamp}.${body}
          body: text
          secrets: [ { env: SECRET } ]
          jobs: [ { type: ids } ]
        """

    /// The types and payloads of all jobs that came of some requests.
    private func jobs(of webhooks: [Webhook]) async throws -> (statuses: [Int], jobs: [String]) {
        let queue = try await TestQueue.start()
        var statuses: [Int] = []
        var routes = ["others.yaml": Self.others]
        for file in ["github", "standard-webhooks"] {
            // Without their examples, of which one has a body in a file.
            routes["\(file).yaml"] = try ProjectFiles.text("routes/\(file).yaml").replacing(
                /\n    examples:\n(      .*\n|\n)*/, with: "\n")
        }
        try await GatewayUnderTest.run(GatewaySetup(routes: routes, environment: Self.environment, queue: queue.url)) {
            gateway in
            for webhook in webhooks { statuses.append(try await gateway.answer(to: webhook).status) }
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 0)
        }
        let jobs = queue.store.jobs.map { "\($0.type) \(String(decoding: $0.payload ?? [], as: UTF8.self))" }
        await queue.stop()
        return (statuses, jobs)
    }

    @Test("signed JSON is the same job with any Content-Type, and never the form inside one of its texts")
    func contentType() async throws {
        let escaped = try #require(Self.forgedPush.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let body = #"{"action":"created","comment":{"body":"hello &payload=\#(escaped)& bye"}}"#
        let types = [
            "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x",
            "application/unknown",
            "application/json; charset=utf-16", "application/x-www-form-urlencoded; charset=latin1",
        ]
        let webhooks = types.map { type in
            var webhook = Webhook.gitHub(event: "push", body: body)
            webhook[header: "content-type"] = type
            return webhook
        }
        let (statuses, jobs) = try await jobs(of: webhooks)
        #expect(statuses == types.map { _ in 200 })
        #expect(jobs == types.map { _ in "github_event \(body)" })
    }

    @Test("an expired message that is cut elsewhere, into a fresh timestamp and another body, is refused")
    func resplit() async throws {
        let now = Int(Date().timeIntervalSince1970)
        let inner = "\(now).{\"type\":\"forged\"}"
        // What was signed: id m1, an old time, and a body in which a fresh time stands.
        let text = "m1.\(now - 7200).\(inner)"
        let digest = HMACKey(.sha256, key: Self.key.span).authenticate(Array(text.utf8).span)
        func webhook(id: String, time: String, body: String, target: String) -> Webhook {
            let headers = [
                (name: "host", value: "h"), (name: "webhook-id", value: id), (name: "webhook-timestamp", value: time),
                (name: "webhook-signature", value: "v1," + Base64.encode(digest.span.array)),
                (name: "content-type", value: "application/json"),
            ]
            return Webhook(target: target, headers: headers, body: Array(body.utf8))
        }
        let target = "/standard"
        let (statuses, jobs) = try await jobs(
            of: [
                webhook(id: "m1", time: "\(now - 7200)", body: inner, target: target),
                webhook(id: "m1.\(now - 7200)", time: "\(now)", body: "{\"type\":\"forged\"}", target: target),
                webhook(id: "m1", time: "\(now - 7200).\(now)", body: "{\"type\":\"forged\"}", target: target),
            ])
        #expect(statuses == [401, 401, 401])
        #expect(jobs == [])
    }

    private func webhook(_ target: String, _ headers: [String: String], body: [UInt8], signed: [UInt8]) -> Webhook {
        let digest = HMACKey(.sha256, key: Self.key.span).authenticate(signed.span)
        let all = headers.merging(["host": "h", "x-signature": digest.hex]) { $1 }
        return Webhook(target: target, headers: all.map { (name: $0.key, value: $0.value) }, body: body)
    }

    @Test("of a URL and a body that are signed side by side, nothing can be moved from one to the other")
    func url() async throws {
        let now = "\(Int(Date().timeIntervalSince1970) * 1000)"
        let cuts = [("/url", #"?x=1{"a":1}"#), ("/url?x=1", #"{"a":1}"#)]
        let webhooks = cuts.map { target, body in
            webhook(
                target, ["x-time": now], body: Array(body.utf8),
                signed: Array("POSThttps://h\(target)\(body)\(now)".utf8))
        }
        let (statuses, jobs) = try await jobs(of: webhooks)
        #expect(statuses == [401, 200])
        #expect(jobs == [#"url "{\"a\":1}""#])
    }

    @Test("the longer text of one alternative is refused as the body of another one, and makes no dead letter")
    func alternatives() async throws {
        let now = Int(Date().timeIntervalSince1970)
        // Without the time, an expired request would never expire.
        let longer = ["\(now - 7200):{\"a\":1}", "\(now):{\"a\":1}"].map { text in
            webhook("/grafana", [:], body: Array(text.utf8), signed: Array(text.utf8))
        }
        let key = String(decoding: Self.key, as: UTF8.self)
        func hubspot(_ target: String, _ body: String, signed: String) -> Webhook {
            let digest = Hash.digest(.sha256, Array((key + signed).utf8).span).hex
            let headers = [(name: "host", value: "h"), (name: "x-signature", value: digest)]
            return Webhook(target: target, headers: headers, body: Array(body.utf8))
        }
        let text = "POSThttps://h/hubspot{\"a\":1}"
        // The id of an expired request as a fresh time.
        let ids = "\(now).\(now - 7200).{\"a\":1}"
        let forged =
            longer + [
                hubspot("/hubspot", text, signed: text), hubspot("/hubspot?x=1", text, signed: text),
                webhook(
                    "/ids", ["x-time": "\(now)"], body: Array("\(now - 7200).{\"a\":1}".utf8),
                    signed: Array(ids.utf8)),
            ]
        let sent = [
            webhook("/grafana", [:], body: Array("[1]".utf8), signed: Array("[1]".utf8)),
            webhook(
                "/grafana", ["x-time": "\(now)"], body: Array("a".utf8), signed: Array("\(now):a".utf8)),
            hubspot("/hubspot", #"{"a":1}"#, signed: text), hubspot("/hubspot", "[2]", signed: "[2]"),
        ]
        let (statuses, jobs) = try await jobs(of: forged + sent)
        #expect(statuses == forged.map { _ in 401 } + sent.map { _ in 200 })
        #expect(jobs == [#"grafana "[1]""#, #"grafana "a""#, #"hubspot "{\"a\":1}""#, #"hubspot "[2]""#])
    }

    @Test("the plain digest of a captured request cannot be continued to that of a longer one")
    func lengthExtension() async throws {
        // Anyone can compute the digest of the longer text from that of the first one: the padding of SHA-256 is part
        // of the body, with the length of secret and body in bits.
        let body = Array(#"{"a":1}"#.utf8)
        let length = Self.key.count + body.count
        let padding =
            [0x80] + [UInt8](repeating: 0, count: (119 - length) % 64 + 6) + [
                UInt8(length >> 5), UInt8(length << 3 & 0xFF),
            ]
        let webhooks = [body, body + padding + Array(#","evil":1}"#.utf8)].map { body in
            let digest = Hash.digest(.sha256, (Self.key + body).span).hex
            return Webhook(
                target: "/hubspot", headers: [(name: "host", value: "h"), (name: "x-signature", value: digest)],
                body: body)
        }
        let (statuses, jobs) = try await jobs(of: webhooks)
        #expect(statuses == [200, 401])
        #expect(jobs == [#"hubspot "{\"a\":1}""#])
    }

    @Test("gzip without its Content-Encoding is the same job, also if the signature covers Content-Type")
    func contentEncoding() async throws {
        let body = try #require(Data(base64Encoded: "H4sIAAAAAAACA8tIzcnJBwCGphA2BQAAAA==")).map(\.self)
        let type = ["content-type": "application/octet-stream"]
        let signed = Array("application/octet-stream|".utf8) + body
        let (statuses, jobs) = try await jobs(
            of: [
                webhook("/coding", type.merging(["content-encoding": "gzip"]) { $1 }, body: body, signed: signed),
                webhook("/coding", type, body: body, signed: signed),
            ])
        #expect(statuses == [200, 200])
        #expect(jobs == [#"coding {"base64":"aGVsbG8="}"#, #"coding {"base64":"aGVsbG8="}"#])
    }

    @Test("a request whose head shows that it cannot be valid is refused before a byte of its body is sent")
    func head() async throws {
        try await GatewayUnderTest.run { gateway in
            let large = Webhook.gitHub(body: [UInt8](repeating: 0x20, count: 20 << 20))
            for value in [nil, "sha256=", "sha256=zz", "sha1=00"] {
                var webhook = large
                webhook[header: "x-hub-signature-256"] = value
                let wire = try gateway.connect()
                try wire.send(webhook.head)
                let answer = try await wire.answer()
                #expect(answer.status == 401, "\(value ?? "none")")
            }
            var doubled = large
            doubled.headers.append((name: "x-hub-signature-256", value: "sha256=00"))
            let wire = try gateway.connect()
            try wire.send(doubled.head)
            #expect(try await wire.answer().status == 401)
        }
    }
}
