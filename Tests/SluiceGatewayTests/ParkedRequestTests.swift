import Foundation
import Logging
import SluiceBase
import SluiceCrypto
import SluiceHTTP
import SluiceNet
import SluiceOutbox
import SluiceRoutes
import Synchronization
import TestSupport
import Testing

@testable import SluiceGateway

/// Requests that wait for the key of their signature, in a whole gateway with a server of keys on this machine.
@Suite(.serialized) struct ParkedRequestTests {
    /// Has the certificate that requests are signed with, and what is no key.
    private final class KeyServer: HTTPService {
        struct Shared: Sendable {
            let certificate: [UInt8]
            let count: FetchCount
        }

        private let shared: Shared

        init(_ shared: Shared) { self.shared = shared }

        func admit(_ request: borrowing RequestView) -> Admission<NoContext> { .body(limit: 0) }

        func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
            shared.count.value.withLock { $0 += 1 }
            switch request.path.text {
            case "/keys/1.pem": return .now(HTTPResponse(status: 200, body: shared.certificate))
            case "/keys/chain.pem":
                return .now(HTTPResponse(status: 200, body: shared.certificate + shared.certificate))
            case "/keys/page.pem": return .now(HTTPResponse(status: 200, body: Array("<html>".utf8)))
            case "/keys/moved.pem": return .now(HTTPResponse(status: 302, headers: [("location", "/keys/1.pem")]))
            case "/keys/silent.pem", "/silent": return .later
            case "/confirm": return .now(HTTPResponse(status: 200, body: Array("<ok/>".utf8)))
            case "/moved": return .now(HTTPResponse(status: 302, headers: [("location", "/confirm")]))
            default: return .now(HTTPResponse(status: 404))
            }
        }
    }

    private final class Silent: HTTPServerObserver {
        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
        func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
        func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
    }

    /// A gateway with the route `/hook`, and who signs for it.
    private struct Setup {
        let gateway: Gateway
        let client: HTTPClient
        let key: SigningKey
        let count: FetchCount
        /// Of the limits per minute; only the test moves it.
        let time: ManualTime

        var fetches: Int { count.value.withLock { $0 } }

        func send(
            _ body: String = #"{"n":1}"#, url: String = "https://keys.example.com/keys/1.pem"
        ) async throws -> (status: Int, body: String) {
            let headers = [
                (name: "x-signature", value: Base64.encode(key.sign(Array(body.utf8).span))),
                (name: "x-key-url", value: url),
            ]
            let response = try await client.send(
                HTTPClientRequest(
                    method: "POST", target: "/hook", headers: headers, body: Array(body.utf8), timeout: .seconds(600)))
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
    }

    private static let routes = """
        routes:
        - path: /hook
          verify:
            alg: ecdsa-p256-sha256
            signature_from: ${header.X-Signature}
            signature_encoding: base64
            key_from: ${header.X-Key-Url}
            key_urls: [ https://keys.example.com/keys/*.pem ]
          handshake:
          - when: { body.type: confirm }
            call: ${body.url}
            call_urls: [ "https://calls.example.com/*?token=*" ]
          jobs: [ { type: t } ]

        """

    private static func run(makesCalls: Bool = true, _ test: (Setup) async throws -> Void) async throws {
        let certificate = try TestCertificate.make()
        let group = try EventLoopGroup(count: 1, name: "keys", time: SystemTime())
        let pem = Array(try Data(contentsOf: URL(filePath: certificate.certificatePath)))
        let served = KeyServer.Shared(certificate: pem, count: FetchCount())
        let server = await HTTPServer(
            configuration: HTTPServerConfiguration(memory: MemoryBudget(limit: .mebibytes(16))), group: group,
            observer: Silent(), time: SystemTime()
        ) { _ in KeyServer(served) }
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0) ?? .unix(path: ""))
        let tls = try TLSServerContext(certificatePath: certificate.certificatePath, keyPath: certificate.keyPath)
        try await server.listen(on: socket, tls: TLSServerContextSlot(tls))
        var network = KeyFetcher.Network()
        (network.host, network.port) = ("127.0.0.1", socket.address.port)
        (network.caPath, network.timeout) = (certificate.certificatePath, .seconds(1))
        let time = ManualTime()
        network.time = time
        network.isAllowed = { _ in true }
        let gateway = try await start(network, makesCalls: makesCalls)
        let running = Task { await gateway.run() }
        let port = gateway.addresses.http?.port ?? 0
        var configuration = HTTPClientConfiguration(
            endpoint: .host("127.0.0.1", port: port), authority: "localhost")
        configuration.maximumConnections = 16
        let client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
        let key = try signingKey(certificate)
        try await test(Setup(gateway: gateway, client: client, key: key, count: served.count, time: time))
        client.shutdown()
        running.cancel()
        await running.value
        await server.close()
        await group.stop()
    }

    private static func start(_ network: KeyFetcher.Network, makesCalls: Bool) async throws -> Gateway {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        let routes = folder.appending(path: "routes")
        try FileManager.default.createDirectory(at: routes, withIntermediateDirectories: true)
        try Data(Self.routes.utf8).write(to: routes.appending(path: "r.yaml"))
        var settings = Settings()
        settings.https = .off
        settings.http = .at(PeerAddress(ipv4: (127, 0, 0, 1), port: 0))
        settings.admin = .at(PeerAddress(ipv4: (127, 0, 0, 1), port: 0))
        settings.threads = 1
        settings.routes = routes.path
        settings.outbox.path = folder.appending(path: "outbox.db").path
        settings.limits.drain = .zero
        settings.limits.shutdown = .seconds(1)
        var configuration = GatewayConfiguration(settings: EffectiveSettings(values: settings), environment: [:])
        configuration.keyNetwork = network
        if !makesCalls { configuration.secretStandIn = "development" }
        return try await Gateway.start(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func signingKey(_ certificate: TestCertificate) throws -> SigningKey {
        let pem = try String(contentsOfFile: certificate.keyPath, encoding: .utf8)
        let base64 = pem.split(separator: "\n").filter { !$0.contains("-----") }.joined()
        let der = Base64.decode(Array(base64.utf8).span)
        return try SigningKey(der: try #require(der), for: .ecdsaP256SHA256)
    }

    @Test("a request waits for its key and is stored, and the next one finds the key")
    func stored() async throws {
        try await Self.run { setup in
            let statuses = [try await setup.send().status, try await setup.send(#"{"n":2}"#).status]
            #expect(statuses == [200, 200])
            #expect(setup.fetches == 1)
            #expect(setup.gateway.outbox.status.pendingJobs == 2)
        }
    }

    @Test("concurrent requests share one fetch")
    func shared() async throws {
        try await Self.run { setup in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<10 { group.addTask { try await setup.send(#"{"n":\#(number)}"#).status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == [Int](repeating: 200, count: 10))
            #expect(setup.fetches == 1)
        }
    }

    @Test("a request that is not valid with its key is refused after it has waited")
    func refused() async throws {
        try await Self.run { setup in
            let other = Setup(
                gateway: setup.gateway, client: setup.client, key: SigningKey.generate(.ecdsaP256SHA256),
                count: setup.count, time: setup.time)
            let answer = try await other.send()
            #expect(answer.status == 401 && answer.body.contains("signature_invalid"))
            #expect(setup.fetches == 1)
            for url in ["https://other.example.com/keys/1.pem", "http://keys.example.com/keys/1.pem"] {
                let answer = try await setup.send(url: url)
                #expect(answer.status == 401)
            }
            #expect(setup.fetches == 1)
        }
    }

    @Test("an answer that is not a key is 503, and not fetched again immediately", arguments: ["page", "moved", "no"])
    func unavailable(name: String) async throws {
        try await Self.run { setup in
            for _ in 0..<3 {
                let answer = try await setup.send(url: "https://keys.example.com/keys/\(name).pem")
                #expect(answer.status == 503 && answer.body.contains("key_unavailable"), "\(answer)")
            }
            #expect(setup.fetches == 1)
        }
    }

    @Test("requests cannot make the gateway fetch more than 30 keys a minute")
    func rate() async throws {
        try await Self.run { setup in
            for number in 0..<40 {
                // 30 at once, and then one more every two seconds.
                if number >= 36 { setup.time.advance(by: .seconds(1)) }
                let answer = try await setup.send(url: "https://keys.example.com/keys/no\(number).pem")
                #expect(answer.status == 503)
            }
            #expect(setup.fetches == 32)
        }
    }

    private static func confirmation(_ path: String) -> String {
        #"{"type":"confirm","url":"https://calls.example.com/\#(path)?token=1"}"#
    }

    @Test("a handshake is answered once its URL has been called, and makes no job")
    func call() async throws {
        try await Self.run { setup in
            let answer = try await setup.send(Self.confirmation("confirm"))
            #expect(answer.status == 200 && answer.body.isEmpty)
            #expect(setup.fetches == 2)
            #expect(setup.gateway.outbox.status.pendingJobs == 0)
        }
    }

    @Test(
        "a handshake whose call fails is answered 503, so that it is sent again", arguments: ["moved", "no", "silent"])
    func failedCall(path: String) async throws {
        try await Self.run { setup in
            let answer = try await setup.send(Self.confirmation(path))
            #expect(answer.status == 503 && answer.body.contains("handshake_call_failed"), "\(answer)")
            #expect(setup.fetches == 2)
        }
    }

    @Test("calls do not use up the fetches of keys, and there are at most 30 a minute")
    func callRate() async throws {
        try await Self.run { setup in
            var statuses: [Int] = []
            for _ in 0..<35 { statuses.append(try await setup.send(Self.confirmation("confirm")).status) }
            #expect(statuses == [Int](repeating: 200, count: 30) + [Int](repeating: 503, count: 5))
            setup.time.advance(by: .seconds(2))
            statuses.append(try await setup.send(Self.confirmation("confirm")).status)
            #expect(statuses.last == 200)
            let answer = try await setup.send(url: "https://keys.example.com/keys/chain.pem")
            #expect(answer.status == 200)
            #expect(setup.fetches == statuses.count { $0 == 200 } + 2)
        }
    }

    @Test("'sluice dev' answers as if the call had been made, and makes none")
    func noCall() async throws {
        try await Self.run(makesCalls: false) { setup in
            let answer = try await setup.send(Self.confirmation("confirm"))
            #expect(answer.status == 200)
            #expect(setup.fetches == 1)
        }
    }

    @Test("a request that waits is answered before the gateway has stopped")
    func stop() async throws {
        try await Self.run { setup in
            async let answer = setup.send(url: "https://keys.example.com/keys/silent.pem")
            while setup.fetches == 0 { await Task.yield() }
            await setup.gateway.listeners.ingest.stopAccepting()
            await setup.gateway.listeners.ingest.finishRequests(within: .seconds(20))
            let status = try await answer.status
            #expect(status == 503)
        }
    }
}

/// Counts the requests that reach a server.
private final class FetchCount: Sendable {
    let value = Mutex(0)
}
