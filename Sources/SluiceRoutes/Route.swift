package import SluiceBase
package import SluiceJSON

/// A compiled route: everything that a request on its path needs. Immutable; shared by all threads.
package final class Route: Sendable {
    /// The compiled contents of the files for a route.
    package struct Parts {
        package var name: String
        package var path: RoutePath
        package var methods: [String] = ["POST"]
        /// The URL of requests for the provider; `nil` if it is not set.
        package var publicURL: PublicURL?
        package var bodyLimit = ByteCount.mebibytes(10)
        /// The addresses that may send; empty for all.
        package var allowedAddresses: [AddressBlock] = []
        package var rate: RateLimit?
        package var verifier: Verifier
        /// Headers that are never stored or passed on.
        package var credentialHeaders: Set<HeaderName> = []
        package var acceptsGzip = false
        /// Whether `Content-Encoding` may decide that a body is gzip: on a route that verifies nothing, and if the
        /// signature covers the header.
        package var trustsContentEncoding = false
        /// `nil` for any.
        package var contentTypes: ContentTypes?
        package var body: BodyReader
        package var paths: [JSONPath] = []
        package var event: TextTemplate?
        package var elements: Elements?
        package var uniqueKey: UniqueKeyTemplate?
        package var onMissingKey = MissingKeyPolicy.accept
        package var onChangedBody = ChangedBodyPolicy.duplicate
        /// The values that decide whether a body has changed; empty for the whole body.
        package var compared: [Reference] = []
        package var onUnreadable = UnreadablePolicy.deadLetter
        package var onMismatch = MismatchPolicy.deadLetter
        package var dedupeWindow = Duration.seconds(7 * 86_400)
        /// The percentage of the outbox that the route may use; `nil` for all of it.
        package var outboxShare: Int?
        package var match = MatchPolicy.first
        package var rules: [JobRule] = []
        package var otherwise = OtherwisePolicy.deadLetter
        package var reply: ReplyTemplate?
        package var handshakes: [HandshakeRule] = []
        package var keepsRequest = false
        /// What is kept of requests whose signature no secret matches; `nil` for nothing.
        package var quarantine: QuarantineLimits?
        /// The maximum size of all payloads of a delivery in bytes, unless it is one job.
        package var maximumPayloadBytes = 64 << 20

        package init(name: String, path: RoutePath, verifier: Verifier, body: BodyReader) {
            self.name = name
            self.path = path
            self.verifier = verifier
            self.body = body
        }
    }

    /// The position in the table.
    package let index: Int
    let parts: Parts
    let paths: JSONPathSet
    /// The scope of unique keys if the path has no parameters.
    let bareScope: KeyScope
    /// The segments of the path that are parameters.
    let parameterSegments: [Int]
    /// Whether each element has its own unique key.
    let keysAreOfElements: Bool
    let methodBytes: [[UInt8]]
    /// Whether bodies may come with `Content-Encoding: gzip`: never if a part of the signature is in the body, because
    /// the fields that were verified would be those of the body as received, and the jobs would be made from others.
    package let acceptsGzip: Bool
    /// Headers in the unique key; each may occur once.
    let keyHeaders: [HeaderName]
    /// Whether the types of the body's fields cannot be changed in transit: not if the signature covers fields, which
    /// are signed as text. Then a key must not distinguish the number 12 from the text "12".
    let coversTypes: Bool
    let handshakeStages: HandshakeStages
    /// Parameters whose values are never stored.
    let credentialParameters: CredentialParameters
    /// Whether anything uses values inside of the body, and not only the whole body.
    let readsFields: Bool

    package init(_ parts: Parts, index: Int) {
        self.parts = parts
        self.index = index
        paths = JSONPathSet(parts.paths)
        bareScope = KeyScope(name: Array(parts.name.utf8))
        parameterSegments = parts.path.parameterSegments
        keysAreOfElements = Self.isOfElements(parts.uniqueKey, event: parts.event)
        methodBytes = parts.methods.map { Array($0.utf8) }
        let verifiers = parts.verifier.verifiers
        acceptsGzip = parts.acceptsGzip && !verifiers.contains { $0.scheme.readsBody }
        keyHeaders = Self.keyHeaders(of: parts)
        coversTypes = verifiers.allSatisfy { $0.scheme.holdsBody }
        handshakeStages = HandshakeStages(parts.handshakes)
        credentialParameters = parts.verifier.credentialParameters
        readsFields = parts.elements != nil || parts.paths.contains { !$0.steps.isEmpty }
    }

    /// Whether each element has its own key.
    package static func isOfElements(_ key: UniqueKeyTemplate?, event: TextTemplate?) -> Bool {
        (key?.references ?? []).contains { $0.behind(event).contains(where: \.source.isOfItem) }
    }

    /// The headers in the route's key and in those of its rules, also through the event.
    private static func keyHeaders(of parts: Parts) -> [HeaderName] {
        let templates = parts.rules.compactMap {
            if case .make(let template) = $0.action { template.uniqueKey } else { nil }
        }
        let references = ([parts.uniqueKey].compactMap { $0 } + templates).flatMap(\.references)
        var headers: [HeaderName] = []
        for reference in references {
            for case .header(let name) in reference.behind(parts.event).map(\.source) where !headers.contains(name) {
                headers.append(name)
            }
        }
        return headers
    }
}

