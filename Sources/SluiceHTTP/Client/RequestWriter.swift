internal import SluiceBase

/// Encodes requests of the client (RFC 9112 §3).
package enum RequestWriter {
    /// Appends the head of a request; the body follows unchanged.
    ///
    /// - Parameters:
    ///   - method: a token.
    ///   - target: path and query, ASCII; bytes that a request line cannot contain are percent-encoded, so that they
    ///     cannot end it.
    ///   - host: `host[:port]`, as in the URL.
    ///   - headers: in addition to host, length and connection, which this writer sets.
    ///   - bodyCount: in bytes.
    ///   - closes: whether the server should close the connection after its answer.
    package static func appendHead(
        method: String, target: String, host: String, headers: [(name: String, value: String)], bodyCount: Int,
        closes: Bool = false,
        to output: inout [UInt8]
    ) {
        precondition(!method.isEmpty && method.utf8.allSatisfy(Grammar.isToken), "A method is a token.")
        output.append(contentsOf: method.utf8)
        output.append(ASCII.space)
        appendTarget(target, to: &output)
        output.append(contentsOf: version)
        output.appendFieldLine(name: "host", value: host)
        for (name, value) in headers where !ReservedFieldName.contains(name) && name.lowercased() != "host" {
            output.appendFieldLine(name: name, value: value)
        }
        // Without a length, a server may wait for the body of a POST without one (RFC 9110 §8.6).
        if bodyCount > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
            output.appendContentLength(bodyCount)
        }
        if closes { output.appendFieldLine(name: "connection", value: "close") }
        output.appendLineEnd()
    }

    private static func appendTarget(_ target: String, to output: inout [UInt8]) {
        if target.utf8.first != UInt8(ascii: "/") { output.append(UInt8(ascii: "/")) }
        for byte in target.utf8 {
            if Grammar.isTarget(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(hexDigits[Int(byte >> 4)])
                output.append(hexDigits[Int(byte & 15)])
            }
        }
    }

    private static let version = Array(" HTTP/1.1\r\n".utf8)
    private static let hexDigits = Array("0123456789ABCDEF".utf8)
}
