import SluiceJSON
import Testing

/// The rules by which Zizq takes a payload in a bulk request, one by one: what passes here must never make a batch
/// unreadable there.
@Suite("what is accepted as a payload", .serialized)
struct PayloadRulesTests {
    @Test("124 levels of nesting are accepted and one more is refused")
    func nesting() {
        #expect(refusal(of: nested(124)) == nil)
        #expect(refusal(of: nested(125)) == "the nesting is deeper than 124 levels at byte 124")
        let objects = String(repeating: #"{"a":"#, count: 124) + "1" + String(repeating: "}", count: 124)
        #expect(refusal(of: objects) == nil)
        #expect(refusal(of: #"{"a":\#(objects)}"#) == "the nesting is deeper than 124 levels at byte 620")
    }

    @Test("the limit applies to open containers, not to their number")
    func siblings() {
        #expect(refusal(of: "[" + Array(repeating: nested(123), count: 50).joined(separator: ",") + "]") == nil)
    }

    @Test(
        "numbers that fit into a double are accepted, however they are written",
        arguments: [
            "12345678901234567890123", "18446744073709551615", "-9223372036854775808", "1.0", "-0", "-0.0", "1e2",
            "1E+2", "1e-400",
            "0e400",
            "1e308", "-1e308", "0.1e309", "1.7976931348623157e308", "0.000000001e317",
        ])
    func finiteNumbers(number: String) {
        #expect(refusal(of: number) == nil)
    }

    @Test(
        "numbers that a double cannot hold are refused",
        arguments: [
            "1e400", "-1e400", "1e309", "10e308", "1.8e308", "1" + String(repeating: "0", count: 309),
            "1e99999999999999999999999",
        ])
    func infiniteNumbers(number: String) {
        #expect(refusal(of: number) == "a number is outside the range of a double at byte 0")
    }

    @Test(
        "texts that serde_json refuses are refused",
        arguments: [
            ("01", "a number is malformed at byte 0"),
            ("NaN", "expected a value at byte 0"),
            ("Infinity", "expected a value at byte 0"),
            ("{} x", "there is text after the value at byte 3"),
            ("{}{}", "there is text after the value at byte 2"),
            ("\u{FEFF}{}", "the text begins with a byte-order mark at byte 0"),
            ("", "there is no value at byte 0"),
            (" \n\t\r", "there is no value at byte 4"),
            ("\"\u{1}\"", "a string contains an unescaped control character at byte 1"),
            ("\"a\nb\"", "a string contains an unescaped control character at byte 2"),
            ("\"\u{0}\"", "a string contains an unescaped control character at byte 1"),
        ])
    func refused(text: String, reason: String) {
        #expect(refusal(of: text) == reason)
    }

    @Test(
        "a string that is not valid UTF-8 is refused at the offending sequence",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE1, 0x80],
            [0xE2, 0x82, 0x20],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF1, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(sequence: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(refusal(of: [quote, 0x61] + sequence + [quote]) == "a string is not valid UTF-8 at byte 2")
        // Also behind a run of eight plain bytes, and where the text is cut off.
        #expect(
            refusal(of: [quote] + Array("abcdefghij".utf8) + sequence + [quote])
                == "a string is not valid UTF-8 at byte 11")
    }

    @Test(
        "text of every length of UTF-8 is accepted raw",
        arguments: [
            "é", "߿", "ࠀ", "€", "퟿", "\u{E000}", "\u{FFFF}", "😀", "\u{10000}", "\u{10FFFF}", "\u{7F}", "\u{2028}",
            "aé€😀z", "日本語のテキスト",
        ])
    func validUTF8(text: String) {
        #expect(refusal(of: "\"\(text)\"") == nil)
        #expect(refusal(of: "{\"\(text)\":\"\(text)\"}") == nil)
    }

    @Test("half a surrogate pair is accepted and noted, so that it can be repaired before it is sent")
    func loneSurrogates() throws {
        var findings = JSONFindings()
        let text = #"["\ud800","\udc00","x\uD83D\ude00","\ud800\ud83d\ude00","\ud800\n","\ud83dA","\udfff\udbff"]"#
        try JSONScanner.scan(Array(text.utf8).span, paths: .none, into: &findings)
        #expect(findings.loneSurrogates == [2, 11, 36, 57, 68, 78, 84])
    }

    @Test("an escaped NUL and duplicate keys are accepted")
    func oddities() {
        #expect(refusal(of: #""\u0000""#) == nil)
        #expect(refusal(of: #"{"a":1,"a":2,"":3,"":4}"#) == nil)
    }

    @Test(
        "the maximum depth is returned",
        arguments: [("1", 0), ("[]", 1), (#"{"a":[{}],"b":1}"#, 3), ("[[],[[]],[]]", 3)])
    func depth(text: String, depth: Int) throws {
        var findings = JSONFindings()
        try JSONScanner.scan(Array(text.utf8).span, paths: .none, into: &findings)
        #expect(findings.depth == depth)
    }

    @Test("a million open brackets are refused at any limit, without using up the stack")
    func deepNesting() {
        let brackets = String(repeating: "[", count: 1_000_000)
        #expect(refusal(of: brackets) == "the nesting is deeper than 124 levels at byte 124")
        #expect(refusal(of: brackets, maximumDepth: 2_000_000) == "the text ends inside a value at byte 1000000")
        #expect(refusal(of: nested(1_000_000), maximumDepth: 1_000_000) == nil)
    }
}
