internal import SluiceBase
internal import SluiceNet

/// The connections of a client and the requests that wait for one. Belongs to its event loop.
final class ClientPool {
    let configuration: HTTPClientConfiguration
    let loop: EventLoop
    private let resolver: Resolver
    private let key: LoopLocal<ClientPool>

    private var connections: [ObjectIdentifier: ClientConnection] = [:]
    /// The most recently used last; it is used first again, so that the others can expire.
    private var idle: [ClientConnection] = []
    private var waiting: [PendingRequest] = []
    /// The number of connections that carry a streamed answer. They do not count towards the limit: a caller that reads
    /// one for hours sends requests in the meantime.
    private var streamCount = 0
    private var isShutDown = false

    init(configuration: HTTPClientConfiguration, loop: EventLoop, resolver: Resolver, key: LoopLocal<ClientPool>) {
        self.configuration = configuration
        self.loop = loop
        self.resolver = resolver
        self.key = key
    }

    /// Sends a request on an idle connection, on a new one, or on the next that becomes free.
    func submit(_ pending: PendingRequest) {
        if pending.cancellation.isRequested { return pending.end(.failure(Self.cancelledBefore)) }
        guard pending.streaming == nil else {
            streamCount += 1
            return open(for: pending)
        }
        if let connection = idle.popLast() { return connection.send(pending) }
        guard hasRoom else { return waiting.append(pending) }
        open(for: pending)
    }

    private var hasRoom: Bool { connections.count - streamCount < configuration.maximumConnections }

    private func open(for pending: PendingRequest) {
        let connection = ClientConnection(pool: self, first: pending)
        connections[ObjectIdentifier(connection)] = connection
        connection.open(resolver)
    }

    /// Continues reading after the reader of a streamed body has caught up.
    func resumeReading(_ id: UInt64) {
        for connection in connections.values where connection.isServing(id) { return connection.resumeReading() }
    }

    /// Cancels one request in any state.
    func cancel(_ id: UInt64) {
        if let position = waiting.firstIndex(where: { $0.id == id }) {
            let pending = waiting.remove(at: position)
            return pending.end(.failure(Self.cancelledBefore))
        }
        for connection in connections.values where connection.isServing(id) { return connection.cancel() }
    }

    private static let cancelledBefore = HTTPClientError(
        .cancelled, mayHaveBeenProcessed: false, "cancelled before it was sent")

    func shutdown() {
        isShutDown = true
        let requests = waiting
        waiting = []
        for pending in requests {
            pending.end(.failure(HTTPClient.isShutDown))
        }
        for connection in Array(connections.values) { connection.cancel() }
    }

    /// A connection has completed an answer and can carry another request.
    func becameIdle(_ connection: ClientConnection) {
        guard waiting.isEmpty else { return connection.send(waiting.removeFirst()) }
        idle.append(connection)
    }

    /// A connection has ended, which makes room for another one.
    func ended(_ connection: ClientConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if connection.isStreaming { streamCount -= 1 }
        idle.removeAll { $0 === connection }
        // More than one, because a request that was cancelled in the meantime does not use the room.
        while !isShutDown, !waiting.isEmpty, hasRoom { submit(waiting.removeFirst()) }
    }

    /// Runs `body` on this pool's loop, from the resolver's thread.
    func poster() -> @Sendable (_ body: @escaping @Sendable (ClientPool) -> Void) -> Void {
        let mailbox = loop.mailbox
        let key = key
        return { body in
            mailbox.post { loop in
                if let pool = loop[key] { body(pool) }
            }
        }
    }

    /// The connection with an identity, if it still exists.
    func connection(_ identity: ObjectIdentifier) -> ClientConnection? { connections[identity] }
}
