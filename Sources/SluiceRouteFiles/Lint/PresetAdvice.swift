internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Warns of values in a route that do not suit its provider.
struct PresetAdvice {
    let preset: ProviderPreset
    let context: FileContext
    /// The position of the provider's name in the route.
    let position: YAMLPosition

    /// Warns of rules for events that the provider does not have.
    ///
    /// - Parameter jobs: the rules as written.
    func warnOfUnknownEvents(in jobs: YAMLNode?) {
        guard !preset.events.isEmpty else { return }
        for when in (jobs?.sequence ?? []).compactMap({ $0["when"] }) {
            for node in Self.events(in: when) {
                guard let event = node.scalar?.text, !preset.hasEvent(event) else { continue }
                let hint = Suggestion.phrase(for: event, among: preset.events.filter { !$0.hasSuffix("*") })
                let remedy = hint.isEmpty ? "; 'sluice providers show \(preset.name)' lists them" : hint
                context.warning(
                    node.position, "\(preset.name) has no event '\(PrintableText.escape(event))'\(remedy)")
            }
        }
    }

    /// The texts with which `event` is compared. Recurses as deep as the file is nested.
    private static func events(in when: YAMLNode) -> [YAMLNode] {
        (when.mapping ?? []).flatMap { entry -> [YAMLNode] in
            switch (entry.key, entry.value.content) {
            case ("any", .sequence(let alternatives)): alternatives.flatMap(events)
            case ("not", .mapping): events(in: entry.value)
            case ("event", .scalar): [entry.value]
            case ("event", .sequence(let values)): values
            case ("event", .mapping(let tests)):
                tests["not"].map { $0.sequence ?? [$0] } ?? []
            default: []
            }
        }
    }

    /// Warns of keys that expire while the provider may still retry.
    func warn(ofWindow window: Duration, at position: YAMLPosition?) {
        guard let span = preset.retrySpan, window < span else { return }
        context.warning(
            position ?? self.position,
            "'dedupe_window' is \(DurationText.format(window)), and \(preset.title) may retry for "
                + "\(DurationText.format(span)): a late retry would be accepted as new")
    }

    /// Warns of a tolerance that deliveries may exceed in transit.
    func warn(ofTolerance tolerance: Duration, at position: YAMLPosition) {
        guard let delay = preset.deliveryDelay, tolerance > .zero, tolerance < delay else { return }
        context.warning(
            position,
            "'tolerance' is \(DurationText.format(tolerance)), and requests from \(preset.title) may be "
                + "\(DurationText.format(delay)) old when they arrive")
    }

    /// Warns of an answer that the provider treats as a failure.
    func warn(ofStatus status: Int, at position: YAMLPosition) {
        let isSuccess = preset.success.isEmpty ? 200...299 ~= status : preset.success.contains(status)
        guard !isSuccess else { return }
        let counted = preset.success.map(String.init).joined(separator: ", ")
        context.warning(
            position,
            "\(preset.title) treats the status \(status) as a failure; it accepts only "
                + (counted.isEmpty ? "2xx" : counted))
    }

    /// Warns of an answer whose body the provider treats as a failure.
    ///
    /// - Parameter reply: as written in the route.
    func warn(ofReply reply: YAMLNode) {
        guard let text = preset.successBody else { return }
        let status = reply["status"]?.scalar.flatMap { Int($0.text) }
        let body = reply["body"]
        let isEmpty = status.map(ReplyTemplate.hasNoContent) ?? false || body?.scalar?.text.isEmpty == true
        if text.isEmpty {
            guard !isEmpty else { return }
            context.warning(
                reply.position,
                "\(preset.title) expects an answer without a body; set 'status: 204' or 'body: \"\"' in the reply")
        } else if isEmpty || body?.mayContain(text) != true {
            context.warning(
                reply.position,
                "\(preset.title) treats an answer without the text '\(PrintableText.escape(text))' as a failure; "
                    + "add it to the body of the reply")
        }
    }

    /// Warns of a key that several deliveries share, or that a retry does not repeat.
    func warn(ofKey key: UniqueKeyTemplate, at position: YAMLPosition) {
        func facts(in list: [ProviderPreset.ValueFact]) -> [ProviderPreset.ValueFact?] {
            key.references.map { reference in list.first { $0.source == reference.source } }
        }
        let own = preset.texts(of: "unique_key").joined(separator: " + ")
        let remedy = own.isEmpty ? "" : "; the preset's key is \(own)"
        if let changing = facts(in: preset.changesPerTry).compactMap(\.self).first {
            context.warning(
                position,
                "the unique key contains \(changing.written), which \(changing.meaning): \(preset.title) sends another "
                    + "value with each attempt, so a retry would be accepted as new\(remedy)")
        }
        let shared = facts(in: preset.notUnique)
        guard !shared.contains(where: { $0 == nil }), let first = shared.compactMap(\.self).first else { return }
        context.warning(
            position,
            "the unique key contains only values that deliveries of \(preset.title) have in common: \(first.written) "
                + "\(first.meaning); every delivery after the first would be dropped as a duplicate\(remedy)")
    }
}

extension YAMLNode {
    /// Whether a text in the node contains a text, or a reference, which may stand for it.
    fileprivate func mayContain(_ text: String) -> Bool {
        switch content {
        case .scalar(let scalar): scalar.text.contains(text) || scalar.text.contains("${")
        case .sequence(let elements): elements.contains { $0.mayContain(text) }
        case .mapping(let entries): entries.contains { $0.key.contains(text) || $0.value.mayContain(text) }
        }
    }
}
