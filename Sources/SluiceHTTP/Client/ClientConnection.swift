internal import SluiceBase
internal import SluiceNet

/// One connection of a client: resolves, connects, completes the TLS handshake, and then carries one request at a time.
/// Belongs to its event loop.
final class ClientConnection: EventHandler {
    private enum Phase {
        case resolving, connecting, handshaking, exchanging
        /// The head of a streamed answer has been read, and its body is arriving.
        case streaming
        case idle, closed
    }

    private unowned let pool: ClientPool
    private var phase = Phase.resolving
    private var stream: Stream?
    private var source: SourceID?
    /// Addresses that were not tried yet, in order.
    private var addresses: ArraySlice<SocketAddress> = []
    private var connectDeadline: Int64 = 0
    private var lastFailure = "no address"

    private var pending: PendingRequest?
    private var exchangeDeadline: Int64 = 0
    private var isFirstExchange = true
    private var head: [UInt8] = []
    private var headSent = 0
    private var bodySent = 0
    private var isWriteWaitingForRead = false
    private var parser: ResponseParser?
    private var received: [UInt8] = []
    private var receiveBuffer: [UInt8] = []
    private let streaming: PendingRequest.StreamedBody?
    /// Whether reading is paused until the reader of a streamed body has caught up.
    private var isPaused = false

    init(pool: ClientPool, first: PendingRequest) {
        self.pool = pool
        pending = first
        streaming = first.streaming
    }

    /// Whether it carries a streamed answer, which is then its only one.
    var isStreaming: Bool { streaming != nil }

    func isServing(_ id: UInt64) -> Bool { pending?.id == id }

    // MARK: - Opening

    /// Resolves the server's name and connects.
    func open(_ resolver: Resolver) {
        connectDeadline = pool.loop.now + pool.configuration.connectTimeout.wholeNanoseconds
        do throws(SystemCallError) {
            // Without a descriptor, the registration only has the deadline.
            source = try pool.loop.add(self, descriptor: -1, interest: [])
        } catch {
            return fail(.connect, "\(error)")
        }
        setDeadline(connectDeadline)
        switch pool.configuration.endpoint {
        case .unix(let path): connect(to: [.unix(path: path)])
        case .host(let host, let port): resolve(host, port: port, resolver)
        }
    }

    private func resolve(_ host: String, port: UInt16, _ resolver: Resolver) {
        let identity = ObjectIdentifier(self)
        let post = pool.poster()
        resolver.resolve(host: host, port: port) { result in
            post { pool in pool.connection(identity)?.resolved(result) }
        }
    }

    private func resolved(_ result: Result<[SocketAddress], Resolver.LookUpError>) {
        guard phase == .resolving else { return }
        switch result {
        case .success(let addresses): connect(toAllowed: addresses)
        case .failure(let failure): fail(.resolve, "cannot resolve \(failure)")
        }
    }

    private func connect(toAllowed addresses: [SocketAddress]) {
        guard let isAllowed = pool.configuration.isAllowed else { return connect(to: addresses) }
        let allowed = addresses.filter { if case .inet(let peer) = $0 { isAllowed(peer) } else { false } }
        guard !allowed.isEmpty else {
            return fail(.connect, "cannot connect to \(hostName): none of its addresses is allowed")
        }
        connect(to: allowed)
    }

    private func connect(to addresses: [SocketAddress]) {
        self.addresses = addresses[...]
        tryNextAddress()
    }

    private func tryNextAddress() {
        closeStream()
        while let address = addresses.popFirst() {
            do {
                try begin(address)
                phase = .connecting
                return
            } catch {
                lastFailure = "\(address): \(error)"
            }
        }
        fail(.connect, "cannot connect to \(lastFailure)")
    }

    private func begin(_ address: SocketAddress) throws {
        let descriptor = try ConnectingSocket.start(address)
        lastFailure = "\(address)"
        let stream = try Stream(connecting: descriptor, tls: pool.configuration.tls, host: hostName)
        self.stream = stream
        dropSource()
        source = try pool.loop.add(self, descriptor: stream.descriptor, interest: .writable)
        setDeadline(connectDeadline)
    }

    private var hostName: String {
        switch pool.configuration.endpoint {
        case .host(let host, _): host
        case .unix: "localhost"
        }
    }

    private func finishConnecting() {
        guard let stream else { return }
        do throws(SystemCallError) {
            try ConnectingSocket.outcome(stream.descriptor)
        } catch {
            lastFailure += ": \(error)"
            return tryNextAddress()
        }
        phase = .handshaking
        continueHandshake()
    }

