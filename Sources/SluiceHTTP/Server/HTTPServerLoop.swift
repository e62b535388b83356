internal import SluiceBase
package import SluiceNet
internal import Synchronization

/// A server's part on one event loop: its connections, its service, and shared state. Belongs to its loop.
package final class HTTPServerLoop {
    /// Closes the connection with a number, on its loop. Can be called anywhere.
    typealias Evict = @Sendable (_ number: UInt64, _ loop: Int, ConnectionShedding) -> Void

    package let loop: EventLoop
    /// Gives other threads access to this part of the server.
    package let mailbox: HTTPServerMailbox
    let limits: HTTPLimits
    let memory: MemoryBudget
    private let proxies: [AddressBlock]
    let observer: any HTTPServerObserver
    /// The buffer for received bytes, before they are moved to their connection.
    var receiveBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Whether answers close their connections.
    private(set) var isDraining = false
    /// Whether connections without a request are closed.
    private(set) var isClosingIdle = false

    private let counts: ConnectionCounts
    private let evict: Evict
    private let time: any TimeSource
    private var idle = IdleList()
    private var idleSince: [Int64] = []
    private(set) var connections: [UInt64: ServerConnection] = [:]
    /// The connections by the numbers of their tickets.
    private var numbered: [UInt64: ServerConnection] = [:]
    /// Creates the service of a connection; set at the end of `init`, because the service refers to this object.
    private var makeConnectionService: (() -> any ConnectionService)?
    private var date: HTTPDate
    private var dateIsFor: Int64 = 0

    init<Service: HTTPService>(
        on loop: EventLoop, mailbox: HTTPServerMailbox, configuration: HTTPServerConfiguration,
        counts: ConnectionCounts, observer: any HTTPServerObserver, time: any TimeSource, evict: @escaping Evict,
        makeService: (HTTPServerLoop) -> Service
    ) {
        self.loop = loop
        self.mailbox = mailbox
        self.limits = configuration.limits
        self.memory = configuration.memory
        proxies = configuration.unlimitedAddresses
        self.counts = counts
        self.observer = observer
        self.time = time
        self.evict = evict
        date = HTTPDate(wallMilliseconds: time.wallMilliseconds())
        let service = makeService(self)
        makeConnectionService = { TypedConnectionService(service) }
    }

    /// Whether many senders share an address: a proxy's.
    func isShared(_ address: PeerAddress) -> Bool { proxies.contains { $0.contains(address) } }

    /// Handles that the memory of a connection's incomplete request was given to another one.
    func dropRequest(of connection: UInt64) { connections[connection]?.requestWasDropped() }

    /// The request that a service has to answer, for another thread. The service then returns `.later`.
    ///
    /// - Returns: `nil` if the answer is no longer needed.
    package func share(_ exchange: ExchangeID) -> SharedRequest? {
        connection(awaiting: exchange)?.sharedRequest
    }

    /// Frees the memory of a request that the service has read and answers later. It can no longer be shared.
    package func releaseRequest(_ exchange: ExchangeID) {
        connection(awaiting: exchange)?.releaseRequest()
    }

    /// Answers a request whose service returned `.later`.
    ///
    /// - Returns: `false` if the sender has closed the connection; the answer is then not sent.
    @discardableResult
    package func complete(_ exchange: ExchangeID, with response: HTTPResponse) -> Bool {
        connection(awaiting: exchange)?.complete(with: response) ?? false
    }

    /// Closes the connection of a request whose service returned `.later`, without an answer.
    package func drop(_ exchange: ExchangeID) {
        connection(awaiting: exchange)?.abort()
    }

    /// Sends these bytes instead of an answer and closes the connection, for a stand-in that simulates faults.
    package func breakOff(_ exchange: ExchangeID, with bytes: [UInt8]) {
        connection(awaiting: exchange)?.breakOff(with: bytes)
    }

    private func connection(awaiting exchange: ExchangeID) -> ServerConnection? {
        connections[exchange.connection].flatMap { $0.awaits(exchange) ? $0 : nil }
    }

    // MARK: - Connections

    private func connectionService() -> any ConnectionService {
        guard let makeConnectionService else { preconditionFailure("a server's part is made with its service") }
        return makeConnectionService()
    }

    /// Adds an accepted connection that was counted towards this loop.
    func adopt(_ accepted: AcceptedSocket, _ ticket: ConnectionRegister.Ticket, tls: TLSServerContext?) {
        let stream = Stream(accepted: accepted.descriptor, tls: tls)
        let connection = ServerConnection(
            accepted, ticket, stream: stream, server: self, service: connectionService())
        do throws(SystemCallError) {
            try connection.start()
            numbered[ticket.number] = connection
            if let source = connection.source { connections[source.packed] = connection }
        } catch {
            stream.close()
            counts.leave(ticket)
            observer.shed(.outOfDescriptors, peer: accepted.peer)
        }
    }

    func forget(_ connection: ServerConnection) {
        guard let source = connection.source else { return }
        noteBusy(source)
        connections[source.packed] = nil
        numbered[connection.ticket.number] = nil
        loop.remove(source)
        counts.leave(connection.ticket)
    }

    /// Records a change of a connection. Above the limit of handshakes, another one is closed.
    func moved(_ connection: ServerConnection, to standing: ConnectionRegister.Standing) {
        let victim = counts.moved(connection.ticket, from: connection.standing, to: standing)
        if case .unverified(let number, let loop) = victim { evict(number, loop, .handshakeDisplaced) }
    }

    /// Closes a connection to make room, unless it has an accepted request by now.
    func closeUnverified(_ number: UInt64, _ reason: ConnectionShedding) {
        guard let connection = numbered[number], connection.standing != .verified else { return }
        observer.shed(reason, peer: connection.peer)
        connection.close()
    }

    func noteIdle(_ source: SourceID) {
        let slot = source.slot
        while idleSince.count <= slot { idleSince.append(0) }
        idleSince[slot] = loop.now
        idle.append(slot)
        publishIdle()
    }

    func noteBusy(_ source: SourceID) {
        idle.remove(source.slot)
        publishIdle()
    }

    private func publishIdle() {
        counts.loops[loop.index].longestIdleSince.store(
            idle.longestIdle.map { idleSince[$0] } ?? .max, ordering: .relaxed)
    }

    /// Closes the longest idle connection to make room, unless it became idle at `time` or later, or its ticket is
    /// `number` or later: by now it may be the connection for which room was made, whose request has not been read.
    func closeLongestIdle(idleBefore time: Int64, acceptedBefore number: UInt64) {
        guard let slot = idle.longestIdle, idleSince[slot] < time,
            let connection = loop.handler(atSlot: slot) as? ServerConnection, connection.ticket.number < number
        else {
            return
        }
        observer.shed(.idleClosedForNew, peer: connection.peer)
        connection.close()
    }

    // MARK: - Ending

    /// Makes each answer close its connection, and ends streamed ones.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    /// Closes idle connections, now and later.
    func closeIdle() {
        drain()
        isClosingIdle = true
        for connection in Array(connections.values) { connection.closeIfIdle() }
    }

    /// Closes all connections.
    func closeAll() {
        for connection in Array(connections.values) { connection.close() }
    }

    /// The `date` line, formatted at most once a second.
    func dateLine() -> [UInt8] {
        if loop.now - dateIsFor > 500_000_000 {
            dateIsFor = loop.now
            date.refresh(wallMilliseconds: time.wallMilliseconds())
        }
        return date.line
    }
}

