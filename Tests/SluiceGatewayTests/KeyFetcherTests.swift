import SluiceBase
import SluiceHTTP
import SluiceNet
import Synchronization
import TestSupport
import Testing

@testable import SluiceGateway
@testable import SluiceRoutes

/// Keys are fetched from where the routes allow, once for all who wait, and never from inside.
@Suite(.serialized) struct KeyFetcherTests {
    /// Has keys, and everything else that an attacker's server may do.
    private final class KeyServer: HTTPService {
        private let count: RequestCount
        private static let jwk =
            #"{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#

        init(_ count: RequestCount) { self.count = count }

        func admit(_ request: borrowing RequestView) -> Admission<NoContext> { .body(limit: 1024) }

        func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
            count.value.withLock { $0 += 1 }
            switch request.path.text {
            case "/key.pem": return .now(HTTPResponse(status: 200, body: Array("key".utf8)))
            case "/echo":
                let type = request.headers.firstIndex(of: "content-type").map { request.headers.value(at: $0).text }
                let text = "\(request.method.text) \(type ?? "-") \(request.body.text)"
                return .now(HTTPResponse(status: 200, body: Array(text.utf8)))
            case "/jwks": return .now(HTTPResponse(status: 200, body: Array(#"{"keys":[\#(Self.jwk)]}"#.utf8)))
            case "/moved": return .now(HTTPResponse(status: 302, headers: [("location", "/key.pem")]))
            case "/huge":
                return .now(HTTPResponse(status: 200, body: [UInt8](repeating: 0, count: KeyFetcher.longest + 1)))
            default: return .later
            }
        }
    }

    private final class Silent: HTTPServerObserver {
        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
        func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
        func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
    }

    /// A server with a certificate for `localhost`, and a fetcher that may connect to it.
    private static func withServer(
        isAllowed: (@Sendable (PeerAddress) -> Bool)? = { _ in true }, timeout: Duration? = nil, trusts: Bool = true,
        _ test: (KeyFetcher, RequestCount) async throws -> Void
    ) async throws {
        try await withNetwork(isAllowed: isAllowed, timeout: timeout, trusts: trusts) { loop, network, count in
            try await test(KeyFetcher(loop: loop, time: SystemTime(), network: network), count)
        }
    }

    private static func withNetwork(
        isAllowed: (@Sendable (PeerAddress) -> Bool)? = { _ in true }, timeout: Duration? = nil, trusts: Bool = true,
        _ test: (LoopMailbox, KeyFetcher.Network, RequestCount) async throws -> Void
    ) async throws {
        let certificate = try TestCertificate.make()
        let group = try EventLoopGroup(count: 1, name: "keys", time: SystemTime())
        let count = RequestCount()
        let server = await HTTPServer(
            configuration: HTTPServerConfiguration(memory: MemoryBudget(limit: .mebibytes(16))), group: group,
            observer: Silent(), time: SystemTime()
        ) { _ in KeyServer(count) }
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0) ?? .unix(path: ""))
        try await server.listen(
            on: socket,
            tls: TLSServerContextSlot(
                try TLSServerContext(certificatePath: certificate.certificatePath, keyPath: certificate.keyPath)))
        var network = KeyFetcher.Network()
        network.caPath = trusts ? certificate.certificatePath : nil
        network.port = socket.address.port
        network.timeout = timeout
        if let isAllowed { network.isAllowed = isAllowed }
        try await test(group.mailboxes[0], network, count)
        await server.close()
        await group.stop()
    }

    private static func fetch(
        _ fetcher: KeyFetcher, _ target: String, host: String = "localhost", content: String? = nil
    ) async -> String {
        await withCheckedContinuation { continuation in
            fetcher.fetch(host: host, target: target, content: content.map { Array($0.utf8) }) { result in
                switch result {
                case .success(let bytes): continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
                case .failure(let error): continuation.resume(returning: "\(error)")
                }
            }
        }
    }

