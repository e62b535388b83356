package import SluiceBase
internal import Synchronization

/// The number and size of quarantined requests by route and address, stored ones and those that wait for the writer. A
/// request is only stored if it has a place here. Callable from any thread.
package final class QuarantineFigures: Sendable {
    /// Requests, and what they count against the limits.
    package struct Sum: Sendable, Hashable {
        package internal(set) var requests = 0
        /// By `QuarantinedRequest.byteCost`.
        package internal(set) var bytes = 0

        fileprivate mutating func add(_ requests: Int, bytes count: Int) {
            self.requests += requests
            bytes += requests * QuarantinedRequest.byteCost(count)
        }
    }

    private struct Route {
        var sum = Sum()
        /// By `PeerAddress.network`.
        var networks: [SIMD16<UInt8>: Int] = [:]
    }

    private struct Counts {
        var sum = Sum()
        var routes: [String: Route] = [:]

        /// - Parameter requests: 1 or -1, of so many bytes.
        mutating func add(_ requests: Int, _ place: QuarantinePlace) {
            var route = routes.removeValue(forKey: place.route) ?? Route()
            sum.add(requests, bytes: place.bytes)
            route.sum.add(requests, bytes: place.bytes)
            let count = (route.networks[place.sender.network] ?? 0) + requests
            route.networks[place.sender.network] = count == 0 ? nil : count
            if route.sum.requests != 0 { routes[place.route] = route }
        }
    }

    private struct State {
        /// In the outbox.
        var kept = Counts()
        /// On their way.
        var pending = Counts()

        func refusal(of place: QuarantinePlace, _ limits: QuarantineLimits, limit: Int) -> QuarantineRefusal? {
            let routes = [kept.routes[place.route], pending.routes[place.route]].compactMap { $0 }
            let bytes = QuarantinedRequest.byteCost(place.bytes)
            let requests = routes.reduce(0) { $0 + $1.sum.requests }
            if requests >= limits.maxRequests || routes.reduce(bytes, { $0 + $1.sum.bytes }) > limits.maxBytes.bytes {
                return .routeFull
            }
            let ofSender = routes.reduce(0) { $0 + ($1.networks[place.sender.network] ?? 0) }
            if ofSender >= limits.maxPerAddress { return .addressFull }
            return kept.sum.bytes + pending.sum.bytes + bytes > limit ? .quarantineFull : nil
        }
    }

    private let limit: ByteCount
    private let state = Mutex(State())

    /// - Parameter limit: for all routes together.
    package init(limit: ByteCount) { self.limit = limit }

    /// Takes a place for a request, before its bytes are copied.
    ///
    /// - Returns: why there is none; nil if there is.
    package func reserve(_ place: QuarantinePlace, limits: QuarantineLimits) -> QuarantineRefusal? {
        state.withLock { state in
            if let refusal = state.refusal(of: place, limits, limit: limit.bytes) { return refusal }
            state.pending.add(1, place)
            return nil
        }
    }

    /// A request that had a place is on the disk, or is not kept and gives its place back.
    package func settle(_ place: QuarantinePlace, isKept: Bool) {
        state.withLock { state in
            state.pending.add(-1, place)
            if isKept { state.kept.add(1, place) }
        }
    }

    /// Counts a request that is in the outbox already.
    func add(_ place: QuarantinePlace) { state.withLock { $0.kept.add(1, place) } }

    /// A request is no longer in the outbox.
    func remove(_ place: QuarantinePlace) { state.withLock { $0.kept.add(-1, place) } }

    /// Forgets those in the outbox, before they are counted again.
    func reset() { state.withLock { $0.kept = Counts() } }

    /// Of all routes together.
    package var sum: Sum { state.withLock { $0.kept.sum } }

    /// The names of the routes that have some, sorted.
    package var routes: [String] { state.withLock { $0.kept.routes.keys.sorted() } }

    /// Of one route.
    package func sum(ofRoute route: String) -> Sum { state.withLock { $0.kept.routes[route]?.sum ?? Sum() } }
}

/// What a request in the quarantine takes up, and of whose.
package struct QuarantinePlace: Sendable {
    package let route: String
    package let sender: PeerAddress
    /// Of the request.
    package let bytes: Int

    package init(route: String, sender: PeerAddress, bytes: Int) {
        self.route = route
        self.sender = sender
        self.bytes = bytes
    }

    /// The place of a request.
    package init(_ request: QuarantinedRequest) {
        self.init(route: request.route, sender: request.sender, bytes: request.bytes.count)
    }
}
