internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the common options of kinds and rules.
enum JobOptionsReader {
    /// - Parameter scope: for references; `nil` in kinds, which do not belong to a route.
    static func read(_ reader: MappingReader<some HasJobOptions>, scope: inout RouteScope?) -> JobOptionsTemplate {
        let context = reader.context
        var options = JobOptionsTemplate()
        options.queue = reader.read(\.options.queue).flatMap { name($0, "'queue'", in: context, scope: &scope) }
        options.priority = reader.read(\.options.priority).flatMap { priority($0, in: context, scope: &scope) }
        options.retryLimit = reader.read(\.options.retryLimit).map { .retryLimit($0) }
        options.backoff = reader.read(\.options.backoff)
        options.retention = reader.read(\.options.retention)
        options.uniqueWhile = reader.read(\.options.uniqueWhile)
        options.batch = reader.read(\.options.batch).flatMap { BatchTemplate.read($0, in: context, scope: &scope) }
        options.budgets = reader.read(\.options.budgets)
        return options
    }

    /// A queue or a type: a name that Zizq accepts, or a text with references.
    static func name(_ node: YAMLNode, _ subject: String, in context: FileContext, scope: inout RouteScope?) -> JobText?
    {
        guard let text = context.text(node, subject) else { return nil }
        if let template = scope?.template(text, at: node.position) {
            guard let constant = template.constant else { return .rendered(template) }
            return checked(constant, of: subject, at: node.position, in: context)
        }
        return scope == nil ? checked(text, of: subject, at: node.position, in: context) : nil
    }

    private static func checked(
        _ name: String, of subject: String, at position: YAMLPosition, in context: FileContext
    ) -> JobText? {
        guard let complaint = ZizqName.complaint(about: name) else { return .constant(name) }
        context.error(position, "\(subject) \(complaint)")
        return nil
    }

    private static func priority(_ node: YAMLNode, in context: FileContext, scope: inout RouteScope?) -> JobText? {
        if case .text(let text)? = node.scalar?.value, TemplateParser.mayRefer(text),
            let template = scope?.template(text, at: node.position), template.constant == nil
        {
            return .rendered(template)
        }
        return context.integer(node, "'priority'", in: JobOptionsTemplate.priorities).map { .constant(String($0)) }
    }
}

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
