import Synchronization
import TestSupport
import Testing

@testable import SluiceHTTP

/// Answers whose bodies are read as they come.
@Suite struct ClientStreamTests {
    private static let chunked =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"

    private func withStream(
        _ script: ScriptedServer.Step..., idleTimeout: Duration = .seconds(3000),
        _ body: (HTTPClientStream, ClientUnderTest) async throws -> Void
    ) async throws {
        let server = try ScriptedServer([script])
        let client = try ClientUnderTest(port: server.port)
        let request = HTTPClientRequest(method: "GET", target: "/stream", timeout: .seconds(3000))
        try await body(try await client.client.open(request, idleTimeout: idleTimeout), client)
        await client.stop()
    }

    private func failure(_ body: () async throws(HTTPClientError) -> Void) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    /// The pieces of a body up to its end or the error that ends it.
    private func pieces(_ stream: HTTPClientStream) async -> ([String], HTTPClientError?) {
        var pieces: [String] = []
        do throws(HTTPClientError) {
            while let piece = try await stream.next() { pieces.append(String(decoding: piece, as: UTF8.self)) }
            return (pieces, nil)
        } catch {
            return (pieces, error)
        }
    }

    @Test("head and body come as they are sent: in chunks, by length, and until the server closes")
    func frames() async throws {
        let bodies = [
            Self.chunked + "3\r\none\r\n4\r\n\ntwo\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\none\ntwo",
            "HTTP/1.1 200 OK\r\n\r\none\ntwo",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\none\ntwo",
        ]
        for body in bodies {
            try await withStream(.read, .send(body), .close) { stream, _ in
                #expect(stream.status == 200)
                let (pieces, error) = await pieces(stream)
                #expect(pieces.joined() == "one\ntwo")
                #expect(error == nil)
            }
        }
    }

