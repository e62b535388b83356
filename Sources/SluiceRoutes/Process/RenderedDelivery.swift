package import SluiceBase

/// A verified delivery, ready to be stored.
package struct RenderedDelivery: Sendable {
    /// `nil` where the route has no unique key, or it is missing and the route accepts that.
    package var key: RenderedKey?
    /// Of the body, after gzip: tells a repetition from the same key with another body.
    package var bodyHash: Fingerprint
    /// How long the key is remembered, from receipt.
    package var dedupeWindow: Duration
    package var onChangedBody: ChangedBodyPolicy
    package var jobs: [RenderedJob]
    package var deadLetters: [RenderedDeadLetter]
    /// `nil` for the standard one.
    package var reply: RouteReply?
    /// How many halves of surrogate pairs the body had; they were replaced in what is sent.
    package var repairedSurrogates: Int
    /// Whether the route has a unique key, and this delivery is stored without one because it lacks it.
    package var keyIsMissing: Bool
}

/// One job as it will be sent.
package struct RenderedJob: Sendable, Hashable {
    package var type: String
    package var queue: String
    /// JSON members to put into the job object, such as `"priority":5,"retry_limit":3`; empty where there are none.
    package var options: [UInt8]
    /// At most 200 bytes.
    package var uniqueKey: String?
    /// Whether the key is the rule's own, which goes to Zizq as it is written.
    package var hasOwnKey: Bool
    /// Only with `uniqueKey`.
    package var uniqueWhile: UniqueWhile?
    /// JSON that Zizq takes in a bulk request.
    package var payload: [UInt8]
}

/// What was genuine and cannot become a job.
package struct RenderedDeadLetter: Sendable, Hashable {
    package var reason: DeadLetterReason
    /// What exactly, for a person; no more of the body than the name of a field.
    package var detail: String
    /// The request as received, without credentials.
    package var request: [UInt8]?
}

/// What `on_changed_body` says: the key is known, the body is another.
package enum ChangedBodyPolicy: String, CaseIterable, Sendable {
    /// Answered as a duplicate, flagged and counted.
    case duplicate
    /// Stored as if the key were new.
    case accept
    /// The jobs become dead letters, from which a person can send them.
    case deadLetter = "dead_letter"
}

/// What `unique_key_missing` says.
package enum MissingKeyPolicy: String, CaseIterable, Sendable {
    /// Stored without dedupe, and counted.
    case accept
    /// 422
    case reject
    /// The digest of the body is the key.
    case bodyHash = "body_hash"
    case deadLetter = "dead_letter"
}

/// What `on_unreadable` says.
package enum UnreadablePolicy: String, CaseIterable, Sendable {
    case deadLetter = "dead_letter"
    /// 422
    case reject
}

/// What `otherwise` says: no rule matched.
package enum OtherwisePolicy: String, CaseIterable, Sendable {
    case ignore
    case deadLetter = "dead_letter"
}
