internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads one entry of `routes`.
package struct RouteReader {
    let reader: MappingReader<RouteKeys>
    let context: FileContext
    private let secrets: SecretReader
    let options: RouteOptions
    var scope: RouteScope
    /// The preset of `provider`.
    private let preset: ProviderPreset?
    /// Whether a route file declares it.
    private let hasDeclaredPreset: Bool
    private var publicURL: PublicURL?
    /// The variables and files of the route's secrets.
    private(set) var secretSources: [SecretSource] = []
    /// The same for its handshake secrets, which are texts.
    private(set) var handshakeSources: [SecretSource] = []
    /// Whether a request that was signed for another route with the same secret is valid here.
    private(set) var takesOthersRequests = false
    /// The format of the route's secrets; `nil` if its scheme could not be read.
    private(set) var secretFormat: SecretFormat?

    /// - Parameter isProbe: whether the route only serves to check its preset, whose keys then keep their positions.
    init?(
        _ node: YAMLNode, in context: FileContext, presets: ProviderPresets, secrets: SecretReader,
        options: RouteOptions, isProbe: Bool = false
    ) {
        guard let reader = MappingReader(node, RouteLanguage.route, in: context) else { return nil }
        preset = Self.preset(reader, presets)
        hasDeclaredPreset = preset.map { presets.isDeclared($0.name) } ?? false
        if let name = reader.node("provider")?.scalar?.text, !isProbe, presets.broken.contains(name) { return nil }
        let account = Self.account(reader, preset, isProbe: isProbe)
        let position = isProbe ? nil : reader.entry("provider")?.position
        self.reader =
            preset.map { reader.replacing($0.completing(reader.entries, at: position, account: account)) } ?? reader
        self.context = context
        self.secrets = secrets
        self.options = options
        scope = RouteScope(context: context)
    }

    /// Reads everything and records each problem.
    ///
    /// - Returns: `nil` if something essential is missing.
    mutating func read(kinds: inout JobKinds, registry: inout RouteRegistry) -> (
        parts: Route.Parts, details: RouteDetails
    )? {
        let path = path(&registry)
        scope.parameters = path?.path.parameters ?? [:]
        let name = name(orPath: path?.path.text, isNewPath: path?.isNew ?? true, &registry)
        publicURL = reader.read(\.publicURL) ?? options.publicURL
        // An unreadable one has been recorded.
        scope.hasPublicURL = publicURL != nil || reader.has("public_url")
        let body = reader.read(\.body)
        let methods = reader.read(\.methods)
        let verifierReader = verifierReader(body, methods, name: name ?? "")
        let verifier = verifierReader.read()
        let schemes = verifier?.schemes ?? []
        let signature = SignatureCoverage(schemes: schemes, publicURL: publicURL)
        secretFormat = schemes.first?.secretFormat
        let (match, elements) = (reader.read(\.match), elements(body))
        event()
        let key = uniqueKey()
        let compared = compared(key)
        let rules = rules(body: body, match: match, methods: methods, kinds: &kinds)
        let otherwise = otherwise(match)
        let reply = reply()
        let handshakes = handshakes(body, methods: methods, schemes: schemes, signature)
        let examples = examples(path?.path, methods)
        // Everything is read before returning, so that every problem is reported in one run.
        let (bodyLimit, allowedAddresses) = (bodyLimit(), reader.read(\.allowFrom) ?? [])
        let (rate, acceptsGzip) = (reader.read(\.rate), acceptsGzip(schemes))
        let contentTypes = reader.read(\.contentTypes)
        let (onMissingKey, onChangedBody) = (reader.read(\.uniqueKeyMissing), reader.read(\.onChangedBody))
        let (onUnreadable, onMismatch) = (reader.read(\.onUnreadable), reader.read(\.onMismatch))
        let dedupeWindow = reader.read(\.dedupeWindow) ?? options.dedupeWindow
        let (keepsRequest, outboxShare) = (reader.read(\.keepRequest), reader.read(\.outboxShare))
        advise(dedupeWindow: dedupeWindow, hasKey: key != nil)
        guard let path, let name, let verifier else { return nil }
        checkCoverage(of: key, for: dedupeWindow, rules: rules, verifier: verifier, signature, methods: methods)
        let bodyReader = verifierReader.bodyReader(signature)
        if elements?.areLines != true { checkBodyKind(bodyReader, contentTypes) }
        let (source, quarantine) = (source(), quarantine(verifier, hasKey: key != nil))
        var parts = Route.Parts(name: name, path: path.path, verifier: verifier, body: bodyReader)
        parts.methods = methods
        parts.publicURL = publicURL
        parts.bodyLimit = bodyLimit
        parts.allowedAddresses = allowedAddresses
        parts.rate = rate
        parts.credentialHeaders = verifier.allCredentialHeaders(
            and: (reader.read(\.credentialHeaders) ?? []) + handshakes.flatMap(\.secretHeaders))
        parts.acceptsGzip = acceptsGzip
        parts.trustsContentEncoding = signature.covers(.header(ContentCoding.header))
        parts.contentTypes = contentTypes
        parts.paths = scope.paths
        parts.event = scope.event
        parts.elements = elements
        parts.uniqueKey = key
        parts.onMissingKey = onMissingKey
        (parts.onChangedBody, parts.compared) = (onChangedBody, compared)
        (parts.onUnreadable, parts.onMismatch) = (onUnreadable, onMismatch)
        parts.dedupeWindow = dedupeWindow
        parts.outboxShare = outboxShare
        (parts.match, parts.rules) = (match, rules)
        parts.otherwise = otherwise
        parts.reply = reply
        parts.handshakes = handshakes
        (parts.keepsRequest, parts.quarantine) = (keepsRequest, quarantine)
        parts.maximumPayloadBytes = maximumPayloadBytes
        var summary = RouteSummary(
            reader, name: name, path: path.path.text, methods: methods, preset: preset?.name, source: source)
        summary.secrets = secretSummaries
        return (parts, RouteDetails(source: source, summary: summary, examples: examples))
    }

    private func acceptsGzip(_ schemes: [SignatureScheme]) -> Bool {
        let isAccepted = reader.read(\.gzip)
        if isAccepted, schemes.contains(where: \.readsBody) {
            context.error(
                reader.position(of: "gzip"),
                "'gzip' has no effect if 'verify' refers to fields of the body: they are read from the body as "
                    + "received, so a gzip body never has them; remove 'gzip', or verify ${body} if the sender signs it"
            )
        }
        return isAccepted
    }

    private var secretSummaries: [SecretSummary]? {
        let keys = ["secrets", "handshake_secrets"]
        let shown = keys.flatMap { secrets.summaries(reader.node($0), key: $0) }
        return shown.isEmpty ? nil : shown
    }

    private func source() -> RouteSource {
        var source = RouteSource()
        source.location = context.location(reader.position)
        source.event = reader.node("event")?.scalar?.text
        source.uniqueKey = reader.node("unique_key")?.texts ?? []
        source.makes = RouteSummary.makes(reader.node("jobs"))
        source.keys = reader.keyPositions.map { ($0.key, context.location($0.position)) }
        return source
    }
}