extension Route {
    /// The scope of unique keys, and the label in logs and metrics.
    package var name: String { parts.name }
    /// As matched: decoded, with its parameters in braces.
    package var path: String { parts.path.text }
    package var routePath: RoutePath { parts.path }
    /// Whether every signature that the route accepts covers the whole body.
    package var signsBody: Bool {
        isVerified && parts.verifier.schemes.allSatisfy { $0.holdsBody && !$0.algorithm.carriesSecret }
    }
    /// The headers that contain signatures.
    package var signatureHeaders: [HeaderName] { parts.verifier.verifiers.flatMap(\.scheme.location.headers) }
    package var segments: [RoutePath.Segment] { parts.path.segments }
    /// The value of `Allow` in a 405.
    package var allow: String { parts.methods.joined(separator: ", ") }
    package var bodyLimit: ByteCount { parts.bodyLimit }
    /// What is kept of requests whose signature no secret matches; `nil` for nothing.
    package var quarantine: QuarantineLimits? { parts.quarantine }
    /// The maximum rate of verified requests; `nil` for no limit.
    package var rate: RateLimit? { parts.rate }
    /// Whether the route verifies signatures; otherwise it has `verify: none`.
    package var isVerified: Bool { !parts.verifier.verifiers.isEmpty }

    /// Whether a handshake of the route may provide a new secret.
    package var learnsSecrets: Bool { parts.handshakes.contains { $0.learn != nil } }

    /// Whether a text can be a secret of the route.
    func accepts(secret: [UInt8]) -> Bool {
        parts.verifier.schemes.contains { $0.keySource == nil && (try? $0.key(secret)) != nil }
    }

    /// The identity of a rule by its index from 0; `nil` for one with `ignore`, and if there is none.
    package func identity(ofRule rule: Int) -> RuleIdentity? {
        guard parts.rules.indices.contains(rule), case .make(let template) = parts.rules[rule].action else {
            return nil
        }
        return template.identity
    }

    /// The index of the rule with this identity.
    package func rule(saying identity: RuleIdentity) -> Int? {
        parts.rules.indices.first { self.identity(ofRule: $0)?.digest == identity.digest }
    }

    /// Whether each matching rule makes a job, not only the first.
    package var takesAllRules: Bool { parts.match == .all }

    var event: TextTemplate? { parts.event }
    var credentialHeaders: Set<HeaderName> { parts.credentialHeaders }

    /// The URL that the provider uses: `public_url`, completed from the request, without credentials. Empty if it is
    /// not known.
    func publicURL(of request: borrowing RequestView) -> [UInt8] {
        parts.publicURL?.url(ofTarget: credentialParameters.removed(from: request.target).span) ?? []
    }

    /// Whether the route has allowed addresses.
    package var restrictsAddresses: Bool { !parts.allowedAddresses.isEmpty }

    /// A sender for a request without one: an allowed address, or if all are allowed, one of TEST-NET-1 (RFC 5737 §3).
    package var likelySender: PeerAddress {
        parts.allowedAddresses.first?.anyAddress ?? PeerAddress(ipv4: (192, 0, 2, 1), port: 0)
    }
}

/// `unique_key_missing`.
package enum MissingKeyPolicy: String, CaseIterable, Sendable {
    /// Stored without dedupe, and counted.
    case accept
    /// 422
    case reject
    /// The digest of the body, or of the element, is the key.
    case bodyHash = "body_hash"
    case deadLetter = "dead_letter"
}

/// `on_unreadable` and `on_mismatch`.
package enum UnreadablePolicy: String, CaseIterable, Sendable {
    case deadLetter = "dead_letter"
    /// 422
    case reject
}

/// `otherwise`: no rule matched.
package enum OtherwisePolicy: String, CaseIterable, Sendable {
    case ignore
    case deadLetter = "dead_letter"
}

/// `match`.
package enum MatchPolicy: String, CaseIterable, Sendable {
    /// The first matching rule makes the job.
    case first
    /// Each matching rule makes a job.
    case all
}

extension Route.Parts {
    /// What signs tokens for unauthenticated clients.
    package var tokenSigners: [TokenSigner] { handshakes.compactMap(\.signerForAnyone) }

    /// Makes the route refuse requests whose text these handshakes, or its own, sign for any client.
    ///
    /// - Parameter own: all of its own if `nil`.
    package mutating func refuse(tokensOf signers: [TokenSigner], own: [TokenSigner]? = nil) {
        verifier = verifier.refusing(tokensOf: signers, own: own ?? tokenSigners)
    }
}
