internal import SluiceJSON

/// A report as JSON, for programs; docs/reference/cli.md tells its keys.
struct CheckDocument: Encodable {
    struct Examples: Encodable {
        let seen: Int
        /// As many as were seen, or none where the files are not right enough.
        let run: Int
        let failed: Int
    }

    struct Problem: Encodable {
        let file: String
        let line: Int
        let column: Int
        let severity: String
        let message: String
        let example: Example?
    }

    struct Example: Encodable {
        let route: String
        let name: String
        /// What came of it.
        let outcome: String
        let differences: [Difference]
    }

    struct Difference: Encodable {
        let what: String
        let line: Int
        let column: Int
        let expected: String
        let found: String
    }

    let folder: String
    let ok: Bool
    let files: Int
    let kinds: Int
    let routes: Int
    let examples: Examples
    let errors: Int
    let warnings: Int
    let problems: [Problem]

    init(_ report: CheckReport) {
        folder = report.folder
        ok = report.errors == 0
        files = report.census.files
        kinds = report.census.kinds
        routes = report.census.routes
        examples = Examples(
            seen: report.census.examples, run: report.examples?.count ?? 0,
            failed: report.examples?.count { !$0.isAsExpected } ?? 0)
        errors = report.errors
        warnings = report.warnings
        problems = report.findings.map { finding in
            Problem(
                file: finding.problem.file, line: finding.problem.line, column: finding.problem.column,
                severity: finding.problem.severity.rawValue, message: finding.problem.message,
                example: finding.example.map(Example.init))
        }
    }
}

extension CheckDocument.Example {
    init(_ result: ExampleResult) {
        route = result.route
        name = result.name
        outcome = result.outcome
        differences = result.differences.map { difference in
            CheckDocument.Difference(
                what: difference.what, line: difference.line, column: difference.column, expected: difference.expected,
                found: difference.found)
        }
    }
}

extension CheckReport {
    /// The report as one JSON document.
    package var json: [UInt8] {
        guard let json = try? JSONValueEncoder.encode(CheckDocument(self)) else {
            preconditionFailure("texts and numbers can always be encoded")
        }
        return json
    }
}
