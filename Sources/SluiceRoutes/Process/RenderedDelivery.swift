package import SluiceBase

/// A verified delivery, ready to be stored: all of it in one transaction.
package struct RenderedDelivery: Sendable {
    /// One; with a unique key of elements one for each element that leaves something. Never empty.
    package var parts: [RenderedPart]
    /// How long the keys are remembered, from receipt.
    package var dedupeWindow: Duration
    package var onChangedBody: ChangedBodyPolicy
    /// The request as received, without credentials: where a dead letter, or the route, asks for it.
    package var request: [UInt8]?
    /// Whether the request stays as long as any job of the delivery is here: `keep_request`.
    package var keepsRequest: Bool
    /// `nil` for the standard one.
    package var reply: RouteReply?
    /// How many halves of surrogate pairs the body had; they were replaced in what is sent.
    package var repairedSurrogates: Int
    /// How many parts are stored without a key because they lack that of the route.
    package var missingKeys: Int

    /// Of all parts, in order.
    package var jobs: [RenderedJob] { parts.count == 1 ? parts[0].jobs : parts.flatMap(\.jobs) }
    package var deadLetters: [RenderedDeadLetter] {
        parts.count == 1 ? parts[0].deadLetters : parts.flatMap(\.deadLetters)
    }
}

/// What has one unique key: a delivery, or an element of it.
package struct RenderedPart: Sendable {
    /// `nil` where the route has no unique key, or it is missing and the route accepts that.
    package var key: RenderedKey?
    /// Of the body, after gzip, or of the element: tells a repetition from the same key with another content.
    package var bodyHash: Fingerprint
    package var jobs: [RenderedJob] = []
    package var deadLetters: [RenderedDeadLetter] = []
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
    /// The place of the route's job rule that made it, from 0.
    package var rule = 0
}

/// What was genuine and cannot become a job.
package struct RenderedDeadLetter: Sendable, Hashable {
    package var reason: DeadLetterReason
    /// What exactly, for a person; no more of the body than the name of a field.
    package var detail: String
    /// What of the delivery it is about.
    package var share: DeliveryShare
    /// The rule by which it failed; `nil` where no single one is to blame.
    package var madeBy: RuleIdentity?
}

/// A share of what a delivery becomes: all of it, or what one rule makes of one element.
package struct DeliveryShare: Sendable, Hashable {
    /// The element, counted from 0; `nil` for all of them, and without `each`.
    package let element: Int?
    /// The rule, counted from 0, with `match: all`; `nil` for whichever matches.
    package let rule: Int?

    package init(element: Int? = nil, rule: Int? = nil) {
        self.element = element
        self.rule = rule
    }

    package static let all = DeliveryShare()
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
    /// The digest of the body, or of the element, is the key.
    case bodyHash = "body_hash"
    case deadLetter = "dead_letter"
}

/// What `on_unreadable` says, and `on_mismatch`.
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

/// What `match` says.
package enum MatchPolicy: String, CaseIterable, Sendable {
    /// The first rule that matches makes the job.
    case first
    /// Each rule that matches makes one.
    case all
}
