import Foundation
import SluiceBase

/// Conditions as the page about them reads: obvious, slow, over values that were decoded. Can be written as YAML.
indirect enum SlowCondition {
    case test(Subject, [(name: String, values: [Scalar])])
    case any([[SlowCondition]])
    case not([SlowCondition])

    enum Subject: String, CaseIterable {
        case a = "body.a"
        case deeper = "body.b.a"
        case header = "header.X-A"
        case query = "query.q"
    }

    /// A scalar of a route file.
    enum Scalar {
        case null
        case boolean(Bool)
        case number(String)
        case text(String)
    }

    /// What a reference names in one delivery.
    enum Found {
        case absent
        case untyped(String)
        /// A form's field that stands several times.
        case repeated([String])
        case json(SlowJSON)
    }
}

extension SlowCondition {
    var yaml: String {
        switch self {
        case .test(let subject, let tests):
            let written = tests.map { test in
                let values = test.values.map(\.yaml)
                return "\(test.name): " + (values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")
            }
            if tests.count == 1, tests[0].name == "equals" {
                return "\(subject.rawValue): " + written[0].dropFirst("equals: ".count)
            }
            return "\(subject.rawValue): { \(written.joined(separator: ", ")) }"
        case .any(let alternatives): return "any: [ " + alternatives.map(Self.mapping).joined(separator: ", ") + " ]"
        case .not(let conditions): return "not: " + Self.mapping(conditions)
        }
    }

    static func mapping(_ conditions: [SlowCondition]) -> String {
        "{ " + conditions.map(\.yaml).joined(separator: ", ") + " }"
    }

    func holds(_ value: (Subject) -> Found) -> Bool {
        switch self {
        case .test(let subject, let tests):
            let found = value(subject)
            return tests.allSatisfy { found.passes($0.name, $0.values) }
        case .any(let alternatives): return alternatives.contains { $0.allSatisfy { $0.holds(value) } }
        case .not(let conditions): return !conditions.allSatisfy { $0.holds(value) }
        }
    }
}

extension SlowCondition.Scalar {
    var yaml: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let text): text
        case .text(let text): SlowJSON.literal(text)
        }
    }

    /// As it is written, for comparison with what has no type.
    var source: String { if case .text(let text) = self { text } else { yaml } }
}

extension SlowCondition.Found {
    private typealias Scalar = SlowCondition.Scalar

    func passes(_ test: String, _ values: [SlowCondition.Scalar]) -> Bool {
        switch test {
        case "exists": isPresent == (values[0].source == "true")
        case "equals": values.contains(where: equals)
        case "not": !values.contains(where: equals)
        case "prefix": values.contains { value in text.map { Array($0.utf8).starts(with: value.source.utf8) } ?? false }
        case "suffix":
            values.contains { value in
                text.map { Array($0.utf8.reversed()).starts(with: value.source.utf8.reversed()) } ?? false
            }
        case "contains": values.contains(where: contains)
        case "greater": number.map { $0 > Self.decimal(values[0].source) } ?? false
        case "less": number.map { $0 < Self.decimal(values[0].source) } ?? false
        default: false
        }
    }

    private var isPresent: Bool {
        switch self {
        case .absent: false
        case .untyped, .repeated: true
        case .json(let json): json.source != "null"
        }
    }

    private var text: String? {
        switch self {
        case .absent, .repeated: nil
        case .untyped(let text): text
        case .json(let json): if case .string(let text) = json.content { text } else { nil }
        }
    }

