internal import SluiceBase
package import SluiceRoutes
internal import SluiceYAML

/// The values of `${sample.…}` in the sample requests of a preset.
package struct SampleValues: Sendable {
    /// 32 hex digits, grouped as in a UUID.
    package var uuid: String
    /// A positive integer.
    package var number: Int
    package var milliseconds: Int64
    /// The values of `${account.…}`.
    package var account: [String: String] = [:]

    package init(uuid: String, number: Int, milliseconds: Int64) {
        self.uuid = uuid
        self.number = number
        self.milliseconds = milliseconds
    }

    fileprivate func fill(_ text: String) -> String {
        let values = [
            "uuid": uuid, "number": String(number), "unix": String(milliseconds / 1000),
            "unix_ms": String(milliseconds), "time": TimestampText.format(milliseconds: milliseconds),
        ]
        let filled = values.reduce(text) { $0.replacing("${sample.\($1.key)}", with: $1.value) }
        return account.reduce(filled) { $0.replacing("${account.\($1.key)}", with: $1.value) }
    }
}

extension ProviderPreset {
    /// The names of the sample requests, in the order of the file.
    package var sampleNames: [String] { samples.map(\.key) }

    /// Returns a sample request, without its signature.
    ///
    /// - Parameter name: one of `sampleNames`.
    /// - Returns: `nil` if there is no such sample, or it is not a valid request.
    package func sample(_ name: String, _ values: SampleValues, path: RoutePath) -> RequestToSign? {
        read(name, values, path: path, log: ProblemLog())
    }

    /// Records problems of the samples.
    func checkSamples(path: RoutePath, _ log: ProblemLog) {
        let values = SampleValues(uuid: "00000000-0000-4000-8000-000000000000", number: 1, milliseconds: 0)
        for name in sampleNames { _ = read(name, values, path: path, log: log) }
    }

    private func read(_ name: String, _ values: SampleValues, path: RoutePath, log: ProblemLog) -> RequestToSign? {
        guard let sample = samples[name] else { return nil }
        let context = FileContext(file: location.file, log: log)
        let methods = texts(of: "methods")
        let reader = ExampleReader(
            context: context, path: path, methods: methods.isEmpty ? ["POST"] : methods, hasSecrets: true)
        return reader.request(sample.inherited(at: nil, values.fill))
    }
}

/// A route with only a preset, to check the preset or to sign sample requests.
package struct SampleRoute: Sendable {
    /// As received, without the query.
    package var path = "/sample"
    /// The URL that the provider calls; with a path, it is the whole URL.
    package var publicURL = "https://hooks.example.com"
    /// The preset's required values of `account`.
    package var account: [String: String] = [:]
    /// A variable and its value; `nil` for the secret of `sluice dev`.
    package var secret: (variable: String, value: String)?
    /// The same for handshakes.
    package var handshakeSecret: (variable: String, value: String)?

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
        func secrets(_ variable: String?) -> YAMLNode.Content {
            list(entry("env", text(variable ?? Self.missingVariable)))
        }
        var entries = [
            entry("path", text(path)), entry("provider", text(preset.name)), entry("public_url", text(publicURL)),
            entry("jobs", list(entry("type", text("sample")))),
        ]
        if !account.isEmpty {
            let values = account.sorted { $0.key < $1.key }.map { entry($0.key, text($0.value)) }
            entries.append(entry("account", .mapping(values)))
        }
        if preset.needsSecret { entries.append(entry("secrets", secrets(secret?.variable))) }
        if preset.needsHandshakeSecret {
            entries.append(entry("handshake_secrets", secrets(handshakeSecret?.variable)))
        }
        return YAMLNode(position: position, content: .mapping(entries))
    }

    /// The name of a variable that is never set.
    private static let missingVariable = "no variable"

    /// The given secrets, by variable.
    var environment: [String: String] {
        let given = [secret, handshakeSecret].compactMap { $0 }
        return Dictionary(given.map { ($0.variable, $0.value) }) { first, _ in first }
    }
}
