internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRoutes

/// The path of a delivery on one event loop: route, signature, jobs, outbox, answer. Belongs to its loop.
final class IngestService: HTTPService {
    /// State that all loops share.
    struct Shared: Sendable {
        let outbox: OutboxWriter
        let metrics: MetricsRegistry
        let memory: MemoryBudget
        let trustedProxies: [AddressBlock]
        let time: any TimeSource
        let journal: DeliveryJournal
        let worker: BodyWorker
        let keys: KeyService
        let learner: SecretLearner
        let quarantine: QuarantineKeeper
        /// For results of the threads for large requests.
        let loops: IngestLoops
    }

    private unowned let server: HTTPServerLoop
    private let shared: Shared
    private let senderDisconnected: Counter
    private var routes: ActiveRoutes
    private var scratch = RouteScratch(
        maximumInflatedBytes: BodyWorker.loopWork, maximumRenderedBytes: BodyWorker.loopRendering)
    private var ids = DeliveryIDSource()
    private var pending = PendingRequests()
    /// Deliveries rendered during this wake-up; submitted together at its end.
    private var outgoing: [Submission] = []

    init(on server: HTTPServerLoop, routes: ActiveRoutes, shared: Shared) {
        self.server = server
        self.shared = shared
        senderDisconnected = shared.metrics.counter(.senderDisconnected)
        self.routes = routes
        // The loop outlives the server.
        server.loop.afterEachWake { [weak self] in self?.handOn() }
    }

    /// Sets the routes for new requests.
    func use(_ routes: ActiveRoutes) { self.routes = routes }

    // MARK: - A request

    func admit(_ request: borrowing RequestView) -> Admission<ActiveRoutes.Entry> {
        guard let entry = routes.entry(path: request.path) else {
            return .refuse(noSuchRoute(request))
        }
        let arrival = RequestArrival(
            sender: request.peer, receivedAtMilliseconds: shared.time.wallMilliseconds(), deliveryID: "")
        if let refused = entry.route.admit(request, arrival)?.refusal {
            entry.metrics.received.increment()
            return .refuse(refusal(refused.code, reason: refused.reason, from: request.peer, by: entry))
        }
        return .body(limit: entry.route.bodyLimit(for: request, arrival).bytes, context: entry)
    }

