import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

@Suite(.serialized) struct GlobTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        try Glob(pattern).matches(Array(text.utf8).span)
    }

    @Test(
        "a pattern describes the whole text",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "a", true), ("a", "A", false), ("a", "ab", false),
            ("b", "ab", false),
            ("*", "", true), ("**", "ab", true), ("a*", "a", true), ("*b", "ab", true), ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*a*a*", "bab", false), ("*ab", "abaab", true), ("a*b*c", "a-b-b-c", true), ("?", "", false),
            ("?", "a", true),
            ("?", "é", true), ("?", "🙂", true), ("?", "e\u{301}", false), ("??", "é", false), ("*??", "€", false),
            ("*?", "€", true),
            ("h?llo", "hällo", true), ("*ä?", "xäx", true), (#"\*"#, "*", true), (#"\*"#, "a", false),
            (#"\?\\"#, #"?\"#, true),
            (#"a\*b*"#, "a*bcd", true), (#"\**\?"#, "*x?", true), ("refs/heads/*", "refs/heads/main", true),
        ])
    func table(pattern: String, text: String, expected: Bool) throws {
        #expect(try matches(pattern, text) == expected)
    }

    @Test("in invalid UTF-8 each stray byte is a character")
    func malformed() throws {
        let text: [UInt8] = [0xE9, 0x61, 0x80, 0xFF, 0xE2, 0x82]
        #expect(try Glob("?a???").matches(text.span))
        #expect(try !Glob("?a??").matches(text.span))
        #expect(try Glob("*a*").matches(text.span))
    }

    @Test("it agrees with a matcher that tries everything", arguments: 0..<20)
    func agrees(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<500 {
            let pattern = Self.text(of: ["a", "b", "é", "*", "*", "?", #"\*"#, #"\?"#, #"\\"#], upTo: 7, &random)
            let text = Self.text(of: ["a", "b", "é", "*", "?", "\\"], upTo: 8, &random)
            let expected = Self.slowly(Array(pattern.unicodeScalars)[...], Array(text.unicodeScalars)[...])
            #expect(try matches(pattern, text) == expected, "\(pattern) on \(text)")
        }
    }

    private static func text(of pieces: [String], upTo count: Int, _ random: inout SeededRandom) -> String {
        (0..<Int.random(in: 0...count, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }

    private static func slowly(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        switch first {
        case "*": return slowly(pattern.dropFirst(), text) || !text.isEmpty && slowly(pattern, text.dropFirst())
        case "?": return !text.isEmpty && slowly(pattern.dropFirst(), text.dropFirst())
        case "\\": return text.first == pattern.dropFirst().first && slowly(pattern.dropFirst(2), text.dropFirst())
        default: return text.first == first && slowly(pattern.dropFirst(), text.dropFirst())
        }
    }

    @Test(
        "the work is at most the pattern times the text, for any contents",
        arguments: [
            "*a*a*a*a*a*a*a*b", "*aaaaaaaaaaaaaaab", "*?*?*?*?*?*b", "a*a*a*a*a*a*ab*", "*", "aaaa", "*a?a?a?ab?a*",
        ])
    func steps(pattern: String) throws {
        let text = Array(repeating: UInt8(ascii: "a"), count: 2000)
        var steps = 0
        _ = try Glob(pattern).matches(text.span, countingIn: &steps)
        #expect(steps <= pattern.utf8.count * text.count)
    }

    @Test(
        "a backslash is only allowed before *, ? or a backslash", arguments: [#"\"#, #"\a"#, #"a\\\"#, #"\é"#])
    func strayBackslash(pattern: String) {
        #expect(throws: Glob.PatternError.self) { try Glob(pattern) }
    }
}

@Suite(.serialized) struct ByteSearchTests {
    @Test("it finds exactly the bytes in a text", arguments: 0..<10)
    func agrees(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<1000 {
            let needle = Self.bytes(upTo: 6, &random)
            let text = Self.bytes(upTo: 20, &random)
            let starts = 0...max(0, text.count - needle.count)
            let expected = text.count >= needle.count && starts.contains { text[$0...].starts(with: needle) }
            #expect(ByteSearch(for: needle).isFound(in: text.span) == expected, "\(needle) in \(text)")
        }
    }

    /// Of two letters, so that beginnings repeat.
    private static func bytes(upTo count: Int, _ random: inout SeededRandom) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &random)).map { _ in Bool.random(using: &random) ? 0x61 : 0x62 }
    }
}
