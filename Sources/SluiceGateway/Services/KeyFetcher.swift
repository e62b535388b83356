internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRoutes
internal import Synchronization

/// Fetches the certificates and key sets that signatures are verified with, from hosts that the routes allow.
///
/// A request can name the URL before it is verified, so everything is bounded: only https, no redirects, no private
/// addresses, 64 KiB, 5 s, one fetch of a URL at a time, and few waiting requests. Callable from any thread.
final class KeyFetcher: Sendable {
    /// In bytes of the answer's body.
    static let longest = 64 * 1024
    /// To resolve, connect and shake hands; with `answerTimeout` 5 s in all.
    static let connectTimeout = Duration.seconds(3)
    static let answerTimeout = Duration.seconds(2)
    /// Requests that wait for a key, of all routes together.
    static let mostWaiting = 64
    /// Addresses that are fetched at the same time.
    static let mostFetches = 8
    /// Of addresses that requests name. Fixed ones are fetched seldom enough.
    static let mostFetchesPerMinute = 30

    /// How keys are fetched; tests have a server of their own.
    struct Network: Sendable {
        /// Certificate authorities besides the system's.
        var caPath: String?
        var port: UInt16 = 443
        /// What to connect to in the place of the host of a URL.
        var host: String?
        /// For each of the two steps, in the place of the usual time.
        var timeout: Duration?
        var isAllowed: @Sendable (PeerAddress) -> Bool = KeyFetcher.isPublic
    }

    typealias Answer = @Sendable (Result<[UInt8], KeyFetchError>) -> Void

    private struct State {
        var waiting: [String: [Answer]] = [:]
        var count = 0
    }

    private let loop: LoopMailbox
    private let network: Network
    private let time: any TimeSource
    private let state = Mutex(State())
    /// For addresses that requests name.
    private let rate = RateLimiter(
        RateLimit(limit: mostFetchesPerMinute, per: .seconds(60), burst: mostFetchesPerMinute))

    init(loop: LoopMailbox, time: any TimeSource, network: Network = Network()) {
        self.loop = loop
        self.time = time
        self.network = network
    }

    /// Fetches what is at an address.
    ///
    /// - Parameters:
    ///   - host: a name; its addresses are checked when it has been resolved, and only they are connected to.
    ///   - target: path and query.
    ///   - isLimited: whether it counts towards `mostFetchesPerMinute`.
    ///   - keep: called once for each fetch, before the answers of all who wait for it.
    ///   - answer: called once, on any thread.
    func fetch(
        host: String, target: String, isLimited: Bool = false, keep: @escaping Answer = { _ in },
        _ answer: @escaping Answer
    ) {
        let url = "https://\(host)\(target)"
        switch join(url, isLimited: isLimited, answer) {
        case .refused(let reason): return answer(.failure(KeyFetchError(reason, isTried: false)))
        case .waits: return
        case .isFirst: break
        }
        Task {
            let result = await load(host, target)
            keep(result)
            finish(url, result)
        }
    }

    private enum Joining {
        case isFirst
        case waits
        case refused(String)
    }

    private func join(_ url: String, isLimited: Bool, _ answer: @escaping Answer) -> Joining {
        state.withLock { state in
            let isNew = state.waiting[url] == nil
            if state.count >= Self.mostWaiting || isNew && state.waiting.count >= Self.mostFetches {
                return .refused("too many requests wait for keys")
            }
            if isNew, isLimited, rate.take(at: time.monotonicNanoseconds()) != nil {
                return .refused("too many keys were fetched in the last minute")
            }
            state.waiting[url, default: []].append(answer)
            state.count += 1
            return isNew ? .isFirst : .waits
        }
    }

    private func finish(_ url: String, _ result: Result<[UInt8], KeyFetchError>) {
        let answers = state.withLock { state in
            let answers = state.waiting.removeValue(forKey: url) ?? []
            state.count -= answers.count
            return answers
        }
        for answer in answers { answer(result) }
    }

    private func load(_ host: String, _ target: String) async -> Result<[UInt8], KeyFetchError> {
        do throws(TLSError) {
            let tls = try TLSClientContext(caPath: network.caPath, certificatePath: nil, keyPath: nil)
            return await load(host, target, over: tls)
        } catch {
            return .failure(KeyFetchError("\(error)"))
        }
    }

    private func load(
        _ host: String, _ target: String, over tls: TLSClientContext
    ) async -> Result<[UInt8], KeyFetchError> {
        var configuration = HTTPClientConfiguration(
            endpoint: .host(network.host ?? host, port: network.port), authority: host, tls: tls)
        configuration.connectTimeout = network.timeout ?? Self.connectTimeout
        configuration.maximumConnections = 1
        configuration.responseLimit = Self.longest
        configuration.isAllowed = network.isAllowed
        let client = HTTPClient(configuration: configuration, loop: loop)
        defer { client.shutdown() }
        do throws(HTTPClientError) {
            let request = HTTPClientRequest(
                method: "GET", target: target, timeout: network.timeout ?? Self.answerTimeout)
            let response = try await client.send(request)
            guard response.status == 200 else {
                return .failure(KeyFetchError("\(host) answered \(response.status)"))
            }
            return .success(response.body)
        } catch {
            return .failure(KeyFetchError(error.message))
        }
    }

    /// Whether an address is one of the public internet: not of this machine, a private network, a link, a tunnel to
    /// one of them, a group, or a documentation (IANA special-purpose address registries).
    static func isPublic(_ peer: PeerAddress) -> Bool { !reserved.contains { $0.contains(peer) } }

    private static let reserved = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    ].compactMap { AddressBlock(parsing: $0) }
}

/// Why a key could not be fetched; a sentence for the log.
struct KeyFetchError: Error, Sendable, CustomStringConvertible {
    let description: String
    /// Whether the host was asked.
    let isTried: Bool

    init(_ description: String, isTried: Bool = true) {
        self.description = description
        self.isTried = isTried
    }
}
