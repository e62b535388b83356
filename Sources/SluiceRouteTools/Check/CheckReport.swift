internal import SluiceBase
package import SluiceRouteFiles
internal import SluiceRoutes

/// All that there is to say about a folder of route files: what is wrong with them, and which of their examples come
/// out otherwise.
package struct CheckReport: Sendable {
    /// One thing to say.
    package struct Finding: Sendable {
        package let problem: Diagnostic
        /// Where it is about an example that was run.
        package let example: ExampleResult?
    }

    /// As the user wrote it.
    package let folder: String
    package let census: RouteCensus
    /// Sorted by file, line and column.
    package let findings: [Finding]
    /// `nil` where the files are not right enough for any to be run.
    package let examples: [ExampleResult]?
    /// Whether all that is wrong is that secrets are not there.
    package let lacksSecretsOnly: Bool
    /// The secrets of each route that were read; none if there are errors.
    package let secrets: [(route: String, secret: SecretSummary)]
    /// What the files hold line by line, for showing where something is.
    let files: [RouteFile]

    package var errors: Int { findings.count { $0.problem.severity == .error } }
    package var warnings: Int { findings.count { $0.problem.severity == .warning } }

    /// Reads a folder, compiles it as the gateway does, and runs the examples. Blocking.
    ///
    /// - Parameters:
    ///   - options: with `SecretSupply.throwAway` the secrets that the routes name are not looked for.
    ///   - now: when examples without a clock come, in milliseconds since 1970.
    package static func make(
        folder: String, environment: [String: String], options: RouteOptions, atMilliseconds now: Int64
    ) -> CheckReport {
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: [])
        let compilation = snapshot.compile(folder: folder, environment: environment, options: options)
        var trial = options
        trial.secrets = .throwAway
        // Whatever secrets there are, examples are signed with others.
        let examined =
            options.secrets == .throwAway
            ? compilation : snapshot.compile(folder: folder, environment: environment, options: trial)
        let examples = examined.table == nil ? nil : examined.runExamples(folder: folder, atMilliseconds: now)
        // Errors come first: notes would only distract from them.
        let notes = compilation.problems.isEmpty ? compilation.notes : []
        let empty = [compilation.emptiness(of: folder)].compactMap(\.self)
        let problems = (compilation.problems + compilation.warnings + notes + empty).map {
            Finding(problem: $0, example: nil)
        }
        let found = (examples ?? []).compactMap { result in result.problem.map { Finding(problem: $0, example: result) }
        }
        let shown = compilation.table == nil ? [] : compilation.details.map(\.summary)
        let secrets = shown.flatMap { route in
            (route.secrets ?? []).filter { $0.bytes != nil }.map { (route: route.name, secret: $0) }
        }
        return CheckReport(
            folder: folder, census: compilation.census, findings: (problems + found).sorted { $0.problem < $1.problem },
            examples: examples, lacksSecretsOnly: compilation.table == nil && examined.table != nil,
            secrets: secrets, files: snapshot.files)
    }
}
