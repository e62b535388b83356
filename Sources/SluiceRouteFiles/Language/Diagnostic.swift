package import SluiceRoutes
internal import SluiceYAML

/// A problem or a note about a position of a route file.
package struct Diagnostic: Sendable, Hashable {
    /// What a diagnostic means for the table.
    package enum Severity: String, Sendable, Hashable {
        /// The table is not loaded.
        case error
        /// The table works, but perhaps not as intended.
        case warning
        /// A fact about the route's signature for `sluice check`; never logged.
        case note
    }

    /// The file's name as it was read: the folder as given by the user, and the name.
    package let file: String
    /// Counted from 1; columns in characters.
    package let line: Int
    package let column: Int
    package let severity: Severity
    /// What is wrong and, if possible, what to do; one line, no secret.
    package let message: String
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: message`, and for a warning or a note `file:line:column: warning: message`.
    package var description: String {
        let mark = severity == .error ? "" : "\(severity.rawValue): "
        return "\(file):\(line):\(column): \(mark)\(message)"
    }
}

extension Diagnostic: Comparable {
    /// By file, line, column and message, so that the output is deterministic.
    package static func < (one: Diagnostic, other: Diagnostic) -> Bool {
        (one.file, one.line, one.column, one.message) < (other.file, other.line, other.column, other.message)
    }
}

/// Collects the problems of a compilation, from all files. Belongs to the call that creates it.
package final class ProblemLog {
    /// The maximum number of recorded problems.
    static let limit = 1000

    package private(set) var problems: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []
    private(set) var notes: [Diagnostic] = []
    /// Values with a problem: further errors about them would only follow from it.
    private var wrongValues: Set<SourceLocation> = []

    /// Whether no more problems are recorded, so that expensive messages need not be computed.
    var isFull: Bool { problems.count >= Self.limit }

    private var isLast: Bool { problems.count == Self.limit - 1 }

    func error(_ location: SourceLocation, _ message: String) {
        guard !isFull, !wrongValues.contains(location) else { return }
        problems.append(location.problem(.error, isLast ? "too many problems; the rest are not shown" : message))
    }

    /// Records a problem of an unreadable value, and suppresses other errors about that value.
    func error(_ location: SourceLocation, _ message: String, ofValueAt value: SourceLocation) {
        error(location, message)
        wrongValues.insert(value)
    }

    func warning(_ location: SourceLocation, _ message: @autoclosure () -> String) {
        guard warnings.count < Self.limit else { return }
        warnings.append(location.problem(.warning, message()))
    }

    func note(_ location: SourceLocation, _ message: @autoclosure () -> String) {
        guard notes.count < Self.limit else { return }
        notes.append(location.problem(.note, message()))
    }
}

extension SourceLocation {
    init(file: String, position: YAMLPosition) {
        self.init(file: file, line: position.line, column: position.column)
    }

    /// A diagnostic at this location.
    package func problem(_ severity: Diagnostic.Severity, _ message: String) -> Diagnostic {
        Diagnostic(file: file, line: line, column: column, severity: severity, message: message)
    }
}