extension RouteReader {
    private func path(_ registry: inout RouteRegistry) -> (path: RoutePath, isNew: Bool)? {
        guard let node = reader.node("path"), let text = reader.read(\.path) else { return nil }
        do throws(RoutePath.PathError) {
            let path = try RoutePath(parsing: text)
            if let segment = text.utf8.split(separator: UInt8(ascii: "/")).first(where: Self.looksLikeParameter) {
                context.warning(
                    node.position,
                    "the segment '\(PrintableText.escape(Substring(segment)))' of 'path' is literal text; write a "
                        + "parameter as {name}")
            }
            return (path, registry.add(path: path, at: context.location(node.position), context.log))
        } catch {
            context.error(node.position, error.message)
            return nil
        }
    }

    /// Wildcards of other programs: `:name`, `<name>`, `*`.
    private static func looksLikeParameter(_ segment: Substring.UTF8View) -> Bool {
        switch segment.first {
        case UInt8(ascii: ":"), UInt8(ascii: "*"): true
        case UInt8(ascii: "<"): segment.last == UInt8(ascii: ">")
        default: false
        }
    }

    private func name(orPath path: String?, isNewPath: Bool, _ registry: inout RouteRegistry) -> String? {
        let position = reader.node("name")?.position ?? reader.node("path")?.position ?? reader.position
        guard let name = reader.has("name") ? reader.read(\.name) : path else { return nil }
        // A duplicate path has been recorded; a duplicate name that is derived from it would only follow.
        if !reader.has("name"), !isNewPath { return name }
        if name.isEmpty || name.utf8.count > RouteKeys.longestName
            || name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        {
            context.error(
                position,
                "the name of a route must have 1 to \(RouteKeys.longestName) bytes and no control characters; "
                    + "set 'name'")
            return nil
        }
        registry.add(name: name, at: context.location(position), context.log)
        return name
    }