    /// The log names the similar route, if any; the answer does not.
    private func noSuchRoute(_ request: borrowing RequestView) -> HTTPResponse {
        guard let near = routes.table.nearMiss(of: request.path) else {
            return refusal(.noSuchRoute, reason: ErrorCode.noSuchRoute.title, from: request.peer, by: nil)
        }
        shared.metrics.noRoute.refused(.noSuchRoute).increment()
        shared.journal.refused(
            .noSuchRoute, route: near.route.name,
            reason: "the path differs from the route's path: \(near.difference)", peer: request.peer)
        return ProblemDocument.response(for: .noSuchRoute)
    }

    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context entry: ActiveRoutes.Entry) -> Bool {
        entry.metrics.received.increment()
        entry.metrics.refused(code).increment()
        shared.journal.refused(code, route: entry.route.name, reason: reason, peer: peer)
        return true
    }

    /// The sender's address: behind trusted proxies, the one that they name.
    func sender(of request: borrowing RequestView) -> PeerAddress {
        shared.trustedProxies.isEmpty ? request.peer : SenderAddress.of(request, trusted: shared.trustedProxies)
    }

    func respond(
        to request: borrowing RequestView, context entry: ActiveRoutes.Entry, exchange: ExchangeID
    ) -> ServiceReply {
        entry.metrics.received.increment()
        let now = shared.time.wallMilliseconds()
        let received = IngestRequest(
            entry: entry, exchange: exchange,
            arrival: RequestArrival(
                sender: request.peer, receivedAtMilliseconds: now, deliveryID: ids.next(atMilliseconds: now)),
            size: MemoryBudget.RequestSize(bodyBytes: request.body.count))
        let work = entry.route.work(for: request)
        guard work <= BodyWorker.loopWork else { return handOff(received, work: work, from: .signature) }
        let evaluation = received.evaluate(
            request, from: .signature, memory: shared.memory, time: shared.time, scratch: &scratch)
        return reply(to: received, evaluation)
    }

    private func reply(to request: IngestRequest, _ evaluation: consuming IngestRequest.Evaluation) -> ServiceReply {
        let entry = request.entry
        if let type = evaluation.mislabelledType, entry.metrics.mislabelledJSON.count(type) {
            shared.journal.mislabelledJSON(type, route: entry.route.name)
        }
        let (awaitsSecret, charge) = (evaluation.awaitsSecret, evaluation.charge)
        switch evaluation.outcome {
        case .refused(let code, let reason):
            if awaitsSecret, let limits = entry.route.quarantine,
                let bytes = server.share(request.exchange)
            {
                shared.quarantine.keep(request, reason: reason, bytes, limits: limits)
            }
            return .now(refusal(code, reason: reason, from: request.peer, by: entry))
        case .rateLimited(let wait):
            let reason = ErrorCode.rateLimited.title
            return .now(refusal(.rateLimited, reason: reason, from: request.peer, by: entry, retryAfter: wait))
        case .acknowledged(let reply, let reason):
            entry.metrics.ignored.increment()
            shared.journal.ignored(request.deliveryID, route: entry.route.name, because: reason)
            let content = DeliveryDocument.Content.stored(jobs: 0, deadLetters: 0, duplicates: 0)
            let isVerified = entry.route.isVerified
            return .now(
                DeliveryDocument.response(id: request.deliveryID, content, reply: reply, isVerified: isVerified))
        case .handshake(let reply, let refusal):
            (refusal == nil ? entry.metrics.acceptedHandshakes : entry.metrics.refusedHandshakes).increment()
            shared.journal.handshake(
                route: entry.route.name, status: reply.status, refusal: refusal, peer: request.peer)
            return .now(Self.response(toHandshake: reply))
        case .learns(let secret, let reply): return learn(secret, of: request, reply: reply)
        case .call(let url, let reply): return call(url, for: request, reply: reply)
        case .store(let delivery, let reply):
            return store(delivery, of: request, reply: reply, charge: charge)
        // The size of what is decompressed or rendered is not known, only that it exceeds the limit of a loop.
        case .tooLargeForThread: return handOff(request, work: entry.route.bodyLimit.bytes, from: .body)
        case .needsKey(let need): return park(request, until: need)
        }
    }

    /// Evaluates the request on the threads for large ones.
    private func handOff(_ request: IngestRequest, work: Int, from stage: Route.Stage) -> ServiceReply {
        guard let bytes = server.share(request.exchange) else { return .drop }
        evaluate(request, bytes, work: work, from: stage)
        return .later
    }

    private func evaluate(_ request: IngestRequest, _ bytes: SharedRequest, work: Int, from stage: Route.Stage) {
        let (loops, index) = (shared.loops, server.loop.index)
        shared.worker.evaluate(request, bytes, work: work, from: stage) { evaluation in
            loops.finish(request, evaluation, on: index)
        }
    }

    /// Fetches the key for the request, which continues in `resume`. Its bytes stay in the connection.
    private func park(_ request: IngestRequest, until need: RequiredKey) -> ServiceReply {
        guard !request.hasWaited else {
            let reason = need.problem("the request needs another key after the one that it waited for")
            return .now(refusal(.keyUnavailable, reason: reason, from: request.peer, by: request.entry))
        }
        var request = request
        request.hasWaited = true
        let (loops, index) = (shared.loops, server.loop.index)
        shared.keys.fetch(need) { [request] problem in loops.resume(request, problem: problem, on: index) }
        return .later
    }

    /// Stores the secret of a handshake, and then answers it.
    private func learn(_ secret: HandshakeSecret, of request: IngestRequest, reply: RouteReply) -> ServiceReply {
        let (loops, index, learner) = (shared.loops, server.loop.index, shared.learner)
        let name = request.entry.route.name
        switch learner.begin(secret, of: name) {
        case .known: return self.reply(to: request, .learnt(reply))
        case .notArmed:
            return .now(
                refusal(.handshakeRefused, reason: SecretLearner.notArmed(name), from: request.peer, by: request.entry))
        case .armed(let armedAt):
            Task {
                let isStored = await learner.store(secret, of: name, armedAtMilliseconds: armedAt)
                loops.finish(request, isStored ? .learnt(reply) : .notLearnt, on: index)
            }
            return .later
        }
    }

    /// Continues a request after its key was fetched.
    ///
    /// - Parameter problem: why the fetch was not attempted.
    func resume(_ request: IngestRequest, problem: String?) {
        if let problem { return finish(request, .keyUnavailable(problem)) }
        guard let bytes = server.share(request.exchange) else { return }
        let work = bytes.read { request.entry.route.work(for: $0) }
        evaluate(request, bytes, work: work, from: .signature)
    }

    /// Calls the URL of a handshake; the request is then answered in `finish`.
    private func call(_ url: URLToCall, for request: IngestRequest, reply: RouteReply) -> ServiceReply {
        let (loops, index, journal) = (shared.loops, server.loop.index, shared.journal)
        shared.keys.call(url) { result in
            if case .success(let isMade) = result {
                journal.called(url.shown, isMade: isMade, route: request.entry.route.name)
            }
            loops.finish(request, .called(url, result, reply: reply), on: index)
        }
        return .later
    }

    func finish(_ request: IngestRequest, _ evaluation: IngestRequest.Evaluation) {
        guard case .now(let response) = reply(to: request, evaluation) else { return }
        server.complete(request.exchange, with: response)
    }

    private func store(
        _ delivery: Delivery, of request: IngestRequest, reply: RouteReply?, charge: MemoryCharge
    ) -> ServiceReply {
        let received = shared.time.monotonicNanoseconds()
        let submission = Submission(
            delivery, origin: server.loop.index, ticket: pending.nextTicket, enqueuedAtNanoseconds: received)
        let memory = submission.byteCost + (reply?.body?.count ?? 0)
        var charge = charge
        guard charge.take(memory - charge.bytes, isVerified: request.entry.route.isVerified) else {
            charge.giveBack(downTo: 0)
            return .now(
                refusal(.memoryFull, reason: "limits.memory is used up", from: request.peer, by: request.entry))
        }
        charge.giveBack(downTo: memory)
        pending.insert(
            PendingRequests.Item(
                exchange: request.exchange, entry: request.entry, deliveryID: request.deliveryID, reply: reply,
                receivedAtNanoseconds: received, memory: memory, parts: submission.partCount, peer: request.peer))
        note(submission.delivery, of: request)
        server.releaseRequest(request.exchange)
        outgoing.append(submission)
        return .later
    }

    /// Anyone may receive it, so it contains nothing about the sender.
    private static func response(toHandshake reply: RouteReply) -> HTTPResponse {
        var response = HTTPResponse(
            status: reply.status, headers: reply.headers.map { (name: $0.name, value: $0.value) },
            body: reply.body ?? [])
        response.isForKnownSender = false
        return response
    }

    private func note(_ delivery: Delivery, of request: IngestRequest) {
        let entry = request.entry
        if delivery.missingKeys > 0 { entry.metrics.keysMissing.increment(by: delivery.missingKeys) }
        if delivery.repairedSurrogates > 0, entry.metrics.repairedSurrogates.incrementFirst() {
            shared.journal.repairedSurrogates(
                delivery.id, route: delivery.route, count: delivery.repairedSurrogates)
        }
    }

    private func refusal(
        _ code: ErrorCode, reason: String, from peer: PeerAddress, by entry: ActiveRoutes.Entry?,
        retryAfter: Duration? = nil
    ) -> HTTPResponse {
        (entry?.metrics ?? shared.metrics.noRoute).refused(code).increment()
        if code == .handshakeRefused || code == .handshakeCallFailed { entry?.metrics.refusedHandshakes.increment() }
        shared.journal.refused(code, route: entry?.route.name, reason: reason, peer: peer)
        var headers = RetryAfter.headers(for: code, atLeast: retryAfter)
        if code == .methodNotAllowed, let entry { headers.append((name: "allow", value: entry.route.allow)) }
        // So that the sender can distinguish it from a refused content type (RFC 9110 §12.5.3).
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

    /// Handles the results of deliveries of this loop. Stored deliveries are durable.
    func completed(_ results: [IngestResult]) {
        let now = shared.time.monotonicNanoseconds()
        for result in results {
            guard let item = pending.remove(result.ticket) else { continue }
            shared.memory.release(item.memory)
            if case .stored = result.outcome {
                shared.metrics.receiveToDurable.observe(nanoseconds: now - item.receivedAtNanoseconds)
            }
            let response = response(to: item, result.outcome, now)
            let isTaken = server.complete(item.exchange, with: response)
            if !isTaken, case .stored = result.outcome {
                senderDisconnected.increment()
                shared.journal.senderDisconnected(item.deliveryID, route: item.entry.route.name)
            }
        }
    }

    private func response(to item: PendingRequests.Item, _ outcome: IngestOutcome, _ now: Int64) -> HTTPResponse {
        let metrics = item.entry.metrics
        let (name, isVerified) = (item.entry.route.name, item.entry.route.isVerified)
        metrics.count(outcome, parts: item.parts, atNanoseconds: now)
        switch outcome {
        case .stored(let jobs, let deadLetters, let duplicates, let changedBody):
            shared.journal.stored(
                item.deliveryID, route: name, jobs: jobs, deadLetters: deadLetters, duplicates: duplicates,
                changedBody: changedBody)
            return DeliveryDocument.response(
                id: item.deliveryID, .stored(jobs: jobs, deadLetters: deadLetters.count, duplicates: duplicates),
                reply: item.reply, isVerified: isVerified)
        case .duplicate(let first, let changedBody):
            shared.journal.duplicate(item.deliveryID, route: name, of: first, changedBody: changedBody)
            let reply = item.reply?.naming(first, insteadOf: item.deliveryID)
            return DeliveryDocument.response(id: first, .duplicate, reply: reply, isVerified: isVerified)
        case .refused(let code):
            shared.journal.refused(code, route: name, reason: code.title, peer: item.peer)
            return ProblemDocument.response(for: code, headers: RetryAfter.headers(for: code))
        }
    }
}

