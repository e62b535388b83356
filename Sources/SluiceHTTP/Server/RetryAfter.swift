package import SluiceBase

/// When a refused sender should come back (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// The header for a code that a later try can cure, nothing for the others.
    ///
    /// - Parameter wait: how long the cure takes, where it is known; whole seconds are said, rounded up.
    package static func headers(for code: ErrorCode, atLeast wait: Duration? = nil) -> [(name: String, value: String)] {
        guard let seconds = seconds(for: code) else { return [] }
        let known = wait.map { Int(($0.wholeMilliseconds + 999) / 1000) } ?? 0
        return [(name: "retry-after", value: String(max(seconds, known)))]
    }

    private static func seconds(for code: ErrorCode) -> Int? {
        switch code {
        case .outboxFull, .deadLettersFull, .diskFull: 30
        case .memoryFull, .commitTooSlow, .commitFailed, .shuttingDown: 5
        case .rateLimited: 1
        case .malformedRequest, .httpsRequired, .targetTooLong, .headTooLarge, .headTimeout, .bodyTimeout, .bodyTooLarge,
            .expectationFailed,
            .versionNotSupported, .transferCodingNotSupported, .contentEncodingNotSupported, .noSuchRoute, .methodNotAllowed,
            .addressNotAllowed, .contentTypeNotSupported, .signatureMissing, .signatureInvalid, .signatureExpired, .uniqueKeyMissing,
            .bodyUnreadable, .payloadMismatch, .internalError:
            nil
        }
    }
}
