internal import SluiceRoutes
internal import SluiceYAML

/// Finds rules that no delivery can reach, while the rules of one route are read in order.
///
/// It checks three things: an earlier rule without `when`, an earlier rule with the same equality, and a method that
/// the route does not accept.
struct RuleReachability {
    /// The subject of an equality.
    struct Subject: Hashable {
        let reference: Reference
        let comparison: ValueComparison
    }

    let context: FileContext
    /// Whether all matching rules apply, so that no rule hides another.
    let takesAll: Bool
    /// The route's.
    let methods: [String]

    private(set) var catchAll: Int?
    /// The values of rules with only an equality, with the line of the first such rule.
    private(set) var taken: [Subject: [ExpectedValue: Int]] = [:]

    /// Records an error if the rule comes after one without `when`. To be called for each rule before it is read.
    func refuseUnreachable(at position: YAMLPosition) {
        guard let catchAll, !takesAll else { return }
        context.error(
            position, "this rule is never reached: the rule on line \(catchAll) has no 'when' and matches everything")
    }

    /// Adds a rule's conditions, and warns if they are never true, or never when the rule is reached.
    ///
    /// - Parameter takesAllThatHold: whether the rule matches whenever its conditions are true.
    mutating func add(_ conditions: [Condition], at position: YAMLPosition, takesAllThatHold: Bool = true) {
        let values = conditions.compactMap { if case .value(let value) = $0 { value } else { nil } }
        if !warnOfMethod(values), !takesAll, catchAll == nil { warnIfTaken(values, at: position) }
        if takesAllThatHold, conditions.count == 1, let value = values.first { take(value, position.line) }
        if conditions.isEmpty, catchAll == nil { catchAll = position.line }
    }

    /// - Returns: whether one of them requires a method that the route does not accept.
    private func warnOfMethod(_ values: [ValueCondition]) -> Bool {
        for value in values where value.reference.source == .method && !methods.isEmpty {
            guard methods.allSatisfy({ !value.test.holds(forText: $0.utf8Span.span, isTyped: false) }) else { continue }
            let remark = "the route accepts only \(methods.joined(separator: ", "))"
            context.log.warning(
                value.location, "this rule never matches: no '\(value.written)' \(value.test.words); \(remark)")
            return true
        }
        return false
    }

    private func warnIfTaken(_ values: [ValueCondition], at position: YAMLPosition) {
        for value in values {
            guard case .equals(let expected) = value.test, let known = taken[Self.subject(of: value)] else { continue }
            let lines = expected.compactMap { known[$0] }
            guard let line = lines.first, lines.count == expected.count else { continue }
            let others =
                Set(lines).count > 1
                ? "earlier rules, such as the one on line \(line), match" : "the rule on line \(line) matches"
            context.warning(position, "this rule is never reached: \(others) everything that it could match")
            return
        }
    }

    private mutating func take(_ value: ValueCondition, _ line: Int) {
        guard case .equals(let expected) = value.test else { return }
        let subject = Self.subject(of: value)
        for value in expected where taken[subject]?[value] == nil { taken[subject, default: [:]][value] = line }
    }

    private static func subject(of value: ValueCondition) -> Subject {
        Subject(reference: value.reference, comparison: value.comparison)
    }
}
