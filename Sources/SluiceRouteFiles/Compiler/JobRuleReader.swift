internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the entries of `jobs`.
struct JobRuleReader {
    let context: FileContext
    let bodyKind: BodyKind
    /// Whether the route's deliveries have a unique key.
    let routeHasKey: Bool
    let match: MatchPolicy
    /// The route's.
    let methods: [String]
    /// Keys of the route that decide what its rules read: a parameter, an element or an event with the same name may be
    /// another one when they are changed.
    let subjects: [(key: String, value: YAMLNode)]

    /// - Returns: the valid rules; the problems of the others have been recorded.
    func read(_ node: YAMLNode, kinds: inout JobKinds, scope: inout RouteScope) -> [JobRule] {
        guard let elements = context.list(node, "'jobs'") else { return [] }
        if elements.isEmpty { context.error(node.position, "'jobs' needs at least one rule") }
        var rules: [JobRule] = []
        var reachability = RuleReachability(context: context, takesAll: match == .all, methods: methods)
        for element in elements {
            reachability.refuseUnreachable(at: element.position)
            guard let rule = rule(element, kinds: &kinds, scope: &scope) else { continue }
            reachability.add(rule.conditions, at: element.position)
            rules.append(rule)
        }
        return rules
    }

    /// Whether the last rule matches everything. Also true if it could not be read, so that one mistake is one problem.
    static func endsInCatchAll(_ node: YAMLNode?) -> Bool {
        guard let when = node?.sequence?.last?["when"] else { return true }
        return when.mapping?.isEmpty ?? false
    }

    private func rule(_ node: YAMLNode, kinds: inout JobKinds, scope: inout RouteScope) -> JobRule? {
        guard let reader = MappingReader(node, RouteLanguage.rule, in: context) else { return nil }
        let conditions = reader.read(\.when).flatMap {
            ConditionReader(context: context, bodyKind: bodyKind).read($0, scope: &scope)
        }
        guard let action = action(reader, RuleDigest.of(node, and: subjects), kinds: &kinds, scope: &scope) else {
            return nil
        }
        if reader.has("when"), conditions == nil { return nil }
        return JobRule(conditions: conditions ?? [], action: action, location: context.location(node.position))
    }

    private func action(
        _ reader: MappingReader<RuleKeys>, _ digest: Fingerprint, kinds: inout JobKinds, scope: inout RouteScope
    ) -> JobRule.Action? {
        guard let ignores = reader.has("ignore") ? reader.written(\.ignore) : false else { return nil }
        if ignores {
            for key in RouteLanguage.rule.keys where key != "when" && key != "ignore" {
                reader.refuse(key, "'\(key)' has no effect in a rule with 'ignore: true'")
            }
            return .ignore
        }
        return template(reader, digest, kinds: &kinds, scope: &scope).map { .make($0) }
    }

    private func template(
        _ reader: MappingReader<RuleKeys>, _ digest: Fingerprint, kinds: inout JobKinds, scope: inout RouteScope
    ) -> JobTemplate? {
        var optionalScope: RouteScope? = scope
        let kind = kind(reader, &kinds)
        let type = kind.map { JobText.constant($0.name) } ?? self.type(reader, &optionalScope)
        let own = JobOptionsReader.read(reader, scope: &optionalScope)
        scope = optionalScope ?? scope
        let options = own.over(kind?.options ?? JobOptionsTemplate())
        let start = JobStart.read(reader, scope: &scope)
        let payload =
            if let node = reader.read(\.payload) {
                PayloadCompiler.compile(node, scope: &scope)
            } else {
                // With `each`, the whole body in every job would be as many copies as there are elements.
                scope.template(scope.items == nil ? "${body}" : "${item}", at: reader.position)?.soleReference
                    .map { PayloadTemplate(steps: [.value($0)], depth: 0) }
            }
        kind?.check(reader.read(\.payload), in: context)
        if options.batch != nil, let entry = reader.entry("unique_key") ?? reader.entry("unique_while") {
            context.error(
                entry.position,
                "a job with a batch has no unique key at Zizq; the route's key still applies in the gateway")
        } else if !routeHasKey, !reader.has("unique_key") {
            reader.refuse(
                "unique_while", "'unique_while' has no effect here: neither the route nor the rule has a 'unique_key'")
        }
        let key = reader.read(\.uniqueKey).map { UniqueKeyTemplate.read($0, scope: &scope) }
        guard let type, let payload, key.map({ $0 != nil }) ?? true else { return nil }
        let queue = options.queue ?? .constant(JobOptionKeys.defaultQueue)
        return JobTemplate(
            type: type, queue: queue, priority: options.priority?.template,
            start: start, batch: options.batch?.rendered, constantOptions: options.constant,
            uniqueWhile: options.uniqueWhile ?? .exists,
            uniqueKey: key ?? nil, payload: payload, payloadType: kind?.payload,
            kindLocation: kind?.location,
            identity: RuleIdentity(kind: kind?.name, type: type.constant, queue: queue.constant, digest: digest))
    }

