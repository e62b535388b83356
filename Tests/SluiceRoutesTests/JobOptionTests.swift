import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The options of a job in addition to type, queue and payload: `delay`, `ready_at`, `batch`, `budgets`, and what goes
/// with them.
@Suite(.serialized) struct JobOptionTests {
    // The request comes at 1700000000123.
    @Test(
        "a job's start is shown as a time",
        arguments: [
            ("delay: 30s", #""ready_at":1700000030123"#), ("delay: 0", #""ready_at":1700000000123"#),
            ("delay: '${body.n}ms'", #""ready_at":1700000000130"#),
            ("delay: ${body.d}", #""ready_at":1700007200123"#),
            ("ready_at: 2030-01-01T00:00:00Z", #""ready_at":1893456000000"#),
            ("ready_at: 1893456000000", #""ready_at":1893456000000"#),
            ("ready_at: ${body.t}", #""ready_at":1893456000500"#),
            ("ready_at: '${body.s}000'", #""ready_at":1893456000000"#),
            ("priority: 5\ndelay: 1s\nretry_limit: 2", #""ready_at":1700000001123,"priority":5,"retry_limit":2"#),
            ("priority: ${body.n}\ndelay: 1s", #""priority":7,"ready_at":1700000001123"#),
        ])
    func start(rule: String, expected: String) throws {
        let body = #"{"n":7,"d":"2h","t":"2030-01-01T01:00:00.5+01:00","s":1893456000}"#
        #expect(options(TestRequest(body).processed(by: try route(openRoute(rule: rule)))) == expected)
    }

    @Test(
        "an invalid start makes a dead letter",
        arguments: [
            ("delay: ${body.x}", "delay must be a duration from 0 to 3650d, such as 30s"),
            ("delay: ${body.n}", "delay must be a duration from 0 to 3650d, such as 30s"),
            ("delay: '${body.n}000d'", "delay must be a duration from 0 to 3650d, such as 30s"),
            ("delay: '-${body.n}s'", "delay must be a duration from 0 to 3650d, such as 30s"),
            (
                "ready_at: ${body.x}",
                "ready_at must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970"
            ),
            (
                "ready_at: ${body.s}",
                "ready_at must be milliseconds since 1970; to convert seconds, append 000"
            ),
            (
                "ready_at: '${body.s}000000'",
                "ready_at must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970"
            ),
        ])
    func badStart(rule: String, expected: String) throws {
        let outcome = TestRequest(#"{"n":7,"s":1893456000}"#).processed(by: try route(openRoute(rule: rule)))
        #expect(outcome.summary == "dead letter bad_field: \(expected)")
    }

    @Test(
        "batches and budgets are what Zizq takes",
        arguments: [
            (
                #"batch: { key: all, when: "true", fold: "$new" }"#,
                #""batch":{"key":"all","when":"true","fold":"$new"}"#
            ),
            (
                #"batch: { key: "u-${body.u}", when: "true", fold: "$existing + $new" }"#,
                #""batch":{"key":"u-\"x\"","when":"true","fold":"$existing + $new"}"#
            ),
            ("budgets: [stripe]", #""budgets":[{"key":"stripe"}]"#), ("budgets: []", #""budgets":[]"#),
            ("budgets: [ stripe, { key: audit, cost: 2 } ]", #""budgets":[{"key":"stripe"},{"key":"audit","cost":2}]"#),
            (
                "budgets: [ { key: a, create_with: { allocation: 3, strategy: while_in_flight } } ]",
                #""budgets":[{"key":"a","create_with":{"allocation":3,"strategy":{"type":"while_in_flight"}}}]"#
            ),
            (
                "budgets: [ { key: a, create_with: { allocation: 100, strategy: time_based, duration: 1m, burst: 20 "
                    + "} } ]",
                #""budgets":[{"key":"a","create_with":{"allocation":100,"strategy":{"type":"time_based","duration_ms":60000,"burst":20}}}]"#
            ),
        ])
    func batchesAndBudgets(rule: String, expected: String) throws {
        #expect(options(TestRequest(#"{"u":"\"x\""}"#).processed(by: try route(openRoute(rule: rule)))) == expected)
    }

    @Test("a kind has batches and budgets for all its rules, and a rule goes over them")
    func ofKinds() throws {
        let text = """
            kinds:
              k: { budgets: [b], batch: { key: k, when: "true", fold: "$new" } }
            routes:
              - path: /hook
                verify: none
                jobs:
                  - { when: { body.a: 1 }, kind: k }
                  - { kind: k, budgets: [c], batch: { key: r, when: "true", fold: "$new" } }
            """
        let route = try route(text)
        #expect(
            options(TestRequest(#"{"a":1}"#).processed(by: route))
                == #""batch":{"key":"k","when":"true","fold":"$new"},"budgets":[{"key":"b"}]"#)
        #expect(
            options(TestRequest("{}").processed(by: route))
                == #""batch":{"key":"r","when":"true","fold":"$new"},"budgets":[{"key":"c"}]"#)
    }

    @Test(
        "the rule overrides the kind, option by option, and options that neither sets are not sent",
        arguments: [
            ("", "", "default", ""), ("queue: k", "", "k", ""), ("queue: k", "queue: r", "r", ""),
            ("", "queue: r", "r", ""),
            ("priority: 1", "", "default", #""priority":1"#),
            ("priority: 1", "priority: 2", "default", #""priority":2"#),
            ("retry_limit: 1", "", "default", #""retry_limit":1"#),
            ("retry_limit: 1", "retry_limit: 2", "default", #""retry_limit":2"#),
            (
                "backoff: { base: 1s, exponent: 2.5, jitter: 3ms }", "", "default",
                #""backoff":{"base_ms":1000,"exponent":2.5,"jitter_ms":3}"#
            ),
            (
                "backoff: { base: 1s, exponent: 2.5, jitter: 3ms }", "backoff: { base: 0, exponent: 0, jitter: 0 }",
                "default",
                #""backoff":{"base_ms":0,"exponent":0,"jitter_ms":0}"#
            ),
            ("retention: { completed: 1h }", "", "default", #""retention":{"completed_ms":3600000}"#),
            (
                "retention: { completed: 1h }", "retention: { dead: 1d }", "default",
                #""retention":{"dead_ms":86400000}"#
            ),
        ])
    func order(kind: String, rule: String, queue: String, options: String) throws {
        let text =
            "kinds: { k: { \(kind) } }\nroutes:\n- path: /hook\n  verify: none\n  jobs:\n  - { kind: "
            + "k\(rule.isEmpty ? "" : ", ")\(rule) }\n"
        let outcome = TestRequest("{}").processed(by: try route(text))
        #expect(outcome.delivery?.jobs.first?.queue == queue)
        #expect(self.options(outcome) == options)
    }

    @Test("a batch whose key turns out empty makes a dead letter")
    func emptyBatchKey() throws {
        let route = try route(openRoute(rule: "batch: { key: '${body.u}', when: 'true', fold: '$new' }"))
        #expect(
            TestRequest("{}").processed(by: route).summary == "dead letter bad_field: the key of its batch is empty")
    }

    @Test(
        "mistakes",
        arguments: [
            ("delay: 30", "7:16: 'delay' must be a duration from 0 to 3650d, such as 500ms, 30s, 5m, 2h or 7d"),
            (
                "ready_at: soon",
                "7:19: 'ready_at' must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970"
            ),
            (
                "ready_at: 1893456000",
                "7:19: 'ready_at' must be milliseconds since 1970; to convert seconds, append 000"
            ),
            ("delay: 1s\nready_at: 1893456000000", "8:9: a job can have either 'delay' or 'ready_at', not both"),
            ("batch: { key: a, when: b }", "7:16: 'batch' needs 'fold'"),
            ("batch: { key: '', when: b, fold: c }", "7:23: the key of a batch is empty"),
            (
                "batch: { key: a, when: ' ', fold: c }",
                "7:32: 'when' of 'batch' must be a jq expression, not an empty text"
            ),
            (
                "batch: { key: a, when: b, fold: c }\nunique_key: ${body.a}",
                "8:9: a job with a batch has no unique key at Zizq; the route's key still applies in the gateway"
            ),
            ("budgets: stripe", "7:18: 'budgets' must be a list, not a text"),
            ("budgets: ['${body.a}']", "7:19: the name of a budget must be a text without references, and not empty"),
            ("budgets: [ { cost: 1 } ]", "7:20: a budget needs 'key'"),
            (
                "budgets: [ { key: a, create_with: { strategy: while_in_flight } } ]",
                "7:43: 'create_with' needs 'allocation'"
            ),
            (
                "budgets: [ { key: a, create_with: { allocation: 1, strategy: time_based } } ]",
                "7:43: the strategy 'time_based' needs 'duration'"
            ),
            (
                "budgets: [ { key: a, create_with: { allocation: 1, strategy: while_in_flight, burst: 2 } } ]",
                "7:87: 'burst' has no effect with the strategy 'while_in_flight'"
            ),
        ])
    func mistakes(rule: String, expected: String) {
        #expect(problems(openRoute(rule: rule)) == [expected])
    }

    @Test("a kind is of no route, so that its batch cannot hold references")
    func kindWithReference() {
        #expect(
            problems("kinds:\n  k: { batch: { key: '${body.a}', when: x, fold: y } }\n").first
                == "2:22: a kind cannot contain references; put 'batch' into the rule")
    }

    private func options(_ outcome: RouteOutcome) -> String {
        outcome.delivery?.jobs.first.map { String(decoding: $0.options.members, as: UTF8.self) } ?? outcome.summary
    }
}
