internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRoutes
internal import Synchronization

/// Verifies quarantined requests with the current routes and stores the deliveries of valid ones. Each request passes
/// all checks of a new one, as of the time at which it was received, except the rate limit.
final class QuarantineVerifier: Sendable {
    private let outbox: OutboxWriter
    private let reader: ReaderBox
    private let reload: RouteReloadService
    private let keys: KeyService
    private let journal: DeliveryJournal
    private let time: any TimeSource
    private let ids = Mutex(DeliveryIDSource())

    /// - Parameter reader: reads the requests next to the writer.
    init(
        outbox: OutboxWriter, reader: ReaderBox, reload: RouteReloadService, keys: KeyService, journal: DeliveryJournal,
        time: any TimeSource
    ) {
        self.outbox = outbox
        self.reader = reader
        self.reload = reload
        self.keys = keys
        self.journal = journal
        self.time = time
    }

    /// One line of `sluice routes` for each route with quarantined requests.
    var notices: [String] {
        let names = Set(reload.activeRoutes.table.routes.map(\.name))
        return outbox.quarantine.routes.map { name in
            let notice = QuarantineNotice(name, outbox.quarantine)
            return names.contains(name) ? notice.waiting : notice.withoutRoute
        }
    }

    /// - Throws: `notFound`, or the error of a failed read.
    func verify(_ id: Int64) async throws(OutboxError) -> ControlDocuments.QuarantineVerdict {
        let content = try await reader.read { rows throws(SQLiteError) in try rows.quarantined(id) }
        guard let content else { throw .notFound }
        guard content.isIntact else { return .stays("its bytes differ from what was stored (wrong checksum); drop it") }
        let deliveryID = ids.withLock { $0.next(atMilliseconds: time.wallMilliseconds()) }
        var judgement = judge(content, deliveryID)
        if case .outcome(_, .needsKey(let need)) = judgement {
            if let problem = await fetch(need) { return .stays(problem) }
            judgement = judge(content, deliveryID)
        }
        switch judgement {
        case .problem(let why): return .stays(why)
        case .outcome(let entry, let outcome): return try await finish(id, with: outcome, by: entry)
        }
    }

    private enum Judgement {
        case problem(String)
        case outcome(ActiveRoutes.Entry, RouteOutcome)
    }

    private func judge(_ content: QuarantineContent, _ deliveryID: String) -> Judgement {
        let (listing, routes) = (content.listing, reload.activeRoutes)
        let arrival = RequestArrival(
            sender: listing.sender, receivedAtMilliseconds: listing.receivedAtMilliseconds, deliveryID: deliveryID)
        let judgement = KeptRequestReading.read(content.request, from: listing.sender) { view in
            guard let entry = routes.entry(path: view.path), entry.route.name == listing.route else {
                return Judgement.problem(
                    "no route with the name '\(PrintableText.escape(listing.route))' and the path of the request is "
                        + "loaded")
            }
            guard entry.route.isVerified else {
                return .problem("its route verifies nothing now, so every request would be valid")
            }
            var scratch = RouteScratch()
            return .outcome(entry, entry.route.handle(view, arrival, from: .head, scratch: &scratch))
        }
        return judgement ?? .problem("it can no longer be read")
    }

    private func fetch(_ need: RequiredKey) async -> String? {
        await withCheckedContinuation { continuation in keys.fetch(need) { continuation.resume(returning: $0) } }
    }

    private func finish(
        _ id: Int64, with outcome: RouteOutcome, by entry: ActiveRoutes.Entry
    ) async throws(OutboxError) -> ControlDocuments.QuarantineVerdict {
        if let (code, reason) = outcome.refusal { return .stays("\(code.rawValue): \(reason)") }
        switch outcome {
        case .refused, .rateLimited, .tooLargeForThread, .needsKey: return .stays("its route does not accept it")
        case .handshake, .learns, .call: return .stays("its route now answers it as a handshake")
        case .acknowledged(_, let reason):
            guard
                try await outbox.perform({ store throws(OutboxError) in
                    try store.dropQuarantined(QuarantineRange(ids: id...id)).dropped > 0
                })
            else { throw .notFound }
            entry.metrics.ignored.increment()
            return ControlDocuments.QuarantineVerdict(ignored: reason.words)
        case .store(let delivery, _): return try await store(id, as: delivery, by: entry)
        }
    }

    /// Its key is remembered from now on, like that of a delivery that arrives now.
    private func store(
        _ id: Int64, as delivery: Delivery, by entry: ActiveRoutes.Entry
    ) async throws(OutboxError) -> ControlDocuments.QuarantineVerdict {
        let submission = Submission(
            delivery.received(atMilliseconds: time.wallMilliseconds()), origin: 0, ticket: 0,
            enqueuedAtNanoseconds: time.monotonicNanoseconds())
        let outcome = try await outbox.perform { store throws(OutboxError) in
            try store.commitQuarantined(id, submission)
        }
        entry.metrics.count(outcome, parts: submission.partCount, atNanoseconds: time.monotonicNanoseconds())
        let name = entry.route.name
        switch outcome {
        case .stored(let jobs, let deadLetters, let duplicates, let changedBody):
            journal.stored(
                delivery.id, route: name, jobs: jobs, deadLetters: deadLetters, duplicates: duplicates,
                changedBody: changedBody)
            return .init(jobs: jobs, deadLetters: deadLetters.count, duplicates: duplicates)
        case .duplicate(let first, let changedBody):
            journal.duplicate(delivery.id, route: name, of: first, changedBody: changedBody)
            return .init(jobs: 0, deadLetters: 0, duplicates: submission.partCount)
        case .refused(let code): return .stays("\(code.rawValue): \(code.title)")
        }
    }
}

extension ControlDocuments.QuarantineVerdict {
    /// The verdict on a request that stays.
    fileprivate static func stays(_ problem: String) -> ControlDocuments.QuarantineVerdict { .init(problem: problem) }
}
