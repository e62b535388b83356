internal import SluiceBase
package import SluiceNet
internal import Synchronization

/// One event loop's part of a server: its connections, its service, and what they share. Belongs to its loop.
package final class HTTPServerLoop {
    /// Closes the connection with a number, on a loop, wherever it is called.
    typealias Evict = @Sendable (_ number: UInt64, _ loop: Int, ConnectionShedding) -> Void

    package let loop: EventLoop
    /// How other threads reach this part of the server.
    package let mailbox: HTTPServerMailbox
    let limits: HTTPLimits
    let memory: MemoryBudget
    private let proxies: [AddressBlock]
    let observer: any HTTPServerObserver
    /// What bytes are received into, before they go to the connection they are for.
    var receiveBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Answers close their connections.
    private(set) var isDraining = false
    /// Connections without a request are closed as soon as they are.
    private(set) var isClosingIdle = false

    private let census: ConnectionCensus
    private let evict: Evict
    private let time: any TimeSource
    private var idle = IdleList()
    private var idleSince: [Int64] = []
    private(set) var connections: [UInt64: ServerConnection] = [:]
    /// The same by the numbers of their tickets.
    private var numbered: [UInt64: ServerConnection] = [:]
    /// Makes the service of a connection; set at the end of `init`, since the service refers to this object.
    private var makeConnectionService: (() -> any ConnectionService)?
    private var date: HTTPDate
    private var dateIsFor: Int64 = 0

    init<Service: HTTPService>(
        on loop: EventLoop, mailbox: HTTPServerMailbox, configuration: HTTPServerConfiguration,
        census: ConnectionCensus, observer: any HTTPServerObserver, time: any TimeSource, evict: @escaping Evict,
        makeService: (HTTPServerLoop) -> Service
    ) {
        self.loop = loop
        self.mailbox = mailbox
        self.limits = configuration.limits
        self.memory = configuration.memory
        proxies = configuration.unlimitedAddresses
        self.census = census
        self.observer = observer
        self.time = time
        self.evict = evict
        date = HTTPDate(wallMilliseconds: time.wallMilliseconds())
        let service = makeService(self)
        makeConnectionService = { TypedConnectionService(service) }
    }

    /// Whether many senders share an address: it is a proxy's.
    func isShared(_ address: PeerAddress) -> Bool { proxies.contains { $0.contains(address) } }

    /// The memory of a connection's incomplete request was given to another one.
    func dropRequest(of connection: UInt64) { connections[connection]?.requestWasDropped() }

    /// The request that a service is asked to answer, for another thread; then the service says `.later`.
    ///
    /// - Returns: nil where nobody waits for the answer any more.
    package func share(_ exchange: ExchangeID) -> SharedRequest? {
        guard let connection = connections[exchange.connection], connection.awaits(exchange) else { return nil }
        return connection.sharedRequest
    }

    /// Frees the memory of a request that the service has read and answers later. It can be shared no more.
    package func releaseRequest(_ exchange: ExchangeID) {
        guard let connection = connections[exchange.connection], connection.awaits(exchange) else { return }
        connection.releaseRequest()
    }

    /// Answers a request whose service said `.later`.
    ///
    /// - Returns: `false` where the sender is known to have gone; the answer then goes to nobody.
    @discardableResult
    package func complete(_ exchange: ExchangeID, with response: HTTPResponse) -> Bool {
        guard let connection = connections[exchange.connection], connection.awaits(exchange) else { return false }
        return connection.complete(with: response)
    }

    /// Closes the connection of a request whose service said `.later`, without an answer.
    package func drop(_ exchange: ExchangeID) {
        guard let connection = connections[exchange.connection], connection.awaits(exchange) else { return }
        connection.abort()
    }

    /// Sends these bytes in place of an answer and closes the connection, for a stand-in that has to misbehave.
    package func breakOff(_ exchange: ExchangeID, with bytes: [UInt8]) {
        guard let connection = connections[exchange.connection], connection.awaits(exchange) else { return }
        connection.breakOff(with: bytes)
    }

    // MARK: - Connections

    private func connectionService() -> any ConnectionService {
        guard let makeConnectionService else { preconditionFailure("a server's part is made with its service") }
        return makeConnectionService()
    }

    /// Takes over a connection that was accepted, here or on another loop, and counted to this one.
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
            census.leave(ticket)
            observer.shed(.outOfDescriptors, peer: accepted.peer)
        }
    }

    func forget(_ connection: ServerConnection) {
        guard let source = connection.source else { return }
        noteBusy(source)
        connections[source.packed] = nil
        numbered[connection.ticket.number] = nil
        loop.remove(source)
        census.leave(connection.ticket)
    }

    /// Notes what a connection has come to; a handshake too many makes another one go.
    func moved(_ connection: ServerConnection, to standing: ConnectionRegister.Standing) {
        let victim = census.moved(connection.ticket, from: connection.standing, to: standing)
        if case .unverified(let number, let loop) = victim { evict(number, loop, .handshakeDisplaced) }
    }

    /// Closes a connection to make room, unless a request of it has been accepted meanwhile.
    func closeUnverified(_ number: UInt64, _ reason: ConnectionShedding) {
        guard let connection = numbered[number], connection.standing != .verified else { return }
        observer.shed(reason, peer: connection.peer)
        connection.close()
    }

    func noteIdle(_ source: SourceID) {
        let place = source.place
        while idleSince.count <= place { idleSince.append(0) }
        idleSince[place] = loop.now
        idle.append(place)
        publishIdle()
    }

    func noteBusy(_ source: SourceID) {
        idle.remove(source.place)
        publishIdle()
    }

    private func publishIdle() {
        census.loops[loop.index].longestIdleSince.store(
            idle.longestIdle.map { idleSince[$0] } ?? .max, ordering: .relaxed)
    }

    /// Closes the connection that has been idle longest, to make room.
    func closeLongestIdle() {
        guard let place = idle.longestIdle, let connection = loop.handler(atPlace: place) as? ServerConnection else {
            return
        }
        observer.shed(.idleClosedForNew, peer: connection.peer)
        connection.close()
    }

    // MARK: - Ending

    /// From now on each answer says `connection: close`, and streamed ones end.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    /// Closes what is idle, now and from now on.
    func closeIdle() {
        drain()
        isClosingIdle = true
        for connection in Array(connections.values) { connection.closeIfIdle() }
    }

    /// Closes everything.
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

