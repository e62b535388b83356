internal import SluiceRouteFiles
internal import SluiceRoutes

/// Schemas of single values.
extension SchemaValue {
    static let boolean: SchemaValue = ["type": "boolean"]
    static let plainText: SchemaValue = ["type": "string"]
    static let filledText: SchemaValue = ["type": "string", "minLength": 1]

    static func text(matching pattern: String) -> SchemaValue { ["type": "string", "pattern": .text(pattern)] }

    static func words(_ words: [String]) -> SchemaValue { ["enum": .texts(words)] }

    static func constant(_ value: SchemaValue) -> SchemaValue { ["const": value] }

    static func integer(in range: ClosedRange<Int>) -> SchemaValue {
        ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }

    static func list(of element: SchemaValue) -> SchemaValue { ["type": "array", "items": element] }

    static func filledList(of element: SchemaValue) -> SchemaValue {
        ["type": "array", "minItems": 1, "items": element]
    }

    static func any(of schemas: [SchemaValue]) -> SchemaValue { ["anyOf": .array(schemas)] }

    /// One value, or a list of such of which there is at least one.
    static func oneOrList(of element: SchemaValue) -> SchemaValue {
        rule(if: ["type": "array"], then: ["minItems": 1, "items": element], else: element)
    }

    /// Keys that a mapping must have.
    static func requiring(_ keys: String...) -> SchemaValue { ["required": .texts(keys)] }

    static func not(_ schema: SchemaValue) -> SchemaValue { ["not": schema] }

    /// Rules about keys, for what may be a mapping without them.
    static func keys(_ schemas: KeyValuePairs<String, SchemaValue>) -> SchemaValue {
        ["properties": .object(schemas.map { Member(key: $0.key, value: $0.value) })]
    }

    static func rule(if condition: SchemaValue, then consequence: SchemaValue, else alternative: SchemaValue? = nil)
        -> SchemaValue
    {
        let rule: SchemaValue = ["if": condition, "then": consequence]
        return alternative.map { rule.adding(["else": $0]) } ?? rule
    }

    /// A mapping with the keys of a table and no others.
    ///
    /// - Parameters:
    ///   - values: what each key may be. All of the table's have to be there, and no others.
    ///   - rules: what else must hold of the mapping.
    static func mapping(
        _ table: KeyTable, required: [String] = [], rules: [SchemaValue] = [],
        _ values: KeyValuePairs<String, SchemaValue>
    ) -> SchemaValue {
        precondition(
            table.keys.sorted() == values.map(\.key).sorted(),
            "the schema of \(table.noun) has just the keys of its table")
        let properties = values.map { key, value in
            let meaning = Member(key: "description", value: .text(table.meanings[key, default: key]))
            return Member(key: key, value: .object([meaning] + value.constraints))
        }
        var mapping: SchemaValue = ["type": "object", "properties": .object(properties), "additionalProperties": false]
        if !required.isEmpty { mapping = mapping.adding(["required": .texts(required)]) }
        return rules.isEmpty ? mapping : mapping.adding(["allOf": .array(rules)])
    }
}
