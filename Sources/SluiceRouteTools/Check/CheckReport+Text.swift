internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The format of a report for people.
package struct CheckTextFormat: Sendable {
    /// Whether each problem is followed by its line of the file.
    package var showsSource = false
    /// Whether words are coloured (ECMA-48 SGR).
    package var hasColours = false
    /// In characters; longer source lines are truncated around the column.
    package var width = 80

    package init() {}

    fileprivate enum Colour: String {
        case red = "\u{1B}[31m"
        case green = "\u{1B}[32m"
        case yellow = "\u{1B}[33m"
        case bold = "\u{1B}[1m"
    }

    fileprivate func coloured(_ text: String, _ colour: Colour) -> String {
        hasColours ? colour.rawValue + text + "\u{1B}[0m" : text
    }
}

extension CheckReport {
    /// The maximum number of printed differences of one example.
    private static let longestList = 20

    /// The report for people: `file:line:column: error: message` for each problem, followed by the differences of
    /// examples, then a line for each secret that was read, and a summary as the last line, which does not count notes.
    package func lines(_ format: CheckTextFormat) -> [String] {
        findings.flatMap { lines(of: $0, format) } + secretLines + [summary]
    }

    /// `github: secrets: env GITHUB_SECRET, 32 bytes, SHA-256 1a2b3c4d`
    private var secretLines: [String] {
        secrets.map { "\(PrintableText.escape($0.route)): \($0.secret.key): \($0.secret.words)" }
    }

    /// `routes: 2 files, 2 routes, 1 kind, 5 examples: 0 errors, 1 warning`
    private var summary: String {
        let count = { TraceWords.count($0, $1) }
        let examples =
            count(counts.examples, "example") + (self.examples == nil && counts.examples > 0 ? " (not run)" : "")
        return "\(PrintableText.escape(folder)): \(count(counts.files, "file")), \(count(counts.routes, "route")), "
            + "\(count(counts.kinds, "kind")), \(examples): \(count(errors, "error")), \(count(warnings, "warning"))"
    }

    private func lines(of finding: Finding, _ format: CheckTextFormat) -> [String] {
        let problem = finding.problem
        let severity = format.coloured("\(problem.severity.rawValue):", Self.colour(of: problem.severity))
        let location = format.coloured(
            "\(PrintableText.escape(problem.file)):\(problem.line):\(problem.column):", .bold)
        var lines = ["\(location) \(severity) \(PrintableText.escape(problem.message, limit: 1000))"]
        if format.showsSource { lines += source(of: problem, format) }
        return lines + differences(of: finding, format)
    }

    private static func colour(of severity: Diagnostic.Severity) -> CheckTextFormat.Colour {
        switch severity {
        case .error: .red
        case .warning: .yellow
        case .note: .green
        }
    }

    private func differences(of finding: Finding, _ format: CheckTextFormat) -> [String] {
        let differences = finding.example?.differences ?? []
        var lines: [String] = []
        for difference in differences.prefix(Self.longestList) {
            lines.append("    \(PrintableText.escape(difference.what))")
            lines.append(format.coloured("      - \(PrintableText.escape(difference.expected, limit: 1000))", .red))
            lines.append(format.coloured("      + \(PrintableText.escape(difference.found, limit: 1000))", .green))
        }
        if differences.count > Self.longestList { lines.append("    and \(differences.count - Self.longestList) more") }
        return lines
    }

    /// The line with a caret below the column; nothing if there is no such line.
    private func source(of problem: Diagnostic, _ format: CheckTextFormat) -> [String] {
        guard let line = line(problem.line, of: problem.file) else { return [] }
        let number = String(problem.line)
        let margin = String(repeating: " ", count: number.count)
        let room = max(20, format.width - number.count - 5)
        let column = max(0, min(problem.column - 1, line.count))
        // A long line is truncated so that a third of the width precedes the column.
        let start = line.count <= room ? 0 : max(0, min(column - room / 3, line.count - room))
        let shown = line[start..<min(line.count, start + room)]
        let text = shown.map { PrintableText.escape(String($0)).unicodeScalars.count == 1 ? String($0) : " " }.joined()
        let caret = String(repeating: " ", count: column - start) + format.coloured("^", .green)
        return ["  \(number) | \(text)", "  \(margin) | \(caret)"]
    }

    /// The characters of a line, counted from 1 like positions.
    private func line(_ number: Int, of file: String) -> [Unicode.Scalar]? {
        guard let bytes = files.first(where: { $0.name == file })?.bytes else { return nil }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)[...]
        guard lines.count >= number else { return nil }
        lines = lines.dropFirst(number - 1)
        guard var line = lines.first else { return nil }
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        return Array(String(decoding: line, as: UTF8.self).unicodeScalars)
    }
}

extension CheckReport {
    /// The findings as GitHub annotations, which are shown next to the lines of a change: workflow commands such as
    /// `::error file=…,line=…,col=…::message`; a note is a `::notice`.
    package var annotations: [String] {
        findings.map { finding in
            let problem = finding.problem
            let differences = (finding.example?.differences ?? []).map {
                "\n\($0.what): expected \($0.expected), got \($0.found)"
            }
            let message = PrintableText.escape(problem.message, limit: 1000) + differences.joined()
            let properties = [
                "file=\(Self.property(problem.file))", "line=\(problem.line)", "col=\(problem.column)",
                "title=sluice check",
            ]
            let command = problem.severity == .note ? "notice" : problem.severity.rawValue
            return "::\(command) \(properties.joined(separator: ","))::\(Self.data(message))"
        }
    }

    /// A line feed ends a command, and a percent sign starts an escape.
    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
