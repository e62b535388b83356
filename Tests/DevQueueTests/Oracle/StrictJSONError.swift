/// Why a body is not the JSON that was expected, in the words that Zizq uses, with the place it names.
struct StrictJSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, without the place: ``missing field `payload` ``.
    let reason: String
    /// From 1.
    let line: Int
    /// How many bytes of the line were read; 0 for an empty body.
    let column: Int

    /// The whole sentence: ``missing field `payload` at line 1 column 127``.
    var description: String { "\(reason) at line \(line) column \(column)" }
}

/// The sentences of Zizq's JSON reader.
enum JSONComplaint: String {
    case eofInList = "EOF while parsing a list"
    case eofInObject = "EOF while parsing an object"
    case eofInString = "EOF while parsing a string"
    case eofInValue = "EOF while parsing a value"
    case expectedColon = "expected `:`"
    case expectedListCommaOrEnd = "expected `,` or `]`"
    case expectedObjectCommaOrEnd = "expected `,` or `}`"
    case expectedIdent = "expected ident"
    case expectedValue = "expected value"
    case invalidEscape = "invalid escape"
    case invalidNumber = "invalid number"
    case numberOutOfRange = "number out of range"
    case invalidUnicode = "invalid unicode code point"
    case controlCharacter = "control character (\\u0000-\\u001F) found while parsing a string"
    case keyMustBeString = "key must be a string"
    case loneSurrogate = "lone leading surrogate in hex escape"
    case trailingComma = "trailing comma"
    case trailingCharacters = "trailing characters"
    case unexpectedEndOfHexEscape = "unexpected end of hex escape"
    case recursionLimit = "recursion limit exceeded"
}
