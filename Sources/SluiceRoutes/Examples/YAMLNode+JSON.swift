internal import SluiceJSON
internal import SluiceYAML

extension YAMLNode {
    /// The value as a tree of JSON, with the types that the language gives it. Recurses as deep as a file may be nested.
    var tree: JSONTree {
        switch content {
        case .scalar(let scalar):
            switch scalar.value {
            case .null: .null
            case .boolean(let value): .boolean(value)
            case .number(let text): .number(text)
            case .text(let text): .text(text)
            }
        case .sequence(let elements): .array(elements.map(\.tree))
        case .mapping(let entries): .object(entries.map { JSONTree.Member(key: $0.key, value: $0.value.tree) })
        }
    }
}