/// What the service behind a streamed answer does with it, on the loop. Each of these does nothing once the answer is
/// over.
extension HTTPServerLoop {
    /// Sends a piece of the answer's body. What the socket does not take is kept, up to `HTTPLimits.streamBytes` and
    /// the piece that goes over it; a service that goes on beyond that loses the connection.
    ///
    /// - Returns: whether there is room for another piece. Where there is none, `StreamEvent.wake` comes when there is.
    @discardableResult
    package func send(_ bytes: [UInt8], on exchange: ExchangeID) -> Bool { streaming(exchange)?.send(bytes) ?? false }

    /// Whether the answer takes another piece.
    package func hasRoom(on exchange: ExchangeID) -> Bool { streaming(exchange)?.hasRoom ?? false }

    /// Ends the answer. Its service hears no more of it.
    package func end(_ exchange: ExchangeID) { streaming(exchange)?.endStream() }

    /// Tells the answer's service to wake, once.
    package func wake(_ exchange: ExchangeID) { streaming(exchange)?.wakeStream() }

    /// Tells the answer's service to wake at a time; a later call takes an earlier one back.
    ///
    /// - Parameter time: monotonic nanoseconds, as `EventLoop.now`; nil for never.
    package func setAlarm(at time: Int64?, for exchange: ExchangeID) { streaming(exchange)?.setAlarm(at: time) }

    private func streaming(_ exchange: ExchangeID) -> ServerConnection? {
        guard let connection = connections[exchange.connection], connection.awaits(exchange),
            connection.streamedAnswer != nil
        else {
            return nil
        }
        return connection
    }
}

/// Connections without a request, the longest idle first, so that one can be closed for a newcomer in constant time.
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

    /// The place that has been idle longest.
    var longestIdle: Int? { oldest >= 0 ? oldest : nil }

    /// Puts a place at the end: idle from now on. A place already in the list moves to the end.
    mutating func append(_ place: Int) {
        remove(place)
        while links.count <= place { links.append(Links()) }
        links[place] = Links(previous: newest, next: -1, isMember: true)
        if newest >= 0 { links[newest].next = place } else { oldest = place }
        newest = place
        count += 1
    }

    /// Takes a place out, if it is in.
    mutating func remove(_ place: Int) {
        guard place < links.count, links[place].isMember else { return }
        let (previous, next) = (links[place].previous, links[place].next)
        if previous >= 0 { links[previous].next = next } else { oldest = next }
        if next >= 0 { links[next].previous = previous } else { newest = previous }
        links[place] = Links()
        count -= 1
    }
}
