internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads a scheme from one mapping `verify`.
struct SchemeReader {
    /// The mapping `verify`.
    let reader: MappingReader<VerifyKeys>
    let settings: SignatureSettings
    /// The methods of the route.
    let methods: [String]
    /// The length of the URL without its query; `nil` if it differs between requests.
    let urlLength: Int?
    /// The text of the route's one secret, for `key_request`; `nil` after a problem has been noted.
    let keySecret: () -> [UInt8]?
    /// Has `timestamp` and `id`, and separate body paths for the scheme.
    var scope: RouteScope

    var context: FileContext { scope.context }

    private func position(of key: String) -> YAMLPosition { reader.position(of: key) }

    mutating func read() -> SignatureScheme? {
        refuseKeysWithoutEffect()
        var additions = SignatureScheme.Additions()
        guard readItems(into: &additions), readKeySource(into: &additions) else { return nil }
        let location = signatureLocation()
        let timestamp = timestamp(location)
        let id = settings.idFrom.flatMap { single($0, "id_from") }
        let texts = signedTexts()
        additions.token = token()
        guard let requirements = requirements(), let location, let texts else { return nil }
        additions.requirements = requirements
        if settings.algorithm == .jwt, additions.token == nil { return nil }
        if settings.algorithm.signsText { check(texts.map(\.template)) }
        checkPrefixes(location, timestamp)
        let open = settings.algorithm.signsText ? openSource(texts.map(\.template)) : nil
        let signed = texts.compactMap { signedTemplate($0.template, open: open, at: $0.position) }
        guard signed.count == texts.count else { return nil }
        // A route that overrides the preset's text may omit what the text required.
        let needsTimestamp = signed.contains { $0.sources.contains(.signedTimestamp) } || settings.tolerance > .zero
        return SignatureScheme(
            algorithm: settings.algorithm, location: location, format: signatureFormat(timestamp),
            secretFormat: settings.secretFormat,
            timestamp: needsTimestamp ? timestamp : nil,
            id: signed.contains { $0.sources.contains(.signedID) } ? id : nil, idPattern: settings.idPattern,
            signed: signed, paths: scope.paths, additions: additions)
    }

    private func signedTemplate(
        _ template: TextTemplate, open: ReferenceSource?, at position: YAMLPosition
    ) -> SignedTemplate? {
        do throws(AmbiguousJoinError) {
            return try SignedTemplate(template, extent: extent(of:), open: open)
        } catch {
            context.error(
                position,
                "'signed' joins \(error.first.noun) and \(error.second.noun) without a clear boundary "
                    + "between them: an attacker could split a captured request differently; \(remedy(for: error))")
            return nil
        }
    }

    /// The possible values of a part of `signed`.
    private func extent(of source: ReferenceSource) -> SignedExtent {
        switch source {
        case .signedTimestamp: settings.timestampFormat.extent
        case .signedID: settings.idPattern.extent
        // SHA-256 in hex.
        case .bodyDigest: .fixed(64)
        case .method: Self.areSelfDelimiting(methods) ? .selfDelimiting : .open
        // MD5 in base64.
        case .derived(.bodyMD5): .fixed(24)
        case .verifyOnly(.escaped): .escaped
        // Not a value of the request.
        case .secret: .selfDelimiting
        case .urlWithoutQuery: urlLength.map { .fixed($0) } ?? .open
        default: .open
        }
    }

    /// Whether no method is a prefix or suffix of another one.
    private static func areSelfDelimiting(_ methods: [String]) -> Bool {
        methods.allSatisfy { method in
            methods.allSatisfy { $0 == method || !method.hasPrefix($0) && !method.hasSuffix($0) }
        }
    }

    private func remedy(for join: AmbiguousJoinError) -> String {
        if [join.first, join.second].contains(.signedID) {
            return "set 'id_pattern' to the format of the sender's ids with a fixed length, such as [0-9a-f-]{36}"
        }
        return "put the sender's separator between them"
    }

    private mutating func signatureLocation() -> SignatureLocation? {
        guard let text = settings.signatureFrom else {
            if !reader.has("signature_from") {
                context.error(reader.position, "'verify' needs 'signature_from', such as ${header.X-Signature}")
            }
            return nil
        }
        guard let reference = single(text, "signature_from", mayBeBody: settings.algorithm == .jwt) else { return nil }
        guard case .header(let name) = reference.source else { return .value(reference) }
        return name.description.hasSuffix("-*") ? .numbered(name) : .header(name)
    }

    /// A text that consists of one reference to a value of a request that can contain a part of a signature.
    mutating func single(_ text: String, _ key: String, mayBeBody: Bool = false) -> Reference? {
        guard let template = scope.template(text, at: position(of: key)) else { return nil }
        if let sole = template.soleReference, sole.fallback == nil,
            sole.source.isPartOfRequest || mayBeBody && sole.source == .body(.root)
        {
            return sole
        }
        context.error(
            position(of: key),
            "'\(key)' must be one reference to a header, a query parameter, a path parameter or a field of the body, "
                + "such as "
                + "${header.X-Signature}")
        return nil
    }

