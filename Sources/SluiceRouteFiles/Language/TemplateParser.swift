package import SluiceRoutes

/// Splits a text into its literal parts and its references; `$${` is a literal `${`.
package enum TemplateParser {
    package enum Part: Sendable, Hashable {
        case literal([UInt8])
        case reference(Reference)
    }

    /// Whether a text contains `${`. Compared by bytes like the parser, because a brace with an accent is another
    /// character in Swift.
    static func mayRefer(_ text: String) -> Bool { text.utf8.contains("${".utf8) }

    package static func parse(_ text: String) throws(ReferenceParser.SyntaxError) -> [Part] {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            if starts("$${", in: bytes, at: offset) {
                literal += Array("${".utf8)
                offset += 3
            } else if starts("${", in: bytes, at: offset) {
                offset += 2
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(.reference(try ReferenceParser.parse(bytes, at: &offset)))
            } else {
                literal.append(bytes[offset])
                offset += 1
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
        return parts
    }

    private static func starts(_ mark: String, in bytes: [UInt8], at offset: Int) -> Bool {
        // Few bytes are the first one of a mark, and comparing one is much faster than comparing a slice.
        bytes[offset] == UInt8(ascii: "$") && bytes[offset...].starts(with: mark.utf8)
    }
}
