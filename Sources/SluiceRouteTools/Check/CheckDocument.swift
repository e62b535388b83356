internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// A report as JSON, for programs; docs/reference/cli.md lists its keys.
extension CheckReport {
    /// The report as one JSON document.
    package var json: [UInt8] {
        let examples: JSONTree = .object([
            "seen": .integer(counts.examples), "run": .integer(self.examples?.count ?? 0),
            "failed": .integer(self.examples?.count { !$0.isAsExpected } ?? 0),
        ])
        let document: JSONTree = .object([
            "folder": .text(folder), "ok": .boolean(errors == 0), "files": .integer(counts.files),
            "kinds": .integer(counts.kinds),
            "routes": .integer(counts.routes), "examples": examples, "errors": .integer(errors),
            "warnings": .integer(warnings),
            "problems": .array(findings.map(\.tree)),
            "secrets": .array(secrets.map { Self.tree($0.secret, of: $0.route) }),
        ])
        return Array(document.json.utf8)
    }

    private static func tree(_ secret: SecretSummary, of route: String) -> JSONTree {
        .object([
            "route": .text(route), "key": .text(secret.key), "source": .text(secret.source),
            "bytes": secret.bytes.map { .integer($0) }, "sha256": secret.sha256.map { .text($0) },
        ])
    }
}

extension CheckReport.Finding {
    fileprivate var tree: JSONTree {
        .object([
            "file": .text(problem.file), "line": .integer(problem.line), "column": .integer(problem.column),
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
            "what": .text(what), "line": .integer(line), "column": .integer(column), "expected": .text(expected),
            "found": .text(found),
        ])
    }
}

extension JSONTree {
    fileprivate static func integer(_ number: Int) -> JSONTree { .number(String(number)) }
}
