import Dispatch
import SluiceBase
import SluiceHTTP
import SluiceNet
import Synchronization
import TestSupport
import Testing

@Suite struct ServerSocketTests {
    private static let hold = "POST /hold HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi"

    @Test("a request whose sender has reset is not answered; one whose sender has only ended is")
    func vanishes() async throws {
        let server = try await ServerUnderTest.start()
        let gone = try RawSocket(port: server.port)
        try gone.send(Self.hold)
        await server.holds(1)
        gone.reset()
        // A second connection on the same loop shows that the reset was seen: loops have the same number of connections
        // in turn.
        for _ in 0..<2 {
            let other = try RawSocket(port: server.port)
            try other.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            _ = try await blocking { try other.receive(until: nil) }
        }
        #expect(await server.release() == [false])

        let ended = try RawSocket(port: server.port)
        try ended.send(Self.hold)
        ended.finishSending()
        await server.holds(1)
        #expect(await server.release() == [true])
        let text = try await blocking { try ended.receive(until: nil) }
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\nreleased"), "\(text)")
        await server.stop()
    }

    /// A turn of a loop that lasts until the test ends it, or too long.
    private final class LongTurn: Sendable {
        private let end = DispatchSemaphore(value: 0)
        private let isOver = Atomic<Bool>(false)

        init(of loop: Int, _ server: ServerUnderTest) async {
            await withCheckedContinuation { continuation in
                server.server.post(to: loop) { [self] _ in
                    continuation.resume()
                    _ = end.wait(timeout: .now() + 20)
                    isOver.store(true, ordering: .relaxed)
                }
            }
        }

        /// - Returns: whether it had lasted until now.
        func finish() -> Bool {
            defer { end.signal() }
            return !isOver.load(ordering: .relaxed)
        }
    }

    @Test("each loop accepts connections and serves those it has while the other one is busy")
    func acceptsOnEachLoop() async throws {
        let server = try await ServerUnderTest.start()
        var senders: [RawSocket] = []
        func holdOne() async throws -> Int? {
            let sender = try RawSocket(port: server.port)
            try sender.send(Self.hold)
            senders.append(sender)
            await server.holds(senders.count)
            return server.desk.state.withLock { $0.held.last?.loop }
        }
        // The loop that is not busy has fewer connections, or as many and the lower index.
        #expect(try await holdOne() == 0)
        for busy in [0, 1, 0] {
            let turn = await LongTurn(of: busy, server)
            #expect(try await holdOne() == 1 - busy)
            #expect(turn.finish())
        }
        _ = await server.release()
        await server.stop()
    }

    @Test("a new connection goes to the loop with the fewest, also after others have ended")
    func fewest() async throws {
        let server = try await ServerUnderTest.start()
        func connections(_ count: Int) async throws -> [(loop: Int, sender: RawSocket)] {
            var placed: [(loop: Int, sender: RawSocket)] = []
            for _ in 0..<count {
                let sender = try RawSocket(port: server.port)
                try sender.send(Self.hold)
                await server.holds(1)
                let loop = try #require(server.desk.state.withLock { $0.held.first?.loop })
                #expect(await server.release() == [true])
                placed.append((loop, sender))
            }
            return placed
        }
        let first = try await connections(8)
        #expect(first.map(\.loop) == [0, 1, 0, 1, 0, 1, 0, 1])
        for (loop, sender) in first where loop == 1 { sender.close() }
        while server.server.connectionCount > 4 { await Task.yield() }
        let second = try await connections(5)
        #expect(second.map(\.loop) == [1, 1, 1, 1, 0])
        withExtendedLifetime((first, second)) {}
        await server.stop()
    }

    @Test("above the memory budget a body is answered 503 and its memory released; smaller ones are served")
    func memory() async throws {
        let server = try await ServerUnderTest.start(memory: .kibibytes(256))
        let large = try RawSocket(port: server.port)
        try large.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\n")
        try? large.send(String(repeating: "x", count: 1_000_000))
        large.finishSending()
        let text = try await blocking { try large.receive(until: nil) }
        #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"), "\(text)")
        #expect(text.contains("retry-after: "), "\(text)")
        #expect(text.contains("connection: close\r\n"), "\(text)")
        #expect(text.contains(#""code":"memory_full""#), "\(text)")
        #expect(server.notes.all == ["refused memory_full: \(ErrorCode.memoryFull.title)"])
        let client = try ClientUnderTest(port: server.port)
        #expect(try await client.post(String(repeating: "y", count: 100_000), to: "/echo").status == 200)
        await client.stop()
        await server.stop()
        #expect(server.memory.bytesInUse == 0)
    }

