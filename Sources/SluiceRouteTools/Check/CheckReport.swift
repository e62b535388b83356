internal import SluiceBase
internal import SluiceJSON
package import SluiceRouteFiles
internal import SluiceRoutes

/// The report on a folder of route files: their problems, and the examples with other results than expected.
package struct CheckReport: Sendable {
    /// One problem or note.
    package struct Finding: Sendable {
        package let problem: Diagnostic
        /// The example that it is about, if it was run.
        package let example: ExampleResult?
    }

    /// As given by the user.
    package let folder: String
    package let counts: RouteCounts
    /// Sorted by file, line and column.
    package let findings: [Finding]
    /// `nil` if the files have too many problems to run any.
    package let examples: [ExampleResult]?
    /// Whether missing secrets are the only problems.
    package let lacksSecretsOnly: Bool
    /// The secrets of each route that were read; empty if there are errors.
    package let secrets: [(route: String, secret: SecretSummary)]
    /// The lines of the files, for printing source lines.
    let files: [RouteFile]

    package var errors: Int { findings.count { $0.problem.severity == .error } }
    package var warnings: Int { findings.count { $0.problem.severity == .warning } }

    /// Reads a folder, compiles it like the gateway, and runs the examples. Blocking.
    ///
    /// - Parameters:
    ///   - options: with `SecretSupply.throwAway` the secrets of the routes are not read.
    ///   - now: the time of examples without a clock, in milliseconds since 1970.
    package static func make(
        folder: String, environment: [String: String], options: RouteOptions, atMilliseconds now: Int64
    ) -> CheckReport {
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: [])
        let compilation = snapshot.compile(folder: folder, environment: environment, options: options)
        var trial = options
        trial.secrets = .throwAway
        // Examples are signed with throw-away secrets, whether or not the real ones are available.
        let hasNothingToSign = compilation.table != nil && compilation.counts.examples == 0
        let examined =
            options.secrets == .throwAway || hasNothingToSign
            ? compilation : snapshot.compile(folder: folder, environment: environment, options: trial)
        let examples = examined.table == nil ? nil : examined.runExamples(folder: folder, atMilliseconds: now)
        // With errors, notes would only distract.
        let notes = compilation.problems.isEmpty ? compilation.notes : []
        let empty = [compilation.emptyFolderDiagnostic(of: folder)].compactMap(\.self)
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
            folder: folder, counts: compilation.counts, findings: (problems + found).sorted { $0.problem < $1.problem },
            examples: examples, lacksSecretsOnly: compilation.table == nil && examined.table != nil,
            secrets: secrets, files: snapshot.files)
    }
}

/// A report as JSON, for programs; docs/reference/cli.md lists its keys.
extension CheckReport {
    /// The report as one JSON document.
    package var json: [UInt8] {
        let examples: JSONTree = .object([
            "seen": .number(counts.examples), "run": .number(self.examples?.count ?? 0),
            "failed": .number(self.examples?.count { !$0.isAsExpected } ?? 0),
        ])
        let document: JSONTree = .object([
            "folder": .text(folder), "ok": .boolean(errors == 0), "files": .number(counts.files),
            "kinds": .number(counts.kinds),
            "routes": .number(counts.routes), "examples": examples, "errors": .number(errors),
            "warnings": .number(warnings),
            "problems": .array(findings.map(\.tree)),
            "secrets": .array(secrets.map { Self.tree($0.secret, of: $0.route) }),
        ])
        return Array(document.json.utf8)
    }

    private static func tree(_ secret: SecretSummary, of route: String) -> JSONTree {
        .object([
            "route": .text(route), "key": .text(secret.key), "source": .text(secret.source),
            "bytes": secret.bytes.map { .number($0) }, "sha256": secret.sha256.map { .text($0) },
        ])
    }
}

extension CheckReport.Finding {
    fileprivate var tree: JSONTree {
        .object([
            "file": .text(problem.file), "line": .number(problem.line), "column": .number(problem.column),
            "severity": .text(problem.severity.rawValue), "message": .text(problem.message), "example": example?.tree,
        ])
    }
}

extension ExampleResult {
    fileprivate var tree: JSONTree {
        .object([
            "route": .text(route), "name": .text(name), "outcome": .text(outcome),
            "differences": .array(differences.map(\.tree)),
        ])
    }
}

extension ExampleDifference {
    fileprivate var tree: JSONTree {
        .object([
            "what": .text(what), "line": .number(line), "column": .number(column), "expected": .text(expected),
            "found": .text(found),
        ])
    }
}
