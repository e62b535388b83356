/// One accepted request: what a route made of it, as the outbox stores it in one transaction.
package struct Delivery: Sendable {
    /// What the answer and the log call it.
    package var id: String
    /// The route's name.
    package var route: String
    /// Wall clock when the request was complete, milliseconds since the epoch.
    package var receivedAtMilliseconds: Int64
    /// How long the keys are remembered, counted from the receipt. A later change of the setting does not move it.
    package var dedupeWindow: Duration
    package var onChangedBody: ChangedBodyPolicy
    /// Percent of the outbox that the route may use, 1 to 100; nil for all of it. Not stored.
    package var outboxShare: Int?
    /// One; with a unique key for each element, one for each element that leaves something. Never empty once rendered.
    package var parts: [Part]
    /// The request's raw bytes, without what the verifier reads as credentials; nil where it is not kept. Dead letters
    /// without a job share them.
    package var request: [UInt8]?
    /// Whether the request stays as long as any job or dead letter of the delivery is stored (`keep_request`).
    /// Otherwise it stays for the dead letters without a job, and is not stored where there are none.
    package var keepsRequest: Bool
    /// How many halves of surrogate pairs of the body were replaced in what is sent. For metrics; not stored.
    package var repairedSurrogates: Int
    /// How many parts have no key because the request lacks that of the route. For metrics; not stored.
    package var missingKeys: Int

    package init(
        id: String, route: String, receivedAtMilliseconds: Int64, dedupeWindow: Duration,
        onChangedBody: ChangedBodyPolicy = .duplicate, outboxShare: Int? = nil, parts: [Part] = [],
        request: [UInt8]? = nil,
        keepsRequest: Bool = false, repairedSurrogates: Int = 0, missingKeys: Int = 0
    ) {
        self.id = id
        self.route = route
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.dedupeWindow = dedupeWindow
        self.onChangedBody = onChangedBody
        self.outboxShare = outboxShare
        self.parts = parts
        self.request = request
        self.keepsRequest = keepsRequest
        self.repairedSurrogates = repairedSurrogates
        self.missingKeys = missingKeys
    }

    /// What of a delivery has one unique key: all of it, or one element of the array that it carries.
    ///
    /// Each part is remembered on its own: it is a duplicate or not, expires, and is compared with earlier bodies,
    /// independent of the others.
    package struct Part: Sendable {
        /// nil where the route has no unique key, and where the request lacks it and the route accepts that.
        package var key: DeliveryKey?
        /// Of the body, after gzip, or of the element: tells a repetition from the same key with another content.
        package var bodyHash: Fingerprint
        /// The position of the element, from 0; nil where the part is the whole delivery.
        package var element: Int?
        /// What is to be sent, in this order.
        package var jobs: [Job]
        /// What could not become a job. Without jobs and dead letters the key alone is remembered.
        package var deadLetters: [DeadLetter]

        package init(
            key: DeliveryKey?, bodyHash: Fingerprint, element: Int? = nil, jobs: [Job] = [],
            deadLetters: [DeadLetter] = []
        ) {
            self.key = key
            self.bodyHash = bodyHash
            self.element = element
            self.jobs = jobs
            self.deadLetters = deadLetters
        }

        /// The part's bytes against `outbox.max_bytes`.
        package var byteCost: Int {
            // Elements in place: a closure would get a copy of each.
            var bytes = 0
            for index in jobs.indices { bytes += jobs[index].byteCost }
            for index in deadLetters.indices { bytes += deadLetters[index].byteCost }
            return bytes
        }
    }

    /// What each part after the first takes besides its jobs, in memory and as a row.
    private static let partOverhead = 128

    /// The delivery's bytes against `outbox.max_bytes`, and its share of the 16 MiB of one transaction.
    package var byteCost: Int {
        var bytes = (request?.count ?? 0) + (parts.count - 1) * Self.partOverhead
        for index in parts.indices { bytes += parts[index].byteCost }
        return bytes
    }

    /// The jobs of all parts, in order.
    package var jobs: [Job] { parts.count == 1 ? parts[0].jobs : parts.flatMap(\.jobs) }

    /// The dead letters of all parts, in order.
    package var deadLetters: [DeadLetter] {
        parts.count == 1 ? parts[0].deadLetters : parts.flatMap(\.deadLetters)
    }
}

/// The unique key of a delivery, or of one of its elements.
package struct DeliveryKey: Sendable, Hashable {
    /// What the outbox remembers: a hash of the route's name, the values of its path parameters and the key's parts,
    /// each with its type and length.
    package let hash: Fingerprint
    /// `route:key`, or with path parameters `route:value:key`: of any length, and not always UTF-8. The unique keys of
    /// the jobs are made from it.
    package let bytes: [UInt8]

    package init(hash: Fingerprint, bytes: [UInt8] = []) {
        self.hash = hash
        self.bytes = bytes
    }
}

/// A verified request, or a part of one, that could not become a job. It needs the delivery's request to become one
/// later.
package struct DeadLetter: Sendable, Hashable {
    package var reason: DeadLetterReason
    /// One sentence for a person, without secrets; no more of the body than the name of a field.
    package var detail: String
    /// What of the delivery it is about.
    package var share: DeliveryShare
    /// The rule that failed; nil where it is not a single rule.
    package var madeBy: RuleIdentity?

    package init(
        reason: DeadLetterReason, detail: String, share: DeliveryShare = .all, madeBy: RuleIdentity? = nil
    ) {
        self.reason = reason
        self.detail = detail
        self.share = share
        self.madeBy = madeBy
    }

    /// The dead letter's bytes against `outbox.max_bytes`, without the request, which it shares.
    package var byteCost: Int { Job.rowOverhead + detail.utf8.count }
}

/// A share of what a delivery becomes: all of it, or what one rule makes of one element.
package struct DeliveryShare: Sendable, Hashable {
    /// The position of the element, from 0; nil for all elements, and without `each`.
    package let element: Int?
    /// The position of the job rule, from 0, with `match: all`; nil for the rules that match.
    package let rule: Int?

    package init(element: Int? = nil, rule: Int? = nil) {
        self.element = element
        self.rule = rule
    }

    package static let all = DeliveryShare()
}

/// `on_changed_body`: what happens when a key was seen before with another body.
package enum ChangedBodyPolicy: String, CaseIterable, Sendable {
    /// The delivery is a duplicate, flagged and counted.
    case duplicate
    /// The delivery is stored as if the key were new; its jobs get unique keys of their own.
    case accept
    /// The jobs become dead letters, from which a person can send them.
    case deadLetter = "dead_letter"
}
