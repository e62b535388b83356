package import SluiceBase

/// A text with references, for names, keys and other texts of a route.
package struct TextTemplate: Sendable, Hashable {
    /// A part of the text.
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

extension Reference {
    /// The references of the event if it is the event, otherwise only itself.
    package func behind(_ event: TextTemplate?) -> [Reference] {
        if case .event = source { event?.references ?? [] } else { [self] }
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
        ASCII.isWordByte(byte) || "!#$%&'*+.^`|~".utf8.contains(byte)
    }
}

extension ASCII {
    /// Whether it is an ASCII letter or digit.
    package static func isLetterOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || lowercase(byte) &- 0x61 < 26 }

    /// Whether it is a letter, a digit, `_` or `-`.
    package static func isWordByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// Whether it is white space in JSON (RFC 8259 §2).
    package static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == space || byte == tab || byte == lineFeed || byte == carriageReturn
    }
}

/// Percent-encodes (RFC 3986 §2.1) readable text.
package enum PercentEncoding {
    /// A path; a `%` is kept, because it starts an existing escape.
    package static func path(_ text: String) -> String { encode(text, keeping: "/%:@!$&'()*+,;=") }

    /// A whole query; a `%` is kept, too.
    package static func query(_ text: String) -> String { encode(text, keeping: "/?%:@!$&'()*+,;=") }

    /// A name or a value of a query.
    package static func component(_ text: String) -> String { encode(text, keeping: "") }

    private static func encode(_ text: String, keeping delimiters: String) -> String {
        var result = ""
        for byte in text.utf8 {
            // RFC 3986 §2.3.
            if ASCII.isLetterOrDigit(byte) || "-._~".utf8.contains(byte) || delimiters.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return result
    }
}
