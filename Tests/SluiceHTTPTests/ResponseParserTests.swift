import SluiceBase
import SluiceHTTP
import Testing

@Suite struct ResponseParserTests {
    /// What a parser made of some bytes, in a form that tests compare.
    enum Parsed: Equatable {
        case needMore
        case complete(status: Int, body: String, keepAlive: Bool)
        case refused(MessageError)
    }

    private static func parse(
        _ bytes: [UInt8], cuts: [Int] = [], closes: Bool = false, toHeadMethod: Bool = false,
        limits: HTTPLimits = HTTPLimits()
    ) -> Parsed {
        var parser = ResponseParser(limits: limits, bodyLimit: 20, toHeadMethod: toHeadMethod)
        var buffer: [UInt8] = []
        var start = 0
        var step = ResponseParser.Step.needMore
        for cut in cuts.sorted() + [bytes.count] where step == .needMore {
            buffer += bytes[start..<cut]
            start = cut
            step = parser.parse(&buffer)
        }
        if closes, step == .needMore { step = parser.connectionClosed(&buffer) }
        switch step {
        case .needMore: return .needMore
        case .refused(let fault): return .refused(fault)
        case .complete(let response):
            return .complete(
                status: response.status, body: buffer.span.extracting(response.body).text, keepAlive: response.keepAlive
            )
        }
    }

    static let complete: [(String, Parsed)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .complete(status: 200, body: "ok", keepAlive: true)),
        ("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", .complete(status: 200, body: "", keepAlive: true)),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", .complete(status: 200, body: "", keepAlive: true)),
        (
            "HTTP/1.1 599 What \u{E9}ver\r\nContent-Length: 1\r\n\r\nx",
            .complete(status: 599, body: "x", keepAlive: true)
        ),
        (
            "HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            .complete(status: 201, body: "abc", keepAlive: true)
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
            .complete(status: 200, body: "x", keepAlive: false)
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", .complete(status: 200, body: "x", keepAlive: false)),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
            .complete(status: 200, body: "x", keepAlive: true)
        ),
        ("HTTP/1.1 204 No\r\n\r\n", .complete(status: 204, body: "", keepAlive: true)),
        ("HTTP/1.1 304 No\r\nContent-Length: 99\r\n\r\n", .complete(status: 304, body: "", keepAlive: true)),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
            .complete(status: 204, body: "", keepAlive: true)
        ),
    ]

    @Test("an answer is complete where its framing ends, whole or in pieces")
    func completes() {
        for (text, expected) in Self.complete {
            let bytes = Array(text.utf8)
            #expect(Self.parse(bytes) == expected)
            #expect(Self.parse(bytes, cuts: Array(0...bytes.count)) == expected)
            for cut in 0...bytes.count where Self.parse(bytes, cuts: [cut]) != expected {
                Issue.record("\(PrintableText.escape(text)) cut at \(cut)")
            }
        }
    }

    @Test("header lines are handed out over the buffer, without those of interim answers")
    func headers() {
        var parser = ResponseParser(limits: HTTPLimits(), bodyLimit: 20)
        var buffer = Array(
            "HTTP/1.1 100 C\r\nA: 1\r\n\r\nHTTP/1.1 503 S\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".utf8)
        guard case .complete(let response) = parser.parse(&buffer) else {
            Issue.record("not complete")
            return
        }
        let headers = response.headers(over: buffer.span)
        #expect(headers.count == 2)
        #expect(headers.text(of: "retry-after") == "7")
    }

    @Test("bytes after the answer end the use of the connection")
    func surplus() {
        #expect(
            Self.parse(Array("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP".utf8))
                == .complete(status: 200, body: "x", keepAlive: false))
        #expect(Self.parse(Array("HTTP/1.1 204 N\r\n\r\nx".utf8)) == .complete(status: 204, body: "", keepAlive: false))
    }

    @Test("the answer to HEAD has no body, for any headers")
    func headMethod() {
        for line in ["Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n", ""] {
            #expect(
                Self.parse(Array("HTTP/1.1 200 OK\r\n\(line)\r\n".utf8), toHeadMethod: true)
                    == .complete(status: 200, body: "", keepAlive: true))
        }
    }

    @Test("without a length the body goes to the connection's end")
    func untilClose() {
        let bytes = Array("HTTP/1.1 200 OK\r\n\r\nbody".utf8)
        #expect(Self.parse(bytes) == .needMore)
        #expect(Self.parse(bytes, closes: true) == .complete(status: 200, body: "body", keepAlive: false))
        #expect(
            Self.parse(bytes, cuts: Array(0...bytes.count), closes: true)
                == .complete(status: 200, body: "body", keepAlive: false))
        #expect(Self.parse(bytes + Array(repeating: 0x78, count: 17)) == .refused(.bodyTooLarge))
    }

    @Test(
        "a connection that closes in the middle of an answer broke it",
        arguments: [
            "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
            "HTTP/1.1 100 C\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        ])
    func truncated(_ text: String) { #expect(Self.parse(Array(text.utf8), closes: true) == .refused(.truncated)) }

    static let refused: [(String, MessageError)] = [
        ("\r\n", .version), ("http/1.1 200 OK\r\n", .version), ("HTTP/2 200\r\n", .versionNotSupported),
        ("HTTP/1.2 200 OK\r\n", .versionNotSupported),
        ("HTTP/1.1  200 OK\r\n", .statusLine), ("HTTP/1.1 20 OK\r\n", .statusLine),
        ("HTTP/1.1 2000 OK\r\n", .statusLine),
        ("HTTP/1.1 099 OK\r\n", .statusLine), ("HTTP/1.1 600 OK\r\n", .statusLine),
        ("HTTP/1.1 abc OK\r\n", .statusLine),
        ("HTTP/1.1 200 OK\n", .bareLineFeed), ("HTTP/1.1 200 OK\rX", .bareCarriageReturn),
        ("HTTP/1.1 200 O\u{0}K\r\n", .controlByte),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .switchingProtocols),
        ("HTTP/1.1 200 OK\r\n A: b\r\n", .foldedLine),
        ("HTTP/1.1 200 OK\r\nA : b\r\n", .spaceBeforeColon),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n", .contentLengthTwice),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", .contentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n", .bodyTooLarge),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", .bothLengths),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .chunkedNotLast),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .transferCodingNotSupported),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", .transferCodingInOldVersion),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n", .bodyTooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", .chunkEnd),
        (String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 9), .tooManyInterimAnswers),
        ("HTTP/1.1 200 OK\r\nA: \(String(repeating: "a", count: 33_000))", .headTooLarge),
        ("HTTP/1.1 200 OK\r\n\(String(repeating: "A: b\r\n", count: 101))", .tooManyHeaderLines),
    ]

    @Test("a malformed answer is refused, whole or in pieces")
    func refuses() {
        for (text, fault) in Self.refused {
            #expect(Self.parse(Array(text.utf8)) == .refused(fault))
            #expect(Self.parse(Array(text.utf8), cuts: Array(0...text.utf8.count)) == .refused(fault))
        }
    }
}
