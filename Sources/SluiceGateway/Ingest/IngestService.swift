internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRoutes

/// The way of a delivery on one event loop: route, signature, jobs, outbox, answer. Belongs to its loop.
final class IngestService: HTTPService {
    /// What all loops share.
    struct Shared: Sendable {
        let outbox: OutboxWriter
        let metrics: MetricsRegistry
        let memory: MemoryBudget
        let trustedProxies: [AddressBlock]
        let time: any TimeSource
        let journal: DeliveryJournal
        let worker: BodyWorker
        /// Each loop's service.
        let services: LoopLocal<IngestService>
    }

    private unowned let server: HTTPServerLoop
    private let shared: Shared
    private let answeredNobody: Counter
    private var table: TableInForce
    private var scratch = RouteScratch(mostInflatedBytes: BodyWorker.loopWork)
    private var ids = DeliveryIDSource()
    private var inWork = WorkList()
    /// Rendered during this wake; handed on together when it ends.
    private var outgoing: [Submission] = []

    init(on server: HTTPServerLoop, table: TableInForce, shared: Shared) {
        self.server = server
        self.shared = shared
        answeredNobody = shared.metrics.counter(.answeredNobody)
        self.table = table
        // The loop lives longer than the server.
        server.loop.afterEachWake { [weak self] in self?.handOn() }
    }

    /// Puts another table in force for the requests that begin from now on.
    func use(_ table: TableInForce) { self.table = table }

    // MARK: - A request

