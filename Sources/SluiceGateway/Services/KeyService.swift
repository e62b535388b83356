internal import SluiceBase
internal import SluiceNet
internal import SluiceRoutes

/// The keys that requests are verified with and that come from their senders' hosts: fetches them and keeps them for
/// all routes, also over a reload. Callable from any thread.
final class KeyService: Sendable {
    /// What the verifiers of the routes look into.
    let store = RemoteKeyStore()
    private let fetcher: KeyFetcher
    private let time: any TimeSource

    init(loop: LoopMailbox, time: any TimeSource, network: KeyFetcher.Network = KeyFetcher.Network()) {
        fetcher = KeyFetcher(loop: loop, time: time, network: network)
        self.time = time
    }

    /// Fetches a key for a request that waits for it.
    ///
    /// - Parameter done: called once, on any thread: with `nil` when the store has the key, or knows why there is none;
    ///   or with the reason why nobody tried, a sentence for the log.
    func fetch(_ need: KeyNeed, done: @escaping @Sendable (String?) -> Void) {
        let keep: KeyFetcher.Answer = { [store, time] result in
            let result = result.mapError { RemoteKeyError($0.description) }
            store.put(result, for: need, atMilliseconds: time.wallMilliseconds())
        }
        fetcher.fetch(
            host: need.url.host, target: need.url.target, isLimited: need.isNamedByRequest, keep: keep
        ) { result in
            if case .failure(let error) = result, !error.isTried { return done(need.problem(error.description)) }
            done(nil)
        }
    }
}
