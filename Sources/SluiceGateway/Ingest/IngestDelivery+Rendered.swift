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
            enqueuedAtNanoseconds: enqueuedAtNanoseconds, key: rendered.key?.hash, bodyHash: rendered.bodyHash,
            dedupeWindow: rendered.dedupeWindow, onChangedBody: ChangedBodyRule(rendered.onChangedBody),
            jobs: rendered.jobs.map { IngestJob($0) }, deadLetters: rendered.deadLetters.map { IngestDeadLetter($0) })
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
        self.init(reason: letter.reason, detail: letter.detail, request: letter.request)
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
