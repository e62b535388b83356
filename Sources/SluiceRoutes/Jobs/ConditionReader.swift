internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// Reads `when`: a mapping from references to a scalar, or to a list of which one must be equal.
struct ConditionReader {
    let context: FileContext
    let bodyKind: BodyKind

    /// - Returns: `nil` after a problem has been noted.
    func read(_ node: YAMLNode, scope: inout RouteScope) -> [Condition]? {
        guard case .mapping(let entries) = node.content else {
            context.error(node.position, "'when' must be a mapping from references to what they must be, not \(node.noun)")
            return nil
        }
        var conditions: [Condition] = []
        var isFine = true
        for entry in entries {
            if let condition = condition(entry, scope: &scope) { conditions.append(condition) } else { isFine = false }
        }
        return isFine ? conditions : nil
    }

    private func condition(_ entry: YAMLEntry, scope: inout RouteScope) -> Condition? {
        if KeyTable.conditionGroups.later.contains(entry.key) {
            context.error(entry.position, "'\(entry.key)' in 'when' is not supported yet")
            return nil
        }
        if entry.key.hasPrefix("${") {
            context.error(entry.position, "the references in 'when' are written without ${ and }")
            return nil
        }
        let reference = scope.bareReference(entry.key, at: entry.position)
        guard let expected = expected(entry.value), let reference else { return nil }
        return Condition(reference: reference, expected: expected, isFormField: isFormField(reference))
    }

    private func expected(_ node: YAMLNode) -> [ExpectedValue]? {
        switch node.content {
        case .scalar: return value(node).map { [$0] }
        case .sequence(let elements):
            if elements.isEmpty { context.error(node.position, "an empty list in 'when' can never hold") }
            let values = elements.map(value)
            return elements.isEmpty || values.contains { $0 == nil } ? nil : values.compactMap { $0 }
        case .mapping:
            context.error(node.position, "a mapping as a condition in 'when' is not supported yet")
            return nil
        }
    }

    private func value(_ node: YAMLNode) -> ExpectedValue? {
        guard let scalar = node.scalar else {
            context.error(node.position, "a condition in 'when' compares with a text, a number, true, false or null, not \(node.noun)")
            return nil
        }
        if case .text(let text) = scalar.value, text.contains("${") {
            context.error(node.position, "a condition in 'when' cannot compare with a reference")
            return nil
        }
        return ExpectedValue(source: Array(scalar.text.utf8), json: json(scalar.value))
    }

    private func json(_ value: YAMLScalar.Value) -> ExpectedValue.JSON {
        switch value {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .number(let text): JSONNumber(text).map { .number($0) } ?? .text
        case .text: .text
        }
    }

    /// A form's own fields are text; what lies inside the JSON of its field `payload` has types.
    private func isFormField(_ reference: Reference) -> Bool {
        guard bodyKind != .json, case .body(let path) = reference.source else { return false }
        return path.steps.first != .key("payload") || path.steps.count == 1
    }
}
