import SluiceBase
import SluiceHTTP
import Testing

@Suite struct RequestParserTests {
    @Test(
        "a webhook's head is read: method, target, header lines without white space around their values, length of the body"
    )
    func typicalHead() throws {
        let text =
            "POST /github?x=1 HTTP/1.1\r\nHost: hooks.example.com:8443\r\nContent-Type:application/json\r\nX-Empty:\r\n"
            + "X-Blank: \t \r\nX-Inside: \t a  b\t c \t\r\nContent-Length: 12\r\n\r\n{\"zen\":true}"
        let head = try #require(ParsedRequest.whole(Array(text.utf8)).head)
        #expect(head.method == "POST")
        #expect(head.target == "/github?x=1")
        #expect(
            head.fields == [
                "Host=hooks.example.com:8443", "Content-Type=application/json", "X-Empty=", "X-Blank=",
                "X-Inside=a  b\t c",
                "Content-Length=12",
            ])
        #expect(head.minorVersion == 1)
        #expect(head.framing == .length(12))
        #expect(head.keepAlive)
        #expect(!head.expectsContinue)
        #expect(head.length == text.utf8.count - 12)
    }

    @Test("the view splits the target and hands out body and peer")
    func view() throws {
        let bytes = Array("POST /a/b?c=d?e HTTP/1.1\r\nHost: h\r\n\r\nbody".utf8)
        var parser = RequestParser(limits: HTTPLimits())
        guard case .head(let head) = parser.parse(bytes.span) else {
            Issue.record("no head")
            return
        }
        let peer = PeerAddress(ipv4: (127, 0, 0, 1), port: 4)
        let view = head.view(over: bytes.span, body: bytes.span.extracting(head.length..<bytes.count), peer: peer)
        #expect(view.path.text == "/a/b")
        #expect(view.query.text == "c=d?e")
        #expect(view.body.text == "body")
        #expect(view.headers.text(of: "host") == "h")
        #expect(view.peer == peer)
    }

    @Test("bytes after the head change nothing")
    func pipelined() {
        let text = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"
        let alone = ParsedRequest.whole(Array(text.utf8))
        #expect(alone.head != nil)
        for behind in ["GET / HTTP/1.1\r\n", "\u{0}\u{1}\n", "\r\n\r\n"] {
            #expect(ParsedRequest.whole(Array((text + behind).utf8)) == alone)
        }
    }

    @Test("one empty line before the request line is skipped and counts towards the head's length")
    func leadingEmptyLine() throws {
        let head = try #require(ParsedRequest.whole(Array("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)).head)
        #expect(head.method == "GET")
        #expect(head.length == 29)
        #expect(ParsedRequest.whole(Array("\r\n\r\nGET / HTTP/1.1\r\n".utf8)).fault == .method)
        #expect(ParsedRequest.whole(Array("\nGET / HTTP/1.1\r\n".utf8)).fault == .bareLineFeed)
    }

    @Test(
        "every form of target that a server must understand comes down to path and query",
        arguments: [
            ("GET /a?b HTTP/1.1", "/a?b"), ("GET http://h/a?b HTTP/1.1", "/a?b"),
            ("GET HTTPS://h.example:443/a HTTP/1.1", "/a"),
            ("GET http://h HTTP/1.1", "/"), ("GET https://h HTTP/1.1", "/"), ("GET http://[::1]:80/a HTTP/1.1", "/a"),
            ("OPTIONS * HTTP/1.1", "*"), ("OPTIONS / HTTP/1.1", "/"),
            ("GET /a%20b;c=d,e:@!$&'()*+ HTTP/1.1", "/a%20b;c=d,e:@!$&'()*+"),
            ("GET //../%2F HTTP/1.1", "//../%2F"),
        ])
    func targets(_ line: String, _ target: String) {
        #expect(ParsedRequest.whole(Array("\(line)\r\nHost: h\r\n\r\n".utf8)).head?.target == target)
    }

    @Test(
        "a method is a token and keeps its case",
        arguments: ["GET", "post", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~09"])
    func methods(_ method: String) {
        #expect(ParsedRequest.whole(Array("\(method) / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)).head?.method == method)
    }

    @Test(
        "the connection continues according to RFC 9112 §9.3",
        arguments: [
            ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: Keep-Alive\r\n", true),
            ("1.1", "connection: x , CLOSE,y\r\n", false),
            ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
            ("1.1", "Connection: closed\r\n", true), ("1.1", "Connection:\r\n", true), ("1.0", "", false),
            ("1.0", "Connection: keep-alive\r\n", true), ("1.0", "Connection: keep-alive, close\r\n", false),
        ])
    func keepAlive(_ version: String, _ line: String, _ expected: Bool) {
        #expect(
            ParsedRequest.whole(Array("GET / HTTP/\(version)\r\nHost: h\r\n\(line)\r\n".utf8)).head?.keepAlive
                == expected)
    }

    @Test(
        "the body's framing is read from the one header that gives it",
        arguments: [
            ("", MessageFraming.none), ("Content-Length: 0\r\n", .length(0)), ("Content-Length: 007\r\n", .length(7)),
            ("Content-Length:\t 99999999999999999 \r\n", .length(99_999_999_999_999_999)),
            ("Transfer-Encoding: chunked\r\n", .chunked),
            ("transfer-encoding: \tCHUNKED\t\r\n", .chunked),
        ])
    func framing(_ line: String, _ expected: MessageFraming) {
        #expect(ParsedRequest.whole(Array("POST / HTTP/1.1\r\nHost: h\r\n\(line)\r\n".utf8)).head?.framing == expected)
    }

    @Test(
        "a sender waits for 100 Continue only when it speaks HTTP/1.1 and has a body to send",
        arguments: [
            ("1.1", "Content-Length: 5\r\n", true), ("1.1", "Transfer-Encoding: chunked\r\n", true),
            ("1.1", "Content-Length: 0\r\n", false),
            ("1.1", "", false), ("1.0", "Content-Length: 5\r\n", false),
        ])
    func expectation(_ version: String, _ line: String, _ expected: Bool) {
        let text = "POST / HTTP/\(version)\r\nHost: h\r\nExpect: 100-Continue\r\n\(line)\r\n"
        #expect(ParsedRequest.whole(Array(text.utf8)).head?.expectsContinue == expected)
    }

    @Test("an expectation in HTTP/1.0 is ignored")
    func oldExpectation() {
        for list in ["", ",", " , ,", "100-continue,", ", 100-Continue ,,"] {
            let head = ParsedRequest.whole(
                Array("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect:\(list)\r\n\r\n".utf8)
            ).head
            #expect(head?.expectsContinue == list.lowercased().contains("100"), "\(list)")
        }
        #expect(ParsedRequest.whole(Array("POST / HTTP/1.0\r\nExpect: cake\r\n\r\n".utf8)).head != nil)
    }

    @Test(
        "a host is a name, an address or a bracketed address, with or without a port",
        arguments: ["h", "a.b-c_d~e", "127.0.0.1:80", "[::1]", "[::ffff:1.2.3.4]:8443", "h:", "a%2Db", "xn--nxasmq6b"])
    func hosts(_ host: String) {
        #expect(ParsedRequest.whole(Array("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)).head != nil)
    }

    @Test("HTTP/1.0 needs no Host")
    func oldWithoutHost() {
        #expect(ParsedRequest.whole(Array("GET / HTTP/1.0\r\n\r\n".utf8)).head?.minorVersion == 0)
    }

    @Test("values keep bytes above 127 as they are")
    func obsoleteText() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: h\r\nX: ".utf8) + [0x80, 0xFF] + Array("\r\n\r\n".utf8)
        var parser = RequestParser(limits: HTTPLimits())
        guard case .head(let head) = parser.parse(bytes.span) else {
            Issue.record("no head")
            return
        }
        #expect(Array(bytes[head.fields[1].value]) == [0x80, 0xFF])
    }

    @Test("the next request is read with the same parser, and a refusal stays one")
    func nextRequest() {
        var parser = RequestParser(limits: HTTPLimits())
        let first = Array(
            "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n".utf8
        )
        let second = Array("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        let third = Array("GET /3 HTTP/1.1\r\n\r\n".utf8)
        _ = parser.parse(first.span)
        parser.startNextRequest()
        #expect(!parser.hasBegun)
        #expect(ParsedRequest(parser.parse(second.span), parser, second) == ParsedRequest.whole(second))
        parser.startNextRequest()
        #expect(ParsedRequest(parser.parse(third.span), parser, third) == .refused(.hostMissing, .malformedRequest))
        #expect(ParsedRequest(parser.parse(third.span), parser, third) == .refused(.hostMissing, .malformedRequest))
    }
}
