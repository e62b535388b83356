internal import SluiceYAML

/// Finds rules that no delivery can come to, while the rules of one route are read in order.
struct RuleReachability {
    let context: FileContext
    /// Whether each rule that matches counts, so that none stands in the way of another.
    let takesAll: Bool
    /// The route's.
    let methods: [String]

    private var earlier: [(conditions: [Condition], line: Int)] = []
    private var catchAll: Int?
    private var effort = Effort()

    /// More combinations of alternatives than these are not looked at one by one.
    private static let mostCombinations = 64

    init(context: FileContext, takesAll: Bool, methods: [String]) {
        self.context = context
        self.takesAll = takesAll
        self.methods = methods
    }

    /// Notes a rule that stands behind one that takes everything. To be called for each rule before it is read.
    func refuseUnreachable(at position: YAMLPosition) {
        guard let catchAll, !takesAll else { return }
        context.error(position, "this rule is never reached: the one on line \(catchAll) has no 'when' and takes everything")
    }

    /// Takes the conditions of a rule, and warns if they can never hold, or never when the rule's turn comes.
    mutating func add(_ conditions: [Condition], at position: YAMLPosition) {
        var conjunction = Conjunction(methods: methods)
        let isDead = warnOfContradictions(conditions, within: &conjunction, "this rule never matches")
        if !isDead, !takesAll, catchAll == nil { warnIfTakenEarlier(conditions, at: position) }
        earlier.append((conditions, position.line))
        if conditions.isEmpty, catchAll == nil { catchAll = position.line }
    }

    /// - Parameter conjunction: what holds around the conditions; they are added.
    /// - Returns: whether the conditions can never hold.
    private mutating func warnOfContradictions(
        _ conditions: [Condition], within conjunction: inout Conjunction, _ consequence: String
    ) -> Bool {
        conjunction.add(conditions)
        if let contradiction = conjunction.contradiction(with: conditions, &effort) {
            warn(of: contradiction, consequence)
            return true
        }
        for case .any(let alternatives, _) in conditions {
            var isDead = true
            for alternative in alternatives {
                var inner = conjunction
                let isAlternativeDead = warnOfContradictions(alternative, within: &inner, "this part of 'any' never holds")
                isDead = isDead && isAlternativeDead
            }
            if isDead { return true }
        }
        return false
    }

    private func warn(of contradiction: Conjunction.Contradiction, _ consequence: String) {
        guard let last = contradiction.values.last else { return }
        let words = contradiction.values.map(\.test.words).joined(separator: " and ")
        context.warning(last.place.position, "\(consequence): no '\(last.written)' \(words)\(contradiction.remark)")
    }

    private mutating func warnIfTakenEarlier(_ conditions: [Condition], at position: YAMLPosition) {
        guard !effort.isSpent else { return }
        let cases = cases(of: conditions)
        for rule in earlier {
            guard effort.spend(1) else { return }
            guard isTaken(cases, by: rule.conditions) else { continue }
            context.warning(position, "this rule is never reached: the one on line \(rule.line) takes everything that it could")
            return
        }
    }

    private mutating func isTaken(_ cases: [Conjunction], by conditions: [Condition]) -> Bool {
        for conjunction in cases where !conjunction.implies(conditions, &effort) { return false }
        return true
    }

    /// The ways in which conditions can hold: one for each combination of alternatives, as long as they are few.
    private func cases(of conditions: [Condition]) -> [Conjunction] {
        Self.combinations(of: conditions).map { conditions in
            var conjunction = Conjunction(methods: methods)
            conjunction.add(conditions)
            return conjunction
        }
    }

    private static func combinations(of conditions: [Condition]) -> [[Condition]] {
        var combinations: [[Condition]] = [[]]
        for condition in conditions {
            var choices = [[condition]]
            if case .any(let alternatives, _) = condition {
                let all = alternatives.flatMap { Self.combinations(of: $0) }
                if combinations.count * all.count <= mostCombinations { choices = all }
            }
            if let only = choices.first, choices.count == 1 {
                // In place: a rule may have ten thousands of conditions.
                for index in combinations.indices { combinations[index] += only }
            } else {
                combinations = combinations.flatMap { combination in choices.map { combination + $0 } }
            }
        }
        return combinations
    }
}
