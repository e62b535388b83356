internal import CSluiceOpenSSL
internal import SluiceBase

/// A key pair that signs messages, for examples, tests and development. Can be used by several threads concurrently.
package final class SigningKey: Sendable {
    /// The public key.
    package let publicKey: PublicKey

    package var algorithm: PublicKeyAlgorithm { publicKey.algorithm }

    private init(_ publicKey: PublicKey) { self.publicKey = publicKey }

    /// Generates a new pair. An RSA key has 2048 bits and takes about a tenth of a second.
    package static func generate(_ algorithm: PublicKeyAlgorithm) -> SigningKey {
        let key =
            switch algorithm {
            case .ed25519: unsafe generate("ED25519") { _ in true }
            case .ecdsaP256SHA256: unsafe generateP256()
            case .rsaSHA1, .rsaSHA256: unsafe generate("RSA") { unsafe EVP_PKEY_CTX_set_rsa_keygen_bits($0, 2048) == 1 }
            }
        do throws(PublicKeyError) { return SigningKey(try unsafe PublicKey(owning: key, algorithm)) } catch {
            preconditionFailure("OpenSSL cannot create a key: \(OpenSSLError("creating a key"))")
        }
    }

    /// - Returns: an `EVP_PKEY` that belongs to the caller; `nil` after an error.
    static func generateP256() -> OpaquePointer? {
        unsafe generate("EC") { unsafe EVP_PKEY_CTX_set_group_name($0, "P-256") == 1 }
    }

    private static func generate(_ type: String, _ prepare: (OpaquePointer) -> Bool) -> OpaquePointer? {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        // OpenSSL allocates the key, which then belongs to the caller.
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1, unsafe prepare(context),
            unsafe EVP_PKEY_generate(context, &key) == 1
        else { return nil }
        return unsafe key
    }

    /// Reads a private key in DER: PKCS #8, or the format of its type.
    package init(der: [UInt8], for algorithm: PublicKeyAlgorithm) throws(PublicKeyError) {
        let key = unsafe der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var position = buffer.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &position, buffer.count)
        }
        publicKey = try unsafe PublicKey(owning: key, algorithm)
    }

    /// Returns the signature over a message. Fails only without memory.
    package func sign(_ message: Span<UInt8>) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        defer { unsafe EVP_MD_CTX_free(context) }
        let hash = unsafe algorithm.hash.map { unsafe $0.implementation }
        // OpenSSL reads the message during the calls; the first one returns the maximum length of a signature, the
        // second one its length.
        let signature = unsafe message.withUnsafeBufferPointer { message -> [UInt8]? in
            var count = 0
            guard unsafe EVP_DigestSignInit(context, nil, hash, nil, publicKey.pointer) == 1,
                unsafe EVP_DigestSign(context, nil, &count, message.baseAddress, message.count) == 1
            else { return nil }
            var signature = [UInt8](repeating: 0, count: count)
            let isSigned = unsafe signature.withUnsafeMutableBufferPointer { output in
                unsafe EVP_DigestSign(context, output.baseAddress, &count, message.baseAddress, message.count) == 1
            }
            return isSigned ? Array(signature.prefix(count)) : nil
        }
        guard let signature else { preconditionFailure("OpenSSL cannot sign: \(OpenSSLError("signing"))") }
        return signature
    }
}

/// Conversion between the two formats of a P-256 signature: an ASN.1 sequence in DER, and the two concatenated numbers
/// of JSON Web Tokens (RFC 7518 §3.4).
package enum ECDSASignature {
    private static let numberSize = 32

    /// - Returns: `nil` for anything but 64 bytes.
    package static func der(raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 2 * numberSize else { return nil }
        let numbers = integer(raw[..<numberSize]) + integer(raw[numberSize...])
        return [0x30, UInt8(numbers.count)] + numbers
    }

    /// - Parameter der: a signature in OpenSSL's format.
    /// - Returns: `nil` for anything else.
    package static func raw(der: [UInt8]) -> [UInt8]? {
        guard der.count >= 2, der[0] == 0x30, Int(der[1]) == der.count - 2 else { return nil }
        var rest = der[2...]
        var raw: [UInt8] = []
        for _ in 0..<2 {
            guard rest.count >= 2, rest.removeFirst() == 0x02 else { return nil }
            let count = Int(rest.removeFirst())
            guard rest.count >= count else { return nil }
            let number = rest.prefix(count).drop { $0 == 0 }
            guard number.count <= numberSize else { return nil }
            raw += [UInt8](repeating: 0, count: numberSize - number.count) + number
            rest = rest.dropFirst(count)
        }
        return rest.isEmpty ? raw : nil
    }

    /// A non-negative ASN.1 INTEGER without unnecessary leading zeros.
    private static func integer(_ number: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = Array(number.drop { $0 == 0 })
        if bytes.first.map({ $0 >= 0x80 }) ?? true { bytes.insert(0, at: 0) }
        return [0x02, UInt8(bytes.count)] + bytes
    }
}
