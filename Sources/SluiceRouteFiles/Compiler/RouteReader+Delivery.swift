internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reading who may send, which elements become jobs, and how the route answers.
extension RouteReader {
    /// All payloads of a delivery are in memory at the same time, even if they are many.
    private static let maximumPayloadBytes = 64 << 20

    var maximumPayloadBytes: Int { min(Self.maximumPayloadBytes, (options.memory?.bytes ?? .max) / 2) }

    mutating func elements(_ body: BodyKind) -> Elements? {
        guard let elements = reader.read(\.each) else {
            // Its problem has been recorded; an error about 'item' would only follow from it.
            if reader.has("each") { scope.takeEach(of: JSONPath([.each])) }
            return nil
        }
        if elements.areLines, body != .auto {
            reader.refuse("body", "'body' has no effect with 'each: lines', which always parses JSON Lines")
        }
        scope.takeEach(of: elements.path)
        return elements
    }

    mutating func reply() -> ReplyTemplate? {
        guard let node = reader.read(\.reply) else { return nil }
        scope.subject = .delivery
        defer { scope.subject = .job }
        return ReplyReader(context: context).read(node, scope: &scope)
    }

    /// The number of entries of `examples`.
    var exampleCount: Int { reader.node("examples")?.sequence?.count ?? 0 }

    func examples(_ path: RoutePath?, _ methods: [String]) -> [RouteExample] {
        guard let node = reader.read(\.examples) else { return [] }
        let hasSecrets = isVerified || reader.has("handshake_secrets")
        return ExampleReader(context: context, path: path, methods: methods, hasSecrets: hasSecrets).read(node)
    }
}

extension RouteReader {
    /// The limits of the route's quarantine; `nil` without one.
    func quarantine(_ verifier: Verifier, hasKey: Bool) -> QuarantineLimits? {
        guard let entry = reader.entry(\.quarantine), let limits = limits(entry.value) else { return nil }
        guard isVerified else {
            context.error(entry.position, "'quarantine' has no effect with 'verify: none', which refuses no signature")
            return nil
        }
        guard verifier.hasSecrets else {
            context.error(
                entry.position, "'quarantine' has no effect: the route fetches every key, so no secret can be added")
            return nil
        }
        if !hasKey {
            context.warning(
                entry.position,
                "the route has 'quarantine' and no 'unique_key': if the sender repeated a webhook, 'sluice quarantine "
                    + "verify' makes a job of each valid attempt")
        }
        return limits
    }

    private func limits(_ node: YAMLNode) -> QuarantineLimits? {
        guard case .mapping = node.content else {
            return context.boolean(node, "'quarantine'") == true ? QuarantineLimits() : nil
        }
        guard let keys = MappingReader(node, RouteLanguage.quarantine, in: context) else { return nil }
        var limits = QuarantineLimits()
        limits.maxRequests = keys.read(\.maxRequests)
        limits.maxBytes = keys.read(\.maxBytes)
        limits.maxPerAddress = keys.read(\.maxPerAddress)
        limits.keep = keys.read(\.keep)
        return limits
    }
}
