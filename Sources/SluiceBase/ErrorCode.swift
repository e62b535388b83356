/// Every reason for which a request is refused. The raw value is the `code` of the problem document (RFC 9457), the
/// label in metrics and the `reason` in the log; `docs/reference/errors.md` has a section for each.
package enum ErrorCode: String, CaseIterable, Sendable {
    // The request as HTTP
    case malformedRequest = "malformed_request"
    case targetTooLong = "target_too_long"
    case headTooLarge = "head_too_large"
    case headTimeout = "head_timeout"
    case bodyTimeout = "body_timeout"
    case bodyTooLarge = "body_too_large"
    case expectationFailed = "expectation_failed"
    case versionNotSupported = "version_not_supported"
    case httpsRequired = "https_required"
    case transferCodingNotSupported = "transfer_coding_not_supported"
    case contentEncodingNotSupported = "content_encoding_not_supported"

    // The route
    case noSuchRoute = "no_such_route"
    case methodNotAllowed = "method_not_allowed"
    case addressNotAllowed = "address_not_allowed"
    case contentTypeNotSupported = "content_type_not_supported"
    case rateLimited = "rate_limited"
    case handshakeRefused = "handshake_refused"
    case handshakeCallFailed = "handshake_call_failed"

    // The signature
    case signatureMissing = "signature_missing"
    case signatureInvalid = "signature_invalid"
    case signatureExpired = "signature_expired"
    case keyUnavailable = "key_unavailable"

    // What the route refuses with `reject`
    case uniqueKeyMissing = "unique_key_missing"
    case bodyUnreadable = "body_unreadable"
    case payloadMismatch = "payload_mismatch"

    // The gateway's own state
    case outboxFull = "outbox_full"
    case outboxShareFull = "outbox_share_full"
    case deadLettersFull = "dead_letters_full"
    case diskFull = "disk_full"
    case memoryFull = "memory_full"
    case commitTooSlow = "commit_too_slow"
    case commitFailed = "commit_failed"
    case shuttingDown = "shutting_down"
    case internalError = "internal_error"
}

extension ErrorCode {
    /// The HTTP status of the answer.
    package var httpStatus: Int {
        switch self {
        case .malformedRequest, .transferCodingNotSupported, .httpsRequired: 400
        case .signatureMissing, .signatureInvalid, .signatureExpired: 401
        case .addressNotAllowed, .handshakeRefused: 403
        case .noSuchRoute: 404
        case .methodNotAllowed: 405
        case .headTimeout, .bodyTimeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .contentTypeNotSupported, .contentEncodingNotSupported: 415
        case .expectationFailed: 417
        case .uniqueKeyMissing, .bodyUnreadable, .payloadMismatch: 422
        case .rateLimited: 429
        case .headTooLarge: 431
        case .internalError: 500
        case .keyUnavailable, .handshakeCallFailed, .outboxFull, .outboxShareFull, .deadLettersFull, .diskFull,
            .memoryFull, .commitTooSlow, .commitFailed, .shuttingDown:
            503
        case .versionNotSupported: 505
        }
    }

    /// One sentence for the reader of the answer: what is wrong and, if the sender can do something, what to do. It
    /// never contains a part of the request.
    package var title: String {
        switch self {
        case .malformedRequest: "The request is malformed."
        case .targetTooLong: "The request target is too long."
        case .headTooLarge: "The request head or its trailers are too large."
        case .headTimeout: "The request head was not complete in time."
        case .bodyTimeout: "The request body was not complete in time."
        case .bodyTooLarge: "The request body is larger than this route accepts."
        case .expectationFailed: "Only the expectation 100-continue is supported."
        case .versionNotSupported: "Only HTTP/1.1 and HTTP/1.0 are supported."
        case .httpsRequired: "This port requires TLS; use https://."
        case .transferCodingNotSupported: "Only the transfer coding chunked is supported."
        case .contentEncodingNotSupported: "This route does not accept this content encoding."
        case .noSuchRoute: "No route has this path."
        case .methodNotAllowed: "This route does not accept this method."
        case .addressNotAllowed: "This route does not accept requests from this address."
        case .contentTypeNotSupported: "This route does not accept this content type."
        case .rateLimited: "This route's rate limit is reached; retry later."
        case .handshakeRefused:
            "The handshake lacks the token that this route expects, or has an invalid value."
        case .handshakeCallFailed: "The call that confirms the handshake failed; retry later."
        case .signatureMissing: "The request lacks a part of the signature that this route expects."
        case .signatureInvalid: "The signature is not valid for this route."
        case .signatureExpired: "The signed timestamp is too old or too far in the future."
        case .keyUnavailable: "The key that verifies the signature could not be fetched; retry later."
        case .uniqueKeyMissing: "The request lacks the unique key that this route requires."
        case .bodyUnreadable: "The body does not have the format that this route requires."
        case .payloadMismatch: "The payload does not have the fields that this route requires."
        case .outboxFull: "The outbox has reached its size limit; retry later."
        case .outboxShareFull: "The outbox has reached the share of this route; retry later."
        case .deadLettersFull:
            "The request would become a dead letter, and dead letters have reached their size limit; retry later."
        case .diskFull: "The disk is full; retry later."
        case .memoryFull: "Out of memory for requests in progress; retry later."
        case .commitTooSlow: "The request could not be stored in time; retry later."
        case .commitFailed: "The request could not be stored; retry later."
        case .shuttingDown: "The service is shutting down; retry later."
        case .internalError: "An internal error occurred; it has been logged."
        }
    }
}

/// Why a delivery or a job is a dead letter. The raw value is in the outbox's table, in metrics and in the log;
/// `docs/reference/errors.md` has a section for each.
package enum DeadLetterReason: String, CaseIterable, Sendable {
    /// The signed body does not have the format that the route reads, or Zizq would refuse it as a payload.
    case bodyUnreadable = "body_unreadable"
    /// No rule of the route matched and the route says `otherwise: dead_letter`.
    case noMatchingRule = "no_matching_rule"
    /// The payload does not match the type that its kind declares.
    case payloadMismatch = "payload_mismatch"
    /// The unique key is missing and the route says `unique_key_missing: dead_letter`.
    case uniqueKeyMissing = "unique_key_missing"
    /// The unique key was seen before with another body and the route says `on_changed_body: dead_letter`.
    case changedBody = "changed_body"
    /// Zizq would refuse a rendered field of the job.
    case badField = "bad_field"
    /// The delivery exceeds the limit for jobs of one delivery, or for their size.
    case tooManyJobs = "too_many_jobs"
    /// Zizq refused the job by its index, or alone while it accepted others.
    case refusedByZizq = "refused_by_zizq"
    /// Zizq, or a proxy in front of it, refused the job alone as too large.
    case tooLargeForZizq = "too_large_for_zizq"
    /// The checksum of the stored job does not match.
    case checksumMismatch = "checksum_mismatch"
    /// An operator removed the job from the sending order.
    case buried
}
