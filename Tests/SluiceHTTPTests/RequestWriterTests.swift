import SluiceBase
import SluiceHTTP
import Testing

@Suite struct RequestWriterTests {
    private func written(
        _ method: String = "POST", _ target: String = "/jobs/bulk", headers: [(name: String, value: String)] = [],
        bodyCount: Int = 2,
        closes: Bool = false
    ) -> String {
        var output: [UInt8] = []
        RequestWriter.appendHead(
            method: method, target: target, host: "zizq:7890", headers: headers, bodyCount: bodyCount, closes: closes,
            to: &output)
        return output.span.text
    }

    @Test("a request is a request line, the host, its header lines and the length")
    func whole() {
        #expect(
            written(headers: [(name: "content-type", value: "application/json")])
                == "POST /jobs/bulk HTTP/1.1\r\nhost: zizq:7890\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
        )
        #expect(written("GET", "/health", bodyCount: 0) == "GET /health HTTP/1.1\r\nhost: zizq:7890\r\n\r\n")
        #expect(
            written("POST", "/", bodyCount: 0, closes: true).hasSuffix("content-length: 0\r\nconnection: close\r\n\r\n")
        )
    }

    @Test("a target or a value cannot end its line, and only the writer sets reserved names")
    func injection() {
        #expect(
            written("GET", "a b\r\nX: y/%41?[\u{E9}]#", bodyCount: 0).hasPrefix(
                "GET /a%20b%0D%0AX:%20y/%41?%5B%C3%A9%5D%23 HTTP/1.1\r\n"))
        let headers = ["Host", "content-length", "Transfer-Encoding", "connection"].map { (name: $0, value: "1") }
        #expect(written(headers: headers) == written())
        #expect(written(headers: [(name: "a", value: "b\r\nc: d")]).contains("a: bc: d\r\n"))
    }

    @Test("its own parser reads what it writes", arguments: ["GET", "POST", "DELETE"])
    func roundTrip(_ method: String) {
        let head = ParsedRequest.whole(Array(written(method, "/a?b=c").utf8)).head
        #expect(head?.method == method)
        #expect(head?.target == "/a?b=c")
        #expect(head?.framing == .length(2))
    }
}
