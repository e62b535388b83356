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
        fetcher.fetch(host: need.url.host, target: need.url.target, isLimited: need.isNamedByRequest) {
            [store, time] result in
            if case .failure(let error) = result, !error.isTried { return done(need.problem("\(error)")) }
            store.put(
                result.mapError { RemoteKeyError("\($0)") }, for: need, atMilliseconds: time.wallMilliseconds())
            done(nil)
        }
    }
}
