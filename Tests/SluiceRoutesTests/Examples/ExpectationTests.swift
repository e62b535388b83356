import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What an example expects is held against what came, key by key.
@Suite(.serialized) struct ExpectationTests {
    private static let rich = ExampleRoute(
        lines: """
            unique_key: ${body.id}
            reply: { status: 202, headers: { X-Order: "${body.id}" }, body: { ok: true, id: "${body.id}" } }
            """,
        rules: """
            - when: { body.skip: true }
              ignore: true
            - when: { body.bad: true }
              type: t
              queue: "${body.queue}"
            - type: t
              queue: q
              priority: 7
              delay: 5s
              retry_limit: 3
              backoff: { base: 1s, exponent: 2.0, jitter: 500ms }
              retention: { dead: 30d }
              unique_while: queued
              budgets: [ { key: mail, cost: 2 } ]
              payload: { id: "${body.id}", n: 1.50, list: [1, "two", null], "odd key": { a: true } }
            """)

    @Test(
        "the result is as expected",
        arguments: [
            "status: 202", "duplicate: false", "dead_letters: 0", "dead_letters: []", "jobs: [ {} ]",
            "jobs: [ { type: t } ]",
            "jobs: [ { queue: q } ]",
            "jobs: [ { priority: 7 } ]", "jobs: [ { ready_at: 1700000005123 } ]",
            "jobs: [ { ready_at: 2023-11-14T22:13:25.123Z } ]",
            "jobs: [ { retry_limit: 3 } ]", "jobs: [ { backoff: { base: 1000ms, exponent: 2, jitter: 500ms } } ]",
            "jobs: [ { retention: { dead: 720h } } ]", "jobs: [ { unique_key: \"r:o1\" } ]",
            "jobs: [ { unique_while: queued } ]",
            "jobs: [ { budgets: [ { key: mail, cost: 2 } ] } ]", "jobs: [ { payload: { id: o1 } } ]",
            "jobs: [ { payload: { n: 1.5 } } ]", "jobs: [ { payload: { list: [1.0, two, null] } } ]",
            "jobs: [ { payload: { odd key: {} } } ]",
            "reply: { headers: { x-order: o1, Content-Type: application/json } }",
            "reply: { body: { ok: true } }", "reply: { body: '{\"ok\":true,\"id\":\"o1\"}' }",
        ])
    func fits(expectation: String) throws {
        #expect(try Self.rich.differences("body: { id: o1 }\nexpect: { \(expectation) }") == [[]])
    }

