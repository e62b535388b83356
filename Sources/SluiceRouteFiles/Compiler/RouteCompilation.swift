package import SluiceBase
package import SluiceRoutes
internal import SluiceYAML

/// The result of compiling the route files.
package struct RouteCompilation: Sendable {
    /// `nil` if there is any problem: a table comes whole or not at all.
    package let table: RouteTable?
    /// What is shown to people of each route of the table, in its order.
    package let details: [RouteDetails]
    /// Sorted by file, line and column.
    package let problems: [Diagnostic]
    /// Sorted by file, line and column.
    package let warnings: [Diagnostic]
    /// What follows from the signatures of the routes. Sorted by file, line and column.
    package let notes: [Diagnostic]
    /// The paths of secret files that the routes name, as they name them; to be watched along with the route files.
    package let secretFiles: [String]
    /// The environment variables that the routes name.
    package let environmentNames: [String]
    /// Stands for everything that was read from files: names and contents.
    package let fingerprint: Fingerprint
    /// The names of the files.
    package let files: Set<String>
    /// What the files hold, problems or not.
    package let census: RouteCensus
    /// How the secrets in environment variables are written, as far as the schemes of their routes could be read.
    let keyForms: [String: KeyForm]

    /// The problem of files that are right, and contain no route: a gateway that has routes does not load them. An
    /// emptied folder is more often a mistake than meant.
    ///
    /// - Parameter folder: as the user wrote it.
    package func emptiness(of folder: String) -> Diagnostic? {
        guard let table, table.routes.isEmpty else { return nil }
        let message =
            census.files == 0 ? "no route files here; route files are named *.yaml" : "the files contain no routes"
        return Diagnostic(file: folder, line: 1, column: 1, severity: .error, message: message)
    }

    /// What a variable has to hold for its key to be this text: the text itself, or for some schemes its base64 or hex,
    /// with a prefix.
    package func secret(for key: String, in variable: String) -> String {
        (keyForms[variable] ?? KeyForm()).write(Array(key.utf8))
    }
}

/// How many of what there are in route files, whether they are fine or not.
package struct RouteCensus: Sendable, Hashable {
    package internal(set) var files = 0
    package internal(set) var kinds = 0
    package internal(set) var routes = 0
    package internal(set) var examples = 0
}

/// What is shown to people of a route. Serving reads none of it.
package struct RouteDetails: Sendable {
    package let source: RouteSource
    package let summary: RouteSummary
    package let examples: [RouteExample]
}

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
    /// How many handshakes it answers; `nil` if there is no rule.
    package var handshakes: Int?
    /// `ignore`, `dead_letter`, or `nil` where the last rule takes everything.
    package var otherwise: String?
    /// Its secrets, then those of its handshakes; `nil` if there is none.
    package var secrets: [SecretSummary]?

    /// Reads what the table shows from the route as it is written.
    ///
    /// - Parameters:
    ///   - name: of the route.
    ///   - path: of the route.
    init(
        _ reader: MappingReader<RouteKeys>, name: String, path: String, methods: [String], preset: String?,
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
        if case .sequence(let rules)? = reader.node("handshake")?.content { handshakes = rules.count }
        otherwise = Self.text(reader.node("otherwise"))
    }

    private static func verification(_ reader: MappingReader<RouteKeys>, _ preset: String?) -> String {
        if let preset { return preset }
        return switch reader.node("verify")?.content {
        case .scalar(let scalar): scalar.text
        case .mapping(let entries): entries.first { $0.key == "alg" }?.value.scalar?.text ?? ""
        case .sequence, nil: ""
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

/// What the settings say about every route.
package struct RouteOptions: Sendable {
    /// `limits.body`: where neither the route nor its provider says; 10 MiB.
    package var bodyLimit = ByteCount.mebibytes(10)
    /// `outbox.dedupe_window`; 7 days.
    package var dedupeWindow = Duration.seconds(7 * 86_400)
    /// `limits.memory`, where it is known.
    package var memory: ByteCount?
    /// `public_url`
    package var publicURL: PublicURL?
    /// `--allow-inline-secrets`
    package var allowsInlineSecrets = false
    /// Where secrets come from: for examples they are made up.
    package var secrets = SecretSupply.configured
    /// The keys that the gateway has fetched; `nil` where nothing is fetched.
    package var keys: RemoteKeyStore?
    /// The secrets that routes have learnt; `nil` where nothing is learnt.
    package var learnt: LearntSecrets?

    package init() {}
}