    private var number: Decimal? {
        switch self {
        case .absent, .repeated: nil
        case .untyped(let text):
            text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/).map { _ in Self.decimal(text) }
        case .json(let json):
            if case .scalar = json.content, json.source.contains(/[0-9]/) { Self.decimal(json.source) } else { nil }
        }
    }

    private static func decimal(_ text: String) -> Decimal { Decimal(string: text) ?? 0 }

    private func equals(_ value: SlowCondition.Scalar) -> Bool {
        switch (self, value) {
        case (.absent, .null): return true
        case (.absent, _), (.repeated, _): return false
        case (.untyped(let text), _): return text.utf8.elementsEqual(value.source.utf8)
        case (.json(let json), .null): return json.source == "null"
        case (.json(let json), .boolean(let boolean)): return json.source == "\(boolean)"
        case (.json, .number(let text)): return number == Self.decimal(text)
        case (.json, .text(let expected)): return text.map { $0.utf8.elementsEqual(expected.utf8) } ?? false
        }
    }

    private func contains(_ value: SlowCondition.Scalar) -> Bool {
        if case .json(let json) = self, case .array(let elements) = json.content {
            return elements.contains { SlowCondition.Found.json($0).equals(value) }
        }
        if case .repeated(let texts) = self { return texts.contains { SlowCondition.Found.untyped($0).equals(value) } }
        guard let text else { return false }
        if case .json = self {
            guard case .text = value else { return false }
        }
        return value.source.isEmpty || Data(text.utf8).firstRange(of: Data(value.source.utf8)) != nil
    }
}

/// Conditions and deliveries from a small world, so that they meet.
enum RandomCondition {
    static func list(_ random: inout SeededRandom, depth: Int) -> [SlowCondition] {
        var conditions: [SlowCondition] = []
        for subject in SlowCondition.Subject.allCases.shuffled(using: &random).prefix(
            Int.random(in: 1...2, using: &random))
        {
            conditions.append(test(subject, &random))
        }
        if depth > 0, Int.random(in: 0..<3, using: &random) == 0 {
            conditions.append(
                .any((0..<Int.random(in: 1...3, using: &random)).map { _ in list(&random, depth: depth - 1) }))
        }
        if depth > 0, Int.random(in: 0..<4, using: &random) == 0 {
            conditions.append(.not(list(&random, depth: depth - 1)))
        }
        return conditions.shuffled(using: &random)
    }

    private static func test(_ subject: SlowCondition.Subject, _ random: inout SeededRandom) -> SlowCondition {
        if Bool.random(using: &random) { return .test(subject, [("equals", scalars(&random))]) }
        let names = ["exists", "not", "prefix", "suffix", "contains", "greater", "less"].shuffled(using: &random)
        return .test(
            subject,
            names.prefix(Int.random(in: 1...2, using: &random)).map { name in
                switch name {
                case "exists": (name, [.boolean(Bool.random(using: &random))])
                case "greater", "less": (name, [.number(number(&random))])
                case "prefix", "suffix":
                    (name, some(&random) { .text(["x", "xy", "y", "é", "1"].randomElement(using: &$0) ?? "x") })
                default: (name, scalars(&random))
                }
            })
    }

    private static func some(
        _ random: inout SeededRandom, _ make: (inout SeededRandom) -> SlowCondition.Scalar
    ) -> [SlowCondition.Scalar] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in make(&random) }
    }

    private static func scalars(_ random: inout SeededRandom) -> [SlowCondition.Scalar] {
        some(&random) { random in
            switch Int.random(in: 0..<8, using: &random) {
            case 0: .null
            case 1: .boolean(Bool.random(using: &random))
            case 2, 3, 4: .number(number(&random))
            default: .text(text(&random))
            }
        }
    }

    private static func number(_ random: inout SeededRandom) -> String {
        ["1", "1.0", "10e-1", "2", "-1", "0", "-0.0", "1.5", "12345678901234567890"].randomElement(using: &random)
            ?? "1"
    }

    private static func text(_ random: inout SeededRandom) -> String {
        ["x", "xy", "yx", "é", "", "1", "1.0", "true", "null", "\"\\"].randomElement(using: &random) ?? "x"
    }

    /// The JSON of one value.
    static func json(_ random: inout SeededRandom, depth: Int = 1) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 9), using: &random) {
        case 0: "null"
        case 1: "\(Bool.random(using: &random))"
        case 2, 3, 4: number(&random)
        case 5: "\"\\u0078\""
        case 6, 7, 8: SlowJSON.literal(text(&random))
        case 9: "{ \"a\" : \(json(&random, depth: depth - 1)) }"
        default:
            "[ "
                + (0..<Int.random(in: 0..<3, using: &random)).map { _ in json(&random, depth: depth - 1) }.joined(
                    separator: " ,") + "]"
        }
    }

    /// A header's or a parameter's value, or none.
    static func untyped(_ random: inout SeededRandom) -> String? {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: nil
        case 1: number(&random)
        default: text(&random)
        }
    }
}
