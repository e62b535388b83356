internal import CSluiceOpenSSL

/// Why a TLS connection or its handshake failed, for counting. The raw value is the label in `/metrics`.
package enum TLSFailureCause: String, CaseIterable, Sendable {
    /// The handshake was not complete in time.
    case timeout
    /// The peer closed the connection, or reset it.
    case closed
    /// What came is not TLS but text: an HTTP request, most likely.
    case clearText = "clear_text"
    /// The ClientHello is longer than 16 KiB.
    case clientHelloTooLarge = "client_hello_too_large"
    /// Neither TLS 1.2 nor 1.3 is offered.
    case protocolVersion = "protocol_version"
    /// No cipher suite, group or signature algorithm in common.
    case noSharedCipher = "no_shared_cipher"
    /// What came is not well-formed TLS, or could not be decrypted.
    case badRecord = "bad_record"
    /// The peer does not accept the certificate.
    case certificateAlert = "certificate_alert"
    /// The peer sent another alert.
    case alert
    /// Too many records without application data, in the handshake or behind it.
    case tooManyRecords = "too_many_records"
    /// Too many handshakes were under way, and this was the oldest of the address with most of them.
    case displaced
    /// An error on this side.
    case other
}

/// What went wrong with TLS, in OpenSSL's words where it has any.
package struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A sentence for a person, without any key or certificate content.
    package let message: String
    package let cause: TLSFailureCause

    package init(_ message: String, cause: TLSFailureCause = .other) {
        self.message = message
        self.cause = cause
    }

    /// What was refused before OpenSSL saw it.
    init(refused cause: TLSFailureCause) {
        let sentence =
            switch cause {
            case .clearText: "the peer sent plain text, not TLS"
            case .clientHelloTooLarge: "the ClientHello is longer than \(ClientHelloGate.maximumMessage) bytes"
            case .alert: "the peer sent an alert instead of a ClientHello"
            case .tooManyRecords: "too many TLS records without application data"
            default: "the peer's data is not TLS"
            }
        self.init(sentence, cause: cause)
    }

    package var description: String { message }

    private static let systemFlag: UInt = 1 << 31

    /// The oldest error in this thread's OpenSSL queue, which is the cause of the later ones; empties the queue.
    static func fromQueue(_ what: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return TLSError(what) }
        // The errno of a system call, which has no text in OpenSSL's tables (ERR_SYSTEM_FLAG of openssl/err.h).
        if code & systemFlag != 0 {
            return TLSError("\(what): \(SystemCallError.message(CInt(truncatingIfNeeded: code & ~systemFlag)))")
        }
        let cause = cause(ofReason: Int32(truncatingIfNeeded: code & 0x7F_FFFF))
        // A static string of OpenSSL's, or nothing for a code that it has no text for.
        guard let reason = unsafe ERR_reason_error_string(code) else {
            return TLSError("\(what) (OpenSSL error \(code))", cause: cause)
        }
        return unsafe TLSError("\(what): \(String(cString: reason))", cause: cause)
    }

    /// - Parameter reason: a code of openssl/sslerr.h; a received alert is its number and 1000.
    private static func cause(ofReason reason: Int32) -> TLSFailureCause {
        switch reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_WRONG_VERSION_NUMBER:
            .protocolVersion
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_CIPHERS_SPECIFIED:
            .noSharedCipher
        case SSL_AD_REASON_OFFSET + noCertificateAlert...SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_UNKNOWN,
            SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA:
            .certificateAlert
        case SSL_AD_REASON_OFFSET...SSL_AD_REASON_OFFSET + 255: .alert
        default: .badRecord
        }
    }

    // From RFC 6101; openssl/ssl.h has it for SSL 3 alone.
    private static let noCertificateAlert: Int32 = 41
}
