internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// The algorithms of JSON Web Tokens (RFC 7518 §3.1, RFC 8037 §3.1); `none` is not among them.
package enum JWTAlgorithm: String, CaseIterable, Sendable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"

    /// The kind of its public keys; `nil` for an algorithm with a shared secret.
    var publicKey: PublicKeyAlgorithm? {
        switch self {
        case .hs256, .hs384, .hs512: nil
        case .rs256: .rsaSHA256
        case .es256: .ecdsaP256SHA256
        case .edDSA: .ed25519
        }
    }

    /// Its hash. For algorithms with a public key OpenSSL chooses it.
    var hash: HashAlgorithm {
        switch self {
        case .hs384: .sha384
        case .hs512: .sha512
        case .hs256, .rs256, .es256, .edDSA: .sha256
        }
    }

    /// Whether its keys are public keys, which must never be used as secrets.
    package var usesPublicKey: Bool { publicKey != nil }
}

/// A claim that contains a digest.
package struct TokenDigest: Sendable {
    let claim: String
    let encoding: SignatureEncoding

    package init(claim: String, encoding: SignatureEncoding) {
        self.claim = claim
        self.encoding = encoding
    }
}

/// The conditions on a JSON Web Token in addition to its signature: `jwt`.
package struct TokenScheme: Sendable {
    package let algorithms: [JWTAlgorithm]
    /// The required claims, with the accepted texts of each.
    package var claims: [(name: String, texts: [TextTemplate])] = []
    /// Claims that a token must have.
    package var required: [String] = []
    /// Since `iat`.
    package var maxAge: Duration?
    /// SHA-256 of the body.
    package var bodyHash: TokenDigest?
    /// SHA-256 of the URL.
    package var urlHash: TokenDigest?
    /// The accepted deviation of the sender's clock.
    package var leeway = Duration.zero

    package init(algorithms: [JWTAlgorithm]) { self.algorithms = algorithms }

    /// Whether a secret for an algorithm can be the key of a token.
    func hasKeys(of algorithm: SignatureAlgorithm) -> Bool {
        algorithms.contains {
            algorithm.keyKind == $0.publicKey.map { .publicKey($0) } ?? .hmac($0.hash)
        }
    }

    /// Whether the token contains a digest of the body.
    var holdsBody: Bool { bodyHash != nil }

    /// The parts of a request that a token covers.
    var coveredSources: [ReferenceSource] {
        (bodyHash == nil ? [] : [.body(.root)]) + (urlHash == nil ? [] : [.url])
    }
}

/// The parts of a token (RFC 7515 §7.1), not yet verified.
struct Token {
    let algorithm: String
    /// The id of the key (RFC 7515 §4.1.4).
    let keyID: String?
    let claims: JSONTree
    /// The signed text: header and claims as written.
    let text: [UInt8]
    let signature: [UInt8]

    /// - Throws: unless the token has three parts in canonical base64url, the first two JSON objects without repeated
    ///   members, and a header without extensions that a reader must understand.
    init(_ token: [UInt8]) throws(VerificationError) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .invalid("the token does not have three parts") }
        let header = try Self.object(parts[0], "header")
        claims = try Self.object(parts[1], "claims")
        guard header["crit"] == nil else { throw .invalid("the token's header has 'crit', which is not supported") }
        guard let algorithm = header["alg"]?.string else { throw .invalid("the token's header has no 'alg'") }
        guard let signature = Base64.decodeURL(Array(parts[2]).span, allowsPadding: false), !signature.isEmpty else {
            throw .invalid("the token's signature is missing or not base64url")
        }
        self.algorithm = algorithm
        self.signature = signature
        keyID = header["kid"]?.string
        text = Array(token[..<(parts[2].startIndex - 1)])
    }

    private static func object(_ part: ArraySlice<UInt8>, _ noun: String) throws(VerificationError) -> JSONTree {
        guard let json = Base64.decodeURL(Array(part).span, allowsPadding: false) else {
            throw .invalid("the token's \(noun) is not base64url")
        }
        guard let tree = JSONTree(json), case .object(let members) = tree else {
            throw .invalid("the token's \(noun) is not a JSON object")
        }
        guard Set(members.map { Array($0.key.utf8) }).count == members.count else {
            throw .invalid("the token's \(noun) has a member twice")
        }
        return tree
    }
}

extension TokenKey {
    func verifies(_ token: Token) -> Bool {
        switch key {
        case .hmac(let key):
            return constantTimeEquals(key.authenticate(token.text.span).span, token.signature.span)
        case .verifying(let key): return verifies(token, by: key)
        case .signing(let pair): return verifies(token, by: pair.publicKey)
        }
    }

    /// Verifies a signature; those of ES256 are two numbers (RFC 7518 §3.4).
    private func verifies(_ token: Token, by key: PublicKey) -> Bool {
        guard algorithm == .es256 else { return key.verifies(token.signature.span, over: token.text.span) }
        guard let signature = ECDSASignature.der(raw: token.signature) else { return false }
        return key.verifies(signature.span, over: token.text.span)
    }

