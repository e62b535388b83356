package import SluiceBase
package import SluiceCrypto

/// One compiled entry of `handshake`: a request with which a provider verifies the URL, and its answer.
package struct HandshakeRule: Sendable {
    /// The part of a request that a rule needs.
    package enum Stage: Sendable {
        /// Only the head: evaluated before method, content type and signature.
        case head
        /// The head, with a valid signature; the body need not be readable.
        case signedHead
        /// The body, which may be unsigned.
        case unsignedBody
        /// The body, with a valid signature.
        case signedBody
    }

    /// All must be true.
    package let conditions: [Condition]
    package private(set) var stage = Stage.head
    /// Whether a valid signature covers the value that `hmac` authenticates, so that only its provider can choose it.
    private var signsCovered = false
    package private(set) var token: HandshakeToken?
    package private(set) var hmac: HandshakeHMAC?
    /// The value that is a new secret of the route; `nil` for a rule that does not learn.
    package let learn: Reference?
    /// Only for rules that need a valid signature.
    package let call: HandshakeCall?
    package let reply: ReplyTemplate
    /// The status of a refusal, 400–499.
    package let refusalStatus: Int
    /// The location of the rule.
    let location: SourceLocation
    /// The values in the answer. A request without one of them does not match, unless it has a default.
    package let echoed: [Reference]

    /// Creates a rule of the stage `head`.
    package init(
        conditions: [Condition], token: HandshakeToken?, hmac: HandshakeHMAC?, learn: Reference?, call: HandshakeCall?,
        reply: ReplyTemplate, refusalStatus: Int, location: SourceLocation
    ) {
        self.conditions = conditions
        self.token = token
        self.hmac = hmac
        self.learn = learn
        self.call = call
        self.reply = reply
        self.refusalStatus = refusalStatus
        self.location = location
        echoed = reply.references.filter { $0.source != .handshakeHMAC } + [hmac?.reference, learn].compactMap(\.self)
    }

    /// Moves the rule to another stage.
    ///
    /// - Parameter covers: whether the route's signatures cover a value.
    package mutating func move(to stage: Stage, covers: (ReferenceSource) -> Bool) {
        self.stage = stage
        let isSigned = stage == .signedHead || stage == .signedBody
        signsCovered = isSigned && (hmac.map { covers($0.reference.source) } ?? true)
    }

    /// The headers with the token or a new secret, which are credentials.
    package var secretHeaders: [HeaderName] {
        [token?.reference.source, learn?.source].compactMap { source in
            if case .header(let name)? = source { name } else { nil }
        }
    }

    /// What signs tokens that a client chooses, perhaps with a captured request; `nil` if the rule does not.
    var signerForAnyone: TokenSigner? { signsCovered ? nil : hmac?.signer }

    /// Whether a client can have any token signed with a key of the route's signatures.
    package var signsAnyToken: Bool { signerForAnyone.map { $0.hasRouteKey && $0.pattern == nil } ?? false }

    /// The status of a refusal without `otherwise_status`.
    package static let standardRefusal = 403
    /// In bytes; the maximum length of an echoed value.
    static let longestEcho = 1024
    /// In bytes; the maximum body that is read for a handshake without a valid signature.
    package static let largestUnsignedBody = 8 << 10

    /// Returns the rule with another secret, for a request of an example.
    ///
    /// - Returns: `nil` if the secret does not have the format of the rule's keys.
    func with(secret: [UInt8]) -> HandshakeRule? {
        var rule = self
        rule.token = token.map { HandshakeToken($0.reference, secrets: [secret]) }
        if let hmac {
            guard let key = hmac.secretFormat.key(secret) else { return nil }
            rule.hmac = hmac.with(key: key)
        }
        return rule
    }
}

/// A value of a request that must be equal to a secret.
package struct HandshakeToken: Sendable {
    package let reference: Reference
    /// The SHA-256 of each secret: comparing digests takes the same time for any difference and any lengths.
    private let digests: [Digest]

    package init(_ reference: Reference, secrets: [[UInt8]]) {
        self.reference = reference
        digests = secrets.map { Hash.digest(.sha256, $0.span) }
    }

    /// Compares with each secret, even after a match.
    func matches(_ value: [UInt8]) -> Bool {
        let digest = Hash.digest(.sha256, value.span)
        var matches = false
        for secret in digests where secret == digest { matches = true }
        return matches
    }
}

/// The authentication code for `${hmac}` in the reply.
package struct HandshakeHMAC: Sendable {
    /// The authenticated value: an opaque token, so that nothing else can be signed.
    package let reference: Reference
    let signer: TokenSigner
    package let secretFormat: SecretFormat
    let encoding: SignatureEncoding

    package init(
        of reference: Reference, key: HMACKey, secretFormat: SecretFormat, encoding: SignatureEncoding,
        pattern: IDPattern?, hasRouteKey: Bool
    ) {
        self.reference = reference
        signer = TokenSigner(key: key, pattern: pattern, hasRouteKey: hasRouteKey)
        self.secretFormat = secretFormat
        self.encoding = encoding
    }

    fileprivate func with(key: [UInt8]) -> HandshakeHMAC {
        HandshakeHMAC(
            of: reference, key: HMACKey(signer.key.algorithm, key: key.span), secretFormat: secretFormat,
            encoding: encoding, pattern: signer.pattern, hasRouteKey: signer.hasRouteKey)
    }

    /// The additional format of tokens; `nil` for any.
    package var pattern: IDPattern? { signer.pattern }

    /// - Returns: `nil` for a value that is not an opaque token.
    func code(of value: [UInt8]) -> [UInt8]? {
        signer.code(of: value).map { Array(encoding.encode($0.span.array).utf8) }
    }
}

/// `call` and `call_urls` of a handshake: the URL in a request that is called before the request is answered.
package struct HandshakeCall: Sendable {
    package let reference: Reference
    /// The URLs that a request may name. At least one.
    private let allowed: [KeyURLPattern]

    package init(_ reference: Reference, allowed: [KeyURLPattern]) {
        self.reference = reference
        self.allowed = allowed
    }

    /// - Returns: `nil` for a value that is not an allowed URL.
    func url(in value: [UInt8]) -> URLToCall? {
        guard let url = KeyURL(parsing: String(decoding: value, as: UTF8.self)),
            let pattern = allowed.first(where: { $0.matches(url) })
        else { return nil }
        return URLToCall(url: url, shown: pattern.redacted(url))
    }

    /// An allowed URL, for samples.
    var example: String? { allowed.first?.example.map { "https://\($0.host)\($0.target)" } }
}

/// A URL that a handshake calls.
package struct URLToCall: Sendable {
    package let url: KeyURL
    /// For the log: without the parts that match a `*` of `call_urls` in the query.
    package let shown: String

    /// The log sentence for a failed call.
    ///
    /// - Parameter reason: the error.
    package func problem(_ reason: String) -> String { "the call to \(url.host) failed: \(reason)" }
}

/// `alg` of a handshake.
package enum HandshakeAlgorithm: String, CaseIterable, Sendable {
    case hmacSHA1 = "hmac-sha1"
    case hmacSHA256 = "hmac-sha256"
    case hmacSHA512 = "hmac-sha512"

    package var hash: HashAlgorithm {
        switch self {
        case .hmacSHA1: .sha1
        case .hmacSHA256: .sha256
        case .hmacSHA512: .sha512
        }
    }
}

extension ReplyTemplate {
    /// The names of its headers, in lower case.
    package var headerNames: [String] { headers.map { $0.name.lowercased() } }
}
