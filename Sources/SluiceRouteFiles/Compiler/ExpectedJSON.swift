internal import SluiceBase
package import SluiceJSON
package import SluiceRoutes
internal import SluiceYAML

/// An expected value: a mapping has at least these keys, a list exactly these elements, and a scalar is equal.
package struct ExpectedJSON: Sendable {
    private indirect enum Content: Sendable {
        case scalar(JSONTree)
        case list([ExpectedJSON])
        case mapping([(key: String, value: ExpectedJSON)])
    }

    package let location: SourceLocation
    private let content: Content

    /// A value of a file; each part has its own location.
    init(_ node: YAMLNode, in context: FileContext) {
        location = context.location(node.position)
        content =
            switch node.content {
            case .scalar: .scalar(node.tree)
            case .sequence(let elements): .list(elements.map { ExpectedJSON($0, in: context) })
            case .mapping(let entries):
                .mapping(entries.map { (key: $0.key, value: ExpectedJSON($0.value, in: context)) })
            }
    }

    /// The value that a key of a file implies, all of it with the key's location.
    init(_ tree: JSONTree, at location: SourceLocation) {
        self.location = location
        content =
            switch tree {
            case .null, .boolean, .number, .text: .scalar(tree)
            case .array(let elements): .list(elements.map { ExpectedJSON($0, at: location) })
            case .object(let members):
                .mapping(members.map { (key: $0.key, value: ExpectedJSON($0.value, at: location)) })
            }
    }

    /// The value as JSON.
    package var tree: JSONTree {
        switch content {
        case .scalar(let scalar): scalar
        case .list(let elements): .array(elements.map(\.tree))
        case .mapping(let entries): .object(entries.map { JSONTree.Member(key: $0.key, value: $0.value.tree) })
        }
    }

    /// Compares another value with this one and records the differences.
    ///
    /// - Parameter path: of the value, such as `jobs[0].payload.repository`.
    package func compare(_ found: JSONTree?, _ path: String, into differences: inout [ExampleDifference]) {
        switch (content, found) {
        // As everywhere in the language, an absent value is null.
        case (.scalar(.null), nil): return
        case (.scalar(let scalar), let found?) where scalar.isSameScalar(as: found): return
        case (.list(let elements), .array(let others)?) where elements.count == others.count:
            for (index, (element, other)) in zip(elements, others).enumerated() {
                element.compare(other, "\(path)[\(index)]", into: &differences)
            }
        case (.mapping(let entries), .object?):
            for entry in entries {
                entry.value.compare(found?[entry.key], Self.join(path, entry.key), into: &differences)
            }
        default:
            differences.append(
                ExampleDifference(
                    what: path, location: location, expected: tree.json, found: found?.json ?? ExampleDifference.nothing
                ))
        }
    }

    /// `a.b`, and `a["odd key"]` if the key is not a plain word.
    private static func join(_ path: String, _ key: String) -> String {
        let isWord = !key.isEmpty && key.utf8.allSatisfy(ASCII.isWordByte)
        return isWord ? "\(path).\(key)" : "\(path)[\(JSONTree.text(key).json)]"
    }
}

/// A difference between a result and the expectation of an example.
package struct ExampleDifference: Sendable, Hashable {
    /// For example `status`, `jobs[0].payload.repository`.
    package let what: String
    /// The location of the expectation.
    package let location: SourceLocation
    /// JSON, or words in brackets.
    package let expected: String
    package let found: String

    package init(what: String, location: SourceLocation, expected: String, found: String) {
        self.what = what
        self.location = location
        self.expected = expected
        self.found = found
    }

    package static let nothing = "(nothing)"

    package var line: Int { location.line }
    package var column: Int { location.column }
}
