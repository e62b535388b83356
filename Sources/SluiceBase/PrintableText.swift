/// Makes text from senders safe to print, in logs and on terminals.
package enum PrintableText {
    /// Escapes control, bidirectional and other invisible formatting characters as `\u{…}`, and truncates at `limit`
    /// characters.
    ///
    /// Otherwise a header value could end a log line, colour a terminal or reverse the order of letters (Unicode TR 36
    /// §3.2).
    package static func escape(_ text: some StringProtocol, limit: Int = 256) -> String {
        let text = String(text)
        // Most texts need nothing, and comparing bytes is much faster than appending characters.
        if text.utf8.count <= limit, text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
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

    /// Escapes the same characters in each line, and truncates nothing.
    package static func escapeLines(_ text: String) -> String {
        if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 || $0 == ASCII.lineFeed }) { return text }
        // By bytes, because a carriage return and a line feed are one character.
        return text.utf8.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false)
            .map { escape(Substring($0), limit: .max) }.joined(separator: "\n")
    }

    /// Escapes the same characters in the strings of a JSON text, as JSON does: its value stays the same.
    package static func escapeJSON(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        if json.allSatisfy({ $0 < 0x7F }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            // The others of ASCII are white space between values.
            if scalar.value < 0x7F || isHarmless(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
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

extension StringProtocol {
    /// The text without such characters at both ends.
    package func trimming(_ isBlank: (Character) -> Bool) -> String {
        let rest = drop(while: isBlank)
        return rest.lastIndex { !isBlank($0) }.map { String(rest[...$0]) } ?? ""
    }
}

/// "Did you mean …?" for misspelt keys, names and references.
package enum Suggestion {
    /// Returns the most similar candidate by number of edits (insert, delete, replace, swap of neighbours), if it is
    /// similar enough.
    ///
    /// One edit is allowed for words up to four letters, two up to eight, three beyond. Of equally similar candidates
    /// the first in alphabetical order is returned, so that messages are the same in each run.
    package static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let allowed = word.count <= 4 ? 1 : word.count <= 8 ? 2 : 3
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where candidate != word && abs(candidate.count - word.count) <= allowed {
            let distance = distance(Array(word.lowercased()), Array(candidate.lowercased()))
            guard distance <= allowed else { continue }
            if let known = best, (known.distance, known.candidate) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.candidate
    }

    /// ` did you mean 'queue'?` with a leading separator, or nothing: for the end of a message.
    package static func phrase(for word: String, among candidates: some Sequence<String>) -> String {
        closest(to: word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Optimal string alignment distance: each pair of neighbours can be swapped once.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var before: [Int] = []
        var above = Array(0...other.count)
        for i in 0..<one.count {
            var row = [i + 1]
            for j in 0..<other.count {
                var cost = min(above[j + 1] + 1, row[j] + 1, above[j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = above
            above = row
        }
        return above[other.count]
    }
}

/// The names that Zizq accepts for queues and types.
package enum ZizqName {
    /// In bytes; a Zizq server crashes at names of 65,508.
    package static let maximumBytes = 255

    /// The problem with a name, as the end of a sentence that starts with its subject; `nil` if it is valid.
    package static func complaint(about name: String) -> String? {
        if name.isEmpty { return "must not be empty" }
        if name.utf8.count > maximumBytes { return "must not have more than \(maximumBytes) bytes" }
        for byte in name.utf8 {
            switch byte {
            case 0: return "must not contain null bytes"
            case UInt8(ascii: ","), UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: "\\"):
                return "must not contain '\(Unicode.Scalar(byte))'"
            default: continue
            }
        }
        return nil
    }
}
