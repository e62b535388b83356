/// Why bytes are not acceptable JSON, and where. It never repeats the bytes themselves.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: JSONErrorReason
    /// The byte at which reading stopped, counted from 0; the number of bytes where the text ended too early.
    package let offset: Int

    package init(_ reason: JSONErrorReason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason and the offset, for a log line or a dead letter.
    package var description: String { "\(reason) at byte \(offset)" }

    /// Where `offset` lies in the text that was read.
    ///
    /// - Parameter bytes: the bytes that were read when the error was thrown.
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

/// What is wrong with a JSON text (RFC 8259), or with what a reader asked of it.
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
    /// A `\uD800`–`\uDFFF` escape without its other half, where the reader was told to refuse it.
    case loneSurrogate
    case tooDeep(limit: Int)
    /// Over 4 GiB, where a reader keeps places of 32 bits.
    case tooLong
    /// Well-formed, but not what the reader asked for.
    case wrongKind(expected: JSONKind, found: JSONKind)
    /// Well-formed, but neither `true` nor `false`, for which the reader asked.
    case notABoolean(found: JSONKind)
    /// An object lacks a member without which it is not what the reader asked for.
    case missing(String)
    /// A number that was read as an `Int64` and is none.
    case notAnInteger

    /// A phrase without a capital or a full stop, to stand behind a colon.
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

/// A place in a text for a person: both count from 1, the column in bytes.
package struct JSONPosition: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
