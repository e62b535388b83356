internal import SluiceBase
internal import SluiceJSON

/// What a value can be: one way in which the values of a reference are compared, with everything that is asked of such a value at once.
///
/// It answers only what is certain: where it does not know, nothing is impossible and nothing is implied.
struct ValueDomain {
    enum Mode {
        /// JSON, by type.
        case json
        /// A form: a text without a type, an array of them, or an object.
        case form
        /// A text without a type.
        case text
    }

    /// A value that stands for all that no test could tell from it.
    private enum Candidate {
        case absent
        case text([UInt8])
        case number([UInt8])
        case boolean(Bool)
    }

    private enum Kind: CaseIterable {
        case absent
        case text
        case number
        case boolean
        case array
        case object
    }

    let mode: Mode
    /// All of them are asked.
    var tests: [ValueTest]
    /// What stands in for an absent value.
    var standIn: [UInt8]?
    /// Whether it is a number that is written with digits alone.
    var isCount = false
}

extension ValueDomain {
    /// Whether no value passes all tests.
    func isEmpty(_ effort: inout Effort) -> Bool {
        if let candidates = finiteCandidates(&effort) { return candidates.isEmpty }
        guard Kind.allCases.contains(where: isPossible) else { return true }
        return boundsCross() || affixesDiffer(&effort)
    }

    /// Whether each value that passes all tests passes this one too.
    func implies(_ test: ValueTest, _ effort: inout Effort) -> Bool {
        if let candidates = finiteCandidates(&effort) {
            guard effort.spend(Self.weight(candidates) * test.weight) else { return false }
            return candidates.allSatisfy { passes($0, test) }
        }
        switch test {
        case .exists(let exists): return exists && tests.contains { !passes(.absent, $0) }
        case .equals: return false
        case .differs(let values): return excludes(values, &effort)
        case .prefix, .suffix, .contains, .like, .greater, .less:
            if isCount, case .greater(let bound, _) = test, bound < Self.zero { return true }
            return tests.contains { isPart($0, of: test, &effort) }
        }
    }

    private static let zero = JSONNumber(0)

    /// Whether each of the values fails some test.
    private func excludes(_ values: [ExpectedValue], _ effort: inout Effort) -> Bool {
        let candidates = candidates(for: values)
        guard effort.spend(Self.weight(candidates) * Self.weight(tests[...])) else { return false }
        return candidates.allSatisfy { candidate in tests.contains { !passes(candidate, $0) } }
    }

    private static func weight(_ candidates: [Candidate]) -> Int {
        candidates.reduce(0) { sum, candidate in
            if case .text(let text) = candidate { sum + 1 + text.count / 16 } else { sum + 1 }
        }
    }

    private static func weight(_ tests: ArraySlice<ValueTest>) -> Int { tests.reduce(1) { $0 + $1.weight } }
}

extension ValueDomain {
    /// The values that pass all tests, where one test leaves a few alone.
    private func finiteCandidates(_ effort: inout Effort) -> [Candidate]? {
        for (index, test) in tests.enumerated() {
            let candidates: [Candidate]
            switch test {
            case .exists(false): candidates = [.absent]
            case .equals(let values): candidates = self.candidates(for: values)
            case .exists(true), .differs, .prefix, .suffix, .contains, .like, .greater, .less: continue
            }
            // A default may stand in for what is absent; all others pass the test that they come from.
            let others = standIn == nil ? tests[..<index] + tests[(index + 1)...] : tests[...]
            guard effort.spend(Self.weight(candidates) * Self.weight(others)) else { return nil }
            return candidates.filter { candidate in others.allSatisfy { passes(candidate, $0) } }
        }
        return nil
    }

    private func candidates(for values: [ExpectedValue]) -> [Candidate] {
        if mode == .json { return values.map(Self.typed) }
        let texts = values.map { Candidate.text($0.source) }
        return values.contains { $0.json == .null } ? texts + [.absent] : texts
    }

    private static func typed(_ value: ExpectedValue) -> Candidate {
        switch value.json {
        case .null: .absent
        case .boolean(let boolean): .boolean(boolean)
        case .number: .number(value.source)
        case .text: .text(value.source)
        }
    }

    private func passes(_ candidate: Candidate, _ test: ValueTest) -> Bool {
        switch candidate {
        case .absent: standIn.map { test.holds(forText: $0.span, isTyped: false) } ?? test.holdsForAbsent
        case .text(let text): test.holds(forText: text.span, isTyped: mode == .json)
        case .number(let literal): test.holds(forJSON: literal.span, .number, isTyped: true)
        case .boolean(let boolean): test.holds(forJSON: Span<UInt8>(), boolean ? .true : .false, isTyped: true)
        }
    }
}

