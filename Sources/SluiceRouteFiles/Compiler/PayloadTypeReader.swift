internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the type in a kind's `payload`.
struct PayloadTypeReader {
    let context: FileContext

    /// Names of types in other languages that are not similar enough to the names here for a suggestion.
    private static let otherNames = [
        "str": "string", "text": "string", "int": "integer", "long": "integer", "float": "number", "double": "number",
        "bool": "boolean",
        "map": "object", "list": "array", "json": "any",
    ]

    private static let forms =
        FileContext.alternatives(PayloadType.named.map(\.name)).replacing(" or ", with: ", ")
        + ", a list of one type or a mapping of fields"

    func read(_ node: YAMLNode) -> PayloadType? {
        switch node.content {
        case .scalar: named(node)
        case .sequence(let elements): list(elements, node)
        case .mapping(let entries): fields(entries).map { PayloadType(shape: .fields($0), isOptional: false) }
        }
    }

    private func named(_ node: YAMLNode) -> PayloadType? {
        guard case .text(let text)? = node.scalar?.value else {
            context.error(node.position, "a type must be \(Self.forms), not \(node.noun)")
            return nil
        }
        let isOptional = text.hasSuffix("?")
        let name = isOptional ? String(text.dropLast()) : text
        if let known = PayloadType.named.first(where: { $0.name == name }) {
            return PayloadType(shape: known.shape, isOptional: isOptional)
        }
        let names = PayloadType.named.map(\.name)
        let meant = Self.otherNames[name.lowercased()] ?? Suggestion.closest(to: name, among: names)
        let hint = meant.map { "did you mean '\($0)\(isOptional ? "?" : "")'?" } ?? "a type must be \(Self.forms)"
        context.error(node.position, "unknown type '\(PrintableText.escape(text, limit: 60))'; \(hint)")
        return nil
    }

    private func list(_ elements: [YAMLNode], _ node: YAMLNode) -> PayloadType? {
        guard let element = elements.first, elements.count == 1 else {
            context.error(
                node.position, "a list type must contain exactly one type, that of its elements, such as [string]")
            return nil
        }
        return read(element).map { PayloadType(shape: .list($0), isOptional: false) }
    }

    private func fields(_ entries: [YAMLEntry]) -> PayloadFields? {
        var fields: [PayloadField] = []
        var names: Set<[UInt8]> = []
        var isFine = true
        for entry in entries {
            let isOptional = entry.key.hasSuffix("?")
            let name = isOptional ? String(entry.key.dropLast()) : entry.key
            if let complaint = complaint(about: name, &names) {
                context.error(entry.position, complaint)
                isFine = false
            }
            if var type = read(entry.value) {
                type.isOptional = type.isOptional || isOptional
                fields.append(PayloadField(name: name, type: type))
            } else {
                isFine = false
            }
        }
        return isFine ? PayloadFields(fields) : nil
    }

    private func complaint(about name: String, _ names: inout Set<[UInt8]>) -> String? {
        if name.isEmpty { return "the name of a field is empty" }
        return names.insert(Array(name.utf8)).inserted
            ? nil : "the field '\(PrintableText.escape(name))' already exists, with or without '?'"
    }
}
