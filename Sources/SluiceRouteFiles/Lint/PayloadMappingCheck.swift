internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Compares a rule's `payload` with the type of its kind, as far as the file determines the result.
struct PayloadMappingCheck {
    let kind: String
    let context: FileContext

    /// Records everything that can never match.
    func check(_ node: YAMLNode, _ type: PayloadType, path: PayloadPath = PayloadPath()) {
        switch (type.shape, node.content) {
        case (_, .scalar(let scalar)): check(scalar, node, type: type, path: path)
        case (.list(let element), .sequence(let nodes)):
            for (index, node) in nodes.enumerated() { check(node, element, path: path.entering(.element(index))) }
        case (.fields(let fields), .mapping(let entries)): check(entries, node, fields: fields, path: path)
        case (.any, _), (.array, .sequence), (.object, .mapping): return
        case (_, .sequence), (_, .mapping): refuse(node.position, type, path: path, but: ", not \(node.noun)")
        }
    }

    private func check(_ entries: [YAMLEntry], _ node: YAMLNode, fields: PayloadFields, path: PayloadPath) {
        var set: Set<[UInt8]> = []
        for entry in entries {
            set.insert(Array(entry.key.utf8))
            if let field = fields[entry.key] {
                check(entry.value, field.type, path: path.entering(.field(field.name)))
            } else if !TemplateParser.mayRefer(entry.key) {
                let names = fields.all.map(\.name)
                let hint = Suggestion.phrase(for: entry.key, among: names)
                context.error(entry.position, "\(subject) has no \(path.entering(.field(entry.key)).text)\(hint)")
                // That the field is missing only follows from that.
                if let meant = Suggestion.closest(to: entry.key, among: names) { set.insert(Array(meant.utf8)) }
            }
        }
        for field in fields.all where !field.type.isOptional && !set.contains(Array(field.name.utf8)) {
            context.error(node.position, "\(subject) needs \(path.entering(.field(field.name)).text)")
        }
    }

    private func check(_ scalar: YAMLScalar, _ node: YAMLNode, type: PayloadType, path: PayloadPath) {
        switch scalar.value {
        case .null:
            if !type.takesNull { refuse(node.position, type, path: path, but: ", not null") }
        case .boolean: require(.boolean, of: type, node, path: path, but: ", not true or false")
        case .number(let text):
            require(
                Self.isInteger(text) ? .integer : .number, of: type, node, path: path,
                but: ", not \(Self.noun(ofNumber: type))")
        case .text(let text): check(text, node, type: type, path: path)
        }
    }

    /// A text is a string unless it is exactly one reference.
    private func check(_ text: String, _ node: YAMLNode, type: PayloadType, path: PayloadPath) {
        // Invalid references were recorded when the payload was compiled.
        guard let parts = try? TemplateParser.parse(text) else { return }
        guard parts.count == 1, case .reference(let reference)? = parts.first else {
            return require(.string, of: type, node, path: path, but: ", not a text")
        }
        if let known = reference.source.payloadShape {
            require(
                known, of: type, node, path: path,
                but: ", but this reference is \(PayloadType(shape: known, isOptional: false).noun)")
        }
        if let fallback = reference.fallback { check(fallback, node, type: type, path: path) }
    }

    private func check(_ fallback: ReferenceFallback, _ node: YAMLNode, type: PayloadType, path: PayloadPath) {
        let json = String(decoding: fallback.json, as: UTF8.self)
        switch json.utf8.first {
        case UInt8(ascii: "n"):
            if !type.takesNull { refuse(node.position, type, path: path, but: ", but the default is null") }
        case UInt8(ascii: "\""): require(.string, of: type, node, path: path, but: ", but the default is a string")
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            require(.boolean, of: type, node, path: path, but: ", but the default is a boolean")
        default:
            let shape: PayloadType.Shape = Self.isInteger(json) ? .integer : .number
            require(shape, of: type, node, path: path, but: ", but the default is \(Self.noun(ofNumber: type))")
        }
    }

    /// - Parameters:
    ///   - shape: the shape of the value.
    ///   - but: the end of the error if it does not match.
    private func require(
        _ shape: PayloadType.Shape, of type: PayloadType, _ node: YAMLNode, path: PayloadPath, but: String
    ) {
        if !type.takes(shape) { refuse(node.position, type, path: path, but: but) }
    }

    private func refuse(_ position: YAMLPosition, _ type: PayloadType, path: PayloadPath, but: String) {
        context.error(position, "\(subject) declares that \(path.text) is \(type.noun)\(but)")
    }

    private var subject: String { "the kind '\(PrintableText.escape(kind))'" }

    /// If an integer is required, other numbers are named differently.
    private static func noun(ofNumber type: PayloadType) -> String {
        if case .integer = type.shape { "another number" } else { "a number" }
    }

    private static func isInteger(_ number: String) -> Bool {
        let bytes = Array(number.utf8)
        var reader = JSONReader(bytes.span)
        return (try? reader.skipInteger()) ?? false
    }
}

extension PayloadType {
    /// Whether a value of which only the shape is known can match the type.
    fileprivate func takes(_ other: Shape) -> Bool {
        switch (shape, other) {
        case (.any, _), (.string, .string), (.integer, .integer), (.number, .integer), (.number, .number),
            (.boolean, .boolean),
            (.object, .object), (.fields, .object), (.array, .array), (.list, .array):
            true
        case (.string, _), (.integer, _), (.number, _), (.boolean, _), (.object, _), (.fields, _), (.array, _),
            (.list, _):
            false
        }
    }
}

extension ReferenceSource {
    /// The shape of a reference in a payload, if it is present; `nil` if it depends on the delivery.
    fileprivate var payloadShape: PayloadType.Shape? {
        switch self {
        case .body, .item, .event, .signedTimestamp, .signedID, .account, .verifyOnly: nil
        case .headers: .object
        case .index: .integer
        case .request(let value): value.row.isNumber ? .integer : .string
        case .header, .query, .parameter, .bodyDigest, .itemDigest, .handshakeHMAC: .string
        }
    }
}
