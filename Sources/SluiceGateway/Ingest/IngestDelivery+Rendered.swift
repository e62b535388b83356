internal import SluiceOutbox
internal import SluiceRoutes

extension IngestDelivery {
    /// What a route rendered, in the outbox's terms.
    init(
        _ rendered: RenderedDelivery, origin: Int, ticket: UInt64, deliveryID: String, route: String,
        receivedAtMilliseconds: Int64,
        enqueuedAtNanoseconds: Int64
    ) {
        let parts = rendered.parts
        self.init(
            origin: origin, ticket: ticket, deliveryID: deliveryID, route: route,
            receivedAtMilliseconds: receivedAtMilliseconds,
            enqueuedAtNanoseconds: enqueuedAtNanoseconds, dedupeWindow: rendered.dedupeWindow,
            onChangedBody: ChangedBodyRule(rendered.onChangedBody), part: IngestPart(parts[0]),
            others: parts.count == 1 ? [] : parts.dropFirst().map { IngestPart($0) }, request: rendered.request,
            keepsRequest: rendered.keepsRequest)
    }
}

extension IngestPart {
    init(_ part: RenderedPart) {
        self.init(
            key: part.key?.hash, bodyHash: part.bodyHash, jobs: part.jobs.map { IngestJob($0) },
            deadLetters: part.deadLetters.map { IngestDeadLetter($0) })
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
        self.init(
            reason: letter.reason, detail: letter.detail, element: letter.share.element, rule: letter.share.rule,
            madeBy: letter.madeBy)
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
