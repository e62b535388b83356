internal import SluiceBase
internal import SluiceNet

/// An answer whose bytes come over time, and whom to tell what becomes of it.
struct StreamedAnswer {
    /// Whether the pieces go as chunks, behind which there is a last one.
    let isChunked: Bool
    let tell: (StreamEvent) -> Void
    /// When the service wants to be woken, in monotonic nanoseconds.
    var alarm: Int64?
    /// How many bytes the receiver has to take until the deadline: what was waiting when it was set.
    var due = 0
}

/// Streamed answers.
extension ServerConnection {
    /// Whether another piece is taken.
    var hasRoom: Bool { streamedAnswer != nil && output.count - written < server.limits.streamBytes }

    /// Sends the head and what there is of the body, and lets the service go on.
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
        // The service may have ended it already, and the connection have gone on.
        return streamedAnswer == nil ? nil : .read
    }

    /// Sends a piece, or keeps it until the socket takes it.
    ///
    /// - Returns: whether there is room for another one.
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

    /// Says the end of the stream, for its service.
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

    /// Ends the stream without its service having wanted it.
    func cutStream() {
        let tell = streamedAnswer?.tell
        endStream()
        tell?(.over)
    }

    /// The connection has closed under the stream.
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

    func ringAlarm() {
        guard let alarm = streamedAnswer?.alarm, alarm <= server.loop.now else { return }
        streamedAnswer?.alarm = nil
        wakeStream()
    }

    /// The socket has something for a stream, or takes something of it. What arrives is no answer's concern but shows
    /// whether the sender is still there.
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

    /// The write timeout restarts whenever what was waiting at its beginning is gone, so that it falls on a receiver
    /// that does not read and not on one that has always something left to read.
    private func limitWriting(left: Int) {
        guard let answer = streamedAnswer else { return }
        if answer.due <= 0 {
            state.streamWritten()
            streamedAnswer?.due = left
        }
        if left > 0 { state.streamBlocked(at: server.loop.now) }
    }
}
