import SluiceHTTP
import Testing

/// The times of a server connection, on a clock that the test moves.
@Suite struct ServerConnectionDeadlineTests {
    @Test("idle, head, body and write each have their time, which progress does not extend; work has none")
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
        #expect(connection.secondsLeft == 5)
        connection.now += 3_000_000_000
        #expect(connection.receive("a") == "read")
        #expect(connection.secondsLeft == 2)
        #expect(connection.receive("bc") == "work [abc]")
        #expect(connection.secondsLeft == nil)
        #expect(connection.pass(seconds: 1000) == "wait")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.secondsLeft == 10)
        #expect(connection.written() == "read")
        #expect(connection.secondsLeft == 75)
    }

    @Test("a late head or body is 408; a silent, idle or unwilling sender is closed without an answer")
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

    @Test("a small body may dribble until its time is over")
    func smallBody() {
        var connection = ScriptedConnection()
        #expect(connection.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n") == "admit /a")
        #expect(connection.admit(1 << 20) == "read")
        for _ in 0..<5 {
            #expect(connection.receive("a") == "read")
            #expect(connection.pass(seconds: 5) == "read")
        }
        #expect(connection.pass(seconds: 4) == "wait")
        #expect(connection.pass(seconds: 1) == "refuse body_timeout")
        #expect(connection.state.fault == nil)
    }

    @Test(
        "a large body that comes more slowly than 16 KiB a second is refused at the next check, announced or in chunks")
    func trickle() {
        let second = String(repeating: "x", count: 16 << 10)
        let piece = String(repeating: second, count: 5)
        for head in [
            "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n", ServerConnectionStateTests.chunked,
        ] {
            let isChunked = head == ServerConnectionStateTests.chunked
            func framed(_ text: String) -> String {
                isChunked ? "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" : text
            }
            var connection = ScriptedConnection()
            #expect(connection.receive(head) == "admit /c")
            #expect(connection.admit(1 << 20) == "read")
            for _ in 0..<3 {
                #expect(connection.receive(framed(piece)) == "read")
                #expect(connection.pass(seconds: 5) == "read")
            }
            #expect(connection.receive(framed(second)) == "read")
            #expect(connection.pass(seconds: 4) == "wait")
            #expect(connection.pass(seconds: 1) == "refuse body_timeout")
            #expect(connection.state.fault == .bodyTooSlow)
        }
    }

    @Test("a blank line is not a request: the time until one starts continues, and ends without an answer")
    func blankLine() {
        var connection = ScriptedConnection()
        #expect(connection.receive(ServerConnectionStateTests.get + "\r\n") == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "read")
        #expect(connection.state.isIdle)
        #expect(connection.secondsLeft == 75)
        #expect(connection.receive("G") == "read")
        #expect(connection.secondsLeft == 10)
        #expect(connection.receive("ET /b HTTP/1.1\r\nHost: h\r\n\r\n") == "admit /b")
    }

    @Test("after an answer an idle connection ends for its sender first, and is read to its end")
    func idleEnd() {
        var connection = ScriptedConnection()
        #expect(connection.receive(ServerConnectionStateTests.get) == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "read")
        #expect(connection.pass(seconds: 75) == "halfClose")
        #expect(connection.receive("\r\n") == "read")
        #expect(connection.ended() == "close")
    }

    @Test("a pipelined head's time starts when it is read, not when it arrived")
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
