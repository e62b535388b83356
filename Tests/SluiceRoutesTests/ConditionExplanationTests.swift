import SluiceBase
import SluiceCrypto
import SluiceJSON
import Testing

@testable import SluiceRoutes

/// What an explanation says of each condition.
@Suite(.serialized) struct ConditionExplanationTests {
    private func explanation(
        _ when: String, _ body: String, headers: [(name: String, value: String)] = [], lines: String = ""
    ) throws -> [ConditionExplanation] {
        let route = try route(openRoute("otherwise: ignore\n\(lines)", rule: "when:\n  \(when)"))
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for (name, value) in headers {
            let end = bytes.count + name.utf8.count
            fields.append(HeaderField(name: bytes.count..<end, value: end..<(end + value.utf8.count)))
            bytes += Array((name + value).utf8)
        }
        let (post, target, body) = (Array("POST".utf8), Array("/hook".utf8), Array(body.utf8))
        let request = RequestView(
            method: post.span, target: target.span, headers: HeaderView(bytes: bytes.span, fields: fields),
            body: body.span,
            peer: .unknown)
        var findings = JSONFindings()
        try JSONScanner.scan(body.span, paths: route.paths, into: &findings)
        let context = DeliveryContext(
            request: request, received: request, document: body.span, isForm: false, findings: findings, route: route,
            deliveryID: "d1",
            receivedAtMilliseconds: 0, bodyDigest: Hash.digest(.sha256, body.span))
        let conditions = try #require(route.parts.rules.first?.conditions)
        let explanations = context.explanation(of: conditions)
        #expect(explanations.allSatisfy(\.holds) == context.fulfils(conditions))
        return explanations
    }

    /// `body.a is "x": it is "y"`, and a mark for what holds.
    private func line(_ explanation: ConditionExplanation) -> String {
        guard case .value(let reference, let expected, let found) = explanation.content else {
            return "\(explanation.content)"
        }
        return "\(explanation.holds ? "+" : "-") \(reference) \(expected): \(found)"
    }

    @Test(
        "What was asked, what was found, and whether it held",
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
        let found = try explanation(when, body, headers: headers, lines: "event: ${body.e ?? \"none\"}")
        #expect(found.map(line) == [expected])
    }

    @Test("Nothing is left out behind what decided, each has its place, and 'any' and 'not' keep their shape")
    func shape() throws {
        let found = try explanation(
            "{ body.a: { greater: 1, less: 3 }, any: [ { body.b: 1 }, { body.b: 2, body.c: 3 } ], not: { body.a: 2 } }",
            #"{"a":2,"b":1}"#)
        #expect(found.map(\.place) == ["r.yaml:9:23", "r.yaml:9:35", "r.yaml:9:46", "r.yaml:9:96"])
        #expect(found.map(\.holds) == [true, true, true, false])
        guard case .any(let alternatives) = found[2].content, case .not(let turned) = found[3].content else {
            Issue.record("the shape is lost")
            return
        }
        #expect(
            alternatives.map { $0.map(line) } == [["+ body.b is 1: 1"], ["- body.b is 2: 1", "- body.c is 3: absent"]])
        #expect(turned.map(line) == ["+ body.a is 2: 2"])
    }
}
