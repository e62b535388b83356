package import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// A row of the route language: a key of a mapping with its meaning, format, default and reader.
///
/// Messages, the JSON Schema and the tables of the reference page are generated from the rows. A class, like
/// `LanguageMapping`: each value of each route reads through them, and a copy of a struct would retain all members.
final class LanguageKey<Value: Sendable>: LanguageRowHolder, Sendable {
    let row: LanguageRow
    let format: KeyFormat<Value>
    /// The name in quotes, for messages.
    let subject: String

    /// - Parameters:
    ///   - standard: the default, if the reader applies it.
    ///   - absent: the default in words, if it is not one value.
    ///   - examples: values for editors to offer.
    init(
        _ name: String, _ format: KeyFormat<Value>, isRequired: Bool = false, default standard: JSONTree? = nil,
        absent: String? = nil, examples: [JSONTree] = [], meaning: String
    ) {
        row = LanguageRow(
            name: name, meaning: meaning, isRequired: isRequired, standard: standard, absent: absent,
            examples: examples, words: format.words, valueSchema: format.schema)
        self.format = format
        subject = "'\(name)'"
    }

    private init(_ row: LanguageRow, _ format: KeyFormat<Value>) {
        self.row = row
        self.format = format
        subject = "'\(row.name)'"
    }

    /// The same row with a default.
    func defaulting(to value: Value) -> DefaultedKey<Value> {
        var row = row
        row.standard = format.write(value)
        return DefaultedKey(key: LanguageKey(row, format), value: value)
    }
}

/// A row whose key has a value in every mapping.
struct DefaultedKey<Value: Sendable>: LanguageRowHolder {
    let key: LanguageKey<Value>
    /// The value of a mapping without the key.
    let value: Value

    var row: LanguageRow { key.row }
}

/// A key with any type of values.
protocol LanguageRowHolder {
    var row: LanguageRow { get }
}

/// The contents of a row without the type of its values.
package struct LanguageRow: Sendable {
    package let name: String
    /// The meaning of the key, in Markdown, without a final full stop.
    package let meaning: String
    package let isRequired: Bool
    /// The default, if it is one value.
    package fileprivate(set) var standard: JSONTree?
    /// The default in words, if it is not one value.
    package let absent: String?
    fileprivate let examples: [JSONTree]
    fileprivate let words: @Sendable () -> String
    fileprivate let valueSchema: @Sendable () -> JSONTree

    /// The accepted values, in Markdown.
    package var values: String { words() }

    /// The meaning of the key, without Markdown.
    package var plainMeaning: String {
        meaning.replacing(/\[([^\]]+)\]\(([^)]+)\)/) { $0.1 }.replacing("`", with: "") + "."
    }

    /// The key's member of a schema's `properties`.
    fileprivate var schema: JSONTree.Member {
        var members = [JSONTree.Member(key: "description", value: .text(plainMeaning))] + valueSchema().constraints
        if let standard { members.append(.init(key: "default", value: standard)) }
        if !examples.isEmpty { members.append(.init(key: "examples", value: .array(examples))) }
        return .init(key: name, value: .object(members))
    }
}

/// The rows of one mapping, with any types.
package protocol LanguageTable: Sendable {
    /// The name of the mapping in the JSON Schema of route files: `job_rule`.
    var name: String { get }
    /// With an article, for messages: `a job rule`.
    var noun: String { get }
    var rows: [LanguageRow] { get }
    var schema: JSONTree { get }
}

extension LanguageTable {
    package var keys: [String] { rows.map(\.name) }
}

/// A mapping of the language. `Keys` has a property for each row; shared rows are in a structure that is a property
/// itself.
final class LanguageMapping<Keys: Sendable>: LanguageTable {
    let name: String
    let noun: String
    let key: Keys
    let rows: [LanguageRow]
    let names: Set<String>
    /// The required keys.
    let required: [String]
    /// Hints for keys of other mappings or other programs.
    let hints: [String: String]
    private let rules: @Sendable () -> [JSONTree]
    private let constraints: @Sendable () -> JSONTree

    /// - Parameters:
    ///   - subset: the keys of the mapping, if it does not have all of them.
    ///   - rules: the schema's rules for the mapping as a whole.
    ///   - constraints: more members of the schema.
    init(
        _ name: String, noun: String, _ key: Keys, only subset: Set<String>? = nil, hints: [String: String] = [:],
        rules: @autoclosure @escaping @Sendable () -> [JSONTree] = [],
        adding constraints: @autoclosure @escaping @Sendable () -> JSONTree = true
    ) {
        self.name = name
        self.noun = noun
        self.key = key
        rows = Self.rows(of: key).filter { subset?.contains($0.name) ?? true }
        names = Set(rows.map(\.name))
        required = rows.filter(\.isRequired).map(\.name)
        self.hints = hints
        self.rules = rules
        self.constraints = constraints
    }

    private static func rows(of keys: Any) -> [LanguageRow] {
        Mirror(reflecting: keys).children.flatMap { child in
            (child.value as? any LanguageRowHolder).map { [$0.row] } ?? rows(of: child.value)
        }
    }

    var schema: JSONTree {
        let rules = rules()
        var members: [JSONTree.Member] = [
            .init(key: "type", value: "object"), .init(key: "properties", value: .object(rows.map(\.schema))),
            .init(key: "additionalProperties", value: false),
        ]
        if !required.isEmpty { members.append(.init(key: "required", value: .texts(required))) }
        if !rules.isEmpty { members.append(.init(key: "allOf", value: .array(rules))) }
        return .object(members + constraints().constraints)
    }
}

/// The route language.
package enum RouteLanguage {
    /// Every mapping that a file may contain.
    package static var mappings: [any LanguageTable] {
        [
            files, kind, provider, sample, route, rule, conditions, condition, verify, token, tokenDigest, secret,
            backoff, retention,
            batch,
            budget,
            budgetPolicy, rate, reply, quarantine, handshake, handshakeHMAC, example, expectation, expectedJob,
            expectedReply,
        ]
    }

    /// The built-in presets that `provider` may name.
    package static var providers: [String] { PresetTexts.names }

    /// The top level of a file.
    package static var file: any LanguageTable { files }

    static let files = LanguageMapping("route_file", noun: "a route file", FileKeys())
}

/// The keys of a route file.
struct FileKeys {
    let kinds = LanguageKey(
        "kinds",
        .node(
            "a mapping from names to [kinds](#kinds)",
            ["type": "object", "propertyNames": .to(.name), "additionalProperties": FileKeys.kindOrNothing]),
        meaning: "Named kinds of jobs. The name is the job's type at Zizq; a kind can be used by all files")
    let providers = LanguageKey(
        "providers",
        .node(
            "a mapping from names to [presets](#custom-presets)",
            [
                "type": "object", "propertyNames": .to(.name),
                "additionalProperties": .reference(to: RouteLanguage.provider.name),
            ]),
        meaning: "Presets that `provider` can name in the routes of all files")
    let routes = LanguageKey(
        "routes", .list(of: .mapping(RouteLanguage.route, "[routes](#routes)"), named: "a route"),
        meaning: "The routes: which webhooks are accepted, and what happens to them")

    /// A kind can be a name alone.
    private static var kindOrNothing: JSONTree {
        .rule(if: .not(["type": "null"]), then: .reference(to: RouteLanguage.kind.name))
    }
}
