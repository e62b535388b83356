import SluiceBase
import SluiceHTTP
import Testing

/// Some text, the rule that it breaks, and the status that answers it.
struct RefusalRow: CustomTestStringConvertible, Sendable {
    let text: String
    let fault: MessageError
    let status: Int

    init(_ text: String, _ fault: MessageError, _ status: Int = 400) {
        self.text = text
        self.fault = fault
        self.status = status
    }

    var testDescription: String { PrintableText.escape(text, limit: 100) }
}

extension RefusalRow {
    /// First lines that are wrong at their last byte or before it.
    static let requestLines: [RefusalRow] = [
        Self("\u{16}\u{3}\u{1}", .tlsHandshake), Self("\n", .bareLineFeed), Self("\rG", .bareCarriageReturn),
        Self("\r\n\r", .method),
        Self(" ", .method), Self("\u{0}", .method), Self("G\u{0}", .method), Self("GET\t", .method),
        Self("GET\r", .requestLine),
        Self("GET\n", .bareLineFeed),
        Self("G(T", .method), Self("G\u{E9}T", .method), Self("GET,", .method),
        Self(String(repeating: "M", count: 33), .method),
        Self("GET  ", .requestLine), Self("GET \r", .requestLine), Self("GET /\r", .requestLine),
        Self("GET /\n", .bareLineFeed),
        Self("GET /\t", .controlByte),
        Self("GET /\u{0}", .controlByte), Self("GET /\u{7F}", .controlByte), Self("GET /\u{E9}", .targetByte),
        Self("GET /#", .targetByte),
        Self("GET /\"", .targetByte),
        Self("GET /<", .targetByte), Self("GET /\\", .targetByte), Self("GET /^", .targetByte),
        Self("GET /`", .targetByte),
        Self("GET /{", .targetByte), Self("GET /}", .targetByte), Self("GET /?q=\"a\"", .targetByte),
        Self("GET http://h/{", .targetByte), Self("nonsense\r", .requestLine), Self("GET /a b", .requestLine),
        Self("GET /|", .targetByte), Self("GET /[", .targetByte), Self("GET /?a[]", .targetByte),
        Self("GET /  ", .requestLine),
        Self("GET / \r", .requestLine),
        Self("GET / \n", .bareLineFeed), Self("GET / http", .requestLine), Self("GET / HTTP1", .version),
        Self("GET / HTTP/x", .version),
        Self("GET / HTTP/1,", .version), Self("GET / HTTP/1.x", .version), Self("GET / HTTP/1.10", .version),
        Self("GET / HTTP/11", .version),
        Self("GET / HTTP/1.1 ", .version), Self("GET / HTTP/1.1\n", .bareLineFeed),
        Self("GET / HTTP/1.1\r\r", .bareCarriageReturn),
        Self("GET / HTTP/1.1\rX", .bareCarriageReturn), Self("GET / HTTP/1.2\r\n", .versionNotSupported, 505),
        Self("GET / HTTP/0.9\r\n", .versionNotSupported, 505), Self("GET / HTTP/2.0\r\n", .versionNotSupported, 505),
        Self("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionNotSupported, 505),
        Self("GET / HTTP/3.0\r\n", .versionNotSupported, 505),
    ]

    /// Method and target, to be followed by a version.
    static let targets: [RefusalRow] = [
        Self("GET *", .target), Self("OPTIONS **", .target), Self("OPTIONS *x", .target),
        Self("CONNECT h:443", .target),
        Self("GET h", .target),
        Self("GET ?a", .target), Self("GET ftp://h/", .target), Self("GET http:/h/", .target),
        Self("GET http://", .target),
        Self("GET http:///a", .target), Self("GET http://u@h/", .target), Self("GET http://u:p@h/", .target),
        Self("GET http://h:x/", .target),
        Self("GET http://h:123456/", .target), Self("GET http://h?a", .target), Self("GET http://[::1/", .target),
        Self("GET http://h/[", .targetByte),
        Self("GET [::1]", .target),
    ]

    /// What follows a good Host line.
    static let headerLines: [RefusalRow] = [
        Self("\n", .bareLineFeed), Self("\rX", .bareCarriageReturn), Self("A: b\n", .bareLineFeed),
        Self("A: b\rc", .bareCarriageReturn),
        Self("A: b\r\r", .bareCarriageReturn), Self("A:\n", .bareLineFeed), Self("A: \rX", .bareCarriageReturn),
        Self("A\n", .bareLineFeed),
        Self("A\r", .headerName), Self("A: b\r\n c", .foldedLine), Self("A: b\r\n\tc", .foldedLine),
        Self(" ", .foldedLine),
        Self(":", .headerName),
        Self("A ", .spaceBeforeColon), Self("A\t", .spaceBeforeColon), Self("A\u{0}", .controlByte),
        Self("\u{0}", .controlByte),
        Self("A\u{B}", .controlByte), Self("A\u{7F}", .headerName), Self("A\u{E9}", .headerName),
        Self("A(", .headerName),
        Self("A{", .headerName),
        Self("\"A", .headerName), Self("A: \u{0}", .controlByte), Self("A: b\u{0}", .controlByte),
        Self("A: b\u{1}", .controlByte),
        Self("A: b\u{7F}", .controlByte), Self("A: b\u{1B}", .controlByte), Self("A: b\u{B}", .controlByte),
        Self("A: b\u{C}", .controlByte),
    ]

    /// Header lines of a request, without the empty line.
    static let hosts: [RefusalRow] = [
        Self("", .hostMissing), Self("Accept: */*\r\n", .hostMissing), Self("Host: h\r\nHost: h\r\n", .hostTwice),
        Self("Host: h\r\nhOST: i\r\n", .hostTwice), Self("Host:\r\n", .host), Self("Host: \t\r\n", .host),
        Self("Host: a b\r\n", .host),
        Self("Host: a, b\r\n", .host), Self("Host: u@h\r\n", .host), Self("Host: h/\r\n", .host),
        Self("Host: h:x\r\n", .host),
        Self("Host: h:80:80\r\n", .host), Self("Host: :80\r\n", .host), Self("Host: h:123456\r\n", .host),
        Self("Host: ::1\r\n", .host),
        Self("Host: [::1\r\n", .host), Self("Host: []\r\n", .host), Self("Host: [g::]\r\n", .host),
        Self("Host: [::1]x\r\n", .host),
        Self("Host: a%zz\r\n", .host), Self("Host: a%2\r\n", .host), Self("Host: h\u{E9}\r\n", .host),
        Self("Host: http://h\r\n", .host),
        Self("Host: h\r\nExpect: cake\r\n", .expectation, 417),
        Self("Host: h\r\nExpect: 100-continue, cake\r\n", .expectation, 417),
    ]

    /// Header lines in addition to a Host.
    static let smuggling: [RefusalRow] = [
        Self("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", .bothLengths),
        Self("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", .bothLengths),
        Self("Transfer-Encoding: x\r\nContent-Length: 5\r\n", .bothLengths),
        Self("Content-Length: 5\r\nContent-Length: 6\r\n", .contentLengthTwice),
        Self("Content-Length: 5\r\ncontent-length: 5\r\n", .contentLengthTwice),
        Self("Content-Length: 5, 5\r\n", .contentLength),
        Self("Content-Length: 5,6\r\n", .contentLength), Self("Content-Length: +5\r\n", .contentLength),
        Self("Content-Length: -5\r\n", .contentLength),
        Self("Content-Length: -0\r\n", .contentLength), Self("Content-Length: 0x5\r\n", .contentLength),
        Self("Content-Length: 5.0\r\n", .contentLength),
        Self("Content-Length: 5e0\r\n", .contentLength), Self("Content-Length: 1 2\r\n", .contentLength),
        Self("Content-Length: \"5\"\r\n", .contentLength),
        Self("Content-Length:\r\n", .contentLength), Self("Content-Length: \t \r\n", .contentLength),
        Self("Content-Length: ,\r\n", .contentLength),
        Self("Content-Length: \u{661}\r\n", .contentLength), Self("Content-Length: five\r\n", .contentLength),
        Self("Content-Length: 99999999999999999999x\r\n", .contentLength),
        Self("Content-Length: 100000000000000000\r\n", .bodyTooLarge, 413),
        Self("Content-Length: 18446744073709551621\r\n", .bodyTooLarge, 413),
        Self("Content-Length : 5\r\n", .spaceBeforeColon),
        Self("Content-Length\t: 5\r\n", .spaceBeforeColon), Self("Transfer-Encoding : chunked\r\n", .spaceBeforeColon),
        Self("Transfer-Encoding: chunked, chunked\r\n", .chunkedTwice),
        Self("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .chunkedTwice),
        Self("Transfer-Encoding: chunked, identity\r\n", .chunkedNotLast),
        Self("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", .chunkedNotLast),
        Self("Transfer-Encoding: gzip\r\n", .chunkedNotLast), Self("Transfer-Encoding: identity\r\n", .chunkedNotLast),
        Self("Transfer-Encoding: xchunked\r\n", .chunkedNotLast),
        Self("Transfer-Encoding: gzip, chunked\r\n", .transferCodingNotSupported, 400),
        Self("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", .transferCodingNotSupported, 400),
        Self("Transfer-Encoding: x, Chunked\r\n", .transferCodingNotSupported, 400),
        Self("Transfer-Encoding:\r\n", .transferCoding),
        Self("Transfer-Encoding: chunked,\r\n", .transferCoding),
        Self("Transfer-Encoding: ,chunked\r\n", .transferCoding),
        Self("Transfer-Encoding: \"chunked\"\r\n", .transferCoding),
        Self("Transfer-Encoding: chunked;a=b\r\n", .transferCoding),
        Self("Transfer-Encoding: chunked chunked\r\n", .transferCoding),
        Self("Transfer-Encoding: chun ked\r\n", .transferCoding),
        Self("Transfer-Encoding: chunk\u{E9}d\r\n", .transferCoding),
        Self("Transfer-Encoding: \u{B}chunked\r\n", .controlByte),
        Self("Transfer-Encoding: chunked\u{0}\r\n", .controlByte),
        Self("Transfer-Encoding:\r\n chunked\r\n", .transferCoding),
        Self("X: y\r\n Transfer-Encoding: chunked\r\n", .foldedLine),
        Self("X: y\nTransfer-Encoding: chunked\r\n", .bareLineFeed),
        Self("X: y\rTransfer-Encoding: chunked\r\n", .bareCarriageReturn),
    ]
}
