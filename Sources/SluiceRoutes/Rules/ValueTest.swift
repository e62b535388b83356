internal import SluiceBase
package import SluiceJSON

/// What a condition asks of a value.
package enum ValueTest: Sendable {
    /// There and not null, or else the contrary.
    case exists(Bool)
    /// Equal to any of them.
    case equals([ExpectedValue])
    /// Equal to none of them.
    case differs([ExpectedValue])
    /// A text that begins with any of them.
    case prefix([[UInt8]])
    /// A text that ends in any of them.
    case suffix([[UInt8]])
    /// A text with any of them inside, or an array with an element that is equal to any of them.
    ///
    /// With each value the search that finds its source in a text.
    case contains([ExpectedValue], [ByteSearch])
    /// A text that any of the patterns describes.
    case like([Glob])
    /// A number above this one.
    case greater(JSONNumber, written: String)
    /// A number below this one.
    case less(JSONNumber, written: String)
}

/// A scalar that a condition compares with.
package struct ExpectedValue: Sendable, Hashable {
    package enum JSON: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number(JSONNumber)
        case text
    }

    /// As it stands in the file: what text, headers, parameters and form fields are compared with.
    package let source: [UInt8]
    /// What JSON is compared with.
    let json: JSON

    package init(source: [UInt8], json: JSON) {
        self.source = source
        self.json = json
    }
}

extension ValueTest {
    /// What is asked, to stand behind the name of a value: `is one of "opened", "reopened"`.
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
    /// In double quotes, safe to print, and cut where it is long.
    package static func quote(_ text: String) -> String { "\"\(escape(text, limit: 60))\"" }
}
