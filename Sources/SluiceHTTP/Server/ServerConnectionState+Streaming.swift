/// An answer whose bytes come over time. Its sender is watched meanwhile: one that closes its side has gone, for it was
/// here to receive.
extension ServerConnectionState {
    /// Whether a streamed answer is under way.
    package var isStreaming: Bool {
        if case .streaming = phase { true } else { false }
    }

    /// The head of a streamed answer is about to be written, in place of `answerReady`.
    ///
    /// - Returns: what it says about its length and the connection; nil when nobody is there to read it and the shell
    ///   forgets the connection.
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

    /// The socket did not take all that there is to send. The receiver has the time of a whole answer to take it.
    package mutating func streamBlocked(at now: Int64) {
        if isStreaming { deadlines.began(.write, at: now) }
    }

    /// The socket has taken all that there was to send; more may come.
    package mutating func streamWritten() {
        if isStreaming { deadlines.ended() }
    }

    /// The last bytes of the stream are about to be written; then `answerWritten`.
    package mutating func streamEnded(at now: Int64) {
        guard case .streaming(let head, let end) = phase else { preconditionFailure("A stream ends once.") }
        _ = answer(head, end: end, at: now)
        // Only the end of the connection tells the receiver of an older version that the stream is over.
        if head.minorVersion == 0 { phase = .writing(.close, end: end) }
    }

    /// What is sent behind the request of a stream waits for its end, as long as it is not much.
    mutating func hold(behindStream count: Int) -> Action { count <= limits.headBytes ? .read : close() }
}

/// What the head of a streamed answer says.
package struct StreamStart: Sendable, Hashable {
    /// Whether the body goes in chunks (RFC 9112 §7.1); else the connection's end is its end.
    package let isChunked: Bool
    /// What it says about the connection.
    package let connection: ResponseWriter.ConnectionOption

    package init(isChunked: Bool, connection: ResponseWriter.ConnectionOption) {
        self.isChunked = isChunked
        self.connection = connection
    }
}
