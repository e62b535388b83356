import SluiceYAML
import Testing

/// Files that somebody made to do harm, or that never were YAML: one clear problem with a place, in time and memory in proportion.
struct HostileFileTests {
    private static let size = 1 << 20

    @Test(
        "A mebibyte of one thing over and over is read to its end, or to its first problem, at once", .timeLimit(.minutes(1)),
        arguments: [
            "[]", "{}", "{},", "[],\n", "[,", "a: ", "a:\n", ": ", "- ", "-\n", "? ", "?\n", ", ", "\n", " ", "\t", "\"", "\"\" ", "'",
            "''",
            "#", "#\n", "|\n ", ">\n\n", "*a ", "&a ", "&a *a ", "!", "!a ", "!<a> ", "%A\n", "---\n", "...\n", "--- a\n", "${", "${a} ",
            "a",
            "a b\n", "\"\\", "\"\\u0041", "é", "\r\n", "[a, b]: ", "{a: b}: ", "- - a\n", "a: |\n", " a:\n", "<<: ", "[? ", "\u{1F642}: ",
        ])
    func repeated(unit: String) {
        let text = String(repeating: unit, count: Self.size / unit.utf8.count)
        let document = parse(text)
        #expect(document.isBroken == (document.root == nil && !document.problems.isEmpty))
        #expect(document.problems.count <= 101)
        #expect(document.problems.allSatisfy { $0.message.utf8.count < 2_000 })
    }

    @Test(
        "A text of nearly a mebibyte is a value, however it is written",
        arguments: [("", ""), ("\"", "\""), ("'", "'"), ("|-\n  ", ""), (">-\n  ", "")])
    func longScalars(opening: String, closing: String) {
        let long = String(repeating: "x", count: Self.size - 100)
        let document = parse("a: \(opening)\(long)\(closing)\n")
        #expect(described(document.problems) == [])
        #expect(notation(document.root) == "{a: \"\(long)\"}")
    }

    @Test("A key has at most 1024 characters, or stands behind '?'; what is said of it is cut short")
    func longKeys() {
        let long = String(repeating: "k", count: 100_000)
        #expect(problems("\(long): 1\n") == ["1:100001: not YAML: mapping values are not allowed in this context"])
        #expect(
            problems("? \(long)\n: 1\n? \(long)\n: 2\n")
                == ["3:3: the key '\(String(repeating: "k", count: 256))…' stands here for the second time; first on line 1"])
    }

    @Test("99,999 keys are read, and 100,000 are too many values")
    func keys() {
        let lines = (0..<100_000).map { "\($0):\n" }
        #expect(problems(lines.dropLast().joined()) == [])
        #expect(problems(lines.joined()) == ["100000:7: too many values: at most 200000 are read"])
    }

    @Test("One key 100,000 times is a hundred problems")
    func oneKey() {
        let document = parse(String(repeating: "a: 1\n", count: 100_000))
        #expect(described(document.problems.prefix(1)) == ["2:1: the key 'a' stands here for the second time; first on line 1"])
        #expect(described(document.problems.suffix(1)) == ["101:1: too many problems; the rest of the file was not read"])
        #expect(document.problems.count == 101)
    }

    @Test("A billion laughs are told where they begin")
    func billionLaughs() {
        let laughs = (1...9).map { level in
            "l\(level): &l\(level) [\(Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        let document = parse("l0: &l0 [lol]\n" + laughs.joined())
        #expect(
            described(document.problems.prefix(1)) == ["1:5: an anchor (&name) may not be used; a text that begins with & is put in quotes"]
        )
        #expect(document.problems.count == 100)
        #expect(document.nodeCount == 130)
    }

    @Test(
        "Directives are problems, and an explicit beginning and end are none",
        arguments: [
            ("%YAML 1.2\n---\na: 1\n", ["1:1: a directive (%YAML, %TAG) may not be used; take its line out"]),
            ("# c\n%TAG ! tag:x,2026:\n---\na: 1\n", ["2:1: a directive (%YAML, %TAG) may not be used; take its line out"]),
            ("%YAML 3.0\n---\na: 1\n", ["1:1: not YAML: found incompatible YAML document"]),
            ("%A b\n---\na: 1\n", ["2:1: not YAML: did not find expected <document start>"]), ("---\na: 1\n...\n", []),
            ("--- {a: 1}\n", []),
        ])
    func directives(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        "UTF-16 and UTF-32 are not UTF-8, and a byte-order mark is one at the beginning of the file alone",
        arguments: [
            ([0xFE, 0xFF, 0x00, 0x61], "1:1: the file is not UTF-8 text"), ([0xFF, 0xFE, 0x61, 0x00], "1:1: the file is not UTF-8 text"),
            (
                [0x61, 0x00, 0x3A, 0x00],
                "1:2: the character U+0000 may not stand in a YAML file; in a text in double quotes write \\u0000"
            ),
            (
                [0x00, 0x00, 0xFE, 0xFF],
                "1:1: the character U+0000 may not stand in a YAML file; in a text in double quotes write \\u0000"
            ),
            (
                [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, 0x61],
                "1:1: the character U+FEFF may not stand in a YAML file; in a text in double quotes write \\uFEFF"
            ),
            ([0x61, 0x0D], "1:2: a carriage return without a line feed"), ([0x0D], "1:1: a carriage return without a line feed"),
            ([0x61, 0x3A, 0x20, 0xED, 0xB0, 0x80], "1:4: the file is not UTF-8 text"), ([0xC3], "1:1: the file is not UTF-8 text"),
        ] as [([UInt8], String)])
    func encodings(bytes: [UInt8], expected: String) {
        let document = YAMLDocument.parse(bytes, file: "f")
        #expect(described(document.problems) == [expected])
        #expect(document.isBroken)
    }

    @Test(
        "A problem at the end of a file without a last newline stands behind its last character, not on a line that it does not have",
        arguments: [("a: 1\nkeep", "2:5"), ("a: {", "1:5"), ("a: 'x", "1:6"), ("a: 1\nb", "2:2")])
    func end(text: String, expected: String) throws {
        let document = parse(text)
        let position = try #require(document.problems.last?.position)
        #expect("\(position.line):\(position.column)" == expected)
    }

    @Test("Problems come in the order of the file, those inside of a value that is not taken too")
    func order() {
        #expect(
            problems("a: 1\na: &x 2\n? [*y]\n: 1\n").map { $0.prefix(4) } == ["2:1:", "2:4:", "3:3:", "3:4:"])
    }

    @Test("A reference is one by its bytes: a brace with an accent on it is one too")
    func accents() {
        #expect(
            problems("a: ${\u{301}x} # lost\n") == [
                "1:4: ' #' behind a reference begins a comment in YAML; put the text in quotes, or the comment on a line of its own"
            ])
    }
}
