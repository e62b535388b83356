internal import SluiceBase
package import SluiceCrypto
@_spi(_Unicode) internal import Swift

/// The notation of a route's secrets, and the keys that they become.
package struct SecretFormat: Sendable {
    package var encoding = KeyEncoding.utf8
    /// Removed from a secret if present.
    package var prefix = ""
    /// Added to the secret before it is decoded.
    package var suffix = ""
    /// Applied to the decoded secret, in order.
    package var transforms: [KeyTransform] = []

    package init() {}

    /// - Returns: the key; `nil` for a secret that does not have this form, and for an empty key.
    package func key(_ secret: [UInt8]) -> [UInt8]? {
        let text = withoutPrefix(secret)
        guard !text.isEmpty, var key = encoding.decode(text + suffix.utf8), !key.isEmpty else { return nil }
        for transform in transforms {
            guard let next = transform.apply(key) else { return nil }
            key = next
        }
        return key
    }

    /// The secret without `key_strip_prefix`, if it begins with it.
    package func withoutPrefix(_ secret: [UInt8]) -> [UInt8] {
        hasPrefix(secret) ? Array(secret.dropFirst(prefix.utf8.count)) : secret
    }

    /// Whether a secret begins with the prefix, if there is one.
    package func hasPrefix(_ secret: [UInt8]) -> Bool { !prefix.isEmpty && secret.starts(with: prefix.utf8) }

    /// The notation of a key in this form.
    package func write(_ key: [UInt8]) -> String { prefix + encoding.encode(key) }

    /// The alternatives that a secret belongs to: those whose prefix it begins with, else those without a prefix, else
    /// all.
    package static func positions(of secret: [UInt8], in forms: [SecretFormat]) -> [Int] {
        let prefixed = forms.indices.filter { forms[$0].hasPrefix(secret) }
        if !prefixed.isEmpty { return prefixed }
        let plain = forms.indices.filter { forms[$0].prefix.isEmpty }
        return plain.isEmpty ? Array(forms.indices) : plain
    }

    /// Reads a public key: PEM for any encoding, else SubjectPublicKeyInfo or the bytes of an Ed25519 key.
    package func publicKey(_ secret: [UInt8], for algorithm: PublicKeyAlgorithm) throws(PublicKeyError) -> PublicKey {
        let text = withoutPrefix(secret)
        if let pem = Self.pem(text) { return try PublicKey(pem: pem, for: algorithm) }
        guard let der = encoding.decode(text), encoding != .utf8, encoding != .pem else { throw .unreadable }
        return try PublicKey(der: der, for: algorithm)
    }

    /// The text if it is PEM. In an environment variable, `\n` may stand for line ends.
    private static func pem(_ text: [UInt8]) -> [UInt8]? {
        let written = String(decoding: text, as: UTF8.self)
        guard written.contains("-----BEGIN ") else { return nil }
        return Array(written.replacing("\\n", with: "\n").utf8)
    }
}

/// The reason why a secret does not give a key.
package struct KeyError: Error, Sendable {
    /// The end of a sentence that begins with the secret.
    package let phrase: String
}

extension SignatureScheme {
    /// The key of a secret, prepared for verifying.
    package func key(_ secret: [UInt8]) throws(KeyError) -> VerifierKey {
        if let token { return .tokens(try tokenKeys(secret, token.algorithms)) }
        switch algorithm.keyKind {
        case .hmac(let hash):
            let bytes = try bytes(secret)
            return .hmac(HMACKey(hash, key: bytes.span))
        case .publicKey(let algorithm): return .verifying(try publicKey(secret, for: algorithm))
        case .text, nil: return .text(try bytes(secret))
        }
    }

    /// The bytes of a secret that is not a public key.
    package func bytes(_ secret: [UInt8]) throws(KeyError) -> [UInt8] {
        if let key = secretFormat.key(secret) { return key }
        if secretFormat.withoutPrefix(secret).isEmpty { throw KeyError(phrase: "is empty after 'key_strip_prefix'") }
        if secretFormat.transforms.contains(.nfkd), secretFormat.encoding == .utf8 {
            throw KeyError(phrase: "has characters that 'key_transform: nfkd' cannot convert")
        }
        throw KeyError(phrase: "is not valid \(secretFormat.encoding.rawValue), which 'key_encoding' requires")
    }

    private func publicKey(_ secret: [UInt8], for algorithm: PublicKeyAlgorithm) throws(KeyError) -> PublicKey {
        do throws(PublicKeyError) {
            return try secretFormat.publicKey(secret, for: algorithm)
        } catch {
            throw KeyError(phrase: phrase(of: error))
        }
    }

