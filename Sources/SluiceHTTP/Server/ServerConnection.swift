internal import SluiceBase
internal import SluiceNet

/// One sender's connection: the I/O for `ServerConnectionState`, which decides. Belongs to its event loop.
final class ServerConnection: EventHandler {
    typealias Action = ServerConnectionState.Action

    let peer: PeerAddress
    let ticket: ConnectionRegister.Ticket
    private(set) var standing: ConnectionRegister.Standing
    unowned let server: HTTPServerLoop
    private let service: any ConnectionService
    private let stream: Stream
    private(set) var source: SourceID?
    var state: ServerConnectionState
    /// Received and unprocessed bytes; starts with the first byte of the current request.
    var buffer: [UInt8] = []
    /// Bytes to send; the socket has accepted the first `written`.
    var output: [UInt8] = []
    private(set) var written = 0
    /// The current streamed answer.
    var streamedAnswer: StreamedAnswer?

    private var isHandshaking: Bool
    private var allowance = TurnAllowance()
    /// The action for the loop's next turn.
    private var postponed: Action?
    /// Whether the state waits for bytes; otherwise received data stays in the socket.
    var wantsBytes = false
    /// The events that epoll reports.
    private var interest: Readiness = .readable
    private(set) var isOpen = true
    private var isListedIdle = false
    private var deadline: Int64?
    /// While the server stops: the deadline for the first request of a connection without one, because it may already
    /// be in transit.
    private var firstRequestDeadline: Int64?

    /// Counts requests, so that an answer cannot reach the wrong one.
    private var sequence: UInt32 = 0
    var isHeadMethod = false
    /// The sender of the current request, according to the service; the peer until a head has been read.
    var sender: PeerAddress
    /// Reserved bytes of the memory budget.
    var reserved = 0
    /// The request's entry in the budget, while a part of it is missing or another thread reads it.
    var listing: IncompleteRequests.Ticket?
    /// Whether the service needs the bytes of the current request no longer.
    var isRequestRead = false
    /// Whether the budget gave the request's memory to another one.
    var isDropped = false
    private var reservedForOutput = 0
    /// Whether the sender closed the connection before its answer.
    var isSenderGone = false

    init(
        _ accepted: AcceptedSocket, _ ticket: ConnectionRegister.Ticket, stream: Stream, server: HTTPServerLoop,
        service: any ConnectionService
    ) {
        peer = accepted.peer
        sender = accepted.peer
        self.ticket = ticket
        standing = stream.isTLS ? .silent : .unverified
        self.stream = stream
        self.server = server
        self.service = service
        isHandshaking = stream.isTLS
        state = ServerConnectionState(limits: server.limits, needsHandshake: stream.isTLS, at: server.loop.now)
    }

    /// Registers with the loop and starts.
    func start() throws(SystemCallError) {
        source = try server.loop.add(self, descriptor: stream.descriptor, interest: interest)
        if !isHandshaking, ticket.isExempt { rise(to: .verified) }
        if server.isDraining { state.drainStarted() }
        wantsBytes = true
        if server.isClosingIdle { limitFirstRequest() }
        settle()
    }

    // MARK: - Events

    /// Clients without an accepted request wait for those that have one.
    var mayWait: Bool { standing != .verified }

    func becameReady(_ readiness: Readiness) {
        if readiness.contains(.failed) || readiness.contains(.hangUp) && !state.isLingering {
            hangUp()
        } else if isHandshaking {
            continueHandshake()
        } else if let action = postponed {
            postponed = nil
            perform(action)
            readBuffered()
        } else if streamedAnswer != nil {
            moveStream()
        } else if written < output.count {
            perform(flush())
            readBuffered()
        } else if wantsBytes {
            readMore()
        } else {
            // During a request, the next one, or the end of the connection, stays in the socket until the answer is
            // written.
            setInterest([])
        }
        settle()
    }

    func deadlinePassed() {
        deadline = nil
        if let limit = firstRequestDeadline, limit <= server.loop.now, isUnused { return close() }
        if isHandshaking, state.hasTimedOut(at: server.loop.now) {
            server.observer.handshakeFailed(TLSError("not complete in time", cause: .timeout), peer: peer)
        }
        fireAlarm()
        if let deadline = state.deadline, deadline <= server.loop.now {
            perform(state.deadlinePassed(at: server.loop.now))
        }
        settle()
    }