extension DeliveryDocument {
    private static let contentTypeHeader = [(name: "content-type", value: contentType)]

    /// - Parameters:
    ///   - id: of the delivery, or for a duplicate of the first one.
    ///   - reply: the route's reply; its status and headers apply even if the document is the standard one.
    ///   - isVerified: whether the route verifies requests. Anyone has one accepted by a route that does not.
    static func response(id: String, _ content: Content, reply: RouteReply?, isVerified: Bool) -> HTTPResponse {
        let headers = reply?.headers.map { (name: $0.name, value: $0.value) } ?? []
        var response =
            if let body = reply?.body {
                HTTPResponse(status: reply?.status ?? 200, headers: headers, body: body)
            } else {
                HTTPResponse(
                    status: reply?.status ?? 200, headers: contentTypeHeader + headers, body: body(id: id, content))
            }
        response.isForKnownSender = isVerified
        return response
    }
}

/// The event loops of the public listeners, each with an ingest service, and the access for other threads. Can be used
/// from any thread.
struct IngestLoops: Sendable {
    let group: EventLoopGroup
    private let mailboxes: [LoopMailbox]
    private let key = LoopLocal<IngestService>()

    init(_ group: EventLoopGroup) {
        self.group = group
        mailboxes = group.mailboxes
    }

