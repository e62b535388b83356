import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Whether a rule with these conditions takes a request.
func matches(_ when: String, _ request: TestRequest, lines: String = "") throws -> Bool {
    try request.processed(by: route(openRoute("otherwise: ignore\n\(lines)", rule: "when: { \(when) }"))).summary
        == "stored"
}

@Suite(.serialized) struct ConditionTests {
    @Test(
        "against JSON a scalar is compared by type, numbers by value; absent is null",
        arguments: [
            ("body.a: x", #"{"a":"x"}"#, true), ("body.a: x", #"{"a":"y"}"#, false),
            ("body.a: x", #"{"a":"\u0078"}"#, true),
            ("body.a: x", #"{"a":["x"]}"#, false), ("body.a: x", "{}", false), ("body.a: ''", #"{"a":""}"#, true),
            ("body.a: 1", #"{"a":1}"#, true), ("body.a: 1", #"{"a":1.0}"#, true), ("body.a: 1", #"{"a":1e0}"#, true),
            ("body.a: 1", #"{"a":"1"}"#, false), ("body.a: '1'", #"{"a":1}"#, false),
            ("body.a: '1'", #"{"a":"1"}"#, true),
            ("body.a: 1.5", #"{"a":15e-1}"#, true), ("body.a: 9007199254740993", #"{"a":9007199254740992}"#, false),
            ("body.a: 18446744073709551615", #"{"a":18446744073709551615}"#, true),
            ("body.a: 18446744073709551615", #"{"a":18446744073709551614}"#, false), ("body.a: -0", #"{"a":0}"#, true),
            ("body.a: true", #"{"a":true}"#, true), ("body.a: true", #"{"a":false}"#, false),
            ("body.a: true", #"{"a":"true"}"#, false),
            ("body.a: false", #"{"a":false}"#, true), ("body.a: false", #"{"a":0}"#, false),
            ("body.a: false", "{}", false),
            ("body.a: null", #"{"a":null}"#, true), ("body.a: null", "{}", true),
            ("body.a: null", #"{"a":false}"#, false),
            ("body.a: [x, 2, null]", #"{"a":2}"#, true), ("body.a: [x, 2]", #"{"a":"x"}"#, true),
            ("body.a: [x, 2]", #"{"a":"2"}"#, false),
            ("body.a: [x, null]", "{}", true), ("body.a.b: x", #"{"a":{"b":"x"}}"#, true),
            ("'body.a[1]': x", #"{"a":["y","x"]}"#, true),
            (#"'body["a.b"]': x"#, #"{"a.b":"x"}"#, true), ("body.a: x, body.b: y", #"{"a":"x","b":"y"}"#, true),
            ("body.a: x, body.b: y", #"{"a":"x","b":"z"}"#, false), ("body: x", #""x""#, true),
            ("body.a: x", #"{"a":"y","a":"x"}"#, true),
            ("body.a: x", #"{"\u0061":"x"}"#, true), ("body.a: é", "{\"a\":\"e\u{301}\"}", false),
        ])
    func json(when: String, body: String, expected: Bool) throws {
        #expect(try matches(when, TestRequest(body)) == expected)
    }

    @Test(
        "against headers, the query and the request line a scalar is compared by its source text",
        arguments: [
            ("header.X-A: 1", "/hook", [("x-a", "1")], true), ("header.X-A: 1", "/hook", [("X-A", "1.0")], false),
            ("header.X-A: 1.0", "/hook", [("X-A", "1.0")], true),
            ("header.X-A: true", "/hook", [("X-A", "true")], true),
            ("header.X-A: a", "/hook", [], false), ("header.X-A: null", "/hook", [], true),
            ("header.X-A: null", "/hook", [("X-A", "null")], true),
            ("header.X-A: 'a, b'", "/hook", [("X-A", "a"), ("x-a", "b")], true),
            ("header.X-A: a", "/hook", [("X-A", "a"), ("x-a", "b")], false),
            ("query.q: 1", "/hook?q=1", [], true), ("query.q: 'a b'", "/hook?p=2&q=a+b&q=c", [], true),
            ("query.q: null", "/hook", [], true),
            ("query.q: ''", "/hook?q", [], true), ("'query[\"a[b]\"]': c", "/hook?a%5Bb%5D=c", [], true),
            ("method: POST", "/hook", [], true),
            ("method: [PUT, GET]", "/hook", [], false), ("path: /hook", "/ho%6Fk", [], true),
            ("route: open", "/hook", [], true),
        ])
    func text(when: String, target: String, headers: [(String, String)], expected: Bool) throws {
        let request = TestRequest("{}", target: target, headers: headers.map { (name: $0.0, value: $0.1) })
        #expect(try matches(when, request) == expected)
    }

    @Test("'event' is that of the route, with its default, or that of the provider")
    func event() throws {
        let event = "event: ${body.kind ?? \"none\"}"
        #expect(try matches("event: push", TestRequest(#"{"kind":"push"}"#), lines: event))
        #expect(try matches("event: none", TestRequest("{}"), lines: event))
        #expect(try !matches("event: null", TestRequest("{}"), lines: event))
        let joined = "event: ${header.X-E}/${body.action}"
        #expect(
            try matches(
                "event: pr/opened", TestRequest(#"{"action":"opened"}"#, headers: [("X-E", "pr")]), lines: joined))
        #expect(try matches("event: null", TestRequest(#"{"action":"opened"}"#), lines: joined))
    }

    @Test("'event' is text, even as one value of the body; a default that is null has no effect")
    func eventIsText() throws {
        let event = "event: ${body.kind}"
        #expect(try matches("event: 5", TestRequest(#"{"kind":"5"}"#), lines: event))
        #expect(try matches("event: 5", TestRequest(#"{"kind":5}"#), lines: event))
        #expect(try !matches("event: 5", TestRequest(#"{"kind":5.0}"#), lines: event))
        #expect(try matches("event: { like: '[*]', contains: a }", TestRequest(#"{"kind":["a"]}"#), lines: event))
        #expect(try !matches("event: { exists: true }", TestRequest(#"{"kind":null}"#), lines: event))
        #expect(
            try matches(
                "event: { exists: true, prefix: no }", TestRequest("{}"), lines: "event: ${body.kind ?? \"none\"}"))
        #expect(
            try matches("event: { exists: false, not: '' }", TestRequest("{}"), lines: "event: ${body.kind ?? null}"))
    }

    @Test("conditions may be about anything that a reference names")
    func references() throws {
        let request = TestRequest(#"{"a":1}"#, target: "/hook?q=1", headers: [("X-A", "b")])
        for condition in [
            "delivery.id: d1", "delivery.received_ms: { greater: 1700000000122, less: 1700000000124 }",
            "delivery.received_at: { prefix: 2023-11-14T }", "delivery.remote_address: { like: 192.0.2.* }",
            "headers: { contains: x-a }",
            "path: { suffix: ook }", "method: { not: [GET, PUT] }", "route: { exists: true }",
            "sha256.body: 015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
            "body: { exists: true, not: x }",
            "sha256.body.a: { prefix: 6b86b273 }", "sha256.body.none: { exists: false }",
        ] {
            #expect(try matches(condition, request), "\(condition)")
        }
        let lines = "public_url: https://hooks.example.com"
        #expect(try matches("url: 'https://hooks.example.com/hook?q=1'", request, lines: lines))
    }

    @Test("the first rule that matches counts")
    func order() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                jobs:
                  - { when: { body.a: 1 }, type: one }
                  - { when: { body.a: [1, 2] }, ignore: true }
                  - { when: { body.b: 1 }, type: three }
                otherwise: ignore
            """
        let route = try route(text)
        #expect(TestRequest(#"{"a":1,"b":1}"#).processed(by: route).delivery?.jobs.map(\.type) == ["one"])
        #expect(TestRequest(#"{"a":2,"b":1}"#).processed(by: route).summary == "ignored by rule 1")
        #expect(TestRequest(#"{"a":3,"b":1}"#).processed(by: route).delivery?.jobs.map(\.type) == ["three"])
        #expect(TestRequest(#"{"a":3}"#).processed(by: route).summary == "no rule matched")
    }
}
