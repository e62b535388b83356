internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// One route file while it is read: records problems, and converts scalars to typed values.
///
/// Each reader of the module returns `nil` after recording a problem, so that reading continues to the next one.
struct FileContext {
    let file: String
    let log: ProblemLog

    func location(_ position: YAMLPosition) -> SourceLocation { SourceLocation(file: file, position: position) }

    func error(_ position: YAMLPosition, _ message: String) { log.error(location(position), message) }

    func warning(_ position: YAMLPosition, _ message: @autoclosure () -> String) {
        log.warning(location(position), message())
    }

    func note(_ position: YAMLPosition, _ message: @autoclosure () -> String) {
        log.note(location(position), message())
    }

    /// - Parameter subject: the value's name for messages: `'queue'`, `a secret`.
    func text(_ node: YAMLNode, _ subject: String) -> String? {
        if case .text(let text)? = node.scalar?.value { return text }
        let remedy = if case .number? = node.scalar?.value { "; put it in quotes" } else { "" }
        error(node.position, "\(subject) must be a text, not \(node.noun)\(remedy)")
        return nil
    }

    func list(_ node: YAMLNode, _ subject: String) -> [YAMLNode]? {
        if let elements = node.sequence { return elements }
        error(node.position, "\(subject) must be a list, not \(node.noun)")
        return nil
    }

    /// - Parameter form: what the value must be.
    func entries(_ node: YAMLNode, _ subject: String, as form: String = "a mapping") -> [YAMLEntry]? {
        if let entries = node.mapping { return entries }
        error(node.position, "\(subject) must be \(form), not \(node.noun)")
        return nil
    }

    /// A text, a number or a word as written.
    func written(_ node: YAMLNode, _ subject: String) -> String? {
        if let scalar = node.scalar, scalar.value != .null { return scalar.text }
        error(node.position, "\(subject) must be a text, not \(node.noun)")
        return nil
    }

    func boolean(_ node: YAMLNode, _ subject: String) -> Bool? {
        if case .boolean(let value)? = node.scalar?.value { return value }
        error(node.position, "\(subject) must be true or false, not \(node.noun)")
        return nil
    }

    func integer(_ node: YAMLNode, _ subject: String, in range: ClosedRange<Int>) -> Int? {
        if case .number(let text)? = node.scalar?.value, let number = Int(text), range.contains(number) {
            return number
        }
        let isQuoted = if case .text(let text)? = node.scalar?.value { Int(text) != nil } else { false }
        let remedy = isQuoted ? "; leave out the quotes" : ""
        error(
            node.position, "\(subject) must be a whole number from \(range.lowerBound) to \(range.upperBound)\(remedy)")
        return nil
    }

    func duration(_ node: YAMLNode, _ subject: String, in range: ClosedRange<Duration>) -> Duration? {
        if let text = node.scalar?.text, let duration = DurationText.parse(text), range.contains(duration) {
            return duration
        }
        let bounds = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        error(node.position, "\(subject) must be a duration from \(bounds), such as 500ms, 30s, 5m, 2h or 7d")
        return nil
    }

    func size(_ node: YAMLNode, _ subject: String, in range: ClosedRange<ByteCount>) -> ByteCount? {
        if let text = node.scalar?.text, let size = ByteCount(parsing: text), range.contains(size) { return size }
        error(
            node.position,
            "\(subject) must be a size from \(range.lowerBound) to \(range.upperBound), such as 64KiB or 10MiB")
        return nil
    }

    /// One of a closed set of words.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ node: YAMLNode, _ subject: String) -> Word? {
        let words = Word.allCases.map(\.rawValue)
        guard let text = node.scalar?.text else {
            error(node.position, "\(subject) must be \(Self.alternatives(words)), not \(node.noun)")
            return nil
        }
        if let word = Word(rawValue: text) { return word }
        let hint = Suggestion.phrase(for: text, among: words)
        // A long list would hide the intended word.
        let alternatives =
            words.count > Self.maximumAlternatives && !hint.isEmpty
            ? "one of \(words.count) words" : Self.alternatives(words)
        error(node.position, "\(subject) must be \(alternatives), not '\(PrintableText.escape(text))'\(hint)")
        return nil
    }

    private static let maximumAlternatives = 12

    /// `a, b or c`, each in quotes.
    static func alternatives(_ words: [String]) -> String {
        let quoted = words.map { "'\($0)'" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.joined() }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }
}
