import DevQueue
import SluiceBase
import SluiceNet

/// The queue that a gateway under test delivers to: DevQueue, in this process. It can be stopped and started again at
/// the same place with the same jobs.
final class TestQueue {
    let store: DevQueueStore
    private(set) var server: DevQueueServer?
    private let port: UInt16
    /// Holds the port while the queue is away, so that no other test gets it. Bound and not listening: connections are
    /// refused.
    private var placeholder: PortPlaceholder?

    /// Starts on a port that the system chooses.
    static func start(isLicensed: Bool = true, keeping: DevQueueConfiguration.KeptParts = .everything) async throws
        -> TestQueue
    {
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed, keeping: keeping))
        return TestQueue(store, try await DevQueueServer(store: store, address: Self.address(port: 0)))
    }

    private init(_ store: DevQueueStore, _ server: DevQueueServer) {
        self.store = store
        self.server = server
        port = server.address.port
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func stop() async {
        guard let server else { return }
        await server.stop()
        self.server = nil
        placeholder = try? PortPlaceholder(port: port)
    }

    func restart() async throws {
        await stop()
        // The placeholder goes when the queue listens: Linux lets both be bound as long as only one listens.
        defer { placeholder = nil }
        server = try await DevQueueServer(store: store, address: Self.address(port: port))
    }

    private static func address(port: UInt16) -> SocketAddress { .inet(PeerAddress(ipv4: (127, 0, 0, 1), port: port)) }
}
