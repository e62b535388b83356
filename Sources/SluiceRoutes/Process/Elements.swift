internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// What `each` says: of which array the elements become jobs of their own.
struct Elements: Sendable {
    /// As messages name it, without blanks and braces.
    let name: String
    /// The way to the elements, ending in `each`.
    let path: JSONPath
    /// The position of that path among those of the route.
    let pathID = 0
    /// Whether the body is JSON lines, one element a line.
    let areLines: Bool
    /// Whether an array that is absent or null is as good as an empty one: `?? null`.
    let mayBeAbsent: Bool

    /// Reads `${body.entry[].changes[]}` or `lines`.
    ///
    /// - Returns: `nil` after a problem has been noted.
    static func read(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> Elements? {
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

    /// `body.entry[].changes`, as a reference is written.
    var description: String {
        steps.reduce("body") { text, step in
            switch step {
            case .key(let key):
                text
                    + (key.utf8.allSatisfy(Self.isPlain) && !key.isEmpty
                        ? ".\(key)" : "[\"\(PrintableText.escape(key))\"]")
            case .index(let index): text + "[\(index)]"
            case .each: text + "[]"
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: byte >= 0x80
        }
    }
}
