import SluiceBase
import SluiceHTTP
import SluiceNet
import TestSupport
import Testing

/// What a client does on connections that work.
@Suite struct ClientConnectionTests {
    private static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    @Test(
        "an answer is read to its end, for every kind of framing",
        arguments: [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx-trailer: z\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 "
                + "OK\r\ncontent-length: 5\r\n\r\nhello",
        ])
    func reads(answer: String) async throws {
        // Cut in every place, a piece at a time.
        for cut in stride(from: 1, to: answer.utf8.count, by: 5) {
            let server = try ScriptedServer(
                .read, .send(String(answer.prefix(cut))), .send(String(answer.dropFirst(cut))), .finish)
            defer { server.stop() }
            let client = try ClientUnderTest(port: server.port)
            let response = try await client.get()
            #expect(response.status == 200)
            #expect(response.text == "hello")
            await client.stop()
        }
    }

    @Test(
        "a connection is reused if the answer allows it",
        arguments: [(Self.ok, 1), (Self.close, 3), (Self.old, 3), (Self.more, 3)])
    func reuses(answer: String, connections: Int) async throws {
        let server = try ScriptedServer(.read, .send(answer), .read, .send(answer), .read, .send(answer))
        defer { server.stop() }
        let client = try ClientUnderTest(port: server.port)
        for index in 0..<3 {
            let response = try await client.get()
            #expect(response.text == "ok")
            #expect(response.isFirstOfConnection == (connections == 3 || index == 0))
        }
        #expect(server.connectionCount == connections)
        await client.stop()
    }

    private static let close = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    private static let old = "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"
    /// With bytes that belong to no answer.
    private static let more = ok + "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"

    @Test("there are never more connections than the pool may have, and every request gets its turn")
    func bounded() async throws {
        let server = try await ServerUnderTest.start()
        let client = try ClientUnderTest(port: server.port) { $0.maximumConnections = 3 }
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<60 { group.addTask { try await client.post("\(index)", to: "/echo").text } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(texts == Set((0..<60).map(String.init)))
        #expect(server.server.connectionCount <= 3)
        await client.stop()
        await server.stop()
    }

    @Test("IPv6 and a name with several addresses are reached", arguments: ["::1", "127.0.0.1", "localhost"])
    func families(host: String) async throws {
        let server = try await ServerUnderTest.start(host: host == "::1" ? "::1" : "127.0.0.1")
        let client = try ClientUnderTest(host, port: server.port)
        #expect(try await client.post("hello", to: "/echo").text == "hello")
        await client.stop()
        await server.stop()
    }

    @Test("large bodies go and come back whole, plain and over TLS", arguments: [false, true])
    func large(isTLS: Bool) async throws {
        let certificate = try TestCertificate.make()
        let server = try await ServerUnderTest.start(certificate: isTLS ? certificate : nil)
        let tls =
            isTLS ? try TLSClientContext(caPath: certificate.certificatePath, certificatePath: nil, keyPath: nil) : nil
        let client = try ClientUnderTest(port: server.port, tls: tls)
        for size in [0, 1, 16_384, 16_385, 1 << 20, 8 << 20] {
            let body = String(repeating: "0123456789abcdef", count: size / 16 + 1).prefix(size)
            let answer = try await client.post(String(body), to: "/echo", timeout: .seconds(3000))
            #expect(answer.body.count == size)
            #expect(answer.text == body)
        }
        await client.stop()
        await server.stop()
    }
}
