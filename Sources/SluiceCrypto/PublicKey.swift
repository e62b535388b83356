internal import CSluiceOpenSSL
internal import SluiceBase

/// The public-key signatures of webhooks.
package enum PublicKeyAlgorithm: Sendable, Hashable, CaseIterable {
    /// RFC 8032, over the message itself.
    case ed25519
    /// On the curve P-256 over SHA-256; the signature is an ASN.1 sequence in DER.
    case ecdsaP256SHA256
    /// PKCS #1 v1.5 over SHA-1, for signatures of old senders.
    case rsaSHA1
    /// PKCS #1 v1.5 over SHA-256.
    case rsaSHA256

    /// The name of its keys, with an article, for messages.
    package var keyNoun: String {
        switch self {
        case .ed25519: "an Ed25519 key"
        case .ecdsaP256SHA256: "a P-256 key"
        case .rsaSHA1, .rsaSHA256: "an RSA key of at least 1024 bits"
        }
    }

    /// `nil` for Ed25519, which includes the hash.
    var hash: HashAlgorithm? {
        switch self {
        case .ed25519: nil
        case .ecdsaP256SHA256, .rsaSHA256: .sha256
        case .rsaSHA1: .sha1
        }
    }

    /// Whether a key has the type that the algorithm needs.
    ///
    /// - Parameter key: an `EVP_PKEY`, owned by the caller.
    func fits(_ key: OpaquePointer) -> Bool {
        switch self {
        case .ed25519: return unsafe EVP_PKEY_is_a(key, "ED25519") == 1
        case .rsaSHA1, .rsaSHA256: return unsafe EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= 1024
        case .ecdsaP256SHA256:
            guard unsafe EVP_PKEY_is_a(key, "EC") == 1 else { return false }
            var name = [CChar](repeating: 0, count: 32)
            // OpenSSL writes at most `count` bytes and ends them with a zero.
            let isNamed = unsafe name.withUnsafeMutableBufferPointer { buffer in
                unsafe EVP_PKEY_get_group_name(key, buffer.baseAddress, buffer.count, nil) == 1
            }
            return isNamed && name.starts(with: "prime256v1".utf8.map { CChar(bitPattern: $0) } + [0])
        }
    }
}

/// A key that verifies signatures, parsed once for any number of messages. Can be used by several threads concurrently.
@safe
package final class PublicKey: @unchecked Sendable {
    // `@unchecked` because of the pointer: an `EVP_PKEY` does not change after `init`, and OpenSSL allows several
    // threads to use it then. Only freed here.
    let pointer: OpaquePointer
    package let algorithm: PublicKeyAlgorithm

    /// - Parameter pointer: an `EVP_PKEY`, which is then owned by the new value, also if this throws.
    init(owning pointer: OpaquePointer?, _ algorithm: PublicKeyAlgorithm) throws(PublicKeyError) {
        // OpenSSL records the errors of earlier attempts.
        defer { ERR_clear_error() }
        guard let pointer = unsafe pointer else { throw .unreadable }
        guard unsafe algorithm.fits(pointer) else {
            unsafe EVP_PKEY_free(pointer)
            throw .wrongType(algorithm)
        }
        unsafe self.pointer = pointer
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER, or the 32 bytes of an Ed25519 key.
    package convenience init(der: [UInt8], for algorithm: PublicKeyAlgorithm) throws(PublicKeyError) {
        if algorithm == .ed25519, der.count == 32 {
            // OpenSSL copies the bytes.
            let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, der, der.count)
            try unsafe self.init(owning: key, algorithm)
            return
        }
        try unsafe self.init(owning: Self.subjectKey(der), algorithm)
    }

    /// Reads the first block of a PEM text (RFC 7468): a public key, or a certificate, whose dates and issuer are
    /// ignored.
    package convenience init(pem: [UInt8], for algorithm: PublicKeyAlgorithm) throws(PublicKeyError) {
        let text = String(decoding: pem, as: UTF8.self)
        if text.contains("PRIVATE KEY-----") { throw .isPrivate }
        if text.contains("-----BEGIN RSA PUBLIC KEY-----") { throw .isPKCS1 }
        try unsafe self.init(
            owning: text.contains("-----BEGIN CERTIFICATE-----") ? Self.certificateKey(pem) : Self.publicKey(pem),
            algorithm)
    }

    /// Verifies a signature of this key over the message. Bytes that are not a signature are invalid.
    package func verifies(_ signature: Span<UInt8>, over message: Span<UInt8>) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        // A failed verification leaves errors that a later call on this thread would report.
        defer {
            unsafe EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        let hash = unsafe algorithm.hash.map { unsafe $0.implementation }
        guard unsafe EVP_DigestVerifyInit(context, nil, hash, nil, pointer) == 1 else { return false }
        // OpenSSL reads the bytes during the call and keeps no pointer. Negative results mean malformed signatures.
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe EVP_DigestVerify(
                    context, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            }
        }
    }

    /// The SubjectPublicKeyInfo of the key in DER.
    package var der: [UInt8] {
        var buffer: UnsafeMutablePointer<UInt8>?
        // OpenSSL allocates the buffer, which is copied and freed here.
        let count = unsafe i2d_PUBKEY(pointer, &buffer)
        guard count > 0, let buffer = unsafe buffer else { return [] }
        defer { unsafe CRYPTO_free(buffer, nil, 0) }
        return unsafe Array(UnsafeBufferPointer(start: buffer, count: Int(count)))
    }
}

