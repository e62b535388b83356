package import SluiceBase

/// What of a delivery has a unique key of its own: the whole of it, or one element of the array that it carries.
///
/// Each part is remembered by itself: it is a duplicate or not, expires, and is compared with earlier bodies, whatever becomes of the others.
package struct IngestPart: Sendable {
    /// The hash of the unique key, scoped by route and path parameters; nil where there is none.
    package let key: Fingerprint?
    /// The hash of the body that was signed, or of the element.
    package let bodyHash: Fingerprint
    /// What is to be sent, in this order.
    package let jobs: [IngestJob]
    /// What could not become a job. Where there are neither jobs nor dead letters the key alone is remembered.
    package let deadLetters: [IngestDeadLetter]

    package init(key: Fingerprint?, bodyHash: Fingerprint, jobs: [IngestJob], deadLetters: [IngestDeadLetter] = []) {
        self.key = key
        self.bodyHash = bodyHash
        self.jobs = jobs
        self.deadLetters = deadLetters
    }

    /// What each part behind the first costs beside its jobs, in memory and as a row.
    static let overhead = 128

    /// The part's bytes against `outbox.max_bytes`.
    var byteCost: Int { jobs.reduce(0) { $0 + $1.byteCost } + deadLetters.reduce(0) { $0 + $1.byteCost } }
}

/// What could not become a job, made while the request was processed. It needs the delivery's request to become one later.
package struct IngestDeadLetter: Sendable {
    package let reason: DeadLetterReason
    /// One sentence for a person; no secret.
    package let detail: String
    /// The place of the array element that it is about, from 0; nil for the whole delivery.
    package let element: Int?
    /// The place of the route's job rule that it is about, from 0; nil for all of them.
    package let rule: Int?
    /// What the rule said by which it failed; nil where no single one is to blame.
    package let madeBy: RuleIdentity?

    package init(reason: DeadLetterReason, detail: String, element: Int? = nil, rule: Int? = nil, madeBy: RuleIdentity? = nil) {
        self.reason = reason
        self.detail = detail
        self.element = element
        self.rule = rule
        self.madeBy = madeBy
    }

    /// The dead letter's bytes against `outbox.max_bytes`, without the request, which it shares.
    package var byteCost: Int { IngestJob.overhead + detail.utf8.count }
}
