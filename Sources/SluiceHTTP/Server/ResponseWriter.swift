internal import SluiceBase

/// Encodes answers (RFC 9112 §4). The version is always 1.1, for any version of the request (RFC 9110 §2.5).
package enum ResponseWriter {
    /// The `connection` header of an answer.
    package enum ConnectionOption: Sendable, Hashable {
        /// `connection: close`.
        case close
        /// The connection continues, which is the default of HTTP/1.1.
        case keepAlive
        /// `connection: keep-alive`, which an HTTP/1.0 sender needs.
        case keepAliveSaid

        /// The option for a sender of HTTP/1.`minorVersion`.
        package init(keepAlive: Bool, minorVersion: Int) {
            self = keepAlive ? (minorVersion == 0 ? .keepAliveSaid : .keepAlive) : .close
        }
    }

    /// Appends one answer.
    ///
    /// - Parameters:
    ///   - date: a whole header line with its line end, as in `HTTPDate`.
    ///   - toHeadMethod: the length is written, the body is not (RFC 9110 §9.3.2).
    package static func append(
        _ response: HTTPResponse, date: [UInt8], connection: ConnectionOption, toHeadMethod: Bool = false,
        to output: inout [UInt8]
    ) {
        // 192 bytes are enough for the usual head of an answer.
        output.reserveCapacity(output.count + response.body.count + 192)
        appendStart(response, date: date, to: &output)
        let mayHaveBody = response.status != 204 && response.status != 304
        // An answer of 204 must not have a length (RFC 9110 §8.6).
        if mayHaveBody { output.appendContentLength(response.body.count) }
        appendConnection(connection, to: &output)
        output.appendLineEnd()
        if mayHaveBody && !toHeadMethod { output.append(contentsOf: response.body) }
    }

    /// Appends the head of a streamed answer; only the status and the headers of the response are used.
    package static func appendHead(
        _ response: HTTPResponse, date: [UInt8], stream: StreamStart, to output: inout [UInt8]
    ) {
        appendStart(response, date: date, to: &output)
        if stream.isChunked { output.append(contentsOf: chunkedLine) }
        appendConnection(stream.connection, to: &output)
        output.appendLineEnd()
    }

    /// Appends a chunk (RFC 9112 §7.1); nothing for no bytes, because an empty chunk is the last one.
    package static func appendChunk(_ bytes: [UInt8], to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        output.append(contentsOf: String(bytes.count, radix: 16).utf8)
        output.appendLineEnd()
        output.append(contentsOf: bytes)
        output.appendLineEnd()
    }

    /// Appends the last chunk of a body, without trailers.
    package static func appendLastChunk(to output: inout [UInt8]) { output.append(contentsOf: lastChunk) }

    /// Appends the interim answer that makes a waiting sender send its body (RFC 9110 §15.2.1).
    package static func appendContinue(to output: inout [UInt8]) { output.append(contentsOf: continueAnswer) }

    @inline(__always)
    private static func appendStart(_ response: HTTPResponse, date: [UInt8], to output: inout [UInt8]) {
        appendStatusLine(response.status, to: &output)
        output.append(contentsOf: date)
        for (name, value) in response.headers where !ReservedFieldName.contains(name) {
            output.appendFieldLine(name: name, value: value)
        }
    }

    private static func appendStatusLine(_ status: Int, to output: inout [UInt8]) {
        precondition(status >= 200 && status <= 599, "An answer has a final status.")
        if status == 200 { return output.append(contentsOf: okLine) }
        output.append(contentsOf: version)
        output.appendDecimal(status)
        output.append(ASCII.space)
        output.append(contentsOf: StatusPhrase.text(status).utf8)
        output.appendLineEnd()
    }

    private static func appendConnection(_ option: ConnectionOption, to output: inout [UInt8]) {
        switch option {
        case .close: output.append(contentsOf: closeLine)
        case .keepAliveSaid: output.append(contentsOf: keepAliveLine)
        case .keepAlive: break
        }
    }

    private static let continueAnswer = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    private static let version = Array("HTTP/1.1 ".utf8)
    private static let okLine = Array("HTTP/1.1 200 OK\r\n".utf8)
    private static let chunkedLine = Array("transfer-encoding: chunked\r\n".utf8)
    private static let lastChunk = Array("0\r\n\r\n".utf8)
    private static let closeLine = Array("connection: close\r\n".utf8)
    private static let keepAliveLine = Array("connection: keep-alive\r\n".utf8)
}

/// The names of the status codes (RFC 9110 §15, RFC 6585).
package enum StatusPhrase {
    /// The name of a status, such as `Not Found`; empty for unknown ones, which a status line allows.
    package static func text(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

/// The `date` header line of answers, formatted once a second (RFC 9110 §6.6.1). Belongs to one event loop.
package struct HTTPDate: Sendable {
    /// `date: Sun, 06 Nov 1994 08:49:37 GMT` and its line end.
    package private(set) var line: [UInt8]
    private var second: Int64

    /// - Parameter wallMilliseconds: since 1970.
    package init(wallMilliseconds: Int64) {
        second = Self.second(of: wallMilliseconds)
        line = Self.format(second: second)
    }

    /// Formats the line again if the second has changed.
    package mutating func refresh(wallMilliseconds: Int64) {
        let now = Self.second(of: wallMilliseconds)
        guard now != second else { return }
        second = now
        line = Self.format(second: now)
    }

    /// Years outside 1970–9999 do not fit the format; the clock is clamped to them.
    private static func second(of milliseconds: Int64) -> Int64 { min(max(milliseconds / 1000, 0), 253_402_300_799) }

    private static func format(second: Int64) -> [UInt8] {
        Array("date: \(TimestampText.httpDate(milliseconds: second * 1000))\r\n".utf8)
    }
}
