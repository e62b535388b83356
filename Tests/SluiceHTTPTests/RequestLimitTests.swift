import SluiceBase
import SluiceHTTP
import Testing

/// The limits at their exact borders.
@Suite struct RequestLimitTests {
    private static let start = "GET / HTTP/1.1\r\nHost: h\r\n"

    private func head(ofBytes count: Int) -> [UInt8] {
        let padding = count - Self.start.utf8.count - "X: \r\n\r\n".utf8.count
        return Array((Self.start + "X: " + String(repeating: "x", count: padding) + "\r\n\r\n").utf8)
    }

    @Test("a head of exactly 32 KiB is read, one of a byte more is 431")
    func headBytes() {
        #expect(ParsedRequest.whole(head(ofBytes: 32 * 1024)).head?.length == 32 * 1024)
        #expect(ParsedRequest.whole(head(ofBytes: 32 * 1024 + 1)) == .refused(.headTooLarge, .headTooLarge))
        #expect(ErrorCode.headTooLarge.httpStatus == 431)
    }

    @Test("a head that has used up its 32 KiB is refused without another byte")
    func headFull() {
        let bytes = head(ofBytes: 40_000)
        #expect(ParsedRequest.whole(Array(bytes[..<(32 * 1024 - 1)])) == .needMore)
        #expect(ParsedRequest.whole(Array(bytes[..<(32 * 1024)])).fault == .headTooLarge)
    }

    @Test("100 header lines are read, the first byte of the 101st is 431")
    func headerLines() {
        let hundred = Self.start + String(repeating: "A: b\r\n", count: 99)
        #expect(ParsedRequest.whole(Array((hundred + "\r\n").utf8)).head?.fields.count == 100)
        #expect(ParsedRequest.whole(Array(hundred.utf8)) == .needMore)
        #expect(ParsedRequest.whole(Array((hundred + "A").utf8)) == .refused(.tooManyHeaderLines, .headTooLarge))
    }

    @Test("a target of 8 KiB is accepted, one more byte is 414")
    func targetBytes() {
        let target = "/" + String(repeating: "a", count: 8 * 1024 - 1)
        #expect(ParsedRequest.whole(Array("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)).head?.target == target)
        #expect(ParsedRequest.whole(Array("GET \(target)".utf8)) == .needMore)
        #expect(ParsedRequest.whole(Array("GET \(target)a".utf8)) == .refused(.targetTooLong, .targetTooLong))
        #expect(ErrorCode.targetTooLong.httpStatus == 414)
    }

    @Test("a method of 32 bytes is read")
    func methodBytes() {
        let method = String(repeating: "M", count: 32)
        #expect(ParsedRequest.whole(Array("\(method) / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)).head?.method == method)
    }

    @Test(
        "bytes are not read twice, so a head in small pieces costs no more than a whole one")
    func dribbling() {
        var bytes = head(ofBytes: 32 * 1024)
        let value = Self.start.utf8.count + 10
        var parser = RequestParser(limits: HTTPLimits())
        for count in 1..<bytes.count {
            guard case .needMore = parser.parse(bytes.span.extracting(0..<count)) else {
                Issue.record("answered after \(count) bytes")
                return
            }
            // If the parser read this byte again, it would refuse it.
            if count > value, count < bytes.count - 10 { bytes[count - 1] = 0 }
        }
        guard case .head(let head) = parser.parse(bytes.span) else {
            Issue.record("no head")
            return
        }
        #expect(head.length == bytes.count)
    }
}
