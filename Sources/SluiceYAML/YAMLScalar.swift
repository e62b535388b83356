/// A scalar as written, with its meaning by the rules for plain scalars.
package struct YAMLScalar: Sendable, Hashable {
    /// The notation of the scalar.
    package enum Style: Sendable, Hashable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// A block after `|`.
        case literal
        /// A block after `>`.
        case folded
    }

    /// The meaning of the scalar.
    package enum Value: Sendable, Hashable {
        case null
        case boolean(Bool)
        /// The number's text, which is a JSON number with all digits.
        case number(String)
        case text(String)
    }

    /// The text of the scalar: escapes and folding resolved, but `1.0` is still `1.0`.
    package let text: String
    package let style: Style

    package init(text: String, style: Style) {
        self.text = text
        self.style = style
    }

    /// Plain `true`, `false`, `null` and JSON numbers have their usual meaning; an empty value is null, as in YAML;
    /// everything else, and everything quoted, is text, including `on`, `no`, `~`, `12:30`, `007` and `2024-01-01`.
    package var value: Value {
        guard style == .plain else { return .text(text) }
        switch text {
        case "", "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: return Self.isNumber(text) ? .number(text) : .text(text)
        }
    }

    /// Whether `text` is a JSON number (RFC 8259 §6) and not probably something else: digits with an `e`, without a
    /// point or a sign of the exponent (`12345e6`), are an abbreviated commit hash, so they are text.
    private static func isNumber(_ text: String) -> Bool {
        guard let start = text.utf8.first, start == UInt8(ascii: "-") || isDigit(start) else { return false }
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
