import SluiceJSON
import Testing

/// RFC 8259, trap by trap.
@Suite("the grammar of JSON", .serialized)
struct GrammarTests {
    @Test(
        "the whole grammar is accepted",
        arguments: [
            "null", "true", "false", "0", "-1", "\"\"", "[]", "{}", " [ ] ", "\t{\r\n}\n", "[1,2]", "[ 1 , 2 ]",
            "[[],[],{}]",
            #"{"a":{"b":[]}}"#,
            #"{ "a" : 1 , "b" : 2 }"#, #"{"":0}"#,
            #"["\"","\\","\/","\b","\f","\n","\r","\t","\u0041","\uABCD","\uabcd"]"#,
            "[1.5,-0.5,1e1,1E1,1e+1,1e-1,1.0e10]",
            #"{"a":null}"#, "[null,true,false]", #"[""]"#, #"["a","b"]"#, "\"\u{7F}\"", "0.0000001", "[0]", "[-0]",
            "[10]", "1 ",
            #""\\\"""#, #""\\u12""#,
            "[\"abcdefg\",\"abcdefgh\",\"abcdefghi\",\"abcdefghijklmnop\"]",
        ])
    func accepted(text: String) {
        #expect(refusal(of: text) == nil)
    }

    static let end = "the text ends inside a value"
    static let value = "expected a value"
    static let key = "expected a key in double quotes"
    static let colon = "expected a colon after the key"
    static let brace = "expected a comma or a closing brace"
    static let bracket = "expected a comma or a closing bracket"
    static let number = "a number is malformed"
    static let escape = "a string contains an unknown escape"
    static let trailing = "there is text after the value"

