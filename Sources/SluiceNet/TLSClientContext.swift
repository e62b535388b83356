internal import CSluiceLinux
internal import CSluiceOpenSSL
internal import Glibc

/// How a client verifies servers, and its own certificate. Immutable.
///
/// `@unchecked Sendable` for the same reason as `TLSServerContext`.
@safe
package final class TLSClientContext: @unchecked Sendable {
    // Owned: created in `init`, freed in `deinit`, never passed on.
    private let context: OpaquePointer

    /// - Parameters:
    ///   - caPath: PEM file of trusted certificate authorities, in addition to the system's.
    ///   - certificatePath: PEM chain of the client's certificate, with `keyPath`.
    package init(caPath: String?, certificatePath: String?, keyPath: String?) throws(TLSError) {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw .fromQueue("OpenSSL cannot create a context")
        }
        do throws(TLSError) {
            try unsafe Self.configure(context, caPath: caPath, certificatePath: certificatePath, keyPath: keyPath)
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        // Only now: an initialiser that throws after everything is set runs `deinit`, which would free it again.
        unsafe self.context = context
    }

    deinit { unsafe SSL_CTX_free(context) }

    private static func configure(
        _ context: OpaquePointer, caPath: String?, certificatePath: String?, keyPath: String?
    ) throws(TLSError) {
        unsafe TLSOptions.apply(to: context)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        // A machine without system roots is not an error: with a custom CA none is needed.
        unsafe SSL_CTX_set_default_verify_paths(context)
        ERR_clear_error()
        if let caPath, unsafe SSL_CTX_load_verify_file(context, caPath) != 1 {
            throw .fromQueue("cannot read certificate authorities from \(caPath)")
        }
        if let certificatePath {
            try unsafe TLSOptions.useCertificate(certificatePath, key: keyPath ?? certificatePath, in: context)
        }
    }

    /// Creates a session that accepts only a certificate for `host` (RFC 9110 §4.3.4, RFC 6125).
    func makeSession(host: String) throws(TLSError) -> OpaquePointer {
        guard let session = unsafe SSL_new(context) else { throw .fromQueue("OpenSSL cannot create a session") }
        unsafe SSL_set_connect_state(session)
        let isSet: Bool
        if SocketAddress(host: host, port: 0) != nil {
            isSet = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        } else {
            // Server name indication is only for names (RFC 6066 §3). SSL_set_tlsext_host_name is a macro over
            // SSL_ctrl.
            var name = host.utf8CString.map { $0 }
            unsafe SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
            isSet = unsafe SSL_set1_host(session, host) == 1
        }
        guard isSet else {
            unsafe SSL_free(session)
            throw .fromQueue("cannot verify certificates for the host \(host)")
        }
        return unsafe session
    }
}
