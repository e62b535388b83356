internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `verify` and `secrets` of a route.
struct VerifierReader {
    /// The route.
    let reader: MappingReader<RouteKeys>
    let secrets: SecretReader
    /// The position of the preset's name in the route; `nil` without one.
    let presetPosition: YAMLPosition?
    /// The scope of the route's references, with its path parameters.
    let scope: RouteScope
    let bodyKind: BodyKind
    let publicURL: PublicURL?
    /// The methods of the route.
    let methods: [String]
    /// For fetched keys; `nil` if none are fetched, as in examples.
    let keys: RemoteKeyStore?
    /// The name of the route.
    let name: String
    /// Whether a handshake of the route provides secrets.
    let learns: Bool
    /// The learnt secrets; `nil` if none are learnt, as in examples.
    let learnt: LearntSecrets?

    private var context: FileContext { reader.context }

    func read() -> Verifier? {
        let node = reader.read(\.verify)
        if node?.scalar?.text == "none" {
            reader.refuse("secrets", "'secrets' has no effect with 'verify: none'")
            return Verifier.none
        }
        guard let mappings = mappings(node) else { return nil }
        var schemes = mappings.compactMap { scheme($0) }
        distinguishTexts(of: &schemes)
        let alternatives = schemes.map { $0.scheme }
        let isWhole = schemes.count == mappings.count && !schemes.isEmpty
        let needsSecrets = mappings.isEmpty || mappings.contains { !$0.has("key_from") }
        let asksForKeys = mappings.contains { $0.has("key_request") && $0.has("key_from") }
        let secrets =
            asksForKeys
            ? secretsOfFetchedKeys(alternatives, isAlone: !needsSecrets)
            : secrets(alternatives, isWhole: isWhole, needsSecrets: needsSecrets)
        guard isWhole, zip(alternatives, secrets).contains(where: { isUsable($0, $1) }) else { return nil }
        for (scheme, mapping) in schemes {
            warnOfUncoveredTimestamp(scheme, mapping)
            warnOfUncoveredBody(scheme, mapping)
            warnOfPairs(scheme, mapping)
            warnOfChecksum(scheme, mapping)
        }
        let body = bodyReader(SignatureCoverage(schemes: alternatives, publicURL: publicURL))
        return Verifier(
            zip(alternatives, secrets).filter { isUsable($0, $1) }.map { scheme, secrets in
                SignatureVerifier(
                    scheme: scheme, secrets: secrets, body: body, publicURL: publicURL,
                    keys: scheme.keySource == nil ? nil : keys, learnt: learntKeys(scheme))
            })
    }

    /// Whether a scheme has keys, or may have them later.
    private func isUsable(_ scheme: SignatureScheme, _ secrets: [VerifierSecret]) -> Bool {
        scheme.keySource != nil || !secrets.isEmpty || learns && !scheme.usesPublicKey
    }

    private func learntKeys(_ scheme: SignatureScheme) -> LearntKeys? {
        guard learns, scheme.keySource == nil, !scheme.usesPublicKey else { return nil }
        return learnt.map { LearntKeys($0, route: name) }
    }

    /// Warns that a route without a secret refuses everything.
    private func warnOfNoSecret() {
        guard secrets.supply == .configured, learnt?.secrets(of: name).isEmpty != false else { return }
        let state = "'sluice providers arm \(PrintableText.escape(name))', then create the webhook at the provider"
        if learnt == nil {
            context.note(reader.position, "the route learns its secret from a handshake: run \(state)")
        } else {
            context.warning(
                reader.position,
                "the route has no secret yet and answers every delivery with 401: run \(state)")
        }
    }

    /// A body is read by its `Content-Type` if that header cannot have been changed in transit, or nothing is verified.
    func bodyReader(_ signature: SignatureCoverage) -> BodyReader {
        BodyReader(
            kind: bodyKind, jsonField: reader.read(\.jsonField),
            trustsContentType: signature.covers(.header(BodyReader.contentType)))
    }

    /// The alternatives of `verify`; `nil` after recording a problem.
    private func mappings(_ node: YAMLNode?) -> [MappingReader<VerifyKeys>]? {
        guard let node else {
            if !reader.has("provider") {
                context.error(
                    reader.position,
                    "a route needs 'provider' or 'verify'; 'verify: none' accepts every request")
            }
            return []
        }
        switch node.content {
        case .mapping: return mapping(node).map { [$0] } ?? []
        case .sequence(let elements):
            guard 1...Self.maximumAlternatives ~= elements.count else {
                context.error(
                    node.position,
                    "'verify' as a list needs 1 to \(Self.maximumAlternatives) mappings, one of which must match")
                return nil
            }
            let mappings = elements.compactMap { mapping($0) }
            return mappings.count == elements.count ? mappings : []
        case .scalar:
            context.error(
                node.position, "'verify' must be a mapping, a list of mappings or the word none, not \(node.noun)")
            return nil
        }
    }

