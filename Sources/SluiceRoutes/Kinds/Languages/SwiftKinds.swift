internal import SluiceBase

/// Kinds as types of the Swift client: a `JobKind` each.
enum SwiftKinds {
    static func source(of kinds: [NamedKind]) -> String {
        var source = SourceText(indentation: 4)
        source.lines(["// \(SourceText.header(.swift))", "// swift-format-ignore-file", "// swiftlint:disable all", "", "import Zizq"])
        for kind in kinds {
            source.line()
            source.line("/// The payload of jobs of \(kind.subject(quote: "`")).")
            source.block("struct \(kind.typeName): JobKind, Hashable {") { inside in
                inside.lines(constants(kind))
                let batch = kind.constants.batch
                if let fields = kind.fields {
                    members(fields, besides: batch == nil ? [] : ["batch"], &inside)
                } else {
                    wrapped(kind.payload, &inside)
                }
                if let batch { inside.lines(["", property(batch)]) }
            }
        }
        if kinds.contains(where: { $0.payload.holdsAnyJSON }) { source.lines(SwiftJSONValue.lines) }
        return source.text
    }

    private static func constants(_ kind: NamedKind) -> [String] {
        var lines = ["static let name = \(SourceLiteral.braced(kind.name))"]
        let constants = kind.constants
        if constants.queue != "default" { lines.append("static let queue = \(SourceLiteral.braced(constants.queue))") }
        if let priority = constants.priority { lines.append("static let priority: UInt16? = \(priority)") }
        if let limit = constants.retryLimit { lines.append("static let retryLimit: UInt32? = \(limit)") }
        if let backoff = constants.backoff {
            let times = "base: .milliseconds(\(backoff.base)), exponent: \(backoff.exponent), jitter: .milliseconds(\(backoff.jitter))"
            lines.append("static let backoff: Backoff? = Backoff(\(times))")
        }
        if let retention = constants.retention {
            let times = [("completed", retention.completed), ("dead", retention.dead)]
            let written = times.compactMap { name, time in time.map { "\(name): .milliseconds(\($0))" } }
            lines.append("static let retention: Retention? = Retention(\(written.joined(separator: ", ")))")
        }
        if let scope = constants.uniqueWhile { lines.append("static let uniqueWhile: UniqueScope? = .\(scope.rawValue)") }
        if !constants.budgets.isEmpty {
            lines.append("static let budgets: [BudgetBinding] = [\(constants.budgets.map(binding).joined(separator: ", "))]")
        }
        return lines
    }

    private static func property(_ batch: KindConstants.Batch) -> String {
        let texts = [("key", batch.key), ("when", batch.when), ("fold", batch.fold)].map { "\($0): \(SourceLiteral.braced($1))" }
        return "var batch: Batch? { Batch(\(texts.joined(separator: ", "))) }"
    }

    private static func binding(_ budget: KindConstants.Budget) -> String {
        var arguments = [SourceLiteral.braced(budget.key)]
        if let cost = budget.cost { arguments.append("cost: \(cost)") }
        if let policy = budget.policy {
            let burst = policy.burst.map { ", burst: \($0)" } ?? ""
            let strategy = policy.duration.map { ".timeBased(.milliseconds(\($0))\(burst))" } ?? ".whileInFlight"
            arguments.append("createWith: BudgetPolicy(allocation: \(policy.allocation), \(strategy))")
        }
        return "BudgetBinding(\(arguments.joined(separator: ", ")))"
    }

    /// The properties of an object, the types that they need, and where their names are not the fields' own, the keys.
    ///
    /// - Parameters:
    ///   - taken: names of properties that the type has already.
    ///   - isBehind: whether something stands before them in the type.
    private static func members(
        _ fields: PayloadFields, besides taken: Set<String> = [], _ source: inout SourceText, isBehind: Bool = true
    ) {
        guard !fields.all.isEmpty else { return }
        var types: Set<String> = []
        let named = NamedField.all(fields, identifier: { SwiftIdentifier.of($0, besides: taken) }) { name, identifiers in
            let type = TypeName.ofField(name, besides: types.union(identifiers))
            types.insert(type)
            return type
        }
        if isBehind { source.line() }
        for field in named {
            source.line("var \(SwiftIdentifier.quoted(field.identifier)): \(name(of: field.type, inner: field.innerType))")
        }
        for field in named {
            guard let inner = field.type.innerFields else { continue }
            source.line()
            source.block("struct \(field.innerType): Codable, Hashable, Sendable {") { members(inner, &$0, isBehind: false) }
        }
        if named.contains(where: { !$0.identifier.utf8.elementsEqual($0.field.name.utf8) }) { keys(named, &source) }
    }

    private static func keys(_ fields: [NamedField], _ source: inout SourceText) {
        source.line()
        source.block("private enum CodingKeys: String, CodingKey {") { inside in
            for field in fields {
                let isSame = field.identifier.utf8.elementsEqual(field.field.name.utf8)
                let value = isSame ? "" : " = \(SourceLiteral.braced(field.field.name))"
                inside.line("case \(SwiftIdentifier.quoted(field.identifier))\(value)")
            }
        }
    }

    /// A payload that is no object, as the only property.
    private static func wrapped(_ payload: PayloadType, _ source: inout SourceText) {
        let type = name(of: payload, inner: "Element")
        source.lines(["", "/// The payload.", "var value: \(type)"])
        if let inner = payload.innerFields {
            source.line()
            source.block("struct Element: Codable, Hashable, Sendable {") { members(inner, &$0, isBehind: false) }
        }
        source.lines(["", "init(_ value: \(type)) { self.value = value }", ""])
        source.line("init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(\(type).self) }")
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
    /// What means something else behind a dot, or would be declared twice.
    private static let unusable: Set = ["Any", "CodingKeys", "Protocol", "Self", "Type", "hashValue", "init", "self"]

    private static let keywords: Set = [
        "as", "associatedtype", "await", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum",
        "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "inout", "internal", "is", "let",
        "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "static", "struct",
        "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// `full_name` stays, `my-field` is `myField`, `2fast` is `_2fast`, `self` is `self_`.
    static func of(_ name: String, besides taken: Set<String> = []) -> String {
        var identifier = name
        if !IdentifierText.isIdentifier(name) || name.allSatisfy({ $0 == "_" }) {
            let words = IdentifierText.words(name)
            identifier = (words.prefix(1) + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined()
            if identifier.isEmpty { identifier = "field" }
            if !IdentifierText.isIdentifier(identifier) { identifier = "_" + identifier }
        }
        return unusable.contains(identifier) || taken.contains(identifier) ? identifier + "_" : identifier
    }

    /// As it is declared: keywords in backquotes.
    static func quoted(_ identifier: String) -> String { keywords.contains(identifier) ? "`\(identifier)`" : identifier }
}
