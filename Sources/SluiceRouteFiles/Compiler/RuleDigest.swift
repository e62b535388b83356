internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// A digest of a rule's contents. Comments, white space, quotes, the order of keys and the position in the file do not
/// change it.
enum RuleDigest {
    /// - Parameter rule: the entry of `jobs`.
    static func of(_ rule: YAMLNode) -> Fingerprint {
        var bytes: [UInt8] = []
        append(rule, to: &bytes)
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
