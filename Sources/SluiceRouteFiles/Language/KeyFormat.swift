internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// The format of a key's value: in words for the reference page, as a schema, and as a reader.
struct KeyFormat<Value: Sendable>: Sendable {
    /// Reads a value. The last parameter is the value's name for messages: `'queue'`, `a secret`. Returns `nil` after
    /// recording a problem.
    typealias Read = @Sendable (FileContext, YAMLNode, String) -> Value?

    /// In Markdown. Evaluated lazily, because mappings refer to each other.
    let words: @Sendable () -> String
    let schema: @Sendable () -> JSONTree
    /// The value in the notation of a file.
    let write: @Sendable (Value) -> JSONTree
    let read: Read

    init(
        _ words: @autoclosure @escaping @Sendable () -> String,
        _ schema: @autoclosure @escaping @Sendable () -> JSONTree,
        write: @escaping @Sendable (Value) -> JSONTree = { .text("\($0)") }, read: @escaping Read
    ) {
        self.words = words
        self.schema = schema
        self.write = write
        self.read = read
    }
}

extension KeyFormat where Value == Bool {
    static var boolean: KeyFormat {
        KeyFormat("`true`, `false`", ["type": "boolean"], write: { .boolean($0) }) { $0.boolean($1, $2) }
    }
}

extension KeyFormat where Value == Int {
    static func integer(in range: ClosedRange<Int>) -> KeyFormat {
        KeyFormat("\(range.lowerBound) to \(range.upperBound)", .integer(in: range), write: { .number($0) }) {
            $0.integer($1, $2, in: range)
        }
    }
}

extension KeyFormat where Value: RawRepresentable<String> & CaseIterable {
    static var word: KeyFormat { word() }

    /// - Parameter words: the text for the page instead of the list of words.
    static func word(_ words: String? = nil) -> KeyFormat {
        let all = Value.allCases.map(\.rawValue)
        return KeyFormat(
            words ?? all.map { "`\($0)`" }.joined(separator: ", "), .words(all), write: { .text($0.rawValue) }
        ) { $0.word($1, $2) }
    }
}

extension KeyFormat where Value == Duration {
    static func duration(in range: ClosedRange<Duration>) -> KeyFormat {
        let bounds = [range.lowerBound, range.upperBound].map(DurationText.format)
        return KeyFormat(
            bounds.joined(separator: " to "), .to(range.lowerBound > .zero ? .positiveDuration : .duration),
            write: { .text(DurationText.format($0)) }
        ) { $0.duration($1, $2, in: range) }
    }
}

extension KeyFormat where Value == ByteCount {
    static func size(in range: ClosedRange<ByteCount>) -> KeyFormat {
        KeyFormat(
            "\(range.lowerBound) to \(range.upperBound)",
            [
                "type": ["string", "integer"], "pattern": .text(SchemaPattern.size),
                "minimum": .number(range.lowerBound.bytes), "maximum": .number(range.upperBound.bytes),
            ]
        ) { $0.size($1, $2, in: range) }
    }
}

extension KeyFormat where Value == Int64 {
    /// Milliseconds since 1970.
    static var time: KeyFormat {
        KeyFormat("RFC 3339, or milliseconds since 1970", .to(.time), write: { .number($0) }) {
            context, node, subject in
            do throws(JobStart.ValueError) {
                return try JobStart.milliseconds(node.scalar?.text ?? "")
            } catch {
                context.error(node.position, "\(subject) \(error.message)")
                return nil
            }
        }
    }
}

extension KeyFormat where Value == String {
    static var text: KeyFormat { text("a text", .plainText) }
    static var filledText: KeyFormat { text("a text", .filledText) }

    static func text(_ words: String, matching pattern: String) -> KeyFormat { text(words, .text(matching: pattern)) }

    static func text(_ words: String, _ schema: @autoclosure @escaping @Sendable () -> JSONTree) -> KeyFormat {
        KeyFormat(words, schema()) { $0.text($1, $2) }
    }

    static var method: KeyFormat {
        KeyFormat("a method", .text(matching: SchemaPattern.method)) { context, node, _ in
            guard let method = context.text(node, "a method") else { return nil }
            if !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) { return method }
            context.error(node.position, "a method must be in upper case, such as POST")
            return nil
        }
    }
}

extension KeyFormat {
    /// A text that a parser accepts.
    ///
    /// - Parameter complaint: the error for another one, from the subject and the text.
    static func parsed(
        _ words: String, matching pattern: String, by parse: @escaping @Sendable (String) -> Value?,
        complaint: @escaping @Sendable (_ subject: String, _ text: String) -> String
    ) -> KeyFormat {
        KeyFormat(words, .text(matching: pattern)) { context, node, subject in
            guard let text = context.text(node, subject) else { return nil }
            if let value = parse(text) { return value }
            context.error(node.position, complaint(subject, text))
            return nil
        }
    }

    /// - Parameters:
    ///   - subject: the name of an element, for messages.
    ///   - complaint: the error for an empty list; `nil` if it may be empty.
    static func list<Element>(
        of element: KeyFormat<Element>, _ words: String? = nil, named subject: String, ifEmpty complaint: String? = nil
    ) -> KeyFormat where Value == [Element] {
        KeyFormat(
            words ?? "a list of \(element.words())",
            complaint == nil ? .list(of: element.schema()) : .filledList(of: element.schema()),
            write: { .array($0.map(element.write)) }
        ) { context, node, key in
            guard let elements = context.list(node, key) else { return nil }
            if let complaint, elements.isEmpty { context.error(node.position, "\(key) \(complaint)") }
            return elements.compactMap { element.read(context, $0, subject) }
        }
    }

    /// A mapping that is read as a whole.
    static func mapping<Keys>(
        _ mapping: @autoclosure @escaping @Sendable () -> LanguageMapping<Keys>,
        _ read: @escaping @Sendable (MappingReader<Keys>) -> Value?
    ) -> KeyFormat {
        KeyFormat(mapping().words, .reference(to: mapping().name)) { context, node, _ in
            MappingReader(node, mapping(), in: context).flatMap(read)
        }
    }
}

extension KeyFormat where Value == YAMLNode {
    /// A value whose reader needs other keys, or the meaning of references: that reader is separate from the row.
    static func node(
        _ words: @autoclosure @escaping @Sendable () -> String,
        _ schema: @autoclosure @escaping @Sendable () -> JSONTree
    ) -> KeyFormat {
        KeyFormat(words(), schema(), write: { $0.tree }) { _, node, _ in node }
    }

    /// - Parameter words: the text for the page instead of a link to the table of the mapping.
    static func mapping(
        _ mapping: @autoclosure @escaping @Sendable () -> some LanguageTable, _ words: String? = nil
    ) -> KeyFormat {
        node(words ?? mapping().words, .reference(to: mapping().name))
    }
}

extension LanguageTable {
    /// The text for the reference page about a value that is such a mapping.
    fileprivate var words: String { "a [mapping](#\(name.replacing("_", with: "-")))" }
}
