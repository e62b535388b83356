import SluiceBase
import SluiceHTTP
import Testing

/// Each way in which a head is refused, with the status that it is answered.
@Suite struct RequestRefusalTests {
    private func expectRefusal(_ row: RefusalRow, _ text: String) {
        let result = ParsedRequest.whole(Array(text.utf8))
        #expect(result == .refused(row.fault, row.fault.code))
        #expect(row.fault.code.httpStatus == row.status)
    }

    @Test(
        "a malformed request line is refused at its first wrong byte",
        arguments: RefusalRow.requestLines)
    func requestLine(_ row: RefusalRow) { expectRefusal(row, row.text) }

    @Test("a target in a form that does not fit is refused", arguments: RefusalRow.targets)
    func target(_ row: RefusalRow) { expectRefusal(row, row.text + " HTTP/1.1\r\n") }

    @Test("a malformed header line is refused at its first wrong byte", arguments: RefusalRow.headerLines)
    func headerLine(_ row: RefusalRow) { expectRefusal(row, "GET / HTTP/1.1\r\nHost: h\r\n" + row.text) }

    @Test("a Host or Expect that is wrong is refused", arguments: RefusalRow.hosts)
    func host(_ row: RefusalRow) { expectRefusal(row, "GET / HTTP/1.1\r\n" + row.text + "\r\n") }

    @Test("two Hosts are refused in HTTP/1.0 too")
    func oldHosts() {
        #expect(ParsedRequest.whole(Array("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n".utf8)).fault == .hostTwice)
    }

    @Test("a head that could end its body in two places is refused", arguments: RefusalRow.smuggling)
    func smuggling(_ row: RefusalRow) {
        expectRefusal(row, "POST / HTTP/1.1\r\nHost: h\r\n" + row.text + "\r\n0\r\n\r\n")
    }

    @Test("a transfer coding in HTTP/1.0 is refused")
    func oldTransferCoding() {
        let result = ParsedRequest.whole(Array("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n".utf8))
        #expect(result == .refused(.transferCodingInOldVersion, .malformedRequest))
    }

    @Test(
        "every control byte but the tab is refused at any position of a header line",
        arguments: Array(0..<0x20) + [0x7F])
    func controls(_ control: Int) {
        guard control != 0x09, control != 0x0A, control != 0x0D else { return }
        let start = Array("GET / HTTP/1.1\r\n".utf8)
        #expect(ParsedRequest.whole(start + Array("X: a".utf8) + [UInt8(control)]).fault == .controlByte)
        #expect(ParsedRequest.whole(start + Array("X:".utf8) + [UInt8(control)]).fault == .controlByte)
        #expect(ParsedRequest.whole(start + [UInt8(ascii: "X"), UInt8(control)]).fault != nil)
    }
}
