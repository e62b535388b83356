internal import CSluiceOpenSSL

/// What went wrong with TLS, in OpenSSL's words where it has any.
package struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A sentence for a person, without any key or certificate content.
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }

    private static let systemFlag: UInt = 1 << 31

    /// The oldest error in this thread's OpenSSL queue, which is the cause of the later ones; empties the queue.
    static func fromQueue(_ what: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return TLSError(what) }
        // The errno of a system call, which has no text in OpenSSL's tables (ERR_SYSTEM_FLAG of openssl/err.h).
        if code & systemFlag != 0 { return TLSError("\(what): \(SystemCallError.message(CInt(truncatingIfNeeded: code & ~systemFlag)))") }
        // A static string of OpenSSL's, or nothing for a code that it has no text for.
        guard let reason = unsafe ERR_reason_error_string(code) else { return TLSError("\(what) (OpenSSL error \(code))") }
        return unsafe TLSError("\(what): \(String(cString: reason))")
    }
}
