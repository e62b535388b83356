internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// A mapping with a closed set of keys: unknown keys and missing required ones have been recorded as problems.
///
/// An unknown key that resembles a missing one is read as that key after recording it, so that one mistake is one
/// problem.
struct MappingReader<Keys: Sendable> {
    let context: FileContext
    let position: YAMLPosition
    private(set) var entries: [YAMLEntry]
    private let mapping: LanguageMapping<Keys>

    /// - Returns: `nil` after recording that the node is not a mapping.
    init?(_ node: YAMLNode, _ mapping: LanguageMapping<Keys>, in context: FileContext) {
        guard let entries = context.entries(node, mapping.noun) else { return nil }
        self.context = context
        self.position = node.position
        self.entries = entries
        self.mapping = mapping
        for index in entries.indices where !mapping.names.contains(entries[index].key) { correct(index) }
        for key in mapping.required where !has(key) { context.error(position, "\(mapping.noun) needs '\(key)'") }
    }

    /// Records an unknown key, and replaces it with the key that was probably meant.
    private mutating func correct(_ index: Int) {
        guard !context.log.isFull else { return }
        let entry = entries[index]
        let problem = "unknown key '\(PrintableText.escape(entry.key))' in \(mapping.noun)"
        if let hint = mapping.hints[entry.key] { return context.error(entry.position, "\(problem); \(hint)") }
        guard let meant = Suggestion.closest(to: entry.key, among: mapping.keys), !has(meant) else {
            return context.error(entry.position, problem + Suggestion.phrase(for: entry.key, among: mapping.keys))
        }
        // The value may not be one of that key.
        context.log.error(
            context.location(entry.position), "\(problem); did you mean '\(meant)'?",
            ofValueAt: context.location(entry.value.position))
        entries[index] = YAMLEntry(key: meant, position: entry.position, value: entry.value)
    }

    /// Records an error about a key, if the mapping has it.
    func refuse(_ key: String, _ message: @autoclosure () -> String) {
        if let entry = entry(key) { context.error(entry.position, message()) }
    }

    /// The same mapping with other entries, which have been checked.
    func replacing(_ entries: [YAMLEntry]) -> MappingReader {
        var reader = self
        reader.entries = entries
        return reader
    }

    /// The location of each key.
    var keyPositions: [(key: String, position: YAMLPosition)] { entries.map { ($0.key, $0.position) } }

    func entry(_ key: String) -> YAMLEntry? { index(of: key).map { entries[$0] } }

    /// Returns an index, because copying each entry on the way takes longer than comparing the names. Most differ in
    /// their lengths, which are faster to compare.
    private func index(of key: String) -> Int? {
        let length = key.utf8.count
        return entries.indices.first { entries[$0].key.utf8.count == length && entries[$0].key == key }
    }

    func entry(_ key: KeyPath<Keys, LanguageKey<some Sendable>>) -> YAMLEntry? {
        entry(mapping.key[keyPath: key].row.name)
    }

    func node(_ key: String) -> YAMLNode? { index(of: key).map { entries[$0].value } }

    /// The position of a value, or of the mapping if it does not have the key.
    func position(of key: String) -> YAMLPosition { node(key)?.position ?? position }

    func has(_ key: String) -> Bool { index(of: key) != nil }

    /// The value of a key; `nil` without one, or after recording a problem.
    func read<Value>(_ key: KeyPath<Keys, LanguageKey<Value>>) -> Value? { read(mapping.key[keyPath: key]) }

    /// The value of a key, or its default.
    func read<Value>(_ key: KeyPath<Keys, DefaultedKey<Value>>) -> Value {
        written(key) ?? mapping.key[keyPath: key].value
    }

    /// The value of a key in the mapping itself.
    func written<Value>(_ key: KeyPath<Keys, DefaultedKey<Value>>) -> Value? { read(mapping.key[keyPath: key].key) }

    private func read<Value>(_ key: LanguageKey<Value>) -> Value? {
        node(key.row.name).flatMap { key.format.read(context, $0, key.subject) }
    }
}
