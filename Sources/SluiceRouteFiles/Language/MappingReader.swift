internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// A mapping with a closed set of keys: those that do not belong have been noted as problems.
struct MappingReader {
    let context: FileContext
    let position: YAMLPosition
    private let entries: [YAMLEntry]

    /// - Returns: `nil`, after noting it, if the node is no mapping.
    init?(_ node: YAMLNode, _ table: KeyTable, in context: FileContext) {
        guard case .mapping(let entries) = node.content else {
            context.error(node.position, "\(table.noun) must be a mapping, not \(node.noun)")
            return nil
        }
        self.context = context
        self.position = node.position
        self.entries = entries
        for entry in entries where !table.keys.contains(entry.key) { Self.refuse(entry, table, in: context) }
    }

    private static func refuse(_ entry: YAMLEntry, _ table: KeyTable, in context: FileContext) {
        guard !context.log.isFull else { return }
        let hint = table.hints[entry.key].map { "; \($0)" } ?? Suggestion.phrase(for: entry.key, among: table.keys)
        context.error(entry.position, "unknown key '\(PrintableText.escape(entry.key))' in \(table.noun)\(hint)")
    }

    /// Where each of its keys stands.
    var places: [(key: String, position: YAMLPosition)] { entries.map { ($0.key, $0.position) } }

    func entry(_ key: String) -> YAMLEntry? { entries.first { $0.key == key } }

    func node(_ key: String) -> YAMLNode? { entry(key)?.value }

    func has(_ key: String) -> Bool { entry(key) != nil }

    /// Reads the value of a key, if there is one, with one of the context's readers.
    func value<Value>(_ key: String, _ read: (FileContext, YAMLNode, String) -> Value?) -> Value? {
        node(key).flatMap { read(context, $0, "'\(key)'") }
    }

    func text(_ key: String) -> String? { value(key) { $0.text($1, $2) } }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? { value(key) { $0.integer($1, $2, in: range) } }

    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, later: [String] = []) -> Word? {
        value(key) { $0.word($1, $2, later: later) }
    }
}
