internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// A provider in the route language: the keys of a route that names it, and information for people.
package struct ProviderPreset: Sendable {
    package let name: String
    package let title: String
    /// The URL of the provider's documentation; empty if it is not known.
    package let docs: String
    package let aliases: [String]
    /// What to enter in the provider's settings; empty if it is not known.
    package let setup: String
    /// What the route's secrets contain; empty if it is not known.
    package let secret: String
    /// What the route's `account` must contain.
    package let account: [(name: String, meaning: String)]
    /// The known event names, or beginnings of them with a `*`; empty if they are not known.
    package let events: [String]
    /// Values that several deliveries share although they look like ids, as written, and what each does.
    let notUnique: [ValueFact]
    /// Values that are different in each attempt to deliver the same event, and why.
    let changesPerTry: [ValueFact]
    /// The time between the first and the last attempt; `nil` if it is not known.
    package let retrySpan: Duration?
    /// The maximum age of a signed timestamp on arrival; `nil` if it is not known.
    package let deliveryDelay: Duration?
    package let answerWithin: Duration?
    /// The statuses that the provider treats as success; empty for every 2xx.
    package let success: [Int]
    /// The text that the body of a successful answer must contain, empty if the body must be empty; `nil` for any body.
    package let successBody: String?
    package let notes: [String]
    /// Facts that are not in the provider's documentation.
    package let unverified: [String]
    let samples: [YAMLEntry]
    /// The route's keys of the preset, in the order of the file.
    let keys: [YAMLEntry]
    /// The sources of the references in its unique key.
    let keySources: Set<ReferenceSource>
    /// The location of the preset.
    let location: SourceLocation

    /// A value of a request, as written, and what is to be known of it, as a clause.
    typealias ValueFact = (written: String, source: ReferenceSource, meaning: String)

    init?(name: String, _ node: YAMLNode, in context: FileContext) {
        guard let reader = MappingReader(node, RouteLanguage.provider, in: context) else { return nil }
        self.name = name
        title = reader.read(\.title) ?? name
        docs = Self.address(reader) ?? ""
        aliases = reader.read(\.aliases) ?? []
        setup = reader.read(\.setup) ?? ""
        secret = reader.read(\.secret) ?? ""
        account = Self.texts(reader.read(\.account), "'account'", in: context)
        events = reader.read(\.events) ?? []
        notUnique = Self.valueFacts(reader.read(\.notUnique), "'not_unique'", in: context)
        changesPerTry = Self.valueFacts(reader.read(\.changesPerTry), "'changes_per_try'", in: context)
        retrySpan = reader.read(\.retrySpan)
        deliveryDelay = reader.read(\.deliveryDelay)
        answerWithin = reader.read(\.answerWithin)
        success = reader.read(\.success) ?? []
        successBody = reader.read(\.successBody)
        notes = reader.read(\.notes) ?? []
        unverified = reader.read(\.unverified) ?? []
        samples = Self.entries(reader.read(\.samples), "'samples'", in: context)
        keys = reader.entries.filter { !ProviderKeys.information.contains($0.key) }
        keySources = Self.sources(in: keys["unique_key"]?.texts ?? [])
        location = context.location(node.position)
    }

    private static func address(_ reader: MappingReader<ProviderKeys>) -> String? {
        guard let node = reader.node("docs"), let text = reader.read(\.docs) else { return nil }
        if text.hasPrefix("https://") { return text }
        reader.context.error(node.position, "'docs' must be an address that begins with https://")
        return nil
    }

    private static func entries(_ node: YAMLNode?, _ subject: String, in context: FileContext) -> [YAMLEntry] {
        node.flatMap { context.entries($0, subject) } ?? []
    }

    private static func texts(
        _ node: YAMLNode?, _ subject: String, in context: FileContext
    ) -> [(name: String, meaning: String)] {
        entries(node, subject, in: context).compactMap { entry in
            if entry.key.wholeMatch(of: /[a-z][a-z0-9_]*/) == nil {
                context.error(
                    entry.position, "a name in \(subject) consists of a-z, 0-9 and _, and begins with a letter")
            }
            return context.text(entry.value, "'\(PrintableText.escape(entry.key))' of \(subject)").map {
                (entry.key, $0)
            }
        }
    }

    private static func valueFacts(_ node: YAMLNode?, _ subject: String, in context: FileContext) -> [ValueFact] {
        entries(node, subject, in: context).compactMap { entry in
            let written = PrintableText.escape(entry.key)
            guard let parts = try? TemplateParser.parse("${\(entry.key)}"), parts.count == 1,
                case .reference(let reference)? = parts.first
            else {
                context.error(
                    entry.position, "'\(written)' in \(subject) must be a value of a request, such as body.id")
                return nil
            }
            return context.text(entry.value, "'\(written)' of \(subject)").map { (written, reference.source, $0) }
        }
    }

    /// Whether the provider has an event.
    func hasEvent(_ name: String) -> Bool {
        events.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : $0 == name }
    }

    /// The text of a key of the preset, or the texts of a list.
    package func texts(of key: String) -> [String] { keys[key]?.texts ?? [] }

    private static func sources(in texts: [String]) -> Set<ReferenceSource> {
        let parts = texts.flatMap { (try? TemplateParser.parse($0)) ?? [] }
        return Set(parts.compactMap { if case .reference(let reference) = $0 { reference.source } else { nil } })
    }
}