    private func continueHandshake() {
        let progress = stream.handshake()
        if standing == .silent, stream.hasCostlyHandshake { rise(to: .handshaking) }
        switch progress {
        case .moved:
            isHandshaking = false
            rise(to: ticket.isExempt ? .verified : .unverified)
            perform(state.handshakeCompleted(at: server.loop.now))
            if stream.hasBufferedBytes { readMore() }
        case .wantsRead: setInterest(.readable)
        case .wantsWrite: setInterest(.writable)
        case .ended: endHandshake(TLSError("the sender closed the connection", cause: .closed))
        case .failed(.system(let error)): endHandshake(TLSError(error.description, cause: .closed))
        case .failed(.tls(let error)): endHandshake(error)
        }
    }

    private func hangUp() {
        guard !isHandshaking else { return endHandshake(TLSError("the sender reset the connection", cause: .closed)) }
        perform(state.peerClosed())
    }

    private func endHandshake(_ error: TLSError) {
        server.observer.handshakeFailed(error, peer: peer)
        guard error.cause == .clearText else { return close() }
        isHandshaking = false
        perform(state.clearTextReceived())
    }

    private func rise(to next: ConnectionRegister.Standing) {
        server.moved(self, to: next)
        standing = next
    }

    func readMore() {
        // Each use of the unowned reference would retain it.
        let server = server
        while isOpen, wantsBytes {
            guard allowance.takeRead(in: server.loop.turnNumber) else { return continueNextTurn() }
            switch stream.read(into: &server.receiveBuffer) {
            case .moved(let count):
                guard take(count) else { return }
                allowance.read(count)
                // A read that did not fill the buffer emptied the socket: epoll will report more.
                if count < server.receiveBuffer.count, !stream.hasBufferedBytes { return }
            case .wantsRead: return setInterest(.readable)
            case .wantsWrite: return setInterest([.readable, .writable])
            case .ended: return perform(state.inputEnded())
            case .failed(let failure): return breakDown(failure)
            }
        }
    }

    private func breakDown(_ failure: StreamError) {
        if case .tls(let error) = failure, error.cause == .tooManyRecords {
            server.observer.handshakeFailed(error, peer: peer)
        }
        perform(state.peerClosed())
    }

    /// Continues in the loop's next turn, after its other connections.
    private func continueNextTurn() {
        if let source { server.loop.callAgain(source) }
    }

    private func postpone(_ action: Action) {
        postponed = action
        wantsBytes = false
        setInterest([])
        continueNextTurn()
    }

    /// Pipelined data may be buffered in the TLS session, which epoll does not report.
    func readBuffered() {
        if isOpen, wantsBytes, stream.hasBufferedBytes { readMore() }
    }

    /// - Returns: whether the connection continues.
    private func take(_ count: Int) -> Bool {
        if state.isLingering {
            if state.takeIdleRace() { server.observer.shed(.idleRace, peer: peer) }
            perform(state.discarded(count, at: server.loop.now))
        } else {
            appendReceived(count)
            perform(reserveForBuffer() ? state.received(&buffer, at: server.loop.now) : state.memoryExhausted(&buffer))
        }
        return isOpen
    }

    // MARK: - Actions

    func perform(_ action: Action?) {
        var next = action
        while let action = next, isOpen {
            if case .admit = action, !allowance.takeRequest(in: server.loop.turnNumber) { return postpone(action) }
            next = carryOut(action)
        }
    }

