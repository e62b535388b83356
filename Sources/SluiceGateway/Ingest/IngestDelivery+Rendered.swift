internal import SluiceBase
internal import SluiceOutbox

extension IngestDelivery {
    init(_ delivery: Delivery, origin: Int, ticket: UInt64, enqueuedAtNanoseconds: Int64) {
        let parts = delivery.parts
        self.init(
            origin: origin, ticket: ticket, deliveryID: delivery.id, route: delivery.route,
            receivedAtMilliseconds: delivery.receivedAtMilliseconds, enqueuedAtNanoseconds: enqueuedAtNanoseconds,
            dedupeWindow: delivery.dedupeWindow, onChangedBody: ChangedBodyRule(delivery.onChangedBody),
            part: IngestPart(parts[0]), others: parts.count == 1 ? [] : parts.dropFirst().map { IngestPart($0) },
            request: delivery.request, keepsRequest: delivery.keepsRequest)
    }
}

extension IngestPart {
    init(_ part: Delivery.Part) {
        self.init(
            key: part.key?.hash, bodyHash: part.bodyHash, jobs: part.jobs.map { IngestJob($0) },
            deadLetters: part.deadLetters.map { IngestDeadLetter($0) })
    }
}

extension IngestJob {
    init(_ job: Job) {
        self.init(
            type: job.type, queue: job.queue, options: job.options.members, uniqueKey: job.uniqueKey,
            hasOwnKey: job.hasOwnKey, uniqueWhile: job.uniqueWhile?.rawValue, payload: job.payload)
    }
}

extension IngestDeadLetter {
    init(_ letter: DeadLetter) {
        self.init(
            reason: letter.reason, detail: letter.detail, element: letter.share.element, rule: letter.share.rule,
            madeBy: letter.madeBy)
    }
}

extension ChangedBodyRule {
    init(_ policy: ChangedBodyPolicy) { self = ChangedBodyRule(rawValue: policy.rawValue) ?? .duplicate }
}
