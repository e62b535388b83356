package import SluiceBase
internal import Synchronization

/// The number and size of quarantined requests by route and address, stored or waiting for the writer. A request is
/// only stored if it has a charge here. Callable from any thread.
package final class QuarantineFigures: Sendable {
    /// The number of requests, and their size as the limits count it.
    package struct Sum: Sendable, Hashable {
        package internal(set) var requests = 0
        /// In `QuarantinedRequest.byteCost`.
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

        /// - Parameter requests: 1 or -1.
        mutating func add(_ requests: Int, _ charge: QuarantineCharge) {
            var route = routes.removeValue(forKey: charge.route) ?? Route()
            sum.add(requests, bytes: charge.bytes)
            route.sum.add(requests, bytes: charge.bytes)
            let count = (route.networks[charge.sender.network] ?? 0) + requests
            route.networks[charge.sender.network] = count == 0 ? nil : count
            if route.sum.requests != 0 { routes[charge.route] = route }
        }
    }

    private struct State {
        /// In the outbox.
        var kept = Counts()
        /// Waiting for the writer.
        var pending = Counts()

        func refusal(of charge: QuarantineCharge, _ limits: QuarantineLimits, limit: Int) -> QuarantineRefusal? {
            let routes = [kept.routes[charge.route], pending.routes[charge.route]].compactMap { $0 }
            let bytes = QuarantinedRequest.byteCost(charge.bytes)
            let requests = routes.reduce(0) { $0 + $1.sum.requests }
            if requests >= limits.maxRequests || routes.reduce(bytes, { $0 + $1.sum.bytes }) > limits.maxBytes.bytes {
                return .routeFull
            }
            let ofSender = routes.reduce(0) { $0 + ($1.networks[charge.sender.network] ?? 0) }
            if ofSender >= limits.maxPerAddress { return .addressFull }
            return kept.sum.bytes + pending.sum.bytes + bytes > limit ? .quarantineFull : nil
        }
    }

    private let limit: ByteCount
    private let state = Mutex(State())

    /// - Parameter limit: for all routes together.
    package init(limit: ByteCount) { self.limit = limit }

    /// Reserves a charge for a request, before its bytes are copied.
    ///
    /// - Returns: the reason for a refusal; nil if the charge is reserved.
    package func reserve(_ charge: QuarantineCharge, limits: QuarantineLimits) -> QuarantineRefusal? {
        state.withLock { state in
            if let refusal = state.refusal(of: charge, limits, limit: limit.bytes) { return refusal }
            state.pending.add(1, charge)
            return nil
        }
    }

    /// Ends a reservation: the request is on the disk, or is not kept and its charge is free again.
    package func settle(_ charge: QuarantineCharge, isKept: Bool) {
        state.withLock { state in
            state.pending.add(-1, charge)
            if isKept { state.kept.add(1, charge) }
        }
    }

    /// Counts a request that is already in the outbox.
    func add(_ charge: QuarantineCharge) { state.withLock { $0.kept.add(1, charge) } }

    /// Subtracts a request that is no longer in the outbox.
    func remove(_ charge: QuarantineCharge) { state.withLock { $0.kept.add(-1, charge) } }

    /// Clears the figures of stored requests, before they are counted again.
    func reset() { state.withLock { $0.kept = Counts() } }

    /// The total of all routes.
    package var sum: Sum { state.withLock { $0.kept.sum } }

    /// The names of the routes with quarantined requests, sorted.
    package var routes: [String] { state.withLock { $0.kept.routes.keys.sorted() } }

    /// The total of one route.
    package func sum(ofRoute route: String) -> Sum { state.withLock { $0.kept.routes[route]?.sum ?? Sum() } }
}

/// The size, route and sender of a quarantined request.
package struct QuarantineCharge: Sendable {
    package let route: String
    package let sender: PeerAddress
    /// The request's size.
    package let bytes: Int

    package init(route: String, sender: PeerAddress, bytes: Int) {
        self.route = route
        self.sender = sender
        self.bytes = bytes
    }

    /// Creates the charge of a request.
    package init(_ request: QuarantinedRequest) {
        self.init(route: request.route, sender: request.sender, bytes: request.bytes.count)
    }
}
