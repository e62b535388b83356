import SluiceYAML
import Testing

@Suite(.serialized) struct YAMLScalarTests {
    @Test(
        "a plain scalar is true, false, null or a JSON number, and otherwise text",
        arguments: [
            ("true", "true"), ("false", "false"), ("null", "null"), ("", "null"),
            ("0", "0"), ("-0", "-0"), ("12", "12"), ("-1.50", "-1.50"), ("1.5e3", "1.5e3"), ("1e+6", "1e+6"),
            ("2E-7", "2E-7"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("on", "\"on\""), ("no", "\"no\""), ("Yes", "\"Yes\""), ("True", "\"True\""), ("NULL", "\"NULL\""),
            ("~", "\"~\""),
            ("12:30", "\"12:30\""), ("007", "\"007\""), ("12345e6", "\"12345e6\""), ("2024-01-01", "\"2024-01-01\""),
            ("0x1F", "\"0x1F\""), ("0o17", "\"0o17\""), ("1_000", "\"1_000\""), ("+1", "\"+1\""), (".5", "\".5\""),
            ("1.", "\"1.\""),
            ("-", "[null]"), ("1e", "\"1e\""), ("1.0e", "\"1.0e\""), ("1.5e+", "\"1.5e+\""), (".inf", "\".inf\""),
            ("NaN", "\"NaN\""),
            ("1 2", "\"1 2\""), ("00", "\"00\""), ("-a", "\"-a\""),
        ])
    func plainScalars(written: String, means: String) {
        #expect(notation(parse("a: \(written == "-" ? "\n- " : written)\n").root) == "{a: \(means)}")
    }

    @Test(
        "everything quoted or in a block is text",
        arguments: [
            ("'true'", "true"), ("\"12\"", "12"), ("''", ""), ("\"a\\tb\\u00e9\"", "a\tbé"), ("'it''s'", "it's"),
            ("|\n  1\n  2\n", "1\n2\n"), (">-\n  x\n  y\n", "x y"),
        ])
    func quotedScalars(written: String, means: String) {
        #expect(notation(parse("a: \(written)\n").root) == "{a: \"\(means)\"}")
    }

    @Test(
        "a scalar knows how it was written",
        arguments: [
            ("x", YAMLScalar.Style.plain), ("'x'", .singleQuoted), ("\"x\"", .doubleQuoted), ("|\n  x", .literal),
            (">\n  x", .folded),
        ])
    func styles(written: String, style: YAMLScalar.Style) throws {
        let root = try #require(parse("- \(written)\n").root)
        guard case .sequence(let elements) = root.content else { throw NotASequence() }
        #expect(elements.first?.scalar?.style == style)
    }

    @Test("a number keeps its source text")
    func sourceText() {
        #expect(parse("1.500").root?.scalar?.text == "1.500")
    }

    private struct NotASequence: Error {}
}
