internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the `expect` of an example.
struct ExpectationReader {
    let context: FileContext

    func read(_ node: YAMLNode) -> Expectation? {
        guard let reader = MappingReader(node, RouteLanguage.expectation, in: context) else { return nil }
        var expectation = Expectation(location: context.location(node.position))
        expectation.status = expected(reader, \.status)
        expectation.duplicate = expected(reader, \.duplicate)
        expectation.handshake = expected(reader, \.handshake)
        expectation.refused = expected(reader, \.refused)
        expectation.jobs = expected(reader, \.jobs).map {
            Expected(value: $0.value.compactMap(job), location: $0.location)
        }
        expectation.deadLetters = expected(reader, \.deadLetters).flatMap { nodes in
            deadLetters(nodes.value).map { Expected(value: $0, location: nodes.location) }
        }
        if let node = reader.read(\.reply) { reply(node, &expectation) }
        if node.mapping?.isEmpty == true {
            context.error(
                node.position,
                "'expect' needs at least one of \(FileContext.alternatives(RouteLanguage.expectation.keys))")
            return nil
        }
        warnOfContradictions(expectation)
        return expectation
    }

    private func expected<Value: Sendable>(
        _ reader: MappingReader<ExpectationKeys>, _ key: KeyPath<ExpectationKeys, LanguageKey<Value>>
    ) -> Expected<Value>? {
        guard let node = reader.entry(key)?.value, let value = reader.read(key) else { return nil }
        return Expected(value: value, location: context.location(node.position))
    }

    /// Refuses results that a refused request cannot have.
    private func warnOfContradictions(_ expectation: Expectation) {
        guard let refused = expectation.refused else { return }
        // The route sets the status of a refused handshake.
        if let status = expectation.status, status.value != refused.value.httpStatus, refused.value != .handshakeRefused
        {
            context.log.error(
                status.location,
                "a request refused as '\(refused.value.rawValue)' is answered \(refused.value.httpStatus), not "
                    + "\(status.value)"
            )
        }
        if let jobs = expectation.jobs, !jobs.value.isEmpty {
            context.log.error(
                jobs.location, "a refused request makes no jobs: 'expect' cannot have both 'refused' and 'jobs'")
        }
    }

    private func deadLetters(_ node: YAMLNode) -> Expectation.DeadLetters? {
        if let elements = node.sequence {
            let reasons: [DeadLetterReason] = elements.compactMap { context.word($0, "a reason of 'dead_letters'") }
            return reasons.count == elements.count ? .reasons(reasons) : nil
        }
        let subject = "'dead_letters', if it is not a list of reasons,"
        return context.integer(node, subject, in: ExpectationKeys.deadLetterCounts).map { .count($0) }
    }

    private func reply(_ node: YAMLNode, _ expectation: inout Expectation) {
        guard let reader = MappingReader(node, RouteLanguage.expectedReply, in: context) else { return }
        expectation.replyBody = reader.read(\.body).map { ExpectedJSON($0, in: context) }
        for entry in reader.read(\.headers).flatMap({ context.entries($0, "'headers'") }) ?? [] {
            guard let text = context.written(entry.value, "the value of a header") else { continue }
            let value = Expected(value: text, location: context.location(entry.value.position))
            expectation.replyHeaders.append((name: HeaderName(entry.key), value: value))
        }
    }
}

extension ExpectationReader {
    private func job(_ node: YAMLNode) -> ExpectedJob? {
        guard let reader = MappingReader(node, RouteLanguage.expectedJob, in: context) else { return nil }
        var scope: RouteScope?
        let type = reader.read(\.type).flatMap { JobOptionsReader.name($0, "'type'", in: context, scope: &scope) }
        let options = JobOptionsReader.read(reader, scope: &scope)
        var job = ExpectedJob(location: context.location(node.position), fields: [])
        func add(_ key: String, _ tree: JSONTree?) {
            guard let node = reader.node(key), let tree else { return }
            job.fields.append((name: key, value: ExpectedJSON(tree, at: context.location(node.position))))
        }
        add("type", Self.text(type))
        add("queue", Self.text(options.queue))
        if case .constant(let digits)? = options.priority { add("priority", .number(digits)) }
        add("ready_at", reader.read(\.readyAt).map { .number(String($0)) })
        add("retry_limit", options.retryLimit?.tree)
        add("backoff", options.backoff?.tree)
        add("retention", options.retention?.tree)
        add("unique_key", reader.read(\.uniqueKey).map { .text($0) })
        add("unique_while", options.uniqueWhile.map { .text($0.rawValue) })
        add("batch", options.batch?.constant.flatMap { JobOption.batch($0).tree })
        add("budgets", options.budgets?.tree)
        if let payload = reader.read(\.payload) {
            job.fields.append((name: "payload", value: ExpectedJSON(payload, in: context)))
        }
        return job
    }

    private static func text(_ text: JobText?) -> JSONTree? {
        if case .constant(let text)? = text { .text(text) } else { nil }
    }
}
