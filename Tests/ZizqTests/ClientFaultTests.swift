import DevQueue
import Logging
import SluiceNet
import Synchronization
import TestSupport
import Testing

@testable import Zizq

/// What a caller is told when servers, networks and certificates are not as they should be.
@Suite struct ClientFaultTests {
    /// A body that a scripted server knows the end of.
    private static let body = Array("a body END".utf8)

    private func client(_ url: String, _ configure: (inout ZizqConfiguration) -> Void = { _ in }) throws -> ZizqClient {
        var configuration = ZizqConfiguration(url: url)
        // A test that cancels a call does so before a timeout ends it, however busy the machine is.
        (configuration.connectTimeout, configuration.readTimeout) = (.seconds(600), .seconds(600))
        configure(&configuration)
        return try ZizqClient(configuration)
    }

    private func post(_ client: ZizqClient, _ body: [UInt8] = body) async -> ZizqError? {
        await failure { () throws(ZizqError) in try await client.enqueueBulk(raw: body) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: [ScriptedServer.Step]
        let reason: ZizqError.TransportFailure.Reason?
        var status: Int?
    }

    private static let rows = [
        Row(testDescription: "closes before it reads", script: [.close], reason: .broken),
        Row(testDescription: "closes behind the body", script: [.read, .close], reason: .broken),
        Row(testDescription: "resets", script: [.read, .reset], reason: .broken),
        Row(
            testDescription: "half an answer",
            script: [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"jo"), .close],
            reason: .broken),
        Row(testDescription: "garbage", script: [.read, .send("\u{1}\u{2}garbage\r\n\r\n")], reason: .malformed),
        Row(
            testDescription: "only 1xx", script: [.read, .send("HTTP/1.1 100 Continue\r\n\r\n"), .close],
            reason: .broken),
        Row(testDescription: "no answer", script: [.read], reason: .timedOut),
        Row(
            testDescription: "a slow answer", script: [.read, .send("HTTP/1.1 200 OK\r\ncontent-le")], reason: .timedOut
        ),
        Row(
            testDescription: "more than a client takes",
            script: [.read, .send("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n")],
            reason: .tooLong),
        Row(
            testDescription: "a proxy's page",
            script: [.read, .send("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 1\r\n\r\n<")],
            reason: nil, status: 502),
    ]