    private static let maximumAlternatives = 8

    private func mapping(_ node: YAMLNode) -> MappingReader<VerifyKeys>? {
        guard let mapping = MappingReader(node, RouteLanguage.verify, in: context) else { return nil }
        if !mapping.has("alg") { context.error(node.position, "'verify' needs 'alg', such as hmac-sha256") }
        return mapping
    }

    private func scheme(
        _ mapping: MappingReader<VerifyKeys>
    ) -> (scheme: SignatureScheme, mapping: MappingReader<VerifyKeys>)? {
        var schemeReader = SchemeReader(
            reader: mapping, settings: SignatureSettings(mapping), methods: methods, urlLength: urlLength,
            keySecret: keySecret, scope: schemeScope())
        return schemeReader.read().map { ($0, mapping) }
    }

    /// In bytes, without the query; `nil` if it differs between requests.
    private var urlLength: Int? {
        guard let publicURL else { return nil }
        guard publicURL.takesPathOfRequest else { return publicURL.constantLength }
        guard scope.parameters.isEmpty, let path = reader.node("path")?.scalar?.text else { return nil }
        return publicURL.constantLength + path.utf8.count
    }

    /// Makes sure that the text of an alternative is never that of another request, or reports the alternatives.
    private func distinguishTexts(of schemes: inout [(scheme: SignatureScheme, mapping: MappingReader<VerifyKeys>)]) {
        // A single text cannot be another one.
        guard schemes.count > 1 || schemes.contains(where: { $0.scheme.signed.count > 1 }) else { return }
        var alternatives = schemes.map { $0.scheme }
        let distinction = SignatureScheme.distinguish(&alternatives)
        for index in schemes.indices {
            schemes[index].scheme = alternatives[index]
            if distinction.limited.contains(index) { noteCondition(schemes[index].mapping) }
        }
        if let (mapping, subject) = written(distinction.ambiguous, schemes.map(\.mapping)) {
            context.error(
                mapping.position(of: "signed"),
                "\(subject) can be equal for different requests, without a clear boundary: an attacker could send a "
                    + "captured request for one as a request for the other, with another id, timestamp or body; use a "
                    + "route for each of them")
        } else if let (mapping, subject) = written(distinction.differentLiterals, schemes.map(\.mapping)) {
            context.warning(
                mapping.position(of: "signed"),
                "\(subject) differ only in the text around a value: an attacker could send a captured request with "
                    + "that text as a part of the value; use a route for each of them if the value must be exact")
        }
    }

    /// The first pair of texts that is not the preset's own, because the remedy is the same for all: the place of the
    /// second one, and words for both.
    private func written(
        _ pairs: [(first: Int, second: Int)], _ mappings: [MappingReader<VerifyKeys>]
    ) -> (mapping: MappingReader<VerifyKeys>, subject: String)? {
        let written = pairs.first { !isOfPreset(mappings[$0.first]) || !isOfPreset(mappings[$0.second]) }
        guard let (first, second) = written else { return nil }
        let subject =
            first == second
            ? "two texts of 'signed'"
            : "the signed texts of the alternatives \(first + 1) and \(second + 1) of 'verify'"
        return (mappings[second], subject)
    }

    /// Whether the preset says what is signed. Its notes say what follows if that is ambiguous, and the route could not
    /// improve it.
    private func isOfPreset(_ mapping: MappingReader<VerifyKeys>) -> Bool {
        mapping.position == presetPosition && written("signed", mapping) == nil
    }

    /// Warns that an alternative refuses bodies that the route is made for.
    private func noteCondition(_ mapping: MappingReader<VerifyKeys>) {
        guard bodyKind != .json, bodyKind != .auto, !isOfPreset(mapping) else { return }
        context.warning(
            mapping.position,
            "this alternative only accepts bodies that look like JSON: the text of a request for another alternative "
                + "could otherwise be that of another request for this one; use a route for each of them")
    }

    private func schemeScope() -> RouteScope {
        var scope = RouteScope(context: context)
        scope.subject = .signature
        scope.parameters = self.scope.parameters
        scope.hasPublicURL = publicURL != nil || reader.has("public_url")
        return scope
    }

