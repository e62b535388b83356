package import SluiceBase
package import SluiceJSON

/// One route, compiled: everything that a request on its path needs. Immutable; shared by all threads.
package final class Route: Sendable {
    /// What the files say about a route, compiled.
    package struct Parts {
        package var name: String
        package var path: RoutePath
        package var methods: [String] = ["POST"]
        /// What requests are sent to, as the provider knows it; `nil` where nobody has said.
        package var publicURL: PublicURL?
        package var bodyLimit = ByteCount.mebibytes(10)
        /// Who may send; everybody where it is empty.
        package var allowedAddresses: [AddressBlock] = []
        package var rate: RateLimit?
        package var verifier: Verifier
        /// Headers that are never stored nor handed on.
        package var credentialHeaders: Set<HeaderName> = []
        package var acceptsGzip = false
        /// Whether `Content-Encoding` may say that a body is gzip: on a route that verifies nothing, and where the
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
        /// What tells whether a body has changed; the whole body if it is empty.
        package var compared: [Reference] = []
        package var onUnreadable = UnreadablePolicy.deadLetter
        package var onMismatch = MismatchPolicy.deadLetter
        package var dedupeWindow = Duration.seconds(7 * 86_400)
        /// Percent of the outbox that the route may use; `nil` for all of it.
        package var outboxShare: Int?
        package var match = MatchPolicy.first
        package var rules: [JobRule] = []
        package var otherwise = OtherwisePolicy.deadLetter
        package var reply: ReplyTemplate?
        package var handshakes: [HandshakeRule] = []
        package var keepsRequest = false
        /// What is kept of requests whose signature no secret matches; `nil` for nothing.
        package var quarantine: QuarantineLimits?
        /// How many bytes the payloads of one delivery may have together, unless it is one job.
        package var mostPayloadBytes = 64 << 20

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
    /// What unique keys belong to, where the path has no parameters.
    let bareScope: KeyScope
    /// The segments of the path that are parameters.
    let parameterSegments: [Int]
    /// Whether each element has a unique key of its own.
    let keysAreOfElements: Bool
    let methodBytes: [[UInt8]]
    /// Headers that the unique key reads; each may stand once.
    let keyHeaders: [HeaderName]
    /// Whether nobody can change the type of a field of the body: not where the signature covers fields, which are
    /// signed as text. There a key must not tell the number 12 from the text "12".
    let coversTypes: Bool
    let handshakeStages: HandshakeStages
    /// Whether something reads values inside of the body, and not only all of it.
    let readsFields: Bool

    package init(_ parts: Parts, index: Int) {
        self.parts = parts
        self.index = index
        paths = JSONPathSet(parts.paths)
        bareScope = KeyScope(name: Array(parts.name.utf8))
        parameterSegments = parts.path.parameterSegments
        keysAreOfElements = Self.isOfElements(parts.uniqueKey, event: parts.event)
        methodBytes = parts.methods.map { Array($0.utf8) }
        keyHeaders = Self.keyHeaders(of: parts)
        coversTypes = parts.verifier.schemes.allSatisfy(\.holdsBody)
        handshakeStages = HandshakeStages(parts.handshakes)
        readsFields = parts.elements != nil || parts.paths.contains { !$0.steps.isEmpty }
    }

    /// Whether each element has a key of its own.
    package static func isOfElements(_ key: UniqueKeyTemplate?, event: TextTemplate?) -> Bool {
        let references = key?.references ?? []
        return references.contains { reference in
            if case .event = reference.source {
                return event?.references.contains { $0.source.isOfItem } ?? false
            }
            return reference.source.isOfItem
        }
    }

    /// The headers behind the route's key and those of its rules, also where they stand in the event that a key is made
    /// of.
    private static func keyHeaders(of parts: Parts) -> [HeaderName] {
        let templates = parts.rules.compactMap {
            if case .make(let template) = $0.action { template.uniqueKey } else { nil }
        }
        let references = ([parts.uniqueKey].compactMap { $0 } + templates).flatMap(\.references)
        var headers: [HeaderName] = []
        for reference in references {
            let behind = if case .event = reference.source { parts.event?.references ?? [] } else { [reference] }
            for case .header(let name) in behind.map(\.source) where !headers.contains(name) { headers.append(name) }
        }
        return headers
    }
}

extension Route {
    /// The scope of unique keys, and the label in logs and metrics.
    package var name: String { parts.name }
    /// As it is matched: decoded, with its parameters in braces.
    package var path: String { parts.path.text }
    package var routePath: RoutePath { parts.path }
    /// Whether every signature that the route accepts covers the whole body.
    package var signsBody: Bool {
        isVerified && parts.verifier.schemes.allSatisfy { $0.holdsBody && !$0.algorithm.carriesSecret }
    }
    /// The headers in which signatures stand.
    package var signatureHeaders: [HeaderName] { parts.verifier.verifiers.flatMap(\.scheme.place.headers) }
    package var segments: [RoutePath.Segment] { parts.path.segments }
    package var methods: [String] { parts.methods }
    /// The value of `Allow` in a 405.
    package var allow: String { parts.methods.joined(separator: ", ") }
    package var bodyLimit: ByteCount { parts.bodyLimit }
    /// Whether bodies may come with `Content-Encoding: gzip`.
    package var acceptsGzip: Bool { parts.acceptsGzip }
    /// What is kept of requests whose signature no secret matches; `nil` for nothing.
    package var quarantine: QuarantineLimits? { parts.quarantine }
    /// How many requests it takes once they are verified; `nil` for as many as come.
    package var rate: RateLimit? { parts.rate }
    /// Whether the route asks for a signature; without one it says `verify: none`.
    package var isVerified: Bool { if case .none = parts.verifier { false } else { true } }

    /// Whether a handshake of the route may bring a new secret.
    package var learnsSecrets: Bool { parts.handshakes.contains { $0.learn != nil } }

    /// Whether a text can be a secret of the route.
    func accepts(secret: [UInt8]) -> Bool {
        parts.verifier.schemes.contains { $0.keySource == nil && (try? $0.key(secret)) != nil }
    }

    /// Tells what a rule says, by its place from 0; `nil` for one that ignores deliveries, and where there is none.
    package func identity(ofRule rule: Int) -> RuleIdentity? {
        guard parts.rules.indices.contains(rule), case .make(let template) = parts.rules[rule].action else {
            return nil
        }
        return template.identity
    }

    /// The place of the rule that says what `identity` stands for.
    package func rule(saying identity: RuleIdentity) -> Int? {
        parts.rules.indices.first { self.identity(ofRule: $0)?.digest == identity.digest }
    }

    /// Whether each rule that matches makes a job, not only the first.
    package var takesAllRules: Bool { parts.match == .all }

    var event: TextTemplate? { parts.event }
    var credentialHeaders: Set<HeaderName> { parts.credentialHeaders }

    /// The URL as the provider knows it: `public_url`, and of the request what that leaves open. Empty where nothing is
    /// known.
    func publicURL(of request: borrowing RequestView) -> [UInt8] { parts.publicURL?.url(of: request) ?? [] }

    /// Whether the route says who may send.
    package var restrictsAddresses: Bool { !parts.allowedAddresses.isEmpty }

    /// Who may have sent a request where nobody says: an address that the route lets in, or where all are, one of
    /// TEST-NET-1 (RFC 5737 §3).
    package var likelySender: PeerAddress {
        parts.allowedAddresses.first?.anyAddress ?? PeerAddress(ipv4: (192, 0, 2, 1), port: 0)
    }
}

/// What `unique_key_missing` says.
package enum MissingKeyPolicy: String, CaseIterable, Sendable {
    /// Stored without dedupe, and counted.
    case accept
    /// 422
    case reject
    /// The digest of the body, or of the element, is the key.
    case bodyHash = "body_hash"
    case deadLetter = "dead_letter"
}

/// What `on_unreadable` says, and `on_mismatch`.
package enum UnreadablePolicy: String, CaseIterable, Sendable {
    case deadLetter = "dead_letter"
    /// 422
    case reject
}

/// What `otherwise` says: no rule matched.
package enum OtherwisePolicy: String, CaseIterable, Sendable {
    case ignore
    case deadLetter = "dead_letter"
}

/// What `match` says.
package enum MatchPolicy: String, CaseIterable, Sendable {
    /// The first rule that matches makes the job.
    case first
    /// Each rule that matches makes one.
    case all
}
