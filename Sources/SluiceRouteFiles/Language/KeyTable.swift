internal import SluiceRoutes

/// The keys of one mapping of the language, each with its meaning.
package struct KeyTable: Sendable {
    /// What the mapping is called in the JSON Schema of route files: `job_rule`.
    package let name: String
    /// With an article, for messages: `a job rule`.
    package let noun: String
    package let keys: [String]
    /// What each key says, as a sentence or two for the author of a route file.
    package let meanings: [String: String]

    /// What to tell an author who writes a key that another mapping has, or another program.
    let hints: [String: String]

    /// - Parameters:
    ///   - keys: each with its meaning.
    ///   - shared: a table whose keys the mapping has too.
    init(
        _ name: String, noun: String, keys: KeyValuePairs<String, String>, sharing shared: KeyTable? = nil,
        hints: [String: String] = [:]
    ) {
        self.hints = hints
        self.name = name
        self.noun = noun
        self.keys = keys.map(\.key) + (shared?.keys ?? [])
        let own = keys.map { ($0.key, $0.value) }
        meanings = Dictionary(uniqueKeysWithValues: own).merging(shared?.meanings ?? [:]) { own, _ in own }
    }
}

extension KeyTable {
    package static let file = KeyTable(
        "route_file", noun: "a route file",
        keys: [
            "kinds":
                "Named types of jobs. The name is the job's type at Zizq; the routes in all files can use a kind.",
            "routes": "The accepted webhooks, and the jobs they become.",
        ])
}

/// What the language has, for documents, the JSON Schema and their tests.
package enum RouteLanguage {
    /// Every mapping that a file may hold.
    package static var mappings: [KeyTable] {
        [
            .file, .kind, .route, .rule, .conditionGroups, .condition, .verify, .secret, .backoff, .retention, .batch,
            .budget,
            .budgetPolicy, .rate, .reply, .example, .expectation, .expectedJob, .expectedReply,
        ]
    }

    /// What `provider` may be.
    package static var providers: [String] { ProviderPreset.all.map(\.name) }
}
