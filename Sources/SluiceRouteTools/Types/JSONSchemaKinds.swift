internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// Kinds as a JSON Schema with a definition for each, for type generators of other languages.
enum JSONSchemaKinds {
    static func source(of kinds: [NamedKind]) -> String {
        let definitions = kinds.map { JSONTree.Member(key: $0.name, value: definition($0)) }
        let document = JSONTree.object([
            "$schema": .text("https://json-schema.org/draft/2020-12/schema"),
            "$comment": .text(SourceText.header(.jsonSchema)),
            "title": .text("Kinds"), "$defs": .object(definitions),
        ])
        return document.prettyText(.compact) + "\n"
    }

    /// `x-zizq` is an annotation: validators ignore it.
    private static func definition(_ kind: NamedKind) -> JSONTree {
        let header: [JSONTree.Member] = [
            JSONTree.Member(key: "title", value: .text(kind.typeName)),
            JSONTree.Member(key: "description", value: .text(kind.summary)),
            JSONTree.Member(key: "x-zizq", value: kind.options),
        ]
        return .object(header + constraints(kind.payload))
    }

    private static func constraints(_ type: PayloadType) -> [JSONTree.Member] {
        guard let name = type.jsonType else { return [] }
        let names: JSONTree = type.isOptional ? .array([.text(name), .text("null")]) : .text(name)
        return [JSONTree.Member(key: "type", value: names)] + details(type.shape)
    }

    private static func details(_ shape: PayloadType.Shape) -> [JSONTree.Member] {
        switch shape {
        case .integer:
            return [
                JSONTree.Member(key: "minimum", value: .number(Int64.min)),
                JSONTree.Member(key: "maximum", value: .number(UInt64.max)),
            ]
        case .list(let element): return [JSONTree.Member(key: "items", value: .object(constraints(element)))]
        case .fields(let fields):
            let properties = fields.all.map { JSONTree.Member(key: $0.name, value: .object(constraints($0.type))) }
            let required = fields.all.filter { !$0.type.isOptional }.map { JSONTree.text($0.name) }
            let details = [JSONTree.Member(key: "properties", value: .object(properties))]
            return required.isEmpty ? details : details + [JSONTree.Member(key: "required", value: .array(required))]
        case .string, .number, .boolean, .object, .array, .any: return []
        }
    }
}
