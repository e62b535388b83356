internal import CSluiceOpenSSL
internal import SluiceBase

/// The certificates of a context: the server's own, and the chain that is sent with it. The context owns them and must
/// outlive this value.
@safe
struct CertificateChain {
    private let certificates: [OpaquePointer]
    private let path: String

    /// - Parameter path: the file that the context has read, for messages.
    init(of context: OpaquePointer, path: String) {
        self.path = path
        // SSL_CTX_get0_chain_certs is a macro over SSL_CTX_ctrl, and the functions of a stack are macros, too.
        var stack: OpaquePointer?
        unsafe withUnsafeMutablePointer(to: &stack) {
            _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_GET_CHAIN_CERTS, 0, $0)
        }
        var found = unsafe [SSL_CTX_get0_certificate(context)].compactMap { unsafe $0 }
        if let stack = unsafe stack {
            for index in 0..<(unsafe OPENSSL_sk_num(stack)) {
                // A stack of certificates contains nothing else.
                if let value = unsafe OPENSSL_sk_value(stack, index) { unsafe found.append(OpaquePointer(value)) }
            }
        }
        unsafe certificates = found
    }

    private var count: Int { unsafe certificates.count }

    /// Problems that clients may reject, one sentence each: an issuer that is missing, or does not directly follow. The
    /// issuer of the last certificate is normally not in the file: it is a root.
    var warnings: [String] {
        var warnings: [String] = []
        for index in 0..<count where !isSelfIssued(index) {
            let issuer = (0..<count).first { isIssued(index, by: $0) }
            let isLast = index == count - 1
            if let issuer, issuer != index + 1 {
                warnings.append(
                    "certificate \(issuer + 1) in \(path) issued certificate \(index + 1) and must directly follow it")
            } else if issuer == nil, index == 0 || !isLast {
                warnings.append(
                    "\(path) has no certificate of '\(issuerName(index))', which issued certificate \(index + 1): "
                        + "append the intermediate certificates, unless the issuer is a root that senders trust")
            }
        }
        return warnings
    }

    /// The certificate that belongs to a private key without a passphrase, counted from 1: 0 if none does, `nil` for a
    /// file without a key.
    func position(ofKey keyPath: String) -> Int? {
        guard let other = unsafe SSL_CTX_new(TLS_server_method()) else { return nil }
        defer {
            unsafe SSL_CTX_free(other)
            ERR_clear_error()
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(other, keyPath, SSL_FILETYPE_PEM) == 1,
            let key = unsafe SSL_CTX_get0_privatekey(other)
        else { return nil }
        let position = (0..<count).first { unsafe X509_check_private_key(certificates[$0], key) == 1 }
        return position.map { $0 + 1 } ?? 0
    }

    /// Whether subject and issuer are equal. OpenSSL's check of the issuer is not enough: a self-signed certificate may
    /// lack the right to issue.
    private func isSelfIssued(_ index: Int) -> Bool {
        let certificate = unsafe certificates[index]
        return unsafe X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0
    }

    private func isIssued(_ index: Int, by issuer: Int) -> Bool {
        unsafe X509_check_issued(certificates[issuer], certificates[index]) == X509_V_OK
    }

    /// The common name, or else the whole name.
    private func issuerName(_ index: Int) -> String {
        guard let name = unsafe X509_get_issuer_name(certificates[index]) else { return "" }
        var text = [CChar](repeating: 0, count: 256)
        // At most 256 bytes are written, the last one NUL.
        if unsafe X509_NAME_get_text_by_NID(name, NID_commonName, &text, 256) <= 0 {
            unsafe X509_NAME_oneline(name, &text, 256)
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return PrintableText.escape(String(decoding: bytes, as: UTF8.self), limit: 100)
    }
}
