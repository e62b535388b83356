internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

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
