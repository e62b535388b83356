internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Public keys that are fetched instead of secrets.
extension SchemeReader {
    /// - Returns: whether `key_from` and `key_urls` are valid.
    mutating func readKeySource(into additions: inout SignatureScheme.Additions) -> Bool {
        guard let node = reader.node("key_from") else {
            let useless = ["key_urls", "key_request"].filter(reader.has)
            for key in useless { reader.refuse(key, "'\(key)' has no effect without 'key_from'") }
            return useless.isEmpty
        }
        guard !KeysWithoutEffect.contain("key_from", with: settings.algorithm), refuseSecretKeys(),
            let text = scope.context.text(node, "'key_from'"), let location = keyLocation(text, at: node.position)
        else { return false }
        additions.keySource = KeySource(location, isKeySet: settings.algorithm == .jwt)
        return true
    }

    private mutating func keyLocation(_ text: String, at position: YAMLPosition) -> KeySource.Location? {
        guard text.contains("${") else {
            guard let url = fixedURL(text, at: position) else { return nil }
            guard let node = reader.node("key_request") else { return .fixed(url) }
            return keyRequest(node).map { .asked(url, $0) }
        }
        if reader.has("key_request") {
            reader.refuse(
                "key_request", "'key_request' needs a fixed URL in 'key_from': it sends the secret of the route there")
            return nil
        }
        guard let reference = single(text, "key_from"), let patterns = keyURLs(at: position) else { return nil }
        return .named(reference, patterns)
    }

    private func fixedURL(_ text: String, at position: YAMLPosition) -> KeyURL? {
        if reader.has("key_urls") {
            reader.refuse("key_urls", "'key_urls' has no effect with a fixed URL in 'key_from'")
            return nil
        }
        if let url = KeyURL(parsing: text) { return url }
        scope.context.error(
            position, "'key_from' must be a URL such as https://example.com/jwks.json, or one reference to a URL")
        return nil
    }

    /// What is sent for a key; `nil` after a problem has been noted.
    private func keyRequest(_ node: YAMLNode) -> KeyRequest? {
        guard let entries = context.entries(node, "'key_request'", as: "a mapping from names to texts") else {
            return nil
        }
        let members = entries.compactMap { entry in keyRequestText(entry).map { (name: entry.key, text: $0) } }
        guard members.count == entries.count else { return nil }
        let sources = members.flatMap(\.text.references).map(\.source)
        guard sources.contains(.secret), sources.contains(.derived(.keyID)) else {
            scope.context.error(
                node.position, "'key_request' must contain ${key}, the secret of the route, and ${key.id}")
            return nil
        }
        return keySecret().map { KeyRequest(members, secret: $0) }
    }

    private func keyRequestText(_ entry: YAMLEntry) -> TextTemplate? {
        let subject = "'\(PrintableText.escape(entry.key))' of 'key_request'"
        var scope = scope
        scope.hasKeyID = true
        guard let template = scope.template(entry.value, subject) else { return nil }
        let known: [ReferenceSource] = [.secret, .derived(.keyID)]
        if template.references.allSatisfy({ $0.fallback == nil && known.contains($0.source) }) { return template }
        scope.context.error(entry.value.position, "\(subject) can only contain ${key} and ${key.id}")
        return nil
    }

    /// The URLs that a request may name.
    private func keyURLs(at position: YAMLPosition) -> [KeyURLPattern]? {
        guard let node = reader.node("key_urls") else {
            scope.context.error(
                position,
                "'key_from' with a reference needs 'key_urls': otherwise an attacker could name a key of their own")
            return nil
        }
        return URLPatternReader(context: scope.context, key: "key_urls", allowsQuery: false).read(node)
    }

    /// - Returns: whether there is no key about secrets, and the algorithms have public keys.
    private func refuseSecretKeys() -> Bool {
        let keys = ["key_encoding", "key_strip_prefix"].filter(reader.has)
        for key in keys { reader.refuse(key, "'\(key)' has no effect with 'key_from', which fetches public keys") }
        if settings.algorithm == .jwt, !settings.usesPublicKey(reader) {
            scope.context.error(
                reader.position, "'key_from' needs algorithms with public keys in 'algs', such as RS256")
            return false
        }
        return keys.isEmpty
    }
}

/// Reads a list of URLs that a request may name.
struct URLPatternReader {
    let context: FileContext
    /// The key of the list.
    let key: String
    let allowsQuery: Bool

    func read(_ node: YAMLNode) -> [KeyURLPattern]? {
        guard let elements = context.list(node, "'\(key)'") else { return nil }
        if elements.isEmpty { context.error(node.position, "'\(key)' needs at least one URL") }
        let patterns = elements.compactMap { element -> KeyURLPattern? in
            guard let text = context.text(element, "a URL of '\(key)'") else { return nil }
            if let pattern = KeyURLPattern(parsing: text, allowsQuery: allowsQuery) { return pattern }
            context.error(
                element.position,
                "a URL of '\(key)' must be like https://keys.*.example.com/\(allowsQuery ? "?id=*" : "*.pem"), where a "
                    + "'*' in the host is one label, and the last two labels are written out")
            return nil
        }
        return patterns.count == elements.count && !patterns.isEmpty ? patterns : nil
    }
}
