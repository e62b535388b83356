package import SluiceBase
package import SluiceRoutes
internal import SluiceYAML

/// The result of compiling the route files.
package struct RouteCompilation: Sendable {
    /// `nil` if there is any problem: a table is complete or missing.
    package let table: RouteTable?
    /// Information for people about each route of the table, in its order.
    package let details: [RouteDetails]
    /// Sorted by file, line and column.
    package let problems: [Diagnostic]
    /// Sorted by file, line and column.
    package let warnings: [Diagnostic]
    /// Facts that follow from the signatures of the routes. Sorted by file, line and column.
    package let notes: [Diagnostic]
    /// The paths of the routes' secret files, as written; to be watched together with the route files.
    package let secretFiles: [String]
    /// The environment variables named in the routes.
    package let environmentNames: [String]
    /// A fingerprint of everything that was read from files: names and contents.
    package let fingerprint: Fingerprint
    /// The names of the files.
    package let files: Set<String>
    /// The number of things in the files, with or without problems.
    package let counts: RouteCounts
    /// The format of the secrets in environment variables, for routes whose schemes could be read.
    let keyForms: [String: SecretFormat]

    /// The problem of valid files without a route: a running gateway does not load them, because an emptied folder is
    /// probably a mistake.
    package func emptyFolderDiagnostic(of folder: String) -> Diagnostic? {
        guard let table, table.routes.isEmpty else { return nil }
        let message =
            counts.files == 0 ? "no route files here; route files are named *.yaml" : "the files contain no routes"
        return Diagnostic(file: folder, line: 1, column: 1, severity: .error, message: message)
    }

    /// The value of a variable for a key with this text: the text itself, or for some schemes its base64 or hex, with a
    /// prefix.
    package func secret(for key: String, in variable: String) -> String {
        (keyForms[variable] ?? SecretFormat()).write(Array(key.utf8))
    }
}

/// Numbers of things in route files, valid or not.
package struct RouteCounts: Sendable, Hashable {
    package internal(set) var files = 0
    package internal(set) var kinds = 0
    package internal(set) var routes = 0
    package internal(set) var examples = 0
}

/// Information about a route for people. Serving does not use it.
package struct RouteDetails: Sendable {
    package let source: RouteSource
    package let summary: RouteSummary
    package let examples: [RouteExample]
}

/// A description of a route, for the table of routes.
package struct RouteSummary: Sendable, Hashable, Codable {
    package var name: String
    package var path: String
    package var methods: [String]
    /// Its location: `routes/github.yaml:12`.
    package var place: String
    /// `github`, `hmac-sha256`, or `none`.
    package var verification: String
    /// As written in the route or its preset; the parts of a list are joined by ` + `. `nil` if nothing is a duplicate.
    package var uniqueKey: String?
    /// The array of `each`.
    package var each: String?
    /// The results of its rules, in order: kinds, types as written, and `ignore`.
    package var makes: [String]
    /// The number of its handshake rules; `nil` for none.
    package var handshakes: Int?
    /// `ignore`, `dead_letter`, or `nil` if the last rule matches everything.
    package var otherwise: String?
    /// Its secrets, then those of its handshakes; `nil` for none.
    package var secrets: [SecretSummary]?

    /// Reads the information for the table from the route as written.
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
        each = reader.node("each")?.scalar?.text
        makes = source.makes
        handshakes = reader.node("handshake")?.sequence?.count
        otherwise = reader.node("otherwise")?.scalar?.text
    }

    private static func verification(_ reader: MappingReader<RouteKeys>, _ preset: String?) -> String {
        if let preset { return preset }
        let verify = reader.node("verify")
        return (verify?.scalar ?? verify?["alg"]?.scalar)?.text ?? ""
    }

    static func makes(_ node: YAMLNode?) -> [String] {
        (node?.sequence ?? []).map { rule in
            let value = { (key: String) in rule[key]?.scalar?.text }
            return value("kind") ?? value("type") ?? (value("ignore") == "true" ? "ignore" : "")
        }
    }
}

/// The settings that apply to every route.
package struct RouteOptions: Sendable {
    /// `limits.body`: the default if neither the route nor its provider sets one; 10 MiB.
    package var bodyLimit = ByteCount.mebibytes(10)
    /// `outbox.dedupe_window`; 7 days.
    package var dedupeWindow = Duration.seconds(7 * 86_400)
    /// `limits.memory`, if it is known.
    package var memory: ByteCount?
    /// `public_url`
    package var publicURL: PublicURL?
    /// `--allow-inline-secrets`
    package var allowsInlineSecrets = false
    /// The source of secrets: for examples they are random.
    package var secrets = SecretSupply.configured
    /// The keys that the gateway has fetched; `nil` if none are fetched.
    package var keys: RemoteKeyStore?
    /// The secrets that routes have learnt; `nil` if none are learnt.
    package var learnt: LearntSecrets?

    package init() {}
}