    private mutating func event() {
        if let node = reader.read(\.event) {
            // `event` cannot refer to itself: it is not set while its own text is read.
            let template = scope.template(node, "'event'")
            if template?.constant != nil {
                context.error(
                    node.position,
                    "'event' contains no reference, so all deliveries would have the same event; write ${body.type}")
            }
            scope.event = template
        }
    }

    private mutating func uniqueKey() -> UniqueKeyTemplate? {
        if let node = reader.read(\.uniqueKey) { return UniqueKeyTemplate.read(node, scope: &scope) }
        for key in ["unique_key_missing", "on_changed_body", "compare", "dedupe_window"] {
            reader.refuse(key, "'\(key)' has no effect without 'unique_key'")
        }
        return nil
    }

    /// The values that decide whether a body has changed; empty for the whole body.
    private mutating func compared(_ key: UniqueKeyTemplate?) -> [Reference] {
        guard let key, let node = reader.read(\.compare) else { return [] }
        let references = (node.sequence ?? [node]).compactMap { comparedValue($0) }
        guard references.contains(where: \.source.isOfItem), !Route.isOfElements(key, event: scope.event) else {
            return references
        }
        if let position = writtenPosition("compare") {
            context.error(position, "'compare' cannot contain 'item': 'unique_key' is not of one element")
        }
        return []
    }

    private mutating func comparedValue(_ node: YAMLNode) -> Reference? {
        guard let text = context.text(node, "'compare'") else { return nil }
        if let parts = try? TemplateParser.parse(text), parts.count == 1, case .reference(let reference) = parts[0],
            reference.source.isOfBody, reference.fallback == nil
        {
            return scope.template(text, at: node.position)?.soleReference
        }
        context.error(
            node.position,
            "'compare' must be a reference to a value of the body without a default, such as ${body.data}, or a list "
                + "of them")
        return nil
    }

    /// The position of a key in the route itself.
    private func writtenPosition(_ key: String) -> YAMLPosition? {
        reader.node(key).flatMap { $0.position == presetPosition ? nil : $0.position }
    }

    /// The position of everything from the preset.
    private var presetPosition: YAMLPosition? { reader.entry("provider")?.position }

