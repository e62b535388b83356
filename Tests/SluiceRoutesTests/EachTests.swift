import SluiceBase
import SluiceCrypto
import SluiceJSON
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// `each`: one job for each element of an array.
@Suite(.serialized) struct EachTests {
    @Test("each element is a job, in the order of the body")
    func jobs() throws {
        let route = try route(
            openRoute(
                "each: ${body.items}",
                rule: "payload: { n: '${item.n}', all: '${item}', at: '${index}', of: '${body.id}' }"))
        let outcome = TestRequest(#"{"id":"x","items":[{"n":1},{"n":"b"}]}"#).processed(by: route)
        #expect(
            payloads(outcome) == [
                #"{"n":1,"all":{"n":1},"at":0,"of":"x"}"#, #"{"n":"b","all":{"n":"b"},"at":1,"of":"x"}"#,
            ])
    }

    @Test("without `payload` each job has its element, and not the whole body")
    func defaultPayload() throws {
        let elements = [#"{"n":1}"#, #""b""#]
        let body = #"{"id":"x","items":[{"n":1},"b"]}"#
        #expect(payloads(TestRequest(body).processed(by: try route(openRoute("each: ${body.items}")))) == elements)
        let lines = TestRequest("{\"n\":1}\n\"b\"")
        #expect(payloads(lines.processed(by: try route(openRoute("each: lines")))) == elements)
        #expect(payloads(TestRequest(body).processed(by: try route(openRoute()))) == [body])
    }

    @Test(
        "what `each` names",
        arguments: [
            ("${body}", #"[1,2]"#, ["1", "2"]), ("${body[]}", #"[1,2]"#, ["1", "2"]),
            ("${body.entry[].changes[]}", #"{"entry":[{"changes":[1,2]},{"changes":[3]}]}"#, ["1", "2", "3"]),
            ("${body.entry[].changes}", #"{"entry":[{"changes":[1]}]}"#, ["1"]),
            (#"${body["odd key"]}"#, #"{"odd key":["a"]}"#, ["\"a\""]),
            ("${body.list[1].x}", #"{"list":[0,{"x":[5]}]}"#, ["5"]),
            ("lines", "{\"a\":1}\r\n\n  [2]\t\n3", [#"{"a":1}"#, "[2]", "3"]),
            ("lines", "[1]\n[2]", ["[1]", "[2]"]),
            ("lines", #"[{"a":1},[2],3]"#, [#"{"a":1}"#, "[2]", "3"]),
            ("lines", " \r\n[ {\n\"a\": 1 },\n2]\n", ["{\n\"a\": 1 }", "2"]),
        ])
    func arrays(each: String, body: String, expected: [String]) throws {
        let outcome = TestRequest(body).processed(by: try route(openRoute("each: '\(each)'", rule: "payload: ${item}")))
        #expect(payloads(outcome) == expected)
    }

    @Test(
        "an empty array is a success without jobs, and no key is remembered",
        arguments: [
            ("${body.items}", #"{"items":[]}"#), ("${body.a[].b}", #"{"a":[{"b":[]}]}"#), ("lines", "\n \n"),
            ("lines", ""), ("lines", " [ ]\n"),
        ])
    func empty(each: String, body: String) throws {
        let route = try route(openRoute("each: \(each)\nunique_key: '${sha256.body}'"))
        #expect(TestRequest(body).processed(by: route).summary == "no elements")
    }

    @Test(
        "an array that is not there makes all of it a dead letter, unless the route says that it may be absent",
        arguments: [#"{}"#, #"{"items":null}"#, #"{"items":{}}"#, #"[]"#])
    func noArray(body: String) throws {
        let strict = try route(openRoute("each: ${body.items}\nunique_key: ${header.X-Id}"))
        let outcome = TestRequest(body, headers: [("X-Id", "7")]).processed(by: strict)
        #expect(outcome.summary == "dead letter body_unreadable: 'each' finds no array at body.items[]")
        #expect(outcome.delivery?.key?.text == "open:7")
        #expect(outcome.delivery?.request != nil)
        let lax = try route(openRoute("each: ${body.items ?? null}"))
        #expect(TestRequest(body).processed(by: lax).summary == "no elements")
    }

    @Test(
        "JSON lines in which one continues on the next are invalid",
        arguments: ["{\"a\":1\n\"b\":2}", "[1\n2]", "1 2", "{}\n{", "[1", "[1]]"])
    func brokenLines(body: String) throws {
        let outcome = TestRequest(body).processed(by: try route(openRoute("each: lines")))
        #expect(outcome.summary.hasPrefix("dead letter body_unreadable: "))
    }

    @Test("rules look at each element, and `otherwise` is about each")
    func rules() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                event: ${item.type}
                each: ${body.items}
                jobs:
                  - { when: { event: a }, type: made, payload: "${item.n}" }
                  - { when: { item.type: b }, ignore: true }
                otherwise: dead_letter
            """
        let body = #"{"items":[{"type":"b"},{"type":"a","n":1},{"type":"c"},{"type":"a","n":2}]}"#
        let delivery = try #require(TestRequest(body).processed(by: try route(text)).delivery)
        #expect(delivery.parts.count == 1)
        #expect(delivery.jobs.map { String(decoding: $0.payload, as: UTF8.self) } == ["1", "2"])
        #expect(delivery.deadLetters.map(\.share) == [DeliveryShare(element: 2)])
        #expect(TestRequest(#"{"items":[{"type":"b"}]}"#).processed(by: try route(text)).summary == "ignored by rule 1")
        #expect(
            TestRequest(#"{"items":[{"type":"c"}]}"#).processed(
                by: try route(text.replacing("dead_letter", with: "ignore"))
            ).summary
                == "no rule matched")
    }

    @Test("a dead letter of one element is rendered again without the others")
    func share() throws {
        let route = try route(openRoute("each: ${body}", rule: "priority: ${item.p}"))
        let request = TestRequest(#"[{"p":1},{"p":"high"},{"p":3}]"#)
        let delivery = try #require(request.processed(by: route).delivery)
        #expect(delivery.jobs.count == 2)
        #expect(delivery.deadLetters.map(\.share) == [DeliveryShare(element: 1)])
        #expect(delivery.deadLetters.map(\.reason) == [.badField])
        let again = try #require(request.processed(by: route, share: DeliveryShare(element: 2)).delivery)
        #expect(again.jobs.map { String(decoding: $0.payload, as: UTF8.self) } == [#"{"p":3}"#])
    }

    @Test(
        "a dead letter of an element that the route does not find any more stays as it is",
        arguments: ["each: ${body}", "each: ${body.l ?? null}", ""])
    func missingElement(each: String) throws {
        for element in [3, 4, 9_999] {
            let outcome = TestRequest("[1,2,3]").processed(
                by: try route(openRoute(each)), share: DeliveryShare(element: element))
            #expect(
                outcome.summary
                    == "refused body_unreadable: the route no longer finds element \(element + 1) in the request")
        }
    }

    @Test("more elements than one delivery may have make all of it a dead letter")
    func tooMany() throws {
        let route = try route(openRoute("each: ${body}", rule: "payload: 1"))
        let body = "[" + Array(repeating: "0", count: JSONFindings.maximumItems + 1).joined(separator: ",") + "]"
        #expect(
            TestRequest(body).processed(by: route).summary
                == "dead letter too_many_jobs: the body has more than 10000 elements")
        let fitting = "[" + Array(repeating: "0", count: JSONFindings.maximumItems).joined(separator: ",") + "]"
        #expect(TestRequest(fitting).processed(by: route).delivery?.jobs.count == 10_000)
    }

    @Test("payloads that are too much together make all of it a dead letter, and one alone never is")
    func tooManyBytes() throws {
        let compilation = compile(
            [("r.yaml", openRoute("each: ${body.items}", rule: "payload: ${body}"))], memory: .mebibytes(16))
        let route = try #require(compilation.table?.routes.first)
        let filler = String(repeating: "x", count: 1 << 20)
        let items = Array(repeating: "0", count: 9).joined(separator: ",")
        let outcome = TestRequest(#"{"filler":"\#(filler)","items":[\#(items)]}"#).processed(by: route)
        #expect(
            outcome.summary == "dead letter too_many_jobs: the payloads of its jobs would exceed 8 MiB in total"
        )
        let large = String(repeating: "x", count: 9 << 20)
        #expect(TestRequest(#"{"filler":"\#(large)","items":[0]}"#).processed(by: route).summary == "stored")
    }

    @Test("with `match: all` each rule that matches makes a job")
    func matchAll() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                match: all
                unique_key: ${body.id}
                jobs:
                  - { type: everything }
                  - { when: { body.kind: a }, type: a }
                  - { when: { body.kind: z }, ignore: true }
                otherwise: dead_letter
            """
        let route = try route(text)
        let both = try #require(TestRequest(#"{"id":7,"kind":"a"}"#).processed(by: route).delivery)
        #expect(both.jobs.map(\.type) == ["everything", "a"])
        #expect(both.jobs.map(\.uniqueKey) == ["/hook:7#0.0", "/hook:7#1.0"])
        #expect(TestRequest(#"{"id":7,"kind":"z"}"#).processed(by: route).delivery?.jobs.map(\.type) == ["everything"])
        #expect(
            TestRequest(#"{"id":7,"kind":"a"}"#).processed(by: route, share: DeliveryShare(rule: 1)).delivery?.jobs.map(
                \.type) == ["a"])
    }

    @Test(
        "with `match: all` a rule with ignore applies if no other makes a job, and unmatched deliveries are otherwise"
    )
    func matchAllIgnored() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                match: all
                jobs:
                  - { when: { body.kind: a }, type: a }
                  - { when: { body.kind: b }, ignore: true }
                otherwise: dead_letter
            """
        let route = try route(text)
        #expect(TestRequest(#"{"kind":"b"}"#).processed(by: route).summary == "ignored by rule 1")
        #expect(
            TestRequest(#"{"kind":"c"}"#).processed(by: route).summary
                == "dead letter no_matching_rule: no rule of the route matches")
    }

    @Test("with `match: all` a dead letter is about its rule")
    func matchAllShare() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                match: all
                jobs: [ { type: a }, { type: "b,${body.x}" } ]
                otherwise: ignore
            """
        let delivery = try #require(TestRequest("{}").processed(by: try route(text)).delivery)
        #expect(delivery.jobs.map(\.type) == ["a"])
        #expect(delivery.deadLetters.map(\.share) == [DeliveryShare(rule: 1)])
    }

    @Test(
        "mistakes",
        arguments: [
            (
                "each: ${header.X}",
                "5:11: 'each' must be one reference to an array in the body, such as ${body.items}, or the word lines"
            ),
            (
                "each: a${body.b}",
                "5:11: 'each' must be one reference to an array in the body, such as ${body.items}, or the word lines"
            ),
            (
                "each: ${body.a ?? 1}",
                "5:11: the default of 'each' can only be null: an absent array has no elements"
            ),
            ("each: ${boddy}", "5:11: unknown reference 'boddy'; did you mean 'body'?"),
            ("each: [a]", "5:11: 'each' must be a text, not a list"),
            (
                "each: lines\nbody: form",
                "6:5: 'body' has no effect with 'each: lines', which always parses JSON Lines"
            ),
            ("event: ${item.a}", "5:12: 'item' cannot be used without 'each'"),
            ("event: ${index}", "5:12: 'index' cannot be used without 'each'"),
            (
                "event: ${body.a[].b}",
                "5:12: '[]' can only be used in 'each'; here write a position, such as [0], or use 'item'"
            ),
            (
                "event: ${timestamp}",
                "5:12: 'timestamp' is a reference only in 'verify'; elsewhere write its source, such as "
                    + "header.X-Name or body.timestamp"
            ),
            ("match: some", "5:12: 'match' must be 'first' or 'all', not 'some'"),
            (
                "match: all",
                "2:5: a route with 'match: all' needs 'otherwise: ignore' or 'otherwise: dead_letter', in case no "
                    + "rule matches"
            ),
        ])
    func mistakes(lines: String, expected: String) {
        #expect(problems(openRoute(lines)) == [expected])
    }

    private func payloads(_ outcome: RouteOutcome) -> [String] {
        outcome.delivery?.jobs.map { String(decoding: $0.payload, as: UTF8.self) } ?? [outcome.summary]
    }
}
