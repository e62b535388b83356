internal import CSluiceOpenSSL

/// Causes of failed TLS connections and handshakes, for metrics. The raw value is the label in `/metrics`.
package enum TLSFailureCause: String, CaseIterable, Sendable {
    /// The handshake was not complete in time.
    case timeout
    /// The peer closed or reset the connection.
    case closed
    /// The peer sent text instead of TLS, probably an HTTP request.
    case clearText = "clear_text"
    /// The ClientHello is longer than 16 KiB.
    case clientHelloTooLarge = "client_hello_too_large"
    /// The peer supports neither TLS 1.2 nor 1.3.
    case protocolVersion = "protocol_version"
    /// No cipher suite, group or signature algorithm in common.
    case noSharedCipher = "no_shared_cipher"
    /// The data is not well-formed TLS, or could not be decrypted.
    case badRecord = "bad_record"
    /// The peer does not accept the certificate.
    case certificateAlert = "certificate_alert"
    /// The peer sent another alert.
    case alert
    /// Too many records without application data, during or after the handshake.
    case tooManyRecords = "too_many_records"
    /// Too many handshakes were in progress, and this was the oldest of the address with the most of them.
    case displaced
    /// An error on this side.
    case other
}

/// A TLS error, with OpenSSL's text if it has one.
package struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A sentence for people, without contents of keys or certificates.
    package let message: String
    package let cause: TLSFailureCause

    package init(_ message: String, cause: TLSFailureCause = .other) {
        self.message = message
        self.cause = cause
    }

    /// An error that was detected before OpenSSL.
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
        // The errno of a system call, for which OpenSSL has no text (ERR_SYSTEM_FLAG of openssl/err.h).
        if code & systemFlag != 0 {
            return TLSError("\(what): \(SystemCallError.message(CInt(truncatingIfNeeded: code & ~systemFlag)))")
        }
        let cause = cause(ofReason: Int32(truncatingIfNeeded: code & 0x7F_FFFF))
        // A static string of OpenSSL, or nothing for a code without a text.
        guard let reason = unsafe ERR_reason_error_string(code) else {
            return TLSError("\(what) (OpenSSL error \(code))", cause: cause)
        }
        return unsafe TLSError("\(what): \(String(cString: reason))", cause: cause)
    }

    /// - Parameter reason: a code of openssl/sslerr.h; for a received alert its number plus 1000.
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

    // From RFC 6101; openssl/ssl.h has it only for SSL 3.
    private static let noCertificateAlert: Int32 = 41
}
