import SluiceYAML

/// Reads a text as `f.yaml`.
func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) -> YAMLDocument {
    YAMLDocument.parse(Array(text.utf8), file: "f.yaml", limits: limits)
}

/// The problems of a text, one a line: `line:column: message`.
func problems(_ text: String, limits: YAMLLimits = YAMLLimits()) -> [String] {
    described(parse(text, limits: limits).problems)
}

func described(_ problems: [YAMLError]) -> [String] {
    problems.map { "\($0.position.line):\($0.position.column): \($0.message)" }
}

/// A node in a short notation that shows types: `{a: "text", b: [1, true, null]}`.
func notation(_ node: YAMLNode?) -> String {
    guard let node else { return "nothing" }
    switch node.content {
    case .scalar(let scalar):
        switch scalar.value {
        case .null: return "null"
        case .boolean(let value): return "\(value)"
        case .number(let text): return text
        case .text(let text): return "\"\(text)\""
        }
    case .sequence(let elements): return "[" + elements.map(notation).joined(separator: ", ") + "]"
    case .mapping(let entries):
        return "{" + entries.map { "\($0.key): \(notation($0.value))" }.joined(separator: ", ") + "}"
    }
}
