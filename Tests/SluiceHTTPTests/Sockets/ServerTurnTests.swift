import SluiceBase
import SluiceNet
import Synchronization
import TestSupport
import Testing

@testable import SluiceHTTP

/// How much of one connection is done before the others of its loop come.
@Suite struct ServerTurnTests {
    /// Answers at once, and counts the requests of each turn.
    private final class TurnCounter: HTTPService {
        private unowned let server: HTTPServerLoop
        private let turns: Turns

        init(_ turns: Turns, on server: HTTPServerLoop) {
            self.turns = turns
            self.server = server
        }

        func admit(_ request: borrowing RequestView) -> Admission<NoContext> { .body(limit: 100) }

        func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
            turns.note(server.loop.turnNumber)
            return .now(HTTPResponse(status: 200, body: Array("END".utf8)))
        }
    }

    private final class Turns: Sendable {
        private let counts = Mutex<[UInt64: Int]>([:])

        func note(_ turn: UInt64) { counts.withLock { $0[turn, default: 0] += 1 } }

        var all: [Int] { counts.withLock { Array($0.values) } }
    }

    private final class Silent: HTTPServerObserver {
        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
        func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
        func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
    }

    @Test("of a thousand pipelined requests 16 are answered in a turn of the loop, and all of them in the end")
    func pipelines() async throws {
        let group = try EventLoopGroup(count: 1, name: "server")
        let turns = Turns()
        let server = await HTTPServer(
            configuration: HTTPServerConfiguration(memory: MemoryBudget(limit: .mebibytes(16))), group: group,
            observer: Silent()
        ) { TurnCounter(turns, on: $0) }
        let listening = try ListeningSocket(#require(SocketAddress(host: "127.0.0.1", port: 0)))
        try await server.listen(on: listening, tls: nil)
        let text = try await blocking {
            let socket = try RawSocket(port: listening.address.port)
            try socket.send(String(repeating: "GET / HTTP/1.1\r\nhost: h\r\n\r\n", count: 1000))
            return try socket.receive { $0.ranges(of: "END").count == 1000 }
        }
        #expect(text.ranges(of: "HTTP/1.1 200 OK").count == 1000)
        #expect(turns.all.max() == 16)
        #expect(turns.all.reduce(0, +) == 1000)
        await server.close()
        await group.stop()
    }
}