    func admit(_ request: borrowing RequestView) -> Admission {
        guard let entry = table.entry(path: request.path) else {
            return .refuse(refusal(.noSuchRoute, reason: ErrorCode.noSuchRoute.title, request, nil))
        }
        let refused = entry.route.refusal(
            ofHead: request, sender: request.peer, receivedAtMilliseconds: shared.time.wallMilliseconds())
        if case .refused(let code, let reason)? = refused {
            entry.metrics.received.increment()
            return .refuse(refusal(code, reason: reason, request, entry))
        }
        return .body(limit: entry.route.bodyLimit.bytes, context: entry)
    }

    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: AnyObject?) -> Bool {
        guard let entry = context as? TableInForce.Entry else { return false }
        entry.metrics.received.increment()
        entry.metrics.refused(code).increment()
        shared.journal.refused(code, route: entry.route.name, reason: reason, peer: peer)
        return true
    }

    func respond(to request: borrowing RequestView, context: AnyObject?, exchange: ExchangeID) -> ServiceReply {
        guard let entry = context as? TableInForce.Entry else {
            return .now(ProblemDocument.response(for: .internalError))
        }
        return process(request, entry, exchange)
    }

    /// The address that counts: behind proxies that are trusted the one that they name.
    func sender(of request: borrowing RequestView) -> PeerAddress {
        shared.trustedProxies.isEmpty ? request.peer : SenderAddress.of(request, trusted: shared.trustedProxies)
    }

    private func process(_ request: borrowing RequestView, _ entry: TableInForce.Entry, _ exchange: ExchangeID)
        -> ServiceReply
    {
        entry.metrics.received.increment()
        let now = shared.time.wallMilliseconds()
        let arrival = IngestRequest(
            entry: entry, exchange: exchange, deliveryID: ids.next(atMilliseconds: now), receivedAtMilliseconds: now,
            peer: request.peer,
            size: MemoryBudget.RequestSize(bodyBytes: request.body.count))
        let work = entry.route.work(for: request)
        guard work <= BodyWorker.loopWork else { return handOff(arrival, work: work, isVerified: false) }
        let evaluation = arrival.evaluate(
            request, isVerified: false, memory: shared.memory, time: shared.time, scratch: &scratch)
        return reply(to: arrival, evaluation)
    }

    private func reply(to request: IngestRequest, _ evaluation: IngestRequest.Evaluation) -> ServiceReply {
        let entry = request.entry
        switch evaluation.verdict {
        case .refused(let code, let reason, let wait):
            return .now(refusal(code, reason: reason, from: request.peer, entry, retryAfter: wait))
        case .acknowledged(let reply, let why):
            entry.metrics.ignored.increment()
            shared.journal.ignored(request.deliveryID, route: entry.route.name, because: why)
            let content = DeliveryDocument.Content.stored(jobs: 0, deadLetters: 0, duplicates: 0)
            return .now(DeliveryDocument.response(id: request.deliveryID, content, reply: reply))
        case .store(let delivery, let reply): return store(delivery, reply, request, evaluation.charge)
        // What it inflates to is not known, only that it is more than a loop may inflate.
        case .tooLargeForThread: return handOff(request, work: entry.route.bodyLimit.bytes, isVerified: true)
        }
    }

    /// Has the request evaluated on the threads for those that take longer.
    private func handOff(_ request: IngestRequest, work: Int, isVerified: Bool) -> ServiceReply {
        guard let bytes = server.share(request.exchange) else { return .drop }
        let (services, mailbox) = (shared.services, server.loop.mailbox)
        shared.worker.evaluate(request, bytes, work: work, isVerified: isVerified) { evaluation in
            mailbox.post { loop in loop[services]?.finish(request, evaluation) }
        }
        return .later
    }

    private func finish(_ request: IngestRequest, _ evaluation: IngestRequest.Evaluation) {
        guard case .now(let response) = reply(to: request, evaluation) else { return }
        server.complete(request.exchange, with: response)
    }

    private func store(
        _ delivery: Delivery, _ reply: RouteReply?, _ request: IngestRequest, _ charge: MemoryCharge
    ) -> ServiceReply {
        let received = shared.time.monotonicNanoseconds()
        let submission = Submission(
            delivery, origin: server.loop.index, ticket: inWork.nextTicket, enqueuedAtNanoseconds: received)
        let memory = submission.byteCost + (reply?.body?.count ?? 0)
        var charge = charge
        guard charge.take(memory - charge.bytes) else {
            charge.giveBack(downTo: 0)
            return .now(refusal(.memoryFull, reason: "the memory budget is used up", from: request.peer, request.entry))
        }
        charge.giveBack(downTo: memory)
        inWork.insert(
            WorkList.Item(
                exchange: request.exchange, entry: request.entry, deliveryID: request.deliveryID, reply: reply,
                receivedAtNanoseconds: received, memory: memory, parts: submission.partCount, peer: request.peer))
        note(delivery, request.entry)
        server.releaseRequest(request.exchange)
        outgoing.append(submission)
        return .later
    }

    private func note(_ delivery: Delivery, _ entry: TableInForce.Entry) {
        if delivery.missingKeys > 0 { entry.metrics.keysMissing.increment(by: delivery.missingKeys) }
        if delivery.repairedSurrogates > 0, entry.metrics.repairedSurrogates.incrementForTheFirstTime() {
            shared.journal.repairedSurrogates(
                delivery.id, route: delivery.route, count: delivery.repairedSurrogates)
        }
    }

    private func refusal(
        _ code: ErrorCode, reason: String, _ request: borrowing RequestView, _ entry: TableInForce.Entry?
    ) -> HTTPResponse {
        refusal(code, reason: reason, from: request.peer, entry)
    }

    private func refusal(
        _ code: ErrorCode, reason: String, from peer: PeerAddress, _ entry: TableInForce.Entry?,
        retryAfter: Duration? = nil
    ) -> HTTPResponse {
        (entry?.metrics ?? shared.metrics.noRoute).refused(code).increment()
        shared.journal.refused(code, route: entry?.route.name, reason: reason, peer: peer)
        var headers = RetryAfter.headers(for: code, atLeast: retryAfter)
        if code == .methodNotAllowed, let entry { headers.append((name: "allow", value: entry.route.allow)) }
        // So that the sender can tell it from a content type that is not taken (RFC 9110 §12.5.3).
        if code == .contentEncodingNotSupported, let entry {
            headers.append((name: "accept-encoding", value: entry.route.acceptsGzip ? "gzip" : "identity"))
        }
        return ProblemDocument.response(for: code, rule: reason, headers: headers)
    }

    // MARK: - The outbox

    private func handOn() {
        guard !outgoing.isEmpty else { return }
        for submission in outgoing { shared.outbox.submit(submission) }
        outgoing.removeAll(keepingCapacity: true)
    }

    /// What became of deliveries of this loop, durable where it says so.
    func completed(_ results: [IngestResult]) {
        let now = shared.time.monotonicNanoseconds()
        for result in results {
            guard let item = inWork.remove(result.ticket) else { continue }
            shared.memory.release(item.memory)
            if case .stored = result.outcome {
                shared.metrics.receiveToDurable.observe(nanoseconds: now - item.receivedAtNanoseconds)
            }
            let response = response(to: item, result.outcome, now)
            let isTaken = server.complete(item.exchange, with: response)
            if !isTaken, case .stored = result.outcome {
                answeredNobody.increment()
                shared.journal.answeredNobody(item.deliveryID, route: item.entry.route.name)
            }
        }
    }

    private func response(to item: WorkList.Item, _ outcome: IngestOutcome, _ now: Int64) -> HTTPResponse {
        let metrics = item.entry.metrics
        let name = item.entry.route.name
        switch outcome {
        case .stored(let jobs, let deadLetters, let duplicates, let changedBody):
            metrics.committed.increment(by: jobs)
            metrics.deliveryStored(atNanoseconds: now)
            if changedBody { metrics.changedBodies.increment() }
            if duplicates > 0 { metrics.duplicates.increment(by: duplicates) }
            for reason in deadLetters { metrics.dead(reason).increment() }
            shared.journal.stored(
                item.deliveryID, route: name, jobs: jobs, deadLetters: deadLetters, duplicates: duplicates,
                changedBody: changedBody)
            return DeliveryDocument.response(
                id: item.deliveryID, .stored(jobs: jobs, deadLetters: deadLetters.count, duplicates: duplicates),
                reply: item.reply)
        case .duplicate(let first, let changedBody):
            metrics.duplicates.increment(by: item.parts)
            if changedBody { metrics.changedBodies.increment() }
            shared.journal.duplicate(item.deliveryID, route: name, of: first, changedBody: changedBody)
            let reply = item.reply?.naming(first, insteadOf: item.deliveryID)
            return DeliveryDocument.response(id: first, .duplicate, reply: reply)
        case .refused(let code):
            metrics.refused(code).increment()
            shared.journal.refused(code, route: name, reason: code.title, peer: item.peer)
            return ProblemDocument.response(for: code, headers: RetryAfter.headers(for: code))
        }
    }
}