    /// - Returns: `nil` if only the public key is known.
    func sign(_ text: [UInt8]) -> [UInt8]? {
        switch key {
        case .hmac(let key): return key.authenticate(text.span).span.array
        case .verifying: return nil
        case .signing(let pair):
            let signature = pair.sign(text.span)
            return algorithm == .es256 ? ECDSASignature.raw(der: signature) : signature
        }
    }
}

extension TokenScheme {
    /// Returns if the claims of a token are valid for the route. The signature is checked before.
    func check(
        _ claims: JSONTree, of request: borrowing SignedRequest, nowMilliseconds: Int64
    ) throws(VerificationError) {
        for name in required where claims[name] == nil { throw .invalid("the token has no claim '\(name)'") }
        for (name, texts) in self.claims { try check(claims[name], named: name, is: texts, in: request) }
        try checkTimes(claims, now: Double(nowMilliseconds) / 1000)
        if let bodyHash, !request.request.body.isEmpty || claims[bodyHash.claim] != nil {
            try check(claims, say: bodyHash, is: Hash.digest(.sha256, request.request.body), of: "body")
        }
        if let urlHash {
            try check(claims, say: urlHash, isOfURLOf: request)
        }
    }

    private func check(
        _ claims: JSONTree, say hash: TokenDigest, isOfURLOf request: borrowing SignedRequest
    ) throws(VerificationError) {
        let url = request.publicURL?.url(of: request.request) ?? []
        do throws(VerificationError) {
            try check(claims, say: hash, is: Hash.digest(.sha256, url.span), of: "URL")
        } catch {
            guard let slashless = request.publicURL?.withoutSlash(of: request.request)?.url(of: request.request) else {
                throw error
            }
            try check(claims, say: hash, is: Hash.digest(.sha256, slashless.span), of: "URL")
        }
    }

    /// Checks one claim, which may be a list, such as several audiences (RFC 7519 §4.1.3).
    private func check(
        _ claim: JSONTree?, named name: String, is texts: [TextTemplate], in request: borrowing SignedRequest
    ) throws(VerificationError) {
        guard let claim else { throw .invalid("the token has no claim '\(name)'") }
        let values = if case .array(let elements) = claim { elements } else { [claim] }
        for template in texts {
            let text = try request.text(template)
            for value in values {
                if let value = value.scalarText, constantTimeEquals(value.span, text.span) { return }
            }
        }
        throw .invalid("the token's claim '\(name)' does not match the route")
    }

    private func check(
        _ claims: JSONTree, say hash: TokenDigest, is digest: Digest, of noun: String
    ) throws(VerificationError) {
        guard let text = claims[hash.claim]?.string else {
            throw .invalid("the token has no claim '\(hash.claim)' with the digest of the \(noun)")
        }
        guard let value = hash.encoding.decode(Array(text.utf8).span), constantTimeEquals(value.span, digest.span)
        else {
            throw .invalid("the token's claim '\(hash.claim)' is not the digest of the \(noun)")
        }
    }

    /// Checks the times, which are in seconds since 1970 and may have a fraction (RFC 7519 §2).
    private func checkTimes(_ claims: JSONTree, now: Double) throws(VerificationError) {
        let leeway = Double(self.leeway.wholeMilliseconds) / 1000
        if let end = try time("exp", claims), now >= end + leeway { throw .expired("the token has expired") }
        if let start = try time("nbf", claims), now < start - leeway {
            throw .expired("the token is not valid yet, by its claim 'nbf'\(Self.unit(of: start))")
        }
        guard let maxAge else { return }
        guard let issued = try time("iat", claims) else { throw .invalid("the token has no claim 'iat'") }
        if now > issued + Double(maxAge.wholeMilliseconds) / 1000 + leeway {
            throw .expired("the token is older than 'max_age', by its claim 'iat'")
        }
        if now < issued - leeway {
            throw .expired("the token's claim 'iat' is ahead of the clock\(Self.unit(of: issued))")
        }
    }

    /// The hint for a time that would be after the year 5000 in seconds.
    private static func unit(of seconds: Double) -> String {
        seconds < 1e11 ? "" : "; it looks like milliseconds but must be in seconds"
    }

    private func time(_ name: String, _ claims: JSONTree) throws(VerificationError) -> Double? {
        guard let claim = claims[name] else { return nil }
        guard case .number(let text) = claim, let seconds = Double(text), abs(seconds) < 1e15 else {
            throw .invalid("the token's claim '\(name)' is not a time in seconds")
        }
        return seconds
    }
}

extension JSONTree {
    /// The text of a string, and other scalars as written; `nil` for objects and arrays.
    fileprivate var scalarText: [UInt8]? {
        switch self {
        case .text(let text), .number(let text): Array(text.utf8)
        case .boolean(let value): Array((value ? "true" : "false").utf8)
        case .null, .array, .object: nil
        }
    }
}
