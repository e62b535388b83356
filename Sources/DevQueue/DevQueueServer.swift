internal import SluiceBase
internal import SluiceHTTP
package import SluiceNet

/// The development queue on a socket. It is not a Zizq server: nothing outlives the process.
package final class DevQueueServer: Sendable {
    package let store: DevQueueStore
    /// The address of its listener, with the port that the system chose for port 0.
    package let address: SocketAddress
    private let group: EventLoopGroup
    private let server: HTTPServer

    /// Binds and starts to serve.
    ///
    /// - Parameters:
    ///   - address: usually a loopback address; with port 0 the system chooses one.
    ///   - tls: for HTTPS.
    package init(
        store: DevQueueStore, address: SocketAddress, tls: TLSServerContextSlot? = nil
    ) async throws(SystemCallError) {
        self.store = store
        let socket = try ListeningSocket(address)
        self.address = socket.address
        group = try EventLoopGroup(count: 1, name: "devqueue", time: store.time)
        var configuration = HTTPServerConfiguration(memory: MemoryBudget(limit: .gibibytes(2)))
        configuration.maximumConnections = 1000
        let service = DevQueueService(store: store)
        server = await HTTPServer(
            configuration: configuration, group: group, observer: DevQueueObserver(), time: store.time
        ) {
            DevQueueEndpoint(service: service, loop: $0)
        }
        try await server.listen(on: socket, tls: tls)
    }

    /// The base URL.
    package func url(isTLS: Bool = false) -> String { "\(isTLS ? "https" : "http")://\(address)" }

    /// Stops listening, closes all connections and ends the thread.
    ///
    /// - Parameter limit: the time for answers in progress, which announce the close. Streams of jobs end immediately.
    package func stop(within limit: Duration = .zero) async {
        if limit > .zero {
            server.beginDrain()
            await server.stopAccepting()
            await server.finishRequests(within: limit)
        }
        await server.close()
        await group.stop()
    }
}

/// Ignores the events of the development queue's listener.
struct DevQueueObserver: HTTPServerObserver {
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
    func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
    func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
}
