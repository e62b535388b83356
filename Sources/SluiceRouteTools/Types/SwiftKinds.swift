internal import SluiceBase
internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// Kinds as types of the Swift client, each of which is a `JobKind`.
enum SwiftKinds {
    static func source(of kinds: [NamedKind]) -> String {
        var source = SourceText(indentation: 4)
        source.lines([
            "// \(SourceText.header(.swift))", "// swift-format-ignore-file", "// swiftlint:disable all", "",
            "import Zizq",
        ])
        for kind in kinds {
            source.lines(["", "/// \(kind.summary)"])
            source.block("struct \(kind.typeName): JobKind, Hashable {") { declare(kind, &$0) }
        }
        if source.text.contains("JSONValue") { source.lines(["", anyJSON]) }
        return source.text
    }

    private static func declare(_ kind: NamedKind, _ source: inout SourceText) {
        let batch = kind.options["batch"].map { batch in
            call("Batch", ["key": text(batch["key"]), "when": text(batch["when"]), "fold": text(batch["fold"])])
        }
        source.lines(constants(kind))
        if case .fields(let fields) = kind.payload.shape {
            if !fields.all.isEmpty { source.line() }
            members(fields, besides: batch == nil ? [] : ["batch"], &source)
        } else {
            wrapped(kind.payload, &source)
        }
        if let batch { source.lines(["", "var batch: Batch? { \(batch) }"]) }
    }
}

/// The options of a kind's jobs.
extension SwiftKinds {
    private static func constants(_ kind: NamedKind) -> [String] {
        let options = kind.options
        let values: KeyValuePairs<String, String?> = [
            "name": SourceLiteral.braced(kind.name),
            "queue": kind.queue == "default" ? nil : SourceLiteral.braced(kind.queue),
            "priority: UInt16?": options["priority"]?.json, "retryLimit: UInt32?": options["retry_limit"]?.json,
            "backoff: Backoff?": options["backoff"].map(backoff),
            "retention: Retention?": options["retention"].map(retention),
            "uniqueWhile: UniqueScope?": options["unique_while"]?.string.map { ".\($0)" },
            "budgets: [BudgetBinding]": options["budgets"].map {
                "[\($0.elements.map(binding).joined(separator: ", "))]"
            },
        ]
        return values.compactMap { name, value in value.map { "static let \(name) = \($0)" } }
    }

    private static func backoff(_ json: JSONTree) -> String {
        let (base, jitter) = (milliseconds(json["base_ms"]), milliseconds(json["jitter_ms"]))
        return call("Backoff", ["base": base, "exponent": json["exponent"]?.json, "jitter": jitter])
    }

    private static func retention(_ json: JSONTree) -> String {
        call("Retention", ["completed": milliseconds(json["completed_ms"]), "dead": milliseconds(json["dead_ms"])])
    }

    private static func binding(_ json: JSONTree) -> String {
        let policy = json["create_with"].map { policy in
            call("BudgetPolicy", ["allocation": policy["allocation"]?.json, "": policy["strategy"].map(strategy)])
        }
        return call("BudgetBinding", ["": text(json["key"]), "cost": json["cost"]?.json, "createWith": policy])
    }

    private static func strategy(_ json: JSONTree) -> String {
        guard let duration = milliseconds(json["duration_ms"]) else { return ".whileInFlight" }
        return call(".timeBased", ["": duration, "burst": json["burst"]?.json])
    }

    private static func milliseconds(_ json: JSONTree?) -> String? { json.map { ".milliseconds(\($0.json))" } }

    private static func text(_ json: JSONTree?) -> String? { json?.string.map(SourceLiteral.braced) }

    /// A call with the arguments that have a value.
    private static func call(_ function: String, _ arguments: KeyValuePairs<String, String?>) -> String {
        let written = arguments.compactMap { label, value in value.map { label.isEmpty ? $0 : "\(label): \($0)" } }
        return "\(function)(\(written.joined(separator: ", ")))"
    }
}

/// The members of a type.
extension SwiftKinds {
    private struct Property {
        let field: PayloadField
        /// Unique among the properties of the type.
        let name: String
        let type: String
        /// The fields of the nested type declared for it, with its name.
        let inner: (name: String, fields: PayloadFields)?
    }

    /// - Parameter taken: names of properties that the type already has.
    private static func members(_ fields: PayloadFields, besides taken: Set<String> = [], _ source: inout SourceText) {
        let properties = properties(fields, besides: taken)
        for property in properties { source.line("var \(SwiftIdentifier.quoted(property.name)): \(property.type)") }
        for case let inner? in properties.map(\.inner) {
            source.line()
            source.block("struct \(inner.name): Codable, Hashable, Sendable {") { members(inner.fields, &$0) }
        }
        if properties.contains(where: { !$0.name.utf8.elementsEqual($0.field.name.utf8) }) { keys(properties, &source) }
    }