    @Test("a key comes over https from the host that was asked for")
    func fetches() async throws {
        try await Self.withServer { fetcher, _ in #expect(await Self.fetch(fetcher, "/key.pem") == "key") }
    }

    @Test("what a key is asked with is posted as JSON, and only to the URL itself")
    func posts() async throws {
        try await Self.withServer { fetcher, count in
            #expect(await Self.fetch(fetcher, "/echo", content: #"{"a":1}"#) == #"POST application/json {"a":1}"#)
            #expect(await Self.fetch(fetcher, "/echo") == "GET - ")
            #expect(await Self.fetch(fetcher, "/moved", content: "{}") == "localhost answered 302")
            #expect(count.value.withLock { $0 } == 3)
        }
    }

    @Test("a redirect is not followed, and too much is not read")
    func refusals() async throws {
        try await Self.withServer { fetcher, count in
            #expect(await Self.fetch(fetcher, "/moved") == "localhost answered 302")
            #expect(await Self.fetch(fetcher, "/huge").contains("\(KeyFetcher.longest)"))
            #expect(count.value.withLock { $0 } == 2)
        }
    }

    @Test("a server that does not answer is abandoned")
    func silence() async throws {
        try await Self.withServer(timeout: .milliseconds(300)) { fetcher, _ in
            #expect(await Self.fetch(fetcher, "/never").contains("300ms"))
        }
    }

    @Test("a name that leads to this machine is not connected to")
    func privateAddress() async throws {
        try await Self.withServer(isAllowed: nil) { fetcher, count in
            let refused = "cannot connect to localhost: none of its addresses is allowed"
            #expect(await Self.fetch(fetcher, "/key.pem") == refused)
            #expect(
                await Self.fetch(fetcher, "/key.pem", host: "127.0.0.1").hasSuffix("none of its addresses is allowed"))
            #expect(count.value.withLock { $0 } == 0)
        }
    }

    @Test("a certificate that is not trusted, or not for the host, is refused")
    func certificate() async throws {
        try await Self.withServer(trusts: false) { fetcher, count in
            #expect(await Self.fetch(fetcher, "/key.pem").contains("certificate"))
            #expect(count.value.withLock { $0 } == 0)
        }
    }

    @Test("who waits for the same address shares one fetch, and few may wait")
    func sharing() async throws {
        try await Self.withServer(timeout: .milliseconds(500)) { fetcher, count in
            let answers = await withTaskGroup(of: String.self) { group in
                for _ in 0..<KeyFetcher.maximumWaiting + 10 { group.addTask { await Self.fetch(fetcher, "/never") } }
                return await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(answers.count { $0 == "too many requests wait for keys" } == 10)
            #expect(count.value.withLock { $0 } == 1)
        }
    }

    @Test("who posts something else does not share the fetch")
    func postsApart() async throws {
        try await Self.withServer(timeout: .milliseconds(500)) { fetcher, count in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask { _ = await Self.fetch(fetcher, "/never", content: "\(number / 2)") }
                }
            }
            #expect(count.value.withLock { $0 } == 3)
        }
    }

    @Test("a key that was there once is fetched again however many others were asked for")
    func knownKeys() async throws {
        try await Self.withNetwork { loop, network, _ in
            let service = KeyService(loop: loop, time: ManualTime(), network: network)
            func fetch(_ target: String) async throws -> String? {
                let url = try #require(KeyURL(parsing: "https://localhost\(target)"))
                let need = RequiredKey(url: url, isKeySet: true, isNamedByRequest: true)
                return await withCheckedContinuation { waiting in
                    service.fetch(need) { waiting.resume(returning: $0) }
                }
            }
            let targets = ["/jwks"] + (1..<KeyFetcher.maximumFetchesPerMinute).map { "/moved?\($0)" }
            for target in targets {
                let problem = try await fetch(target)
                #expect(problem == nil)
            }
            let refused = "cannot fetch the key from localhost: too many keys were fetched in the last minute"
            let answers = [try await fetch("/echo"), try await fetch("/jwks")]
            #expect(answers == [refused, nil])
        }
    }

    @Test(
        "only addresses of the public internet are allowed",
        arguments: [
            ("8.8.8.8", true), ("52.94.236.248", true), ("2600:1f18::1", true), ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.31.0.1", false), ("192.168.1.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
            ("0.0.0.0", false), ("255.255.255.255", false), ("224.0.0.1", false), ("::1", false), ("::", false),
            ("::ffff:127.0.0.1", false), ("::ffff:169.254.169.254", false), ("64:ff9b::a00:1", false),
            ("fe80::1", false),
            ("fd00::1", false), ("2002:a00:1::1", false), ("2001:db8::1", false), ("::127.0.0.1", false),
        ])
    func addresses(text: String, isPublic: Bool) throws {
        let address = try #require(PeerAddress.address(parsing: text))
        #expect(KeyFetcher.isPublic(PeerAddress(address: address, port: 443)) == isPublic)
    }
}

/// Counts the requests that reach a server.
private final class RequestCount: Sendable {
    let value = Mutex(0)
}
