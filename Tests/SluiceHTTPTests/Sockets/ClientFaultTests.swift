import SluiceHTTP
import TestSupport
import Testing

/// What a client makes of servers that do not do as they should.
@Suite struct ClientFaultTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: [ScriptedServer.Step]
        let kind: HTTPClientError.Kind
        let message: String

        init(_ name: String, _ script: [ScriptedServer.Step], _ kind: HTTPClientError.Kind, _ message: String) {
            testDescription = name
            self.script = script
            self.kind = kind
            self.message = message
        }
    }

    private static let cutShort = "the server closed the connection before its answer was complete"

    private static let rows = [
        Row("closes before the answer", [.read, .close], .closed, cutShort),
        Row("closes in the status line", [.read, .send("HTTP/1.1 20"), .close], .closed, cutShort),
        Row("closes in the head", [.read, .send("HTTP/1.1 200 OK\r\ncontent-le"), .close], .closed, cutShort),
        Row(
            "closes in the body", [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"), .close], .closed,
            cutShort),
        Row(
            "closes in a chunk",
            [.read, .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"), .close], .closed, cutShort),
        Row(
            "closes before the last chunk",
            [.read, .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"), .close],
            .closed, cutShort),
        Row(
            "closes after an interim answer", [.read, .send("HTTP/1.1 100 Continue\r\n\r\n"), .close], .closed, cutShort
        ),
        Row(
            "answers garbage", [.read, .send("<<not HTTP>>\r\n\r\n")], .malformedResponse,
            "the answer is not HTTP: a malformed HTTP version"
        ),
        Row(
            "answers with two lengths",
            [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")],
            .malformedResponse, "the answer is not HTTP: more than one Content-Length"),
        Row(
            "switches protocols", [.read, .send("HTTP/1.1 101 Switching Protocols\r\n\r\n")], .malformedResponse,
            "the answer is not HTTP: an answer that switches to an unrequested protocol"),
        Row(
            "announces more than the client takes", [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n")],
            .responseTooLarge,
            "the answer has more than 1000 bytes"),
        Row(
            "sends chunks over what the client takes",
            [.read, .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n")],
            .responseTooLarge, "the answer has more than 1000 bytes"),
        Row(
            "sends more than the client takes without a length",
            [.read, .send("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 1001))], .responseTooLarge,
            "the answer has more than 1000 bytes"),
        Row("answers nothing", [.read], .timeout, "no complete answer within 200ms"),
        Row(
            "answers half and then nothing", [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")],
            .timeout,
            "no complete answer within 200ms"),
        Row(
            "answers interim answers for ever", [.read, .send("HTTP/1.1 100 Continue\r\n\r\n")], .timeout,
            "no complete answer within 200ms"),
    ]

    @Test("a request that gets no whole answer ends with an error that says at which stage", arguments: rows)
    func fails(row: Row) async throws {
        let server = try ScriptedServer([row.script])
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port) { $0.responseLimit = 1000 }
        for body in ["", "a body END"] {
            let timeout = row.kind == .timeout ? Duration.milliseconds(200) : .seconds(3000)
            let request = HTTPClientRequest(method: "POST", target: "/", body: Array(body.utf8), timeout: timeout)
            let error = await client.failure(request)
            #expect(error?.kind == row.kind)
            #expect(error?.message == row.message)
            #expect(error?.mayHaveBeenProcessed == true)
        }
        // The connection is of no use any more: each request had one of its own.
        #expect(server.connectionCount == 2)
        await client.stop()
    }

    @Test("a reset before the answer is a closed connection")
    func reset() async throws {
        let server = try ScriptedServer(.read, .reset)
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port)
        let error = await client.failure()
        #expect(error?.kind == .closed)
        #expect(error?.message.contains("Connection reset by peer") == true, "\(String(describing: error))")
        await client.stop()
    }

    @Test("a server that answers while it has not read the body, and stops reading, is heard")
    func answersEarly() async throws {
        let refusal = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
        let server = try ScriptedServer(.send(refusal), .finish)
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port)
        let answer = try await client.post(String(repeating: "x", count: 16 << 20))
        #expect(answer.status == 413)
        #expect(answer.text == "no")
        await client.stop()
    }

    @Test("without a listener the connection fails, and the server cannot have processed the request")
    func refused() async throws {
        // No other test gets this port.
        let client = try ClientUnderTest(port: 9)
        let error = await client.failure()
        #expect(error?.kind == .connect)
        #expect(error?.message == "cannot connect to 127.0.0.1:9: connect: Connection refused")
        #expect(error?.mayHaveBeenProcessed == false)
        await client.stop()
    }

    @Test("a name that does not resolve has its own error, and the next request resolves again")
    func unresolvable() async throws {
        let client = try ClientUnderTest("nowhere.invalid", port: 1)
        for _ in 0..<2 {
            let error = await client.failure()
            #expect(error?.kind == .resolve)
            #expect(
                error?.message.hasPrefix("cannot resolve nowhere.invalid: ") == true, "\(String(describing: error))")
            #expect(error?.mayHaveBeenProcessed == false)
        }
        await client.stop()
    }

    @Test("a cancelled request ends immediately, in transit and while it waits for a connection")
    func cancels() async throws {
        let server = try ScriptedServer(.read)
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port) { $0.maximumConnections = 1 }
        let request = HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000))
        let first = Task { await client.failure(request) }
        let second = Task { await client.failure(request) }
        second.cancel()
        first.cancel()
        #expect(await first.value?.kind == .cancelled)
        #expect(await second.value?.kind == .cancelled)
        await client.stop()
    }

    @Test("a client that is shut down aborts requests in transit and accepts no more")
    func shutsDown() async throws {
        let server = try ScriptedServer(.read)
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port)
        let request = Task {
            await client.failure(HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000)))
        }
        await Task.yield()
        client.client.shutdown()
        #expect(await request.value?.kind == .cancelled)
        #expect(await client.failure()?.message == "the client is shut down")
        await client.stop()
    }
}
