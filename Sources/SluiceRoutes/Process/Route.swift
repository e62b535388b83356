package import SluiceBase
internal import SluiceJSON

/// One route, compiled: everything that a request on its path needs. Immutable; shared by all threads.
package final class Route: Sendable {
    /// What the files say about a route, compiled.
    struct Parts {
        var name: String
        var path: RoutePath
        var methods: [String]
        /// What requests are sent to, as the provider knows it; `nil` where nobody has said.
        var publicURL: PublicURL?
        var bodyLimit: ByteCount
        /// Who may send; everybody where it is empty.
        var allowedAddresses: [AddressBlock]
        var rate: RateLimit?
        var verifier: Verifier
        /// Headers that are never stored nor handed on.
        var credentialHeaders: Set<HeaderName>
        var acceptsGzip: Bool
        /// Whether `Content-Encoding` may say that a body is gzip: on a route that verifies nothing, and where the
        /// signature covers the header.
        var trustsContentEncoding: Bool
        /// `nil` for any.
        var contentTypes: ContentTypes?
        var body: BodyReader
        var paths: [JSONPath]
        var event: TextTemplate?
        var elements: Elements?
        var uniqueKey: UniqueKeyTemplate?
        var onMissingKey: MissingKeyPolicy
        var onChangedBody: ChangedBodyPolicy
        var onUnreadable: UnreadablePolicy
        var onMismatch: MismatchPolicy
        var dedupeWindow: Duration
        var match: MatchPolicy
        var rules: [JobRule]
        var otherwise: OtherwisePolicy
        var reply: ReplyTemplate?
        var keepsRequest: Bool
        /// How many bytes the payloads of one delivery may have together, unless it is one job.
        var mostPayloadBytes: Int
        var summary: RouteSummary
        var origin: RouteOrigin
        var examples: [RouteExample]
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

    init(_ parts: Parts, index: Int) {
        self.parts = parts
        self.index = index
        paths = JSONPathSet(parts.paths)
        bareScope = KeyScope(name: Array(parts.name.utf8))
        parameterSegments = parts.path.parameterSegments
        keysAreOfElements = Self.isOfElements(parts)
        methodBytes = parts.methods.map { Array($0.utf8) }
        keyHeaders = Self.keyHeaders(of: parts)
        coversTypes = parts.verifier.scheme?.signed.holdsBody ?? true
    }

    private static func isOfElements(_ parts: Parts) -> Bool {
        let references = parts.uniqueKey?.references ?? []
        return references.contains { reference in
            if case .event = reference.source {
                return parts.event?.references.contains { $0.source.isOfItem } ?? false
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
    package var methods: [String] { parts.methods }
    /// The route in words.
    package var summary: RouteSummary { parts.summary }
    /// The value of `Allow` in a 405.
    package var allow: String { parts.methods.joined(separator: ", ") }
    package var bodyLimit: ByteCount { parts.bodyLimit }
    /// Whether bodies may come with `Content-Encoding: gzip`.
    package var acceptsGzip: Bool { parts.acceptsGzip }
    /// How many requests it takes once they are verified; `nil` for as many as come.
    package var rate: RateLimit? { parts.rate }
    /// Whether the route asks for a signature; without one it says `verify: none`.
    package var isVerified: Bool { if case .none = parts.verifier { false } else { true } }

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

    var examples: [RouteExample] { parts.examples }
    var event: TextTemplate? { parts.event }
    var credentialHeaders: Set<HeaderName> { parts.credentialHeaders }

    /// The URL as the provider knows it: `public_url`, and of the request what that leaves open. Empty where nothing is
    /// known.
    func publicURL(of request: borrowing RequestView) -> [UInt8] { parts.publicURL?.url(of: request) ?? [] }

    /// The refusal of a request by its head alone, before its body is read; `nil` if nothing speaks against it.
    ///
    /// - Parameters:
    ///   - sender: who sent it, behind proxies that are trusted.
    ///   - receivedAtMilliseconds: the wall clock, against which timestamps are held.
    package func refusal(
        ofHead request: borrowing RequestView, sender: PeerAddress, receivedAtMilliseconds: Int64
    ) -> RouteOutcome? {
        let code =
            refusal(by: .address, request, sender) ?? refusal(by: .method, request, sender)
            ?? refusal(by: .contentType, request, sender) ?? refusal(by: .contentEncoding, request, sender)
        if let code { return .refused(code, reason: code.title) }
        return signatureRefusal(ofHead: request, receivedAtMilliseconds: receivedAtMilliseconds)
    }

    /// The refusal of a request whose head shows already that its signature cannot be valid; `nil` if it may be.
    func signatureRefusal(ofHead request: borrowing RequestView, receivedAtMilliseconds: Int64) -> RouteOutcome? {
        parts.verifier.refusal(ofHead: request, receivedAtMilliseconds: receivedAtMilliseconds)
            .map { .refused($0.code, reason: $0.reason) }
    }

    /// What a request's head is asked, in this order.
    enum HeadCheck: CaseIterable {
        case address
        case method
        case contentType
        case contentEncoding
    }

    /// Why one of the checks refuses a request; `nil` if it does not.
    func refusal(by check: HeadCheck, _ request: borrowing RequestView, _ sender: PeerAddress) -> ErrorCode? {
        switch check {
        case .address: return allows(sender) ? nil : .addressNotAllowed
        case .method: return allows(request.method) ? nil : .methodNotAllowed
        case .contentType:
            guard let types = parts.contentTypes, !types.accept(request.headers) else { return nil }
            return .contentTypeNotSupported
        case .contentEncoding:
            switch ContentCoding.of(request.headers) {
            case .identity: return nil
            case .gzip: return acceptsGzip ? nil : .contentEncodingNotSupported
            case .other: return .contentEncodingNotSupported
            }
        }
    }

    /// Whether the body is larger than the route takes.
    func exceedsLimit(_ request: borrowing RequestView) -> Bool { request.body.count > bodyLimit.bytes }

    /// Whether the route says who may send.
    package var restrictsAddresses: Bool { !parts.allowedAddresses.isEmpty }

    /// Who may have sent a request where nobody says: an address that the route lets in, or where all are, one of
    /// TEST-NET-1 (RFC 5737 §3).
    var likelySender: PeerAddress {
        parts.allowedAddresses.first?.anyAddress ?? PeerAddress(ipv4: (192, 0, 2, 1), port: 0)
    }

    private func allows(_ sender: PeerAddress) -> Bool {
        parts.allowedAddresses.isEmpty || parts.allowedAddresses.contains { $0.contains(sender) }
    }

    private func allows(_ method: Span<UInt8>) -> Bool {
        for allowed in methodBytes where method.equals(allowed.span) { return true }
        return false
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
