package import SluiceBase

/// When a refused sender should come back (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// The header for a code that a later try can cure, nothing for the others.
    package static func headers(for code: ErrorCode) -> [(name: String, value: String)] {
        seconds(for: code).map { [(name: "retry-after", value: String($0))] } ?? []
    }

    private static func seconds(for code: ErrorCode) -> Int? {
        switch code {
        case .outboxFull, .diskFull: 30
        case .memoryFull, .commitTooSlow, .commitFailed, .shuttingDown: 5
        case .rateLimited: 1
        case .malformedRequest, .targetTooLong, .headTooLarge, .headTimeout, .bodyTimeout, .bodyTooLarge, .expectationFailed,
            .versionNotSupported, .transferCodingNotSupported, .contentEncodingNotSupported, .noSuchRoute, .methodNotAllowed,
            .addressNotAllowed, .contentTypeNotSupported, .signatureMissing, .signatureInvalid, .signatureExpired, .uniqueKeyMissing,
            .bodyUnreadable, .payloadMismatch, .internalError:
            nil
        }
    }
}