extension ProviderPreset {
    /// Adds the preset's keys to a route that does not set them; inside `verify` key by key.
    ///
    /// - Parameters:
    ///   - position: the position of the preset's name in the route, for everything from the preset. `nil` keeps the
    ///     positions in the preset's file.
    ///   - account: the values of `${account.NAME}`.
    func completing(_ route: [YAMLEntry], at position: YAMLPosition?, account: [String: String]) -> [YAMLEntry] {
        var entries = route
        // Which field of a form is used depends on how the body is parsed.
        let isBodyOwn = entries["body"] != nil
        for key in keys where !(isBodyOwn && key.key == "json_field") {
            let inherited = key.inherited(at: position) { text in
                account.reduce(text) { $0.replacing("${account.\($1.key)}", with: $1.value) }
            }
            guard let index = entries.firstIndex(where: { $0.key == key.key }) else {
                entries.append(inherited)
                continue
            }
            guard key.key == "verify" else { continue }
            entries[index] = YAMLEntry(
                key: key.key, position: entries[index].position,
                value: entries[index].value.completed(with: inherited.value))
        }
        return entries
    }
}

extension ProviderPreset {
    /// One way of verifying requests, as written.
    package struct Scheme: Sendable {
        package let algorithm: String
        /// Empty if the algorithm implies it.
        package let signatureFrom: String
        /// One of them must match; empty if nothing is signed.
        package let signed: [String]
        /// `nil` without a timestamp.
        package let tolerance: String?
        /// Whether a token contains the digest of the URL.
        fileprivate let signsURL: Bool
        /// The source of a fetched key; `nil` if there is a secret.
        package let keyFrom: String?
        /// Whether the secret is used to fetch the key.
        fileprivate let asksForKey: Bool

        fileprivate init(_ entries: [YAMLEntry]) {
            func texts(_ key: String) -> [String] { entries[key]?.texts ?? [] }
            algorithm = texts("alg").first ?? ""
            signsURL = entries["jwt"]?["url_hash"] != nil
            signatureFrom = texts("signature_from").first ?? ""
            let isSigned = !["static", "basic", "jwt"].contains(algorithm)
            signed = isSigned ? (texts("signed").isEmpty ? ["${body}"] : texts("signed")) : []
            keyFrom = texts("key_from").first
            asksForKey = entries["key_request"] != nil
            tolerance = texts("timestamp_from").isEmpty ? nil : texts("tolerance").first ?? "5m"
        }
    }

    /// The alternatives for verifying requests.
    package var schemes: [Scheme] {
        switch keys["verify"]?.content {
        case .mapping(let entries): [Scheme(entries)]
        case .sequence(let alternatives): alternatives.compactMap { $0.mapping.map(Scheme.init) }
        case .scalar, nil: []
        }
    }

    /// Whether a route needs `secrets`.
    package var needsSecret: Bool {
        texts(of: "verify") != ["none"] && (schemes.isEmpty || schemes.contains { $0.keyFrom == nil || $0.asksForKey })
    }

    /// Whether handshakes need a secret: for a token, or for an HMAC if the route has no other secret.
    package var needsHandshakeSecret: Bool {
        hasHandshake(with: "token") || (!needsSecret && hasHandshake(with: "hmac"))
    }

    /// Whether the provider generates the secret and sends it in a handshake.
    package var learnsSecret: Bool { hasHandshake(with: "learn") }

    private func hasHandshake(with key: String) -> Bool {
        (keys["handshake"]?.sequence ?? []).contains { $0[key] != nil }
    }

    /// Whether a route needs the URL that the provider calls.
    package var needsPublicURL: Bool {
        schemes.contains { scheme in scheme.signsURL || scheme.signed.contains { $0.contains("${url") } }
    }
}

extension YAMLNode {
    /// The mapping with the missing entries of another one, also for each mapping in a list.
    fileprivate func completed(with other: YAMLNode) -> YAMLNode {
        guard let own = mapping else { return self }
        switch other.content {
        case .scalar: return self
        case .sequence(let alternatives):
            return YAMLNode(position: position, content: .sequence(alternatives.map { completed(with: $0) }))
        case .mapping(let others):
            return YAMLNode(position: position, content: .mapping(own + others.filter { own[$0.key] == nil }))
        }
    }

    /// The node with every text replaced, and at another position with all its contents.
    func inherited(at position: YAMLPosition?, _ replace: (String) -> String) -> YAMLNode {
        let content: Content =
            switch content {
            case .scalar(let scalar):
                // Finding one byte is much faster than finding two.
                .scalar(
                    scalar.text.utf8.contains(UInt8(ascii: "$"))
                        ? YAMLScalar(text: replace(scalar.text), style: scalar.style) : scalar)
            case .sequence(let elements): .sequence(elements.map { $0.inherited(at: position, replace) })
            case .mapping(let entries): .mapping(entries.map { $0.inherited(at: position, replace) })
            }
        return YAMLNode(position: position ?? self.position, content: content)
    }
}

extension YAMLEntry {
    fileprivate func inherited(at position: YAMLPosition?, _ replace: (String) -> String) -> YAMLEntry {
        YAMLEntry(key: key, position: position ?? self.position, value: value.inherited(at: position, replace))
    }
}