    @Test("a request that was read releases its memory before it is answered, and the next one is served")
    func readRequest() async throws {
        let server = try await ServerUnderTest.start()
        let sender = try RawSocket(port: server.port)
        let body = String(repeating: "x", count: 100_000)
        try sender.send("POST /hold HTTP/1.1\r\nhost: h\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        await server.holds(1)
        #expect(server.memory.bytesInUse >= body.utf8.count)
        try await server.onStream { loop, exchange in loop.releaseRequest(exchange) }
        #expect(server.memory.bytesInUse == 0)
        #expect(try await server.onStream { loop, exchange in loop.share(exchange) == nil })
        #expect(await server.release() == [true])
        try sender.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nbye")
        let text = try await blocking { try sender.receive(until: "bye") }
        #expect(text.contains("\r\n\r\nreleasedHTTP/1.1 200 OK\r\n"), "\(text)")
        await server.stop()
    }

    @Test(
        "while it drains, answers close their connections; then idle ones close, requests finish, and no connection is accepted"
    )
    func drains() async throws {
        let server = try await ServerUnderTest.start()
        let idle = try RawSocket(port: server.port)
        try idle.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi")
        _ = try await blocking { try idle.receive(until: "hi") }
        let busy = try RawSocket(port: server.port)
        try busy.send(Self.hold)
        await server.holds(1)

        server.server.beginDrain()
        let late = try RawSocket(port: server.port)
        try late.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi")
        let answer = try await blocking { try late.receive(until: nil) }
        #expect(answer.contains("connection: close\r\n") && answer.hasSuffix("hi"), "\(answer)")

        await server.server.stopAccepting()
        #expect(try await blocking { try idle.receive(until: nil) } == "")
        #expect(throws: (any Error).self) { try RawSocket(port: server.port) }
        for ended in [idle, late] { ended.close() }
        while server.server.connectionCount > 1 { await Task.yield() }

        let finished = Task { await server.server.finishRequests(within: .seconds(20)) }
        #expect(await server.release() == [true])
        let last = try await blocking { try busy.receive(until: nil) }
        #expect(last.contains("connection: close\r\n") && last.hasSuffix("released"), "\(last)")
        await finished.value
        #expect(server.server.connectionCount == 0)
        await server.stop()
    }

    @Test(
        "a connection that has sent nothing yet when accepting stops may still send its first request; one that stays silent is closed"
    )
    func firstRequestWhileStopping() async throws {
        let time = ManualTime()
        let server = try await ServerUnderTest.start(time: time)
        let fresh = try RawSocket(port: server.port)
        let silent = try RawSocket(port: server.port)
        // On a busy machine the system hands a connection over later than it tells the client.
        while server.server.connectionCount < 2 { await Task.yield() }
        await server.server.stopAccepting()
        try fresh.send("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi")
        let answer = try await blocking { try fresh.receive(until: nil) }
        #expect(answer.contains("connection: close\r\n") && answer.hasSuffix("hi"), "\(answer)")
        time.advance(by: .seconds(2))
        for loop in 0..<2 { server.server.post(to: loop) { _ in } }
        #expect(try await blocking { try silent.receive(until: nil) } == "")
        await server.server.finishRequests(within: .seconds(20))
        #expect(server.server.connectionCount == 0)
        await server.stop()
    }

    @Test("waiting for the last requests ends when its time is over")
    func drainEnds() async throws {
        let server = try await ServerUnderTest.start()
        let busy = try RawSocket(port: server.port)
        try busy.send(Self.hold)
        await server.holds(1)
        await server.server.stopAccepting()
        await server.server.finishRequests(within: .milliseconds(100))
        #expect(server.server.connectionCount == 1)
        await server.stop()
        #expect(try await blocking { try busy.receive(until: nil) } == "")
    }

    @Test("a TLS sender that begins to read when all buffers are full gets every answer")
    func blockedOverTLS() async throws {
        let certificate = try TestCertificate.make()
        let server = try await ServerUnderTest.start(certificate: certificate)
        let tls = try TLSClientContext(caPath: certificate.certificatePath, certificatePath: nil, keyPath: nil)
        let peer = TLSPeer(port: server.port, tls: tls)
        let request = Array("POST /large HTTP/1.1\r\nhost: h\r\n\r\n".utf8)
        let size = EchoService.largeBody.count
        let total = try await blocking { try peer.exchange(Array(repeating: request, count: 4), expecting: 4 * size) }
        #expect(total >= 4 * size)
        await server.stop()
    }
}
