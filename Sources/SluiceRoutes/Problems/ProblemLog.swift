internal import SluiceYAML

/// Collects the problems of one compilation, of all files. Belongs to the one call that makes it.
final class ProblemLog {
    /// More problems than a person reads; the rest is not noted.
    static let limit = 1000

    private(set) var problems: [RouteProblem] = []
    private(set) var warnings: [RouteProblem] = []
    private(set) var notes: [RouteProblem] = []

    /// Whether nothing more is noted: what costs time to say need not be worked out.
    var isFull: Bool { problems.count >= Self.limit }

    private var isLast: Bool { problems.count == Self.limit - 1 }

    func error(_ place: Place, _ message: String) {
        guard !isFull else { return }
        problems.append(place.problem(.error, isLast ? "too many problems; the rest is not shown" : message))
    }

    func warning(_ place: Place, _ message: String) {
        guard warnings.count < Self.limit else { return }
        warnings.append(place.problem(.warning, message))
    }

    func note(_ place: Place, _ message: String) {
        guard notes.count < Self.limit else { return }
        notes.append(place.problem(.note, message))
    }
}

/// A place in one of the files.
struct Place: Hashable, CustomStringConvertible {
    let file: String
    let position: YAMLPosition

    var description: String { "\(file):\(position.line):\(position.column)" }

    func problem(_ severity: RouteProblem.Severity, _ message: String) -> RouteProblem {
        RouteProblem(file: file, line: position.line, column: position.column, severity: severity, message: message)
    }
}
