internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let provider = LanguageMapping(
        "provider", noun: "a provider", ProviderKeys(),
        hints: [
            "path": "routes set it", "secrets": "routes set them", "jobs": "routes set them",
            "name": "the key in front of the mapping is the name",
        ])
}

/// The keys of a preset: information about the provider, and the keys of a route.
struct ProviderKeys {
    let title = LanguageKey(
        "title", .filledText, absent: "its name", examples: ["Acme Payments"],
        meaning: "The provider's name for people")
    let docs = LanguageKey(
        "docs", .text("a URL", matching: "^https://"), absent: "none",
        meaning: "The page of the provider's documentation about its webhooks")
    let aliases = LanguageKey(
        "aliases", .list(of: .filledText, "a list of names", named: "an alias"), absent: "none",
        meaning: "Other names under which `sluice providers` finds it and routes may use it")
    let setup = LanguageKey(
        "setup", .filledText, absent: "none", meaning: "What to enter in the provider's settings")
    let secret = LanguageKey(
        "secret", .filledText, absent: "none", meaning: "What the route's `secrets` must contain, and where to find it")
    let account = LanguageKey(
        "account",
        .node(
            "a mapping from names to meanings",
            [
                "type": "object", "propertyNames": .text(matching: SchemaPattern.accountName),
                "additionalProperties": .filledText,
            ]),
        absent: "none",
        meaning: "What the route's `account` must contain. In the preset's keys, `${account.NAME}` stands for the value"
    )
    let events = LanguageKey(
        "events", .list(of: .filledText, "a list of texts", named: "an event"), absent: "not known",
        meaning: "The provider's event names; `v2.*` stands for all that begin with `v2.`. `sluice check` warns of a "
            + "rule for any other event")
    let notUnique = LanguageKey(
        "not_unique",
        .node(
            "a mapping from values to clauses",
            ["type": "object", "additionalProperties": .filledText]),
        absent: "none",
        meaning: "Values that several deliveries share although they look like ids, such as `body.groupKey`, and what "
            + "each of them does, such as \"names a group of alerts\". `sluice check` warns of a `unique_key` that "
            + "consists only of them")
    let changesPerTry = LanguageKey(
        "changes_per_try",
        .node(
            "a mapping from values to clauses",
            ["type": "object", "additionalProperties": .filledText]),
        absent: "none",
        meaning: "Values that are different in each attempt to deliver the same event, such as `sha256.body`, and why, "
            + "such as \"covers the number of the attempt\". `sluice check` warns of a `unique_key` that contains one "
            + "of them")
    let retrySpan = LanguageKey(
        "retry_span", .duration(in: .zero ... .seconds(90 * 86_400)), absent: "not known",
        meaning: "How long after the first attempt the provider may retry; 0 if it never does")
    let deliveryDelay = LanguageKey(
        "delivery_delay", .duration(in: .zero ... .seconds(86_400)), absent: "not known",
        meaning: "How old a signed timestamp may be when the request arrives. `sluice check` warns of a shorter "
            + "`tolerance`")
    let answerWithin = LanguageKey(
        "answer_within", .duration(in: .milliseconds(1) ... .seconds(86_400)), absent: "not known",
        meaning: "How long the provider waits for an answer")
    let success = LanguageKey(
        "success", .list(of: .integer(in: 200...399), "a list of statuses", named: "a status"), absent: "every 2xx",
        meaning: "The statuses that the provider treats as success. `sluice check` warns of a `reply` with another")
    let successBody = LanguageKey(
        "success_body", .text, absent: "any",
        meaning: "What the body of an answer must contain for the provider to treat it as success; if it is empty, "
            + "the body must be empty. `sluice check` warns of a `reply` with another")
    let notes = LanguageKey(
        "notes", .list(of: .filledText, "a list of sentences", named: "a note"), absent: "none",
        meaning: "Notes about the provider")
    let unverified = LanguageKey(
        "unverified", .list(of: .filledText, "a list of facts", named: "a fact in 'unverified'"),
        absent: "none", meaning: "Facts in the preset that are not in the provider's documentation, as noun phrases")
    let samples = LanguageKey(
        "samples",
        .node(
            "a mapping from names to requests",
            ["type": "object", "additionalProperties": .reference(to: RouteLanguage.sample.name)]),
        absent: "none",
        meaning:
            "Sample [requests](#sample) for `sluice send`. In them `${sample.uuid}`, `${sample.number}`, "
            + "`${sample.unix}`, `${sample.unix_ms}` and `${sample.time}` stand for new values")

    let methods = RouteLanguage.route.key.methods
    let verify = RouteLanguage.route.key.verify
    let body = RouteLanguage.route.key.body
    let bodyLimit = RouteLanguage.route.key.bodyLimit
    let jsonField = RouteLanguage.route.key.jsonField
    let gzip = RouteLanguage.route.key.gzip
    let contentTypes = RouteLanguage.route.key.contentTypes
    let onUnreadable = RouteLanguage.route.key.onUnreadable
    let credentialHeaders = RouteLanguage.route.key.credentialHeaders
    let event = RouteLanguage.route.key.event
    let each = RouteLanguage.route.key.each
    let uniqueKey = RouteLanguage.route.key.uniqueKey
    let uniqueKeyMissing = RouteLanguage.route.key.uniqueKeyMissing
    let onChangedBody = RouteLanguage.route.key.onChangedBody
    let compare = RouteLanguage.route.key.compare
    let dedupeWindow = RouteLanguage.route.key.dedupeWindow
    let reply = RouteLanguage.route.key.reply
    let handshake = RouteLanguage.route.key.handshake

    /// The keys with information for people.
    static let information: Set<String> = [
        "title", "docs", "aliases", "setup", "secret", "account", "events", "not_unique",
        "changes_per_try", "retry_span", "delivery_delay", "answer_within", "success", "success_body", "notes",
        "unverified", "samples",
    ]
}
