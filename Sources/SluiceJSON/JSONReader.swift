/// Reads a JSON text in the order in which it stands, value by value: for answers and requests whose shape is known.
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
/// It is as strict as `JSONScanner`, and refuses half a surrogate pair besides unless told otherwise. What has been
/// read is known to be well-formed; what follows is not, until `finish()`.
///
/// Each value must be read or skipped before the next key or element is asked for, and an object is read by keys, an
/// array by elements: anything else is a mistake of the caller and ends the process. After an error the reader must not
/// be used again, except after `wrongKind` and `notABoolean`, which leave the value unread.
package struct JSONReader: ~Escapable {
    /// Where in the text the reader stands.
    enum Position {
        /// Before a value.
        case value
        /// Behind the opening bracket of an array or object.
        case first
        /// Behind a value.
        case next
    }

    var lexer: JSONLexer
    let maximumDepth: Int
    let acceptsLoneSurrogates: Bool
    /// How many arrays and objects are open.
    package private(set) var depth = 0
    /// What may be read next.
    private(set) var position = Position.value

    /// - Parameters:
    ///   - maximumDepth: how many arrays and objects may lie inside one another.
    ///   - acceptsLoneSurrogates: whether a `\uD800`–`\uDFFF` escape without its other half is read as U+FFFD, or
    ///     refused.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, maximumDepth: Int = JSONLimits.messageDepth, acceptsLoneSurrogates: Bool = false)
    {
        lexer = JSONLexer(bytes)
        self.maximumDepth = maximumDepth
        self.acceptsLoneSurrogates = acceptsLoneSurrogates
    }

    /// The next byte to be read, counted from 0.
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

    /// Goes on to the next member of the object, whose value is then the current one.
    ///
    /// - Returns: `nil` at the end of the object, which is left with that.
    @_lifetime(copy self)
    package mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try nextMember(closing: Byte.closeBrace, else: .expectedCommaOrBrace) else { return nil }
        let key = try lexer.key()
        try refuseLoneSurrogates()
        return JSONKey(key, in: lexer.bytes)
    }

    /// Goes on to the next element of the array, which is then the current one.
    ///
    /// - Returns: `false` at the end of the array, which is left with that.
    package mutating func nextElement() throws(JSONError) -> Bool {
        try nextMember(closing: Byte.closeBracket, else: .expectedCommaOrBracket)
    }

    /// Ends the reading: nothing but white space may follow.
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

    /// To be called behind each value.
    mutating func passed() throws(JSONError) {
        position = .next
        try refuseLoneSurrogates()
    }

    private func refuseLoneSurrogates() throws(JSONError) {
        guard !acceptsLoneSurrogates, let offset = lexer.loneSurrogates.first else { return }
        throw JSONError(.loneSurrogate, at: offset)
    }
}

/// What a JSON value is, as its first byte tells.
package enum JSONKind: Sendable, Hashable {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null

    /// With an article, to stand in a sentence.
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

/// How deep JSON may nest. An array or object counts one level, what is inside it the next; a scalar alone has none.
package enum JSONLimits {
    /// What Zizq takes as a payload inside a bulk request: its limit is 127 for the whole request, of which the list of
    /// jobs uses three.
    package static let bulkDepth = 124
    /// What Zizq takes as the payload of a single enqueue.
    package static let singleDepth = 126
    /// What Zizq takes as a whole request.
    package static let messageDepth = 127
    /// What is read of Zizq's answers: a list of jobs with payloads of `singleDepth`.
    package static let answerDepth = 130
}
