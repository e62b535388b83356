/// A text in which references may stand, as a route uses it: for names, keys and the like.
package struct TextTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal([UInt8])
        case reference(Reference)
    }

    let parts: [Part]

    /// The text, where no reference stands in it.
    var constant: String? {
        var text: [UInt8] = []
        for part in parts {
            guard case .literal(let bytes) = part else { return nil }
            text += bytes
        }
        return String(decoding: text, as: UTF8.self)
    }

    var references: [Reference] {
        parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
    }

    /// The reference, if the template is that and nothing else.
    var soleReference: Reference? { parts.count == 1 ? references.first : nil }
}