    private mutating func checkCoverage(
        of key: UniqueKeyTemplate?, for dedupeWindow: Duration, rules: [JobRule], verifier: Verifier,
        _ signature: SignatureCoverage, methods: [String]
    ) {
        var isChanging = false
        if let key, let position = writtenPosition("unique_key") {
            let traps = DeliveryIDLookalikes(signatureHeaders: verifier.credentialHeaders)
            traps.warn(of: key, at: position, in: context)
            isChanging = traps.warn(ofChanging: key, event: scope.event, at: position, in: context)
            traps.warn(ofEmpty: key, methods: methods, at: position, in: context)
            if let preset, let named = presetPosition {
                PresetAdvice(preset: preset, context: context, position: named).warn(ofKey: key, at: position)
            }
        }
        let verifiers = verifier.verifiers
        guard !verifiers.isEmpty else { return }
        takesOthersRequests = !signature.covers(.path)
        let credentials = verifiers.flatMap(\.scheme.credentials)
        let coverage = KeyCoverage(
            signature: signature, presetsKey: preset?.keySources ?? [],
            presetsKeyTexts: preset?.texts(of: "unique_key") ?? [], credentials: credentials,
            verified: credentials.filter { credential in
                verifiers.allSatisfy { $0.scheme.credentials.contains(credential) }
            }, scope: scope)
        coverage.warn(ofCredentialsIn: rules, key: key, at: verifyPosition)
        if let key, !isChanging, let position = writtenPosition("unique_key") { coverage.warn(of: key, at: position) }
        if key != nil {
            let position = writtenPosition("dedupe_window") ?? verifyPosition
            coverage.warn(ofWindow: dedupeWindow, timestamps: verifiers.compactMap(\.scheme.timestamp), at: position)
        }
        coverage.note(rules, key: key, at: verifyPosition)
    }

    /// The position of the route's verification.
    private var verifyPosition: YAMLPosition {
        (reader.entry("verify") ?? reader.entry("provider"))?.position ?? reader.position
    }

    /// Notes that an unsigned `Content-Type` does not decide how the body is read, if the route seems to rely on it.
    private func checkBodyKind(_ body: BodyReader, _ contentTypes: ContentTypes?) {
        guard !body.trustsContentType, body.kind == .auto else { return }
        let remedy =
            "because the signature does not cover that header; set 'body' to form, text or bytes for other bodies"
        if let other = contentTypes?.firstNotJSON, body.jsonField == nil {
            context.warning(
                reader.position(of: "content_types"),
                "'content_types' accepts \(other), but the body is parsed as JSON regardless of Content-Type, \(remedy)"
            )
        } else if preset == nil {
            context.note(verifyPosition, "the body is parsed as JSON regardless of Content-Type, \(remedy)")
        }
    }

    private mutating func rules(
        body: BodyKind, match: MatchPolicy, methods: [String], kinds: inout JobKinds
    ) -> [JobRule] {
        guard let node = reader.read(\.jobs) else { return [] }
        let keys = (scope.parameters.isEmpty ? [] : ["path"]) + ["each", "event", "body", "json_field"]
        // Only the keys in route files: those of a built-in preset change with the version.
        let subjects = keys.compactMap { key in
            hasDeclaredPreset || writtenPosition(key) != nil ? reader.node(key).map { (key, $0) } : nil
        }
        return JobRuleReader(
            context: context, bodyKind: body, routeHasKey: reader.has("unique_key"), match: match, methods: methods,
            subjects: subjects
        )
        .read(node, kinds: &kinds, scope: &scope)
    }

    private func bodyLimit() -> ByteCount {
        let limit = reader.read(\.bodyLimit) ?? options.bodyLimit
        // A body is in memory twice until it is committed: as received and as sent.
        if let memory = options.memory, limit.bytes > memory.bytes / 2 {
            context.warning(
                reader.position(of: "body_limit"),
                "the route accepts bodies of up to \(limit), but limits.memory (\(memory)) fits at most one of half "
                    + "its size; "
                    + "larger ones are answered 503: raise limits.memory or lower 'body_limit'")
        }
        return limit
    }

    private func otherwise(_ match: MatchPolicy) -> OtherwisePolicy {
        if reader.has("otherwise") { return reader.read(\.otherwise) ?? .deadLetter }
        if match == .all {
            context.error(
                reader.position,
                "a route with 'match: all' needs 'otherwise: ignore' or 'otherwise: dead_letter', in case no rule "
                    + "matches"
            )
        } else if !JobRuleReader.endsInCatchAll(reader.node("jobs")) {
            context.error(
                reader.position,
                "add 'otherwise: ignore' or 'otherwise: dead_letter' for requests that no rule matches, or end with "
                    + "a rule without 'when'"
            )
        }
        return .deadLetter
    }
}