    @Test(
        "after any fault of a server after the body, the caller knows that it may have been processed", arguments: rows)
    func breaks(row: Row) async throws {
        let server = try ScriptedServer([row.script])
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)") {
            $0.readTimeout = row.reason == .timedOut ? .milliseconds(200) : .seconds(600)
        }
        let error = await post(client)
        #expect(error?.isRetryable == (row.reason != .tooLong) && error?.status == row.status)
        if let reason = row.reason {
            guard case .transport(let failure) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(failure.reason == reason)
        }
        // Where the connection ends before anything is sent there is nothing that could have been acted on.
        if row.testDescription != "closes before it reads" { #expect(error?.isAmbiguous == true) }
        await client.shutdown()
    }

    @Test(
        "an answer is read in any encoding of HTTP",
        arguments: [
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"status\":\"ok\"}",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta\r\na\r\ntus\":\"ok\"}\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n{\"status\":\"ok\"}",
        ])
    func reads(answer: String) async throws {
        let server = try ScriptedServer(.read, .send(answer), .finish)
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)")
        for _ in 0..<3 { try await client.health() }
        await client.shutdown()
    }

    @Test("a 2xx that is not Zizq's is not a success of a report, and not a stream of jobs", .timeLimit(.minutes(3)))
    func otherServers() async throws {
        let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"
        let server = try ScriptedServer([
            Array(repeating: [ScriptedServer.Step.read, .send(page)], count: 9).flatMap { $0 }
        ])
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)")
        let one = await failure { () throws(ZizqError) in try await client.success("x") }
        var taken = client.take().makeAsyncIterator()
        let stream = await #expect(throws: ZizqError.self) { try await taken.next() }
        for error in [one, stream] {
            guard case .decoding = error else { Issue.record("\(String(describing: error))"); return }
        }
        await client.shutdown()
    }

    @Test("durations of any length are taken")
    func forever() async throws {
        try await QueueFixture.run({
            ($0.connectTimeout, $0.readTimeout) = (.seconds(Int64.max), .seconds(Int64.max))
        }) { queue, client in
            try await client.enqueue(Enqueue(Rebuild()).delay(.seconds(Int64.max - 1)), timeout: .seconds(Int64.max))
            let long = Backoff(base: .seconds(Int64.max), exponent: 1, jitter: .zero)
            let error = await failure { () throws(ZizqError) in
                try await client.enqueue(Enqueue(Rebuild()).backoff(long))
            }
            #expect(error?.description == "the base of a backoff must be between 0 and 4294967295 milliseconds")
            try await client.enqueue(Page(1))
            var taken = client.take(Page.self, silence: .seconds(Int64.max)).makeAsyncIterator()
            let job = try #require(try await taken.next())
            let failed = try await client.failure(job.id, message: "m", retryIn: .seconds(Int64.max))
            #expect(failed.status == .scheduled)
        }
        for seconds in [Int64.min, -1, 0] {
            #expect(throws: ZizqError.invalidArgument("a timeout must be longer than zero")) {
                try client("http://127.0.0.1:1") { $0.readTimeout = .seconds(seconds) }
            }
        }
    }

    @Test("a page that names itself as the next one ends a list", .timeLimit(.minutes(3)))
    func circles() async throws {
        let job =
            #"{"id":"a","type":"page","queue":"default","priority":1,"status":"ready","ready_at":1,"attempts":0,"payload":5}"#
        let body = #"{"jobs":[\#(job)],"pages":{"next":"/jobs?limit=200&order=asc"}}"#
        let page =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
        let server = try ScriptedServer([
            Array(repeating: [ScriptedServer.Step.read, .send(page)], count: 100).flatMap { $0 }
        ])
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)")
        var count = 0
        for try await _ in client.jobs() { count += 1 }
        #expect(count == 1)
        await client.shutdown()
    }

    private enum Authority: Sendable, CaseIterable { case own, none, other }

    /// What a call comes to over TLS.
    private func overTLS(_ certificate: TestCertificate, _ authority: Authority, host: String = "127.0.0.1")
        async throws -> ZizqError?
    {
        let slot = TLSServerContextSlot(
            try TLSServerContext(certificatePath: certificate.certificatePath, keyPath: certificate.keyPath))
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try await DevQueueServer(store: DevQueueStore(), address: address, tls: slot)
        let other = try TestCertificate.make()
        let client = try client("https://\(host):\(server.address.port)") {
            $0.caCertificatePath =
                switch authority {
                case .own: certificate.certificatePath
                case .none: nil
                case .other: other.certificatePath
                }
            $0.retryPolicy = .off
        }
        let error = await failure { () throws(ZizqError) in try await client.enqueue(Rebuild()) }
        #expect(server.store.statistics.enqueueRequests == 0)
        await client.shutdown()
        await server.stop()
        return error
    }

    @Test("a server whose certificate does not prove who it is gets nothing, and the error says what is wrong with it")
    func certificates() async throws {
        let good = try TestCertificate.make()
        let rows: [(String, TestCertificate, Authority, String)] = [
            ("self-signed", good, .none, "self-signed"), ("wrong authority", good, .other, "self-signed"),
            ("expired", try TestCertificate.make(validDays: -1), .own, "expired"),
            ("wrong name", try TestCertificate.make(hostNames: ["zizq.example"], addresses: []), .own, "mismatch"),
        ]
        for (name, certificate, authority, word) in rows {
            let error = try await overTLS(certificate, authority)
            guard case .transport(let failure) = error else {
                Issue.record("\(name): \(String(describing: error))"); return
            }
            #expect(error?.isRetryable == false)
            #expect(failure.reason == .untrusted && !failure.requestBodyMayHaveBeenProcessed, "\(name)")
            #expect(failure.message.contains(word), "\(name): \(failure.message)")
        }
    }

    @Test("five hundred concurrent calls share four connections")
    func many() async throws {
        try await QueueFixture.run(isLicensed: false, { $0.maximumConnections = 4 }) { queue, client in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<500 { group.addTask { try await client.enqueue(Page(number)).id } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(ids.count == 500 && queue.store.jobCount == 500)
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}"
        let server = try ScriptedServer([
            Array(repeating: [ScriptedServer.Step.read, .send(answer)], count: 500).flatMap { $0 }
        ])
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)") { $0.maximumConnections = 4 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 { group.addTask { try await client.health() } }
            try await group.waitForAll()
        }
        #expect(server.connectionCount <= 4)
        await client.shutdown()
    }

    @Test("IPv6 is spoken, in brackets")
    func newer() async throws {
        try await QueueFixture.run(host: "::1") { queue, client in
            #expect(queue.server.url().hasPrefix("http://[::1]:"))
            try await client.enqueue(Rebuild())
            #expect(queue.store.jobCount == 1)
        }
    }

    @Test("a name without an address, and a port without a listener, mean that nothing was sent")
    func unreachable() async throws {
        let rows = [
            ("http://nowhere.invalid:7890", ZizqError.TransportFailure.Reason.unresolved),
            ("http://127.0.0.1:9", .unreachable),
        ]
        for (url, reason) in rows {
            let client = try client(url)
            let error = await post(client)
            guard case .transport(let failure) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(failure.reason == reason && error?.isRetryable == true && error?.isAmbiguous == false)
            await client.shutdown()
        }
    }

    @Test("connecting has its own timeout")
    func connectTimeout() async throws {
        // Accepts, and never shakes hands.
        let server = try ScriptedServer([[]])
        defer { server.stop() }
        let client = try client("https://127.0.0.1:\(server.port)") { $0.connectTimeout = .milliseconds(100) }
        let error = await post(client)
        #expect(error?.description == "no connection within 100ms" && error?.isAmbiguous == false)
        await client.shutdown()
    }

    @Test("a body that the server does not take in time ends the call")
    func stalls() async throws {
        let server = try ScriptedServer([[]])
        defer { server.stop() }
        let client = try client("http://127.0.0.1:\(server.port)") { $0.readTimeout = .milliseconds(300) }
        let error = await post(client, Array(repeating: UInt8(ascii: "x"), count: 64 << 20))
        guard case .transport(let failure) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(failure.reason == .timedOut && failure.requestBodyMayHaveBeenProcessed)
        await client.shutdown()
    }

    @Test("a call can be cancelled at every stage")
    func cancels() async throws {
        let large = Array(repeating: UInt8(ascii: "x"), count: 64 << 20)
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"jo"
        let rows: [(stage: String, scheme: String, script: [ScriptedServer.Step], body: [UInt8])] = [
            ("shaking hands", "https", [], Self.body), ("sending", "http", [], large),
            ("waiting for the answer", "http", [.read], Self.body),
            ("reading the answer", "http", [.read, .send(half)], Self.body),
        ]
        for row in rows {
            let server = try ScriptedServer([row.script])
            let client = try client("\(row.scheme)://127.0.0.1:\(server.port)") { $0.maximumConnections = 1 }
            let call = Task { await post(client, row.body) }
            while server.connectionCount == 0 { await Task.yield() }
            // Behind the one that has the only connection.
            let waiting = Task { await post(client) }
            for call in [waiting, call] {
                call.cancel()
                let error = await call.value
                #expect(
                    error?.isCancelled == true && error?.isRetryable == false,
                    "\(row.stage): \(String(describing: error))")
            }
            await client.shutdown()
            server.stop()
        }
        let resolving = try client("http://nowhere.invalid:1")
        let call = Task { await post(resolving) }
        call.cancel()
        #expect(await call.value?.isRetryable != nil)
        await resolving.shutdown()
    }

    @Test("a server of another major version is warned of once; the supported one is not")
    func versions() async throws {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"version\":\"1.0.0\"}"
        let server = try ScriptedServer(.read, .send(answer), .read, .send(answer), .read, .send(answer))
        defer { server.stop() }
        let log = LoggedLines()
        let client = try client("http://127.0.0.1:\(server.port)") { $0.logger = Logger(label: "test") { _ in log } }
        for _ in 0..<3 {
            let fits = try await client.checkVersion()
            #expect(!fits)
        }
        #expect(
            log.all == ["unsupported Zizq version: this client supports major version 0 1.0.0"])
        await client.shutdown()
        try await QueueFixture.run({ $0.logger = Logger(label: "test") { _ in log } }) { _, client in
            let fits = try await client.checkVersion()
            #expect(fits && log.all.count == 1)
        }
    }
}

/// Keeps what is logged.
final class LoggedLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock {
            $0.append("\(event.message)" + (event.metadata ?? [:]).values.map { " \($0)" }.sorted().joined())
        }
    }
}
