internal import CSluiceOpenSSL
internal import Synchronization

/// A listener's certificate, key and protocol settings. Immutable; a reload creates a new one.
///
/// `@unchecked Sendable` because `SSL_new` may be called from any thread once a context is set up (openssl-threads(7)),
/// and nothing changes it after `init`.
@safe
package final class TLSServerContext: @unchecked Sendable {
    // Owned: created in `init`, freed in `deinit`, never passed on.
    private let context: OpaquePointer
    /// Kept as long as the context, which has a pointer to it.
    private let ticketKeys: TLSTicketKeys
    /// When the leaf certificate expires, in seconds since 1970.
    package let expiresAt: Int64
    /// Problems of the chain that clients may reject, one sentence each.
    package let chainWarnings: [String]

    /// - Parameters:
    ///   - certificatePath: PEM, the leaf first and then the chain.
    ///   - keyPath: PEM, not encrypted.
    ///   - ticketKeys: those of the context that this one replaces, so that its tickets stay valid.
    /// - Throws: `TLSError` with the file and the problem.
    package init(
        certificatePath: String, keyPath: String, ticketKeys: TLSTicketKeys = TLSTicketKeys()
    ) throws(TLSError) {
        self.ticketKeys = ticketKeys
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw .fromQueue("OpenSSL cannot create a context")
        }
        unsafe self.context = context
        do throws(TLSError) {
            unsafe TLSOptions.apply(to: context)
            try unsafe TLSOptions.useCertificate(certificatePath, key: keyPath, in: context)
            expiresAt = try unsafe TLSOptions.expiry(of: context, path: certificatePath)
            chainWarnings = unsafe CertificateChain(of: context, path: certificatePath).warnings
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        unsafe Self.configure(context)
        unsafe ticketKeys.use(in: context)
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// Creates a session for one accepted connection.
    func makeSession() throws(TLSError) -> OpaquePointer {
        guard let session = unsafe SSL_new(context) else { throw .fromQueue("OpenSSL cannot create a session") }
        unsafe SSL_set_accept_state(session)
        return unsafe session
    }

    private static func configure(_ context: OpaquePointer) {
        // Resumption needs a session context that is the same for all (SSL_CTX_set_session_id_context(3)), with any
        // contents.
        let name = Array("sluice".utf8)
        unsafe SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
        // One session ticket per handshake: a sender that opens one connection after the other needs no more, and each
        // has a cost.
        unsafe SSL_CTX_set_num_tickets(context, 1)
        // No renegotiation: it only makes the server work (RFC 9325 §3.5). The server's order of ciphers counts.
        unsafe SSL_CTX_set_options(context, noRenegotiation | cipherServerPreference)
        unsafe SSL_CTX_set_alpn_select_cb(context, Self.selectProtocol, nil)
        // Sessions are only resumed by tickets: a cache would store one for each unauthenticated client.
        // SSL_CTX_set_session_cache_mode and SSL_CTX_set1_groups_list are macros over SSL_CTX_ctrl.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        unsafe SSL_CTX_set_cipher_list(context, Self.ciphers)
        var groups = Array(Self.groups.utf8CString)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, &groups)
    }

    /// For TLS 1.2: only forward secrecy and authenticated encryption (RFC 9325 §4.2). All suites of TLS 1.3 have both.
    private static let ciphers = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")

    /// Without OpenSSL's default finite fields: one handshake with ffdhe8192 takes tens of milliseconds.
    private static let groups = "X25519:P-256:P-384:P-521"

    // Macros with a shift, which Swift does not import (openssl/ssl.h: SSL_OP_NO_RENEGOTIATION,
    // SSL_OP_CIPHER_SERVER_PREFERENCE).
    private static let noRenegotiation: UInt64 = 1 << 30
    private static let cipherServerPreference: UInt64 = 1 << 22

    /// Selects `http/1.1` if the client offers it; otherwise continues without ALPN, like other servers with one
    /// protocol (RFC 7301 §3.2 also allows an alert, which would refuse clients that list only `h2` by mistake).
    private static let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, offeredLength, _ in
        guard let offered = unsafe offered else { return SSL_TLSEXT_ERR_NOACK }
        let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        var position = 0
        while position < list.count {
            let length = unsafe Int(list[position])
            guard position + 1 + length <= list.count else { break }
            let name = unsafe list[(position + 1)..<(position + 1 + length)]
            if unsafe name.elementsEqual("http/1.1".utf8) {
                // The selected name may point into the client's list (SSL_CTX_set_alpn_select_cb(3)).
                unsafe out?.pointee = offered + position + 1
                unsafe outLength?.pointee = UInt8(length)
                return SSL_TLSEXT_ERR_OK
            }
            position += 1 + length
        }
        return SSL_TLSEXT_ERR_NOACK
    }
}

/// The current context: listeners read it for each connection, a reload replaces it.
package final class TLSServerContextSlot: Sendable {
    private let current: Mutex<TLSServerContext>

    package init(_ context: TLSServerContext) { current = Mutex(context) }

    package var context: TLSServerContext { current.withLock { $0 } }

    /// Uses another context for new connections; callable from any thread.
    package func replace(with context: TLSServerContext) { current.withLock { $0 = context } }
}
