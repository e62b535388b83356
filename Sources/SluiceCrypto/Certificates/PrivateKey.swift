internal import CSluiceOpenSSL

/// A new key on the curve P-256, owned.
@safe
struct PrivateKey: ~Copyable {
    // Freed here alone.
    let pointer: OpaquePointer

    init() throws(OpenSSLError) {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { throw OpenSSLError("making a key") }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        let isMade =
            unsafe EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_group_name(context, "P-256") == 1
            && EVP_PKEY_generate(context, &key) == 1
        guard isMade, let key = unsafe key else { throw OpenSSLError("making a key") }
        unsafe pointer = key
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// PKCS #8, not encrypted.
    func pem() throws(OpenSSLError) -> String {
        let text = unsafe PEMText.write { unsafe PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
        guard let text else { throw OpenSSLError("writing the key") }
        return text
    }
}
