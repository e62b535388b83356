internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// Kinds as TypeScript types, with a table of constants as the only code.
enum TypeScriptKinds {
    private static let anyJSON =
        "export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue };"
    private static let anyObject = "{ [key: string]: JSONValue }"

    static func source(of kinds: [NamedKind]) -> String {
        let head = "// \(SourceText.header(.typescript))\n/* eslint-disable */\n"
        let body = body(kinds)
        return head + (body.contains("JSONValue") ? "\n/** Any JSON. */\n\(anyJSON)\n" : "") + body
    }

    private static func body(_ kinds: [NamedKind]) -> String {
        var source = SourceText(indentation: 2)
        for kind in kinds { source.lines(["", "/** \(kind.summary) */"] + declaration(kind)) }
        source.lines(["", "/** The payload of each kind, by the type of its jobs. */"])
        source.block("export interface Kinds {") { inside in
            for kind in kinds { inside.line("\(SourceLiteral.utf16(kind.name)): \(kind.typeName);") }
        }
        source.lines([
            "",
            "/** What jobs of each kind are enqueued with, by Zizq's names; "
                + "`unique_while` goes with a `unique_key` only. */",
        ])
        source.block("export const kinds = {", "} as const;") { inside in
            for kind in kinds { inside.line("\(SourceLiteral.utf16(kind.name)): \(literal(kind.options)),") }
        }
        return source.text
    }

    private static func declaration(_ kind: NamedKind) -> [String] {
        if case .fields(let fields) = kind.payload.shape, !kind.payload.isOptional {
            return ["export interface \(kind.typeName) {"] + members(fields) + ["}"]
        }
        var lines = lines(kind.payload)
        lines[0] = "export type \(kind.typeName) = \(lines[0])"
        return ending(lines, with: ";")
    }

    private static func members(_ fields: PayloadFields) -> [String] {
        fields.all.flatMap { field in
            let name = IdentifierText.isIdentifier(field.name) ? field.name : SourceLiteral.utf16(field.name)
            var lines = lines(field.type)
            lines[0] = "\(name)\(field.type.isOptional ? "?" : ""): \(lines[0])"
            return ending(lines, with: ";").map { "  " + $0 }
        }
    }

    /// The lines of a type after a colon.
    private static func lines(_ type: PayloadType) -> [String] {
        if type.isOptional { return ending(lines(PayloadType(shape: type.shape, isOptional: false)), with: " | null") }
        switch type.shape {
        case .string: return ["string"]
        case .integer, .number: return ["number"]
        case .boolean: return ["boolean"]
        case .array: return ["JSONValue[]"]
        case .any: return ["JSONValue"]
        case .object: return [anyObject]
        case .fields(let fields): return fields.all.isEmpty ? [anyObject] : ["{"] + members(fields) + ["}"]
        case .list(let element):
            var lines = lines(element)
            guard element.isOptional else { return ending(lines, with: "[]") }
            lines[0] = "(" + lines[0]
            return ending(lines, with: ")[]")
        }
    }

    private static func ending(_ lines: [String], with end: String) -> [String] {
        lines.dropLast() + [(lines.last ?? "") + end]
    }

    /// JSON in TypeScript notation.
    private static func literal(_ json: JSONTree) -> String {
        switch json {
        case .null, .boolean, .number: json.json
        case .text(let text): SourceLiteral.utf16(text)
        case .array(let elements): "[\(elements.map(literal).joined(separator: ", "))]"
        case .object(let members):
            "{ \(members.map { "\(SourceLiteral.utf16($0.key)): \(literal($0.value))" }.joined(separator: ", ")) }"
        }
    }
}
