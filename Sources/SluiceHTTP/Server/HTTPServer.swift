package import SluiceBase
package import SluiceNet
internal import Synchronization

/// An HTTP/1.1 server on a group of event loops. Each of them accepts connections and has its own service object.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let group: EventLoopGroup
    private let observer: any HTTPServerObserver
    private let counts: ConnectionCounts
    private let evict: HTTPServerLoop.Evict
    private let parts: [HTTPServerMailbox]
    private let listeners = LoopLocal<ListenerSet>()

    /// - Parameters:
    ///   - observer: receives events outside of services.
    ///   - makeService: called once on each loop.
    package init<Service: HTTPService>(
        configuration: HTTPServerConfiguration, group: EventLoopGroup, observer: any HTTPServerObserver,
        time: any TimeSource = SystemTime(), makeService: @escaping @Sendable (HTTPServerLoop) -> Service
    ) async {
        self.configuration = configuration
        self.group = group
        self.observer = observer
        let key = LoopLocal<HTTPServerLoop>()
        let parts = group.mailboxes.map { HTTPServerMailbox(loop: $0, key: key) }
        self.parts = parts
        let counts = ConnectionCounts(loopCount: group.count, configuration: configuration)
        self.counts = counts
        configuration.memory.onDrop { owner in
            parts[owner.loop].post { $0.dropRequest(of: owner.connection) }
        }
        let evict: HTTPServerLoop.Evict = { number, loop, reason in
            parts[loop].post { $0.closeUnverified(number, reason) }
        }
        self.evict = evict
        for (index, mailbox) in parts.enumerated() {
            _ = await group.run(on: index) { loop in
                loop.set(
                    HTTPServerLoop(
                        on: loop, mailbox: mailbox, configuration: configuration, counts: counts, observer: observer,
                        time: time, evict: evict, makeService: makeService),
                    for: key)
            }
        }
    }

    /// The number of open connections.
    package var connectionCount: Int { counts.total }

    /// Starts accepting on a bound socket on every loop, with TLS if there is a certificate. The kernel wakes one
    /// waiting loop (`EPOLLEXCLUSIVE`), so that a busy loop does not delay new connections.
    package func listen(on socket: ListeningSocket, tls: TLSServerContextSlot?) async throws(SystemCallError) {
        for index in parts.indices {
            let outcome: Result<Void, SystemCallError>? = await group.run(on: index) { [self] loop in
                accept(from: socket, tls: tls, on: loop)
            }
            try outcome?.get()
        }
    }

    private func accept(
        from socket: ListeningSocket, tls: TLSServerContextSlot?, on loop: EventLoop
    ) -> Result<Void, SystemCallError> {
        let set = loop[listeners] ?? ListenerSet()
        loop.set(set, for: listeners)
        do throws(SystemCallError) {
            let listener = try Listener(socket, on: loop) { [self, unowned loop] report in
                noted(report, tls: tls, on: loop)
            }
            set.listeners.append((listener, socket))
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Runs `body` with the server's part on one loop. Can be called from any thread.
    ///
    /// - Returns: `false` if the loop has ended.
    @discardableResult
    package func post(to index: Int, _ body: @escaping @Sendable (HTTPServerLoop) -> Void) -> Bool {
        parts[index].post(body)
    }

    // MARK: - Ending

    /// Makes each answer close its connection, and ends streamed ones. Accepting continues.
    package func beginDrain() {
        for part in parts { part.post { $0.drain() } }
    }

    /// Makes the kernel queue no new connections. To be called shortly before `stopAccepting`.
    package func stopQueueing() async {
        _ = await group.run(on: 0) { [listeners] loop in loop[listeners]?.stopQueueing() }
    }

    /// Accepts the connections in the kernel's queue, stops listening, and closes idle connections.
    package func stopAccepting() async {
        for index in parts.indices.reversed() {
            _ = await group.run(on: index) { [listeners] loop in loop[listeners]?.stop(isLast: index == 0) }
        }
        for (index, part) in parts.enumerated() {
            _ = await group.run(on: index) { $0[part.key]?.closeIdle() }
        }
    }

    /// Waits until no connection is left, at most `limit`. Idle ones close by themselves once accepting has stopped.
    package func finishRequests(within limit: Duration) async {
        await counts.waitUntilEmpty(atMost: limit)
    }

    /// Closes all connections, and releases the services.
    package func close() async {
        await stopAccepting()
        for (index, part) in parts.enumerated() {
            _ = await group.run(on: index) { loop in
                loop[part.key]?.closeAll()
                loop.set(nil, for: part.key)
            }
        }
    }

    // MARK: - Accepting

    private func noted(_ report: Listener.Report, tls: TLSServerContextSlot?, on loop: EventLoop) {
        switch report {
        case .accepted(let accepted): assign(accepted, tls: tls, from: loop)
        case .outOfDescriptors:
            observer.shed(.outOfDescriptors, peer: .unknown)
            // A connection that was just accepted is idle until its request is read.
            _ = closeLongestIdle(idleBefore: loop.now - Listener.pauseNanoseconds)
        }
    }

    /// Assigns a connection to the loop with the fewest.
    private func assign(_ accepted: AcceptedSocket, tls: TLSServerContextSlot?, from loop: EventLoop) {
        guard let (ticket, victim) = counts.enter(accepted.peer) else { return refuseConnection(accepted, .perAddress) }
        if victim == .longestIdle, !closeLongestIdle(acceptedBefore: ticket.number) {
            counts.leave(ticket)
            return refuseConnection(accepted, .atCap)
        }
        if case .unverified(let number, let loop) = victim { evict(number, loop, .unverifiedClosedForNew) }
        // Read here and not on the other loop, so that a reload takes effect immediately.
        let context = tls?.context
        if ticket.loop == loop.index, let server = loop[parts[ticket.loop].key] {
            return server.adopt(accepted, ticket, tls: context)
        }
        let isPosted = post(to: ticket.loop) { $0.adopt(accepted, ticket, tls: context) }
        if !isPosted { accepted.close() }
    }

    /// Closes the longest idle connection.
    ///
    /// - Parameters:
    ///   - time: closes none that became idle later, in monotonic nanoseconds.
    ///   - number: closes none with this ticket or a later one.
    /// - Returns: `false` if there is none.
    private func closeLongestIdle(idleBefore time: Int64 = .max, acceptedBefore number: UInt64 = .max) -> Bool {
        guard let index = counts.loopOfLongestIdle(before: time) else { return false }
        return post(to: index) { $0.closeLongestIdle(idleBefore: time, acceptedBefore: number) }
    }

    private func refuseConnection(_ accepted: AcceptedSocket, _ reason: ConnectionShedding) {
        observer.shed(reason, peer: accepted.peer)
        accepted.close()
    }
}

/// Gives other threads access to a server's part on one loop.
package struct HTTPServerMailbox: Sendable {
    fileprivate let loop: LoopMailbox
    fileprivate let key: LoopLocal<HTTPServerLoop>

    /// Runs `body` with the part, on its loop. Can be called from any thread.
    ///
    /// - Returns: `false` if the loop has ended.
    @discardableResult
    package func post(_ body: @escaping @Sendable (HTTPServerLoop) -> Void) -> Bool {
        loop.post { [key] loop in
            if let part = loop[key] { body(part) }
        }
    }
}

/// The listeners of a server on one loop.
private final class ListenerSet {
    var listeners: [(listener: Listener, socket: ListeningSocket)] = []

    func stopQueueing() {
        for (_, socket) in listeners { socket.stopQueueing() }
    }

    /// Stops accepting. The last loop accepts the connections in the kernel's queue, and closes the sockets.
    func stop(isLast: Bool) {
        for (listener, socket) in listeners {
            if isLast { listener.acceptAll() }
            listener.stop()
            if isLast { socket.close() }
        }
        listeners.removeAll()
    }
}

/// The settings of all listeners of a server.
package struct HTTPServerConfiguration: Sendable {
    /// The limits of one connection.
    package var limits = HTTPLimits()
    /// The maximum number of open connections of all listeners. At the limit, a connection without an accepted request
    /// is closed for a new one, from the address with the most of them; if there is none, the longest idle one.
    package var maximumConnections = 10_000
    /// The maximum number of open connections of one address, or IPv6 /64; 0 for no limit.
    package var maximumConnectionsPerAddress = 0
    /// Addresses without that limit: proxies with many clients.
    package var unlimitedAddresses: [AddressBlock] = []
    /// The maximum number of TLS handshakes in progress, each of which uses about 50 KiB. Above it, the oldest one of
    /// the address with the most of them is closed.
    package var maximumHandshakes = 1024
    /// The memory budget for bodies and unsent answers.
    package var memory: MemoryBudget

    package init(memory: MemoryBudget) { self.memory = memory }
}
