import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Warnings of rules that no delivery can reach.
@Suite(.serialized) struct RuleReachabilityTests {
    /// The warnings about rules on the lines 7, 8 and so on, without the file's name.
    private func warnings(_ rules: [String], lines: String = "") -> [String] {
        let end = rules.map { "  - { when: { \($0) }, type: t }\n" }.joined()
        let extra = lines.isEmpty ? "" : "  \(lines)\n"
        let text =
            "routes:\n- path: /a\n  verify: none\n  otherwise: ignore\n  event: ${header.X-E}\n\(extra)  jobs:\n\(end)"
        let compilation = compile([("r.yaml", text)])
        #expect(compilation.problems.map(\.description) == [])
        return compilation.warnings.map { String($0.description.dropFirst("r.yaml:".count)) }
    }

    @Test(
        "a rule for a method that the route does not take never matches",
        arguments: [
            (
                "method: GET",
                #"15: warning: this rule never matches: no 'method' is "GET"; the route accepts only POST"#
            ),
            (
                "body.a: 1, method: [GET, PUT]",
                #"26: warning: this rule never matches: no 'method' is one of "GET", "PUT"; the route accepts only POST"#
            ),
            (
                "method: { not: POST }",
                #"25: warning: this rule never matches: no 'method' is not "POST"; the route accepts only POST"#
            ),
            (
                "method: { prefix: GE }",
                #"25: warning: this rule never matches: no 'method' begins with "GE"; the route accepts only POST"#
            ),
        ])
    func method(when: String, expected: String) {
        #expect(warnings([when]) == ["7:" + expected])
    }

    @Test(
        "a rule for one of the route's methods may match",
        arguments: ["method: POST", "method: [GET, PUT]", "method: { prefix: P }"])
    func possibleMethod(when: String) {
        #expect(warnings([when], lines: "methods: [POST, PUT]") == [])
    }

    @Test(
        "a rule after the same equality is unreachable",
        arguments: [
            ("body.a: [x, y, z]", "body.a: [z, x]"), ("body.a: x", "body.a: x, body.b: y"),
            ("body.a: x", "body.b: y, body.a: x"),
            ("event: [push, ping]", "event: push"), ("event: x", "header.X-E: x"),
            ("header.X-A: '5'", "header.x-a: '5'"),
            ("body.a: null", "body.a: null"),
            ("body.a: x", #"'body["a"]': x, not: { body.b: y }"#), ("method: POST", "method: POST, body.a: 1"),
        ])
    func taken(earlier: String, later: String) {
        #expect(
            warnings([earlier, "body.z: 1", later]) == [
                "9:5: warning: this rule is never reached: the rule on line 7 matches everything that it could match"
            ])
    }

    @Test("a rule whose values are taken by several earlier rules is never reached")
    func takenTogether() {
        #expect(
            warnings(["event: [a, b]", "event: [b, c]", "event: [a, c]"]) == [
                "9:5: warning: this rule is never reached: "
                    + "earlier rules, such as the one on line 7, match everything that it could match"
            ])
        #expect(warnings(["event: [a, b]", "event: [b, c]", "event: [c, d]"]) == [])
    }

    @Test(
        "a rule after one that does not match everything is reachable",
        arguments: [
            ("body.a: [x, y]", "body.a: [x, z]"), ("body.a: x, body.b: y", "body.a: x"),
            ("body.a: 5", "body.a: [5, '5']"),
            ("body.a: { exists: true }", "body.a: { not: x }"), ("body.a: { not: x }", "body.a: { not: x, prefix: x }"),
            ("header.X-A: 5", "header.X-A: 5.0"), ("body.a: x", "body.b: x"),
            ("any: [{ body.a: x }, { body.b: y }]", "body.c: z"), ("body.a: x", "any: [{ body.a: x }, { body.b: y }]"),
            ("not: { body.a: x }", "body.b: y"), ("not: { body.a: x }", "body.a: x"), ("method: PUT", "body.a: 1"),
        ])
    func notTaken(earlier: String, later: String) {
        #expect(warnings([earlier, later], lines: "methods: [POST, PUT]") == [])
    }

    @Test("a rule that never matches hides no other rule")
    func dead() {
        #expect(warnings(["method: GET", "body.a: 1", "method: GET, body.a: 1"]).count == 2)
        #expect(warnings(["method: GET, event: a", "event: a"]).count == 1)
    }

    @Test("of thousands of rules all are checked")
    func many() {
        let rules = (0..<3000).map { "event: e\($0)" }
        #expect(warnings(rules) == [])
        #expect(warnings(rules + ["event: e7"]).count == 1)
        let list = "[\((0..<5000).map { "e\($0)" }.joined(separator: ", "))]"
        #expect(
            warnings(["event: \(list)", "event: { not: \(list) }", "body.a: 1", "event: e4999, body.a: 2"]).count == 1)
    }
}
