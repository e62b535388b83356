package import SluiceBase

/// Decides the next action of a server connection, without I/O. Events (past tense) go in, actions come out. The caller
/// has the socket, the timer and the buffer of received bytes, which starts with the first byte of the current request;
/// bytes of the next request stay in it until the answer is written.
///
/// Every event takes the monotonic time in nanoseconds, and may change `deadline`.
package struct ServerConnectionState: Sendable {
    /// The next action of the caller.
    package enum Action: Sendable {
        /// Wait for bytes; then `received`.
        case read
        /// Do not read: the service or a write is in progress. Pipelined data stays in the kernel's buffer.
        case wait
        /// Pass the head to the service; then `admitted`, or build the refusal and call `answerReady`.
        case admit(RequestHead)
        /// Send `100 Continue` and continue reading.
        case sendContinue
        /// Pass the request to the service; then, now or later, `answerReady`. The request ends with the body.
        case work(RequestHead, body: Range<Int>)
        /// Build the problem document of this code; then `answerReady`.
        case refuse(ErrorCode)
        /// Shut down the sending side, then read and discard.
        case halfClose
        /// Remove the socket from the event loop: its sender has closed it, but the service is still working.
        /// `answerReady` follows later.
        case detach
        /// Close the socket immediately.
        case close
    }

    enum Afterwards: Sendable { case nextRequest, close, linger }

    enum Phase: Sendable {
        case handshake
        /// No request is complete; `parser.hasBegun` tells whether one has started.
        case head
        case admission(RequestHead)
        case lengthBody(RequestHead, end: Int)
        case chunkedBody(RequestHead, ChunkedDecoder)
        case work(RequestHead, end: Int)
        /// As `work`, without a receiver for the answer.
        case detached
        case refusal
        /// A streamed answer is in progress.
        case streaming(RequestHead, end: Int)
        case writing(Afterwards, end: Int)
        case lingering(discarded: Int)
        case closed
    }

    let limits: HTTPLimits
    var parser: RequestParser
    var phase = Phase.head
    var deadlines: ConnectionDeadlines
    /// The size of the body when its rate was last checked.
    private var bodyAtCheck = 0
    private var peerHasEnded = false
    private var hasAnswered = false
    /// Whether the idle timeout has closed the connection, and nothing has arrived since.
    private var hasTimedOutIdle = false
    private(set) var isDraining = false
    /// The size of an incomplete body so far.
    var bodyReceived = 0

    /// - Parameter needsHandshake: whether TLS comes first; then `handshakeCompleted` is the first event.
    package init(limits: HTTPLimits, needsHandshake: Bool, at now: Int64) {
        self.limits = limits
        parser = RequestParser(limits: limits)
        deadlines = ConnectionDeadlines(limits: limits)
        if needsHandshake { phase = .handshake }
        deadlines.began(needsHandshake ? .handshake : .request, at: now)
    }

    /// When to call `deadlinePassed`, in monotonic nanoseconds; `nil` for never.
    package var deadline: Int64? { deadlines.deadline }

    /// Whether no request has started, so that the connection can be closed without a loss.
    package var isIdle: Bool {
        if case .head = phase { !parser.hasBegun } else { false }
    }

    /// Whether a request is incomplete.
    package var isIncomplete: Bool {
        switch phase {
        case .head: parser.hasBegun
        case .lengthBody, .chunkedBody: true
        case .handshake, .admission, .work, .detached, .refusal, .streaming, .writing, .lingering, .closed: false
        }
    }

    /// Whether received data is discarded.
    package var isLingering: Bool {
        if case .lingering = phase { true } else { false }
    }

    /// The length of the body, as announced or so far; 0 before the head is complete.
    package var bodyLength: Int {
        switch phase {
        case .lengthBody(let head, let end), .work(let head, let end): max(0, end - head.length)
        case .chunkedBody(_, let decoder): decoder.bodyEnd - decoder.bodyStart
        case .handshake, .head, .admission, .detached, .refusal, .streaming, .writing, .lingering, .closed: 0
        }
    }

    /// The capacity that a full buffer grows to. It doubles, but not beyond the end of the request. From 1 MiB on it is
    /// the space for the whole request: copying megabytes would delay the loop's other connections. The memory budget
    /// does not count that space, because pages that nothing was written to need no memory (`ProcessMemory.limitPools`
    /// gives such a buffer pages of its own).
    package func bufferCapacity(for count: Int, current: Int) -> Int {
        let whole: Int? =
            switch phase {
            case .lengthBody(_, let end): end
            case .chunkedBody(_, let decoder): decoder.bodyStart + decoder.bodyLimit
            case .handshake, .head, .admission, .work, .detached, .refusal, .streaming, .writing, .lingering, .closed:
                nil
            }
        let doubled = 2 * current
        return max(count, count < 1 << 20 ? min(doubled, whole ?? doubled) : whole ?? doubled)
    }

    /// The exact rule that was broken, after `refuse`, for the log.
    package private(set) var fault: MessageError?

    /// Answers close their connections from now on. The caller ends a streamed one.
    package mutating func drainStarted() { isDraining = true }

    /// The TLS handshake is complete.
    package mutating func handshakeCompleted(at now: Int64) -> Action {
        phase = .head
        deadlines.began(.request, at: now)
        return .read
    }

    /// Text arrived instead of a TLS handshake, and is answered with text.
    package mutating func clearTextReceived() -> Action {
        guard case .handshake = phase else { preconditionFailure("Clear text comes in place of a handshake.") }
        return refuse(.httpsRequired)
    }

    /// Whether the current wait has expired.
    package func hasTimedOut(at now: Int64) -> Bool { deadlines.expired(at: now) != nil }

    /// Bytes were appended to the buffer.
    package mutating func received(_ buffer: inout [UInt8], at now: Int64) -> Action {
        switch phase {
        case .head: return parseHead(buffer.span, at: now)
        case .lengthBody(let head, let end): return continueBody(head, end: end, available: buffer.count, at: now)
        case .chunkedBody(let head, let decoder): return decode(head, with: decoder, &buffer, at: now)
        case .lingering:
            defer { buffer.removeAll() }
            return discarded(buffer.count, at: now)
        case .streaming(_, let end): return hold(behindStream: buffer.count - end)
        case .handshake, .admission, .work, .detached, .refusal, .writing: return .wait
        case .closed: return .close
        }
    }

    /// The memory budget has no room for bytes that were appended to the buffer, or has given the request's memory to
    /// another one.
    package mutating func memoryExhausted(_ buffer: inout [UInt8]) -> Action {
        switch phase {
        case .head, .lengthBody, .chunkedBody:
            buffer = []
            return refuse(.memoryFull)
        case .streaming: return close()
        case .lingering: return .read
        case .handshake, .admission, .work, .detached, .refusal, .writing: return .wait
        case .closed: return .close
        }
    }

    /// The service accepts the request, with a body up to `bodyLimit` bytes.
    package mutating func admitted(bodyLimit: Int, _ buffer: inout [UInt8], at now: Int64) -> Action {
        guard case .admission(let head) = phase else { preconditionFailure("Admission answers the action admit.") }
        bodyAtCheck = 0
        let hasBodyBytes = buffer.count > head.length
        let action: Action
        switch head.framing {
        case .none, .untilClose: action = continueBody(head, end: head.length, available: buffer.count, at: now)
        case .length(let count):
            guard count <= bodyLimit else { return refuse(.bodyTooLarge, .bodyTooLarge) }
            action = continueBody(head, end: head.length + count, available: buffer.count, at: now)
        case .chunked:
            let decoder = ChunkedDecoder(bodyStart: head.length, bodyLimit: bodyLimit, limits: limits)
            action = decode(head, with: decoder, &buffer, at: now)
        }
        // A sender that has already sent a part of the body is not waiting (RFC 9110 §10.1.1).
        if case .read = action, head.expectsContinue, !hasBodyBytes { return .sendContinue }
        return action
    }

    /// An answer will be written now. Returns its `connection` header; `nil` if the sender has closed the connection,
    /// which the caller then releases.
    ///
    /// - Parameter available: the number of bytes in the buffer.
    package mutating func answerReady(available: Int, at now: Int64) -> ResponseWriter.ConnectionOption? {
        switch phase {
        case .detached, .closed:
            phase = .closed
            return nil
        case .work(let head, let end): return answer(head, end: end, at: now)
        case .admission(let head):
            let end = head.end
            guard let end, available >= end else { return answer(then: .linger, at: now) }
            return answer(head, end: end, at: now)
        case .refusal: return answer(then: .linger, at: now)
        case .handshake, .head, .lengthBody, .chunkedBody, .streaming, .writing, .lingering:
            preconditionFailure("An answer follows the actions admit, work and refuse.")
        }
    }

    /// The whole answer was sent. Removes the request from the buffer and starts the next one in it.
    package mutating func answerWritten(_ buffer: inout [UInt8], at now: Int64) -> Action {
        guard case .writing(let afterwards, let end) = phase else {
            preconditionFailure("An answer is written when it was ready.")
        }
        hasAnswered = true
        switch afterwards {
        case .nextRequest where !peerHasEnded || buffer.count > end:
            phase = .head
            Self.remove(end, from: &buffer)
            parser.startNextRequest()
            deadlines.began(.request, at: now)
            return parseHead(buffer.span, at: now)
        case .nextRequest, .close, .linger:
            buffer.removeAll()
            return linger(at: now)
        }
    }

    /// The service has read the current request and will answer later. Removes the request from the buffer.
    package mutating func requestRead(_ buffer: inout [UInt8]) {
        switch phase {
        case .work(let head, let end):
            Self.remove(end, from: &buffer)
            phase = .work(head, end: 0)
        case .detached: buffer = []
        default: break
        }
    }

    /// The socket does not accept the answer immediately. Removes the request, which is no longer needed, from the
    /// buffer.
    package mutating func answerBlocked(_ buffer: inout [UInt8]) {
        guard case .writing(let afterwards, let end) = phase else { return }
        switch afterwards {
        case .nextRequest: Self.remove(end, from: &buffer)
        case .close, .linger: buffer.removeAll()
        }
        phase = .writing(afterwards, end: 0)
    }

    /// Removes the request from the buffer. While another thread reads a large body, the array would copy all of it to
    /// remove a part, so only the rest is copied.
    private static func remove(_ end: Int, from buffer: inout [UInt8]) {
        if buffer.count <= ServerConnection.keptCapacity {
            buffer.removeSubrange(0..<end)
        } else {
            buffer = Array(buffer[end...])
        }
    }

    /// The connection is closed while it is idle. The last answer may still be in transit.
    package mutating func idleEnded(at now: Int64) -> Action { hasAnswered ? linger(at: now) : close() }

    /// Whether discarded bytes are the first ones after the idle timeout has closed the connection: a request whose
    /// sender did not know that yet.
    package mutating func takeIdleRace() -> Bool {
        defer { hasTimedOutIdle = false }
        return hasTimedOutIdle
    }

    /// Closing with unread bytes resets the connection, and may lose the answer that was just written (RFC 9112 §9.6):
    /// a blank line after a body or the end of TLS is enough. So the sending side is closed first.
    private mutating func linger(at now: Int64) -> Action {
        guard !peerHasEnded else { return close() }
        phase = .lingering(discarded: 0)
        deadlines.began(.linger, at: now)
        return .halfClose
    }

    /// The other side will send no more. It may still read: a sender that shuts down its side waits for the answer.
    package mutating func inputEnded() -> Action {
        peerHasEnded = true
        switch phase {
        case .admission, .work, .detached, .refusal, .writing: return .wait
        case .handshake, .head, .lengthBody, .chunkedBody, .streaming, .lingering, .closed: return close()
        }
    }

    /// The connection is closed in both directions, by a hang-up or an error. The service continues.
    package mutating func peerClosed() -> Action {
        switch phase {
        case .work, .detached:
            phase = .detached
            deadlines.ended()
            return .detach
        case .handshake, .head, .admission, .lengthBody, .chunkedBody, .refusal, .streaming, .writing, .lingering,
            .closed:
            return close()
        }
    }

    /// `deadline` has passed.
    package mutating func deadlinePassed(at now: Int64) -> Action {
        switch deadlines.expired(at: now) {
        case .head: return refuse(.headTimeout)
        case .body: return checkBody(at: now)
        case .request:
            hasTimedOutIdle = true
            return idleEnded(at: now)
        case .handshake, .write, .linger: return close()
        case nil: return .wait
        }
    }

    /// A large body must keep arriving, or its memory is given to another sender.
    private mutating func checkBody(at now: Int64) -> Action {
        guard deadlines.isCheck(at: now) else { return refuse(.bodyTimeout) }
        let received = bodyReceived
        let wanted = limits.bodyRate * Int(limits.bodyRateInterval.wholeMilliseconds) / 1000
        let isSmall = MemoryBudget.RequestSize(bodyBytes: bodyLength) == .small
        guard isSmall || received - bodyAtCheck >= wanted else { return refuse(.bodyTimeout, .bodyTooSlow) }
        bodyAtCheck = received
        deadlines.extend(at: now)
        return .read
    }

    mutating func refuse(_ code: ErrorCode, _ fault: MessageError? = nil) -> Action {
        self.fault = fault
        phase = .refusal
        bodyReceived = 0
        deadlines.ended()
        return .refuse(code)
    }

    /// More bytes are needed, unless the other side has ended.
    mutating func awaitBytes() -> Action { peerHasEnded ? close() : .read }

    mutating func close() -> Action {
        phase = .closed
        deadlines.ended()
        return .close
    }

    /// The answer to the request will be written now, and the request removed from the buffer afterwards.
    mutating func answer(_ head: RequestHead, end: Int, at now: Int64) -> ResponseWriter.ConnectionOption {
        let keepAlive = head.keepAlive && !isDraining
        phase = .writing(keepAlive ? .nextRequest : .close, end: end)
        deadlines.began(.write, at: now)
        return ResponseWriter.ConnectionOption(keepAlive: keepAlive, minorVersion: head.minorVersion)
    }

    private mutating func answer(then afterwards: Afterwards, at now: Int64) -> ResponseWriter.ConnectionOption {
        phase = .writing(afterwards, end: 0)
        deadlines.began(.write, at: now)
        return .close
    }
}
