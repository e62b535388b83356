/// A streamed answer. It ends if its receiver shuts down its side of the connection.
extension ServerConnectionState {
    /// Whether a streamed answer is in progress.
    package var isStreaming: Bool {
        if case .streaming = phase { true } else { false }
    }

    /// The head of a streamed answer will be written now, instead of `answerReady`.
    ///
    /// - Returns: the length and connection headers; `nil` if the sender has closed the connection, which the caller
    ///   then releases.
    package mutating func streamReady() -> StreamStart? {
        switch phase {
        case .detached, .closed:
            phase = .closed
            return nil
        case .work(let head, let end):
            phase = .streaming(head, end: end)
            let isChunked = head.minorVersion > 0
            let keepAlive = isChunked && head.keepAlive && !isDraining
            return StreamStart(isChunked: isChunked, connection: keepAlive ? .keepAlive : .close)
        case .handshake, .head, .admission, .lengthBody, .chunkedBody, .refusal, .streaming, .writing, .lingering:
            preconditionFailure("A streamed answer follows the action work.")
        }
    }

    /// The socket did not accept all data. The receiver has the time of a whole answer to accept it.
    package mutating func streamBlocked(at now: Int64) {
        if isStreaming { deadlines.began(.write, at: now) }
    }

    /// The socket has accepted all data so far; more may follow.
    package mutating func streamWritten() {
        if isStreaming { deadlines.ended() }
    }

    /// The last bytes of the stream will be written now; then `answerWritten`.
    package mutating func streamEnded(at now: Int64) {
        guard case .streaming(let head, let end) = phase else { preconditionFailure("A stream ends once.") }
        _ = answer(head, end: end, at: now)
        // An HTTP/1.0 receiver sees the end of the stream only by the end of the connection.
        if head.minorVersion == 0 { phase = .writing(.close, end: end) }
    }

    /// A small amount of data after the request of a stream waits for the end of the stream.
    mutating func hold(behindStream count: Int) -> Action { count <= limits.headBytes ? .read : close() }
}

/// The head of a streamed answer.
package struct StreamStart: Sendable, Hashable {
    /// Whether the body is chunked (RFC 9112 §7.1); otherwise it ends with the connection.
    package let isChunked: Bool
    /// The `connection` header.
    package let connection: ResponseWriter.ConnectionOption

    package init(isChunked: Bool, connection: ResponseWriter.ConnectionOption) {
        self.isChunked = isChunked
        self.connection = connection
    }
}