    @Test(
        "malformed structure is refused at the error",
        arguments: [
            ("[", end, 1), ("[1", end, 2), ("[1,", end, 3), ("[1,]", value, 3), ("[,1]", value, 1),
            ("[1,,2]", value, 3),
            ("[1 2]", bracket, 3),
            ("[1}", bracket, 2), ("[}", value, 1), ("]", value, 0), ("[]]", trailing, 2), ("{", end, 1), ("{]", key, 1),
            ("}", value, 0),
            (#"{"a"}"#, colon, 4), (#"{"a":}"#, value, 5), (#"{"a":1,}"#, key, 7), ("{,}", key, 1),
            (#"{"a":1 "b":2}"#, brace, 7),
            (#"{"a":1]"#, brace, 6), (#"{"a" 1}"#, colon, 5), (#"{"a"::1}"#, value, 5), (#"{a:1}"#, key, 1),
            ("{'a':1}", key, 1),
            ("{1:1}", key, 1),
            ("{null:1}", key, 1), (#"{"a":1,,"b":2}"#, key, 7), (#"{"a""#, end, 4), (#"{"a":"#, end, 5),
            (#"{"a":1"#, end, 6),
            (#"{"a":1,"#, end, 7),
            ("[1]1", trailing, 3), ("1 1", trailing, 2), (#"{"a":1}}"#, trailing, 7), ("[1];", trailing, 3),
            ("// c\n1", value, 0),
            ("[1/**/]", bracket, 2),
            ("[1]\u{0}", trailing, 3), ("\u{0}", value, 0), ("\u{A0}1", value, 0), ("\u{B}1", value, 0),
            ("\u{C}1", value, 0),
            ("[\u{2028}]", value, 1),
            ("'a'", value, 0), ("*", value, 0), (":", value, 0), (",", value, 0), ("<!DOCTYPE html>", value, 0),
            ("payload=%7B%7D", value, 0),
        ])
    func structure(text: String, reason: String, offset: Int) {
        #expect(refusal(of: text) == "\(reason) at byte \(offset)")
    }

    @Test(
        "malformed literals are refused",
        arguments: [
            ("nul", end, 3), ("n", end, 1), ("tru", end, 3), ("fals", end, 4), ("nulL", value, 0), ("True", value, 0),
            ("truE", value, 0),
            ("NULL", value, 0),
            ("nulll", trailing, 4), ("truefalse", trailing, 4), ("[tru]", value, 1), ("[fals]", value, 1),
            ("nan", value, 0),
            ("undefined", value, 0),
        ])
    func literals(text: String, reason: String, offset: Int) {
        #expect(refusal(of: text) == "\(reason) at byte \(offset)")
    }

    @Test(
        "malformed numbers are refused",
        arguments: [
            ("-", end, 1), ("[-]", number, 1), ("+1", value, 0), (".5", value, 0), ("[1.]", number, 1), ("1.", end, 2),
            ("1.e5", number, 0),
            ("-.5", number, 0),
            ("00", number, 0), ("-01", number, 0), ("012", number, 0), ("1e", end, 2), ("[1e]", number, 1),
            ("1e+", end, 3),
            ("[1e-]", number, 1),
            ("1e5.5", trailing, 3), ("0x10", trailing, 1), ("1_000", trailing, 1), ("1,000", trailing, 1),
            ("--1", number, 0),
            ("-+1", number, 0), ("1.2.3", trailing, 3),
            ("-Infinity", number, 0), ("-NaN", number, 0), ("1e1e1", trailing, 3), ("1f", trailing, 1),
            ("1 e5", trailing, 2),
            ("\u{FF11}", value, 0),
            ("1ee5", number, 0), ("1e++5", number, 0), ("[-a]", number, 1), ("0e", end, 2), ("[0e+-1]", number, 1),
        ])
    func numbers(text: String, reason: String, offset: Int) {
        #expect(refusal(of: text) == "\(reason) at byte \(offset)")
    }

    @Test(
        "malformed strings are refused",
        arguments: [
            ("\"", end, 1), ("\"a", end, 2), (#""\""#, end, 3), (#""\"#, end, 2), (#""\u"#, end, 3),
            (#""\u12"#, end, 5),
            (#""\u123"#, end, 6), (#""\u1234"#, end, 7),
            (#""\u12G4""#, escape, 1), (#""\u 123""#, escape, 1), (#""\u+123""#, escape, 1), (#""\x41""#, escape, 1),
            (#""\a""#, escape, 1),
            (#""\'""#, escape, 1),
            (#""\0""#, escape, 1), (#""\U0041""#, escape, 1), ("\"\\\n\"", escape, 1), ("\"\\\u{E9}\"", escape, 1),
            (#""\ud83d\u""#, escape, 7), (#""\ud83d\x""#, escape, 7),
            (#""\ud83d\u12G4""#, escape, 7), (#"["\u123"]"#, escape, 2), (#"["a]"#, end, 4), (#"{"a:1}"#, end, 6),
            (#"{"\x":1}"#, escape, 2),
        ])
    func strings(text: String, reason: String, offset: Int) {
        #expect(refusal(of: text) == "\(reason) at byte \(offset)")
    }

    @Test("each control character is refused raw, at every distance from the quote", arguments: 0..<0x20)
    func controlCharacters(character: Int) {
        for length in 0..<17 {
            let text =
                [UInt8(ascii: "\"")] + [UInt8](repeating: 0x61, count: length) + [UInt8(character), UInt8(ascii: "\"")]
            #expect(refusal(of: text) == "a string contains an unescaped control character at byte \(length + 1)")
        }
    }

    @Test(
        "each other ASCII character is literal in a string, at every distance from the quote",
        arguments: 0x20..<0x80)
    func plainCharacters(character: Int) {
        guard UInt8(character) != UInt8(ascii: "\""), UInt8(character) != UInt8(ascii: "\\") else { return }
        for length in 0..<17 {
            let text =
                [UInt8(ascii: "\"")] + [UInt8](repeating: 0x61, count: length) + [UInt8(character), UInt8(ascii: "\"")]
            #expect(refusal(of: text) == nil)
        }
    }

    @Test("every proper prefix of a text is refused, because it ends too early or is empty")
    func prefixes() {
        let text = Array(#"{"a":[1.5e-7,"x\u00e9é\ud83d\ude00",true,false,null,{}],"b":{"c":[]}}"#.utf8)
        #expect(refusal(of: text) == nil)
        for length in 0..<text.count {
            let reason = refusal(of: Array(text[..<length])) ?? "accepted"
            #expect(
                reason.hasPrefix("the text ends inside a value") || reason.hasPrefix("a string is not valid UTF-8")
                    || length == 0,
                "\(length): \(reason)")
        }
    }

    @Test("an error tells line and column, both from 1")
    func position() {
        let text = Array("{\n \"a\":\n x}".utf8)
        let position = JSONError(.expectedValue, at: 9).position(in: text.span)
        #expect(position == JSONPosition(line: 3, column: 2))
        let start = JSONError(.empty, at: 0).position(in: text.span.extracting(0..<0))
        #expect(start == JSONPosition(line: 1, column: 1))
    }
}
