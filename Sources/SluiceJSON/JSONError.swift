/// Why and where bytes are not acceptable JSON. It never contains the bytes themselves.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: JSONErrorReason
    /// The byte at which parsing stopped, from 0; the number of bytes if the text ended too early.
    package let offset: Int

    package init(_ reason: JSONErrorReason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason and the offset, for a log line or a dead letter.
    package var description: String { "\(reason) at byte \(offset)" }

    /// The position of `offset` in the text.
    ///
    /// - Parameter bytes: the bytes that were parsed.
    package func position(in bytes: Span<UInt8>) -> JSONPosition {
        var position = JSONPosition(line: 1, column: 1)
        for index in 0..<min(offset, bytes.count) {
            if bytes[index] == Byte.lineFeed {
                position = JSONPosition(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return position
    }
}

/// The problem with a JSON text (RFC 8259), or with what its reader requested.
package enum JSONErrorReason: Sendable, Hashable, CustomStringConvertible {
    case empty
    case unexpectedEnd
    case byteOrderMark
    case trailingText
    case expectedValue
    case expectedKey
    case expectedColon
    case expectedCommaOrBrace
    case expectedCommaOrBracket
    case invalidNumber
    /// The nearest IEEE 754 double is infinite.
    case numberOutOfRange
    case controlCharacter
    case invalidEscape
    case invalidUTF8
    /// A `\uD800`–`\uDFFF` escape without its other half, if the reader refuses it.
    case loneSurrogate
    case tooDeep(limit: Int)
    /// Over 4 GiB, for a reader with positions of 32 bits.
    case tooLong
    /// Well-formed, but another kind than requested.
    case wrongKind(expected: JSONKind, found: JSONKind)
    /// Well-formed, but not the requested `true` or `false`.
    case notABoolean(found: JSONKind)
    /// An object without a required member.
    case missing(String)
    /// A number that is not the requested integer, or out of range.
    case notAnInteger

    /// A phrase without a capital or a full stop, for use after a colon.
    package var description: String {
        switch self {
        case .empty: "there is no value"
        case .unexpectedEnd: "the text ends inside a value"
        case .byteOrderMark: "the text begins with a byte-order mark"
        case .trailingText: "there is text after the value"
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a key in double quotes"
        case .expectedColon: "expected a colon after the key"
        case .expectedCommaOrBrace: "expected a comma or a closing brace"
        case .expectedCommaOrBracket: "expected a comma or a closing bracket"
        case .invalidNumber: "a number is malformed"
        case .numberOutOfRange: "a number is outside the range of a double"
        case .controlCharacter: "a string contains an unescaped control character"
        case .invalidEscape: "a string contains an unknown escape"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .loneSurrogate: "a string contains an escaped surrogate without its other half"
        case .tooLong: "the text is longer than 4 GiB"
        case .tooDeep(let limit): "the nesting is deeper than \(limit) levels"
        case .wrongKind(let expected, let found): "expected \(expected.name), not \(found.name)"
        case .notABoolean(let found): "expected true or false, not \(found.name)"
        case .missing(let key): "\(key) is missing"
        case .notAnInteger: "expected a 64-bit integer"
        }
    }
}

/// A position in a text for people: both numbers start at 1, the column is in bytes.
package struct JSONPosition: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
