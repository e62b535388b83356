internal import SluiceBase
internal import SluiceNet

/// A streamed answer, with the handler of its events.
struct StreamedAnswer {
    /// Whether the body is chunked, and so needs a last chunk.
    let isChunked: Bool
    let tell: (StreamEvent) -> Void
    /// When to wake the service, in monotonic nanoseconds.
    var alarm: Int64?
    /// The number of bytes that the receiver has to accept before the deadline: those that were waiting when it was
    /// set.
    var due = 0
}

/// Streamed answers.
extension ServerConnection {
    /// Whether there is room for another piece.
    var hasRoom: Bool { streamedAnswer != nil && output.count - written < server.limits.streamBytes }

    /// Sends the head and the available part of the body, and wakes the service.
    func beginStream(_ response: HTTPResponse, _ tell: @escaping (StreamEvent) -> Void) -> Action? {
        guard let start = state.streamReady() else {
            tell(.over)
            return .close
        }
        let hasBody = !isHeadMethod
        isHeadMethod = false
        streamedAnswer = StreamedAnswer(isChunked: start.isChunked && hasBody, tell: tell)
        ResponseWriter.appendHead(response, date: server.dateLine(), stream: start, to: &output)
        if !hasBody || server.isDraining {
            cutStream()
        } else {
            append(response.body)
            moveOutput()
            streamedAnswer?.tell(.wake)
        }
        // The service may already have ended it, and the connection may have continued.
        return streamedAnswer == nil ? nil : .read
    }

    /// Sends a piece, or keeps it until the socket accepts it.
    ///
    /// - Returns: whether there is room for another piece.
    func send(_ bytes: [UInt8]) -> Bool {
        guard streamedAnswer != nil else { return false }
        guard hasRoom else {
            close()
            return false
        }
        append(bytes)
        moveOutput()
        settle()
        return hasRoom
    }

    /// Ends the stream for its service.
    func endStream() {
        guard let answer = streamedAnswer else { return }
        streamedAnswer = nil
        wantsBytes = false
        if answer.isChunked { ResponseWriter.appendLastChunk(to: &output) }
        state.streamEnded(at: server.loop.now)
        perform(flush())
        readBuffered()
        settle()
    }

    /// Ends the stream without its service.
    func cutStream() {
        let tell = streamedAnswer?.tell
        endStream()
        tell?(.over)
    }

    /// Handles that the connection has closed during the stream.
    func streamIsOver() {
        guard let tell = streamedAnswer?.tell else { return }
        streamedAnswer = nil
        tell(.over)
    }

    func wakeStream() { streamedAnswer?.tell(.wake) }

    func setAlarm(at time: Int64?) {
        streamedAnswer?.alarm = time
        settle()
    }

    func fireAlarm() {
        guard let alarm = streamedAnswer?.alarm, alarm <= server.loop.now else { return }
        streamedAnswer?.alarm = nil
        wakeStream()
    }

    /// Handles that the socket is readable or writable during a stream. Received bytes are not used, but show whether
    /// the sender is still connected.
    func moveStream() {
        if wantsBytes { readMore() }
        guard streamedAnswer != nil, written < output.count else { return }
        moveOutput()
        if output.isEmpty { wakeStream() }
    }

    private func append(_ bytes: [UInt8]) {
        if streamedAnswer?.isChunked == true {
            ResponseWriter.appendChunk(bytes, to: &output)
        } else {
            output.append(contentsOf: bytes)
        }
    }

    private func moveOutput() {
        dropWritten()
        let before = output.count - written
        switch writeOutput() {
        case .moved: setInterest(.readable)
        case .wantsWrite: setInterest([.readable, .writable])
        case .wantsRead: setInterest(.readable)
        case .ended, .failed: return close()
        }
        let left = output.count - written
        streamedAnswer?.due -= before - left
        limitWriting(left: left)
    }

    /// The write timeout restarts when the bytes that were waiting at its start have been sent, so that it applies to a
    /// receiver that does not read, and not to one with a steady backlog.
    private func limitWriting(left: Int) {
        guard let answer = streamedAnswer else { return }
        if answer.due <= 0 {
            state.streamWritten()
            streamedAnswer?.due = left
        }
        if left > 0 { state.streamBlocked(at: server.loop.now) }
    }
}
