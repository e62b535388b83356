internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `verify` and `secrets` of a route.
struct VerifierReader {
    /// The route.
    let reader: MappingReader<RouteKeys>
    let secrets: SecretReader
    /// Where the route names the preset that brings some of the keys; `nil` without one.
    let presetPosition: YAMLPosition?
    /// The scope of the route's own references, with its path parameters.
    let scope: RouteScope
    let bodyKind: BodyKind
    let publicURL: PublicURL?
    /// The methods that the route takes.
    let methods: [String]

    private var context: FileContext { reader.context }

    /// - Returns: `nil` after a problem has been noted.
    func read() -> Verifier? {
        let node = reader.read(\.verify)
        if let node {
            if node.scalar?.text == "none" { return unverified() }
            guard case .mapping = node.content else {
                context.error(node.position, "'verify' must be a mapping or the word none, not \(node.noun)")
                return nil
            }
        }
        let settings = settings(node)
        var scheme: SignatureScheme?
        if let settings {
            var schemeReader = SchemeReader(
                reader: settings.reader, position: settings.reader.position, settings: settings.values,
                methods: methods,
                scope: schemeScope())
            scheme = schemeReader.read()
        }
        let secrets = secrets(settings?.values ?? SignatureSettings())
        guard let scheme, !secrets.isEmpty else { return nil }
        warnOfUncoveredTimestamp(scheme, settings?.reader)
        warnOfUncoveredBody(scheme, settings?.reader)
        return .signature(
            SignatureVerifier(scheme: scheme, secrets: secrets, body: bodyReader(scheme), publicURL: publicURL))
    }

    /// - Parameter scheme: `nil` for a route that verifies nothing.
    func bodyReader(_ scheme: SignatureScheme?) -> BodyReader {
        BodyReader(
            kind: bodyKind, jsonField: reader.read(\.jsonField),
            trustsContentType: trusts(BodyReader.contentType, scheme))
    }

    /// Whether nobody can have changed a header on the way, or the route verifies nothing.
    ///
    /// - Parameter scheme: `nil` for a route that verifies nothing.
    func trusts(_ header: HeaderName, _ scheme: SignatureScheme?) -> Bool {
        scheme.map { SignatureCoverage(scheme: $0, publicURL: publicURL).covers(.header(header)) } ?? true
    }

    private func unverified() -> Verifier {
        if let entry = reader.entry("secrets") {
            context.error(entry.position, "'secrets' has no effect with 'verify: none'")
        }
        return .none
    }

    private func settings(_ node: YAMLNode?) -> (values: SignatureSettings, reader: MappingReader<VerifyKeys>)? {
        guard let node else {
            if !reader.has("provider") {
                context.error(
                    reader.position,
                    "a route needs 'provider' or 'verify'; 'verify: none' accepts every request")
            }
            return nil
        }
        guard let mapping = MappingReader(node, RouteLanguage.verify, in: context) else { return nil }
        if !mapping.has("alg") {
            context.error(node.position, "'verify' needs 'alg', such as hmac-sha256")
        }
        var values = SignatureSettings()
        values.take(mapping)
        return (values, mapping)
    }

    private func schemeScope() -> RouteScope {
        var scope = RouteScope(context: context)
        scope.subject = .signature
        scope.parameters = self.scope.parameters
        scope.hasPublicURL = publicURL != nil || reader.has("public_url")
        return scope
    }

    private func secrets(_ settings: SignatureSettings) -> [VerifierSecret] {
        guard let node = reader.read(\.secrets) else {
            context.error(reader.position, "a route that verifies requests needs 'secrets', such as [ { env: NAME } ]")
            return []
        }
        return secrets.read(node, form: settings.keyForm, algorithm: settings.algorithm)
    }

    /// Where a key of `verify` stands that the route itself says, not its preset.
    private func written(_ key: String, _ mapping: MappingReader<VerifyKeys>?) -> YAMLNode? {
        mapping?.node(key).flatMap { $0.position == presetPosition ? nil : $0 }
    }

    /// Not of a preset's either.
    private func warnOfUncoveredBody(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>?) {
        guard let node = written("signed", mapping),
            !SignatureCoverage(scheme: scheme, publicURL: publicURL).holdsBody
        else { return }
        context.warning(
            node.position,
            "the signature does not cover the body: an attacker with a captured request could send any other body with "
                + "its signature; put ${body} into "
                + "'signed' if the sender signs it")
    }

    /// Not of a preset's: there is nothing that the route could say better.
    private func warnOfUncoveredTimestamp(_ scheme: SignatureScheme, _ mapping: MappingReader<VerifyKeys>?) {
        guard let timestamp = scheme.timestamp, let node = written("timestamp_from", mapping) else { return }
        let coverage = SignatureCoverage(scheme: scheme, publicURL: publicURL)
        guard !coverage.holdsTimestamp, !coverage.covers(timestamp.reference.source) else { return }
        context.warning(
            node.position,
            "the signature does not cover \(timestamp.reference.source.noun), which contains the timestamp: an "
                + "attacker with a captured request could "
                + "replay it with a fresh timestamp; put ${timestamp} into 'signed' if the sender signs it")
    }
}
