internal import SluiceBase
internal import SluiceYAML

/// What a value must be: a mapping has at least these keys, a list just as many elements, and a scalar is itself.
struct ExpectedJSON: Sendable {
    private indirect enum Content: Sendable {
        case scalar(JSONTree)
        case list([ExpectedJSON])
        case mapping([(key: String, value: ExpectedJSON)])
    }

    let place: Place
    private let content: Content

    /// What a file says; each part knows its own place.
    init(_ node: YAMLNode, in context: FileContext) {
        place = context.place(node.position)
        content =
            switch node.content {
            case .scalar: .scalar(node.tree)
            case .sequence(let elements): .list(elements.map { ExpectedJSON($0, in: context) })
            case .mapping(let entries):
                .mapping(entries.map { (key: $0.key, value: ExpectedJSON($0.value, in: context)) })
            }
    }

    /// What a key of a file comes to, all of it at the key's place.
    init(_ tree: JSONTree, at place: Place) {
        self.place = place
        content =
            switch tree {
            case .null, .boolean, .number, .text: .scalar(tree)
            case .array(let elements): .list(elements.map { ExpectedJSON($0, at: place) })
            case .object(let members): .mapping(members.map { (key: $0.key, value: ExpectedJSON($0.value, at: place)) })
            }
    }

    /// What it is, as JSON.
    var tree: JSONTree {
        switch content {
        case .scalar(let scalar): scalar
        case .list(let elements): .array(elements.map(\.tree))
        case .mapping(let entries): .object(entries.map { JSONTree.Member(key: $0.key, value: $0.value.tree) })
        }
    }

    /// Notes where another value is not this.
    ///
    /// - Parameters:
    ///   - found: `nil` where there is nothing.
    ///   - path: where the value lies, such as `jobs[0].payload.repository`.
    func compare(_ found: JSONTree?, _ path: String, into differences: inout [ExampleDifference]) {
        switch (content, found) {
        // As everywhere in the language, what is absent is null.
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
                    what: path, place: place, expected: tree.json, found: found?.json ?? ExampleDifference.nothing))
        }
    }

    /// `a.b`, and `a["odd key"]` where the key is no plain word.
    private static func join(_ path: String, _ key: String) -> String {
        let isWord =
            !key.isEmpty
            && key.utf8.allSatisfy {
                $0 == 0x5F || $0 == 0x2D || (0x61...0x7A).contains($0 | 0x20) || ASCII.isDigit($0)
            }
        return isWord ? "\(path).\(key)" : "\(path)[\(JSONTree.text(key).json)]"
    }
}
