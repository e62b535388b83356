import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct DeadLetterTests {
    private let signed = """
        routes:
          - path: /hook
            name: signed
            provider: github
            secrets: [ { env: SECRET } ]
            jobs: [ { when: { event: push }, type: t } ]
            otherwise: dead_letter
        """

    @Test("a dead letter keeps the request as it came, without what lets its reader in")
    func keptRequest() throws {
        let request = TestRequest(
            "not json", target: "/hook?a=b",
            headers: [
                ("Host", "example.com"), ("X-GitHub-Delivery", "d"), ("x-hub-signature", "sha1=1"),
                ("AUTHORIZATION", "Bearer t"),
                ("Cookie", "c"),
                ("Proxy-Authorization", "p"), ("Content-Type", "application/json"),
            ]
        ).signed(header: "X-Hub-Signature-256")
        let delivery = try #require(request.processed(by: try route(signed)).delivery)
        let kept = try #require(delivery.request)
        #expect(
            String(decoding: kept, as: UTF8.self)
                == "POST /hook?a=b HTTP/1.1\r\nHost: example.com\r\nX-GitHub-Delivery: d\r\nContent-Type: application/json\r\n\r\nnot json"
        )
        #expect(delivery.deadLetters.map(\.reason) == [.bodyUnreadable])
        #expect(delivery.jobs == [])
    }

    @Test(
        "a static token in the query is not kept, but a signature is",
        arguments: [
            ("a=b&token=a+secret+of%20tests&c", "static", "a=b&token&c"),
            ("%74oken=a+secret+of+tests&token=x&a=token", "static", "%74oken&token&a=token"),
            ("token=b3f4e5", "hmac-sha256", "token=b3f4e5"),
        ])
    func keptQuery(query: String, algorithm: String, kept: String) throws {
        let text = """
            routes:
            - path: /hook
              verify:
              - { alg: \(algorithm), signature_from: "${query.token}" }
              - { alg: static, signature_from: "${header.X-Token}" }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """
        let request = TestRequest("not json", target: "/hook?\(query)", headers: [("X-Token", "a secret of tests")])
        let delivery = try #require(request.processed(by: try route(text)).delivery)
        let head = String(decoding: try #require(delivery.request), as: UTF8.self).prefix { $0 != "\r\n" }
        #expect(head == "POST /hook?\(kept) HTTP/1.0")
    }

    /// A route whose secret is the middle one of its path's parameters, or a parameter of the query.
    private static func secretPath(_ rule: String) -> String {
        """
        routes:
        - name: r
          path: /hook/{a}/{tok}/{b}
          public_url: https://example.com
          verify:
          - { alg: static, signature_from: "${param.tok}" }
          - { alg: static, signature_from: "${query.t}" }
          secrets: [ { env: SECRET }, { env: OTHER } ]
          body: json
          unique_key: ${body.id}
          jobs: [ \(rule) ]
          otherwise: dead_letter

        """
    }

    private static let secrets = ["SECRET": "a secret of tests", "OTHER": "another secret of tests"]

    @Test("a static token in the path is neither kept nor in the key; the start of its digest tells tokens apart")
    func keptPath() throws {
        let route = try route(Self.secretPath("{ when: { body.a: 1 }, type: t }"), environment: Self.secrets)
        func delivery(_ segment: String) throws -> Delivery {
            try #require(
                TestRequest(#"{"id":7}"#, target: "/hook/x%3Ay/\(segment)/z?t=b").processed(by: route).delivery)
        }
        let first = try delivery("a%20secret%20of%20tests")
        let head = String(decoding: try #require(first.request), as: UTF8.self).prefix { $0 != "\r\n" }
        #expect(head == "POST /hook/x%3Ay/%7Btok-a5089e77%7D/z?t HTTP/1.0")
        #expect(first.key?.text == "r:x%3Ay:{tok-a5089e77}:z:7")
        #expect(try delivery("%61 secret of tests".replacing(" ", with: "%20")).key == first.key)
        let other = try delivery("another%20secret%20of%20tests")
        #expect(other.key?.text == "r:x%3Ay:{tok-cfd16a84}:z:7")
        // A stored request has the key of the original one.
        let stored = TestRequest(#"{"id":7}"#, target: "/hook/x%3Ay/%7Btok-a5089e77%7D/z?t").withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(
                sender: nil, isStored: true, receivedAtMilliseconds: TestRequest.now, deliveryID: "d1", share: .all)
            return route.handle(view, arrival, from: .body, scratch: &scratch)
        }
        #expect(try #require(stored.delivery).key == first.key)
    }

    @Test(
        "a value that only looks like what stands for a token is replaced, and headers that repeat the URL are left out",
        arguments: ["%0d%0aA:%20b%0d%0a", "%23fr%25zz%3f%2f", "abcdefgh"])
    func forgedMark(value: String) throws {
        let route = try route(Self.secretPath("{ when: { body.a: 1 }, type: t }"), environment: Self.secrets)
        let target = "/hook/x/%7Btok-\(value)%7D/z?t=another%20secret%20of%20tests"
        let request = TestRequest(
            #"{"id":7}"#, target: target,
            headers: [
                ("Referer", "https://a" + target), ("X-Original-URL", target), ("X-Replaced-Path", target),
                ("X-Kept", "1"),
            ])
        let delivery = try #require(request.processed(by: route).delivery)
        let head = String(decoding: try #require(delivery.request), as: UTF8.self)
        #expect(head.starts(with: #/POST \/hook\/x\/%7Btok-[0-9a-f]{8}%7D\/z\?t HTTP\/1.0\r\n/#))
        #expect(!["Referer", "Original", "Replaced"].contains { head.contains($0) } && head.contains("X-Kept: 1"))
    }

    @Test("the URL and the path in jobs are without static tokens")
    func publicURL() throws {
        let rule = "{ type: t, payload: { a: '${url}', b: '${path}', c: '${query.q}' } }"
        let route = try route(Self.secretPath(rule), environment: Self.secrets)
        let request = TestRequest(
            #"{"id":7}"#, target: "/hook/x/a%20secret%20of%20tests/z?t=a+secret+of+tests&q=1")
        let job = try #require(request.processed(by: route).delivery?.jobs.first)
        #expect(
            String(decoding: job.payload, as: UTF8.self)
                == #"{"a":"https://example.com/hook/x/%7Btok-a5089e77%7D/z?t&q=1","#
                + #""b":"/hook/x/{tok-a5089e77}/z","c":"1"}"#)
    }

    @Test("a dead letter has its unique key, so that a repetition is a duplicate, also with an unreadable body")
    func key() throws {
        let route = try route(signed)
        let unreadable = TestRequest("x", headers: [("X-GitHub-Delivery", "d1")]).signed(header: "X-Hub-Signature-256")
            .processed(by: route)
        #expect(unreadable.delivery?.key?.text == "signed:d1")
        let unmatched = TestRequest("{}", headers: [("X-GitHub-Delivery", "d1")]).signed(header: "X-Hub-Signature-256")
            .processed(by: route)
        #expect(unmatched.summary == "dead letter no_matching_rule: no rule of the route matches")
        #expect(unmatched.delivery?.key == unreadable.delivery?.key)
    }

    private static let ping = "{ when: { event: ping }, ignore: true }"
    private static let job = "{ when: { body.a: 1 }, type: t }"
    private static let pushed = "{ when: { event: push, body.a: 1 }, type: t }"
    private static let either = "{ when: { any: [ { event: ping }, { body.a: 1 } ] }, ignore: true }"
    private static let quiet = "{ when: { body.quiet: true }, ignore: true }"

    @Test(
        "an unreadable body does no harm if the head decides that nothing is stored",
        arguments: [
            ([ping], "match: first", "dead_letter", "ignored by rule 0"),
            ([pushed, ping], "match: first", "dead_letter", "ignored by rule 1"),
            ([quiet, ping], "match: first", "dead_letter", "ignored by rule 1"),
            ([either], "match: first", "dead_letter", "ignored by rule 0"),
            ([pushed], "match: first", "ignore", "no rule matched"),
            ([quiet, pushed], "match: first", "ignore", "no rule matched"),
            ([quiet, ping, pushed], "match: all", "dead_letter", "ignored by rule 1"),
            ([job, ping], "match: first", "ignore", nil), ([ping, job], "match: all", "ignore", nil),
            ([pushed], "match: first", "dead_letter", nil), ([quiet], "match: first", "dead_letter", nil),
            (["{ when: { event: ping }, type: t }"], "match: first", "ignore", nil),
            (["{ when: { not: { body.a: 1 } }, ignore: true }"], "match: first", "dead_letter", nil),
        ] as [([String], String, String, String?)])
    func ignoredByHead(rules: [String], match: String, otherwise: String, summary: String?) throws {
        for lines in ["", "\neach: ${body.items}"] {
            let text = openRoute(
                "event: ${header.X-Event}\non_unreadable: reject\n\(match)\notherwise: \(otherwise)\(lines)")
            let jobs = rules.map { "      - \($0)\n" }.joined()
            let route = try route(text.replacing("      - type: t\n", with: jobs))
            let bodies = ["", "{", "\u{FF}"] + (lines.isEmpty ? [] : ["{}"])
            for body in bodies {
                let found = TestRequest(body, headers: [("X-Event", "ping")]).processed(by: route).summary
                let isAsExpected = summary.map { found == $0 } ?? found.contains("body_unreadable")
                #expect(isAsExpected, "\(rules) \(body): \(found)")
            }
            guard let summary else { continue }
            for body in [#"{"items":[{}]}"#, #"{"a":2,"items":[{"a":1}]}"#] where lines.isEmpty {
                let found = TestRequest(body, headers: [("X-Event", "ping")]).processed(by: route).summary
                #expect(found == summary, "\(rules) \(body): \(found)")
            }
        }
    }

    @Test("if the key is the body's digest, unreadable bodies have it, too")
    func bodyHashKey() throws {
        let route = try route(openRoute("unique_key: ${body.id}\nunique_key_missing: body_hash"))
        let one = TestRequest("x").processed(by: route).delivery?.key
        #expect(one != nil)
        #expect(one == TestRequest("x").processed(by: route).delivery?.key)
        #expect(one != TestRequest("y").processed(by: route).delivery?.key)
    }

    @Test("nothing becomes a dead letter before the signature holds")
    func unverified() throws {
        let route = try route(signed)
        #expect(TestRequest("x", headers: [("X-Hub-Signature-256", "sha256=00")]).processed(by: route).delivery == nil)
        #expect(TestRequest("x").processed(by: route).delivery == nil)
    }
}
