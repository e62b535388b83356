import DevQueue
import SluiceHTTP
import Testing

/// Which payloads are accepted (and, for the gateway, what must never get into a batch).
@Suite struct PayloadTests {
    private static func nested(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    private func status(_ payload: [UInt8], bulk: Bool) throws -> Int {
        let job = Array(#"{"type":"t","queue":"q","payload":"#.utf8) + payload + Array("}".utf8)
        let body = bulk ? Array(#"{"jobs":["#.utf8) + job + Array("]}".utf8) : job
        let reply = QueueUnderTest().reply("POST", bulk ? "/jobs/bulk" : "/jobs", body: body)
        guard case .answer(let answer) = reply else { throw QueueUnderTest.NoAnswer() }
        return answer.status
    }

    @Test(
        "nesting ends at 126 levels in a single enqueue and at 124 in a bulk",
        arguments: [(false, 126, 201), (false, 127, 400), (true, 124, 201), (true, 125, 400)])
    func limitsNesting(bulk: Bool, levels: Int, status: Int) throws {
        #expect(try self.status(Array(Self.nested(levels).utf8), bulk: bulk) == status)
        let mixed = String(repeating: #"{"a":["#, count: levels / 2) + (levels % 2 == 1 ? "[]" : "")
        let closed = mixed + String(repeating: "]}", count: levels / 2)
        #expect(try self.status(Array(closed.utf8), bulk: bulk) == status)
    }

    @Test(
        "payloads that the server parses are accepted",
        arguments: [
            "null", "true", "false", "0", "-0", "1.0", "1e2", "1E+2", "1e-400", "0e999", "12345678901234567890123",
            "18446744073709551615",
            "1.7976931348623157e308", "0.00000000000000000000000000000001e330", #""""#, #""\u0000""#,
            #""\ud83d\ude00""#, #""é""#,
            #"{"a":1,"a":2}"#, " [ 1 , { } ] ", #""\"\\\/\b\f\n\r\t""#, "1e-99999999999",
        ])
    func accepts(payload: String) throws {
        #expect(try status(Array(payload.utf8), bulk: false) == 201)
        #expect(try status(Array(payload.utf8), bulk: true) == 201)
    }

    @Test(
        "payloads that the server cannot parse are refused with its words",
        arguments: [
            ("1e400", "number out of range at line 1 column 39"),
            ("-1e99999999999", "number out of range at line 1 column 47"),
            ("01", "invalid number at line 1 column 36"),
            ("-", "invalid number at line 1 column 36"),
            ("1.", "invalid number at line 1 column 37"),
            ("1.x", "invalid number at line 1 column 37"),
            ("1e", "invalid number at line 1 column 37"),
            ("NaN", "expected value at line 1 column 35"),
            ("nul", "expected ident at line 1 column 38"),
            ("\u{FEFF}1", "expected value at line 1 column 35"),
            (#""\ud800""#, "unexpected end of hex escape at line 1 column 42"),
            (#""\udc00""#, "lone leading surrogate in hex escape at line 1 column 41"),
            (#""\ud800\u0041""#, "lone leading surrogate in hex escape at line 1 column 47"),
            (#""\x""#, "invalid escape at line 1 column 37"),
            (#""\u12g4""#, "invalid escape at line 1 column 41"),
            ("\"\n\"", "control character (\\\\u0000-\\\\u001F) found while parsing a string at line 2 column 0"),
            ("[1 2]", "expected `,` or `]` at line 1 column 38"),
            ("[1,]", "trailing comma at line 1 column 38"),
            (#"{"a" 1}"#, "expected `:` at line 1 column 40"),
            ("{1:1}", "key must be a string at line 1 column 36"),
            (#"{"a":1,}"#, "trailing comma at line 1 column 42"),
            (#"{"a":1 "b"}"#, "expected `,` or `}` at line 1 column 42"),
        ])
    func refuses(payload: String, sentence: String) throws {
        let line = try QueueUnderTest().serverLine("/jobs", #"{"type":"t","queue":"q","payload":"# + payload + "}")
        #expect(line == #"400 {"error":"invalid JSON: "# + sentence + #""}"#)
    }

    @Test(
        "invalid UTF-8 is refused at the string's closing quote",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) throws {
        let body = Array(#"{"type":"t","queue":"q","payload":""#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(
            try QueueUnderTest().serverLine("/jobs", body)
                == #"400 {"error":"invalid JSON: invalid unicode code point at line 1 column \#(36 + bytes.count)"}"#)
    }

    @Test(
        "a truncated body is refused at its end",
        arguments: [
            (#"{"jobs":["#, "EOF while parsing a list at line 1 column 9"),
            (#"{"jobs":[{"#, "EOF while parsing an object at line 1 column 10"),
            (#"{"jobs":[{"ty"#, "EOF while parsing a string at line 1 column 13"),
            (#"{"jobs":[{"type":"#, "EOF while parsing a value at line 1 column 17"),
            (#"{"jobs":[{"payload":[1,"#, "EOF while parsing a value at line 1 column 23"),
            (#"{"jobs":[{"payload":[1"#, "EOF while parsing a list at line 1 column 22"),
            (#"{"jobs":[{"payload":tr"#, "EOF while parsing a value at line 1 column 22"),
        ])
    func refusesEnd(body: String, sentence: String) throws {
        #expect(try QueueUnderTest().serverLine("/jobs/bulk", body) == #"400 {"error":"invalid JSON: \#(sentence)"}"#)
    }
}
