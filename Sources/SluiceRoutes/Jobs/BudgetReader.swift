internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// Reads `budgets`: names of pools of tokens that the job draws on, each with what it costs and how the pool is made
/// where there is none.
struct BudgetReader {
    let context: FileContext

    enum Strategy: String, CaseIterable {
        case whileInFlight = "while_in_flight"
        case timeBased = "time_based"
    }

    static let counts = 0...Int(UInt32.max)
    private static let durations: ClosedRange<Duration> = .milliseconds(1) ... .seconds(36_500 * 86_400)

    /// - Returns: the JSON that Zizq takes; `nil` after a problem has been noted.
    func read(_ node: YAMLNode) -> [UInt8]? {
        guard let elements = context.list(node, "'budgets'") else { return nil }
        let budgets = elements.compactMap(budget)
        guard budgets.count == elements.count else { return nil }
        return [UInt8(ascii: "[")] + Array(budgets.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "]")]
    }

    private func budget(_ node: YAMLNode) -> [UInt8]? {
        if case .text(let name)? = node.scalar?.value { return object(name, node, []) }
        guard let reader = MappingReader(node, .budget, in: context) else { return nil }
        if !reader.has("key") { context.error(node.position, "a budget needs 'key'") }
        var members: [String] = []
        if let cost = reader.integer("cost", in: Self.counts) { members.append("\"cost\":\(cost)") }
        if let node = reader.node("create_with") {
            guard let policy = policy(node) else { return nil }
            members.append("\"create_with\":\(policy)")
        }
        return reader.text("key").flatMap { object($0, node, members) }
    }

    private func object(_ name: String, _ node: YAMLNode, _ members: [String]) -> [UInt8]? {
        guard !name.isEmpty, !TemplateParser.mayRefer(name) else {
            context.error(node.position, "the name of a budget is a text without references, and not empty")
            return nil
        }
        var json = Array(#"{"key":"#.utf8)
        json.appendJSONString(name)
        for member in members { json += Array(",\(member)".utf8) }
        return json + [UInt8(ascii: "}")]
    }

    private func policy(_ node: YAMLNode) -> String? {
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
                context.error(entry.position, "'\(key)' means nothing with the strategy 'while_in_flight'")
            }
            return "{\"allocation\":\(allocation),\"strategy\":{\"type\":\"while_in_flight\"}}"
        case .timeBased: return timeBased(reader, allocation)
        }
    }

    private func timeBased(_ reader: MappingReader, _ allocation: Int) -> String? {
        if !reader.has("duration") { context.error(reader.position, "the strategy 'time_based' needs 'duration'") }
        guard let duration = reader.value("duration", { $0.duration($1, $2, in: Self.durations) }) else { return nil }
        let burst = reader.integer("burst", in: Self.counts).map { ",\"burst\":\($0)" } ?? ""
        let strategy = "{\"type\":\"time_based\",\"duration_ms\":\(duration.wholeMilliseconds)\(burst)}"
        return "{\"allocation\":\(allocation),\"strategy\":\(strategy)}"
    }
}