    /// - Returns: the next action; `nil` if the next event is awaited.
    private func carryOut(_ action: Action) -> Action? {
        wantsBytes = false
        switch action {
        case .read:
            if state.isIncomplete { listRequest() } else { unlistRequest() }
            wantsBytes = true
            if written == output.count { setInterest(.readable) }
            return nil
        case .wait: return nil
        case .admit(let head): return admit(head)
        case .sendContinue: return sendContinue()
        case .work(let head, let body):
            unlistRequest()
            return work(head, body)
        case .refuse(let code):
            unlistRequest()
            noteRefusal(code)
            return answer(
                with: ProblemDocument.response(
                    for: code, rule: state.fault?.rawValue, headers: RetryAfter.headers(for: code)))
        case .halfClose:
            stream.finishWriting()
            // Further data is discarded, so the memory is released immediately.
            releaseBuffer()
            wantsBytes = true
            setInterest(.readable)
            return nil
        case .detach:
            if let source { server.loop.unwatch(source) }
            return nil
        case .close:
            close()
            return nil
        }
    }

    private func admit(_ head: RequestHead) -> Action? {
        isHeadMethod = isHead(head)
        switch askService(head) {
        case .body(let limit): return state.admitted(bodyLimit: limit, &buffer, at: server.loop.now)
        case .refuse(let response):
            unlistRequest()
            return answer(with: response)
        }
    }

    private func isHead(_ head: RequestHead) -> Bool {
        let bytes = buffer
        return head.isHeadMethod(in: bytes.span)
    }

    private func askService(_ head: RequestHead) -> HeadVerdict {
        // A second reference, not a copy; released before the buffer changes.
        let bytes = buffer
        let span = bytes.span
        sender = service.sender(of: head.view(over: span, body: span.extracting(0..<0), peer: peer))
        return service.admit(head.view(over: span, body: span.extracting(0..<0), peer: sender))
    }

    /// Asks a waiting sender for its body.
    private func sendContinue() -> Action? {
        ResponseWriter.appendContinue(to: &output)
        // A socket that does not accept 25 bytes before an answer is broken.
        guard case .moved(output.count) = stream.write(output, from: 0) else { return .close }
        output.removeAll(keepingCapacity: true)
        return .read
    }

    private func work(_ head: RequestHead, _ body: Range<Int>) -> Action? {
        sequence &+= 1
        isRequestRead = false
        switch respond(head, body) {
        case .now(let response): return answer(with: response)
        case .later:
            if !isRequestRead { listRequest(isComplete: true) }
            return nil
        case .stream(let response, let tell): return beginStream(response, tell)
        case .drop:
            abort()
            return nil
        }
    }

    private func respond(_ head: RequestHead, _ body: Range<Int>) -> ServiceReply {
        guard let source else { return .drop }
        let exchange = ExchangeID(connection: source.packed, sequence: sequence)
        let bytes = buffer
        let span = bytes.span
        return service.respond(
            to: head.view(over: span, body: span.extracting(body), peer: sender), exchange: exchange)
    }

    /// The current request. The buffer does not change until it is answered.
    var sharedRequest: SharedRequest? {
        guard case .work(let head, let end) = state.phase, end >= head.length else { return nil }
        return head.shared(over: buffer, body: head.length..<end, peer: sender)
    }

    private func noteRefusal(_ code: ErrorCode) {
        let reason = isDropped ? Self.droppedReason : state.fault?.rawValue ?? code.title
        if !service.refused(code, reason: reason, peer: sender) {
            server.observer.refused(code, reason: reason, peer: sender)
        }
    }

    // MARK: - Answering

    /// Whether this connection still waits for the answer to that request.
    func awaits(_ exchange: ExchangeID) -> Bool { isOpen && exchange.sequence == sequence }

    /// Answers the current request.
    ///
    /// - Returns: `false` if the sender has closed the connection.
    func complete(with response: HTTPResponse) -> Bool {
        isSenderGone = false
        let next = answer(with: response)
        let isTaken = !isSenderGone
        perform(next)
        readBuffered()
        settle()
        return isTaken
    }

    private func answer(with response: HTTPResponse) -> Action? {
        isDropped = false
        unlistRequest()
        guard let connection = state.answerReady(available: buffer.count, at: server.loop.now) else {
            isSenderGone = true
            return .close
        }
        if standing == .unverified, response.status / 100 == 2, response.isForKnownSender { rise(to: .verified) }
        ResponseWriter.append(
            response, date: server.dateLine(), connection: connection, toHeadMethod: isHeadMethod, to: &output)
        isHeadMethod = false
        return flush()
    }

