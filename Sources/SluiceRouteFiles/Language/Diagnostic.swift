package import SluiceRoutes
internal import SluiceYAML

/// Something wrong, or worth a look, at one place of a route file.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        /// The table is not loaded.
        case error
        /// The table works, but perhaps not as meant.
        case warning
        /// A fact about the route that follows from its signature, for `sluice check`; never logged.
        case note
    }

    /// The file as it was named when it was read: the folder as the user wrote it, and the name.
    package let file: String
    /// Counted from 1; columns in characters.
    package let line: Int
    package let column: Int
    package let severity: Severity
    /// What is wrong and, where there is something, what to do; one line, no secret.
    package let message: String

    package init(file: String, line: Int, column: Int, severity: Severity, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: message`, and for a warning or a note `file:line:column: warning: message`.
    package var description: String {
        let mark = severity == .error ? "" : "\(severity.rawValue): "
        return "\(file):\(line):\(column): \(mark)\(message)"
    }
}

extension Diagnostic: Comparable {
    /// By file, line, column and message, so that two runs print the same.
    package static func < (one: Diagnostic, other: Diagnostic) -> Bool {
        (one.file, one.line, one.column, one.message) < (other.file, other.line, other.column, other.message)
    }
}

/// Collects the problems of one compilation, of all files. Belongs to the one call that makes it.
package final class ProblemLog {
    /// More problems than a person reads; the rest is not noted.
    static let limit = 1000

    package private(set) var problems: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []
    private(set) var notes: [Diagnostic] = []
    /// Values that have a problem already: another error about one would follow from it.
    private var wrongValues: Set<SourceLocation> = []

    /// Whether nothing more is noted: what costs time to say need not be worked out.
    var isFull: Bool { problems.count >= Self.limit }

    private var isLast: Bool { problems.count == Self.limit - 1 }

    func error(_ place: SourceLocation, _ message: String) {
        guard !isFull, !wrongValues.contains(place) else { return }
        problems.append(place.problem(.error, isLast ? "too many problems; the rest are not shown" : message))
    }

    /// Notes a problem of a value that cannot be read, and no other error about that value.
    func error(_ place: SourceLocation, _ message: String, ofValueAt value: SourceLocation) {
        error(place, message)
        wrongValues.insert(value)
    }

    func warning(_ place: SourceLocation, _ message: String) {
        guard warnings.count < Self.limit else { return }
        warnings.append(place.problem(.warning, message))
    }

    func note(_ place: SourceLocation, _ message: String) {
        guard notes.count < Self.limit else { return }
        notes.append(place.problem(.note, message))
    }
}

extension SourceLocation {
    init(file: String, position: YAMLPosition) {
        self.init(file: file, line: position.line, column: position.column)
    }

    package func problem(_ severity: Diagnostic.Severity, _ message: String) -> Diagnostic {
        Diagnostic(file: file, line: line, column: column, severity: severity, message: message)
    }
}
