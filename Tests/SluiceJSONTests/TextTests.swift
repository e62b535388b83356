import SluiceBase
import SluiceJSON
import Testing

@Suite("String literals, read and written", .serialized)
struct TextTests {
    @Test(
        "every byte of ASCII is written as RFC 8259 has it, alone and between others, with the length that is said before"
    )
    func everyByte() {
        for byte in UInt8(0)..<0x80 {
            for count in [1, 31, 32, 33, 100] {
                let text = (0..<count).flatMap { $0 % 3 == 0 ? [byte] : [byte, UInt8(ascii: "x")] }
                var written: [UInt8] = []
                written.appendJSONString(text.span)
                #expect(written.count == [UInt8].jsonStringLength(text.span))
                #expect(JSONText.decode(written.span).map { Array($0.utf8) } == text)
                let escape: String
                switch byte {
                case 0x08: escape = "\\b"
                case 0x09: escape = "\\t"
                case 0x0A: escape = "\\n"
                case 0x0C: escape = "\\f"
                case 0x0D: escape = "\\r"
                case 0..<0x20: escape = "\\u00" + Hex.encode([byte])
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): escape = "\\" + String(decoding: [byte], as: UTF8.self)
                default: escape = String(decoding: [byte], as: UTF8.self)
                }
                #expect(String(decoding: written.dropFirst().prefix(escape.utf8.count), as: UTF8.self) == escape)
            }
        }
    }

    @Test(
        "a literal is decoded",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\ud83d\ude00""#, "😀"),
            (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""a\ud800b""#, "a\u{FFFD}b"), (#""\udc00""#, "\u{FFFD}"),
            (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"),
            (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\u0000""#, "\u{0}"), (#""é😀""#, "é😀"),
            (#""\uFFFF\ufffe""#, "\u{FFFF}\u{FFFE}"),
        ])
    func decode(literal: String, text: String) {
        let decoded = JSONText.decode(Array(literal.utf8).span)
        #expect(decoded.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test(
        "a text that is not one literal is not decoded",
        arguments: [
            "", "\"", "a", "\"a", "a\"", #""a"b"#, #" "a""#, #""a" "#, #""\x""#, #""\""#, "1", "null", "\"\u{1}\"",
            #""a""b""#,
        ])
    func undecodable(text: String) {
        let decoded = JSONText.decode(Array(text.utf8).span)
        #expect(decoded == nil)
    }

    @Test(
        "text is written as a literal with no more escapes than needed",
        arguments: [
            ("", #""""#), ("plain / é 😀 \u{7F}\u{2028}", "\"plain / é 😀 \u{7F}\u{2028}\""), ("\"\\", #""\"\\""#),
            ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
            ("\u{0}\u{1}\u{B}\u{1F}", #""\u0000\u0001\u000b\u001f""#),
        ])
    func write(text: String, literal: String) {
        var written: [UInt8] = []
        written.appendJSONString(text)
        #expect(String(decoding: written, as: UTF8.self) == literal)
        var fromBytes: [UInt8] = []
        fromBytes.appendJSONString(Array(text.utf8).span)
        #expect(fromBytes == written)
        #expect(refusal(of: written) == nil)
        let read = JSONText.decode(written.span)
        #expect(read == text)
    }

    @Test("every scalar survives being written and read")
    func roundTrip() {
        let samples =
            Array(0...0x300) + Array(0xD700...0xD7FF) + Array(0xE000...0xE0FF) + Array(0xFF00...0x1_0100)
            + Array(0x10_FF00...0x10_FFFF)
        let text = samples.compactMap(Unicode.Scalar.init).map(String.init).joined()
        var written: [UInt8] = []
        written.appendJSONString(text)
        let read = JSONText.decode(written.span)
        #expect(read.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test("bytes that are not UTF-8 are written with the replacement character")
    func malformed() {
        var written: [UInt8] = []
        written.appendJSONString([0x61, 0xFF, 0x22].span)
        #expect(String(decoding: written, as: UTF8.self) == "\"a\u{FFFD}\\\"\"")
    }

    @Test(
        "integers are written in decimal",
        arguments: [
            (0, "0"), (-1, "-1"), (1_795_444_646_450, "1795444646450"), (Int64.min, "-9223372036854775808"),
            (Int64.max, "9223372036854775807"),
        ])
    func integers(value: Int64, text: String) {
        var written = Array("x".utf8)
        written.appendDecimal(value)
        #expect(String(decoding: written, as: UTF8.self) == "x\(text)")
    }

    @Test("halves of surrogate pairs are repaired in place, pairs stay")
    func repair() throws {
        let text = Array(#"{"a":"\ud800x\ud83d\ude00","\udc00":"\uDFFF"}"#.utf8)
        var findings = JSONFindings()
        try JSONScanner.scan(text.span, paths: .none, into: &findings)
        var repaired = Array("before:".utf8)
        repaired.appendRepairingSurrogates(text.span, findings.loneSurrogates)
        #expect(String(decoding: repaired, as: UTF8.self) == #"before:{"a":"\ufffdx\ud83d\ude00","\ufffd":"\ufffd"}"#)
    }

    @Test("a part of a text is repaired alone")
    func repairPart() throws {
        let text = Array(#"["\ud800",{"b":"\ud801"},"\ud802"]"#.utf8)
        var findings = JSONFindings()
        try JSONScanner.scan(text.span, paths: JSONPathSet(["1"]), into: &findings)
        let range = try #require(findings.range(of: 0) as Range<Int>?)
        var repaired: [UInt8] = []
        repaired.appendRepairingSurrogates(text.span, findings.loneSurrogates, in: range)
        #expect(String(decoding: repaired, as: UTF8.self) == #"{"b":"\ufffd"}"#)
    }

    @Test(
        "a part may begin and end right at a half of a pair",
        arguments: [(1, 7, #"\ufffd"#), (7, 13, #"\ufffd"#), (1, 19, #"\ufffd\ufffd\ufffd"#), (0, 1, "\"")])
    func repairEdges(start: Int, end: Int, repaired: String) {
        let text = Array(#""\ud800\ud801\ud802""#.utf8)
        var part: [UInt8] = []
        part.appendRepairingSurrogates(text.span, [1, 7, 13], in: start..<end)
        #expect(String(decoding: part, as: UTF8.self) == repaired)
    }

    @Test(
        "texts that mean the same have one canonical form",
        arguments: [
            (#"{"b":1,"a":[ true , null ]}"#, #"{"a":[true,null],"b":1}"#), (#"{"a":1,"\u0061":2}"#, #"{"a":2}"#),
            (#""\u00e9\/\ud83d\ude00\u0001\n""#, "\"é/😀\\u0001\\n\""), ("1.0", "1.0"), ("1e2", "100.0"), ("-0", "-0.0"),
            ("12345678901234567890123", "1.2345678901234568e+22"), ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"), ("1e-400", "0.0"),
            (#"{"B":1,"a":2,"\u00e9":3,"e\u0301":4}"#, "{\"B\":1,\"a\":2,\"e\u{301}\":4,\"\u{E9}\":3}"),
        ])
    func canonical(text: String, expected: String) throws {
        #expect(String(decoding: try JSONCanonical.of(Array(text.utf8)), as: UTF8.self) == expected)
        #expect(try JSONCanonical.of(JSONCanonical.of(Array(text.utf8))) == Array(expected.utf8))
    }
}
