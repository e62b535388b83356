import SluiceYAML
import Testing

/// Files at the limit of what is read, full of one thing, and traps that are made to grow: read in time and memory in
/// proportion.
@Suite(.serialized) struct YAMLHeapTests {
    private static let size = 1 << 17

    @Test(
        "128 KiB of repeated text are read quickly to their end, or to the first problem",
        .timeLimit(.minutes(3)),
        arguments: [
            "[]", "{}", "{},", "[],\n", "[,", "a: ", "a:\n", ": ", "- ", "-\n", "? ", "?\n", ", ", "\n", " ", "\t",
            "\"", "\"\" ", "'",
            "''",
            "#", "#\n", "|\n ", ">\n\n", "*a ", "&a ", "&a *a ", "!", "!a ", "!<a> ", "%A\n", "---\n", "...\n",
            "--- a\n", "${", "${a} ",
            "a",
            "a b\n", "\"\\", "\"\\u0041", "é", "\r\n", "[a, b]: ", "{a: b}: ", "- - a\n", "a: |\n", " a:\n", "<<: ",
            "[? ", "\u{1F642}: ",
        ])
    func repeated(unit: String) {
        let text = String(repeating: unit, count: Self.size / unit.utf8.count)
        let document = parse(text)
        #expect(document.isBroken == (document.root == nil && !document.problems.isEmpty))
        #expect(document.problems.count <= 101)
        #expect(document.problems.allSatisfy { $0.message.utf8.count < 2_000 })
    }

    @Test("a key has at most 1024 characters, or follows '?'; messages truncate it")
    func longKeys() {
        let long = String(repeating: "k", count: 100_000)
        #expect(problems("\(long): 1\n") == ["1:100001: invalid YAML: mapping values are not allowed in this context"])
        #expect(
            problems("? \(long)\n: 1\n? \(long)\n: 2\n")
                == [
                    "3:3: duplicate key '\(String(repeating: "k", count: 256))…'; first used on line 1"
                ])
    }

    @Test("99,999 keys are read, and 100,000 are too many values")
    func keys() {
        let lines = (0..<100_000).map { "\($0):\n" }
        #expect(problems(lines.dropLast().joined()) == [])
        #expect(problems(lines.joined()) == ["100000:7: too many values: the limit is 200000"])
    }

    @Test("one key 100,000 times is a hundred problems")
    func oneKey() {
        let document = parse(String(repeating: "a: 1\n", count: 100_000))
        #expect(
            described(document.problems).first == "2:1: duplicate key 'a'; first used on line 1")
        #expect(described(document.problems).last == "101:1: too many problems; the rest of the file was not read")
        #expect(document.problems.count == 101)
    }

    @Test("a billion laughs are reported at their start")
    func billionLaughs() {
        let laughs = (1...9).map { level in
            "l\(level): &l\(level) [\(Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        let document = parse("l0: &l0 [lol]\n" + laughs.joined())
        #expect(
            described(document.problems).first
                == "1:5: anchors (&name) are not allowed; put a text that begins with & in quotes")
        #expect(document.problems.count == 101)
        #expect(document.nodeCount < 130)
    }

    @Test(
        "directives are problems",
        arguments: [
            ("%YAML 1.2\n---\na: 1\n", ["1:1: directives (%YAML, %TAG) are not allowed; remove the line"]),
            (
                "# c\n%TAG ! tag:x,2026:\n---\na: 1\n",
                ["2:1: directives (%YAML, %TAG) are not allowed; remove the line"]
            ),
            ("%FOO\n---\na: 1\n", ["1:5: invalid YAML: found unknown directive name while scanning a directive"]),
            ("%YAML 3.0\n---\na: 1\n", ["1:1: invalid YAML: found incompatible YAML document"]),
            (
                "%TAG ! tag:x,2000:\n---\na: !b 1\n",
                [
                    "1:1: directives (%YAML, %TAG) are not allowed; remove the line",
                    "3:4: tags (!name) are not allowed; put a text that begins with ! in quotes",
                ]
            ),
        ])
    func directives(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test("a reference is one by its bytes: a brace with an accent on it is one too")
    func accents() {
        #expect(
            problems("a: ${\u{301}x} # lost\n") == [
                "1:4: ' #' after a reference begins a comment in YAML; put the text in quotes, or the comment on its "
                    + "own line"
            ])
    }
}
