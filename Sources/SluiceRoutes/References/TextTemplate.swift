internal import SluiceBase

/// A text with references, for names, keys and other texts of a route.
package struct TextTemplate: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        case literal([UInt8])
        case reference(Reference)
    }

    package let parts: [Part]

    package init(parts: [Part]) {
        self.parts = parts
    }

    /// The text, if it contains no reference.
    package var constant: String? {
        var text: [UInt8] = []
        for part in parts {
            guard case .literal(let bytes) = part else { return nil }
            text += bytes
        }
        return String(decoding: text, as: UTF8.self)
    }

    package var references: [Reference] {
        parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
    }

    /// The reference, if the template is exactly one.
    package var soleReference: Reference? {
        if parts.count == 1, case .reference(let reference) = parts[0] { reference } else { nil }
    }
}

/// The syntax of headers.
package enum HeaderSyntax {
    /// Whether a text is the name of a header.
    package static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether a header can have this value: no control characters except tabs (RFC 9110 §5.5).
    package static func isValue(_ text: some StringProtocol) -> Bool {
        !text.utf8.contains { $0 < 0x20 && $0 != ASCII.tab || $0 == 0x7F }
    }

    /// RFC 9110 §5.6.2.
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"),
            UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
