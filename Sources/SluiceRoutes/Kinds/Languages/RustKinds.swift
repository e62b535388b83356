internal import SluiceBase

/// Kinds as Rust structs for serde.
struct RustKinds {
    private var source = SourceText(indentation: 4)
    /// Of all types in the file.
    private var typeNames: Set<String>

    private static let derives = "#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]"

    static func source(of kinds: [NamedKind]) -> String {
        var rust = RustKinds(typeNames: TypeName.ofLanguages.union(kinds.map(\.typeName)))
        rust.source.lines([
            "// \(SourceText.header(.rust))", "// Needs the crates `serde`, with the feature `derive`, and `serde_json`.", "",
        ])
        rust.source.line("use serde::{Deserialize, Serialize};")
        if kinds.contains(where: { $0.payload.holdsAnyObject }) {
            rust.source.line("use serde_json::{Map, Value};")
        } else if kinds.contains(where: { $0.payload.holdsAnyJSON }) {
            rust.source.line("use serde_json::Value;")
        }
        for kind in kinds { rust.declare(kind) }
        return rust.source.text
    }

    private init(typeNames: Set<String>) { self.typeNames = typeNames }

    private mutating func declare(_ kind: NamedKind) {
        source.lines(["", "/// The payload of jobs of \(kind.subject(quote: "`")).", Self.derives])
        guard let fields = kind.fields else { return declareWrapped(kind) }
        let inner = declare(kind.typeName, fields)
        declareConstants(kind)
        declare(inner, of: kind.typeName)
    }

    private mutating func declareWrapped(_ kind: NamedKind) {
        let inner = TypeName.unique(kind.typeName + "Element", besides: typeNames)
        source.lines(["#[serde(transparent)]", "pub struct \(kind.typeName)(pub \(Self.name(of: kind.payload, inner)));"])
        declareConstants(kind)
        guard let fields = kind.payload.innerFields else { return }
        typeNames.insert(inner)
        source.lines(["", "/// What the list that is `\(kind.typeName)` holds.", Self.derives])
        declare(declare(inner, fields), of: inner)
    }

    private mutating func declareConstants(_ kind: NamedKind) {
        let constants = kind.constants
        source.lines(["", "#[allow(dead_code)]"])
        source.block("impl \(kind.typeName) {") { inside in
            func constant(_ name: String, _ type: String, _ value: String) { inside.line("pub const \(name): \(type) = \(value);") }
            constant("NAME", "&'static str", SourceLiteral.braced(kind.name))
            constant("QUEUE", "&'static str", SourceLiteral.braced(constants.queue))
            if let priority = constants.priority { constant("PRIORITY", "u16", priority) }
            if let limit = constants.retryLimit { constant("RETRY_LIMIT", "u32", "\(limit)") }
            if let backoff = constants.backoff {
                constant("BACKOFF_BASE_MS", "u32", "\(backoff.base)")
                constant("BACKOFF_EXPONENT", "f32", backoff.exponent)
                constant("BACKOFF_JITTER_MS", "u32", "\(backoff.jitter)")
            }
            if let completed = constants.retention?.completed { constant("RETENTION_COMPLETED_MS", "u64", "\(completed)") }
            if let dead = constants.retention?.dead { constant("RETENTION_DEAD_MS", "u64", "\(dead)") }
            if let scope = constants.uniqueWhile { constant("UNIQUE_WHILE", "&'static str", "\"\(scope.rawValue)\"") }
            if let batch = constants.batch {
                constant("BATCH_KEY", "&'static str", SourceLiteral.braced(batch.key))
                constant("BATCH_WHEN", "&'static str", SourceLiteral.braced(batch.when))
                constant("BATCH_FOLD", "&'static str", SourceLiteral.braced(batch.fold))
            }
            if !constants.budgets.isEmpty {
                let json = constants.budgets.map { $0.written(quoting: SourceLiteral.utf16) }.joined(separator: ", ")
                constant("BUDGETS_JSON", "&'static str", SourceLiteral.braced("[\(json)]"))
            }
        }
    }

    /// - Returns: the fields, whose own types are still to be declared.
    private mutating func declare(_ name: String, _ fields: PayloadFields) -> [NamedField] {
        let named = NamedField.all(fields, identifier: RustIdentifier.of) { field, _ in
            let type = TypeName.unique(name + TypeName.ofField(field, besides: []), besides: typeNames)
            typeNames.insert(type)
            return type
        }
        guard !named.isEmpty else {
            source.line("pub struct \(name) {}")
            return []
        }
        source.block("pub struct \(name) {") { inside in
            for field in named {
                if let attribute = Self.attribute(field) { inside.line(attribute) }
                let type = Self.name(of: field.type, field.innerType)
                inside.line("pub \(RustIdentifier.raw(field.identifier)): \(type),")
            }
        }
        return named
    }

    private mutating func declare(_ fields: [NamedField], of name: String) {
        for field in fields {
            guard let inner = field.type.innerFields else { continue }
            source.lines(["", "/// What `\(PrintableText.escape(field.field.name))` of `\(name)` holds.", Self.derives])
            declare(declare(field.innerType, inner), of: field.innerType)
        }
    }

    private static func attribute(_ field: NamedField) -> String? {
        var parts: [String] = []
        if !field.identifier.utf8.elementsEqual(field.field.name.utf8) {
            parts.append("rename = \(SourceLiteral.braced(field.field.name))")
        }
        if field.type.isOptional { parts += ["default", "skip_serializing_if = \"Option::is_none\""] }
        return parts.isEmpty ? nil : "#[serde(\(parts.joined(separator: ", ")))]"
    }

    private static func name(of type: PayloadType, _ inner: String) -> String {
        let name =
            switch type.shape {
            case .string: "String"
            case .integer: "i64"
            case .number: "f64"
            case .boolean: "bool"
            case .object: "Map<String, Value>"
            case .array: "Vec<Value>"
            case .any: "Value"
            case .list(let element): "Vec<\(self.name(of: element, inner))>"
            case .fields: inner
            }
        return type.isOptional ? "Option<\(name)>" : name
    }
}

/// Names of fields in Rust.
enum RustIdentifier {
    private static let keywords: Set = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum", "extern", "false",
        "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
        "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
        "while", "yield",
    ]
    /// Keywords that cannot be written as `r#self`.
    private static let unusable: Set = ["crate", "self", "super"]

    /// `full_name` stays, `fullName` and `full-name` become that, `2fast` is `_2fast`, `self` is `self_`.
    static func of(_ name: String) -> String {
        var identifier = name
        if !IdentifierText.isIdentifier(name) || name != name.lowercased() || name.allSatisfy({ $0 == "_" }) {
            identifier = IdentifierText.words(name).map(snakeCase).joined(separator: "_")
            if identifier.isEmpty { identifier = "field" }
            if !IdentifierText.isIdentifier(identifier) { identifier = "_" + identifier }
        }
        return unusable.contains(identifier) ? identifier + "_" : identifier
    }

    /// As it is declared.
    static func raw(_ identifier: String) -> String { keywords.contains(identifier) ? "r#\(identifier)" : identifier }

    /// `HTMLUrl` is `html_url`.
    private static func snakeCase(_ word: String) -> String {
        let letters = Array(word)
        var text = ""
        for (index, letter) in letters.enumerated() {
            let isAfterSmall = index > 0 && !letters[index - 1].isUppercase
            let isBeforeSmall = index > 0 && index + 1 < letters.count && letters[index + 1].isLowercase
            if letter.isUppercase, isAfterSmall || isBeforeSmall { text += "_" }
            text += letter.lowercased()
        }
        return text
    }
}
