package import SluiceBase
package import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension YAMLNode {
    /// The value as a JSON tree, with the types of the language. Recurses as deep as a file may be nested.
    var tree: JSONTree {
        switch content {
        case .scalar(let scalar):
            switch scalar.value {
            case .null: .null
            case .boolean(let value): .boolean(value)
            case .number(let text): .number(text)
            case .text(let text): .text(text)
            }
        case .sequence(let elements): .array(elements.map(\.tree))
        case .mapping(let entries): .object(entries.map { JSONTree.Member(key: $0.key, value: $0.value.tree) })
        }
    }
}

extension JobOption {
    /// The value of the option's member in a job object.
    package var tree: JSONTree? { JSONTree(json) }
}

extension ContentTypes {
    static func read(_ node: YAMLNode, _ subject: String, in context: FileContext) -> ContentTypes? {
        guard let elements = context.list(node, subject) else { return nil }
        if elements.isEmpty {
            context.error(node.position, "\(subject) needs at least one type; otherwise no request would be accepted")
        }
        let ranges = elements.compactMap { element -> [UInt8]? in
            guard let text = context.text(element, "a content type") else { return nil }
            let range = text.utf8.map(ASCII.lowercase)
            if isRange(range) { return range }
            context.error(
                element.position,
                "a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not "
                    + "'\(PrintableText.escape(text))'"
            )
            return nil
        }
        return ranges.isEmpty ? nil : ContentTypes(ranges: ranges)
    }

    private static func isRange(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let type = parts.first, let subtype = parts.last, isName(type) else { return false }
        if isName(subtype) || subtype.elementsEqual("*".utf8) { return true }
        return subtype.starts(with: "*+".utf8) && isName(subtype.dropFirst(2))
    }

    /// A token (RFC 9110 §5.6.2) except for the star, which has another meaning here.
    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { HeaderSyntax.isTokenByte($0) && $0 != UInt8(ascii: "*") }
    }
}

extension Elements {
    /// Reads `${body.entry[].changes[]}` or `lines`.
    static func read(_ node: YAMLNode, _ subject: String, in context: FileContext) -> Elements? {
        guard let text = context.text(node, subject) else { return nil }
        if text == "lines" { return Elements(name: text, path: JSONPath([.each]), areLines: true, mayBeAbsent: false) }
        do {
            let parts = try TemplateParser.parse(text)
            guard parts.count == 1, case .reference(let reference)? = parts.first,
                case .body(let path) = reference.source
            else {
                context.error(
                    node.position,
                    "\(subject) must be one reference to an array in the body, such as ${body.items}, or the word lines"
                )
                return nil
            }
            if let fallback = reference.fallback, fallback.json != Array("null".utf8) {
                context.error(
                    node.position,
                    "the default of \(subject) can only be null: an absent array has no elements")
                return nil
            }
            return Elements(
                name: path.endingInEach.description, path: path.endingInEach, areLines: false,
                mayBeAbsent: reference.fallback != nil)
        } catch {
            context.error(node.position, error.message)
            return nil
        }
    }
}

extension JSONPath {
    fileprivate var endingInEach: JSONPath { steps.last == .each ? self : JSONPath(steps + [.each]) }
}

extension UniqueKeyTemplate {
    static func read(_ node: YAMLNode, scope: inout RouteScope) -> UniqueKeyTemplate? {
        let key: UniqueKeyTemplate
        if let elements = node.sequence {
            let parts = elements.compactMap { scope.template($0, "a part of 'unique_key'") }
            guard parts.count == elements.count else { return nil }
            key = UniqueKeyTemplate(parts: parts, isList: true)
        } else {
            guard let part = scope.template(node, "'unique_key'") else { return nil }
            key = UniqueKeyTemplate(parts: [part], isList: false)
        }
        guard !key.references.isEmpty else {
            scope.context.error(
                node.position, "'unique_key' contains no reference, so every delivery would have the same key")
            return nil
        }
        return key
    }
}
