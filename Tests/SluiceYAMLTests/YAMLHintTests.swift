import Testing

@testable import SluiceYAML

/// A syntax error says what is likely behind it.
@Suite(.serialized) struct YAMLHintTests {
    @Test(
        "at the mistake, and not only where parsing stopped",
        arguments: [
            (
                "a:\n  b: \"x\n  c: \"y\"\n  d: z\n",
                "the string that starts on line 2 is probably missing its closing quote"
            ),
            ("a: 1\nretry_limit:10\nb: 2\n", "a key must be followed by a colon and a space"),
            (
                "a:\n  b: 1\n \u{A0} c: 2\n",
                "line 3 contains a no-break space (U+00A0), which YAML does not treat as a space"
            ),
            (
                "a: { b: ${body.c}, d: 1 }\n",
                "put a reference inside { } or [ ], or with ': ' in it, in quotes: \"${…}\""
            ),
        ])
    func hints(text: String, hint: String) {
        let problems = YAMLDocument.parse(Array(text.utf8), file: "r.yaml").problems
        #expect(problems.count == 1)
        #expect(problems.last?.message.hasSuffix("; " + hint) == true, "\(problems)")
    }

    @Test(
        "a merge conflict is reported at its first marker, also if YAML could read the markers as text",
        arguments: [
            ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n", "2:1 <<<<<<<"),
            ("a: 1\r\n<<<<<<< HEAD\r\nb: 2\r\n=======\r\n>>>>>>> other\r\n", "2:1 <<<<<<<"),
            ("a: \"x\n<<<<<<< HEAD\ny\n=======\nz\n>>>>>>> other\n\"\n", "2:1 <<<<<<<"),
            ("a: 1\n||||||| 23e4\nb: 2\n", "2:1 |||||||"),
            ("a: {b: x\n=======\n}\n", "2:1 ======="),
            ("a: 1\n>>>>>>> other", "2:1 >>>>>>>"),
        ])
    func mergeConflicts(text: String, marker: String) {
        let problems = YAMLDocument.parse(Array(text.utf8), file: "r.yaml").problems.map {
            "\($0.position.line):\($0.position.column) \($0.message)"
        }
        let parts = marker.split(separator: " ")
        let rest = "an unresolved merge conflict (\(parts[1])); keep one side and delete the marker lines"
        #expect(problems == ["\(parts[0]) \(rest)"])
    }

    @Test(
        "indented markers and longer rulers are text",
        arguments: ["a: |\n  <<<<<<< HEAD\n  =======\n", "# a\n# =======\nb: 1\n", "a: 'x\n\n========\n'\n"])
    func noConflict(text: String) {
        #expect(YAMLDocument.parse(Array(text.utf8), file: "r.yaml").problems == [])
    }

    @Test(
        "a quote in a comment, an escaped one, and one in single quotes do not count",
        arguments: ["# \"\n", "b: \"\\\"\"\n", "b: 'x'\n"])
    func noHint(line: String) {
        let problems = YAMLDocument.parse(Array("\(line)a: 1\n  c: 2\n".utf8), file: "r.yaml").problems
        #expect(problems.last?.message.contains("closing quote") == false, "\(problems)")
    }
}
