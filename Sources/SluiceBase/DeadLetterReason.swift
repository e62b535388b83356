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