    func flush() -> Action? {
        switch writeOutput() {
        case .moved:
            // Behind a proxy, the next request may come from another sender.
            sender = peer
            return state.answerWritten(&buffer, at: server.loop.now)
        case .wantsWrite: return waitToWrite(.writable)
        case .wantsRead: return waitToWrite(.readable)
        case .ended, .failed:
            isSenderGone = true
            return .close
        }
    }

    /// Writes the pending output to the socket.
    ///
    /// - Returns: `.moved` if all of it was written.
    func writeOutput() -> StreamProgress {
        while written < output.count {
            let progress = stream.write(output, from: written)
            guard case .moved(let count) = progress else { return progress }
            written += count
        }
        output.removeAll(keepingCapacity: output.capacity <= Self.keptCapacity)
        written = 0
        releaseOutput()
        return .moved(0)
    }

    /// Removes what was written, so that an endless answer does not need endless memory.
    func dropWritten() {
        guard written >= output.count / 2 else { return }
        output.removeSubrange(..<written)
        written = 0
    }

    /// Output that the socket does not accept counts as memory in use.
    private func waitToWrite(_ readiness: Readiness) -> Action? {
        state.answerBlocked(&buffer)
        shrinkBuffer()
        if reservedForOutput == 0 {
            guard server.memory.reserve(output.count, for: .small) else { return .close }
            reservedForOutput = output.count
        }
        setInterest(readiness)
        return nil
    }

    private func releaseOutput() {
        guard reservedForOutput > 0 else { return }
        server.memory.release(reservedForOutput)
        reservedForOutput = 0
    }

    // MARK: - Ending

    /// Makes answers close the connection; a streamed one ends.
    func drain() {
        state.drainStarted()
        if streamedAnswer != nil { cutStream() }
    }

    /// Closes the connection if it has been answered and is waiting for nothing. One without any request gets a short
    /// time, because a sender whose connection closes without an answer may never retry.
    func closeIfIdle() {
        if isUnused { limitFirstRequest() }
        settle()
    }

    /// Whether no byte of a request has arrived on this connection.
    private var isUnused: Bool { sequence == 0 && (isHandshaking || state.isIdle) }

    private func limitFirstRequest() {
        firstRequestDeadline = server.loop.now + Self.firstRequestNanoseconds
    }

    /// Closes without an answer, with a reset.
    func abort() {
        stream.abort()
        close()
    }

    /// Writes what the socket accepts immediately, and closes.
    func breakOff(with bytes: [UInt8]) {
        _ = stream.write(bytes, from: 0)
        close()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        wantsBytes = false
        unlistRequest()
        release(downTo: 0)
        releaseOutput()
        server.forget(self)
        source = nil
        stream.close()
        streamIsOver()
    }

    // MARK: - Updates for the loop and the server

    /// Updates deadline, idle list and memory after an event.
    func settle() {
        if isOpen, server.isClosingIdle, !isHandshaking, state.isIdle, !isUnused {
            perform(state.idleEnded(at: server.loop.now))
        }
        guard isOpen, let source else { return }
        if !isUnused { firstRequestDeadline = nil }
        let wanted = earliestDeadline
        if wanted != deadline {
            deadline = wanted
            server.loop.setDeadline(deadline, for: source)
        }
        let isIdle = !isHandshaking && state.isIdle
        if isIdle { releaseBuffer() }
        guard isIdle != isListedIdle else { return }
        isListedIdle = isIdle
        if isIdle { server.noteIdle(source) } else { server.noteBusy(source) }
    }

    /// The earliest of the state's deadline, that of the first request during a stop, and the alarm of a stream.
    private var earliestDeadline: Int64? {
        guard firstRequestDeadline != nil || streamedAnswer != nil else { return state.deadline }
        let earliest = min(state.deadline ?? .max, firstRequestDeadline ?? .max, streamedAnswer?.alarm ?? .max)
        return earliest == .max ? nil : earliest
    }

    func setInterest(_ wanted: Readiness) {
        guard wanted != interest, let source else { return }
        interest = wanted
        server.loop.setInterest(wanted, for: source)
    }

    private static let firstRequestNanoseconds: Int64 = 1_000_000_000
    static let keptCapacity = 16 * 1024
}
