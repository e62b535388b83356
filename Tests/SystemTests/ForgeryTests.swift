import DevQueue
internal import Foundation
import SluiceBase
import SluiceCrypto
import Testing

/// Captured requests that are sent again with something changed that no signature covers, against the shipped binary.
@Suite struct ForgeryTests {
    private static let key = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let environment = [
        "STANDARD_WEBHOOK_SECRET": "whsec_" + Base64.encode(key), "SVIX_WEBHOOK_SECRET": "whsec_" + Base64.encode(key),
    ]
    private static let forgedPush =
        #"{"ref":"refs/heads/main","after":"bad","repository":{"full_name":"evil/evil"},"pusher":{"name":"evil"}}"#

    /// The types and payloads of all jobs that came of some requests.
    private func jobs(of webhooks: [Webhook]) async throws -> (statuses: [Int], jobs: [String]) {
        let queue = try await TestQueue.start()
        var statuses: [Int] = []
        var routes: [String: String] = [:]
        for file in ["github", "standard-webhooks"] {
            // Without their examples, of which one has a body in a file.
            routes["\(file).yaml"] = try ProjectFiles.text("routes/\(file).yaml").replacing(/\n    examples:\n(      .*\n|\n)*/, with: "\n")
        }
        try await GatewayUnderTest.run(GatewaySetup(routes: routes, environment: Self.environment, queue: queue.url)) { gateway in
            for webhook in webhooks { statuses.append(try await gateway.answer(to: webhook).status) }
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 0)
        }
        let jobs = queue.store.jobs.map { "\($0.type) \(String(decoding: $0.payload ?? [], as: UTF8.self))" }
        await queue.stop()
        return (statuses, jobs)
    }

    @Test("signed JSON is the same job whatever Content-Type says, and never the form that stands in one of its texts")
    func contentType() async throws {
        let escaped = try #require(Self.forgedPush.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let body = #"{"action":"created","comment":{"body":"hello &payload=\#(escaped)& bye"}}"#
        let types = [
            "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/unknown",
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