    private func continueHandshake() {
        guard let stream else { return }
        switch stream.handshake() {
        case .moved:
            phase = .idle
            guard let pending else { return close() }
            send(pending)
        case .wantsRead: setInterest(.readable)
        case .wantsWrite: setInterest(.writable)
        case .ended: fail(.tls, "the server closed the connection during the TLS handshake")
        case .failed(let failure): fail(.tls, failure.description)
        }
    }

    // MARK: - One exchange

    /// Sends a request; the connection is idle or has just been opened for it.
    func send(_ pending: PendingRequest) {
        self.pending = pending
        let request = pending.request
        phase = .exchanging
        exchangeDeadline = pool.loop.now + request.timeout.wholeNanoseconds
        setDeadline(exchangeDeadline)
        head.removeAll(keepingCapacity: true)
        RequestWriter.appendHead(
            method: request.method, target: request.target, host: pool.configuration.authority,
            headers: request.headers,
            bodyCount: request.body.count, to: &head)
        headSent = 0
        bodySent = 0
        received.removeAll(keepingCapacity: true)
        parser = ResponseParser(
            limits: HTTPLimits(), bodyLimit: isStreaming ? Self.noLimit : pool.configuration.responseLimit,
            toHeadMethod: request.method == "HEAD")
        // A small body is sent together with its head in one packet.
        if request.body.count <= Self.joinedBody {
            head.append(contentsOf: request.body)
        }
        setInterest(.readable)
        write()
    }

    private func write() {
        isWriteWaitingForRead = false
        guard let stream, let body = pending?.request.body else { return }
        while headSent < head.count || bodySent < separateBodyCount(body) {
            let isHead = headSent < head.count
            switch isHead ? stream.write(head, from: headSent) : stream.write(body, from: bodySent) {
            case .moved(let count):
                if isHead { headSent += count } else { bodySent += count }
            case .wantsWrite: return setInterest([.readable, .writable])
            case .wantsRead:
                isWriteWaitingForRead = true
                return setInterest(.readable)
            case .ended, .failed:
                // The server may have answered before it stopped reading: its answer is more useful than the write
                // error.
                return setInterest(.readable)
            }
        }
        setInterest(.readable)
    }

    private func separateBodyCount(_ body: [UInt8]) -> Int { body.count <= Self.joinedBody ? 0 : body.count }

    private func read() {
        guard let stream else { return }
        if receiveBuffer.isEmpty { receiveBuffer = [UInt8](repeating: 0, count: Self.receiveCapacity) }
        while phase == .exchanging || phase == .streaming, !isPaused {
            switch stream.read(into: &receiveBuffer) {
            case .moved(let count):
                received.append(contentsOf: receiveBuffer[..<count])
                take(parser?.parse(&received))
                if phase == .exchanging || phase == .streaming { handOnBody() }
                if count < receiveBuffer.count, !stream.hasBufferedBytes { return }
            case .wantsRead: return
            case .wantsWrite: return setInterest([.readable, .writable])
            case .ended: return take(parser?.connectionClosed(&received), isLast: true)
            case .failed(let failure): return fail(.closed, "the connection failed: \(failure)")
            }
        }
    }

    /// Passes on a streamed answer: its head once it is complete, and the available part of the body.
    private func handOnBody() {
        guard let streaming, let head = parser?.head else { return }
        handOnHead(status: head.status, head.fields)
        isPaused = !streaming.channel.push(parser?.takeBody(&received) ?? [])
        awaitBody(streaming)
    }

    private func handOnHead(status: Int, _ fields: [HeaderField]) {
        guard phase == .exchanging else { return }
        phase = .streaming
        let answer = HTTPClientResponse(status: status, headers: headers(fields), body: [], isFirstOfConnection: true)
        pending?.end(.success(answer))
    }

    private func awaitBody(_ streaming: PendingRequest.StreamedBody) {
        setInterest(isPaused ? [] : .readable)
        // Waiting for a slow reader does not count as silence of the server.
        setDeadline(isPaused ? .max : pool.loop.now + streaming.idleTimeout.wholeNanoseconds)
    }

    /// The reader has caught up.
    func resumeReading() {
        guard phase == .streaming, isPaused, let streaming else { return }
        isPaused = false
        awaitBody(streaming)
        // TLS may have buffered bytes that epoll does not report.
        if stream?.hasBufferedBytes == true { read() }
    }

    private func finishStream(_ response: ReceivedResponse, _ channel: BodyChannel) {
        handOnHead(status: response.status, response.fields)
        _ = channel.push(Array(received[response.body]))
        channel.finish()
        pending = nil
        close()
    }

