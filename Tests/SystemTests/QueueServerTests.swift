import DevQueue
import SluiceBase
import SluiceHTTP
import SluiceNet
import Synchronization
import TestSupport
import Testing

/// The queue's side of the wire: how the gateway reaches it, and what it sends along.
@Suite struct QueueServerTests {
    /// Takes every batch, and remembers the heads of the requests.
    private final class Recorder: HTTPService {
        private let heads: Heads

        init(_ heads: Heads) { self.heads = heads }

        func admit(_ request: borrowing RequestView) -> Admission<NoContext> { .body(limit: 1 << 20) }

        func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
            var head = "\(request.method.text) \(request.target.text)\n"
            for index in 0..<request.headers.count {
                head += "\(request.headers.name(at: index).text): \(request.headers.value(at: index).text)\n"
            }
            heads.add(head)
            let job = #"{"id":"03hafxki710pxbxgtmvmxkl9v"}"#
            return .now(
                HTTPResponse(
                    status: 201, headers: [("content-type", "application/json")],
                    body: Array(#"{"jobs":[\#(job)]}"#.utf8)))
        }
    }

    private final class Heads: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ head: String) { lines.withLock { $0.append(head) } }
    }

    private struct Silent: HTTPServerObserver {
        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
        func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
        func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
    }

    /// A server that speaks TLS with this certificate and takes one job a batch.
    private func withRecorder(
        _ certificate: TestCertificate?, _ body: (_ address: SocketAddress, _ heads: Heads) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1, name: "queue")
        let heads = Heads()
        let server = await HTTPServer(
            configuration: HTTPServerConfiguration(memory: MemoryBudget(limit: .mebibytes(16))), group: group,
            observer: Silent()
        ) { _ in Recorder(heads) }
        let socket = try ListeningSocket(try #require(SocketAddress(host: "127.0.0.1", port: 0)))
        let tls = try certificate.map {
            TLSServerContextSlot(try TLSServerContext(certificatePath: $0.certificatePath, keyPath: $0.keyPath))
        }
        try await server.listen(on: socket, tls: tls)
        do { try await body(socket.address, heads) } catch {
            await server.close()
            await group.stop()
            throw error
        }
        await server.close()
        await group.stop()
    }

    @Test("over HTTPS, with a private authority, a path in front and the headers of a file")
    func secure() async throws {
        let certificate = try TestCertificate.make()
        try await withRecorder(certificate) { address, heads in
            let folder = try TemporaryFolder()
            try GatewayUnderTest.writeCertificate(to: folder)
            try folder.write("# for the proxy\nAuthorization: Bearer abc\n\nX-Team: hooks\n", to: "headers")
            let settings = ["zizq.ca": certificate.certificatePath, "zizq.headers_file": "headers"]
            let setup = GatewaySetup(settings: settings, queue: "https://\(address)/queue", folder: folder)
            try await GatewayUnderTest.run(setup) { gateway in
                #expect(try await gateway.send([1]) == [200])
                try await gateway.untilMetric("sluice_jobs_queued_total", is: 1)
                #expect(!gateway.log.text.contains("Bearer"))
            }
            let head = try #require(heads.all.first { $0.hasPrefix("POST") })
            #expect(head.hasPrefix("POST /queue/jobs/bulk\n"))
            #expect(head.contains("\nAuthorization: Bearer abc\n") && head.contains("\nX-Team: hooks\n"), "\(head)")
        }
    }

    @Test("a server with an untrusted certificate gets nothing, and the log says why")
    func unknownAuthority() async throws {
        try await withRecorder(try TestCertificate.make()) { address, heads in
            try await GatewayUnderTest.run(GatewaySetup(queue: "https://\(address)")) { gateway in
                #expect(try await gateway.send([1]) == [200])
                let record = try await gateway.record { $0.message == QueueFaultTests.again }
                #expect(record["reason"]?.contains("self-signed certificate") == true, "\(record)")
                #expect(try await gateway.metric("sluice_outbox_jobs") == 1)
            }
            #expect(heads.all.isEmpty)
        }
    }

    @Test("a server of another major version is warned of, and gets its jobs")
    func otherVersion() async throws {
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: true, version: "7.1.0"))
        let server = try await DevQueueServer(
            store: store, address: try #require(SocketAddress(host: "127.0.0.1", port: 0)))
        try await GatewayUnderTest.run(GatewaySetup(queue: server.url())) { gateway in
            #expect(try await gateway.send([1]) == [200])
            let record = try await gateway.record { $0["version"] == "7.1.0" }
            #expect(
                record.message
                    == "unsupported Zizq version: this client supports major version 0")
            try await gateway.untilMetric("sluice_jobs_queued_total", is: 1)
        }
        await server.stop()
    }

    @Test("zizq.unique_keys says whether keys go along", arguments: ["always", "never"])
    func uniqueKeys(policy: String) async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["zizq.unique_keys": policy], queue: queue.url)) {
            gateway in
            #expect(try await gateway.send([1]) == [200])
            try await queue.arrivals(1)
        }
        #expect(queue.store.jobs.map { $0.uniqueKey != nil } == [policy == "always"])
        await queue.stop()
    }

    @Test("with several batches in flight every job arrives once")
    func concurrency() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        let settings = ["zizq.concurrency": "4", "zizq.batch_jobs": "5"]
        try await GatewayUnderTest.run(GatewaySetup(settings: settings, queue: queue.url)) { gateway in
            #expect(try await gateway.send(1...100).allSatisfy { $0 == 200 })
            queue.store.setFault(.dropAfterCommit, count: 3)
            try await queue.restart()
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
        }
        #expect(queue.numbers.sorted() == Array(1...100))
        #expect(queue.store.statistics.largestBulk <= 5)
        await queue.stop()
    }
}
