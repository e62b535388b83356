import DevQueue
import Testing

/// What was signed and cannot become a job is kept, and answered as a success.
@Suite struct UnreadableBodyTests {
    private static func nested(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    private static let rows: [(name: String, body: [UInt8], detail: String)] = [
        ("no JSON", Array("this is no JSON".utf8), "expected a value at byte 0"),
        ("empty", [], "there is no value at byte 0"),
        ("half of a document", Array(#"{"a":"#.utf8), "the text ends inside a value at byte 5"),
        ("125 levels deep", Array(nested(125).utf8), "the nesting is deeper than 124 levels at byte 124"),
        (
            "a number beyond a double", Array(#"{"n":1e400}"#.utf8),
            "a number is outside the range of a double at byte 5"
        ),
        (
            "invalid UTF-8", Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8),
            "a string is not valid UTF-8 at byte 6"
        ),
        (
            "two byte order marks", [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF] + Array("{}".utf8),
            "the text begins with a byte-order mark at byte 0"
        ),
    ]

    @Test("a signed body that cannot be read is a dead letter, answered 200, and the next delivery is not affected")
    func deadLetters() async throws {
        try await GatewayUnderTest.run { gateway in
            for (index, row) in Self.rows.enumerated() {
                let wire = try gateway.connect()
                try wire.send(Webhook.gitHub(body: row.body).bytes)
                let answer = try await wire.answer()
                #expect(answer.status == 200, "\(row.name): \(answer)")
                #expect(answer[member: "jobs"] == "0", "\(row.name): \(answer)")
                #expect(answer[member: "dead_letters"] == "1", "\(row.name): \(answer)")
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer()[member: "jobs"] == "1", "after \(row.name)")
                let list = try await gateway.command("dead", "list")
                #expect(list.ending == .exited(0), "\(list.errors)")
                let lines = list.output.split(separator: "\n")
                #expect(lines.count == index + 2, "\(list.output)")
                let id = try #require(answer[member: "id"])
                let line = try #require(lines.first { $0.contains(id) }, "\(row.name): \(list.output)")
                #expect(line.contains(" github  body_unreadable  request  "), "\(line)")
                #expect(line.hasSuffix(row.detail), "\(row.name): \(line)")
            }
            gateway.expectDiscreetLog()
        }
    }

    @Test("deliveries that the head alone ignores are ignored with an unreadable body, but not without a signature")
    func ignoredByHead() async throws {
        let routes = """
            routes:
              - name: github
                path: /github
                provider: github
                secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
                on_unreadable: reject
                jobs:
                  - { when: { event: push, body.ref: main }, type: push }
                  - { when: { event: ping }, ignore: true }
                otherwise: dead_letter
            """
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes])) { gateway in
            for body in ["", "{", "this is no JSON"] {
                let statuses = [
                    try await gateway.answer(to: .gitHub(event: "ping", body: body)).status,
                    try await gateway.answer(to: .gitHub(event: "push", body: body)).status,
                ]
                #expect(statuses == [200, 422], "\(body)")
                var forged = Webhook.gitHub(event: "ping", body: body)
                forged[header: "x-hub-signature-256"] = Webhook.signature(of: [], secret: "no secret of the route's")
                #expect(try await gateway.answer(to: forged).status == 401, "\(body)")
            }
            #expect(try await gateway.metric(#"sluice_ignored_total{route="github"}"#) == 3)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 0)
        }
    }

    private static let open = """
        routes:
          - path: /open
            verify: none
            jobs: [ { when: { body.type: paid }, type: paid } ]
            otherwise: ignore
          - path: /whole
            verify: none
            jobs: [ { type: whole, payload: "${body}" } ]
        """

    @Test("JSON posted as another type is logged once for each type, counted, and listed with the routes")
    func mislabelledJSON() async throws {
        try await GatewayUnderTest.run(GatewaySetup(routes: ["open.yaml": Self.open])) { gateway in
            let types = ["text/plain", "application/x-www-form-urlencoded", "Text/Plain; charset=utf-8", "a/octets"]
            let bodies = [#"{"type":"paid"}"#, " [{}]\r\n", "\u{FEFF}{}", "type=paid", "{", ""]
            for type in types + ["application/json"] {
                for body in bodies {
                    for target in ["/open", "/whole"] {
                        let headers = [(name: "host", value: "h"), (name: "content-type", value: type)]
                        let webhook = Webhook(target: target, headers: headers, body: Array(body.utf8))
                        _ = try await gateway.answer(to: webhook)
                    }
                }
            }
            let message =
                "a body looks like JSON and was not parsed as JSON; set 'body: json' in the route, or correct the "
                + "sender"
            let told = gateway.records(saying: message)
            #expect(told.map { $0["route"] } == ["/open", "/open", "/open"])
            let reasons = [
                "its content type: text/plain", "its content type: application/x-www-form-urlencoded",
                "its content type: a/octets",
            ]
            #expect(told.map { $0["reason"] } == reasons)
            #expect(try await gateway.metric(#"sluice_mislabelled_json_total{route="/open"}"#) == 12)
            #expect(try await gateway.metric(#"sluice_mislabelled_json_total{route="/whole"}"#) == 0)
            let routes = try await gateway.command("routes")
            #expect(
                routes.output.contains(
                    """
                    notices      1
                      route /open: 12 bodies that look like JSON not parsed as JSON, with the content type text/plain, \
                    application/x-www-form-urlencoded, a/octets; set 'body: json' in the route, or correct the sender

                    """), "\(routes.output)")
        }
    }

    @Test("a lone surrogate is replaced in the sent job, counted, and logged once")
    func replacesSurrogates() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            let body = #"{"title":"a\ud800b","pair":"\ud83d\ude00"}"#
            for _ in 0..<2 {
                let answer = try await gateway.answer(to: .gitHub(body: body))
                #expect(answer.status == 200)
            }
            #expect(try await gateway.metric(#"sluice_repaired_surrogates_total{route="github"}"#) == 2)
            gateway.process.send(15)
            #expect(try await gateway.process.ending() == .exited(0))
            let message =
                "replaced lone surrogates with U+FFFD in a payload; logged once per route"
            let told = gateway.records(saying: message)
            #expect(told.count == 1)
            #expect(told.first?["route"] == "github")
        }
        let payloads = queue.store.jobs.map { String(decoding: $0.payload ?? [], as: UTF8.self) }
        #expect(payloads == Array(repeating: #"{"title":"a\ufffdb","pair":"\ud83d\ude00"}"#, count: 2))
        await queue.stop()
    }
}
