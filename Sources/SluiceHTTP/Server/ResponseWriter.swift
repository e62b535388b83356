internal import SluiceBase

/// Turns answers into bytes (RFC 9112 §4). The version is always 1.1, whatever the request had (RFC 9110 §2.5).
package enum ResponseWriter {
    /// What the answer says about the connection.
    package enum ConnectionOption: Sendable, Hashable {
        /// `connection: close`.
        case close
        /// The connection goes on, which an HTTP/1.1 sender takes for granted.
        case keepAlive
        /// The connection goes on, which an HTTP/1.0 sender must be told.
        case keepAliveSaid

        /// What to say to a sender of HTTP/1.`minorVersion`.
        package init(keepAlive: Bool, minorVersion: Int) {
            self = keepAlive ? (minorVersion == 0 ? .keepAliveSaid : .keepAlive) : .close
        }
    }

    /// Appends one answer.
    ///
    /// - Parameters:
    ///   - date: a whole header line with its line end, as `HTTPDate` keeps it.
    ///   - toHeadMethod: the length is written, the body is not (RFC 9110 §9.3.2).
    package static func append(
        _ response: HTTPResponse, date: [UInt8], connection: ConnectionOption, toHeadMethod: Bool = false, to output: inout [UInt8]
    ) {
        // 192 bytes hold what an answer of ours has in its head.
        output.reserveCapacity(output.count + response.body.count + 192)
        appendStatusLine(response.status, to: &output)
        output.append(contentsOf: date)
        for (name, value) in response.headers where !ReservedFieldName.contains(name) {
            output.appendFieldLine(name: name, value: value)
        }
        let mayHaveBody = response.status != 204 && response.status != 304
        // An answer of 204 must not say a length (RFC 9110 §8.6).
        if mayHaveBody { output.appendContentLength(response.body.count) }
        appendConnection(connection, to: &output)
        output.appendLineEnd()
        if mayHaveBody && !toHeadMethod { output.append(contentsOf: response.body) }
    }

    /// Appends the interim answer that makes a waiting sender send its body (RFC 9110 §15.2.1).
    package static func appendContinue(to output: inout [UInt8]) { output.append(contentsOf: continueAnswer) }

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
    private static let closeLine = Array("connection: close\r\n".utf8)
    private static let keepAliveLine = Array("connection: keep-alive\r\n".utf8)
}
