import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// A key with nothing behind it is a mistake: a line that lost its end must not mean null.
@Suite(.serialized) struct EmptyValueTests {
    @Test(
        "a key without a value is an error at any position",
        arguments: [
            ("when: { body.ref: }", "", "body.ref"), ("when:\n          body.ref:", "", "body.ref"),
            ("payload:", "", "payload"),
            ("payload: { a: }", "", "a"), ("payload:\n          a: # nothing", "", "a"), ("priority:", "", "priority"),
            ("", "event:", "event"),
            ("payload: |", "", "payload"), ("when:\n          body.ref: >-", "", "body.ref"),
            ("when: { body.ref }", "", "body.ref"),
            ("", "unique_key:", "unique_key"), ("", "reply: { body: { a: } }", "a"), ("when:", "", "when"),
        ])
    func keys(rule: String, line: String, key: String) {
        let found = problems(openRoute("\(line)\notherwise: ignore", rule: rule))
        // No second error says that nothing is not a text.
        #expect(found.count == 1, "\(found)")
        #expect(
            found.contains {
                $0.hasSuffix(
                    ": '\(key)' has no value; write the word null, \"\" for an empty text, {} for an empty "
                        + "mapping, or remove it"
                )
            }, "\(found)")
    }

    @Test("a value that YAML has and route files do not is one error", arguments: ["path", "name", "verify", "jobs"])
    func aliases(key: String) {
        var lines = ["path": "/a", "name": "a", "verify": "none", "jobs": "[{type: t}]"]
        lines[key] = "*a"
        let text = lines.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: "\n  ")
        let found = problems("routes:\n- \(text)\n")
        #expect(found.count == 1 && found[0].contains("aliases (*name) are not allowed"), "\(found)")
    }

    @Test("a dash without a value is an error, too")
    func elements() {
        let found = problems(openRoute("otherwise: ignore", rule: "when:\n  body.a:\n    - 1\n    -\n"))
        #expect(found.count == 1 && found[0].contains("this list element is empty"), "\(found)")
    }

    @Test("the word null and empty texts are what they say")
    func words() throws {
        let route = try route(
            openRoute("otherwise: ignore", rule: "when: { body.ref: null, body.a: '' }\npayload: { x: null, y: \"\" }"))
        let jobs = TestRequest(#"{"ref":null,"a":""}"#).processed(by: route).delivery?.jobs ?? []
        #expect(jobs.map { String(decoding: $0.payload, as: UTF8.self) } == [#"{"x":null,"y":""}"#])
        #expect(TestRequest(#"{"ref":"main","a":""}"#).processed(by: route).summary == "no rule matched")
    }
}