extension PublicKey {
    /// The key of a SubjectPublicKeyInfo without trailing bytes.
    private static func subjectKey(_ der: [UInt8]) -> OpaquePointer? {
        unsafe der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var position = buffer.baseAddress
            guard let key = unsafe d2i_PUBKEY(nil, &position, buffer.count) else { return nil }
            if unsafe position == buffer.baseAddress.map({ unsafe $0 + buffer.count }) { return unsafe key }
            unsafe EVP_PKEY_free(key)
            return nil
        }
    }

    /// The closure answers OpenSSL's request for a password, which OpenSSL would otherwise read from the terminal.
    private static func publicKey(_ pem: [UInt8]) -> OpaquePointer? {
        unsafe reading(pem) { unsafe PEM_read_bio_PUBKEY($0, nil, { _, _, _, _ in -1 }, nil) }
    }

    private static func certificateKey(_ pem: [UInt8]) -> OpaquePointer? {
        unsafe readingCertificate(pem) { unsafe X509_get_pubkey($0) }
    }

    /// Passes the first certificate of a PEM text, which is valid during the call.
    static func readingCertificate<Value>(_ pem: [UInt8], _ read: (OpaquePointer) -> Value?) -> Value? {
        unsafe reading(pem) { input -> Value? in
            guard let certificate = unsafe PEM_read_bio_X509(input, nil, { _, _, _, _ in -1 }, nil) else { return nil }
            defer { unsafe X509_free(certificate) }
            return unsafe read(certificate)
        }
    }

    /// Passes the text as a `BIO`, which is valid during the call and reads the bytes in place.
    private static func reading<Value>(_ pem: [UInt8], _ read: (OpaquePointer) -> Value?) -> Value? {
        guard let count = Int32(exactly: pem.count) else { return nil }
        return unsafe pem.withUnsafeBufferPointer { buffer in
            guard let input = unsafe BIO_new_mem_buf(buffer.baseAddress, count) else { return nil }
            defer { unsafe BIO_free(input) }
            return unsafe read(input)
        }
    }
}

/// Why a text is not a key for an algorithm.
package enum PublicKeyError: Error, Sendable, Hashable {
    case unreadable
    case wrongType(PublicKeyAlgorithm)
    /// A private key, which a verifier must not have.
    case isPrivate
    /// `BEGIN RSA PUBLIC KEY`, an older format that only RSA keys have.
    case isPKCS1

    /// The end of a sentence that starts with the supposed key.
    package var phrase: String {
        switch self {
        case .unreadable: "is not a public key"
        case .wrongType(let algorithm): "is not \(algorithm.keyNoun)"
        case .isPrivate: "is a private key; use the public key that belongs to it"
        case .isPKCS1:
            "is in the format PKCS #1; convert it with 'openssl rsa -RSAPublicKey_in -pubout' to BEGIN PUBLIC KEY"
        }
    }
}