extension RouteReader {
    private mutating func verifierReader(
        _ body: BodyKind, _ methods: [String], name: String
    ) -> VerifierReader {
        secretSources = reader.read(\.secrets).map(SecretReader.sources) ?? []
        return VerifierReader(
            reader: reader, secrets: secrets, presetPosition: presetPosition, scope: scope, bodyKind: body,
            publicURL: publicURL, methods: methods, keys: options.keys, name: name,
            learns: HandshakeReader.learns(reader.node("handshake")), learnt: options.learnt)
    }
}

// MARK: - Presets

extension RouteReader {
    private static func preset(_ reader: MappingReader<RouteKeys>, _ presets: ProviderPresets) -> ProviderPreset? {
        guard let entry = reader.entry("provider"), let name = reader.read(\.provider) else { return nil }
        if let preset = presets.preset(named: name) { return preset }
        if !presets.broken.contains(name) { reader.context.error(entry.value.position, presets.complaint(about: name)) }
        return nil
    }

    /// Warns of values that do not suit the provider.
    private func advise(dedupeWindow: Duration, hasKey: Bool) {
        guard let preset, let position = presetPosition else { return }
        let advice = PresetAdvice(preset: preset, context: context, position: position)
        if reader.entry("event")?.position == position { advice.warnOfUnknownEvents(in: reader.node("jobs")) }
        if hasKey { advice.warn(ofWindow: dedupeWindow, at: writtenPosition("dedupe_window")) }
        if let tolerance = reader.node("verify")?["tolerance"], tolerance.position != position,
            let duration = tolerance.scalar.flatMap({ DurationText.parse($0.text) })
        {
            advice.warn(ofTolerance: duration, at: tolerance.position)
        }
        if let status = reader.node("reply")?["status"], status.position != position,
            let number = status.scalar.flatMap({ Int($0.text) })
        {
            advice.warn(ofStatus: number, at: status.position)
        }
        if let reply = reader.node("reply"), reply.position != position { advice.warn(ofReply: reply) }
    }

    /// The values of `account` by name; for a probe a value for every name.
    private static func account(
        _ reader: MappingReader<RouteKeys>, _ preset: ProviderPreset?, isProbe: Bool
    ) -> [String: String] {
        let wanted = preset?.account ?? []
        if isProbe { return Dictionary(wanted.map { ($0.name, "x") }) { first, _ in first } }
        var account: [String: String] = [:]
        for entry in reader.read(\.account)?.mapping ?? [] {
            let text = entry.value.scalar?.text ?? ""
            if !wanted.contains(where: { $0.name == entry.key }) {
                let names = wanted.map(\.name)
                reader.context.error(
                    entry.position,
                    "the preset does not use '\(PrintableText.escape(entry.key))'"
                        + Suggestion.phrase(for: entry.key, among: names))
                if let meant = Suggestion.closest(to: entry.key, among: names) { account[meant] = "x" }
            } else if text.isEmpty || text.contains("${") || !HeaderSyntax.isValue(text) {
                reader.context.error(
                    entry.value.position, "'\(entry.key)' of 'account' must be a text without references")
            } else if text.contains("…") {
                reader.context.error(
                    entry.value.position, "'\(entry.key)' of 'account' is still the placeholder from the example")
            } else {
                account[entry.key] = text
            }
        }
        for (name, meaning) in wanted where account[name] == nil {
            // Prevents errors that only follow from this one.
            account[name] = "x"
            if reader.node("account")?[name] != nil { continue }
            reader.context.error(reader.position(of: "provider"), "'account' needs '\(name)': \(meaning)")
        }
        return account
    }

    private mutating func handshakes(
        _ body: BodyKind, methods: [String], schemes: [SignatureScheme], _ signature: SignatureCoverage
    ) -> [HandshakeRule] {
        handshakeSources = reader.read(\.handshakeSecrets).map(SecretReader.sources) ?? []
        return HandshakeReader(
            route: reader, secrets: secrets, bodyKind: body, methods: methods, isVerified: isVerified, schemes: schemes,
            coverage: signature
        ).read(scope: &scope)
    }

    /// Whether it is anything but `verify: none`.
    var isVerified: Bool { reader.node("verify")?.scalar?.text != "none" }
}
