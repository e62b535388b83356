internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// The parts of a scheme that few senders need, and keys that exclude each other.
extension SchemeReader {
    func refuseKeysWithoutEffect() {
        for rule in KeysWithoutEffect.all where rule.algorithms.contains(settings.algorithm) {
            for key in rule.keys {
                reader.refuse(
                    key, "'\(key)' has no effect with 'alg: \(settings.algorithm.rawValue)': \(rule.reason)")
            }
        }
        let isPublic = settings.usesPublicKey(reader)
        if settings.secretFormat.encoding == .pem, !isPublic {
            reader.refuse(
                "key_encoding", "'key_encoding: pem' is for public keys, and the secrets of this algorithm are not")
        }
        if isPublic, settings.secretFormat.encoding == .utf8 {
            reader.refuse("key_encoding", "'key_encoding' of a public key must be pem, base64 or hex")
        }
    }

    /// - Returns: whether `each` is valid.
    mutating func readItems(into additions: inout SignatureScheme.Additions) -> Bool {
        guard let node = reader.node("each"), !KeysWithoutEffect.contain("each", with: settings.algorithm) else {
            return true
        }
        guard let text = scope.context.text(node, "'each'") else { return false }
        let parts = (try? TemplateParser.parse(text)) ?? []
        if case .reference(let reference)? = parts.first, parts.count == 1, reference.fallback == nil,
            case .body(let path) = reference.source, path.steps.last == .each,
            path.steps.filter({ $0 == .each }).count == 1
        {
            scope.takeEach(of: path)
            additions.items = path
            return true
        }
        scope.context.error(
            node.position, "'each' must be one reference to an array of the body, such as ${body.items[]}")
        return false
    }

    /// Each is compared with each other.
    private static var maximumTexts: Int { 16 }

    /// The texts of `signed`, one of which must be signed; empty for an algorithm without a signed text. `nil` after
    /// recording a problem.
    mutating func signedTexts() -> [(template: TextTemplate, position: YAMLPosition)]? {
        guard settings.algorithm.signsText else { return [] }
        guard let signed = reader.read(\.signed) else {
            if reader.has("signed") { return nil }
            if settings.algorithm == .sha256 {
                scope.context.error(reader.position, "'alg: sha256' needs 'signed', such as ${key}${body}")
                return nil
            }
            return scope.template("${body}", at: reader.position).map { [($0, reader.position)] }
        }
        guard signed.texts.count <= Self.maximumTexts else {
            scope.context.error(reader.position(of: "signed"), "'signed' can have at most \(Self.maximumTexts) texts")
            return nil
        }
        let templates = signed.texts.compactMap { text, position in
            scope.template(text, at: position).map { ($0, position) }
        }
        return templates.count == signed.texts.count ? templates : nil
    }

    /// The value of `signed_open`.
    mutating func openSource(_ templates: [TextTemplate]) -> ReferenceSource? {
        guard let text = reader.read(\.signedOpen), let node = reader.node("signed_open"),
            let template = scope.template(text, at: node.position)
        else { return nil }
        let sources = Set(templates.flatMap(\.references).map(\.source))
        if let sole = template.soleReference, sources.contains(sole.source) { return sole.source }
        scope.context.error(node.position, "'signed_open' must be one of the references in 'signed'")
        return nil
    }

    /// `nil` after recording a problem.
    mutating func requirements() -> [SignatureRequirement]? {
        guard let node = reader.node("require") else { return [] }
        guard let entries = context.entries(node, "'require'", as: "a mapping from references to texts") else {
            return nil
        }
        if entries.isEmpty { scope.context.error(node.position, "'require' is empty; omit it") }
        let requirements = entries.compactMap { requirement($0) }
        return requirements.count == entries.count ? requirements : nil
    }

    private mutating func requirement(_ entry: YAMLEntry) -> SignatureRequirement? {
        if entry.key.utf8.starts(with: "${".utf8) {
            scope.context.error(entry.position, "references in 'require' must be written without ${ and }")
            return nil
        }
        guard let reference = scope.bareReference(entry.key, at: entry.position) else { return nil }
        switch reference.source {
        case .signedTimestamp, .signedID, .secret:
            scope.context.error(entry.position, "\(reference.source.noun) can only be used in 'signed'")
            return nil
        default: break
        }
        if case .null? = entry.value.scalar?.value { return SignatureRequirement(reference: reference, text: nil) }
        guard let text = scope.template(entry.value, "'\(PrintableText.escape(entry.key))' of 'require'") else {
            return nil
        }
        return SignatureRequirement(reference: reference, text: text)
    }

    // MARK: - Tokens

    /// The contents of `jwt`; `nil` without one, or after recording a problem.
    mutating func token() -> TokenScheme? {
        guard settings.algorithm == .jwt else { return nil }
        guard let node = reader.node("jwt") else {
            scope.context.error(reader.position, "'alg: jwt' needs 'jwt', such as { algs: [RS256] }")
            return nil
        }
        guard let reader = MappingReader(node, RouteLanguage.token, in: scope.context),
            let algorithms = reader.read(\.algorithms), !algorithms.isEmpty
        else { return nil }
        if Set(algorithms.map(\.usesPublicKey)).count > 1 {
            scope.context.error(
                reader.position(of: "algs"),
                "'algs' mixes algorithms with shared secrets and with public keys: anyone could then use a public key "
                    + "as the secret")
            return nil
        }
        var scheme = TokenScheme(algorithms: algorithms)
        guard let claims = claims(reader) else { return nil }
        scheme.claims = claims
        scheme.required = reader.read(\.required) ?? []
        scheme.maxAge = reader.read(\.maxAge)
        scheme.bodyHash = reader.read(\.bodyHash)
        scheme.urlHash = reader.read(\.urlHash)
        scheme.leeway = reader.read(\.leeway)
        if scheme.urlHash != nil, !scope.hasPublicURL {
            scope.context.error(
                reader.position(of: "url_hash"),
                "'url_hash' needs 'public_url', in the route or in the settings")
        }
        return scheme
    }

    private mutating func claims(_ reader: MappingReader<TokenKeys>) -> [(name: String, texts: [TextTemplate])]? {
        guard let node = reader.node("claims") else { return [] }
        guard let entries = context.entries(node, "'claims'", as: "a mapping from claims to texts") else { return nil }
        var claims: [(name: String, texts: [TextTemplate])] = []
        for entry in entries {
            let values = entry.value.sequence ?? [entry.value]
            let subject = "the claim '\(PrintableText.escape(entry.key))'"
            if values.isEmpty { scope.context.error(entry.value.position, "\(subject) needs at least one text") }
            let texts = values.compactMap { scope.template($0, subject) }
            guard texts.count == values.count, !values.isEmpty else { return nil }
            claims.append((entry.key, texts))
        }
        return claims
    }
}
