package import SluiceBase
package import SluiceNet
internal import Synchronization

/// An HTTP/1.1 server on a group of event loops, each of which accepts, and has connections and a service object of its
/// own.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let group: EventLoopGroup
    private let observer: any HTTPServerObserver
    private let census: ConnectionCensus
    private let evict: HTTPServerLoop.Evict
    private let parts: [HTTPServerMailbox]
    private let listeners = LoopLocal<ListenerSet>()

    /// - Parameters:
    ///   - observer: told of what happens outside of services.
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
        let census = ConnectionCensus(loopCount: group.count, configuration: configuration)
        self.census = census
        configuration.memory.tellDropped { owner in
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
                        on: loop, mailbox: mailbox, configuration: configuration, census: census, observer: observer,
                        time: time, evict: evict, makeService: makeService),
                    for: key)
            }
        }
    }

    /// Open connections.
    package var connectionCount: Int { census.total }

    /// Starts accepting on a bound socket on every loop, with TLS where there is a certificate. The kernel wakes one
    /// that waits (`EPOLLEXCLUSIVE`), so that a busy loop keeps nobody from being accepted.
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

    /// Runs `body` with the server's part on one loop, from any thread.
    ///
    /// - Returns: `false` when the loop has ended.
    @discardableResult
    package func post(to index: Int, _ body: @escaping @Sendable (HTTPServerLoop) -> Void) -> Bool {
        parts[index].post(body)
    }

    // MARK: - Ending

    /// From now on each answer closes its connection, and streamed ones end; accepting goes on.
    package func beginDrain() {
        for part in parts { part.post { $0.drain() } }
    }

    /// Has the kernel queue no connection of which it has not heard yet. To be called a moment before `stopAccepting`.
    package func stopQueueing() async {
        _ = await group.run(on: 0) { [listeners] loop in loop[listeners]?.stopQueueing() }
    }

    /// Accepts what the kernel has queued, stops listening, and closes idle connections.
    package func stopAccepting() async {
        for index in parts.indices.reversed() {
            _ = await group.run(on: index) { [listeners] loop in loop[listeners]?.stop(isLast: index == 0) }
        }
        for (index, part) in parts.enumerated() {
            _ = await group.run(on: index) { $0[part.key]?.closeIdle() }
        }
    }

    /// Waits until no connection is left, but no longer than `limit`. Idle ones close by themselves once accepting has
    /// stopped.
    package func finishRequests(within limit: Duration) async {
        await census.waitUntilEmpty(atMost: limit)
    }

    /// Closes every connection, finished or not, and lets the services go.
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
        case .accepted(let accepted): place(accepted, tls: tls, from: loop)
        case .outOfDescriptors:
            observer.shed(.outOfDescriptors, peer: .unknown)
            _ = closeLongestIdle()
        }
    }

    /// Hands a connection to the loop with the fewest.
    private func place(_ accepted: AcceptedSocket, tls: TLSServerContextSlot?, from loop: EventLoop) {
        guard let (ticket, victim) = census.enter(accepted.peer) else { return turnAway(accepted, .perAddress) }
        if victim == .longestIdle, !closeLongestIdle() {
            census.leave(ticket)
            return turnAway(accepted, .atCap)
        }
        if case .unverified(let number, let loop) = victim { evict(number, loop, .unverifiedClosedForNew) }
        // Taken here and not on the other loop, so that a reload counts from the moment it is done.
        let context = tls?.context
        if ticket.loop == loop.index, let server = loop[parts[ticket.loop].key] {
            return server.adopt(accepted, ticket, tls: context)
        }
        let isPosted = post(to: ticket.loop) { $0.adopt(accepted, ticket, tls: context) }
        if !isPosted { accepted.close() }
    }

    private func closeLongestIdle() -> Bool {
        guard let index = census.longestIdle else { return false }
        return post(to: index) { $0.closeLongestIdle() }
    }

    private func turnAway(_ accepted: AcceptedSocket, _ reason: ConnectionShedding) {
        observer.shed(reason, peer: accepted.peer)
        accepted.close()
    }
}

/// How other threads reach a server's part on one loop.
package struct HTTPServerMailbox: Sendable {
    fileprivate let loop: LoopMailbox
    fileprivate let key: LoopLocal<HTTPServerLoop>

    /// Runs `body` with the part, on its loop; from any thread.
    ///
    /// - Returns: `false` when the loop has ended.
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

    /// Stops accepting; the last loop takes what the kernel has queued, and closes the sockets.
    func stop(isLast: Bool) {
        for (listener, socket) in listeners {
            if isLast { listener.acceptAll() }
            listener.stop()
            if isLast { socket.close() }
        }
        listeners.removeAll()
    }
}

/// What all listeners of one server share.
package struct HTTPServerConfiguration: Sendable {
    /// What one connection may take.
    package var limits = HTTPLimits()
    /// Open connections of all listeners together. At the cap one that had no request accepted is closed for a new one,
    /// of the address with most of these; where there is none, the longest idle one.
    package var maximumConnections = 10_000
    /// Open connections of one address, an IPv6 network with a prefix of 64 bits counting as one; 0 is no limit.
    package var maximumConnectionsPerAddress = 0
    /// Addresses to which that limit does not apply: proxies, behind which are many.
    package var unlimitedAddresses: [AddressBlock] = []
    /// TLS handshakes under way, each of which takes some 50 KiB. Over it the oldest of the address with most of them
    /// is given up.
    package var maximumHandshakes = 1024
    /// The memory that bodies and unsent answers may take.
    package var memory: MemoryBudget

    package init(memory: MemoryBudget) { self.memory = memory }
}
