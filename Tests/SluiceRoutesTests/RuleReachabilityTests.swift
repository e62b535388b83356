import SluiceRoutes
import Testing

/// Rules that no delivery can come to are warned of, and no others.
struct RuleReachabilityTests {
    /// The warnings about rules on the lines 7, 8 and so on, without the file's name.
    private func warnings(_ rules: [String], lines: String = "") -> [String] {
        let end = rules.map { "  - { when: { \($0) }, type: t }\n" }.joined()
        let extra = lines.isEmpty ? "" : "  \(lines)\n"
        let text = "routes:\n- path: /a\n  verify: none\n  otherwise: ignore\n  event: ${header.X-E}\n\(extra)  jobs:\n\(end)"
        let compilation = compile([("r.yaml", text)])
        #expect(compilation.problems.map(\.description) == [])
        return compilation.warnings.map { String($0.description.dropFirst("r.yaml:".count)) }
    }

    @Test(
        "Conditions on one reference that exclude each other",
        arguments: [
            ("body.a: { greater: 5, less: 3 }", "37: warning: this rule never matches: no 'body.a' is greater than 5 and is less than 3"),
            (
                "body.a: { greater: 5, less: 5.0 }",
                "37: warning: this rule never matches: no 'body.a' is greater than 5 and is less than 5.0"
            ),
            (
                "body.a: { exists: false, prefix: x }",
                #"40: warning: this rule never matches: no 'body.a' is absent or null and begins with "x""#
            ),
            (
                #"body.a: x, 'body["a"]': y"#,
                ##"26: warning: this rule never matches: no 'body["a"]' is "x" and is "y""##
            ),
            (
                "header.X-A: [x, 5], not: { header.X-A: { not: [y, '6'] } }",
                #"56: warning: this rule never matches: no 'header.X-A' is one of "x", 5 and is one of "y", "6""#
            ),
            (
                "body.a: x, not: { body.a: x }",
                #"33: warning: this rule never matches: no 'body.a' is "x" and is not "x""#
            ),
            (
                #"header.X-A: x, any: [{ header.x-a: { suffix: z } }]"#,
                #"52: warning: this part of 'any' never holds: no 'header.x-a' is "x" and ends in "z""#
            ),
            (
                "query.q: { prefix: [ab, b] }, not: { any: [{ body.a: 1 }] }, any: [{ query.q: { prefix: c } }, { body.b: 1 }]",
                #"95: warning: this part of 'any' never holds: no 'query.q' begins with one of "ab", "b" and begins with "c""#
            ),
            ("method: GET", #"15: warning: this rule never matches: no 'method' is "GET"; the route takes only POST"#),
            (
                "method: { prefix: P, suffix: X }",
                #"36: warning: this rule never matches: no 'method' begins with "P" and ends in "X"; the route takes only POST"#
            ),
            ("path: { exists: false }", "23: warning: this rule never matches: no 'path' is absent or null; it is always there"),
            (
                "delivery.received_ms: { less: 0 }",
                "39: warning: this rule never matches: no 'delivery.received_ms' is less than 0; it is a whole number from 0"
            ),
        ])
    func contradictions(when: String, expected: String) {
        #expect(warnings([when]) == ["7:" + expected])
    }

    @Test(
        "Conditions that some value fulfils",
        arguments: [
            "body.a: { greater: 3, less: 5 }", "body.a: { greater: 5, less: 5.5 }", "header.X-A: { greater: 5, prefix: '6' }",
            "body.a: { not: x, prefix: x }", "body.a: { exists: false, not: x }", "body.a: x, body.b: y",
            "body.a: { contains: [x, 5], like: '*' }", "body.a: { contains: x, not: [x, y] }", "body.a: [x, null], any: [{ body.a: null }]",
            "body.a: 5, not: { body.a: '5' }", "body.a: { prefix: [a, ab] , like: 'abc*' }", "body.a: { suffix: a, prefix: a }",
            "event: { greater: 5, prefix: '7' }", "event: x, header.X-E: x", "method: POST", "not: { body.a: { prefix: x, suffix: y } }",
            "header.X-A: null, any: [{ header.X-A: { prefix: nul } }]", "body.a: { prefix: x, contains: 5 }",
        ])
    func possible(when: String) {
        // A form's field has no type, so that `contains: 5` may hold for a text; not so where the body is JSON.
        #expect(warnings([when]) == [])
    }

    @Test("What is true of every delivery need not be asked")
    func facts() {
        for when in ["method: [PUT, POST]", "path: { exists: true }", "delivery.received_ms: { greater: -1 }", "method: { prefix: P }"] {
            #expect(
                warnings([when, "body.b: 1"]) == [
                    "8:5: warning: this rule is never reached: the one on line 7 takes everything that it could"
                ])
        }
    }

    @Test("What the body is decides what can be: a number is no text in JSON, and a field of a form is")
    func bodyKinds() {
        let rule = "body.a: { greater: 5, prefix: x }"
        #expect(warnings([rule], lines: "body: json").count == 1)
        #expect(warnings([rule], lines: "body: form") == [])
        #expect(warnings(["body.a: { prefix: x, contains: 5 }"], lines: "body: json").count == 1)
        #expect(warnings(["body.a: 5, not: { body.a: '5' }"], lines: "body: form").count == 1)
        #expect(warnings(["body.a: [1, 2]", "body.a: 2.0"], lines: "body: json").count == 1)
        #expect(warnings(["body.a: [1, 2]", "body.a: 2.0"]) == [])
        // In a form `null` is also how a text may be written.
        #expect(warnings(["body.a: { exists: false }", "body.a: null"], lines: "body: json").count == 1)
        #expect(warnings(["body.a: { exists: false }", "body.a: null"]) == [])
    }