extension ValueDomain {
    /// Whether a value of this kind might pass each test for itself.
    private func isPossible(_ kind: Kind) -> Bool {
        switch kind {
        case .absent: return tests.allSatisfy { passes(.absent, $0) }
        case .text: break
        case .number, .boolean: guard mode == .json else { return false }
        case .array, .object: guard mode != .text else { return false }
        }
        return tests.allSatisfy { isPossible(kind, $0) }
    }

    private func isPossible(_ kind: Kind, _ test: ValueTest) -> Bool {
        switch test {
        case .exists(let exists): exists
        case .equals, .differs: true
        case .prefix, .suffix, .like: kind == .text
        case .contains(let values, _): kind == .array || kind == .text && (mode != .json || values.contains { $0.json == .text })
        case .greater, .less: kind == (mode == .json ? .number : .text)
        }
    }

    /// Whether no number is above all lower bounds and below all upper ones.
    private func boundsCross() -> Bool {
        let least = tests.compactMap { if case .greater(let bound, _) = $0 { bound } else { nil } }.max()
        let greatest = tests.compactMap { if case .less(let bound, _) = $0 { bound } else { nil } }.min()
        guard let greatest else { return false }
        if isCount, greatest <= Self.zero { return true }
        return least.map { $0 >= greatest } ?? false
    }

    /// Whether a text would have to begin, or to end, in two ways.
    private func affixesDiffer(_ effort: inout Effort) -> Bool {
        for (index, one) in tests.enumerated() {
            for other in tests[(index + 1)...] where effort.spend(one.weight * other.weight) {
                switch (one, other) {
                case (.prefix(let one), .prefix(let other)):
                    if !Self.anyPair(one, other, { $0.begins(with: $1) || $1.begins(with: $0) }) { return true }
                case (.suffix(let one), .suffix(let other)):
                    if !Self.anyPair(one, other, { $0.ends(with: $1) || $1.ends(with: $0) }) { return true }
                default: break
                }
            }
        }
        return false
    }

    private static func anyPair(_ ones: [[UInt8]], _ others: [[UInt8]], _ holds: (Span<UInt8>, Span<UInt8>) -> Bool) -> Bool {
        ones.contains { one in others.contains { other in holds(one.span, other.span) } }
    }
}

extension ValueDomain {
    /// Whether each value that passes `one` passes `other`, by what stands in both.
    private func isPart(_ one: ValueTest, of other: ValueTest, _ effort: inout Effort) -> Bool {
        guard effort.spend(one.weight * other.weight) else { return false }
        switch (one, other) {
        case (.prefix(let ones), .prefix(let others)): return Self.each(of: ones, hasOneOf: others) { $0.begins(with: $1) }
        case (.suffix(let ones), .suffix(let others)): return Self.each(of: ones, hasOneOf: others) { $0.ends(with: $1) }
        case (.prefix(let texts), .contains), (.suffix(let texts), .contains):
            return texts.allSatisfy { other.holds(forText: $0.span, isTyped: mode == .json) }
        // In an array they are elements, so that being a part of one another does not count.
        case (.contains(let ones, _), .contains(let others, _)): return ones.allSatisfy { others.contains($0) }
        case (.like(let ones), .like(let others)): return ones.allSatisfy { others.contains($0) }
        case (.greater(let one, _), .greater(let other, _)): return one >= other
        case (.less(let one, _), .less(let other, _)): return one <= other
        default: return false
        }
    }

    private static func each(of ones: [[UInt8]], hasOneOf others: [[UInt8]], _ holds: (Span<UInt8>, Span<UInt8>) -> Bool) -> Bool {
        ones.allSatisfy { one in others.contains { other in holds(one.span, other.span) } }
    }
}

extension ValueTest {
    /// About how much work it is to hold a value against it.
    var weight: Int {
        switch self {
        case .exists, .greater, .less: 1
        case .equals(let values), .differs(let values), .contains(let values, _): 1 + values.count
        case .prefix(let texts), .suffix(let texts): 1 + texts.count
        case .like(let globs): globs.reduce(1) { $0 + $1.size }
        }
    }
}

/// How much may be worked out about the rules of one route, so that no file takes long to load. What would take more is not said.
struct Effort {
    private var left = 1_000_000

    /// Whether there is not enough left for anything worth while.
    var isSpent: Bool { left < 100 }

    /// - Returns: whether there was enough left; otherwise less work may still be done.
    mutating func spend(_ amount: Int) -> Bool {
        guard left >= amount else { return false }
        left -= amount
        return true
    }
}
