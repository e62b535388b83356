/// The keys of one mapping of the language: those that are read, and those that the language has and this version does not read.
package struct KeyTable: Sendable {
    /// With an article, for messages: `a job rule`.
    package let noun: String
    package let keys: [String]
    /// Refused as not supported yet, rather than as unknown.
    package let later: [String]

    static let file = KeyTable(noun: "a route file", keys: ["kinds", "routes"], later: [])

    static let kind = KeyTable(
        noun: "a kind", keys: ["queue", "priority", "retry_limit", "backoff", "retention", "unique_while", "batch", "budgets", "payload"],
        later: [])

    static let route = KeyTable(
        noun: "a route",
        keys: [
            "name", "path", "methods", "provider", "verify", "secrets", "public_url", "allow_from", "rate", "body", "body_limit",
            "content_types", "gzip", "on_unreadable", "event", "each", "unique_key", "unique_key_missing", "on_changed_body",
            "dedupe_window", "match", "jobs", "otherwise", "on_mismatch", "reply", "keep_request",
        ],
        later: ["examples"])

    static let rule = KeyTable(
        noun: "a job rule",
        keys: [
            "when", "kind", "type", "queue", "priority", "delay", "ready_at", "retry_limit", "backoff", "retention", "unique_key",
            "unique_while", "batch", "budgets", "payload", "ignore",
        ], later: [])

    static let verify = KeyTable(
        noun: "'verify'", keys: ["alg", "signature_from", "signature_prefix", "signature_encoding", "key_encoding"],
        later: ["signature_split", "key_strip_prefix", "timestamp_from", "timestamp_format", "tolerance", "id_from", "signed"])

    static let secret = KeyTable(noun: "a secret", keys: ["env", "file", "value"], later: [])
    static let backoff = KeyTable(noun: "'backoff'", keys: ["base", "exponent", "jitter"], later: [])
    static let batch = KeyTable(noun: "'batch'", keys: ["key", "when", "fold"], later: [])
    static let budget = KeyTable(noun: "a budget", keys: ["key", "cost", "create_with"], later: [])
    static let budgetPolicy = KeyTable(noun: "'create_with'", keys: ["allocation", "strategy", "duration", "burst"], later: [])
    static let rate = KeyTable(noun: "'rate'", keys: ["limit", "per", "burst"], later: [])
    static let reply = KeyTable(noun: "'reply'", keys: ["status", "headers", "body"], later: [])
    static let retention = KeyTable(noun: "'retention'", keys: ["completed", "dead"], later: [])

    /// What `when` may hold besides references.
    static let laterConditions = ["any", "not"]
}

/// What the language has, for documents and their tests.
package enum RouteLanguage {
    /// Every mapping that a file may hold.
    package static var mappings: [KeyTable] {
        [
            .file, .kind, .route, .rule, .verify, .secret, .backoff, .retention, .batch, .budget, .budgetPolicy, .rate, .reply,
        ]
    }

    /// What `provider` may be.
    package static var providers: [String] { ProviderPreset.all.map(\.name) }
}
