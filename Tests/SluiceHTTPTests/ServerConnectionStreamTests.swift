import SluiceHTTP
import Testing

/// Answers whose bytes come over time, on a clock that the test moves.
@Suite struct ServerConnectionStreamTests {
    private static let old = "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"

    private func streaming(_ request: String = ServerConnectionStateTests.get, start: StreamStart? = nil)
        -> ScriptedConnection
    {
        var connection = ScriptedConnection()
        #expect(connection.receive(request) == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.stream() == start ?? StreamStart(isChunked: true, connection: .keepAlive))
        #expect(connection.state.isStreaming)
        return connection
    }

    @Test("a stream continues without a deadline until its service ends it; then the next request can follow")
    func ends() {
        var connection = streaming()
        #expect(connection.secondsLeft == nil)
        #expect(connection.pass(seconds: 10_000) == "wait")
        #expect(!connection.state.isIdle)
        connection.state.streamEnded(at: connection.now)
        #expect(!connection.state.isStreaming)
        #expect(connection.secondsLeft == 10)
        #expect(connection.written() == "read")
        #expect(connection.receive(ServerConnectionStateTests.get) == "admit /a")
    }

    @Test("a sender of HTTP/1.0 gets no chunks, and the connection's end for the stream's")
    func oldVersion() {
        var connection = streaming(Self.old, start: StreamStart(isChunked: false, connection: .close))
        connection.state.streamEnded(at: connection.now)
        #expect(connection.written() == "halfClose")
    }

    @Test("a stream that begins or ends while the server drains closes its connection")
    func drains() {
        var late = ScriptedConnection()
        late.state.drainStarted()
        #expect(late.receive(ServerConnectionStateTests.get) == "admit /a")
        #expect(late.admit() == "work []")
        #expect(late.stream() == StreamStart(isChunked: true, connection: .close))

        var running = streaming()
        running.state.drainStarted()
        running.state.streamEnded(at: running.now)
        #expect(running.written() == "halfClose")
    }

    @Test("a receiver that takes nothing is closed after the time to write, and one that took all is not")
    func deadlines() {
        var stuck = streaming()
        stuck.state.streamBlocked(at: stuck.now)
        #expect(stuck.pass(seconds: 9) == "wait")
        stuck.state.streamBlocked(at: stuck.now)
        #expect(stuck.pass(seconds: 1) == "close")

        var slow = streaming()
        slow.state.streamBlocked(at: slow.now)
        #expect(slow.pass(seconds: 9) == "wait")
        slow.state.streamWritten()
        #expect(slow.secondsLeft == nil)
        slow.state.streamBlocked(at: slow.now)
        #expect(slow.secondsLeft == 10)
    }

    @Test("a sender that closes its side or disconnects ends the stream")
    func senderGoes() {
        var ended = streaming()
        #expect(ended.ended() == "close")
        var gone = streaming()
        #expect(gone.peerClosed() == "close")
        var early = ScriptedConnection()
        #expect(early.receive(ServerConnectionStateTests.get) == "admit /a")
        #expect(early.admit() == "work []")
        #expect(early.peerClosed() == "detach")
        #expect(early.stream() == nil)
    }

    @Test("a request pipelined after a stream waits for its end; more than a head of it closes the connection")
    func pipelining() {
        var connection = streaming(ServerConnectionStateTests.get + "GET /b HTTP/1.1\r\n")
        #expect(connection.receive("Host: h\r\n\r\n") == "read")
        connection.state.streamEnded(at: connection.now)
        #expect(connection.written() == "admit /b")

        var flood = streaming()
        #expect(flood.receive(String(repeating: "x", count: 32 * 1024)) == "read")
        #expect(flood.receive("x") == "close")
        var memory = streaming()
        #expect(memory.memoryExhausted("x") == "close")
    }
}
