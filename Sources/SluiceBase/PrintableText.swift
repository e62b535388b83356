/// Makes text that a sender wrote safe to print, in logs and on terminals alike.
package enum PrintableText {
    /// Escapes control, bidirectional and other invisible formatting characters as `\u{…}`, and cuts at `limit` characters.
    ///
    /// Without this a header value could end a log line, colour a terminal or turn the order of letters around
    /// (Unicode TR 36 §3.2).
    package static func escape(_ text: some StringProtocol, limit: Int = 256) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            if isHarmless(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return result
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return false
        default: return true
        }
    }
}
