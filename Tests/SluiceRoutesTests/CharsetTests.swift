import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Text in other charsets than UTF-8, and invalid text.
@Suite(.serialized) struct CharsetTests {
    private func outcome(_ body: [UInt8], type: String?, lines: String = "") throws -> RouteOutcome {
        var request = TestRequest("", headers: type.map { [("Content-Type", $0)] } ?? [])
        request.body = body
        return request.processed(by: try route(openRoute(lines, rule: "payload: ${body}")))
    }

    private static let littleEndian: [UInt8] = [0x61, 0, 0xE9, 0, 0x3D, 0xD8, 0, 0xDE]
    private static let bigEndian: [UInt8] = [0, 0x61, 0, 0xE9, 0xD8, 0x3D, 0xDE, 0]

    @Test(
        "a text is decoded by its charset, in any case and with or without quotes; a byte-order mark is removed",
        arguments: [
            ("text/plain", Array("aé😀".utf8), "aé😀"), ("text/plain; charset=utf-8", Array("aé😀".utf8), "aé😀"),
            ("text/plain; charset=US-ASCII", Array("a".utf8), "a"), ("text/plain", [0xEF, 0xBB, 0xBF, 0x61], "a"),
            ("text/plain; charset=UTF8", [0xEF, 0xBB, 0xBF, 0x61], "a"), ("text/plain", [], ""),
            ("text/plain; charset=ISO-8859-1", [0x61, 0xE9, 0x80, 0x9F], "aé€Ÿ"),
            ("text/plain; charset=\"latin1\"", [0xFF, 0x93], "ÿ“"),
            ("text/plain; Charset=\"Windows-1252\"; x=y", [0x85, 0xA0], "…\u{A0}"),
            ("text/plain; x=\"; charset=utf-8\"; charset=windows-1252", [0x80], "€"),
            ("text/xml;charset=cp1252", [0x81], "\u{81}"),
            ("text/plain; charset=utf-16le", littleEndian, "aé😀"), ("text/plain; charset=utf-16", littleEndian, "aé😀"),
            ("text/plain; charset=UTF-16BE", bigEndian, "aé😀"),
            ("text/plain; charset=utf-16", [0xFE, 0xFF] + bigEndian, "aé😀"),
            ("text/plain; charset=utf-16be", [0xFF, 0xFE] + littleEndian, "aé😀"),
            ("text/plain", [0xFF, 0xFE] + littleEndian, "aé😀"),
            ("application/xml", [0xFE, 0xFF] + bigEndian, "aé😀"), ("text/plain; charset=", Array("é".utf8), "é"),
        ] as [(String, [UInt8], String)])
    func texts(type: String, body: [UInt8], text: String) throws {
        var json: [UInt8] = [UInt8(ascii: "\"")]
        json += Array(text.utf8) + [UInt8(ascii: "\"")]
        #expect(try outcome(body, type: type).payload == String(decoding: json, as: UTF8.self))
        #expect(try outcome(body, type: type, lines: "body: text").payload == String(decoding: json, as: UTF8.self))
    }

    @Test("every byte of windows-1252 becomes the character that Unicode's table has for it")
    func windows1252() throws {
        let table =
            "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ"
            + String(String.UnicodeScalarView((0xA0...0xFF).map { Unicode.Scalar($0) }))
        let payload = try outcome(Array(0x80...0xFF), type: "text/plain; charset=windows-1252").payload
        #expect(payload == "\"\(table)\"")
    }

    @Test("required JSON escapes are written")
    func escapes() throws {
        let body: [UInt8] = [0, 0x0A, 0x22, 0x5C, 0x7F]
        #expect(try outcome(body, type: "text/plain").payload == "\"\\u0000\\n\\\"\\\\\u{7F}\"")
    }

    private static let invalid = "the text is not valid in its charset"
    private static let unknown = "the charset of the body is not supported"

    @Test(
        "text that is not valid in its charset, or in one that is not known, is unreadable and not altered",
        arguments: [
            ("text/plain", [0xFF], invalid), ("text/plain", [0xED, 0xA0, 0x80], invalid),
            ("text/plain", [0xC3], invalid),
            ("text/plain; charset=us-ascii", [0xE9], invalid), ("text/plain; charset=utf-16", [0x61], invalid),
            ("text/plain; charset=utf-16le", [0x3D, 0xD8], invalid),
            ("text/plain; charset=utf-16le", [0, 0xDE, 0x61, 0], invalid),
            ("text/plain; charset=utf-16le", [0x3D, 0xD8, 0x61, 0], invalid),
            ("text/plain; charset=shift_jis", [0x61], unknown),
            ("application/x-www-form-urlencoded; charset=x", Array("a=1".utf8), unknown),
            ("application/json; charset=utf-7", Array("{}".utf8), unknown),
            (
                "application/x-www-form-urlencoded", Array("a=%FF".utf8),
                "a field of the form is not valid in its charset"
            ),
            (
                "application/x-www-form-urlencoded", Array("%C3=1".utf8),
                "a field of the form is not valid in its charset"
            ),
            ("application/json; charset=utf-16", [0x7B], "the JSON is not valid in its charset"),
        ] as [(String, [UInt8], String)])
    func unreadable(type: String, body: [UInt8], why: String) throws {
        #expect(try outcome(body, type: type).summary == "dead letter body_unreadable: \(why)")
        #expect(
            try outcome(body, type: type, lines: "on_unreadable: reject").summary == "refused body_unreadable: \(why)")
    }

    @Test("a form's charset applies to its unescaped bytes")
    func forms() throws {
        let type = "application/x-www-form-urlencoded; charset=ISO-8859-1"
        #expect(try outcome(Array("a=%E9+%80&%E9=1".utf8), type: type).payload == #"{"a":"é €","é":"1"}"#)
        #expect(
            try outcome(Array("a=%E9".utf8), type: "text/plain; charset=latin1", lines: "body: form").payload
                == #"{"a":"é"}"#)
    }

    @Test("JSON in another charset is decoded if the header says so, and is UTF-8 with 'body: json'")
    func json() throws {
        let latin = Array(#"{"a":""#.utf8) + [0xE9] + Array(#""}"#.utf8)
        #expect(try outcome(latin, type: "application/json; charset=iso-8859-1").payload == #"{"a":"é"}"#)
        #expect(
            try outcome(latin, type: "application/json; charset=iso-8859-1", lines: "body: json").summary
                == "dead letter body_unreadable: a string is not valid UTF-8 at byte 6")
        let wide: [UInt8] = #"{"a":1.0}"#.utf8.flatMap { [$0, 0] as [UInt8] }
        #expect(try outcome([0xFF, 0xFE] + wide, type: "application/json; charset=utf-16").payload == #"{"a":1.0}"#)
        #expect(
            try outcome([0xEF, 0xBB, 0xBF] + Array("{}".utf8), type: "application/json; charset=utf-8").summary
                == "stored")
    }

    @Test("a condition compares a text by how it is written")
    func conditions() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                body: text
                jobs: [ { when: { body: 5 }, type: t, payload: "got ${body}" } ]
                otherwise: ignore
            """
        let route = try route(text)
        #expect(TestRequest("5").processed(by: route).payload == #""got 5""#)
        #expect(TestRequest("5.0").processed(by: route).summary == "no rule matched")
    }
}
