package import SluiceJSON
internal import SluiceRoutes

/// Literals, so that schemas can be written as they are printed.
extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }

    package init(integerLiteral value: Int) { self = .number(value) }

    package init(booleanLiteral value: Bool) { self = .boolean(value) }

    package init(arrayLiteral elements: JSONTree...) { self = .array(elements) }

    package init(dictionaryLiteral elements: (String, JSONTree)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }
}

/// The parts of JSON Schemas.
extension JSONTree {
    /// The members of a schema; `true`, which accepts everything, has none.
    package var constraints: [Member] {
        switch self {
        case .object(let members): members
        case .boolean(true): []
        case .null, .boolean(false), .array, .text, .number:
            preconditionFailure("a schema that says something is an object")
        }
    }

    /// The schema with more members at its end.
    package func adding(_ members: KeyValuePairs<String, JSONTree>) -> JSONTree {
        .object(constraints + members.map { Member(key: $0.key, value: $0.value) })
    }

    static func texts(_ texts: [String]) -> JSONTree { .array(texts.map { .text($0) }) }

    static let plainText: JSONTree = ["type": "string"]
    static let filledText: JSONTree = ["type": "string", "minLength": 1]
    /// A non-empty text without a reference.
    static let constantText: JSONTree = ["type": "string", "minLength": 1, "not": ["pattern": "\\$\\{"]]

    static func text(matching pattern: String) -> JSONTree { ["type": "string", "pattern": .text(pattern)] }

    static func words(_ words: [String]) -> JSONTree { ["enum": .texts(words)] }

    static func constant(_ value: JSONTree) -> JSONTree { ["const": value] }

    static func integer(in range: ClosedRange<Int>) -> JSONTree {
        ["type": "integer", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
    }

    static func list(of element: JSONTree) -> JSONTree { ["type": "array", "items": element] }

    static func filledList(of element: JSONTree) -> JSONTree { ["type": "array", "minItems": 1, "items": element] }

    static func any(of schemas: [JSONTree]) -> JSONTree { ["anyOf": .array(schemas)] }

    /// One value, or a list of at least one such value.
    static func oneOrList(of element: JSONTree) -> JSONTree {
        rule(if: ["type": "array"], then: ["minItems": 1, "items": element], else: element)
    }

    /// Required keys of a mapping.
    static func requiring(_ keys: String...) -> JSONTree { ["required": .texts(keys)] }

    static func not(_ schema: JSONTree) -> JSONTree { ["not": schema] }

    /// A mapping that has a key with this one value.
    static func having(_ key: String, _ value: JSONTree) -> JSONTree {
        requiring(key).adding(["properties": .object([Member(key: key, value: .constant(value))])])
    }

    /// Rules for keys that a mapping may have.
    static func keys(_ schemas: KeyValuePairs<String, JSONTree>) -> JSONTree {
        ["properties": .object(schemas.map { Member(key: $0.key, value: $0.value) })]
    }

    static func rule(if condition: JSONTree, then consequence: JSONTree, else alternative: JSONTree? = nil) -> JSONTree
    {
        let rule: JSONTree = ["if": condition, "then": consequence]
        return alternative.map { rule.adding(["else": $0]) } ?? rule
    }

    static func to(_ definition: SchemaDefinition) -> JSONTree { reference(to: definition.rawValue) }

    /// The schema of a named definition.
    static func reference(to name: String) -> JSONTree { ["$ref": .text("#/$defs/\(name)")] }
}
