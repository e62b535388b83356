import SluiceHTTP
import Testing

/// The times of a server connection, on a clock that the test moves.
@Suite struct ServerConnectionDeadlineTests {
    @Test("Idle, head, body and write each have their time, which progress does not extend; work has none")
    func deadlines() {
        var connection = ScriptedConnection(needsHandshake: true)
        #expect(connection.secondsLeft == 10)
        #expect(connection.receive("x") == "wait")
        connection.buffer = []
        #expect(connection.state.handshakeCompleted(at: connection.now).isRead)
        #expect(connection.secondsLeft == 75)
        connection.now += 70_000_000_000
        #expect(connection.receive("POST /a HTTP/1.1\r\n") == "read")
        #expect(connection.secondsLeft == 10)
        connection.now += 3_000_000_000
        #expect(connection.receive("Host: h\r\n") == "read")
        #expect(connection.secondsLeft == 7)
        #expect(connection.receive("Content-Length: 3\r\n\r\n") == "admit /a")
        #expect(connection.admit() == "read")
        #expect(connection.secondsLeft == 30)
        connection.now += 3_000_000_000
        #expect(connection.receive("a") == "read")
        #expect(connection.secondsLeft == 27)
        #expect(connection.receive("bc") == "work [abc]")
        #expect(connection.secondsLeft == nil)
        #expect(connection.pass(seconds: 1000) == "wait")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.secondsLeft == 10)
        #expect(connection.written() == "read")
        #expect(connection.secondsLeft == 75)
    }

    @Test("A late head or body is 408; a silent, idle or unwilling sender is closed without an answer")
    func expiries() {
        var handshake = ScriptedConnection(needsHandshake: true)
        #expect(handshake.pass(seconds: 9) == "wait")
        #expect(handshake.pass(seconds: 1) == "close")

        var idle = ScriptedConnection()
        #expect(idle.pass(seconds: 75) == "close")

        var head = ScriptedConnection()
        #expect(head.receive("GET") == "read")
        #expect(head.pass(seconds: 10) == "refuse head_timeout")
        #expect(head.answer() == .close)

        var body = ScriptedConnection()
        #expect(body.receive(ServerConnectionStateTests.chunked) == "admit /c")
        #expect(body.admit() == "read")
        #expect(body.pass(seconds: 30) == "refuse body_timeout")

        var write = ScriptedConnection()
        #expect(write.receive(ServerConnectionStateTests.get) == "admit /a")
        #expect(write.admit() == "work []")
        #expect(write.answer() == .keepAlive)
        #expect(write.pass(seconds: 10) == "close")
    }

    @Test("A pipelined head's time begins when it is looked at, not when it arrived")
    func pipelinedDeadline() {
        var connection = ScriptedConnection()
        #expect(connection.receive(ServerConnectionStateTests.get + "GET /b") == "admit /a")
        #expect(connection.admit() == "work []")
        connection.now += 60_000_000_000
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "read")
        #expect(connection.secondsLeft == 10)
    }
}

extension ServerConnectionState.Action {
    fileprivate var isRead: Bool {
        if case .read = self { true } else { false }
    }
}
