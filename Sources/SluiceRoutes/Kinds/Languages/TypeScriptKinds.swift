internal import SluiceBase

/// Kinds as TypeScript types, without a line that runs but the table of constants.
enum TypeScriptKinds {
    private static let anyJSON = "export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue };"

    static func source(of kinds: [NamedKind]) -> String {
        var source = SourceText(indentation: 2)
        source.lines(["// \(SourceText.header(.typescript))", "/* eslint-disable */"])
        if kinds.contains(where: { $0.payload.holdsAnyJSON || $0.payload.holdsEmptyFields }) {
            source.lines(["", "/** Any JSON. */", anyJSON])
        }
        for kind in kinds {
            source.lines(["", "/** The payload of jobs of \(kind.subject(quote: "`")). */"])
            if let fields = kind.fields, !kind.payload.isOptional {
                source.block("export interface \(kind.typeName) {") { inside in inside.lines(fields.all.flatMap { lines($0) }) }
            } else {
                var lines = lines(kind.payload)
                lines[0] = "export type \(kind.typeName) = \(lines[0])"
                source.lines(ending(lines, with: ";"))
            }
        }
        source.lines(["", "/** The payload of each kind, by the type of its jobs. */"])
        source.block("export interface Kinds {") { inside in
            for kind in kinds { inside.line("\(SourceLiteral.utf16(kind.name)): \(kind.typeName);") }
        }
        source.lines([
            "", "/** What jobs of each kind are enqueued with, by Zizq's names; `unique_while` goes with a `unique_key` only. */",
        ])
        source.block("export const kinds = {", "} as const;") { inside in
            for kind in kinds { inside.line("\(SourceLiteral.utf16(kind.name)): { \(constants(kind).joined(separator: ", ")) },") }
        }
        return source.text
    }

    private static func constants(_ kind: NamedKind) -> [String] {
        var members = ["\"queue\": \(SourceLiteral.utf16(kind.constants.queue))"]
        members += kind.constants.members(quoting: SourceLiteral.utf16).map { "\"\($0.name)\": \($0.json)" }
        if let scope = kind.constants.uniqueWhile { members.append("\"unique_while\": \"\(scope.rawValue)\"") }
        return members
    }

    private static func lines(_ field: PayloadField) -> [String] {
        let name = IdentifierText.isIdentifier(field.name) ? field.name : SourceLiteral.utf16(field.name)
        var lines = lines(field.type)
        lines[0] = "\(name)\(field.type.isOptional ? "?" : ""): \(lines[0])"
        return ending(lines, with: ";")
    }

    /// The type as it stands behind a colon.
    private static func lines(_ type: PayloadType) -> [String] {
        if type.isOptional { return ending(lines(type.required), with: " | null") }
        switch type.shape {
        case .string: return ["string"]
        case .integer, .number: return ["number"]
        case .boolean: return ["boolean"]
        case .array: return ["JSONValue[]"]
        case .any: return ["JSONValue"]
        case .list(let element):
            var lines = lines(element)
            guard element.isOptional else { return ending(lines, with: "[]") }
            lines[0] = "(" + lines[0]
            return ending(lines, with: ")[]")
        case .object: return ["{ [key: string]: JSONValue }"]
        case .fields(let fields):
            guard !fields.all.isEmpty else { return ["{ [key: string]: JSONValue }"] }
            return ["{"] + fields.all.flatMap { lines($0) }.map { "  " + $0 } + ["}"]
        }
    }

    private static func ending(_ lines: [String], with end: String) -> [String] {
        lines.dropLast() + [(lines.last ?? "") + end]
    }
}

extension PayloadType {
    /// Whether an object that is said to have no fields is in it, below the payload itself.
    fileprivate var holdsEmptyFields: Bool {
        switch shape {
        case .list(let element): element.isEmptyFields || element.holdsEmptyFields
        case .fields(let fields): fields.all.contains { $0.type.isEmptyFields || $0.type.holdsEmptyFields }
        case .string, .integer, .number, .boolean, .object, .array, .any: false
        }
    }

    private var isEmptyFields: Bool {
        if case .fields(let fields) = shape { fields.all.isEmpty } else { false }
    }
}
