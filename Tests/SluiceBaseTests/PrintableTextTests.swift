import Foundation
import SluiceBase
import Testing

@Suite struct PrintableTextTests {
    /// Escape sequences of terminals, with ESC and as one character of C1; ends of lines; invisible characters.
    private static let hostile = "a\u{1B}[31m\r\n\u{9B}2J\u{85}\u{7F}\u{202E}\u{2028}\u{200B}\u{FEFF}\u{E000}ä…"

    @Test("characters that a terminal acts on, or that nobody sees, are escaped, and no others")
    func escape() {
        #expect(
            PrintableText.escape(Self.hostile)
                == "a\\u{1b}[31m\\u{d}\\u{a}\\u{9b}2J\\u{85}\\u{7f}\\u{202e}\\u{2028}\\u{200b}\\u{feff}\\u{e000}ä…")
        #expect(PrintableText.escape("äöü", limit: 2) == "äö…")
    }

    @Test("in lines, only line feeds stay")
    func lines() {
        #expect(PrintableText.escapeLines("one\ntwo\u{1B}[0m\r\nthree ä\n") == "one\ntwo\\u{1b}[0m\\u{d}\nthree ä\n")
        #expect(PrintableText.escapeLines("plain\n\nlines") == "plain\n\nlines")
    }

    @Test("escaped JSON has the same value, and nothing that a terminal acts on")
    func json() throws {
        let value = ["key\u{202E}\u{1F600}": Self.hostile + "\u{1F600}\u{E0041}"]
        let json = try JSONEncoder().encode(value)
        let escaped = PrintableText.escapeJSON(Array(json))
        #expect(try JSONDecoder().decode([String: String].self, from: Data(escaped.utf8)) == value)
        #expect(PrintableText.escape(escaped, limit: .max) == escaped)
        #expect(PrintableText.escapeJSON(Array("{\n  \"a\": 1\n}".utf8)) == "{\n  \"a\": 1\n}")
    }
}
