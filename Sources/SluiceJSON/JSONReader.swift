/// Reads a JSON text in order, value by value: for answers and requests with a known structure.
///
/// ```swift
/// var reader = JSONReader(bytes)
/// try reader.beginObject()
/// while let key = try reader.nextKey() {
///     switch key {
///     case "id": id = try reader.readString()
///     case "duplicate": duplicate = try reader.readBool()
///     default: try reader.skipValue()
///     }
/// }
/// try reader.finish()
/// ```
///
/// It is as strict as `JSONScanner`, and also refuses lone surrogates by default. What has been read is well-formed;
/// the rest may not be, until `finish()`.
///
/// Each value must be read or skipped before the next key or element is requested, and an object is read by keys, an
/// array by elements: anything else is a bug of the caller and ends the process. After an error the reader must not be
/// used, except after `wrongKind` and `notABoolean`, which leave the value unread.
package struct JSONReader: ~Escapable {
    /// The position in the current array or object.
    enum Position {
        /// Before a value.
        case value
        /// After the opening bracket of an array or object.
        case first
        /// After a value.
        case next
    }

    var lexer: JSONLexer
    let maximumDepth: Int
    let acceptsLoneSurrogates: Bool
    /// The number of open arrays and objects.
    package private(set) var depth = 0
    /// The current position.
    private(set) var position = Position.value

    /// - Parameters:
    ///   - maximumDepth: the maximum nesting of arrays and objects.
    ///   - acceptsLoneSurrogates: whether to read a lone surrogate escape (`\uD800`–`\uDFFF`) as U+FFFD instead of
    ///     refusing it.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, maximumDepth: Int = JSONLimits.messageDepth, acceptsLoneSurrogates: Bool = false)
    {
        lexer = JSONLexer(bytes)
        self.maximumDepth = maximumDepth
        self.acceptsLoneSurrogates = acceptsLoneSurrogates
    }

    /// The position of the next byte, from 0.
    package var offset: Int { lexer.index }

    /// The kind of the current value, without reading it.
    package mutating func peek() throws(JSONError) -> JSONKind {
        precondition(position == .value, "ask for the next key or element before its value")
        if lexer.index == 0 { try lexer.beginText() }
        return try lexer.kind()
    }

    /// Enters the current object.
    package mutating func beginObject() throws(JSONError) { try begin(.object) }

    /// Enters the current array.
    package mutating func beginArray() throws(JSONError) { try begin(.array) }

    /// Advances to the next member of the object and returns its key; its value is then the current one.
    ///
    /// - Returns: `nil` at the end of the object, which closes it.
    @_lifetime(copy self)
    package mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try nextMember(closing: Byte.closeBrace, else: .expectedCommaOrBrace) else { return nil }
        let key = try lexer.key()
        try refuseLoneSurrogates()
        return JSONKey(key, in: lexer.bytes)
    }

    /// Advances to the next element of the array, which is then the current value.
    ///
    /// - Returns: `false` at the end of the array, which closes it.
    package mutating func nextElement() throws(JSONError) -> Bool {
        try nextMember(closing: Byte.closeBracket, else: .expectedCommaOrBracket)
    }

    /// Ends the text: only white space may follow.
    package mutating func finish() throws(JSONError) {
        precondition(depth == 0 && position == .next, "read or skip the value, with everything in it, before the end")
        try lexer.finishText()
    }

    private mutating func begin(_ kind: JSONKind) throws(JSONError) {
        try expect(kind)
        guard depth < maximumDepth else { throw JSONError(.tooDeep(limit: maximumDepth), at: lexer.index) }
        depth += 1
        position = .first
        lexer.index += 1
    }

    private mutating func nextMember(closing bracket: UInt8, else reason: JSONErrorReason) throws(JSONError) -> Bool {
        precondition(
            depth > 0 && position != .value, "enter an array or object, and read each value, before asking for the next"
        )
        lexer.skipWhitespace()
        let byte = try lexer.peek()
        if byte == bracket {
            lexer.index += 1
            depth -= 1
            position = .next
            return false
        }
        if position == .next {
            guard byte == Byte.comma else { throw JSONError(reason, at: lexer.index) }
            lexer.index += 1
            lexer.skipWhitespace()
        }
        position = .value
        return true
    }

    /// Checks that the current value is of this kind.
    mutating func expect(_ kind: JSONKind) throws(JSONError) {
        let found = try peek()
        guard found == kind else { throw JSONError(.wrongKind(expected: kind, found: found), at: lexer.index) }
    }

    /// To be called after each value.
    mutating func passed() throws(JSONError) {
        position = .next
        try refuseLoneSurrogates()
    }

    private func refuseLoneSurrogates() throws(JSONError) {
        guard !acceptsLoneSurrogates, let offset = lexer.loneSurrogates.first else { return }
        throw JSONError(.loneSurrogate, at: offset)
    }
}

/// The kind of a JSON value, from its first byte.
package enum JSONKind: Sendable, Hashable {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null

    /// With an article, for use in a sentence.
    package var name: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }
}

/// Limits for the nesting of JSON. An array or object counts as one level, its contents as the next; a scalar alone has
/// none.
package enum JSONLimits {
    /// The maximum that Zizq accepts for a payload in a bulk request: its limit is 127 for the whole request, and the
    /// list of jobs uses three.
    package static let bulkDepth = 124
    /// The maximum that Zizq accepts for the payload of a single enqueue.
    package static let singleDepth = 126
    /// The maximum that Zizq accepts for a whole request.
    package static let messageDepth = 127
    /// The maximum for Zizq's answers: a list of jobs with payloads of `singleDepth`.
    package static let answerDepth = 130
}