/// Control of a streamed answer by its service, on the loop. These functions do nothing after the end of the answer.
extension HTTPServerLoop {
    /// Sends a piece of the answer's body. Data that the socket does not accept is kept, up to `HTTPLimits.streamBytes`
    /// and the piece that exceeds it; if the service sends more, the connection closes.
    ///
    /// - Returns: whether there is room for another piece. If not, `StreamEvent.wake` follows when there is.
    @discardableResult
    package func send(_ bytes: [UInt8], on exchange: ExchangeID) -> Bool { streaming(exchange)?.send(bytes) ?? false }

    /// Whether there is room for another piece.
    package func hasRoom(on exchange: ExchangeID) -> Bool { streaming(exchange)?.hasRoom ?? false }

    /// Ends the answer. Its service receives no further events.
    package func end(_ exchange: ExchangeID) { streaming(exchange)?.endStream() }

    /// Sends `StreamEvent.wake` to the answer's service.
    package func wake(_ exchange: ExchangeID) { streaming(exchange)?.wakeStream() }

    /// Sends `StreamEvent.wake` at a time; a later call replaces an earlier one.
    ///
    /// - Parameter time: monotonic nanoseconds, as `EventLoop.now`; `nil` for never.
    package func setAlarm(at time: Int64?, for exchange: ExchangeID) { streaming(exchange)?.setAlarm(at: time) }

    private func streaming(_ exchange: ExchangeID) -> ServerConnection? {
        connection(awaiting: exchange).flatMap { $0.streamedAnswer == nil ? nil : $0 }
    }
}

/// Connections without a request, the longest idle first, so that one can be closed for a new one in constant time.
///
/// An intrusive list over numbered places; state without I/O.
struct IdleList {
    private struct Links {
        var previous = -1
        var next = -1
        var isMember = false
    }

    private var links: [Links] = []
    private var oldest = -1
    private var newest = -1
    private(set) var count = 0

    /// The slot that has been idle longest.
    var longestIdle: Int? { oldest >= 0 ? oldest : nil }

    /// Adds a slot at the end: idle from now on. A slot in the list moves to the end.
    mutating func append(_ slot: Int) {
        remove(slot)
        while links.count <= slot { links.append(Links()) }
        links[slot] = Links(previous: newest, next: -1, isMember: true)
        if newest >= 0 { links[newest].next = slot } else { oldest = slot }
        newest = slot
        count += 1
    }

    /// Removes a slot, if it is in the list.
    mutating func remove(_ slot: Int) {
        guard slot < links.count, links[slot].isMember else { return }
        let (previous, next) = (links[slot].previous, links[slot].next)
        if previous >= 0 { links[previous].next = next } else { oldest = next }
        if next >= 0 { links[next].previous = previous } else { newest = previous }
        links[slot] = Links()
        count -= 1
    }
}
