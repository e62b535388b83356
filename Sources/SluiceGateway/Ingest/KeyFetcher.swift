internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRoutes
internal import Synchronization

/// Fetches the certificates and key sets that verify signatures, and calls the URLs of handshakes, on hosts that the
/// routes allow.
///
/// A request can name the URL before it is verified, so everything is bounded: only https, no redirects, no private
/// addresses, 64 KiB, 5 s, one fetch of a URL at a time, and few waiting requests. Callable from any thread.
final class KeyFetcher: Sendable {
    /// In bytes of the answer's body.
    static let longest = 64 * 1024
    /// To resolve, connect and shake hands; with `answerTimeout` 5 s in all.
    static let connectTimeout = Duration.seconds(3)
    static let answerTimeout = Duration.seconds(2)
    /// Requests that wait for a key, for all routes together.
    static let maximumWaiting = 64
    /// The maximum number of concurrent fetches.
    static let maximumFetches = 8
    /// For URLs in requests. Fixed ones are fetched rarely enough.
    static let maximumFetchesPerMinute = 30

    /// The network access of fetches; tests use their own server.
    struct Network: Sendable {
        /// Certificate authorities in addition to the system's.
        var caPath: String?
        var port: UInt16 = 443
        /// The host to connect to instead of a URL's.
        var host: String?
        /// The timeout for each of the two steps, instead of the usual ones.
        var timeout: Duration?
        /// The clock of the limits per minute; nil for the gateway's.
        var time: (any TimeSource)?
        var isAllowed: @Sendable (PeerAddress) -> Bool = KeyFetcher.isPublic
    }

    typealias Answer = @Sendable (Result<[UInt8], KeyFetchError>) -> Void

    /// Identifies a fetch: requests for the same one share it.
    private struct Address: Hashable {
        let host: String
        let target: String
        /// The body of a POST; empty for a GET.
        let content: [UInt8]
    }

    private struct State {
        var waiting: [Address: [Answer]] = [:]
        var count = 0
    }

    private let loop: LoopMailbox
    private let network: Network
    private let time: any TimeSource
    private let state = Mutex(State())
    /// For URLs in requests.
    private let rate = RateLimiter(
        RateLimit(limit: maximumFetchesPerMinute, per: .seconds(60), burst: maximumFetchesPerMinute))
    /// For calls: repeated handshakes must not prevent fetches of keys.
    private let callRate = RateLimiter(
        RateLimit(limit: maximumFetchesPerMinute, per: .seconds(60), burst: maximumFetchesPerMinute))

    /// The purpose of a request, which decides its rate.
    enum Purpose {
        case fixedKey, namedKey, call
    }

    init(loop: LoopMailbox, time: any TimeSource, network: Network = Network()) {
        self.loop = loop
        self.time = network.time ?? time
        self.network = network
    }

    /// Fetches a URL.
    ///
    /// - Parameters:
    ///   - host: a name; its resolved addresses are checked, and only they are connected to.
    ///   - target: path and query.
    ///   - content: JSON that is posted; `nil` for a GET.
    ///   - purpose: whether and how it counts towards `maximumFetchesPerMinute`.
    ///   - keep: called once per fetch, before the answers of all waiting requests.
    ///   - answer: called once, on any thread.
    func fetch(
        host: String, target: String, content: [UInt8]? = nil, purpose: Purpose = .fixedKey,
        keep: @escaping Answer = { _ in }, _ answer: @escaping Answer
    ) {
        let address = Address(host: host, target: target, content: content ?? [])
        switch join(address, for: purpose, answer) {
        case .refused(let reason): return answer(.failure(KeyFetchError(reason, isTried: false)))
        case .waits: return
        case .isFirst: break
        }
        Task {
            let result = await load(address)
            keep(result)
            finish(address, result)
        }
    }

    private enum Joining {
        case isFirst
        case waits
        case refused(String)
    }

    private func join(_ address: Address, for purpose: Purpose, _ answer: @escaping Answer) -> Joining {
        state.withLock { state in
            let isNew = state.waiting[address] == nil
            if state.count >= Self.maximumWaiting || isNew && state.waiting.count >= Self.maximumFetches {
                return .refused("too many requests wait for keys")
            }
            if isNew, let reason = refusal(by: purpose) { return .refused(reason) }
            state.waiting[address, default: []].append(answer)
            state.count += 1
            return isNew ? .isFirst : .waits
        }
    }

