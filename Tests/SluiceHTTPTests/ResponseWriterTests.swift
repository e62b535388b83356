import SluiceBase
import SluiceHTTP
import Testing

@Suite struct ResponseWriterTests {
    private static let date = Array("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".utf8)

    private func written(
        _ response: HTTPResponse, _ connection: ResponseWriter.ConnectionOption = .keepAlive, toHeadMethod: Bool = false
    ) -> String {
        var output: [UInt8] = []
        ResponseWriter.append(
            response, date: Self.date, connection: connection, toHeadMethod: toHeadMethod, to: &output)
        return output.span.text
    }

    @Test("an answer is a status line, the date, its own header lines, the length, and the body")
    func whole() {
        let response = HTTPResponse(
            status: 200, headers: [("content-type", "application/json")], body: Array("{}".utf8))
        #expect(
            written(response)
                == "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        )
    }

    @Test("it contains a connection header if the sender could not know")
    func connection() {
        let response = HTTPResponse(status: 404)
        let start = "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n"
        #expect(written(response, .close) == start + "connection: close\r\n\r\n")
        #expect(written(response, .keepAliveSaid) == start + "connection: keep-alive\r\n\r\n")
        #expect(written(response, .keepAlive) == start + "\r\n")
        #expect(ResponseWriter.ConnectionOption(keepAlive: true, minorVersion: 1) == .keepAlive)
        #expect(ResponseWriter.ConnectionOption(keepAlive: true, minorVersion: 0) == .keepAliveSaid)
        #expect(ResponseWriter.ConnectionOption(keepAlive: false, minorVersion: 0) == .close)
    }

    @Test("an answer to HEAD has the length but no body, and 204 and 304 have neither")
    func bodiless() {
        let body = Array("body".utf8)
        #expect(
            written(HTTPResponse(status: 200, body: body), toHeadMethod: true).hasSuffix("content-length: 4\r\n\r\n"))
        for status in [204, 304] {
            let text = written(HTTPResponse(status: status, body: body))
            #expect(!text.contains("content-length") && text.hasSuffix("GMT\r\n\r\n"))
        }
    }

    @Test("a header value cannot end its line, and a name cannot hold anything but a token")
    func injection() {
        let headers = [
            ("x-a", "b\r\nset-cookie: c\u{0}\u{7F}"), ("x y:\r\nz", "d"), ("\r\n", "dropped"),
            ("x-\u{E9}", "caf\u{E9}\t!"),
        ]
        let text = written(HTTPResponse(status: 201, headers: headers.map { (name: $0.0, value: $0.1) }))
        #expect(
            text
                == "HTTP/1.1 201 Created\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-a: bset-cookie: c\r\nxyz: d\r\nx-: caf\u{E9}\t!\r\n"
                + "content-length: 0\r\n\r\n")
    }

    @Test("header names that the writer sets itself are not taken from the answer")
    func reserved() {
        let names = ["Content-Length", "transfer-encoding", "CONNECTION", "date", "Trailer", "Upgrade", "Keep-Alive"]
        let response = HTTPResponse(status: 200, headers: names.map { (name: $0, value: "9") })
        #expect(
            written(response) == "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n")
    }

    @Test("a status without a name has an empty reason phrase")
    func unknownStatus() { #expect(written(HTTPResponse(status: 299)).hasPrefix("HTTP/1.1 299 \r\ndate: ")) }

    @Test("answers are appended")
    func appends() {
        var output = Array("before".utf8)
        ResponseWriter.appendContinue(to: &output)
        #expect(output.span.text == "beforeHTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test(
        "the date is the wall clock's second in the one format that RFC 9110 lets a server send",
        arguments: [
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"), (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199_000, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_798_761_599_000, "Thu, 31 Dec 2026 23:59:59 GMT"), (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ])
    func date(_ milliseconds: Int64, _ text: String) {
        #expect(HTTPDate(wallMilliseconds: milliseconds).line.span.text == "date: \(text)\r\n")
        var date = HTTPDate(wallMilliseconds: 1_000_000)
        date.refresh(wallMilliseconds: milliseconds)
        #expect(date.line.span.text == "date: \(text)\r\n")
    }
}
