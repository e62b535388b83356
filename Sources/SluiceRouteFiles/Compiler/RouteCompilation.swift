package import SluiceBase
package import SluiceRoutes

/// The result of compiling the route files.
package struct RouteCompilation: Sendable {
    /// `nil` if there is any problem: a table comes whole or not at all.
    package let table: RouteTable?
    /// What is shown to people of each route of the table, in its order.
    package let details: [RouteDetails]
    /// Sorted by file, line and column.
    package let problems: [RouteProblem]
    /// Sorted by file, line and column.
    package let warnings: [RouteProblem]
    /// What follows from the signatures of the routes. Sorted by file, line and column.
    package let notes: [RouteProblem]
    /// The paths of secret files that the routes name, as they name them; to be watched along with the route files.
    package let secretFiles: [String]
    /// The environment variables that the routes name.
    package let environmentNames: [String]
    /// Stands for everything that was read from files: names and contents.
    package let fingerprint: Fingerprint
    /// What the files hold, problems or not.
    package let census: RouteCensus
    /// How the secrets in environment variables are written, as far as the schemes of their routes could be read.
    let keyForms: [String: KeyForm]

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