    /// Sets the service of a loop; called there.
    func set(_ service: IngestService, on loop: EventLoop) { loop.set(service, for: key) }

    /// Stops passing anything to the services; called before they are released.
    func dismiss() {
        for mailbox in mailboxes { mailbox.post { [key] in $0.set(nil, for: key) } }
    }

    /// Passes the outbox's results to the loop of the deliveries.
    func completed(_ results: [IngestResult], on index: Int) {
        mailboxes[index].post { [key] in $0[key]?.completed(results) }
    }

    /// Passes the evaluation of a large request back to its loop.
    func finish(_ request: IngestRequest, _ evaluation: IngestRequest.Evaluation, on index: Int) {
        mailboxes[index].post { [key] in $0[key]?.finish(request, evaluation) }
    }

    /// Passes a request whose key has been fetched back to its loop.
    func resume(_ request: IngestRequest, problem: String?, on index: Int) {
        mailboxes[index].post { [key] in $0[key]?.resume(request, problem: problem) }
    }

    /// Sets the routes for new requests on every loop.
    func use(_ routes: ActiveRoutes) {
        for mailbox in mailboxes { mailbox.post { [key] in $0[key]?.use(routes) } }
    }

    /// Returns when every loop has handled everything that was passed to it.
    func settle() async {
        for index in mailboxes.indices { _ = await group.run(on: index) { _ in } }
    }
}