    /// - Returns: why no further fetch is allowed now; `nil` if one is.
    private func refusal(by purpose: Purpose) -> String? {
        let now = time.monotonicNanoseconds()
        switch purpose {
        case .fixedKey: return nil
        case .namedKey: return rate.take(at: now) == nil ? nil : "too many keys were fetched in the last minute"
        case .call: return callRate.take(at: now) == nil ? nil : "too many URLs were called in the last minute"
        }
    }

    private func finish(_ address: Address, _ result: Result<[UInt8], KeyFetchError>) {
        let answers = state.withLock { state in
            let answers = state.waiting.removeValue(forKey: address) ?? []
            state.count -= answers.count
            return answers
        }
        for answer in answers { answer(result) }
    }

    private func load(_ address: Address) async -> Result<[UInt8], KeyFetchError> {
        do throws(TLSError) {
            let tls = try TLSClientContext(caPath: network.caPath, certificatePath: nil, keyPath: nil)
            return await load(address, over: tls)
        } catch {
            return .failure(KeyFetchError("\(error)"))
        }
    }

    private func load(_ address: Address, over tls: TLSClientContext) async -> Result<[UInt8], KeyFetchError> {
        let host = address.host
        var configuration = HTTPClientConfiguration(
            endpoint: .host(network.host ?? host, port: network.port), authority: host, tls: tls)
        configuration.connectTimeout = network.timeout ?? Self.connectTimeout
        configuration.maximumConnections = 1
        configuration.responseLimit = Self.longest
        configuration.isAllowed = network.isAllowed
        let client = HTTPClient(configuration: configuration, loop: loop)
        defer { client.shutdown() }
        do throws(HTTPClientError) {
            let isRead = address.content.isEmpty
            let request = HTTPClientRequest(
                method: isRead ? "GET" : "POST", target: address.target,
                headers: isRead ? [] : [(name: "content-type", value: "application/json")], body: address.content,
                timeout: network.timeout ?? Self.answerTimeout)
            let response = try await client.send(request)
            guard 200...299 ~= response.status else {
                return .failure(KeyFetchError("\(host) answered \(response.status)"))
            }
            return .success(response.body)
        } catch {
            return .failure(KeyFetchError(error.message))
        }
    }

    /// Whether an address belongs to the public internet: not to this machine, a private network, a link, a tunnel to
    /// one of them, a group, or documentation (IANA special-purpose address registries).
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
    /// Whether the host was contacted.
    let isTried: Bool

    init(_ description: String, isTried: Bool = true) {
        self.description = description
        self.isTried = isTried
    }
}

/// The keys from senders' hosts that verify requests: fetches them and stores them for all routes, also across reloads.
/// Can be used from any thread.
final class KeyService: Sendable {
    /// The keys for the verifiers of the routes.
    let store = RemoteKeyStore()
    private let fetcher: KeyFetcher
    private let time: any TimeSource
    private let makesCalls: Bool

    /// - Parameter makesCalls: `false` leaves out the calls of handshakes, as in `sluice dev`.
    init(
        loop: LoopMailbox, time: any TimeSource, network: KeyFetcher.Network = KeyFetcher.Network(),
        makesCalls: Bool = true
    ) {
        fetcher = KeyFetcher(loop: loop, time: time, network: network)
        self.makesCalls = makesCalls
        self.time = time
    }

    /// Fetches a key for a waiting request.
    ///
    /// - Parameter done: called once, on any thread: with `nil` when the store has the key, or knows why there is none;
    ///   or with the reason why the fetch was not attempted, a sentence for the log.
    func fetch(_ need: RequiredKey, done: @escaping @Sendable (String?) -> Void) {
        let keep: KeyFetcher.Answer = { [store, time] result in
            let result = result.mapError { RemoteKeyError($0.description) }
            store.put(result, for: need, atMilliseconds: time.wallMilliseconds())
        }
        let purpose = need.isNamedByRequest && !store.knows(need) ? KeyFetcher.Purpose.namedKey : .fixedKey
        fetcher.fetch(
            host: need.url.host, target: need.url.target, content: need.content?.json, purpose: purpose, keep: keep
        ) { result in
            if case .failure(let error) = result, !error.isTried { return done(need.problem(error.description)) }
            done(nil)
        }
    }

    /// Calls the URL of a handshake.
    ///
    /// - Parameter done: called once, on any thread: with whether the call was made, or why it failed.
    func call(_ call: URLToCall, done: @escaping @Sendable (Result<Bool, KeyFetchError>) -> Void) {
        guard makesCalls else { return done(.success(false)) }
        fetcher.fetch(host: call.url.host, target: call.url.target, purpose: .call) { done($0.map { _ in true }) }
    }
}
