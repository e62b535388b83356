/// A position in a file: both numbers start at 1, columns are in characters (Unicode scalars), as in editors.
package struct YAMLPosition: Sendable, Hashable, Comparable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (one: YAMLPosition, other: YAMLPosition) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// A value of a YAML document, with its position.
package struct YAMLNode: Sendable {
    /// The kinds of values. There are no aliases and no tags: both are problems of the document.
    package enum Content: Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order of the file; no two keys are equal.
        case mapping([YAMLEntry])
    }

    package let position: YAMLPosition
    package let content: Content

    package init(position: YAMLPosition, content: Content) {
        self.position = position
        self.content = content
    }

    /// The scalar; `nil` for anything else.
    package var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

    /// The elements of a list; `nil` for anything else.
    package var sequence: [YAMLNode]? { if case .sequence(let elements) = content { elements } else { nil } }

    /// The entries of a mapping; `nil` for anything else.
    package var mapping: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// The value of a key; `nil` for a mapping without it, and for anything else.
    package subscript(key: String) -> YAMLNode? { mapping?[key] }

    /// The text of a scalar, or the texts of a list, empty for those that are not scalars.
    package var texts: [String] { scalar.map { [$0.text] } ?? (sequence ?? []).map { $0.scalar?.text ?? "" } }

    /// Its kind for messages: `a text`, `a number`, `a list`, `a mapping` and so on.
    package var noun: String {
        switch content {
        case .scalar(let scalar): scalar.value.noun
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension [YAMLEntry] {
    /// The value of a key; `nil` without it.
    package subscript(key: String) -> YAMLNode? { first { $0.key == key }?.value }
}

/// A key of a mapping with its value. Keys are always text: `on:`, `1:` and `true:` are the keys `on`, `1` and `true`.
package struct YAMLEntry: Sendable {
    package let key: String
    /// The position of the key; the value has its own position.
    package let position: YAMLPosition
    package let value: YAMLNode

    package init(key: String, position: YAMLPosition, value: YAMLNode) {
        self.key = key
        self.position = position
        self.value = value
    }
}
