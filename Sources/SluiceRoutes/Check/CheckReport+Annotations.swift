internal import SluiceBase

extension CheckReport {
    /// The findings as annotations that GitHub shows next to the lines of a change: workflow commands such as
    /// `::error file=…,line=…,col=…::message`; a note is a `::notice`.
    package var annotations: [String] {
        findings.map { finding in
            let problem = finding.problem
            let differences = (finding.example?.differences ?? []).map { "\n\($0.what): expected \($0.expected), got \($0.found)" }
            let message = PrintableText.escape(problem.message, limit: 1000) + differences.joined()
            let properties = [
                "file=\(Self.property(problem.file))", "line=\(problem.line)", "col=\(problem.column)", "title=sluice check",
            ]
            let command = problem.severity == .note ? "notice" : problem.severity.rawValue
            return "::\(command) \(properties.joined(separator: ","))::\(Self.data(message))"
        }
    }

    /// A line feed ends a command, and what follows a percent sign is an escape.
    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
