internal import SluiceRoutes
internal import SluiceYAML

/// A route with only a preset, to check the preset or to sign sample requests.
package struct SampleRoute: Sendable {
    /// As received, without the query.
    package var path = "/sample"
    /// The URL that the provider calls; with a path, it is the whole URL.
    package var publicURL = "https://hooks.example.com"
    /// The preset's required values of `account`.
    package var account: [String: String] = [:]
    /// As in a variable; `nil` for the secret of `sluice dev`.
    package var secret: String?
    /// The same for handshakes.
    package var handshakeSecret: String?

    package init() {}

    /// The route in the notation of a file.
    func node(of preset: ProviderPreset) -> YAMLNode {
        let position = YAMLPosition(line: preset.location.line, column: preset.location.column)
        func entry(_ key: String, _ content: YAMLNode.Content) -> YAMLEntry {
            YAMLEntry(key: key, position: position, value: YAMLNode(position: position, content: content))
        }
        func text(_ text: String) -> YAMLNode.Content { .scalar(YAMLScalar(text: text, style: .doubleQuoted)) }
        func list(_ element: YAMLEntry) -> YAMLNode.Content {
            .sequence([YAMLNode(position: position, content: .mapping([element]))])
        }
        func secrets(_ secret: String?) -> YAMLNode.Content {
            list(secret.map { entry("value", text($0)) } ?? entry("env", text(Self.missingVariable)))
        }
        var entries = [
            entry("path", text(path)), entry("provider", text(preset.name)), entry("public_url", text(publicURL)),
            entry("jobs", list(entry("type", text("sample")))),
        ]
        if !account.isEmpty {
            let values = account.sorted { $0.key < $1.key }.map { entry($0.key, text($0.value)) }
            entries.append(entry("account", .mapping(values)))
        }
        if preset.needsSecret { entries.append(entry("secrets", secrets(secret))) }
        if preset.needsHandshakeSecret { entries.append(entry("handshake_secrets", secrets(handshakeSecret))) }
        return YAMLNode(position: position, content: .mapping(entries))
    }

    /// The name of a variable that is never read.
    private static let missingVariable = "SECRET"
}
