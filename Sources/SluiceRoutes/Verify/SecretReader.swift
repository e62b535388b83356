internal import SluiceBase
internal import SluiceYAML

/// Reads `secrets` and fetches what they name. No message ever holds a secret.
struct SecretReader {
    let context: FileContext
    let environment: [String: String]
    let files: SecretFiles
    let allowsInline: Bool

    /// - Returns: the keys, decoded; fewer than there are entries where problems have been noted.
    func read(_ node: YAMLNode, encoding: KeyEncoding) -> [[UInt8]] {
        guard let elements = context.list(node, "'secrets'") else { return [] }
        if elements.isEmpty { context.error(node.position, "'secrets' needs at least one secret") }
        return elements.compactMap { key($0, encoding) }
    }

    /// The variables that the entries of `secrets` name, set or not.
    static func environmentNames(_ node: YAMLNode) -> [String] {
        guard case .sequence(let elements) = node.content else { return [] }
        return elements.compactMap { element in
            guard case .mapping(let entries) = element.content else { return nil }
            return entries.first { $0.key == "env" }?.value.scalar?.text
        }
    }

    private func key(_ node: YAMLNode, _ encoding: KeyEncoding) -> [UInt8]? {
        guard let secret = secret(node) else { return nil }
        guard !secret.allSatisfy({ $0 == ASCII.space || $0 == ASCII.lineFeed || $0 == ASCII.carriageReturn || $0 == ASCII.tab }) else {
            context.error(node.position, "the secret is empty")
            return nil
        }
        guard let key = encoding.decode(secret), !key.isEmpty else {
            context.error(node.position, "the secret is not \(encoding.rawValue), as 'key_encoding' says")
            return nil
        }
        return key
    }

    private func secret(_ node: YAMLNode) -> [UInt8]? {
        guard let reader = MappingReader(node, .secret, in: context) else { return nil }
        guard case .mapping(let entries) = node.content, entries.count == 1 else {
            context.error(node.position, "a secret has one of 'env', 'file' and 'value'")
            return nil
        }
        return reader.value("env", environmentSecret) ?? reader.value("file", fileSecret) ?? reader.value("value", inlineSecret)
    }

    private func environmentSecret(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> [UInt8]? {
        guard let name = context.text(node, subject) else { return nil }
        guard let value = environment[name], !value.isEmpty else {
            let state = environment[name] == nil ? "not set" : "empty"
            context.error(node.position, "the environment variable \(PrintableText.escape(name)) is \(state)")
            return nil
        }
        return Array(value.utf8)
    }

    private func fileSecret(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> [UInt8]? {
        guard let path = context.text(node, subject) else { return nil }
        switch files.content(of: path) {
        case .success(let content): return Self.withoutFinalNewline(content)
        case .failure(let failure):
            context.error(node.position, "the secret file \(PrintableText.escape(path)) cannot be read: \(failure)")
            return nil
        }
    }

    private func inlineSecret(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> [UInt8]? {
        guard allowsInline else {
            context.error(node.position, "a secret in a route file needs --allow-inline-secrets; use 'env' or 'file'")
            return nil
        }
        return context.text(node, subject).map { Array($0.utf8) }
    }

    /// Editors end a file with a newline that is not part of the secret.
    private static func withoutFinalNewline(_ content: [UInt8]) -> [UInt8] {
        guard content.last == ASCII.lineFeed else { return content }
        let text = content.dropLast()
        return Array(text.last == ASCII.carriageReturn ? text.dropLast() : text)
    }
}
