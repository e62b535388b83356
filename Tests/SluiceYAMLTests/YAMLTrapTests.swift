import SluiceYAML
import Testing

@Suite(.serialized) struct YAMLTrapTests {
    @Test(
        "anchors, aliases, merge keys, tags and duplicate keys are problems at their position, and reading continues",
        arguments: [
            ("a: &x 1\nb: 2\n", ["1:4: anchors (&name) are not allowed; put a text that begins with & in quotes"]),
            (
                "a: &x 1\nb: *x\n",
                [
                    "1:4: anchors (&name) are not allowed; put a text that begins with & in quotes",
                    "2:4: aliases (*name) are not allowed; put a text that begins with * in quotes",
                ]
            ),
            (
                "like: *undefined\n",
                ["1:7: aliases (*name) are not allowed; put a text that begins with * in quotes"]
            ),
            ("<<: {a: 1}\nb: 2\n", ["1:1: merge keys (<<) are not allowed; write out the keys"]),
            ("a: !!str 1\n", ["1:4: tags (!name) are not allowed; put a text that begins with ! in quotes"]),
            ("! a: 1\n", ["1:1: tags (!name) are not allowed; put a text that begins with ! in quotes"]),
            ("a: 1\nb: 2\n'a': 3\n", ["3:1: duplicate key 'a'; first used on line 1"]),
            (
                "- {x: 1, x: 2}\n- {y: 1, y: 2}\n",
                [
                    "1:10: duplicate key 'x'; first used on line 1",
                    "2:10: duplicate key 'y'; first used on line 2",
                ]
            ),
            (
                "[a, b]: 1\n",
                ["1:1: a key must be a text, not a list or a mapping; put a reference inside { } in quotes"]
            ),
            (
                "? {a: 1}\n: 1\n",
                ["1:3: a key must be a text, not a list or a mapping; put a reference inside { } in quotes"]
            ),
            ("?\n: 1\n", ["1:2: a key is missing before ':'"]),
        ])
    func traps(text: String, expected: [String]) {
        #expect(problems(text) == expected)
        #expect(!parse(text).isBroken)
    }

    @Test(
        "a plain scalar with a reference and ' #' after it is a problem, because YAML would treat the rest as a comment",
        arguments: ["a: ${body.a} #1\n", "a: x ${body.a}\t# note\n", "- ${body.a}   #\n"])
    func lostComments(text: String) {
        let column = text.hasPrefix("-") ? 3 : 4
        #expect(
            problems(text) == [
                "1:\(column): ' #' after a reference begins a comment in YAML; put the text in quotes, or the "
                    + "comment on its own line"
            ])
    }

    @Test(
        "' #' after a quoted reference, or after a text without one, is a comment",
        arguments: ["a: \"${body.a}\" # x\n", "a: b # x\n"])
    func realComments(text: String) {
        #expect(problems(text) == [])
    }

    @Test(
        "invalid YAML ends the parsing with one located problem",
        arguments: [
            (
                "a: {b: ${body.x}}\n",
                "1:9: invalid YAML: did not find expected ',' or '}' while parsing a flow mapping; "
                    + "put a reference inside { } or [ ], or with ': ' in it, in quotes: \"${…}\""
            ),
            (
                "a: [${body.x}]\n",
                "1:6: invalid YAML: did not find expected ',' or ']' while parsing a flow sequence; "
                    + "put a reference inside { } or [ ], or with ': ' in it, in quotes: \"${…}\""
            ),
            (
                "a: ${body.x ?? \"b: c\"}\n",
                "1:18: invalid YAML: mapping values are not allowed in this context; "
                    + "put a reference inside { } or [ ], or with ': ' in it, in quotes: \"${…}\""
            ),
            ("a:\n\tb: 1\n", "2:1: tabs cannot be used for indentation in YAML; use spaces"),
            ("a: 1\n  b: 2\n", "2:4: invalid YAML: mapping values are not allowed in this context"),
            (
                "a: 'x\n",
                "2:1: invalid YAML: found unexpected end of stream while scanning a quoted scalar that begins on line 1"
            ),
            ("a: {\n", "2:1: invalid YAML: did not find expected node content while parsing a flow node"),
            (
                "a: @x\n",
                "1:4: invalid YAML: found character that cannot start any token while scanning for the next token"
            ),
            ("a: 1\n---\nb: 2\n", "2:1: a second document begins here; a file can contain only one"),
            ("a: \"x\\q\"\n", "1:6: invalid YAML: found unknown escape character while parsing a quoted scalar"),
            ("a\rb: 1\n", "1:2: a carriage return without a line feed"),
            (
                "a: \u{2028}\n",
                "1:4: the character U+2028 is not allowed in a YAML file; in a text in double quotes, write \\u2028"
            ),
            (
                "a: 1\nb: \u{0}\n",
                "2:4: the character U+0000 is not allowed in a YAML file; in a text in double quotes, write \\u0000"
            ),
        ])
    func broken(text: String, expected: String) {
        #expect(problems(text) == [expected])
        #expect(parse(text).isBroken)
        #expect(parse(text).root == nil)
    }

    @Test(
        "a file that is not UTF-8 is reported at its first invalid byte",
        arguments: [
            ([0x61, 0x3A, 0x20, 0xFF], 4), ([0xFF, 0xFE, 0x61, 0x00], 1), ([0x61, 0xC0, 0x80], 2),
            ([0x61, 0xED, 0xA0, 0x80], 2),
            ([0xC3, 0xA9, 0xE2, 0x82], 2), ([0xF4, 0x90, 0x80, 0x80], 1), ([0x80], 1),
        ] as [([UInt8], Int)])
    func notUTF8(bytes: [UInt8], column: Int) {
        let document = YAMLDocument.parse(bytes, file: "f")
        #expect(described(document.problems) == ["1:\(column): the file is not UTF-8 text"])
    }
}
