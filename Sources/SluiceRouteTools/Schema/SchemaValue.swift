internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// A JSON value whose objects keep the order in which their members were written.
indirect enum SchemaValue: Sendable {
    case object([Member])
    case array([SchemaValue])
    case text(String)
    case integer(Int)
    case boolean(Bool)

    struct Member: Sendable {
        let key: String
        let value: SchemaValue

        package init(key: String, value: SchemaValue) {
            self.key = key
            self.value = value
        }
    }

    /// What a schema says, member by member; `true`, which takes everything, says nothing.
    var constraints: [Member] {
        switch self {
        case .object(let members): members
        case .boolean(true): []
        case .boolean(false), .array, .text, .integer: preconditionFailure("a schema that says something is an object")
        }
    }

    /// A schema with more behind what it says.
    func adding(_ members: KeyValuePairs<String, SchemaValue>) -> SchemaValue {
        .object(constraints + members.map { Member(key: $0.key, value: $0.value) })
    }

    static func texts(_ texts: [String]) -> SchemaValue { .array(texts.map { .text($0) }) }
}

extension SchemaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }

    init(integerLiteral value: Int) { self = .integer(value) }

    init(booleanLiteral value: Bool) { self = .boolean(value) }

    init(arrayLiteral elements: SchemaValue...) { self = .array(elements) }

    init(dictionaryLiteral elements: (String, SchemaValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }
}

extension SchemaValue {
    /// JSON text for people: two blanks for each level, and on one line what holds nothing that holds anything.
    var prettyText: String { tree.prettyText(.compact) }

    private var tree: JSONTree {
        switch self {
        case .text(let text): .text(text)
        case .integer(let number): .number(number)
        case .boolean(let value): .boolean(value)
        case .array(let elements): .array(elements.map(\.tree))
        case .object(let members): .object(members.map { JSONTree.Member(key: $0.key, value: $0.value.tree) })
        }
    }
}