    private func kind(_ reader: MappingReader<RuleKeys>, _ kinds: inout JobKinds) -> JobKind? {
        guard let entry = reader.entry("kind"), let name = reader.read(\.kind) else { return nil }
        if reader.has("type") {
            context.error(entry.position, "a job rule must have either 'kind' or 'type', not both")
        }
        if let kind = kinds.use(name) { return kind }
        // The hint compares the name with all kinds.
        guard !context.log.isFull else { return nil }
        let hint = kinds.hint(for: name)
        context.error(entry.value.position, "unknown kind '\(PrintableText.escape(name))'\(hint)")
        return nil
    }

    private func type(_ reader: MappingReader<RuleKeys>, _ scope: inout RouteScope?) -> JobText? {
        if let node = reader.read(\.type) { return JobOptionsReader.name(node, "'type'", in: context, scope: &scope) }
        if !reader.has("kind") { context.error(reader.position, "a job rule needs 'kind', 'type' or 'ignore: true'") }
        return nil
    }
}

extension JobText {
    fileprivate var template: TextTemplate? {
        if case .rendered(let template) = self { template } else { nil }
    }
}

/// A digest of a rule's contents. Comments, white space, quotes, the order of keys and the position in the file do not
/// change it.
enum RuleDigest {
    /// - Parameters:
    ///   - rule: the entry of `jobs`.
    ///   - subjects: keys of the route that decide what a rule makes, with their values.
    static func of(_ rule: YAMLNode, and subjects: [(key: String, value: YAMLNode)]) -> Fingerprint {
        var bytes: [UInt8] = []
        append(rule, to: &bytes)
        for (key, value) in subjects {
            append("k", key, to: &bytes)
            append(value, to: &bytes)
        }
        return Fingerprint(Hash.digest(.sha256, bytes.span).span)
    }

    /// A letter for the type, and lengths in front of contents: no two values have the same bytes.
    private static func append(_ node: YAMLNode, to bytes: inout [UInt8]) {
        switch node.content {
        case .scalar(let scalar): append(scalar.value, to: &bytes)
        case .sequence(let elements):
            append("l", "\(elements.count)", to: &bytes)
            for element in elements { append(element, to: &bytes) }
        case .mapping(let entries):
            append("m", "\(entries.count)", to: &bytes)
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                append("k", entry.key, to: &bytes)
                append(entry.value, to: &bytes)
            }
        }
    }

    private static func append(_ value: YAMLScalar.Value, to bytes: inout [UInt8]) {
        switch value {
        case .null: append("n", "", to: &bytes)
        case .boolean(let value): append("b", "\(value)", to: &bytes)
        case .number(let text): append("d", text, to: &bytes)
        case .text(let text): append("t", text, to: &bytes)
        }
    }

    private static func append(_ letter: String, _ text: String, to bytes: inout [UInt8]) {
        bytes += "\(letter)\(text.utf8.count):\(text)".utf8
    }
}
