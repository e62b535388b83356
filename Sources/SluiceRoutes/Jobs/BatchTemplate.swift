internal import SluiceBase
internal import SluiceYAML

/// What a rule or a kind says about folding jobs together: `{ key, when, fold }`, as Zizq takes it.
struct BatchTemplate: Sendable {
    let key: JobText
    let when: String
    let fold: String

    /// - Parameter scope: where references may stand; `nil` in kinds.
    /// - Returns: `nil` after a problem has been noted.
    static func read(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> BatchTemplate? {
        guard let reader = MappingReader(node, .batch, in: context) else { return nil }
        for key in KeyTable.batch.keys where !reader.has(key) { context.error(node.position, "'batch' needs '\(key)'") }
        let key = reader.node("key").flatMap { Self.key($0, in: context, scope: &scope) }
        let when = expression("when", reader)
        let fold = expression("fold", reader)
        guard let key, let when, let fold else { return nil }
        return BatchTemplate(key: key, when: when, fold: fold)
    }

    private static func key(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> JobText? {
        guard let text = context.text(node, "'key' of 'batch'") else { return nil }
        if text.isEmpty {
            context.error(node.position, "the key of a batch is empty")
            return nil
        }
        guard scope != nil else {
            if !TemplateParser.mayRefer(text) { return .constant(text) }
            context.error(node.position, "a kind cannot contain references; put 'batch' into the rule")
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

    /// The batch, where it is the same for each job.
    var constant: JobBatch? { key.constant.map { JobBatch(key: $0, when: when, fold: fold) } }

    /// Itself, where the key is made of the request.
    var rendered: BatchTemplate? { key.constant == nil ? self : nil }

    /// The batch of one job; `nil` where the key turns out to be empty.
    func batch(_ context: borrowing DeliveryContext) -> JobBatch? {
        switch key {
        case .constant: return constant
        case .rendered(let template):
            let key = String(decoding: context.text(template), as: UTF8.self)
            return key.isEmpty ? nil : JobBatch(key: key, when: when, fold: fold)
        }
    }
}
