/// An accepted request as a route rendered it and as the outbox stores it, in one transaction.
///
/// A class, because it moves between queues: a struct would retain each text and array each time.
package final class Delivery: Sendable {
    /// The id in the answer and in the log.
    package let id: String
    /// The route's name.
    package let route: String
    /// Wall clock when the request was complete, milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    /// How long the keys are remembered, from the receipt on. Later changes of the setting have no effect.
    package let dedupeWindow: Duration
    package let onChangedBody: ChangedBodyPolicy
    /// The percentage of the outbox that the route may use, 1 to 100; `nil` for all of it. Not stored.
    package let outboxShare: Int?
    /// One part; with a unique key per element, one for each element that leaves something. Never empty once rendered.
    package let parts: [Part]
    /// The request's raw bytes, without credentials; `nil` if it is not kept. Dead letters without a job share them.
    package let request: [UInt8]?
    /// Whether the request is kept as long as any job or dead letter of the delivery (`keep_request`). Otherwise it is
    /// kept only for dead letters without a job.
    package let keepsRequest: Bool
    /// The number of lone surrogates that were replaced in the rendered jobs. For metrics; not stored.
    package let repairedSurrogates: Int
    /// The number of parts without a key because the request has none. For metrics; not stored.
    package let missingKeys: Int

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

    /// Returns the delivery with another time of receipt.
    package func received(atMilliseconds time: Int64) -> Delivery {
        Delivery(
            id: id, route: route, receivedAtMilliseconds: time, dedupeWindow: dedupeWindow,
            onChangedBody: onChangedBody, outboxShare: outboxShare, parts: parts, request: request,
            keepsRequest: keepsRequest, repairedSurrogates: repairedSurrogates, missingKeys: missingKeys)
    }

    /// The part of a delivery that has one unique key: the whole delivery, or one element of its array.
    ///
    /// Each part is remembered independently: it is a duplicate or not, expires, and is compared with earlier bodies.
    package struct Part: Sendable {
        /// `nil` if the route has no unique key, or the request has none and the route accepts that.
        package var key: DeliveryKey?
        /// Of the body, after gzip, or of the element: distinguishes a repetition from the same key with other
        /// contents.
        package var bodyHash: Fingerprint
        /// The position of the element, from 0; `nil` if the part is the whole delivery.
        package var element: Int?
        /// The jobs to send, in order.
        package var jobs: [Job]
        /// The dead letters. Without jobs and dead letters only the key is remembered.
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

        /// The size of the part that counts towards `outbox.max_bytes`, in bytes.
        @inlinable package var byteCost: Int {
            // A loop, because a closure would copy each element.
            var bytes = 0
            for index in jobs.indices { bytes += jobs[index].byteCost }
            for index in deadLetters.indices { bytes += deadLetters[index].byteCost }
            return bytes
        }
    }

    /// The size of each part after the first in addition to its jobs, in memory and as a row.
    private static let partOverhead = 128

    /// The size of the delivery that counts towards `outbox.max_bytes` and the 16 MiB of one transaction, in bytes.
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
    /// The value that the outbox remembers: a hash of the route's name, the values of its path parameters and the parts
    /// of the key, each with its type and length.
    package let hash: Fingerprint
    /// `route:key`, or with path parameters `route:value:key`: of any length, and not always UTF-8. The unique keys of
    /// the jobs are derived from it.
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
    /// One sentence for a person, without secrets; of the body it contains at most the name of a field.
    package var detail: String
    /// The part of the delivery that it is about.
    package var share: DeliveryShare
    /// The rule that failed; `nil` if it was not a single rule.
    package var madeBy: RuleIdentity?

    package init(
        reason: DeadLetterReason, detail: String, share: DeliveryShare = .all, madeBy: RuleIdentity? = nil
    ) {
        self.reason = reason
        self.detail = detail
        self.share = share
        self.madeBy = madeBy
    }

    /// The size of the dead letter that counts towards `outbox.max_bytes`, in bytes, without the shared request.
    @inlinable package var byteCost: Int { Job.rowOverhead + detail.utf8.count }
}

/// A part of a delivery's jobs: all of them, or the job of one rule for one element.
package struct DeliveryShare: Sendable, Hashable {
    /// The position of the element, from 0; nil for all elements, and without `each`.
    package let element: Int?
    /// The position of the job rule, from 0, with `match: all`; `nil` for all matching rules.
    package let rule: Int?

    package init(element: Int? = nil, rule: Int? = nil) {
        self.element = element
        self.rule = rule
    }

    package static let all = DeliveryShare()
}

/// `on_changed_body`: what happens if a key was seen before with another body.
package enum ChangedBodyPolicy: String, CaseIterable, Sendable {
    /// The delivery is a duplicate, flagged and counted.
    case duplicate
    /// The delivery is stored as if the key were new, and its jobs get separate unique keys.
    case accept
    /// The jobs become dead letters, from which a person can send them.
    case deadLetter = "dead_letter"
}
