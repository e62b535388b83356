internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// What a rule or a kind says about folding jobs together: `{ key, when, fold }`, as Zizq takes it.
struct BatchTemplate: Sendable {
    let key: JobText
    /// The members behind the key, as JSON.
    private let expressions: [UInt8]

    /// - Parameter scope: where references may stand; `nil` in kinds.
    /// - Returns: `nil` after a problem has been noted.
    static func read(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> BatchTemplate? {
        guard let reader = MappingReader(node, .batch, in: context) else { return nil }
        for key in KeyTable.batch.keys where !reader.has(key) { context.error(node.position, "'batch' needs '\(key)'") }
        let key = reader.node("key").flatMap { Self.key($0, in: context, scope: &scope) }
        let when = expression("when", reader)
        let fold = expression("fold", reader)
        guard let key, let when, let fold else { return nil }
        var json: [UInt8] = []
        json += Array(#","when":"#.utf8)
        json.appendJSONString(when)
        json += Array(#","fold":"#.utf8)
        json.appendJSONString(fold)
        return BatchTemplate(key: key, expressions: json)
    }

    private static func key(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> JobText? {
        guard let text = context.text(node, "'key' of 'batch'") else { return nil }
        if text.isEmpty {
            context.error(node.position, "the key of a batch is empty")
            return nil
        }
        guard scope != nil else {
            if !TemplateParser.mayRefer(text) { return .constant(text) }
            context.error(node.position, "a kind cannot hold references; say 'batch' in the rule")
            return nil
        }
        return scope?.template(text, at: node.position).map { template in
            template.constant.map { .constant($0) } ?? .rendered(template)
        }
    }

    /// Zizq compiles it; here it must only be there.
    private static func expression(_ key: String, _ reader: MappingReader) -> String? {
        guard let text = reader.text(key) else { return nil }
        if !text.allSatisfy(\.isWhitespace) { return text }
        if let node = reader.node(key) {
            reader.context.error(node.position, "'\(key)' of 'batch' must be a jq expression, not an empty text")
        }
        return nil
    }

    /// The value of the member `batch`, where it is the same for each job.
    var constant: [UInt8]? {
        if case .constant(let key) = key { value(Array(key.utf8)) } else { nil }
    }

    /// The member of the job object; `nil` where the key turns out to be empty.
    func member(_ context: borrowing DeliveryContext) -> [UInt8]? {
        let key: [UInt8] =
            switch self.key {
            case .constant(let text): Array(text.utf8)
            case .rendered(let template): context.text(template)
            }
        return key.isEmpty ? nil : Array(#""batch":"#.utf8) + value(key)
    }

    private func value(_ key: [UInt8]) -> [UInt8] {
        var json = Array(#"{"key":"#.utf8)
        json.appendJSONString(key.span)
        json += expressions
        json.append(UInt8(ascii: "}"))
        return json
    }
}
