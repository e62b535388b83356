import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct MultipartTests {
    private func outcome(_ body: [UInt8], type: String = "multipart/form-data; boundary=b", lines: String = "") throws
        -> RouteOutcome
    {
        var request = TestRequest("", headers: [("Content-Type", type)])
        request.body = body
        return request.processed(by: try route(openRoute(lines, rule: "payload: ${body}")))
    }

    private func outcome(_ body: String, type: String = "multipart/form-data; boundary=b", lines: String = "") throws
        -> RouteOutcome
    {
        // In the tests a line break is one byte.
        try outcome(Array(body.replacing("\n", with: "\r\n").utf8), type: type, lines: lines)
    }

    /// A part with its boundary before it.
    private static func part(_ name: String, _ value: String, _ lines: String = "") -> String {
        "--b\nContent-Disposition: form-data; name=\"\(name)\"\n\(lines)\n\(value)\n"
    }

    @Test(
        "parts are the fields of a form: text, an array for a repeated name, JSON in 'payload'",
        arguments: [
            (part("a", "1") + part("b", "x\ny"), #"{"a":"1","b":"x\r\ny"}"#),
            (part("a", "1") + part("b", "") + part("a", "3"), #"{"a":["1","3"],"b":""}"#),
            (part("payload", #"{"x":[1.0]}"#) + part("a", #"{"x":1}"#), #"{"payload":{"x":[1.0]},"a":"{\"x\":1}"}"#),
            (part("payload", "{x"), #"{"payload":"{x"}"#), ("", "{}"), (part("é", "ü"), #"{"é":"ü"}"#),
            (part("", "1"), #"{"":"1"}"#),
            (part("a", "--bc\n--b c\n-b\n--\n--b-"), #"{"a":"--bc\r\n--b c\r\n-b\r\n--\r\n--b-"}"#),
        ])
    func fields(parts: String, json: String) throws {
        #expect(try outcome(parts + "--b--\n").payload == json)
        #expect(try outcome(parts + "--b--\n", lines: "body: form").payload == json)
        #expect(try outcome(parts + "--b--").payload == json)
        #expect(try outcome("a preamble\n--bc\n" + parts + "--b-- \t\nan epilogue\n--b\n").payload == json)
        #expect(try outcome(parts.replacing("--b\n", with: "--b \t \n") + "--b--\n").payload == json)
    }

    @Test(
        "a part's head is read as senders write it",
        arguments: [
            ("CONTENT-DISPOSITION:form-data;NAME=a", #"{"a":"1"}"#),
            ("Content-Disposition: Form-Data; x=\"; name=b\"; name=a", #"{"a":"1"}"#),
            ("X-Other: y\nContent-Disposition: form-data;\n\tname=\"a\"", #"{"a":"1"}"#),
            (#"Content-Disposition: form-data; name="a\"b\\c\d""#, #"{"a\"b\\c\\d":"1"}"#),
            (#"Content-Disposition: form-data; name="a%22b%0D%0A%41%""#, #"{"a\"b\r\n%41%":"1"}"#),
            ("Content-Disposition: form-data; name=a\nContent-Transfer-Encoding: 8bit", #"{"a":"1"}"#),
            ("Content-Disposition: form-data; name=a\nContent-Type: text/plain; charset=utf-8", #"{"a":"1"}"#),
            ("Content-Disposition: form-data; name=a\nContent-Type:", #"{"a":"1"}"#),
            ("Content-Disposition: form-data; name=a\nContent-Type: application/json", #"{"a":1}"#),
            (
                "Content-Disposition: form-data; name=a\nContent-Type: application/octet-stream",
                #"{"a":{"base64":"MQ=="}}"#
            ),
            // RFC 7578 §4.2 forbids it, so that it says nothing.
            ("Content-Disposition: form-data; name=a; filename*=utf-8''x", #"{"a":"1"}"#),
        ])
    func heads(head: String, json: String) throws {
        #expect(try outcome("--b\n\(head)\n\n1\n--b--\n").payload == json)
    }

    @Test("a part that says it is JSON is that, with types, if it is; otherwise text")
    func jsonParts() throws {
        let type = "Content-Type: application/json\n"
        let body =
            Self.part("meta", #"{"n": 5}"#, type) + Self.part("list", "[1]", type) + Self.part("list", "x", type)
            + "--b--\n"
        #expect(try outcome(body).payload == #"{"meta":{"n": 5},"list":[[1],"x"]}"#)
        let deep = String(repeating: "[", count: 123) + String(repeating: "]", count: 123)
        #expect(try outcome(Self.part("a", deep, type) + "--b--\n").payload == #"{"a":"\#(deep)"}"#)
        let lessDeep = String(deep.dropFirst().dropLast())
        #expect(try outcome(Self.part("a", lessDeep, type) + "--b--\n").payload == #"{"a":\#(lessDeep)}"#)
    }

    @Test("a file is represented by its name, type and size, without its bytes")
    func files() throws {
        let note = #""note":"the file's bytes are left out"}"#
        let png = [UInt8](0...255)
        let file =
            "--b\nContent-Disposition: form-data; name=f; filename=\"a \\\"b\\\" é.png\"\nContent-Type: image/png\n\n"
        let body =
            Array((Self.part("a", "1") + file).replacing("\n", with: "\r\n").utf8) + png + Array("\r\n--b--".utf8)
        #expect(
            try outcome(body).payload
                == #"{"a":"1","f":{"filename":"a \"b\" é.png","content_type":"image/png","size":256,"# + note + "}")
        let empty = "--b\nContent-Disposition: form-data; name=f; filename=\"\"\n\n\n--b--\n"
        #expect(
            try outcome(empty).payload == #"{"f":{"filename":"","content_type":"text/plain","size":0,"# + note + "}")
    }

    @Test("a boundary may be in quotes, contain everything that RFC 2046 allows, and have the maximum length")
    func boundaries() throws {
        for (quoted, plain) in [
            ("\"b\"", "b"), ("\"a b:c;d=(e)\"", "a b:c;d=(e)"),
            (String(repeating: "x", count: 70), String(repeating: "x", count: 70)),
        ] {
            let body = Self.part("a", "1").replacing("--b", with: "--\(plain)") + "--\(plain)--\n"
            #expect(
                try outcome(body, type: "multipart/form-data; charset=utf-8; Boundary=\(quoted)").payload
                    == #"{"a":"1"}"#)
        }
    }

    @Test("a field is decoded by its own charset, else by the form's, which a field '_charset_' names")
    func charsets() throws {
        let own =
            Array(
                "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=\"UTF-16LE\"\r\n\r\n"
                    .utf8) + [
                0xE9, 0,
            ]
        let end = Array("\r\n--b--".utf8)
        #expect(try outcome(own + end).payload == #"{"a":"é"}"#)
        let field =
            Array("--b\r\nContent-Disposition: form-data; name=".utf8) + [0xE9] + Array("\r\n\r\n".utf8) + [0x80]
            + Array("\r\n".utf8)
        let charset = Array(Self.part("_charset_", "iso-8859-1").replacing("\n", with: "\r\n").utf8)
        let json = #""é":"€""#
        #expect(try outcome(field + charset + Array("--b--".utf8)).payload == #"{\#(json),"_charset_":"iso-8859-1"}"#)
        #expect(
            try outcome(field + Array("--b--".utf8), type: "multipart/form-data; boundary=b; charset=latin1").payload
                == "{\(json)}")
        #expect(
            try outcome(Self.part("_charset_", "x") + "--b--").summary
                == "dead letter body_unreadable: the charset of the body is not supported")
    }

    @Test("a field that is not valid in its charset, or in one that is not supported, is bytes; the others are read")
    func otherCharsets() throws {
        let type = { (name: String) in "Content-Type: \(name)\n" }
        let fields = [
            Self.part("a", "1"), Self.part("b", "2", type("text/plain; charset=shift_jis")), Self.part("c", "3"),
            Self.part("d", "[4]", type("application/json; charset=x")),
            Self.part("e", "5", type("text/plain; charset=utf-16")), Self.part("b", "6"),
        ]
        let bytes = { (text: String) in #"{"base64":"\#(text)"}"# }
        let json =
            #"{"a":"1","b":[\#(bytes("Mg==")),"6"],"c":"3","d":\#(bytes("WzRd")),"e":\#(bytes("NQ=="))}"#
        #expect(try outcome(fields.joined() + "--b--").payload == json)

        let latin: [UInt8] = Array("--b\r\nContent-Disposition: form-data; name=caf".utf8) + [0xE9]
        let field = latin + Array("\r\n\r\n".utf8) + [0x80] + Array("\r\n".utf8)
        let file = latin + Array("; filename=".utf8) + [0xFF] + Array("a\r\n\r\n\r\n--b--".utf8)
        #expect(
            try outcome(field + file).payload
                == #"{"caf%E9":[\#(bytes("gA==")),{"filename":"%FFa","content_type":"text/plain","size":0,"#
                + #""note":"the file's bytes are left out"}]}"#)
    }

    @Test("the field with the body's JSON is unreadable if it is not valid in its charset")
    func undecodableBody() throws {
        let route = try route(
            "routes:\n- path: /hook\n  provider: github\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n")
        var request = TestRequest()
        let part = Self.part("payload", "{}", "Content-Type: text/plain; charset=x\n") + "--b--\n"
        request.body = Array(part.replacing("\n", with: "\r\n").utf8)
        #expect(
            request.signed(header: "X-Hub-Signature-256").processed(by: route).summary
                == "dead letter body_unreadable: the field 'payload' of the form is not valid in its charset")
    }

    @Test(
        "a broken multipart body is unreadable, and says why",
        arguments: [
            ("", "the multipart body does not have its boundary"),
            ("--c\n\n--c--\n", "the multipart body does not have its boundary"),
            ("--b", "the multipart body does not have its boundary"),
            ("\n--bb\n", "the multipart body does not have its boundary"),
            ("--b\nContent-Disposition: form-data; name=a\n\n1\n", "the multipart body has no closing boundary"),
            (part("a", "1") + "--b-\n", "the multipart body has no closing boundary"),
            (part("a", "1") + "--b--x", "the multipart body has no closing boundary"),
            (part("a", "1"), "the multipart body has no closing boundary"),
            ("--b\n\n1\n--b--\n", "a part of the multipart body has no name"),
            ("--b\n\n--b--\n", "a part of the multipart body has no name"),
            ("--b\nContent-Disposition: form-data\n\n1\n--b--\n", "a part of the multipart body has no name"),
            ("--b\nContent-Disposition: attachment; name=a\n\n1\n--b--\n", "a part of the multipart body has no name"),
            ("--b\nContent-Disposition: form-data; name=\"a\n\n1\n--b--\n", "a part of the multipart body has no name"),
            (
                "--b\nContent-Disposition: form-data; name=a\n--b--\n",
                "a part of the multipart body has no empty line after its head"
            ),
            ("--b\nno header\n\n1\n--b--\n", "a part of the multipart body has an invalid header line"),
            ("--b\n folded\n\n1\n--b--\n", "a part of the multipart body has an invalid header line"),
            (
                part("a", "MQ==", "Content-Transfer-Encoding: base64\n") + "--b--\n",
                "a part of the multipart body has an unsupported transfer encoding"
            ),
            (
                part("a", "1", "X: \(String(repeating: "x", count: 8192))\n") + "--b--\n",
                "a part of the multipart body has a head of more than 8192 bytes"
            ),
        ])
    func broken(body: String, why: String) throws {
        #expect(try outcome(body).summary == "dead letter body_unreadable: \(why)")
    }

    @Test("bare line feeds are not line breaks")
    func lineFeeds() throws {
        let body = Self.part("a", "1") + "--b--\n"
        #expect(
            try outcome(Array(body.utf8)).summary
                == "dead letter body_unreadable: the multipart body does not have its boundary")
    }

    @Test(
        "a missing or invalid boundary is reported",
        arguments: [
            ("multipart/form-data", "the multipart body has no boundary in its content type"),
            ("multipart/form-data; boundary=\"b", "the multipart body has no boundary in its content type"),
            (
                "multipart/form-data; boundary=",
                "the multipart body has a boundary that RFC 2046 does not allow"
            ),
            (
                "multipart/form-data; boundary=\"b \"",
                "the multipart body has a boundary that RFC 2046 does not allow"
            ),
            (
                "multipart/form-data; boundary=é",
                "the multipart body has a boundary that RFC 2046 does not allow"
            ),
            (
                "multipart/form-data; boundary=\(String(repeating: "x", count: 71))",
                "the multipart body has a boundary that RFC 2046 does not allow"
            ),
        ])
    func noBoundary(type: String, why: String) throws {
        #expect(
            try outcome(Self.part("a", "1") + "--b--\n", type: type).summary == "dead letter body_unreadable: \(why)")
    }

    @Test("a body of more than 1000 parts is unreadable")
    func manyParts() throws {
        let parts = String(repeating: Self.part("a", "1"), count: 1000)
        #expect(try outcome(parts + "--b--").summary == "stored")
        #expect(
            try outcome(parts + Self.part("a", "1") + "--b--").summary
                == "dead letter body_unreadable: the multipart body has more than 1000 parts")
    }

    @Test("near-boundaries cost no more than other bytes")
    func almostBoundaries() throws {
        let boundary = String(repeating: "x", count: 70)
        let almost =
            String(repeating: "\n--" + boundary.dropLast(), count: 5_000)
            + String(repeating: "\n--\(boundary)   x", count: 5_000)
        let body = "--\(boundary)\nContent-Disposition: form-data; name=a\n\n\(almost)\n--\(boundary)--"
        let expected = almost.replacing("\n", with: #"\r\n"#)
        #expect(
            try outcome(body, type: "multipart/form-data; boundary=\(boundary)").payload == #"{"a":"\#(expected)"}"#)
    }

    @Test("conditions compare the fields of a multipart form as text")
    func conditions() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                jobs: [ { when: { body.n: 5, body.payload.n: 5 }, type: t } ]
                otherwise: ignore
            """
        let route = try route(text)
        func outcome(_ n: String, _ payload: String) -> RouteOutcome {
            let body = (Self.part("n", n) + Self.part("payload", payload) + "--b--").replacing("\n", with: "\r\n")
            return TestRequest(body, headers: [("Content-Type", "multipart/form-data; boundary=b")]).processed(
                by: route)
        }
        #expect(outcome("5", #"{"n":5}"#).summary == "stored")
        #expect(outcome("5", #"{"n":"5"}"#).summary == "no rule matched")
        #expect(outcome("6", #"{"n":5}"#).summary == "no rule matched")
    }
}
