internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let budget = LanguageMapping("budget", noun: "a budget", BudgetKeys())
    static let budgetPolicy = LanguageMapping(
        "budget_policy", noun: "'create_with'", BudgetPolicyKeys(), rules: BudgetPolicyKeys.rules)
}

/// The keys of a budget: a pool of tokens that jobs use.
struct BudgetKeys {
    fileprivate static let counts = 0...Int(UInt32.max)

    let key = LanguageKey("key", .text("a name", .constantText), isRequired: true, meaning: "The budget's name")
    let cost = LanguageKey(
        "cost", .integer(in: Self.counts), absent: "Zizq's", meaning: "How many tokens the job takes")
    let createWith = LanguageKey(
        "create_with", .mapping(RouteLanguage.budgetPolicy) { JobBudget.Policy($0) },
        meaning: "How the budget is created if no budget has the name")
}

/// The keys of `create_with`.
struct BudgetPolicyKeys {
    enum Strategy: String, CaseIterable {
        case whileInFlight = "while_in_flight"
        case timeBased = "time_based"
    }

    let allocation = LanguageKey(
        "allocation", .integer(in: BudgetKeys.counts), isRequired: true, meaning: "The number of tokens")
    let strategy = LanguageKey<Strategy>(
        "strategy", .word, isRequired: true,
        meaning: "Whether tokens are returned when a job ends, or refilled over time")
    let duration = LanguageKey(
        "duration", .duration(in: .milliseconds(1) ... .seconds(36_500 * 86_400)),
        absent: "required with `time_based`, not allowed otherwise", meaning: "How long a complete refill takes")
    let burst = LanguageKey(
        "burst", .integer(in: BudgetKeys.counts), absent: "Zizq's",
        meaning: "How many tokens may be taken at a time; only with `time_based`")

    fileprivate static var rules: [JSONTree] {
        [
            .rule(if: .having("strategy", "time_based"), then: .requiring("duration")),
            .rule(if: .having("strategy", "while_in_flight"), then: .keys(["duration": false, "burst": false])),
        ]
    }
}

extension KeyFormat where Value == JobOption {
    /// - Parameter anything: whether the schema accepts any elements, for expected jobs.
    static func budgets(anything: Bool) -> KeyFormat {
        KeyFormat(
            "a list of names or [mappings](#budget)",
            .list(
                of: anything
                    ? true
                    : .rule(
                        if: ["type": "string"], then: .constantText, else: .reference(to: RouteLanguage.budget.name)))
        ) { context, node, subject in
            guard let elements = context.list(node, subject) else { return nil }
            let budgets = elements.compactMap { JobBudget.read($0, in: context) }
            return budgets.count == elements.count ? .budgets(budgets) : nil
        }
    }
}

extension JobBudget {
    fileprivate static func read(_ node: YAMLNode, in context: FileContext) -> JobBudget? {
        if case .text(let name)? = node.scalar?.value { return budget(named: name, node.position, in: context) }
        guard let reader = MappingReader(node, RouteLanguage.budget, in: context) else { return nil }
        let policy = reader.read(\.createWith)
        if reader.has("create_with"), policy == nil { return nil }
        let cost = reader.read(\.cost)
        return reader.read(\.key).flatMap {
            budget(named: $0, node.position, in: context, cost: cost, createWith: policy)
        }
    }

    private static func budget(
        named name: String, _ position: YAMLPosition, in context: FileContext, cost: Int? = nil,
        createWith policy: JobBudget.Policy? = nil
    ) -> JobBudget? {
        guard !name.isEmpty, !TemplateParser.mayRefer(name) else {
            context.error(position, "the name of a budget must be a text without references, and not empty")
            return nil
        }
        return JobBudget(key: name, cost: cost, createWith: policy)
    }
}

extension JobBudget.Policy {
    fileprivate init?(_ reader: MappingReader<BudgetPolicyKeys>) {
        let strategy = reader.read(\.strategy)
        guard let allocation = reader.read(\.allocation), let strategy else { return nil }
        switch strategy {
        case .whileInFlight:
            for key in ["duration", "burst"] {
                reader.refuse(key, "'\(key)' has no effect with the strategy 'while_in_flight'")
            }
            self.init(allocation: allocation, strategy: .whileInFlight)
        case .timeBased:
            if !reader.has("duration") {
                reader.context.error(reader.position, "the strategy 'time_based' needs 'duration'")
            }
            guard let duration = reader.read(\.duration) else { return nil }
            self.init(
                allocation: allocation,
                strategy: .timeBased(duration: duration.wholeMilliseconds, burst: reader.read(\.burst)))
        }
    }
}
