package import SluiceBase
package import SluiceNet
internal import Synchronization

/// An HTTP/1.1 server on a group of event loops: listeners on the first loop, connections on all of them, a service object on each.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let group: EventLoopGroup
    private let observer: any HTTPServerObserver
    private let census: ConnectionCensus
    private let mailboxes: [LoopMailbox]
    private let serverLoop = LoopLocal<HTTPServerLoop>()
    private let listeners = LoopLocal<ListenerSet>()

    /// - Parameters:
    ///   - observer: told of what happens outside of services.
    ///   - makeService: called once on each loop.
    package init(
        configuration: HTTPServerConfiguration, group: EventLoopGroup, observer: any HTTPServerObserver,
        time: any TimeSource = SystemTime(),
        makeService: @escaping @Sendable (HTTPServerLoop) -> any HTTPService
    ) async {
        self.configuration = configuration
        self.group = group
        self.observer = observer
        mailboxes = group.mailboxes
        let census = ConnectionCensus(
            loopCount: group.count, maximumPerAddress: configuration.maximumConnectionsPerAddress,
            unlimited: configuration.unlimitedAddresses)
        self.census = census
        configuration.memory.tellDropped { [mailboxes, serverLoop] owner in
            mailboxes[owner.loop].post { loop in loop[serverLoop]?.dropRequest(of: owner.connection) }
        }
        for index in 0..<group.count {
            _ = await group.run(on: index) { [serverLoop] loop in
                loop.set(
                    HTTPServerLoop(
                        on: loop, configuration: configuration, census: census, observer: observer, time: time,
                        makeService: makeService),
                    for: serverLoop)
            }
        }
    }

    /// Open connections.
    package var connectionCount: Int { census.total }

    /// Starts accepting on a bound socket, with TLS where there is a certificate.
    package func listen(on socket: ListeningSocket, tls: TLSServerContextSlot?) async throws(SystemCallError) {
        let outcome: Result<Void, SystemCallError>? = await group.run(on: 0) { [self] loop in
            let set = loop[listeners] ?? ListenerSet()
            loop.set(set, for: listeners)
            do throws(SystemCallError) {
                set.listeners.append(
                    try Listener(socket, on: loop) { [self] report in
                        noted(report, tls: tls)
                    })
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome?.get()
    }

    /// Runs `body` with the server's part on one loop, from any thread.
    ///
    /// - Returns: `false` when the loop has ended.
    @discardableResult
    package func post(to index: Int, _ body: @escaping @Sendable (HTTPServerLoop) -> Void) -> Bool {
        mailboxes[index].post { [serverLoop] loop in
            if let server = loop[serverLoop] { body(server) }
        }
    }

    // MARK: - Ending

    /// From now on each answer closes its connection, and streamed ones end; accepting goes on.
    package func beginDrain() {
        for index in mailboxes.indices { post(to: index) { $0.drain() } }
    }

    /// Accepts what the kernel has queued, stops listening, and closes idle connections.
    package func stopAccepting() async {
        _ = await group.run(on: 0) { [listeners] loop in
            guard let set = loop[listeners] else { return }
            for listener in set.listeners {
                listener.acceptAll()
                listener.close()
            }
            set.listeners.removeAll()
        }
        for index in mailboxes.indices { _ = await group.run(on: index) { [serverLoop] in $0[serverLoop]?.closeIdle() } }
    }

    /// Waits until no connection is left, but no longer than `limit`. Idle ones close by themselves once accepting has stopped.
    package func finishRequests(within limit: Duration) async {
        await census.waitUntilEmpty(atMost: limit)
    }

    /// Closes every connection, finished or not, and lets the services go.
    package func close() async {
        await stopAccepting()
        for index in mailboxes.indices {
            _ = await group.run(on: index) { [serverLoop] loop in
                loop[serverLoop]?.dismantle()
                loop.set(nil, for: serverLoop)
            }
        }
    }

    // MARK: - Accepting

    private func noted(_ report: Listener.Report, tls: TLSServerContextSlot?) {
        switch report {
        case .accepted(let accepted): place(accepted, tls: tls)
        case .outOfDescriptors:
            observer.shed(.outOfDescriptors, peer: .unknown)
            _ = closeLongestIdle()
        }
    }

    /// Hands a connection to the loop with the fewest.
    private func place(_ accepted: AcceptedSocket, tls: TLSServerContextSlot?) {
        if census.total >= configuration.maximumConnections, !closeLongestIdle() { return turnAway(accepted, .atCap) }
        let index = census.emptiest
        guard census.enter(accepted.peer, loop: index) else { return turnAway(accepted, .perAddress) }
        // Taken here and not on the other loop, so that a reload counts from the moment it is done.
        let context = tls?.context
        let isPosted = post(to: index) { $0.adopt(accepted, tls: context) }
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

/// The listeners of a server, on the loop that accepts.
private final class ListenerSet {
    var listeners: [Listener] = []
}
