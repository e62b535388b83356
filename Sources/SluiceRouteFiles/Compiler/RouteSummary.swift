internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// A route in words, for people who look at the table.
package struct RouteSummary: Sendable, Hashable, Codable {
    package var name: String
    package var path: String
    package var methods: [String]
    /// Where it is declared: `routes/github.yaml:12`.
    package var place: String
    /// `github`, `hmac-sha256`, or `none`.
    package var verification: String
    /// As it is written, or as its provider brings it; the parts of a list are joined by ` + `. `nil` where nothing is
    /// a duplicate.
    package var uniqueKey: String?
    /// What the array of `each` is.
    package var each: String?
    /// What its rules make, in order: kinds, types as they are written, and `ignore`.
    package var makes: [String]
    /// `ignore`, `dead_letter`, or `nil` where the last rule takes everything.
    package var otherwise: String?

    /// Reads what the table shows from the route as it is written.
    ///
    /// - Parameters:
    ///   - name: of the route.
    ///   - path: of the route.
    init(
        _ reader: MappingReader<RouteKeys>, name: String, path: String, methods: [String], preset: ProviderPreset?,
        source: RouteSource
    ) {
        self.name = name
        self.path = path
        self.methods = methods
        place = "\(reader.context.file):\(reader.position.line)"
        verification = Self.verification(reader, preset)
        uniqueKey = source.uniqueKey.isEmpty ? nil : source.uniqueKey.joined(separator: " + ")
        each = Self.text(reader.node("each"))
        makes = source.makes
        otherwise = Self.text(reader.node("otherwise"))
    }

    private static func verification(_ reader: MappingReader<RouteKeys>, _ preset: ProviderPreset?) -> String {
        switch reader.node("verify")?.content {
        case .scalar(let scalar): scalar.text
        case .mapping(let entries): entries.first { $0.key == "alg" }?.value.scalar?.text ?? preset?.name ?? ""
        case .sequence, nil: preset?.name ?? ""
        }
    }

    private static func text(_ node: YAMLNode?) -> String? {
        switch node?.content {
        case .scalar(let scalar): scalar.text
        case .sequence(let elements): elements.compactMap { $0.scalar?.text }.joined(separator: " + ")
        case .mapping, nil: nil
        }
    }

    static func makes(_ node: YAMLNode?) -> [String] {
        guard case .sequence(let rules)? = node?.content else { return [] }
        return rules.map { rule in
            guard case .mapping(let entries) = rule.content else { return "" }
            let value = { (key: String) in entries.first { $0.key == key }?.value.scalar?.text }
            return value("kind") ?? value("type") ?? (value("ignore") == "true" ? "ignore" : "")
        }
    }
}
