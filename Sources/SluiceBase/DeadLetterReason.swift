/// Why a delivery or a job lies in the dead letters. The raw value stands in the outbox's table, in metrics and in the log;
/// `docs/reference/errors.md` has a paragraph for each.
package enum DeadLetterReason: String, CaseIterable, Sendable {
    /// The signed body is not of the kind that the route reads, or Zizq would not take it as a payload.
    case bodyUnreadable = "body_unreadable"
    /// No rule of the route matched and the route says `otherwise: dead_letter`.
    case noMatchingRule = "no_matching_rule"
    /// The payload does not fit the type that its kind declares.
    case payloadMismatch = "payload_mismatch"
    /// The unique key is missing and the route says `unique_key_missing: dead_letter`.
    case uniqueKeyMissing = "unique_key_missing"
    /// The unique key was seen before with another body and the route says `on_changed_body: dead_letter`.
    case changedBody = "changed_body"
    /// A rendered field of the job is one that Zizq would refuse.
    case badField = "bad_field"
    /// The delivery would be more jobs, or more bytes of jobs, than are made of one.
    case tooManyJobs = "too_many_jobs"
    /// Zizq refused the job by its index, or alone while it took others.
    case refusedByZizq = "refused_by_zizq"
    /// Zizq, or a proxy before it, refused the job alone as too large.
    case tooLargeForZizq = "too_large_for_zizq"
    /// The stored job does not have the checksum that it was stored with.
    case checksumMismatch = "checksum_mismatch"
    /// A person took the job out of the sending order.
    case buried
}

/// What a job rule makes, and a digest of all that it says: tells whether a rule of the route files is still the one of an earlier time.
///
/// A dead letter keeps that of the rule by which it failed, so that sending it again does not make another job in silence.
package struct RuleIdentity: Sendable, Hashable {
    /// The name of the kind; nil for a rule with `type`.
    package let kind: String?
    /// The job's type; nil where it is made of the request.
    package let type: String?
    /// The job's queue; nil where it is made of the request.
    package let queue: String?
    /// Over the rule's conditions, kind or type, payload and options as they are written, wherever the rule stands in its file.
    package let digest: Fingerprint

    package init(kind: String?, type: String?, queue: String?, digest: Fingerprint) {
        self.kind = kind
        self.type = type
        self.queue = queue
        self.digest = digest
    }

    /// How a rule differs from this one, in words such as `type a instead of b`; empty where what both make has the same names.
    package func differences(from earlier: RuleIdentity) -> [String] {
        let fields = [("kind", kind, earlier.kind), ("type", type, earlier.type), ("queue", queue, earlier.queue)]
        return fields.compactMap { name, now, before in
            guard now != before else { return nil }
            return "\(name) \(now ?? "(none)") instead of \(before ?? "(none)")"
        }
    }
}
