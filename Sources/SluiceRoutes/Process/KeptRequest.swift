internal import SluiceBase

/// The bytes of a request that a dead letter keeps: an HTTP/1.1 message without what lets its reader in.
enum KeptRequest {
    private static let host: HeaderName = "host"

    /// Request line, header lines without credentials, an empty line, and the body with its chunk framing undone.
    static func bytes(of request: borrowing RequestView, without credentials: Set<HeaderName>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(request.body.count + 2048)
        bytes.append(request.method)
        bytes.append(ASCII.space)
        bytes.append(request.target)
        // Without a host it came as HTTP/1.0, and only as such can it be read again (RFC 9112 §3.2).
        bytes += Array((request.headers.firstIndex(of: host) == nil ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n").utf8)
        for index in 0..<request.headers.count {
            let name = request.headers.name(at: index)
            if credentials.contains(where: { $0.matches(name) }) { continue }
            bytes.append(name)
            bytes += Array(": ".utf8)
            bytes.append(request.headers.value(at: index))
            bytes += Array("\r\n".utf8)
        }
        bytes += Array("\r\n".utf8)
        bytes.append(request.body)
        return bytes
    }
}
