/// The keys of one mapping of the language: those that are read, and those that the language has and this version does not read.
package struct KeyTable: Sendable {
    /// With an article, for messages: `a job rule`.
    package let noun: String
    package let keys: [String]
    /// Refused as not supported yet, rather than as unknown.
    package let later: [String]

    static let file = KeyTable(noun: "a route file", keys: ["kinds", "routes"], later: [])

    static let kind = KeyTable(
        noun: "a kind", keys: ["queue", "priority", "retry_limit", "backoff", "retention", "unique_while"],
        later: ["payload", "batch", "budgets"])

    static let route = KeyTable(
        noun: "a route",
        keys: [
            "name", "path", "methods", "provider", "verify", "secrets", "body", "body_limit", "unique_key", "unique_key_missing",
            "on_changed_body", "dedupe_window", "event", "jobs", "match", "otherwise", "on_unreadable", "public_url",
        ],
        later: ["each", "on_mismatch", "reply", "content_types", "allow_from", "keep_request", "rate", "examples"])

    static let rule = KeyTable(
        noun: "a job rule",
        keys: [
            "when", "kind", "type", "queue", "priority", "retry_limit", "backoff", "retention", "unique_key", "unique_while", "payload",
            "ignore",
        ],
        later: ["delay", "ready_at", "batch", "budgets"])

    static let verify = KeyTable(
        noun: "'verify'", keys: ["alg", "signature_from", "signature_prefix", "signature_encoding", "key_encoding"],
        later: ["signature_split", "key_strip_prefix", "timestamp_from", "timestamp_format", "tolerance", "id_from", "signed"])

    static let secret = KeyTable(noun: "a secret", keys: ["env", "file", "value"], later: [])
    static let backoff = KeyTable(noun: "'backoff'", keys: ["base", "exponent", "jitter"], later: [])
    static let retention = KeyTable(noun: "'retention'", keys: ["completed", "dead"], later: [])

    /// What a reference in `when` must be.
    static let condition = KeyTable(
        noun: "a condition", keys: ["exists", "not", "prefix", "suffix", "contains", "like", "greater", "less"], later: [])
}

/// What the language has, for documents and their tests.
package enum RouteLanguage {
    /// Every mapping that a file may hold.
    package static var mappings: [KeyTable] {
        [.file, .kind, .route, .rule, .condition, .verify, .secret, .backoff, .retention]
    }

    /// What `provider` may be.
    package static var providers: [String] { ProviderPreset.all.map(\.name) }
}
