import Testing

@testable import SluiceYAML

/// A syntax error says what is likely behind it.
@Suite(.serialized) struct YAMLHintTests {
    @Test(
        "where the mistake is, and not only where the reading ended",
        arguments: [
            ("a:\n  b: \"x\n  c: \"y\"\n  d: z\n", "the text in double quotes on line 2 may not be closed"),
            ("a: 1\nretry_limit:10\nb: 2\n", "a key must be followed by a colon and a space"),
            (
                "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n",
                "line 2 is an unresolved merge conflict marker"
            ),
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
        "a quote in a comment, an escaped one, and one in single quotes are none",
        arguments: ["# \"\n", "b: \"\\\"\"\n", "b: 'x'\n"])
    func noHint(line: String) {
        let problems = YAMLDocument.parse(Array("\(line)a: 1\n  c: 2\n".utf8), file: "r.yaml").problems
        #expect(problems.last?.message.contains("double quotes") == false, "\(problems)")
    }
}
