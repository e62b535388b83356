internal import SluiceOutbox
internal import SluiceRoutes

extension IngestDelivery {
    /// What a route rendered, in the outbox's terms.
    init(
        _ rendered: RenderedDelivery, origin: Int, ticket: UInt64, deliveryID: String, route: String, receivedAtMilliseconds: Int64,
        enqueuedAtNanoseconds: Int64
    ) {
        self.init(
            origin: origin, ticket: ticket, deliveryID: deliveryID, route: route, receivedAtMilliseconds: receivedAtMilliseconds,
            enqueuedAtNanoseconds: enqueuedAtNanoseconds, dedupeWindow: rendered.dedupeWindow,
            onChangedBody: ChangedBodyRule(rendered.onChangedBody), part: IngestPart(rendered),
            // The dead letters of one delivery all carry the same.
            request: rendered.deadLetters.first?.request)
    }
}

extension IngestPart {
    /// A delivery with one key is one part.
    init(_ rendered: RenderedDelivery) {
        self.init(
            key: rendered.key?.hash, bodyHash: rendered.bodyHash, jobs: rendered.jobs.map { IngestJob($0) },
            deadLetters: rendered.deadLetters.map { IngestDeadLetter($0) })
    }
}

extension IngestJob {
    init(_ job: RenderedJob) {
        self.init(
            type: job.type, queue: job.queue, options: job.options, uniqueKey: job.uniqueKey, hasOwnKey: job.hasOwnKey,
            uniqueWhile: job.uniqueWhile?.rawValue, payload: job.payload)
    }
}

extension IngestDeadLetter {
    init(_ letter: RenderedDeadLetter) {
        self.init(reason: letter.reason, detail: letter.detail)
    }
}

extension ChangedBodyRule {
    init(_ policy: ChangedBodyPolicy) {
        self =
            switch policy {
            case .duplicate: .duplicate
            case .accept: .accept
            case .deadLetter: .deadLetter
            }
    }
}