    private func take(_ step: ResponseParser.Step?, isLast: Bool = false) {
        switch step {
        case .complete(let response):
            if let streaming { finishStream(response, streaming.channel) } else { finish(response) }
        case .refused(.bodyTooLarge):
            fail(.responseTooLarge, "the answer has more than \(pool.configuration.responseLimit) bytes")
        case .refused(.truncated): fail(.closed, "the server closed the connection before its answer was complete")
        case .refused(let fault): fail(.malformedResponse, "the answer is not HTTP: \(fault.rawValue)")
        case .needMore, nil:
            if isLast { fail(.closed, "the server closed the connection before its answer was complete") }
        }
    }

    private func finish(_ response: ReceivedResponse) {
        guard let pending else { return }
        self.pending = nil
        let isWhollySent = headSent == head.count && bodySent == separateBodyCount(pending.request.body)
        let answer = HTTPClientResponse(
            status: response.status, headers: headers(response.fields), body: Array(received[response.body]),
            isFirstOfConnection: isFirstExchange)
        isFirstExchange = false
        let isReusable = response.keepAlive && isWhollySent
        received = received.capacity > Self.receiveCapacity ? [] : received
        if isReusable { phase = .idle }
        pending.end(.success(answer))
        guard isReusable else { return close() }
        setDeadline(pool.loop.now + pool.configuration.idleTime.wholeNanoseconds)
        setInterest(.readable)
        pool.becameIdle(self)
    }

    private func headers(_ fields: [HeaderField]) -> [(name: String, value: String)] {
        let buffer = received
        let bytes = buffer.span
        return fields.map { field in
            (name: bytes.extracting(field.name).text, value: bytes.extracting(field.value).text)
        }
    }

    // MARK: - Events

    func becameReady(_ readiness: Readiness) {
        switch phase {
        case .resolving, .closed: break
        case .connecting: finishConnecting()
        case .handshaking: continueHandshake()
        case .exchanging:
            // TLS may have had to read before it could continue to write.
            if readiness.contains(.writable) || isWriteWaitingForRead { write() }
            if !readiness.subtracting(.writable).isEmpty { read() }
        case .streaming:
            guard isPaused else { return read() }
            // A hang-up is always reported, and repeatedly until the reader has caught up.
            if let source { pool.loop.unwatch(source) }
        case .idle:
            // The server closes, or sends something unrequested: the connection cannot be used any more.
            close()
        }
    }

    func deadlinePassed() {
        switch phase {
        case .resolving, .connecting, .handshaking:
            fail(.timeout, "no connection within \(DurationText.format(pool.configuration.connectTimeout))")
        case .exchanging:
            let timeout = pending.map { DurationText.format($0.request.timeout) } ?? ""
            fail(.timeout, "no complete answer within \(timeout)")
        case .streaming:
            let idle = streaming.map { DurationText.format($0.idleTimeout) } ?? ""
            fail(.timeout, "no data within \(idle)")
        case .idle: close()
        case .closed: break
        }
    }

    // MARK: - Ending

    /// Aborts the current request and closes.
    func cancel() {
        guard phase != .idle else { return close() }
        fail(.cancelled, "cancelled")
    }

    private func fail(_ kind: HTTPClientError.Kind, _ message: String) {
        let pending = pending
        self.pending = nil
        let error = HTTPClientError(kind, mayHaveBeenProcessed: mayHaveBeenProcessed(pending), message)
        let hasHead = phase == .streaming
        close()
        if hasHead { streaming?.channel.fail(error) } else { pending?.end(.failure(error)) }
    }

    /// A server processes a request only when it has the body, or the end of a head that announces none.
    private func mayHaveBeenProcessed(_ pending: PendingRequest?) -> Bool {
        if phase == .streaming { return true }
        guard let pending, phase == .exchanging else { return false }
        if pending.request.body.isEmpty { return headSent == head.count }
        let headCount =
            pending.request.body.count <= Self.joinedBody ? head.count - pending.request.body.count : head.count
        return headSent > headCount || bodySent > 0
    }

    private func close() {
        guard phase != .closed else { return }
        phase = .closed
        closeStream()
        dropSource()
        pool.ended(self)
    }

    private func closeStream() {
        guard let stream else { return }
        self.stream = nil
        dropSource()
        stream.close()
    }

    private func dropSource() {
        guard let source else { return }
        pool.loop.remove(source)
        self.source = nil
    }

    private func setInterest(_ interest: Readiness) {
        guard let source else { return }
        pool.loop.setInterest(interest, for: source)
    }

    private func setDeadline(_ deadline: Int64) {
        guard let source else { return }
        pool.loop.setDeadline(deadline, for: source)
    }

    /// Far below the largest integer, because the parser adds to it.
    private static let noLimit = 1 << 50
    private static let joinedBody = 16 * 1024
    private static let receiveCapacity = 64 * 1024
}
