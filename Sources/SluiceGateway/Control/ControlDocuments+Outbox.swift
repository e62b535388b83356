internal import SluiceBase
internal import SluiceOutbox

extension ControlDocuments.Job {
    init(_ job: JobListing) {
        self.init(
            id: job.id, state: job.state.rawValue, delivery: job.deliveryID, route: job.route,
            receivedAt: job.receivedAtMilliseconds,
            type: job.type, queue: job.queue, uniqueKey: job.uniqueKey, payloadBytes: job.payloadBytes,
            zizqID: job.zizqID,
            deliveredAt: job.deliveredAtMilliseconds, detail: job.detail)
    }
}

extension ControlDocuments.JobContent {
    init(_ content: JobContent) {
        self.init(
            job: ControlDocuments.Job(content.listing),
            options: String(decoding: content.job.options.members, as: UTF8.self),
            uniqueWhile: content.job.uniqueWhile?.rawValue, isIntact: content.isIntact,
            payload: String(decoding: content.job.payload, as: UTF8.self))
    }
}

extension ControlDocuments.DeadLetter {
    init(_ letter: DeadLetterListing) {
        self.init(
            id: letter.id, delivery: letter.deliveryID, route: letter.route, receivedAt: letter.receivedAtMilliseconds,
            diedAt: letter.diedAtMilliseconds, reason: letter.reason, detail: letter.detail, type: letter.jobType,
            queue: letter.queue,
            contentBytes: letter.contentBytes, holdsJob: letter.holdsJob, element: letter.element.map { $0 + 1 },
            rule: letter.rule.map { $0 + 1 }, ruleKind: letter.madeBy?.kind, ruleType: letter.madeBy?.type,
            ruleQueue: letter.madeBy?.queue, ruleDigest: letter.madeBy?.digest.description, lacksRule: letter.lacksRule)
    }
}

extension ControlDocuments.DeadLetterContent {
    init(_ content: DeadLetterContent) {
        self.init(
            letter: ControlDocuments.DeadLetter(content.letter), isIntact: content.isIntact,
            payload: content.job.map { String(decoding: $0.payload, as: UTF8.self) },
            request: content.request.map { String(decoding: $0, as: UTF8.self) })
    }
}

extension ControlDocuments.Delivery {
    init(_ row: KeptRequestRow) {
        self.init(
            delivery: row.deliveryID, route: row.route, receivedAt: row.receivedAtMilliseconds,
            request: row.request.map { Base64.encode($0) }, jobs: row.jobs.map { ControlDocuments.Job($0) },
            deadLetters: row.deadLetters.map { ControlDocuments.DeadLetter($0) })
    }
}
