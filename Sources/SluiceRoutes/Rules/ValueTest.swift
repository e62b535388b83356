internal import SluiceBase
package import SluiceJSON

/// The test of a condition.
package enum ValueTest: Sendable {
    /// Present and not null, or the opposite.
    case exists(Bool)
    /// Equal to one of them.
    case equals([ExpectedValue])
    /// Equal to none of them.
    case differs([ExpectedValue])
    /// A text that starts with one of them.
    case prefix([[UInt8]])
    /// A text that ends in one of them.
    case suffix([[UInt8]])
    /// A text that contains one of them, or an array with an element that equals one of them.
    ///
    /// Each value has the search for its source in a text.
    case contains([ExpectedValue], [ByteSearch])
    /// A text that matches one of the patterns.
    case like([Glob])
    /// A number above this one.
    case greater(JSONNumber, written: String)
    /// A number below this one.
    case less(JSONNumber, written: String)
    /// An object, or a form, without fields other than these.
    case only([[UInt8]])
}

/// A scalar in a condition.
package struct ExpectedValue: Sendable, Hashable {
    /// The scalar that it is in JSON.
    package enum JSON: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number(JSONNumber)
        case text
    }

    /// As written in the file: for comparison with text, headers, parameters and form fields.
    package let source: [UInt8]
    /// For comparison with JSON.
    let json: JSON

    package init(source: [UInt8], json: JSON) {
        self.source = source
        self.json = json
    }
}

extension ValueTest {
    /// The test, for use after the name of a value: `is one of "opened", "reopened"`.
    package var words: String {
        switch self {
        case .exists(let exists): exists ? "is present and not null" : "is absent or null"
        case .equals(let values): Self.phrase("is", values.map(\.words))
        case .differs(let values):
            values.count == 1 ? "is not \(values[0].words)" : "is none of \(Self.list(values.map(\.words)))"
        case .prefix(let texts): Self.phrase("begins with", texts.map(Self.quoted))
        case .suffix(let texts): Self.phrase("ends with", texts.map(Self.quoted))
        case .contains(let values, _): Self.phrase("contains", values.map(\.words))
        case .like(let globs): Self.phrase("is like", globs.map { Self.quoted(Array($0.pattern.utf8)) })
        case .greater(_, let written): "is greater than \(written)"
        case .less(_, let written): "is less than \(written)"
        case .only(let names): "is an object without fields other than \(Self.list(names.map(Self.quoted)))"
        }
    }

    private static let longestList = 8

    private static func phrase(_ verb: String, _ words: [String]) -> String {
        words.count == 1 ? "\(verb) \(words[0])" : "\(verb) one of \(list(words))"
    }

    private static func list(_ words: [String]) -> String {
        guard words.count > longestList else { return words.joined(separator: ", ") }
        return words.prefix(longestList).joined(separator: ", ") + " and \(words.count - longestList) more"
    }

    fileprivate static func quoted(_ text: [UInt8]) -> String {
        PrintableText.quote(String(decoding: text, as: UTF8.self))
    }
}

extension ExpectedValue {
    fileprivate var words: String {
        switch json {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number: String(decoding: source, as: UTF8.self)
        case .text: ValueTest.quoted(source)
        }
    }
}

extension PrintableText {
    /// In double quotes, safe to print, and truncated.
    package static func quote(_ text: String) -> String { "\"\(escape(text, limit: 60))\"" }
}

/// Finds bytes in a text in one pass, for any contents (Knuth, Morris and Pratt).
package struct ByteSearch: Sendable {
    private let needle: [UInt8]
    /// For each prefix of the needle, by its length minus one: the length of the longest shorter prefix that it ends
    /// with.
    private let borders: [Int]

    package init(for needle: [UInt8]) {
        self.needle = needle
        var borders: [Int] = []
        borders.reserveCapacity(needle.count)
        var length = 0
        for (index, byte) in needle.enumerated() {
            if index > 0 {
                while length > 0, needle[length] != byte { length = borders[length - 1] }
                if needle[length] == byte { length += 1 }
            }
            borders.append(length)
        }
        self.borders = borders
    }

    func isFound(in text: Span<UInt8>) -> Bool {
        guard let first = needle.first else { return true }
        var index = 0
        var matched = 0
        while index < text.count {
            // Most of the text is skipped here.
            if matched == 0 {
                guard let next = text.firstIndex(of: first, from: index) else { return false }
                index = next
            }
            while matched > 0, text[index] != needle[matched] { matched = borders[matched - 1] }
            if text[index] == needle[matched] { matched += 1 }
            if matched == needle.count { return true }
            index += 1
        }
        return false
    }
}
