internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRoutes
internal import Synchronization

/// Puts requests whose signature matches no secret into the quarantine of their route, if it has one. The answer is the
/// same as without a quarantine and does not wait for the disk. Requests over a limit are dropped and counted: anyone
/// can send them, so they must not use anything that deliveries need. Can be used from any thread.
final class QuarantineKeeper: Sendable {
    /// The limit of all routes together. A request may exceed the bytes that are left; the next one is then dropped.
    static let rate = RateLimit(limit: 20, per: .seconds(1), burst: 200, bytes: .mebibytes(4))
    /// Limited because the body is copied on the event loop.
    private static let largestBody = ByteCount.mebibytes(16)
    private static let hour: Int64 = 3_600_000_000_000

    private let outbox: OutboxWriter
    private let memory: MemoryBudget
    private let journal: DeliveryJournal
    private let time: any TimeSource
    private let limiter = RateLimiter(rate)
    /// When it was last logged that a request of the route is not kept, on the monotonic clock.
    private let logged = Mutex<[String: Int64]>([:])

    init(outbox: OutboxWriter, memory: MemoryBudget, journal: DeliveryJournal, time: any TimeSource) {
        self.outbox = outbox
        self.memory = memory
        self.journal = journal
        self.time = time
    }

    /// Puts a request into the quarantine if no limit is reached.
    ///
    /// - Parameters:
    ///   - reason: why it is refused.
    ///   - bytes: the request.
    func keep(_ request: IngestRequest, reason: String, _ bytes: SharedRequest, limits: QuarantineLimits) {
        guard outbox.status.condition == .storing else { return drop(request.entry, .outbox) }
        let result = bytes.read { view in keep(view, of: request, reason: reason, limits: limits) }
        if let result { drop(request.entry, result) }
    }

    /// - Returns: why it is not kept, as far as that is known now.
    private func keep(
        _ view: borrowing RequestView, of request: IngestRequest, reason: String, limits: QuarantineLimits
    ) -> QuarantineRefusal? {
        guard view.body.count <= Self.largestBody.bytes else { return .tooLarge }
        let (route, receivedAt) = (request.entry.route, request.arrival.receivedAtMilliseconds)
        var bytes = route.quarantinedHead(of: view)
        let charge = QuarantineCharge(route: route.name, sender: request.peer, bytes: bytes.count + view.body.count)
        if let refusal = outbox.quarantine.reserve(charge, limits: limits) { return refusal }
        guard limiter.take(at: time.monotonicNanoseconds(), bytes: charge.bytes) == nil,
            memory.take(charge.bytes, for: .large)
        else {
            outbox.quarantine.settle(charge, isKept: false)
            return .busy
        }
        bytes.reserveCapacity(charge.bytes)
        bytes.append(view.body)
        let kept = QuarantinedRequest(
            route: route.name, receivedAtMilliseconds: receivedAt,
            expiresAtMilliseconds: receivedAt + limits.keep.wholeMilliseconds, sender: request.peer, reason: reason,
            bytes: bytes)
        outbox.keep(kept) { [self, entry = request.entry] refusal in
            memory.release(charge.bytes)
            if let refusal { return drop(entry, refusal) }
            if entry.metrics.quarantined.incrementFirst() { journal.quarantined(route: route.name) }
        }
        return nil
    }

    private func drop(_ entry: ActiveRoutes.Entry, _ refusal: QuarantineRefusal) {
        entry.metrics.notQuarantined(refusal).increment()
        let (name, now) = (entry.route.name, time.monotonicNanoseconds())
        let isDue = logged.withLock { logged in
            if let last = logged[name], now - last < Self.hour { return false }
            logged[name] = now
            return true
        }
        if isDue { journal.notQuarantined(refusal, route: name) }
    }
}