    /// - Parameters:
    ///   - isWhole: whether all schemes could be read; otherwise there are no errors about secrets that may belong to a
    ///     missing one.
    ///   - needsSecrets: whether there is an alternative without a fetched key.
    /// - Returns: the secrets of each scheme.
    private func secrets(
        _ schemes: [SignatureScheme], isWhole: Bool, needsSecrets: Bool
    ) -> [[VerifierSecret]] {
        let withSecrets = schemes.filter { $0.keySource == nil }
        var read: [[VerifierSecret]] = withSecrets.map { _ in [] }
        if reader.has("secrets"), isWhole, withSecrets.isEmpty {
            reader.refuse("secrets", "'secrets' has no effect with 'key_from': the keys are fetched")
        } else if let node = reader.read(\.secrets) {
            read = secrets.read(node, for: withSecrets, isWhole: isWhole)
        } else if learns, isWhole {
            read = withSecrets.map { $0.usesPublicKey ? [] : secrets.learntStandIns($0) }
            warnOfNoSecret()
        } else if needsSecrets, !learns {
            context.error(reader.position, "a route that verifies requests needs 'secrets', such as [ { env: NAME } ]")
            return []
        }
        var next = read[...]
        return schemes.map { $0.keySource == nil ? next.popFirst() ?? [] : secrets.standIns($0) }
    }

    /// Those of schemes that use the route's secret to fetch keys.
    ///
    /// - Parameter isAlone: whether there are no alternatives that have secrets.
    private func secretsOfFetchedKeys(_ schemes: [SignatureScheme], isAlone: Bool) -> [[VerifierSecret]] {
        if !isAlone {
            context.error(
                reader.position,
                "'key_request' cannot be used next to an alternative without 'key_from': the secret of one would be "
                    + "sent to the host of the other")
        }
        return schemes.map { secrets.standIns($0) }
    }

    /// The secret that `key_request` sends.
    private func keySecret() -> [UInt8]? {
        guard let node = reader.read(\.secrets) else {
            context.error(reader.position, "a route with 'key_request' needs 'secrets', such as [ { env: NAME } ]")
            return nil
        }
        let keys = secrets.keys(node, "'secrets'", format: SecretFormat())
        if keys.count > 1 { context.error(node.position, "'key_request' sends one secret, and 'secrets' has several") }
        return keys.count == 1 ? keys[0].key : nil
    }

    /// The position of a key of `verify` in the route itself, not in its preset.
    private func written(_ key: String, _ mapping: MappingReader<VerifyKeys>) -> YAMLNode? {
        mapping.node(key).flatMap { $0.position == presetPosition ? nil : $0 }
    }

    /// Warns if the signature does not cover the body. The `signed` of a preset is exempt, because the route could not
    /// improve it.
    private func warnOfUncoveredBody(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>) {
        guard let node = written("signed", mapping),
            !SignatureCoverage(schemes: [scheme], publicURL: publicURL).holdsBody
        else { return }
        context.warning(
            node.position,
            "the signature does not cover the body: an attacker with a captured request could send any other body with "
                + "its signature; put ${body} into "
                + "'signed' if the sender signs it")
    }

    /// Warns of names and values that the signed text does not separate. The `signed` of a preset is exempt: its notes
    /// say so.
    private func warnOfPairs(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>) {
        guard let node = written("signed", mapping), scheme.joinsPairs else { return }
        let hasURL = scheme.signed.contains { $0.sources.contains(where: \.isURL) }
        context.warning(
            node.position,
            "the signed text does not separate the names and values of the form or query"
                + "\(hasURL ? ", nor the URL from them" : ""): an attacker with a captured request could move bytes "
                + "from one to the other, and so send other fields. Sign ${body} instead if the sender offers it, "
                + "or else \(hasURL ? "use a URL without a query, " : "")make 'unique_key' of fields, because their "
                + "order is not signed either, and require the fields that the job needs with 'exists' in 'when'")
    }

    /// Warns of a CRC-32 in place of the body. The `signed` of a preset is exempt: its notes say so.
    private func warnOfChecksum(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>) {
        guard let node = written("signed", mapping), scheme.holdsOnlyChecksum else { return }
        context.warning(
            node.position,
            "the signature covers the body only by its CRC-32: an attacker with a captured request could make another "
                + "body with the same CRC-32; put ${body} or ${sha256.body} into 'signed' if the sender signs it, or "
                + "else fetch what the job acts on from the sender")
    }

    /// Warns if the signature does not cover the timestamp. The `timestamp_from` of a preset is exempt.
    private func warnOfUncoveredTimestamp(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>) {
        guard let timestamp = scheme.timestamp, let node = written("timestamp_from", mapping) else { return }
        let coverage = SignatureCoverage(schemes: [scheme], publicURL: publicURL)
        guard !coverage.holdsTimestamp, !coverage.covers(timestamp.reference.source) else { return }
        context.warning(
            node.position,
            "the signature does not cover \(timestamp.reference.source.noun), which contains the timestamp: an "
                + "attacker with a captured request could "
                + "replay it with a fresh timestamp; put ${timestamp} into 'signed' if the sender signs it")
    }
}
