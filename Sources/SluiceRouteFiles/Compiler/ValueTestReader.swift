internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the condition for a reference in `when`: a scalar, a list one of which must be equal, or a mapping of tests.
struct ValueTestReader {
    typealias LocatedTest = (test: ValueTest, position: YAMLPosition)

    let context: FileContext
    /// How types are compared.
    let comparison: ValueComparison

    func read(_ entry: YAMLEntry) -> [LocatedTest]? {
        guard case .mapping(let tests) = entry.value.content else {
            warnOfLookalikes(entry.value)
            warnOfQuotes(entry.value)
            return expectedValues(entry.value, ifEmpty: Self.neverTrue).map { [(.equals($0), entry.position)] }
        }
        // Unknown keys are recorded.
        guard MappingReader(entry.value, RouteLanguage.condition, in: context) != nil else { return nil }
        if tests.isEmpty {
            context.error(
                entry.value.position, "an empty mapping in 'when' checks nothing; write, for example, { exists: true }")
        }
        let read = tests.map(test)
        return tests.isEmpty || read.contains { $0 == nil } ? nil : read.compactMap { $0 }
    }

    private func warnOfLookalikes(_ node: YAMLNode) {
        for node in node.sequence ?? [node] {
            guard let scalar = node.scalar, case .text(let text) = scalar.value,
                let remark = LiteralLookalike.remark(onExpected: text) ?? LiteralLookalike.remark(onPlain: scalar)
            else { continue }
            context.warning(node.position, remark)
        }
    }

    /// If the same list also contains the value without quotes, both are intentional.
    private func warnOfQuotes(_ node: YAMLNode) {
        guard comparison == .byType || comparison == .asFormFieldInForms else { return }
        let nodes = node.sequence ?? [node]
        let plain = Set(nodes.compactMap(\.scalar).filter { $0.style == .plain }.map(\.text))
        for node in nodes {
            guard let scalar = node.scalar, !plain.contains(scalar.text),
                let remark = LiteralLookalike.remark(onQuoted: scalar)
            else { continue }
            context.warning(node.position, remark)
        }
    }

    private static let neverTrue = "an empty list in 'when' is never true"

    private func test(_ entry: YAMLEntry) -> LocatedTest? {
        let node = entry.value
        let subject = "'\(entry.key)'"
        let test: ValueTest? =
            switch entry.key {
            case "exists": context.boolean(node, subject).map { .exists($0) }
            case "not": differs(node)
            case "prefix": affixes(node, subject).map { .prefix($0) }
            case "suffix": affixes(node, subject).map { .suffix($0) }
            case "contains": contains(node)
            case "only": names(node, subject).map { .only($0) }
            case "like": globs(node).map { .like($0) }
            case "greater": number(node, subject).map { .greater($0.number, written: $0.written) }
            case "less": number(node, subject).map { .less($0.number, written: $0.written) }
            default: nil
            }
        return test.map { ($0, entry.position) }
    }

    private func differs(_ node: YAMLNode) -> ValueTest? {
        if case .mapping = node.content {
            context.error(
                node.position,
                "'not' after a reference takes the values that it must not equal; to negate a mapping, write not: { "
                    + "reference: { … } }"
            )
            return nil
        }
        warnOfLookalikes(node)
        warnOfQuotes(node)
        return expectedValues(node, ifEmpty: "an empty list in 'not' is always true").map { .differs($0) }
    }

    private func contains(_ node: YAMLNode) -> ValueTest? {
        expectedValues(node, ifEmpty: Self.neverTrue).map { .contains($0, $0.map { ByteSearch(for: $0.source) }) }
    }
}

extension ValueTestReader {
    private func expectedValues(_ node: YAMLNode, ifEmpty: String) -> [ExpectedValue]? {
        elements(node, ifEmpty: ifEmpty, expectedValue)
    }

    private func affixes(_ node: YAMLNode, _ subject: String) -> [[UInt8]]? {
        elements(node, ifEmpty: Self.neverTrue) { node in
            guard let text = text(node, subject) else { return nil }
            if text.isEmpty { context.error(node.position, "\(subject) is empty, so it holds for every text") }
            return text.isEmpty ? nil : Array(text.utf8)
        }
    }

    private func names(_ node: YAMLNode, _ subject: String) -> [[UInt8]]? {
        elements(node, ifEmpty: "\(subject) needs at least one field") { node in
            guard let text = text(node, subject) else { return nil }
            if text.isEmpty { context.error(node.position, "\(subject) must not be empty") }
            return text.isEmpty ? nil : Array(text.utf8)
        }
    }

    private func globs(_ node: YAMLNode) -> [Glob]? {
        elements(node, ifEmpty: Self.neverTrue) { node in
            guard let text = text(node, "'like'") else { return nil }
            do throws(Glob.PatternError) {
                return try Glob(text)
            } catch {
                context.error(node.position, "'like' \(error.message)")
                return nil
            }
        }
    }

    /// One element, or the elements of a list.
    private func elements<Element>(_ node: YAMLNode, ifEmpty: String, _ read: (YAMLNode) -> Element?) -> [Element]? {
        guard let nodes = node.sequence else { return read(node).map { [$0] } }
        if nodes.isEmpty { context.error(node.position, ifEmpty) }
        let elements = nodes.map(read)
        return elements.isEmpty || elements.contains { $0 == nil } ? nil : elements.compactMap { $0 }
    }
}

extension ValueTestReader {
    private func text(_ node: YAMLNode, _ subject: String) -> String? {
        guard let text = context.text(node, subject), isLiteral(text, node) else { return nil }
        return text
    }

    private func isLiteral(_ text: String, _ node: YAMLNode) -> Bool {
        guard TemplateParser.mayRefer(text) else { return true }
        context.error(node.position, "a condition in 'when' cannot compare with a reference")
        return false
    }

    private func number(_ node: YAMLNode, _ subject: String) -> (number: JSONNumber, written: String)? {
        if case .number(let text)? = node.scalar?.value { return jsonNumber(text, node).map { ($0, text) } }
        let isQuoted = if case .text(let text)? = node.scalar?.value { JSONNumber(text) != nil } else { false }
        context.error(
            node.position, "\(subject) must be a number, not \(node.noun)\(isQuoted ? "; leave out the quotes" : "")")
        return nil
    }

    private func jsonNumber(_ text: String, _ node: YAMLNode) -> JSONNumber? {
        if let number = JSONNumber(text) { return number }
        context.error(
            node.position, "the number is outside the range of a double; to compare it as a text, put it in quotes")
        return nil
    }

    private func expectedValue(_ node: YAMLNode) -> ExpectedValue? {
        guard let scalar = node.scalar else {
            context.error(
                node.position,
                "a condition in 'when' must be a text, a number, true, false or null, not \(node.noun)")
            return nil
        }
        let json: ExpectedValue.JSON
        switch scalar.value {
        // Also for an empty value.
        case .null: return ExpectedValue(source: Array("null".utf8), json: .null)
        case .boolean(let value): json = .boolean(value)
        case .number(let text):
            guard let number = jsonNumber(text, node) else { return nil }
            json = .number(number)
        case .text(let text):
            guard isLiteral(text, node) else { return nil }
            json = .text
        }
        return ExpectedValue(source: Array(scalar.text.utf8), json: json)
    }
}
