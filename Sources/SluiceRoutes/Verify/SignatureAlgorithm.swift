internal import SluiceBase
package import SluiceCrypto

/// The values of `alg`.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case hmacSHA1 = "hmac-sha1"
    case hmacSHA256 = "hmac-sha256"
    case hmacSHA512 = "hmac-sha512"
    /// The plain digest of a text that contains the secret.
    case sha256
    case ed25519
    case ecdsaP256SHA256 = "ecdsa-p256-sha256"
    case rsaSHA1 = "rsa-sha1"
    case rsaSHA256 = "rsa-sha256"
    /// The value is the secret.
    case token = "static"
    /// `Authorization: Basic`, with `user:password` as the secret.
    case basic
    case jwt

    /// The kind of an algorithm's secrets.
    package enum KeyKind: Sendable, Hashable {
        case hmac(HashAlgorithm)
        /// Bytes that are compared or hashed.
        case text
        case publicKey(PublicKeyAlgorithm)
    }

    /// `nil` for `jwt`, whose `algs` decide.
    package var keyKind: KeyKind? {
        switch self {
        case .hmacSHA1: .hmac(.sha1)
        case .hmacSHA256: .hmac(.sha256)
        case .hmacSHA512: .hmac(.sha512)
        case .sha256, .token, .basic: .text
        case .ed25519: .publicKey(.ed25519)
        case .ecdsaP256SHA256: .publicKey(.ecdsaP256SHA256)
        case .rsaSHA1: .publicKey(.rsaSHA1)
        case .rsaSHA256: .publicKey(.rsaSHA256)
        case .jwt: nil
        }
    }

    /// Whether the request contains the secret itself, so that nothing in it is signed.
    package var carriesSecret: Bool { self == .token || self == .basic }

    /// Whether there is a signature over a text, described by `signed`.
    package var signsText: Bool { !carriesSecret && self != .jwt }

    /// Whether secrets are public keys, which need not be kept secret.
    package var usesPublicKey: Bool { if case .publicKey = keyKind { true } else { false } }
}

/// A secret in the form for verifying, prepared when the routes are loaded.
package enum VerifierKey: Sendable {
    case hmac(HMACKey)
    case text([UInt8])
    case verifying(PublicKey)
    /// A generated key pair, which can sign as well.
    case signing(SigningKey)
    /// For JSON Web Tokens: a key for each algorithm that the secret fits.
    case tokens([TokenKey])
}

/// A secret for one of the algorithms of JSON Web Tokens.
package struct TokenKey: Sendable {
    package let algorithm: JWTAlgorithm
    /// The key in the format that the algorithm needs.
    package indirect enum Key: Sendable {
        case hmac(HMACKey)
        case verifying(PublicKey)
        case signing(SigningKey)
    }
    let key: Key

    init(_ algorithm: JWTAlgorithm, _ key: Key) {
        self.algorithm = algorithm
        self.key = key
    }
}

extension VerifierKey {
    /// The positions in `entries` of the signatures of this key over the text. All are compared, with any matches.
    func matches(_ entries: SignatureEntries, over text: SignedText, body: Span<UInt8>) -> [Int] {
        switch self {
        case .hmac(let key): return entries.positions(of: text.authenticate(key, body: body))
        case .text(let key): return entries.positions(of: text.digest(key: key, body: body))
        case .verifying(let key): return entries.positions { text.isVerified($0, by: key, body: body) }
        case .signing(let pair): return entries.positions { text.isVerified($0, by: pair.publicKey, body: body) }
        case .tokens: return []
        }
    }

    /// The positions of the values that are the secret itself.
    func matches(_ entries: SignatureEntries) -> [Int] {
        guard case .text(let secret) = self else { return [] }
        return entries.positions { constantTimeEquals($0, secret.span) }
    }

    /// Returns the signature over a text; `nil` if only the public key is known.
    func sign(_ text: SignedText, body: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .hmac(let key): text.authenticate(key, body: body).span.array
        case .text(let key): text.digest(key: key, body: body).span.array
        case .signing(let pair): pair.sign(text.bytes(body: body, key: []).span)
        case .verifying, .tokens: nil
        }
    }
}

extension SignatureEntries {
    /// The positions of the signatures for which a test is true. All of them are tested.
    fileprivate func positions(where isMatch: (Span<UInt8>) -> Bool) -> [Int] {
        var positions: [Int] = []
        for (position, entry) in list.enumerated() {
            if case .signature(let signature) = entry, isMatch(signature.span) { positions.append(position) }
        }
        return positions
    }

    fileprivate func positions(of digest: Digest) -> [Int] {
        positions { constantTimeEquals(digest.span, $0) }
    }
}
