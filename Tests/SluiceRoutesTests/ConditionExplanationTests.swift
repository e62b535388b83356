import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What an explanation says of each condition.
@Suite(.serialized) struct ConditionExplanationTests {
    /// The details of the only rule.
    private func conditions(
        _ when: String, _ body: String, headers: [(name: String, value: String)] = [], lines: String = ""
    ) throws -> [TraceStep] {
        let text = openRoute("otherwise: ignore\n\(lines)", rule: "when:\n  \(when)")
        let rule = try #require(try explanation(text, TestRequest(body, headers: headers)).step("rule 1"))
        #expect(rule.holds == rule.details.allSatisfy { $0.holds == true })
        return rule.details
    }

    /// `body.a is "x": it is "y"`, and a mark for what holds.
    private func line(_ step: TraceStep) -> String { "\(step.holds == true ? "+" : "-") \(step.text)" }

    @Test(
        "each step has the check, the value found, and the result",
        arguments: [
            ("body.a: opened", #"{"a":"op\u0065ned"}"#, #"+ body.a is "opened": "opened""#),
            ("body.a: [opened, 5, true]", "{}", #"- body.a is one of "opened", 5, true: absent"#),
            ("body.a: null", #"{"a":null}"#, "+ body.a is null: null"),
            ("body.a: 5.0", #"{"a":5}"#, "+ body.a is 5.0: 5"),
            ("'body[\"a\"]': { not: x }", #"{"a":[1, 2]}"#, #"+ body["a"] is not "x": [1, 2]"#),
            ("body.a: { not: [1, 2] }", #"{"a":2}"#, "- body.a is none of 1, 2: 2"),
            ("body.a: { exists: true }", "{}", "- body.a is present and not null: absent"),
            ("body.a: { exists: false }", "{}", "+ body.a is absent or null: absent"),
            ("body.a: { prefix: [x, y] }", #"{"a":"yz"}"#, #"+ body.a begins with one of "x", "y": "yz""#),
            ("body.a: { suffix: z }", #"{"a":"yz"}"#, #"+ body.a ends with "z": "yz""#),
            ("body.a: { contains: urgent }", #"{"a":["urgent"]}"#, #"+ body.a contains "urgent": ["urgent"]"#),
            ("body.a: { like: 'a*' }", #"{"a":"b\u0007\u202e"}"#, #"- body.a is like "a*": "b\u{7}\u{202e}""#),
            ("body.a: { greater: 5 }", #"{"a":5.0}"#, "- body.a is greater than 5: 5.0"),
            ("body.a: { less: 1e-7 }", #"{"a":false}"#, "- body.a is less than 1e-7: false"),
            ("header.X-A: x", "{}", #"- header.X-A is "x": "one, two""#),
            ("header.x-b: x", "{}", #"- header.x-b is "x": absent"#),
            ("event: push", "{}", #"- event is "push": "none""#),
            ("event: pull", #"{"e":7}"#, #"- event is "pull": "7""#),
            ("header.Authorization: x", "{}", #"- header.Authorization is "x": a credential, which is not shown"#),
            (
                "body.a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", #"{"a":"\#(String(repeating: "x", count: 100))"}"#,
                "- body.a is one of 1, 2, 3, 4, 5, 6, 7, 8 and 2 more: \"\(String(repeating: "x", count: 60))…\""
            ),
        ])
    func values(when: String, body: String, expected: String) throws {
        let headers = [("X-A", "one"), ("X-A", "two"), ("Authorization", "Bearer secret")]
        let found = try conditions(when, body, headers: headers, lines: "event: ${body.e ?? \"none\"}")
        #expect(found.map(line) == [expected])
    }

    @Test(
        "nothing is omitted after the decisive condition, each has its location, and 'any' and 'not' keep their structure"
    )
    func shape() throws {
        let found = try conditions(
            "{ body.a: { greater: 1, less: 3 }, any: [ { body.b: 1 }, { body.b: 2, body.c: 3 } ], not: { body.a: 2 } }",
            #"{"a":2,"b":1}"#)
        #expect(found.map(\.location) == ["r.yaml:9:23", "r.yaml:9:35", "r.yaml:9:46", "r.yaml:9:96"])
        #expect(found.map(\.holds) == [true, true, true, false])
        #expect(found.suffix(2).map(\.text) == ["any of", "not all of"])
        #expect(
            found[2].details.map { $0.details.map(line) } == [
                ["+ body.b is 1: 1"], ["- body.b is 2: 1", "- body.c is 3: absent"],
            ])
        #expect(found[3].details.map(line) == ["+ body.a is 2: 2"])
    }
}
