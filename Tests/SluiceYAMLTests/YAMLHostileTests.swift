import SluiceYAML
import Testing

/// Files that nobody writes by hand: whatever is in them, they are read in bounded time, and what is wrong has a place.
@Suite(.serialized) struct YAMLHostileTests {
    private static let carriageReturn = "a carriage return without a line feed"
    private static let second = "a second document begins here; a file can contain only one"

    @Test(
        "bytes of another encoding are refused at their start",
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00, 0x3A, 0x00], "1:1: the file is not UTF-8 text"),
            ([0xFE, 0xFF, 0x00, 0x61, 0x00, 0x3A], "1:1: the file is not UTF-8 text"),
            (
                [0x61, 0x00, 0x3A, 0x00],
                "1:2: the character U+0000 is not allowed in a YAML file; in a text in double quotes, write \\u0000"
            ),
            // A pair of surrogates, each as UTF-8 would write it.
            ([0x61, 0x0A, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], "2:1: the file is not UTF-8 text"),
            (
                [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, 0x61],
                "1:1: the character U+FEFF is not allowed in a YAML file; in a text in double quotes, write \\uFEFF"
            ),
            ([0x61, 0x3A, 0x20, 0xF5, 0x80, 0x80, 0x80], "1:4: the file is not UTF-8 text"),
        ] as [([UInt8], String)])
    func encodings(bytes: [UInt8], expected: String) {
        let document = YAMLDocument.parse(bytes, file: "f")
        #expect(described(document.problems) == [expected])
        #expect(document.isBroken)
    }

    @Test(
        "lines end in LF or CRLF, and in nothing else",
        arguments: [
            ("a: 1\r\nb: 2\nc: 3\r\n", nil), ("a: 1\rb: 2\r", "1:5: \(carriageReturn)"),
            ("a: 1\r\nb: 2\r", "2:5: \(carriageReturn)"),
            ("a: 1\r\r\nb: 2\n", "1:5: \(carriageReturn)"),
        ] as [(String, String?)])
    func lineEnds(text: String, expected: String?) {
        #expect(problems(text) == (expected.map { [$0] } ?? []))
    }

    @Test(
        "a file holds one document",
        arguments: [
            ("---\na: 1\n...\n", []), ("--- {a: 1}\n", []), ("---\na: 1\n---\nb: 2\n", ["3:1: \(second)"]),
            ("a: 1\n...\n---\nb: 2\n", ["3:1: \(second)"]),
            ("a: 1\n...\nb: 2\n", ["3:1: invalid YAML: did not find expected <document start>"]),
            ("---\n---\n", ["2:1: \(second)"]),
        ])
    func documents(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test("every kind of key that is not text is a problem at its position, and its contents are one more")
    func oddKeys() {
        let noText = "a key must be a text, not a list or a mapping; put a reference inside { } in quotes"
        #expect(
            problems("? [a, &x b]\n: 1\n? {c: d}\n: 2\n? - e\n: 3\n? |\n  f\n: 4\n*g : 5\n") == [
                "1:3: \(noText)", "1:7: anchors (&name) are not allowed; put a text that begins with & in quotes",
                "3:3: \(noText)",
                "5:3: \(noText)", "10:1: aliases (*name) are not allowed; put a text that begins with * in quotes",
            ])
    }

    @Test("problems are in the order of the file")
    func order() {
        let text = "a: 1\na: &x {b: 1, b: *x}\n? [!!str c]\n: 1\n"
        let found = parse(text).problems.map(\.position)
        #expect(found.count == 6)
        #expect(found == found.sorted())
    }

    @Test(
        "a value missing at the end of a file is reported on its last line",
        arguments: [
            ("a: 1\nkeep", "2:5"), ("a: {", "1:5"), ("a: 'x", "1:6"), ("a: [1,\n 2", "2:3"), ("é: \"x", "1:6"),
        ])
    func lastLine(text: String, place: String) {
        #expect(parse(text).isBroken)
        #expect(parse(text).problems.map { "\($0.position.line):\($0.position.column)" } == [place])
        #expect(parse(text + "\n").problems.allSatisfy { $0.position.line <= text.split(separator: "\n").count + 1 })
    }

    @Test(
        "a scalar may be as long as a file, and a key in the way that YAML has for long ones",
        arguments: ["", "\"", "'"])
    func longScalars(quote: String) {
        let long = quote + String(repeating: "x", count: 1_000_000) + quote
        #expect(parse("a: \(long)\n").problems.isEmpty)
        #expect(parse("a: |\n  \(long)\n").problems.isEmpty)
        #expect(parse("? \(long)\n: 1\n").problems.isEmpty)
        let column = 1_000_001 + 2 * quote.count
        #expect(
            problems("\(long): 1\n") == ["1:\(column): invalid YAML: mapping values are not allowed in this context"])
    }

    @Test("a mebibyte of a text of many short lines is read", arguments: ["a: |\n", "a: >\n", "a: \"\n", "a:\n"])
    func manyLines(start: String) {
        let document = parse(
            start + String(repeating: " x\n", count: 300_000) + (start.hasSuffix("\"\n") ? " \"\n" : ""))
        #expect(document.problems.isEmpty)
        #expect(document.nodeCount == 3)
    }

    @Test("nesting by indentation ends at the limit too")
    func indentation() {
        let text = (0..<1_400).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(text.utf8.count < 1 << 20)
        #expect(problems(text) == ["65:65: nested too deeply: the limit is 64 levels"])
    }

    @Test(
        "a mebibyte of one trap ends after a hundred problems",
        arguments: ["- *a\n", "- &a\n", "- !a\n", "- {<<: 1}\n", "- {a, a}\n", "- ${a} #\n"])
    func manyTraps(unit: String) {
        let document = parse(String(repeating: unit, count: (1 << 20) / unit.utf8.count))
        #expect(document.problems.count == 101)
        #expect(document.problems.last?.message == "too many problems; the rest of the file was not read")
    }

    @Test("two hundred thousand values are read, and one more is not")
    func mostValues() {
        let text = "[" + String(repeating: "1,\n", count: 199_999) + "]"
        #expect(problems(text) == [])
        #expect(parse(text).nodeCount == 200_000)
        #expect(problems("[1," + text.dropFirst()) == ["199999:1: too many values: the limit is 200000"])
    }
}
