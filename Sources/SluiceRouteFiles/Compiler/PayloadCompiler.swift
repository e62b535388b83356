internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Compiles the `payload` of a rule to the steps that write it.
struct PayloadCompiler {
    private var steps: [PayloadTemplate.Step] = []
    private var literal: [UInt8] = []
    private var deepest = 0

    static func compile(_ node: YAMLNode, scope: inout RouteScope) -> PayloadTemplate? {
        var compiler = PayloadCompiler()
        guard compiler.append(node, depth: 0, &scope) else { return nil }
        compiler.flush()
        return PayloadTemplate(steps: compiler.steps, depth: compiler.deepest)
    }

    /// - Returns: whether there was no problem; reading continues after one, to find the next.
    private mutating func append(_ node: YAMLNode, depth: Int, _ scope: inout RouteScope) -> Bool {
        switch node.content {
        case .scalar(let scalar): appendScalar(scalar, node, depth: depth, scope: &scope)
        case .sequence(let elements): appendList(elements, depth, scope: &scope)
        case .mapping(let entries): appendObject(entries, depth, scope: &scope)
        }
    }

    private mutating func appendList(_ elements: [YAMLNode], _ depth: Int, scope: inout RouteScope) -> Bool {
        var isFine = true
        literal.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { literal.append(UInt8(ascii: ",")) }
            isFine = append(element, depth: depth + 1, &scope) && isFine
        }
        literal.append(UInt8(ascii: "]"))
        return isFine
    }

    private mutating func appendObject(_ entries: [YAMLEntry], _ depth: Int, scope: inout RouteScope) -> Bool {
        var isFine = true
        literal.append(UInt8(ascii: "{"))
        for (index, entry) in entries.enumerated() {
            if index > 0 { literal.append(UInt8(ascii: ",")) }
            if TemplateParser.mayRefer(entry.key) {
                scope.context.error(entry.position, "a key in a payload cannot contain a reference")
                isFine = false
            }
            literal.appendJSONString(entry.key)
            literal.append(UInt8(ascii: ":"))
            isFine = append(entry.value, depth: depth + 1, &scope) && isFine
        }
        literal.append(UInt8(ascii: "}"))
        return isFine
    }

    private mutating func appendScalar(_ scalar: YAMLScalar, _ node: YAMLNode, depth: Int, scope: inout RouteScope)
        -> Bool
    {
        switch scalar.value {
        case .null: literal += Array("null".utf8)
        case .boolean(let value): literal += Array((value ? "true" : "false").utf8)
        case .number(let text): return appendNumber(text, node, scope: scope)
        case .text(let text):
            guard let template = scope.template(text, at: node.position) else { return false }
            let remark = LiteralLookalike.remark(onPayload: text) ?? LiteralLookalike.remark(onPlain: scalar)
            if let remark { scope.context.warning(node.position, remark) }
            appendText(template, depth)
        }
        return true
    }

    private mutating func appendNumber(_ text: String, _ node: YAMLNode, scope: RouteScope) -> Bool {
        let bytes = Array(text.utf8)
        guard JSONLiteral.isScalar(bytes.span) else {
            scope.context.error(node.position, "the number is outside the range that Zizq accepts")
            return false
        }
        literal += bytes
        return true
    }

    private mutating func appendText(_ template: TextTemplate, _ depth: Int) {
        if let reference = template.soleReference {
            flush()
            steps.append(.value(reference))
            deepest = max(deepest, depth)
            return
        }
        literal.append(UInt8(ascii: "\""))
        for part in template.parts {
            switch part {
            case .literal(let bytes): literal.appendJSONStringContent(bytes.span)
            case .reference(let reference):
                flush()
                steps.append(.text(reference))
            }
        }
        literal.append(UInt8(ascii: "\""))
    }

    private mutating func flush() {
        if !literal.isEmpty { steps.append(.bytes(literal)) }
        literal = []
    }
}