    private func phrase(of error: PublicKeyError) -> String {
        guard error == .unreadable else { return error.phrase }
        let encoding =
            secretFormat.encoding == .utf8 || secretFormat.encoding == .pem ? "PEM" : secretFormat.encoding.rawValue
        return "is not a public key in \(encoding), which 'key_encoding' requires"
    }

    /// A key for each of the algorithms that the secret fits; either all or none of them use public keys.
    private func tokenKeys(_ secret: [UInt8], _ algorithms: [JWTAlgorithm]) throws(KeyError) -> [TokenKey] {
        var keys: [TokenKey] = []
        var firstError: KeyError?
        for algorithm in algorithms {
            do throws(KeyError) {
                keys.append(try tokenKey(secret, algorithm))
            } catch {
                firstError = firstError ?? error
            }
        }
        if keys.isEmpty, let firstError { throw firstError }
        return keys
    }

    private func tokenKey(_ secret: [UInt8], _ algorithm: JWTAlgorithm) throws(KeyError) -> TokenKey {
        if let type = algorithm.publicKey {
            return TokenKey(algorithm, .verifying(try publicKey(secret, for: type)))
        }
        let bytes = try bytes(secret)
        return TokenKey(algorithm, .hmac(HMACKey(algorithm.hash, key: bytes.span)))
    }

    /// A generated key, which can sign as well.
    ///
    /// - Parameters:
    ///   - text: the secret, for algorithms with a shared secret.
    ///   - pair: returns the key pair of an algorithm.
    package func madeUpKey(_ text: [UInt8], pair: (PublicKeyAlgorithm) -> SigningKey) -> VerifierKey {
        if let token {
            return .tokens(
                token.algorithms.map { algorithm in
                    guard let type = algorithm.publicKey else {
                        return TokenKey(algorithm, .hmac(HMACKey(algorithm.hash, key: text.span)))
                    }
                    return TokenKey(algorithm, .signing(pair(type)))
                })
        }
        switch algorithm.keyKind {
        case .hmac(let hash): return .hmac(HMACKey(hash, key: text.span))
        case .publicKey(let type): return .signing(pair(type))
        case .text, nil: return .text(text)
        }
    }
}

/// The encoding of a secret.
package enum KeyEncoding: String, CaseIterable, Sendable {
    case utf8
    case base64
    case hex
    /// A public key or a certificate, between `-----BEGIN` and `-----END`.
    case pem

    /// - Returns: `nil` for another format.
    func decode(_ secret: [UInt8]) -> [UInt8]? {
        switch self {
        case .utf8, .pem: secret
        // Providers show secrets with and without padding.
        case .base64: Base64.decode(secret.span, allowsMissingPadding: true)
        case .hex: Hex.decode(secret.span)
        }
    }

    /// The inverse of `decode`, for keys that are text if the encoding is text.
    func encode(_ key: [UInt8]) -> String {
        switch self {
        case .utf8, .pem: String(decoding: key, as: UTF8.self)
        case .base64: Base64.encode(key)
        case .hex: Hex.encode(key)
        }
    }
}

/// A step from a decoded secret to the key.
package enum KeyTransform: String, CaseIterable, Sendable {
    /// The text in Unicode's normalization form KD.
    case nfkd
    /// The digest, as bytes.
    case sha1
    case sha256

    /// - Returns: `nil` for a text that cannot be normalized here.
    func apply(_ key: [UInt8]) -> [UInt8]? {
        switch self {
        case .nfkd: Self.decompose(key)
        case .sha1: Hash.digest(.sha1, key.span).span.array
        case .sha256: Hash.digest(.sha256, key.span).span.array
        }
    }

    /// The canonical decomposition, which equals form KD for the accepted characters.
    private static func decompose(_ key: [UInt8]) -> [UInt8]? {
        guard let text = String(validating: key, as: UTF8.self) else { return nil }
        var decomposed = String.UnicodeScalarView()
        for scalar in text._nfd {
            guard hasNoCompatibilityForm(scalar) else { return nil }
            decomposed.append(scalar)
        }
        return Array(String(decomposed).utf8)
    }

    /// Whether a scalar of a canonical decomposition is the same in form KD: ASCII, the Latin, Greek and Cyrillic
    /// letters, and combining marks, except for the few with a compatibility form (Unicode, `<compat>`).
    private static func hasNoCompatibilityForm(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x132, 0x133, 0x13F, 0x140, 0x149, 0x17F, 0x1C4...0x1CC, 0x1F1...0x1F3: false
        case 0x20...0x7E, 0xC0...0x24F, 0x300...0x36F, 0x391...0x3CE, 0x400...0x52F: true
        default: false
        }
    }
}