    @Test(
        "A rule behind one that takes everything that it could",
        arguments: [
            ("body.a: [x, y, z]", "body.a: [z, x]"), ("body.a: x", "body.a: x, body.b: y"),
            ("body.a: { exists: true }", "body.a: { prefix: x }"), ("body.a: { exists: true }", "body.a: { not: null }"),
            ("body.a: { not: x }", "body.a: y"), ("body.a: { not: [x, y] }", "body.a: { prefix: z }"),
            ("body.a: { not: [x, y] }", "body.a: { not: [y, z, x] }"), ("body.a: { prefix: [re, op] }", "body.a: { prefix: open }"),
            ("body.a: { prefix: op }", "body.a: [opened, open]"), ("body.a: { suffix: ed }", "body.a: { suffix: [opened, closed] }"),
            ("body.a: { contains: a }", "body.a: { contains: a, prefix: b }"), ("body.a: { contains: pe }", "body.a: { prefix: open }"),
            ("body.a: { like: ['a*', 'b*'] }", "body.a: { like: 'b*' }"), ("body.a: { like: 'a*' }", "body.a: [ab, ac]"),
            ("body.a: { greater: 5 }", "body.a: { greater: 5.0, less: 9 }"), ("body.a: { less: 5 }", "body.a: { less: 4 }"),
            ("body.a: { greater: 5 }", "body.a: [6, 7]"),
            ("any: [{ body.a: x }, { body.b: y }]", "body.b: y, body.c: z"),
            ("any: [{ body.a: x }, { body.b: y }]", "any: [{ body.b: y }, { body.a: x }]"),
            ("body.a: [x, y]", "any: [{ body.a: x }, { body.a: y, body.b: z }]"),
            ("not: { body.a: x }", "body.a: [y, z]"), ("not: { body.a: x, body.b: y }", "body.b: z"),
            ("not: { body.a: { prefix: x, suffix: y } }", "not: { 'body[\"a\"]': { prefix: x, suffix: y } }, body.b: 1"),
            ("header.X-A: '5'", "header.x-a: 5"),
            ("header.X-A: { greater: 4 }", "header.X-A: ['5', '6']"), ("event: { not: [x] }", "event: { contains: z, not: [x, z] }"),
        ])
    func taken(earlier: String, later: String) {
        #expect(
            warnings([earlier, "body.z: 1", later]) == [
                "9:5: warning: this rule is never reached: the one on line 7 takes everything that it could"
            ])
    }

    @Test(
        "A rule behind one that leaves it something",
        arguments: [
            ("body.a: [x, y]", "body.a: [x, z]"), ("body.a: x, body.b: y", "body.a: x"), ("body.a: 5", "body.a: '5'"),
            ("body.a: { exists: true }", "body.a: { not: x }"), ("body.a: { not: x }", "body.a: { prefix: x }"),
            ("body.a: { prefix: open }", "body.a: { prefix: op }"), ("body.a: { contains: open }", "body.a: { contains: opened }"),
            ("body.a: { greater: 5 }", "body.a: { greater: 4 }"), ("header.X-A: 5", "header.X-A: 5.0"),
            ("body.a: { greater: 5 }", "body.a: { prefix: '6' }"), ("event: x", "header.X-E: { prefix: x }"),
            ("any: [{ body.a: x }, { body.b: y }]", "body.c: z"), ("body.a: x", "any: [{ body.a: x }, { body.b: y }]"),
            ("not: { body.a: x }", "body.b: y"), ("not: { body.a: x, body.b: y }", "body.a: x"),
            ("body.a: { like: 'a*' }", "body.a: { like: '*' }"),
            ("method: PUT", "body.a: 1"),
        ])
    func notTaken(earlier: String, later: String) {
        #expect(warnings([earlier, later], lines: "methods: [POST, PUT]") == [])
    }

    @Test("Of many combinations of alternatives none is looked at, and the same ones are still found")
    func manyCombinations() {
        let any = "any: [" + (0..<65).map { "{ body.a: x\($0) }" }.joined(separator: ", ") + "]"
        #expect(warnings([any, "body.b: 1, \(any)"]).count == 1)
        #expect(warnings(["body.a: { prefix: x }", any]) == [])
    }

    @Test("A rule that contradicts itself stands in nobody's way, and one behind it that takes everything is no problem")
    func dead() {
        #expect(warnings(["body.a: { greater: 5, less: 3 }", "body.a: 4"]).count == 1)
    }

    @Test("Thousands of rules load, and what would take long to find is not looked for")
    func many() {
        let rules = (0..<3000).map { "event: e\($0)" }
        #expect(warnings(rules) == [])
        #expect(warnings(Array(rules.prefix(100)) + ["event: e7"]).count == 1)
        let list = "[\((0..<5000).map { "e\($0)" }.joined(separator: ", "))]"
        #expect(warnings(["event: \(list)", "event: { not: \(list) }", "body.a: 1", "event: e4999, body.a: 2"]).count == 1)
    }
}