    private static func properties(_ fields: PayloadFields, besides taken: Set<String>) -> [Property] {
        var names: [String] = []
        for field in fields.all {
            names.append(
                TypeName.unique(SwiftIdentifier.of(field.name, besides: taken), besides: Set(names), separator: "_"))
        }
        var known = Set(names)
        return zip(fields.all, names).map { field, name in
            guard let inner = innerFields(field.type) else {
                return Property(field: field, name: name, type: self.name(of: field.type, inner: ""), inner: nil)
            }
            let isList = if case .list = field.type.shape { true } else { false }
            let type = TypeName.ofField(isList ? "\(field.name) element" : field.name, besides: known)
            known.insert(type)
            return Property(
                field: field, name: name, type: self.name(of: field.type, inner: type), inner: (type, inner))
        }
    }

    /// The fields of the object, or of the objects in its lists.
    private static func innerFields(_ type: PayloadType) -> PayloadFields? {
        switch type.shape {
        case .fields(let fields): fields
        case .list(let element): innerFields(element)
        case .string, .integer, .number, .boolean, .object, .array, .any: nil
        }
    }

    private static func keys(_ properties: [Property], _ source: inout SourceText) {
        source.line()
        source.block("private enum CodingKeys: String, CodingKey {") { inside in
            for property in properties {
                let isSame = property.name.utf8.elementsEqual(property.field.name.utf8)
                let value = isSame ? "" : " = \(SourceLiteral.braced(property.field.name))"
                inside.line("case \(SwiftIdentifier.quoted(property.name))\(value)")
            }
        }
    }

    /// The only property for a payload that is not an object.
    private static func wrapped(_ payload: PayloadType, _ source: inout SourceText) {
        let type = name(of: payload, inner: "Element")
        source.lines(["", "/// The payload.", "var value: \(type)"])
        if let inner = innerFields(payload) {
            source.line()
            source.block("struct Element: Codable, Hashable, Sendable {") { members(inner, &$0) }
        }
        source.lines(["", "init(_ value: \(type)) { self.value = value }", ""])
        source.line(
            "init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(\(type).self) }"
        )
        source.line()
        source.block("func encode(to encoder: any Encoder) throws {") { inside in
            inside.lines(["var container = encoder.singleValueContainer()", "try container.encode(value)"])
        }
    }

    private static func name(of type: PayloadType, inner: String) -> String {
        let name =
            switch type.shape {
            case .string: "String"
            case .integer: "Int64"
            case .number: "Double"
            case .boolean: "Bool"
            case .object: "[String: JSONValue]"
            case .array: "[JSONValue]"
            case .any: "JSONValue"
            case .list(let element): "[\(self.name(of: element, inner: inner))]"
            case .fields: inner
            }
        return type.isOptional ? name + "?" : name
    }
}

/// Names of properties in Swift.
enum SwiftIdentifier {
    /// Names with another meaning after a dot, or that would be declared twice.
    private static let unusable: Set = ["Any", "CodingKeys", "Protocol", "Self", "Type", "hashValue", "init", "self"]

    private static let keywords: Set = [
        "as", "associatedtype", "await", "break", "case", "catch", "class", "continue", "default", "defer", "deinit",
        "do", "else", "enum",
        "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "inout",
        "internal", "is", "let",
        "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "static",
        "struct",
        "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// `full_name` is unchanged, `my-field` becomes `myField`, `2fast` `_2fast`, and `self` `self_`.
    static func of(_ name: String, besides taken: Set<String> = []) -> String {
        var identifier = name
        if !IdentifierText.isIdentifier(name) || name.allSatisfy({ $0 == "_" }) {
            let words = IdentifierText.words(name)
            identifier = (words.prefix(1) + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() })
                .joined()
            if identifier.isEmpty { identifier = "field" }
            if !IdentifierText.isIdentifier(identifier) { identifier = "_" + identifier }
        }
        return unusable.contains(identifier) || taken.contains(identifier) ? identifier + "_" : identifier
    }

    /// As declared: keywords in backquotes.
    static func quoted(_ identifier: String) -> String {
        keywords.contains(identifier) ? "`\(identifier)`" : identifier
    }
}

extension SwiftKinds {
    /// The type for any JSON value.
    private static let anyJSON = """
        /// Any JSON.
        enum JSONValue: Codable, Hashable, Sendable {
            case null
            case bool(Bool)
            /// A number without fraction and exponent that fits into 64 bits.
            case integer(Int64)
            case number(Double)
            case string(String)
            case array([JSONValue])
            case object([String: JSONValue])

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if container.decodeNil() {
                    self = .null
                } else if let value = try? container.decode(String.self) {
                    self = .string(value)
                } else if let value = try? container.decode(Int64.self) {
                    self = .integer(value)
                } else if let value = try? container.decode(Double.self) {
                    self = .number(value)
                } else if let value = try? container.decode(Bool.self) {
                    self = .bool(value)
                } else if let value = try? container.decode([JSONValue].self) {
                    self = .array(value)
                } else {
                    self = .object(try container.decode([String: JSONValue].self))
                }
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .null: try container.encodeNil()
                case .bool(let value): try container.encode(value)
                case .integer(let value): try container.encode(value)
                case .number(let value): try container.encode(value)
                case .string(let value): try container.encode(value)
                case .array(let value): try container.encode(value)
                case .object(let value): try container.encode(value)
                }
            }
        }
        """
}
