internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// What a route says about who may send, which elements become jobs, and how it answers.
extension RouteReader {
    /// However many jobs a delivery becomes, its payloads are in memory at once.
    private static let mostPayloadBytes = 64 << 20

    var mostPayloadBytes: Int { min(Self.mostPayloadBytes, (options.memory?.bytes ?? .max) / 2) }

    mutating func elements(_ body: BodyKind) -> Elements? {
        guard let elements = reader.value("each", Elements.read) else {
            // What is wrong with it has been noted; that 'item' means nothing then would be no news.
            if reader.has("each") { scope.takeEach(of: JSONPath([.each])) }
            return nil
        }
        if elements.areLines, body != .auto, let entry = reader.entry("body") {
            context.error(
                entry.position,
                "'body' has no effect with 'each: lines', which always parses JSON Lines")
        }
        scope.takeEach(of: elements.path)
        return elements
    }

    mutating func reply() -> ReplyTemplate? {
        guard let node = reader.node("reply") else { return nil }
        scope.subject = .delivery
        defer { scope.subject = .job }
        return ReplyReader(context: context).read(node, scope: &scope)
    }

    /// How many entries `examples` has.
    var exampleCount: Int {
        if case .sequence(let elements)? = reader.node("examples")?.content { elements.count } else { 0 }
    }

    func examples(_ path: RoutePath?, _ methods: [String]) -> [RouteExample] {
        guard let node = reader.node("examples") else { return [] }
        let isVerified = reader.node("verify")?.scalar?.text != "none"
        return ExampleReader(context: context, path: path, methods: methods, isVerified: isVerified).read(node)
    }

    func allowedAddresses() -> [AddressBlock] {
        guard let node = reader.node("allow_from"), let elements = context.list(node, "'allow_from'") else { return [] }
        if elements.isEmpty {
            context.error(node.position, "'allow_from' needs at least one block; omit it to accept all addresses")
        }
        return elements.compactMap { element in
            guard let text = context.text(element, "a block of 'allow_from'") else { return nil }
            if let block = AddressBlock(parsing: text) { return block }
            context.error(
                element.position,
                "'\(PrintableText.escape(text))' is not a block of addresses such as 10.0.0.0/8, 2001:db8::/32 or "
                    + "192.0.2.1, with no bits set after "
                    + "the prefix")
            return nil
        }
    }
}