    private func signatureFormat(_ timestamp: SignedTimestamp?) -> SignatureFormat {
        let encoding: SignatureEncoding? =
            switch settings.algorithm {
            case .token, .jwt: nil
            case .basic: .base64
            default: settings.signatureEncoding
            }
        var format = SignatureFormat(
            prefix: Array(settings.signaturePrefix.utf8), separator: separator(), encoding: encoding)
        format.skipsFirst = timestamp?.isFirstEntry ?? false
        format.isLoose = settings.algorithm == .basic || settings.hasLooseNames
        if settings.algorithm == .jwt { format.longest = Self.longestToken }
        return format
    }

    /// In bytes.
    private static let longestToken = 256 << 10

    private func separator() -> UInt8? {
        guard let text = settings.signatureSplit else { return nil }
        if let byte = text.utf8.first, text.utf8.count == 1, 0x20...0x7E ~= byte, !settings.signatureEncoding.uses(byte)
        {
            return byte
        }
        context.error(
            position(of: "signature_split"),
            "'signature_split' must be one ASCII character that no signature contains, such as ','")
        return nil
    }

    private mutating func timestamp(_ location: SignatureLocation?) -> SignedTimestamp? {
        guard let text = settings.timestampFrom else {
            for key in ["timestamp_prefix", "timestamp_format", "tolerance"] {
                refuseKey(key, without: "'timestamp_from'")
            }
            return nil
        }
        guard let reference = single(text, "timestamp_from") else { return nil }
        if settings.timestampPrefix?.isEmpty == true {
            context.error(position(of: "timestamp_prefix"), "'timestamp_prefix' must not be empty")
        }
        var isFirst = false
        if case .header(let name) = reference.source, settings.timestampPrefix == nil, settings.signatureSplit != nil {
            isFirst = location?.headers.contains(name) ?? false
        }
        var timestamp = SignedTimestamp(
            reference: reference, prefix: settings.timestampPrefix.map { Array($0.utf8) },
            separator: isFirst || settings.timestampPrefix != nil ? separator() : nil, isFirstEntry: isFirst,
            format: settings.timestampFormat, tolerance: settings.tolerance)
        timestamp.isLoose = settings.hasLooseNames
        return timestamp
    }

    private func refuseKey(_ key: String, without other: String) {
        reader.refuse(key, "'\(key)' has no effect without \(other)")
    }
}

extension SchemeReader {
    /// Checks that the parts of `signed` can be separated.
    private func check(_ templates: [TextTemplate]) {
        let sources = templates.flatMap(\.references).map(\.source)
        if templates.contains(where: { $0.references.isEmpty }) {
            context.error(
                position(of: "signed"),
                "'signed' contains no reference, so every request would have the same signature")
        }
        if sources.contains(.signedTimestamp), settings.timestampFrom == nil {
            context.error(
                position(of: "signed"),
                "'signed' contains ${timestamp}, but there is no 'timestamp_from' with its location")
        }
        if !sources.contains(.signedTimestamp), settings.tolerance == .zero {
            refuseKey("timestamp_from", without: "${timestamp} in 'signed' or a 'tolerance'")
        }
        if sources.contains(.signedID), settings.idFrom == nil {
            context.error(
                position(of: "signed"), "'signed' contains ${id}, but there is no 'id_from' with its location")
        }
        if !sources.contains(.signedID) {
            for key in ["id_from", "id_pattern"] { refuseKey(key, without: "${id} in 'signed'") }
        }
        checkKey(templates)
    }

    /// A plain digest proves nothing without the secret in its text; any other signature has the secret as its key.
    private func checkKey(_ templates: [TextTemplate]) {
        let haveKey = templates.map { $0.references.contains { $0.source == .secret } }
        if settings.algorithm == .sha256 {
            guard haveKey.contains(false) else { return }
            context.error(
                position(of: "signed"),
                "'signed' must contain ${key} with 'alg: sha256': without the secret anyone can make the digest")
        } else if haveKey.contains(true) {
            context.error(
                position(of: "signed"),
                "'signed' must not contain ${key} with 'alg: \(settings.algorithm.rawValue)', which has the secret as "
                    + "its key")
        }
    }

    private func checkPrefixes(_ location: SignatureLocation, _ timestamp: SignedTimestamp?) {
        let separator = settings.signatureSplit
        for (key, prefix) in [
            ("signature_prefix", settings.signaturePrefix), ("timestamp_prefix", settings.timestampPrefix ?? ""),
        ] {
            guard let separator, !separator.isEmpty, prefix.contains(separator) else { continue }
            context.error(
                position(of: key),
                "'\(key)' contains the character of 'signature_split', so no entry can begin with it")
        }
        guard let timestamp, case .header(let name) = timestamp.reference.source, location.headers.contains(name) else {
            return
        }
        if separator == nil || timestamp.prefix == nil && !timestamp.isFirstEntry {
            context.error(
                position(of: "timestamp_from"),
                "a timestamp in the signature header needs 'signature_split', and 'timestamp_prefix' unless it is the "
                    + "first entry"
            )
        }
    }
}
