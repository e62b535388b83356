import TestSupport

/// One connection to a queue, on a thread that may block: sends what the test likes and reads answers one by one.
final class QueueConnection {
    let socket: RawSocket
    private var received: [UInt8] = []
    /// What the chunks of a streamed answer held.
    private var streamed: [UInt8] = []

    init(_ address: QueueAddress) throws { socket = try RawSocket(port: address.port, address: address.host) }

    /// Sends a request and reads its answer.
    func exchange(_ request: QueueRequest) throws -> QueueAnswer {
        try socket.send(request.bytes)
        return try answer(hasBody: request.method != "HEAD")
    }

    /// The next answer; of a streamed one the head.
    func answer(hasBody: Bool = true) throws -> QueueAnswer {
        while true {
            if let head = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                return try answer(behind: head, hasBody: hasBody)
            }
            try receive()
        }
    }

    private func answer(behind end: Range<Int>, hasBody: Bool) throws -> QueueAnswer {
        var lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let status = lines.removeFirst().split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (
                name: parts[0].lowercased(),
                value: String(parts.dropFirst().first ?? "").trimmingPrefix(" ").description
            )
        }
        let length = hasBody ? headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0 : 0
        while received.count < end.upperBound + length { try receive() }
        let body = Array(received[end.upperBound..<(end.upperBound + length)])
        received.removeSubrange(..<(end.upperBound + length))
        return QueueAnswer(status: status, headers: headers, body: body)
    }

    /// The next line of a streamed answer, without its end.
    func line() throws -> String {
        while true {
            if let end = streamed.firstIndex(of: UInt8(ascii: "\n")) {
                defer { streamed.removeSubrange(...end) }
                return String(decoding: streamed[..<end], as: UTF8.self)
            }
            try receiveChunk()
        }
    }

    private func receiveChunk() throws {
        while true {
            if let end = received.firstRange(of: Array("\r\n".utf8)) {
                guard let size = Int(String(decoding: received[..<end.lowerBound], as: UTF8.self), radix: 16), size > 0
                else {
                    throw RawSocket.Failure(description: "the stream has ended")
                }
                if received.count >= end.upperBound + size + 2 {
                    streamed += received[end.upperBound..<(end.upperBound + size)]
                    return received.removeSubrange(..<(end.upperBound + size + 2))
                }
            }
            try receive()
        }
    }

    private func receive() throws {
        let more = try socket.receive()
        guard !more.isEmpty else {
            throw RawSocket.Failure(
                description: "closed; there was '\(String(decoding: received.prefix(2000), as: UTF8.self))'")
        }
        received += more
    }
}

/// One request as it goes over the wire.
struct QueueRequest: Sendable {
    var method: String
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    var bytes: [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nhost: queue\r\n"
        if method == "POST" { head += "content-length: \(body.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}

/// One answer as it came.
struct QueueAnswer: Sendable {
    let status: Int
    /// Names in lower case.
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
    /// Status and body on one line.
    var line: String { "\(status) \(text)" }
}

/// Where a queue listens.
struct QueueAddress: Sendable {
    /// IPv4, the first byte highest.
    var host: UInt32 = RawSocket.loopback
    var port: UInt16

    init(port: UInt16) { self.port = port }

    /// Reads `http://127.0.0.1:7890`; `localhost` is understood, other names and HTTPS are not.
    init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let parts = url.dropFirst("http://".count).prefix { $0 != "/" }.split(separator: ":")
        guard let name = parts.first, let port = UInt16(parts.dropFirst().first ?? "80") else { return nil }
        self.port = port
        guard name != "localhost" else { return }
        let numbers = name.split(separator: ".").compactMap { UInt8($0) }
        guard numbers.count == 4 else { return nil }
        host = numbers.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