    @Test(
        "differences are reported with the path, the expected and the actual value",
        arguments: [
            ("status: 200", ["status: 200, 202"]), ("duplicate: true", ["duplicate: true, false"]),
            ("dead_letters: 1", ["dead_letters: 1, []"]),
            ("dead_letters: [bad_field]", ["dead_letters: [bad_field], []"]),
            ("refused: signature_missing", ["refused: signature_missing, (nothing)"]),
            ("jobs: [ { type: u, queue: p } ]", [#"jobs[0].type: "u", "t""#, #"jobs[0].queue: "p", "q""#]),
            ("jobs: [ {}, { type: t } ]", [#"jobs[1]: {"type":"t"}, (nothing)"#]),
            ("jobs: [ { priority: 8 } ]", ["jobs[0].priority: 8, 7"]),
            ("jobs: [ { ready_at: 1700000005124 } ]", ["jobs[0].ready_at: 1700000005124, 1700000005123"]),
            ("jobs: [ { retry_limit: 4 } ]", ["jobs[0].retry_limit: 4, 3"]),
            (
                "jobs: [ { backoff: { base: 2s, exponent: 2, jitter: 500ms } } ]",
                ["jobs[0].backoff.base_ms: 2000, 1000"]
            ),
            ("jobs: [ { retention: { completed: 1h } } ]", ["jobs[0].retention.completed_ms: 3600000, (nothing)"]),
            ("jobs: [ { unique_key: o1 } ]", [#"jobs[0].unique_key: "o1", "r:o1""#]),
            ("jobs: [ { unique_while: exists } ]", [#"jobs[0].unique_while: "exists", "queued""#]),
            ("jobs: [ { budgets: [ { key: mail, cost: 3 } ] } ]", ["jobs[0].budgets[0].cost: 3, 2"]),
            (
                "jobs: [ { batch: { key: k, when: w, fold: f } } ]",
                [#"jobs[0].batch: {"key":"k","when":"w","fold":"f"}, (nothing)"#]
            ),
            (
                "jobs: [ { payload: { id: o2, x: null, y: 1 } } ]",
                [#"jobs[0].payload.id: "o2", "o1""#, "jobs[0].payload.y: 1, (nothing)"]
            ),
            ("jobs: [ { payload: { n: '1.50' } } ]", [#"jobs[0].payload.n: "1.50", 1.50"#]),
            ("jobs: [ { payload: { list: [1, two] } } ]", [#"jobs[0].payload.list: [1,"two"], [1,"two",null]"#]),
            ("jobs: [ { payload: { list: [1, two, false] } } ]", ["jobs[0].payload.list[2]: false, null"]),
            ("jobs: [ { payload: { odd key: { a: false } } } ]", [#"jobs[0].payload["odd key"].a: false, true"#]),
            (
                "reply: { headers: { X-Order: o2, X-No: a } }",
                [#"reply.headers.x-order: "o2", "o1""#, #"reply.headers.x-no: "a", (nothing)"#]
            ),
            ("reply: { body: { ok: false } }", ["reply.body.ok: false, true"]),
            ("reply: { body: ok }", [#"reply.body: "ok", "{\"ok\":true,\"id\":\"o1\"}""#]),
        ])
    func differs(expectation: String, expected: [String]) throws {
        let found = try Self.rich.differences("body: { id: o1 }\nexpect: { \(expectation) }")
        #expect(found == [expected])
    }

    @Test("unexpected additional jobs are reported, each as it is")
    func moreJobs() throws {
        let route = ExampleRoute(lines: "each: ${body.a}", rules: "- type: t\n  queue: q\n  payload: { n: '${item}' }")
        #expect(
            try route.differences("body: { a: [1, 2] }\nexpect: { jobs: [ { payload: { n: 1 } } ] }")
                == [[#"jobs[1]: (nothing), {"type":"t","queue":"q","payload":{"n":2}}"#]])
        #expect(try route.differences("body: { a: [] }\nexpect: { jobs: [], status: 200, dead_letters: 0 }") == [[]])
    }

    @Test("a refusal is only as expected if the code or the status is expected")
    func refusals() throws {
        let route = ExampleRoute(lines: "content_types: [ application/json ]")
        let request = "signed: false\nbody: {}\nexpect: "
        #expect(
            try route.differences(
                request + "{ refused: signature_missing }", request + "{ status: 401 }", request + "{ jobs: [] }",
                request + "{ refused: signature_invalid }", request + "{ status: 401, dead_letters: 0 }",
                request + "{ status: 401, reply: { body: {} } }",
                "body_text: x\nexpect: { refused: content_type_not_supported }",
                "method: PUT\nbody: 1\nexpect: { refused: method_not_allowed }")
                == [
                    [], [], ["refused: (nothing), signature_missing"],
                    ["refused: signature_invalid, signature_missing"], [],
                    ["the delivery: (accepted), (refused)"], [], [],
                ])
        let results = try route.results([request + "{ jobs: [] }"])
        #expect(
            results[0].problem?.description
                == "r.yaml:16:17: the example 'example 1' of the route 'r' has an unexpected result: it is refused as signature_missing (401): "
                + "the header x-signature is missing")
    }

    @Test("a body over the route's limit is refused as the gateway refuses it")
    func limit() throws {
        let route = ExampleRoute(lines: "body_limit: 1KiB")
        let (long, fitting) = (String(repeating: "x", count: 1023), String(repeating: "x", count: 1022))
        #expect(
            try route.differences(
                "body: \(long)\nexpect: { refused: body_too_large, status: 413 }",
                "body: \(fitting)\nexpect: { status: 200 }")
                == [[], []])
    }

    @Test("a dead letter that the example does not name is a warning, and one that it names is as expected")
    func deadLetters() throws {
        let bad = "body: { bad: true }\nexpect: "
        let results = try Self.rich.results([
            bad + "{ status: 202 }", bad + "{ dead_letters: 1 }", bad + "{ dead_letters: [bad_field], jobs: [] }",
            bad + "{ dead_letters: [no_matching_rule] }",
        ])
        #expect(
            results.map { $0.problem?.description ?? "fine" } == [
                "r.yaml:28:9: warning: the example 'example 1' of the route 'r' is stored as 1 dead letter "
                    + "(bad_field): "
                    + "queue must not be empty; if this is intended, add 'dead_letters' to its 'expect'", "fine",
                "fine",
                "r.yaml:35:33: the example 'example 4' of the route 'r' has an unexpected result: it is stored as 1 dead "
                    + "letter (bad_field): "
                    + "queue must not be empty",
            ])
        #expect(results.map(\.isAsExpected) == [true, true, true, false])
    }

    @Test("if the route has no reply, the example gets the gateway's own document")
    func document() throws {
        #expect(
            try ExampleRoute(lines: "unique_key: ${body.id}").differences(
                "body: { id: 1 }\nexpect: { duplicate: false, reply: { body: { jobs: 1, dead_letters: 0, duplicate: "
                    + "false } } }",
                "body: { id: 1 }\nexpect: { duplicate: true, reply: { body: { jobs: 0, duplicate: true, id: "
                    + "'00000000000000000000000001' } } }",
                "body: { id: 1 }\nexpect: { reply: { headers: { Content-Type: application/json } } }")
                == [[], [], []])
    }

    @Test("an ignored delivery is shown with the reason")
    func ignored() throws {
        let results = try Self.rich.results(["body: { skip: true }\nexpect: { jobs: [{}] }"])
        #expect(results[0].outcome == "ignored, because rule 1 ignores it")
        let none = ExampleRoute(lines: "otherwise: ignore", rules: "- when: { body.a: 1 }\n  type: t")
        #expect(
            try none.results(["body: {}\nexpect: { jobs: [] }"])[0].outcome
                == "ignored, because no rule matches and 'otherwise' is ignore")
        let each = ExampleRoute(lines: "each: ${body.a}")
        #expect(
            try each.results(["body: { a: [] }\nexpect: { jobs: [] }"])[0].outcome
                == "ignored, because 'each' finds no element")
    }
}
