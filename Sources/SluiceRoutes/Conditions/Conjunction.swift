/// Conditions that hold together, sorted by what they are about.
struct Conjunction {
    /// What one reference names, in one way of comparing it.
    struct Subject: Hashable {
        let reference: Reference
        let comparison: ValueComparison
    }

    /// What `method` can be.
    private let methods: [ExpectedValue]
    private var valuesBySubject: [Subject: [ValueCondition]] = [:]
    /// `any` and `not`, as far as they were not taken apart.
    private var others: [Condition] = []

    /// - Parameter methods: of the route; none where they are not known.
    init(methods: [String]) {
        self.methods = methods.map { ExpectedValue(source: Array($0.utf8), json: .text) }
    }

    mutating func add(_ conditions: [Condition]) {
        for condition in conditions { add(condition) }
    }

    mutating func add(_ condition: Condition) {
        switch condition {
        case .value(let value): add(value)
        case .any: others.append(condition)
        case .not(let conditions, _):
            if let opposite = Self.opposite(of: conditions) { add(opposite) } else { others.append(condition) }
        }
    }

    private mutating func add(_ value: ValueCondition) {
        valuesBySubject[Subject(reference: value.reference, comparison: value.comparison), default: []].append(value)
    }

    /// `not: { body.a: x }` is `body.a: { not: x }`.
    private static func opposite(of conditions: [Condition]) -> ValueCondition? {
        guard conditions.count == 1, case .value(let value)? = conditions.first, let test = value.test.opposite else { return nil }
        return ValueCondition(
            reference: value.reference, comparison: value.comparison, test: test, written: value.written, place: value.place)
    }
}

extension Conjunction {
    /// Conditions on one reference that exclude each other.
    struct Contradiction {
        /// In the order of the file.
        let values: [ValueCondition]
        /// What they contradict besides one another: a phrase, or nothing.
        let remark: String
    }

    /// The first contradiction in which one of these takes part, if there is any for certain.
    func contradiction(with conditions: [Condition], _ effort: inout Effort) -> Contradiction? {
        var seen: Set<Subject> = []
        for subject in conditions.compactMap(Self.subject) where seen.insert(subject).inserted {
            guard isImpossible(subject, valuesBySubject[subject, default: []].map(\.test), &effort) else { continue }
            let facts = facts(about: subject.reference.source)
            return Contradiction(values: valuesBySubject[subject, default: []], remark: facts.remark)
        }
        return nil
    }

    private static func subject(of condition: Condition) -> Subject? {
        switch condition {
        case .value(let value): Subject(reference: value.reference, comparison: value.comparison)
        case .any: nil
        case .not(let conditions, _): opposite(of: conditions).map { Subject(reference: $0.reference, comparison: $0.comparison) }
        }
    }

    private func isImpossible(_ subject: Subject, _ tests: [ValueTest], _ effort: inout Effort) -> Bool {
        for domain in domains(of: subject, tests) where !domain.isEmpty(&effort) { return false }
        return true
    }
}

extension Conjunction {
    /// Whether each delivery that fulfils these conditions fulfils those too, for certain.
    func implies(_ conditions: [Condition], _ effort: inout Effort) -> Bool {
        for condition in conditions where !implies(condition, &effort) { return false }
        return true
    }

    private func implies(_ condition: Condition, _ effort: inout Effort) -> Bool {
        guard effort.spend(1 + others.count) else { return false }
        if others.contains(condition) { return true }
        switch condition {
        case .value(let value): return implies(value, &effort)
        case .any(let alternatives, _):
            for alternative in alternatives where implies(alternative, &effort) { return true }
            return false
        case .not(let conditions, _):
            // Enough that one of them cannot hold.
            for case .value(let value) in conditions where excludes(value, &effort) { return true }
            return false
        }
    }

    private func implies(_ value: ValueCondition, _ effort: inout Effort) -> Bool {
        let subject = Subject(reference: value.reference, comparison: value.comparison)
        for domain in domains(of: subject, valuesBySubject[subject, default: []].map(\.test)) {
            guard domain.implies(value.test, &effort) else { return false }
        }
        return true
    }

    private func excludes(_ value: ValueCondition, _ effort: inout Effort) -> Bool {
        let subject = Subject(reference: value.reference, comparison: value.comparison)
        return isImpossible(subject, valuesBySubject[subject, default: []].map(\.test) + [value.test], &effort)
    }
}

extension Conjunction {
    /// What is known of a reference without any condition.
    private struct Facts {
        var tests: [ValueTest] = []
        var isCount = false
        /// For messages, to stand at the end.
        var remark = ""
    }

    private func facts(about source: ReferenceSource) -> Facts {
        switch source {
        case .method:
            let names = methods.map { String(decoding: $0.source, as: UTF8.self) }.joined(separator: ", ")
            return methods.isEmpty ? Facts() : Facts(tests: [.equals(methods)], remark: "; the route takes only \(names)")
        case .index, .receivedMilliseconds: return Facts(tests: [.exists(true)], isCount: true, remark: "; it is a whole number from 0")
        case .path, .route, .url, .deliveryID, .receivedAt, .headers, .parameter:
            return Facts(tests: [.exists(true)], remark: "; it is always there")
        case .body, .item, .header, .query, .event, .remoteAddress, .bodyDigest, .itemDigest, .signedTimestamp, .signedID: return Facts()
        }
    }

    /// A value may be of any of them.
    private func domains(of subject: Subject, _ tests: [ValueTest]) -> [ValueDomain] {
        let facts = facts(about: subject.reference.source)
        let modes: [ValueDomain.Mode] =
            switch subject.comparison {
            case .byType: [.json]
            case .asFormField: [.form]
            case .asFormFieldInForms: [.json, .form]
            case .asText: [.text]
            }
        return modes.map {
            ValueDomain(
                mode: $0, tests: facts.tests + tests, standIn: subject.reference.fallback?.standIn, isCount: facts.isCount)
        }
    }
}

extension ValueTest {
    /// The test that holds where this one does not; `nil` where there is none.
    fileprivate var opposite: ValueTest? {
        switch self {
        case .exists(let exists): .exists(!exists)
        case .equals(let values): .differs(values)
        case .differs(let values): .equals(values)
        case .prefix, .suffix, .contains, .like, .greater, .less: nil
        }
    }
}
