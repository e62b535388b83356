internal import SluiceBase

/// A parsed JSON text with the position and extent of each value, for access in any order. Immutable.
package final class JSONDocument: Sendable {
    /// A value, or a key of an object, in the order of the text. An object or array is followed by its keys and values.
    package struct Entry: Sendable {
        package let kind: JSONKind
        /// Whether a string has escapes.
        package let hasEscapes: Bool
        /// For a string the text between its quotes, for anything else the whole text.
        package let start: UInt32
        package let end: UInt32
        /// The entry after this one and its contents.
        package var next: UInt32
    }

    package let bytes: [UInt8]
    package let entries: [Entry]

    /// Parses a whole text.
    ///
    /// - Throws: if it is not one well-formed value, or deeper than `maximumDepth`.
    package init(_ bytes: [UInt8], maximumDepth: Int = JSONLimits.messageDepth) throws(JSONError) {
        guard bytes.count <= UInt32.max else { throw JSONError(.tooLong, at: Int(UInt32.max)) }
        var builder = Builder(bytes.span, maximumDepth: maximumDepth)
        try builder.lexer.beginText()
        try builder.value(depth: 0)
        try builder.lexer.finishText()
        entries = builder.entries
        self.bytes = bytes
    }

    private struct Builder: ~Escapable {
        var lexer: JSONLexer
        var entries: [Entry] = []
        let maximumDepth: Int

        @_lifetime(copy bytes)
        init(_ bytes: Span<UInt8>, maximumDepth: Int) {
            lexer = JSONLexer(bytes)
            self.maximumDepth = maximumDepth
        }

        mutating func value(depth: Int) throws(JSONError) {
            let kind = try lexer.kind()
            let start = lexer.index
            switch kind {
            case .string: append(try lexer.string())
            case .object: try container(kind, depth, closing: Byte.closeBrace)
            case .array: try container(kind, depth, closing: Byte.closeBracket)
            case .number, .true, .false, .null:
                try lexer.scalar(kind)
                append(kind, start..<lexer.index)
            }
        }

        private mutating func container(_ kind: JSONKind, _ depth: Int, closing bracket: UInt8) throws(JSONError) {
            guard depth < maximumDepth else { throw JSONError(.tooDeep(limit: maximumDepth), at: lexer.index) }
            let index = entries.count
            let start = lexer.index
            append(kind, start..<start)
            lexer.index += 1
            lexer.skipWhitespace()
            if try lexer.peek() == bracket { lexer.index += 1 } else { try members(kind, depth, closing: bracket) }
            entries[index] = Entry(
                kind: kind, hasEscapes: false, start: UInt32(start), end: UInt32(lexer.index),
                next: UInt32(entries.count))
        }

        private mutating func members(_ kind: JSONKind, _ depth: Int, closing bracket: UInt8) throws(JSONError) {
            while true {
                if kind == .object { append(try lexer.key()) }
                try value(depth: depth + 1)
                lexer.skipWhitespace()
                let byte = try lexer.peek()
                lexer.index += 1
                if byte == bracket { return }
                guard byte == Byte.comma else {
                    throw JSONError(
                        kind == .object ? .expectedCommaOrBrace : .expectedCommaOrBracket, at: lexer.index - 1)
                }
                lexer.skipWhitespace()
            }
        }

        private mutating func append(_ token: JSONStringToken) {
            append(.string, token.content, hasEscapes: token.hasEscapes)
        }

        private mutating func append(_ kind: JSONKind, _ range: Range<Int>, hasEscapes: Bool = false) {
            entries.append(
                Entry(
                    kind: kind, hasEscapes: hasEscapes, start: UInt32(range.lowerBound), end: UInt32(range.upperBound),
                    next: UInt32(entries.count + 1)))
        }
    }
}

extension JSONDocument {
    /// The text of the current value, for a string with escapes resolved.
    package func text(_ index: Int) -> String {
        let bytes = bytes
        return JSONText.text(
            of: JSONStringToken(content: range(index), hasEscapes: entries[index].hasEscapes), in: bytes.span)
    }

    /// The UTF-8 of a key, with escapes resolved. Keys are compared by it: Swift's strings also compare equal by
    /// Unicode equivalence, JSON's do not.
    package func keyBytes(_ index: Int) -> [UInt8] {
        let bytes = bytes
        let content = bytes.span.extracting(range(index))
        return entries[index].hasEscapes ? JSONText.unescape(content) : content.array
    }

    /// Whether a key equals a literal.
    @inline(__always)
    package func key(_ index: Int, equals name: Span<UInt8>) -> Bool {
        let entry = entries[index]
        guard !entry.hasEscapes else { return keyBytes(index).span.equals(name) }
        guard Int(entry.end &- entry.start) == name.count else { return false }
        let bytes = bytes
        return bytes.span.extracting(range(index)).equals(name)
    }

    /// The bytes of an entry in the text.
    package func range(_ index: Int) -> Range<Int> { Int(entries[index].start)..<Int(entries[index].end) }

    /// The position of the entry after a value.
    @inline(__always)
    package func next(_ index: Int) -> Int { Int(entries[index].next) }
}
