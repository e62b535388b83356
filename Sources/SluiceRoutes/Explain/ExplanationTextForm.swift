internal import SluiceBase

/// How an explanation is shown to a person.
package struct ExplanationTextForm: Sendable {
    /// Whether marks are coloured (ECMA-48 SGR).
    package var hasColours = false

    package init() {}
}

/// Lines for a person: a label, a mark for yes or no, what was found, and where in the files that is said.
struct ExplanationLines {
    enum Mark {
        case yes
        case no
        /// Neither, or not known.
        case none
    }

    /// In characters: the longest names of keys have as many.
    private static let labelWidth = 14
    private let form: ExplanationTextForm
    private(set) var lines: [String] = []

    init(_ form: ExplanationTextForm) { self.form = form }

    /// - Parameters:
    ///   - text: safe to print.
    ///   - place: file, line and column.
    mutating func add(_ label: String, _ mark: Mark, _ text: String, at place: String? = nil) {
        let gap = String(repeating: " ", count: max(1, Self.labelWidth - label.count))
        lines.append("\(label)\(gap)\(sign(mark)) \(text)\(end(place))")
    }

    /// A line that belongs to the one above it.
    ///
    /// - Parameter depth: how far below.
    mutating func detail(_ text: String, _ mark: Mark? = nil, depth: Int = 0, at place: String? = nil) {
        let indent = String(repeating: " ", count: Self.labelWidth + 2 + 2 * depth)
        lines.append("\(indent)\(mark.map { sign($0) + " " } ?? "")\(text)\(end(place))")
    }

    private func sign(_ mark: Mark) -> String {
        switch mark {
        case .yes: form.hasColours ? "\u{1B}[32m✓\u{1B}[0m" : "✓"
        case .no: form.hasColours ? "\u{1B}[31m✗\u{1B}[0m" : "✗"
        case .none: "·"
        }
    }

    private func end(_ place: String?) -> String {
        guard let place else { return "" }
        let text = "  \(PrintableText.escape(place))"
        return form.hasColours ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}
