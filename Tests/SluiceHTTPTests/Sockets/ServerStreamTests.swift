import SluiceBase
import SluiceHTTP
import SluiceNet
import TestSupport
import Testing

/// Streamed answers over real sockets.
@Suite struct ServerStreamTests {
    private static let request = "GET /stream HTTP/1.1\r\nhost: h\r\n\r\n"
    private static let echo = "POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"

    @Test(
        "a stream is sent in chunks as they come, ends with its service, and its connection continues with the next request"
    )
    func streams() async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send(Self.request + Self.echo)
        let start = try await blocking { try receiver.receive(until: "5\r\nfirst\r\n") }
        #expect(start.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(start)")
        #expect(start.contains("\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"), "\(start)")
        #expect(await server.events(1) == [.wake])
        #expect(try await server.send("second"))
        #expect(try await blocking { try receiver.receive(until: "6\r\nsecond\r\n") } == "6\r\nsecond\r\n")
        try await server.onStream { $0.end($1) }
        let rest = try await blocking { try receiver.receive(until: nil) }
        #expect(rest.hasPrefix("0\r\n\r\nHTTP/1.1 200 OK\r\n") && rest.hasSuffix("hi"), "\(rest)")
        #expect(try await server.send("late") == false)
        #expect(await server.events(1) == [.wake])
        await server.stop()
    }

    @Test("a receiver of HTTP/1.0 gets the bytes as they are, until the connection closes")
    func oldVersion() async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send("GET /stream HTTP/1.0\r\n\r\n")
        _ = await server.events(1)
        #expect(try await server.send(" second"))
        try await server.onStream { $0.end($1) }
        let text = try await blocking { try receiver.receive(until: nil) }
        #expect(text.hasSuffix("connection: close\r\n\r\nfirst second"), "\(text)")
        await server.stop()
    }

    @Test("an answer to HEAD has the head of the stream alone")
    func head() async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send("HEAD /stream HTTP/1.1\r\nhost: h\r\n\r\n" + Self.echo)
        let text = try await blocking { try receiver.receive(until: nil) }
        #expect(text.contains("transfer-encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n"), "\(text)")
        #expect(await server.events(1) == [.over])
        await server.stop()
    }

    @Test(
        "a service gets one event for a receiver that disconnects in any way", arguments: ["reset", "ended", "closed"])
    func goes(how: String) async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send(Self.request)
        _ = await server.events(1)
        switch how {
        case "reset": receiver.reset()
        case "ended": receiver.finishSending()
        default: receiver.close()
        }
        #expect(await server.events(2) == [.wake, .over])
        #expect(try await server.send("late") == false)
        await server.stop()
        #expect(await server.events(2) == [.wake, .over])
    }

    @Test("a TLS receiver gets the stream, and its going is seen")
    func overTLS() async throws {
        let certificate = try TestCertificate.make()
        let server = try await ServerUnderTest.start(certificate: certificate)
        let tls = try TLSClientContext(caPath: certificate.certificatePath, certificatePath: nil, keyPath: nil)
        let peer = TLSPeer(port: server.port, tls: tls)
        let request = Array(Self.request.utf8)
        let total = try await blocking { try peer.exchange([request], expecting: 100) }
        #expect(total >= 100)
        #expect(await server.events(2) == [.wake, .over])
        await server.stop()
    }

    @Test("a receiver that is slow gets all of it, and the service learns when there is room again")
    func slow() async throws {
        // The reader may start late on a busy machine.
        let server = try await ServerUnderTest.start {
            ($0.limits.streamBytes, $0.limits.writeTime) = (1 << 16, .seconds(600))
        }
        let receiver = try RawSocket(port: server.port)
        try receiver.send(Self.request)
        _ = await server.events(1)
        let piece = String(repeating: "#", count: 1 << 20)
        var pieces = 1
        while try await server.send(piece) { pieces += 1 }
        #expect(try await server.onStream { $0.hasRoom(on: $1) } == false)
        let reading = Task { try await blocking { try receiver.receive { $0.hasSuffix("0\r\n\r\n") } } }
        #expect(await server.events(2) == [.wake, .wake])
        try await server.onStream { $0.end($1) }
        let text = try await reading.value
        #expect(text.utf8.count { $0 == UInt8(ascii: "#") } == pieces << 20)
        await server.stop()
    }

    @Test(
        "a receiver that does not read is closed after the write timeout; a service that exceeds the bound closes it immediately"
    )
    func stuck() async throws {
        for goesOn in [false, true] {
            let server = try await ServerUnderTest.start {
                $0.limits.streamBytes = 1 << 16
                if !goesOn { $0.limits.writeTime = .milliseconds(100) }
            }
            let receiver = try RawSocket(port: server.port)
            try receiver.send(Self.request)
            _ = await server.events(1)
            let piece = String(repeating: "#", count: 1 << 20)
            while try await server.send(piece) {}
            if goesOn { #expect(try await server.send("more") == false) }
            #expect(await server.events(2) == [.wake, .over])
            receiver.close()
            await server.stop()
        }
    }

    @Test("a stream ends when the server drains, and one that starts then ends immediately")
    func drains() async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send(Self.request)
        _ = await server.events(1)
        server.server.beginDrain()
        let text = try await blocking { try receiver.receive(until: nil) }
        #expect(text.hasSuffix("5\r\nfirst\r\n0\r\n\r\n"), "\(text)")
        #expect(await server.events(2) == [.wake, .over])
        let late = try RawSocket(port: server.port)
        try late.send(Self.request)
        let none = try await blocking { try late.receive(until: nil) }
        #expect(none.hasSuffix("connection: close\r\n\r\n0\r\n\r\n"), "\(none)")
        #expect(await server.events(3) == [.wake, .over, .over])
        await server.stop()
    }

    @Test("an alarm wakes the service once, and can be cleared")
    func alarms() async throws {
        let server = try await ServerUnderTest.start()
        let receiver = try RawSocket(port: server.port)
        try receiver.send(Self.request)
        _ = await server.events(1)
        try await server.onStream { $0.setAlarm(at: $0.loop.now + 1_000_000, for: $1) }
        #expect(await server.events(2) == [.wake, .wake])
        try await server.onStream { loop, exchange in
            loop.setAlarm(at: loop.loop.now, for: exchange)
            loop.setAlarm(at: nil, for: exchange)
            loop.wake(exchange)
        }
        #expect(await server.events(3) == [.wake, .wake, .wake])
        receiver.finishSending()
        #expect(await server.events(4) == [.wake, .wake, .wake, .over])
        await server.stop()
    }
}
