internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension BatchTemplate {
    /// - Parameter scope: for references; `nil` in kinds.
    static func read(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> BatchTemplate? {
        guard let reader = MappingReader(node, RouteLanguage.batch, in: context) else { return nil }
        let key = reader.read(\.key).flatMap { Self.key($0, in: context, scope: &scope) }
        let when = expression(\.when, reader)
        let fold = expression(\.fold, reader)
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

    /// Zizq compiles it; here it only has to be present.
    private static func expression(
        _ key: KeyPath<BatchKeys, LanguageKey<String>>, _ reader: MappingReader<BatchKeys>
    ) -> String? {
        guard let text = reader.read(key), let entry = reader.entry(key) else { return nil }
        if !text.allSatisfy(\.isWhitespace) { return text }
        reader.context.error(
            entry.value.position, "'\(entry.key)' of 'batch' must be a jq expression, not an empty text")
        return nil
    }
}

extension JobStart {
    /// Reads two keys, at most one of which may be set.
    static func read(_ reader: MappingReader<RuleKeys>, scope: inout RouteScope) -> JobStart? {
        if reader.has("delay") { reader.refuse("ready_at", "a job can have either 'delay' or 'ready_at', not both") }
        if let node = reader.read(\.delay) { return delay(node, &scope) }
        return reader.read(\.readyAt).flatMap { readyAt($0, &scope) }
    }

    private static func delay(_ node: YAMLNode, _ scope: inout RouteScope) -> JobStart? {
        if let template = reference(node, &scope) { return template.map { .renderedDelay($0) } }
        return scope.context.duration(node, "'delay'", in: delays).map { .delay($0) }
    }

    private static func readyAt(_ node: YAMLNode, _ scope: inout RouteScope) -> JobStart? {
        if let template = reference(node, &scope) { return template.map { .renderedReadyAt($0) } }
        return KeyFormat.time.read(scope.context, node, "'ready_at'").map { .readyAt($0) }
    }

    /// - Returns: `nil` for a text without references, `.some(nil)` after recording a problem.
    private static func reference(_ node: YAMLNode, _ scope: inout RouteScope) -> TextTemplate?? {
        guard case .text(let text)? = node.scalar?.value, TemplateParser.mayRefer(text) else { return nil }
        return .some(scope.template(text, at: node.position))
    }
}
