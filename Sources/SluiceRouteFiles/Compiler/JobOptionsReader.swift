internal import SluiceBase
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
