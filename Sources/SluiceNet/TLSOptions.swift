internal import CSluiceOpenSSL
internal import SluiceBase

/// The common options of server and client contexts.
enum TLSOptions {
    /// At least TLS 1.2 (RFC 9325 §3.1.1), partial writes from buffers that may move, no buffers while idle, and
    /// reading as much as the socket has: one system call per request instead of two.
    static func apply(to context: OpaquePointer) {
        // SSL_CTX_set_min_proto_version, SSL_CTX_set_mode and SSL_CTX_set_read_ahead are macros over SSL_CTX_ctrl.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        let mode =
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
            | Int(SSL_MODE_RELEASE_BUFFERS)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, mode, nil)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
    }

    /// Reads a chain and its key, and checks that they match.
    static func useCertificate(_ certificatePath: String, key keyPath: String, in context: OpaquePointer)
        throws(TLSError)
    {
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificatePath) == 1 else {
            throw .fromQueue("cannot read a certificate from \(certificatePath)")
        }
        var hasPassphrase = false
        guard unsafe useKey(keyPath, in: context, &hasPassphrase) else {
            guard !hasPassphrase else {
                ERR_clear_error()
                throw TLSError("the private key in \(keyPath) has a passphrase; use a key without one")
            }
            let error = unusableKey(keyPath)
            throw unsafe mismatch(certificatePath, key: keyPath, in: context) ?? error
        }
        guard unsafe SSL_CTX_check_private_key(context) == 1 else {
            let error = unusableKey(keyPath)
            throw unsafe mismatch(certificatePath, key: keyPath, in: context) ?? error
        }
    }

    private static func unusableKey(_ path: String) -> TLSError {
        let sentence = "cannot use the private key in \(path)"
        let error = TLSError.fromQueue(sentence)
        guard let bytes = try? FileAccess.read(path, limit: 1 << 20),
            !String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----")
        else { return error }
        return TLSError("\(sentence): the file is not a private key in PEM format")
    }

    /// The error for a valid key that does not match the certificate.
    private static func mismatch(_ certificatePath: String, key keyPath: String, in context: OpaquePointer) -> TLSError?
    {
        let chain = unsafe CertificateChain(of: context, path: certificatePath)
        guard let position = chain.position(ofKey: keyPath) else { return nil }
        let advice =
            position > 1 ? "it matches certificate \(position), which must be the first" : "replace both files together"
        return TLSError(
            "the private key in \(keyPath) does not match the first certificate in \(certificatePath); \(advice)")
    }

    /// Without the callback OpenSSL would ask for a passphrase at the terminal and wait forever.
    private static func useKey(_ path: String, in context: OpaquePointer, _ hasPassphrase: inout Bool) -> Bool {
        // The flag outlives the call, and the context does not keep it.
        unsafe withUnsafeMutablePointer(to: &hasPassphrase) { flag in
            unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, flag in
                unsafe flag?.assumingMemoryBound(to: Bool.self).pointee = true
                return -1
            }
            unsafe SSL_CTX_set_default_passwd_cb_userdata(context, flag)
            defer { unsafe SSL_CTX_set_default_passwd_cb_userdata(context, nil) }
            return unsafe SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1
        }
    }

    /// When the leaf certificate of a context expires, in seconds since 1970.
    static func expiry(of context: OpaquePointer, path: String) throws(TLSError) -> Int64 {
        var days: Int32 = 0
        var seconds: Int32 = 0
        // The context owns all three; `ASN1_TIME_diff` with nil uses the current time.
        guard let certificate = unsafe SSL_CTX_get0_certificate(context),
            let end = unsafe X509_get0_notAfter(certificate),
            unsafe ASN1_TIME_diff(&days, &seconds, nil, end) == 1
        else { throw .fromQueue("cannot read the expiry date of \(path)") }
        return Int64(time(nil)) + Int64(days) * 86_400 + Int64(seconds)
    }
}