    @Test("received data can be read immediately, and an incomplete body is an error after it")
    func arrives() async throws {
        try await withStream(.read, .send(Self.chunked + "3\r\none\r\n")) { stream, _ in
            #expect(stream.headers.contains { $0 == ("content-type", "application/x-ndjson") })
            let piece = try await stream.next()
            #expect(piece == Array("one".utf8))
        }
        let cutShort = "the server closed the connection before its answer was complete"
        for ending in ["3\r\none\r\n", "5\r\none"] {
            try await withStream(.read, .send(Self.chunked + ending), .close) { stream, _ in
                let (pieces, error) = await pieces(stream)
                #expect(pieces.joined() == "one")
                #expect(error == HTTPClientError(.closed, mayHaveBeenProcessed: true, cutShort))
            }
        }
        let server = try ScriptedServer(.read, .send(Self.chunked + "3\r\none\r\nx\r\n"))
        let client = try ClientUnderTest(port: server.port)
        // The head may have arrived before the invalid chunk.
        let error = await failure { () async throws(HTTPClientError) in
            let stream = try await client.client.open(
                HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000)), idleTimeout: .seconds(3000))
            while try await stream.next() != nil {}
        }
        #expect(error?.kind == .malformedResponse)
        await client.stop()
    }

    @Test("a silence longer than the idle timeout ends the stream; the head has its own timeout")
    func silence() async throws {
        try await withStream(.read, .send(Self.chunked + "3\r\none\r\n"), idleTimeout: .milliseconds(150)) {
            stream, _ in
            let (pieces, error) = await pieces(stream)
            #expect(pieces == ["one"])
            #expect(error == HTTPClientError(.timeout, mayHaveBeenProcessed: true, "no data within 150ms"))
        }
        let server = try ScriptedServer(.read)
        let client = try ClientUnderTest(port: server.port)
        let request = HTTPClientRequest(method: "GET", target: "/", timeout: .milliseconds(100))
        let error = await failure { () async throws(HTTPClientError) in
            _ = try await client.client.open(request, idleTimeout: .seconds(3000))
        }
        #expect(error == HTTPClientError(.timeout, mayHaveBeenProcessed: true, "no complete answer within 100ms"))
        await client.stop()
    }

    @Test("releasing a stream, cancelling it or its task closes the connection immediately")
    func ends() async throws {
        for ending in ["cancel", "task", "release"] {
            let server = try ServerClosing()
            let client = try ClientUnderTest(port: server.port)
            let request = HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000))
            do {
                let stream = try await client.client.open(request, idleTimeout: .seconds(3000))
                _ = try await stream.next()
                switch ending {
                case "cancel":
                    stream.cancel()
                    let error = await failure { () async throws(HTTPClientError) in _ = try await stream.next() }
                    #expect(error?.kind == .cancelled)
                case "task":
                    let reading = Task { try await stream.next() }
                    reading.cancel()
                    let result = await reading.result
                    #expect(throws: HTTPClientError.self) { _ = try result.get() }
                default: break
                }
            }
            let hasEnded = try await server.hasSeenTheEnd()
            #expect(hasEnded, "\(ending)")
            await client.stop()
        }
    }

    @Test("a stream does not use the pool, and a cancelled open leaves nothing")
    func pool() async throws {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        let server = try ScriptedServer([
            [.read, .send(Self.chunked + "3\r\none\r\n")], [.read, .send(Self.chunked + "3\r\none\r\n")],
            [.read, .send(ok)],
        ])
        let client = try ClientUnderTest(port: server.port) { $0.maximumConnections = 1 }
        let request = HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000))
        let one = try await client.client.open(request, idleTimeout: .seconds(3000))
        let two = try await client.client.open(request, idleTimeout: .seconds(3000))
        let answer = try await client.get()
        #expect(answer.text == "ok")
        let pieces = [try await one.next(), try await two.next()]
        #expect(pieces == [Array("one".utf8), Array("one".utf8)])
        await client.stop()
        let error = await failure { () async throws(HTTPClientError) in _ = try await one.next() }
        #expect(error?.kind == .cancelled)
    }

    @Test("a body that is far longer than what is kept for a slow reader comes whole")
    func long() async throws {
        let chunk = "100000\r\n\(String(repeating: "x", count: 1 << 20))\r\n"
        let script: [ScriptedServer.Step] =
            [.read, .send(Self.chunked)] + Array(repeating: .send(chunk), count: 24) + [.send("0\r\n\r\n"), .close]
        let server = try ScriptedServer([script])
        let client = try ClientUnderTest(port: server.port)
        let stream = try await client.client.open(
            HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000)), idleTimeout: .seconds(3000))
        let body = try await stream.collect(limit: 24 << 20)
        #expect(body.count == 24 << 20)
        await client.stop()
    }

    @Test("unread data of a slow reader pauses the reading, which continues when it has caught up")
    func backPressure() async throws {
        let resumed = Mutex(0)
        let channel = BodyChannel { resumed.withLock { $0 += 1 } }
        let half = [UInt8](repeating: 1, count: 512 * 1024)
        #expect(channel.push(half))
        #expect(channel.push(half))
        #expect(!channel.push([1]))
        for expected in [0, 1] {
            let piece = await channel.next()
            #expect(piece == .success(half))
            #expect(resumed.withLock { $0 } == expected)
        }
        let error = HTTPClientError(.closed, mayHaveBeenProcessed: true, "gone")
        channel.fail(error)
        let last = await [channel.next(), channel.next()]
        #expect(last == [.success([1]), .failure(error)])
        #expect(resumed.withLock { $0 } == 1)
    }
}

/// Answers one request with the beginning of a stream, and then waits for the client to go.
private final class ServerClosing: Sendable {
    let port: UInt16
    private let socket: RawSocket
    private let end: Task<Bool, any Error>

    init() throws {
        let (socket, port) = try RawSocket.listening()
        self.port = port
        self.socket = socket
        end = Task {
            try await blocking {
                guard let connection = socket.accept() else { return false }
                _ = try connection.receive(until: "\r\n\r\n")
                try connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
                return try connection.receive(until: nil).isEmpty
            }
        }
    }

    /// Whether the client has closed its side, which is waited for.
    func hasSeenTheEnd() async throws -> Bool { try await end.value }
}
