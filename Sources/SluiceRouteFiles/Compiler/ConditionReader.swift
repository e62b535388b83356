internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `when`: a mapping from references to expected values, with `any` and `not` around such mappings.
///
/// Recurses as deep as the file is nested, which YAML limits.
struct ConditionReader {
    let context: FileContext
    let bodyKind: BodyKind

    func read(_ node: YAMLNode, scope: inout RouteScope) -> [Condition]? {
        conditions(
            node, "'when'", ifEmpty: "'when' is empty; omit it in a rule that matches everything", scope: &scope)
    }

    private func conditions(_ node: YAMLNode, _ subject: String, ifEmpty: String, scope: inout RouteScope)
        -> [Condition]?
    {
        guard let entries = context.entries(node, subject, as: "a mapping from references to conditions") else {
            return nil
        }
        if entries.isEmpty { context.error(node.position, ifEmpty) }
        var conditions: [Condition] = []
        var isFine = !entries.isEmpty
        for entry in entries {
            if let parts = self.conditions(entry, scope: &scope) { conditions += parts } else { isFine = false }
        }
        return isFine ? conditions : nil
    }

    private func conditions(_ entry: YAMLEntry, scope: inout RouteScope) -> [Condition]? {
        switch entry.key {
        case "any": any(entry, scope: &scope).map { [$0] }
        case "not":
            conditions(entry.value, "'not'", ifEmpty: "an empty mapping in 'not' is never true", scope: &scope)
                .map { [.not($0, context.location(entry.position))] }
        default: values(entry, scope: &scope)
        }
    }

    private func any(_ entry: YAMLEntry, scope: inout RouteScope) -> Condition? {
        guard case .sequence(let elements) = entry.value.content else {
            context.error(entry.value.position, "'any' must be a list of mappings, not \(entry.value.noun)")
            return nil
        }
        if elements.isEmpty { context.error(entry.value.position, "an empty list in 'any' is never true") }
        var alternatives: [[Condition]] = []
        for element in elements {
            let alternative = conditions(
                element, "an element of 'any'", ifEmpty: "an empty mapping in 'any' is always true", scope: &scope)
            if let alternative { alternatives.append(alternative) }
        }
        guard !elements.isEmpty, alternatives.count == elements.count else { return nil }
        return .any(alternatives, context.location(entry.position))
    }

    private func values(_ entry: YAMLEntry, scope: inout RouteScope) -> [Condition]? {
        if entry.key.utf8.starts(with: "${".utf8) {
            context.error(entry.position, "references in 'when' must be written without ${ and }")
            return nil
        }
        let reference = scope.bareReference(entry.key, at: entry.position)
        let comparison = reference.map { self.comparison(of: $0, writtenAs: entry.key, scope) } ?? .asText
        let tests = ValueTestReader(context: context, comparison: comparison).read(entry)
        guard let reference, let tests else { return nil }
        return tests.map { test, position in
            .value(
                ValueCondition(
                    reference: reference, comparison: comparison, test: test, written: entry.key,
                    location: context.location(position)))
        }
    }

    /// Fields of a form have no type; values inside the JSON of its field `payload` have one.
    private func comparison(of reference: Reference, writtenAs key: String, _ scope: RouteScope) -> ValueComparison {
        // The event is text, even if it is one value of the body, whose reference then replaces it.
        let isEvent = key.drop { $0 == " " || $0 == "\t" } == "event"
        guard !isEvent, reference.source.isOfBody, let path = reference.source.bodyPath(items: scope.items) else {
            return .asText
        }
        guard isOfFormField(path) else { return .byType }
        return switch bodyKind {
        case .json, .bytes, .jwt: .byType
        case .text: .asText
        case .form: .asFormField
        case .auto: .asFormFieldInForms
        }
    }

    /// A form is a mapping of fields, and repeated fields are an array; a text is the whole body.
    private func isOfFormField(_ path: JSONPath) -> Bool {
        switch path.steps.count {
        case 0, 1: return true
        case 2:
            if case .key = path.steps[1] { return false }
            return path.steps.first != .key("payload")
        default: return false
        }
    }
}
