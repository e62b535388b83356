internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `budgets`: names of pools of tokens that the job draws on, each with what it costs and how the pool is made
/// where there is none.
package struct BudgetReader {
    let context: FileContext

    package enum Strategy: String, CaseIterable {
        case whileInFlight = "while_in_flight"
        case timeBased = "time_based"
    }

    package static let counts = 0...Int(UInt32.max)
    private static let durations: ClosedRange<Duration> = .milliseconds(1) ... .seconds(36_500 * 86_400)

    /// - Returns: `nil` after a problem has been noted.
    func read(_ node: YAMLNode) -> JobOption? {
        guard let elements = context.list(node, "'budgets'") else { return nil }
        let budgets = elements.compactMap(budget)
        return budgets.count == elements.count ? .budgets(budgets) : nil
    }

    private func budget(_ node: YAMLNode) -> JobBudget? {
        if case .text(let name)? = node.scalar?.value { return budget(named: name, node) }
        guard let reader = MappingReader(node, .budget, in: context) else { return nil }
        if !reader.has("key") { context.error(node.position, "a budget needs 'key'") }
        var policy: JobBudget.Policy?
        if let node = reader.node("create_with") {
            policy = self.policy(node)
            if policy == nil { return nil }
        }
        let cost = reader.integer("cost", in: Self.counts)
        return reader.text("key").flatMap { budget(named: $0, node, cost: cost, createWith: policy) }
    }

    private func budget(
        named name: String, _ node: YAMLNode, cost: Int? = nil, createWith policy: JobBudget.Policy? = nil
    ) -> JobBudget? {
        guard !name.isEmpty, !TemplateParser.mayRefer(name) else {
            context.error(node.position, "the name of a budget must be a text without references, and not empty")
            return nil
        }
        return JobBudget(key: name, cost: cost, createWith: policy)
    }

    private func policy(_ node: YAMLNode) -> JobBudget.Policy? {
        guard let reader = MappingReader(node, .budgetPolicy, in: context) else { return nil }
        for key in ["allocation", "strategy"] where !reader.has(key) {
            context.error(node.position, "'create_with' needs '\(key)'")
        }
        let strategy: Strategy? = reader.word("strategy")
        guard let allocation = reader.integer("allocation", in: Self.counts), let strategy else { return nil }
        switch strategy {
        case .whileInFlight:
            for key in ["duration", "burst"] {
                guard let entry = reader.entry(key) else { continue }
                context.error(entry.position, "'\(key)' has no effect with the strategy 'while_in_flight'")
            }
            return JobBudget.Policy(allocation: allocation, strategy: .whileInFlight)
        case .timeBased:
            return timeBased(reader).map { JobBudget.Policy(allocation: allocation, strategy: $0) }
        }
    }

    private func timeBased(_ reader: MappingReader) -> JobBudget.Strategy? {
        if !reader.has("duration") { context.error(reader.position, "the strategy 'time_based' needs 'duration'") }
        guard let duration = reader.value("duration", { $0.duration($1, $2, in: Self.durations) }) else { return nil }
        return .timeBased(duration: duration.wholeMilliseconds, burst: reader.integer("burst", in: Self.counts))
    }
}
