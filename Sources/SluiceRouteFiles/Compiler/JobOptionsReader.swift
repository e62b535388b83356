internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the options that kinds and rules share.
package enum JobOptionsReader {
    package static let priorities = JobOptionsTemplate.priorities
    package static let retryLimits = 0...Int(UInt32.max)
    package static let exponents = 0...100
    private static let milliseconds: ClosedRange<Duration> = .zero ... .milliseconds(Int64(UInt32.max))
    /// Zizq counts in 64 bits; a hundred years are enough.
    private static let retentions: ClosedRange<Duration> = .zero ... .seconds(36_500 * 86_400)

    /// - Parameter scope: where references may stand; `nil` in kinds, which are not of a route.
    static func read(_ reader: MappingReader, scope: inout RouteScope?) -> JobOptionsTemplate {
        JobOptionsTemplate(
            queue: queue(reader, &scope), priority: priority(reader, &scope),
            retryLimit: reader.integer("retry_limit", in: retryLimits).map { .retryLimit($0) },
            backoff: backoff(reader), retention: retention(reader), uniqueWhile: reader.word("unique_while"),
            batch: batch(reader, &scope), budgets: budgets(reader))
    }

    private static func batch(_ reader: MappingReader, _ scope: inout RouteScope?) -> BatchTemplate? {
        reader.node("batch").flatMap { BatchTemplate.read($0, in: reader.context, scope: &scope) }
    }

    private static func budgets(_ reader: MappingReader) -> JobOption? {
        reader.node("budgets").flatMap { BudgetReader(context: reader.context).read($0) }
    }

    private static func queue(_ reader: MappingReader, _ scope: inout RouteScope?) -> JobText? {
        reader.node("queue").flatMap { name($0, "'queue'", in: reader.context, scope: &scope) }
    }

    /// A queue or a type: a name that Zizq takes, or a text with references.
    static func name(_ node: YAMLNode, _ subject: String, in context: FileContext, scope: inout RouteScope?) -> JobText?
    {
        guard let text = context.text(node, subject) else { return nil }
        if let template = scope?.template(text, at: node.position) {
            guard let constant = template.constant else { return .rendered(template) }
            return checked(constant, node, subject, in: context)
        }
        return scope == nil ? checked(text, node, subject, in: context) : nil
    }

    private static func checked(_ name: String, _ node: YAMLNode, _ subject: String, in context: FileContext)
        -> JobText?
    {
        guard let complaint = ZizqName.complaint(about: name) else { return .constant(name) }
        context.error(node.position, "\(subject) \(complaint)")
        return nil
    }

    private static func priority(_ reader: MappingReader, _ scope: inout RouteScope?) -> JobText? {
        guard let node = reader.node("priority") else { return nil }
        if case .text(let text)? = node.scalar?.value, TemplateParser.mayRefer(text),
            let template = scope?.template(text, at: node.position), template.constant == nil
        {
            return .rendered(template)
        }
        return reader.context.integer(node, "'priority'", in: priorities).map { .constant(String($0)) }
    }

    private static func backoff(_ reader: MappingReader) -> JobOption? {
        guard let node = reader.node("backoff"), let backoff = MappingReader(node, .backoff, in: reader.context) else {
            return nil
        }
        for key in KeyTable.backoff.keys where !backoff.has(key) {
            reader.context.error(node.position, "'backoff' needs '\(key)'")
        }
        let base = backoff.value("base") { $0.duration($1, $2, in: milliseconds) }
        let exponent = backoff.value("exponent", exponent)
        let jitter = backoff.value("jitter") { $0.duration($1, $2, in: milliseconds) }
        guard let base, let exponent, let jitter else { return nil }
        return .backoff(base: base.wholeMilliseconds, exponent: exponent, jitter: jitter.wholeMilliseconds)
    }

    private static func exponent(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> String? {
        if case .number(let text)? = node.scalar?.value, let number = Double(text),
            (Double(exponents.lowerBound)...Double(exponents.upperBound)).contains(number)
        {
            return text
        }
        context.error(
            node.position, "\(subject) must be a number from \(exponents.lowerBound) to \(exponents.upperBound)")
        return nil
    }

    private static func retention(_ reader: MappingReader) -> JobOption? {
        guard let node = reader.node("retention"), let retention = MappingReader(node, .retention, in: reader.context)
        else { return nil }
        let completed = retention.value("completed") { $0.duration($1, $2, in: retentions) }
        let dead = retention.value("dead") { $0.duration($1, $2, in: retentions) }
        return .retention(completed: completed?.wholeMilliseconds, dead: dead?.wholeMilliseconds)
    }
}
