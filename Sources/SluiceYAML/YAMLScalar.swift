/// A scalar as it was written, and what it means by the rules for plain scalars.
package struct YAMLScalar: Sendable, Hashable {
    /// How it was written.
    package enum Style: Sendable, Hashable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// A block behind `|`.
        case literal
        /// A block behind `>`.
        case folded
    }

    /// What it means.
    package enum Value: Sendable, Hashable {
        case null
        case boolean(Bool)
        /// The number's own text, which is a JSON number; no digit is lost.
        case number(String)
        case text(String)
    }

    /// The text of the scalar: escapes and folding undone, but `1.0` still `1.0`.
    package let text: String
    package let style: Style

    package init(text: String, style: Style) {
        self.text = text
        self.style = style
    }

    /// Plain `true`, `false`, `null` and JSON numbers are what they look like; nothing at all is null, as everywhere in
    /// YAML; everything else, and everything quoted, is text. So `on`, `no`, `~`, `12:30`, `007` and `2024-01-01` are
    /// text.
    package var value: Value {
        guard style == .plain else { return .text(text) }
        switch text {
        case "", "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: return Self.isNumber(text) ? .number(text) : .text(text)
        }
    }

    /// Whether `text` is a JSON number (RFC 8259 §6) that cannot be meant as something else: digits with an `e` among
    /// them and neither a point nor a sign in front of the exponent's digits (`12345e6`) are an abbreviated commit
    /// hash, so they are text.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = rest.prefix(while: isDigit)
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return false }
        rest = rest[whole.endIndex...]
        var looksLikeHash = true
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest[fraction.endIndex...]
            looksLikeHash = false
        }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        rest.removeFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
            rest.removeFirst()
            looksLikeHash = false
        }
        return !rest.isEmpty && rest.allSatisfy(isDigit) && !looksLikeHash
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}

extension YAMLScalar.Value {
    /// For messages: `a text`, `a number`, `true or false`, `null`.
    package var noun: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .text: "a text"
        }
    }
}
