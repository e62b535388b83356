import SluiceBase
import SluiceHTTP
import SluiceNet
import Synchronization
import TestSupport

/// A server with a service that echoes, keeps requests until they are released, or refuses.
final class ServerUnderTest: Sendable {
    /// What happened besides requests.
    final class Notes: HTTPServerObserver {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {
            lines.withLock { $0.append("refused \(code.rawValue): \(reason)") }
        }
        func shed(_ reason: ConnectionShedding, peer: PeerAddress) {
            lines.withLock { $0.append("shed \(reason.rawValue)") }
        }
        func handshakeFailed(_ error: TLSError, peer: PeerAddress) {
            lines.withLock { $0.append("handshake: \(error)") }
        }
    }

    /// What the service shares with the test.
    final class Desk: Sendable {
        struct Held: Sendable {
            let loop: Int
            let exchange: ExchangeID
        }

        struct State {
            var requests = 0
            var held: [Held] = []
            var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
            /// What the streamed answer was told.
            var events: [StreamEvent] = []
            var listeners: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        }

        let state = Mutex(State())

        func hold(_ request: Held) {
            let woken = state.withLock { state in
                state.held.append(request)
                let woken = state.waiters.filter { $0.count <= state.held.count }
                state.waiters.removeAll { $0.count <= state.held.count }
                return woken
            }
            for waiter in woken { waiter.continuation.resume() }
        }

        func note(_ event: StreamEvent) {
            let woken = state.withLock { state in
                state.events.append(event)
                let woken = state.listeners.filter { $0.count <= state.events.count }
                state.listeners.removeAll { $0.count <= state.events.count }
                return woken
            }
            for listener in woken { listener.continuation.resume() }
        }
    }

    let server: HTTPServer
    let notes: Notes
    let port: UInt16
    let memory: MemoryBudget
    let desk: Desk
    private let group: EventLoopGroup

    private init(
        _ server: HTTPServer, _ notes: Notes, _ port: UInt16, _ memory: MemoryBudget, _ desk: Desk,
        _ group: EventLoopGroup
    ) {
        self.server = server
        self.notes = notes
        self.port = port
        self.memory = memory
        self.desk = desk
        self.group = group
    }

    static func start(
        host: String = "127.0.0.1", certificate: TestCertificate? = nil, memory: ByteCount = .mebibytes(64),
        time: any TimeSource = SystemTime(), _ change: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) async throws -> ServerUnderTest {
        let budget = MemoryBudget(limit: memory)
        var configuration = HTTPServerConfiguration(memory: budget)
        change(&configuration)
        let group = try EventLoopGroup(count: 2, name: "server", time: time)
        let notes = Notes()
        let desk = Desk()
        let server = await HTTPServer(configuration: configuration, group: group, observer: notes, time: time) {
            EchoService(desk, loop: $0.loop.index)
        }
        let socket = try ListeningSocket(SocketAddress(host: host, port: 0) ?? .unix(path: ""))
        let tls = try certificate.map {
            TLSServerContextSlot(try TLSServerContext(certificatePath: $0.certificatePath, keyPath: $0.keyPath))
        }
        try await server.listen(on: socket, tls: tls)
        return ServerUnderTest(server, notes, socket.address.port, budget, desk, group)
    }

    func stop() async {
        await server.close()
        await group.stop()
    }

    /// Requests that reached the service.
    var requestCount: Int { desk.state.withLock { $0.requests } }

    /// Waits until the service holds so many requests.
    func holds(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = desk.state.withLock { state in
                if state.held.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Answers all held requests.
    ///
    /// - Returns: for each, whether the peer was connected.
    func release() async -> [Bool] {
        let held = desk.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        var taken: [Bool] = []
        for request in held {
            taken.append(
                await withCheckedContinuation { continuation in
                    server.post(to: request.loop) { loop in
                        let response = HTTPResponse(status: 200, body: Array("released".utf8))
                        continuation.resume(returning: loop.complete(request.exchange, with: response))
                    }
                })
        }
        return taken
    }
}

/// What a test does with the answer of `/stream`.
extension ServerUnderTest {
    /// What the streamed answer was told, once so many things were.
    func events(_ count: Int) async -> [StreamEvent] {
        await withCheckedContinuation { continuation in
            let isThere = desk.state.withLock { state in
                if state.events.count >= count { return true }
                state.listeners.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        return desk.state.withLock { $0.events }
    }

    /// Does something with the one request that is held, on its loop.
    func onStream<Result: Sendable>(_ step: @escaping @Sendable (HTTPServerLoop, ExchangeID) -> Result) async throws
        -> Result
    {
        guard let held = desk.state.withLock({ $0.held.first }) else {
            throw RawSocket.Failure(description: "no request is held")
        }
        return await withCheckedContinuation { continuation in
            server.post(to: held.loop) { continuation.resume(returning: step($0, held.exchange)) }
        }
    }

    /// Sends a piece of the streamed answer.
    func send(_ text: String) async throws -> Bool { try await onStream { $0.send(Array(text.utf8), on: $1) } }
}

/// `/echo` answers with the body, `/stream` with `first` and what the test sends, `/large` with much, `/hold` when it
/// is released, `/drop` never, anything else is refused by its head.
final class EchoService: HTTPService {
    /// More than the buffers between two sockets hold.
    static let largeBody = [UInt8](repeating: 0x20, count: 12 << 20)

    private let desk: ServerUnderTest.Desk
    private let loop: Int

    init(_ desk: ServerUnderTest.Desk, loop: Int) {
        self.desk = desk
        self.loop = loop
    }

    func admit(_ request: borrowing RequestView) -> Admission<NoContext> {
        switch request.path.text {
        case "/echo", "/hold", "/drop", "/large", "/stream": .body(limit: 16 << 20)
        default: .refuse(HTTPResponse(status: 404, body: Array("nothing".utf8)))
        }
    }

    func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
        desk.state.withLock { $0.requests += 1 }
        switch request.path.text {
        case "/echo": return .now(HTTPResponse(status: 200, body: request.body.array))
        case "/drop": return .drop
        case "/large": return .now(HTTPResponse(status: 200, body: Self.largeBody))
        case "/stream":
            desk.hold(ServerUnderTest.Desk.Held(loop: loop, exchange: exchange))
            return .stream(
                HTTPResponse(status: 200, headers: [("content-type", "text/plain")], body: Array("first".utf8))
            ) { [desk] in
                desk.note($0)
            }
        default:
            desk.hold(ServerUnderTest.Desk.Held(loop: loop, exchange: exchange))
            return .later
        }
    }
}
