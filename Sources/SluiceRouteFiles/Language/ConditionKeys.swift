internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    /// The condition for a reference in `when`. `ValueTestReader` reads it.
    static let condition = LanguageMapping(
        "condition", noun: "a condition", ConditionKeys(), adding: ["minProperties": 1])

    /// The contents of `when` in addition to references. `ConditionReader` reads it.
    static let conditions = LanguageMapping(
        "conditions", noun: "'when'", ConditionGroupKeys(),
        adding: [
            "minProperties": 1,
            "patternProperties": .object([.init(key: ReferencePattern.bare, value: ConditionKeys.anyForm)]),
        ])
}

/// The keys of a condition.
struct ConditionKeys {
    private static let glob: JSONTree = [
        "type": "string", "pattern": .text(SchemaPattern.glob), "not": ["pattern": "\\$\\{"],
    ]
    private static let number: KeyFormat<YAMLNode> = .node("a number", ["type": "number"])

    let exists = LanguageKey(
        "exists", .boolean,
        meaning: "`true`: is present and not null (an empty text counts as present). `false`: is absent or null")
    let not = LanguageKey(
        "not", .node("a scalar or a list", .oneOrList(of: .to(.comparedValue))), meaning: "is equal to none of them")
    let prefix = LanguageKey(
        "prefix", .node("a text or a list", .oneOrList(of: .constantText)),
        meaning: "is a text that begins with it, or with one of the list")
    let suffix = LanguageKey(
        "suffix", .node("a text or a list", .oneOrList(of: .constantText)),
        meaning: "is a text that ends with it, or with one of the list")
    let contains = LanguageKey(
        "contains", .node("a scalar or a list", .oneOrList(of: .to(.comparedValue))),
        meaning: "is a text that contains it, or an array with an element that is equal to it, or to one of the list")
    let like = LanguageKey(
        "like", .node("a pattern or a list", .oneOrList(of: Self.glob)), examples: ["refs/heads/*"],
        meaning: "is a text that matches a pattern as a whole, in which `*` is any text and `?` one character")
    let greater = LanguageKey("greater", Self.number, meaning: "is a number greater than it")
    let less = LanguageKey("less", Self.number, meaning: "is a number less than it")
    let only = LanguageKey(
        "only", .node("a text or a list", .oneOrList(of: .constantText)),
        meaning: "is an object or a form that has no field other than it, or than those of the list")

    /// A value must be equal, one of a list must be equal, and all tests of a mapping must be true.
    fileprivate static var anyForm: JSONTree {
        .rule(
            if: ["type": "object"], then: .reference(to: RouteLanguage.condition.name),
            else: .oneOrList(of: .to(.comparedValue)))
    }
}

/// The keys of `when` other than references.
struct ConditionGroupKeys {
    private static var group: JSONTree { .reference(to: RouteLanguage.conditions.name) }

    let any = LanguageKey(
        "any", .node("a list of mappings", .filledList(of: Self.group)),
        meaning: "Mappings of conditions, one of which must hold")
    let not = LanguageKey(
        "not", .node("a mapping", Self.group),
        meaning: "A mapping of conditions, at least one of which must fail")
}
