/// Where something stands in a file: both counted from 1, columns in characters (Unicode scalars), as editors show
/// them.
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

/// One value of a YAML document and where it stands.
package struct YAMLNode: Sendable {
    /// What a value can be. There are no aliases and no tags: both are problems of the document.
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

    /// The scalar, if it is one.
    package var scalar: YAMLScalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    /// What it is, for messages: `a text`, `a number`, `a list`, `a mapping` and so on.
    package var noun: String {
        switch content {
        case .scalar(let scalar): scalar.value.noun
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One key of a mapping with its value. Keys are always text: `on:`, `1:` and `true:` are the keys `on`, `1` and
/// `true`.
package struct YAMLEntry: Sendable {
    package let key: String
    /// Where the key stands; the value knows its own position.
    package let position: YAMLPosition
    package let value: YAMLNode

    package init(key: String, position: YAMLPosition, value: YAMLNode) {
        self.key = key
        self.position = position
        self.value = value
    }
}
