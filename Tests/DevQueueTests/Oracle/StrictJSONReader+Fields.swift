import SluiceBase

/// Reading typed fields. What does not fit is named as Zizq names it: what was found, what was expected.
extension StrictJSONReader {
    /// Reads an object member by member.
    ///
    /// - Parameters:
    ///   - name: what Zizq calls the object where something else stands.
    ///   - member: reads the value of the key, or says that it does not know the key by returning `false` with nothing
    ///     read.
    mutating func readObject(
        _ name: String, member: (inout StrictJSONReader, _ key: Span<UInt8>) throws(StrictJSONError) -> Bool
    ) throws(StrictJSONError) {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInValue) }
        guard byte == UInt8(ascii: "{") else { throw mismatch(expected: "struct \(name)") }
        try enter()
        var isFirst = true
        while try advanceToKey(isFirst: isFirst) {
            isFirst = false
            index += 1
            let key = try readString()
            try readMember(named: key, with: member)
        }
        leave()
    }

    private mutating func readMember(
        named key: StringContents,
        with member: (inout StrictJSONReader, _ key: Span<UInt8>) throws(StrictJSONError) -> Bool
    ) throws(StrictJSONError) {
        if key.isEscaped {
            let name = Array(text(key).utf8)
            if try member(&self, name.span) { return }
        } else if try member(&self, bytes.extracting(key.range)) {
            return
        }
        try readColon()
        _ = try readValue(validating: false)
    }

    /// Reads an array element by element.
    mutating func readArray(element: (inout StrictJSONReader) throws(StrictJSONError) -> Void) throws(StrictJSONError) {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInValue) }
        guard byte == UInt8(ascii: "[") else { throw mismatch(expected: "a sequence") }
        try enter()
        var isFirst = true
        while try advanceToElement(isFirst: isFirst) {
            isFirst = false
            try element(&self)
        }
        leave()
    }

    private mutating func enter() throws(StrictJSONError) {
        remainingDepth -= 1
        if remainingDepth == 0 { throw failureAtPeek(.recursionLimit) }
        index += 1
    }

    private mutating func leave() {
        index += 1
        remainingDepth += 1
    }

    /// A repeated key in an object with known fields.
    mutating func duplicateField(_ name: String) -> StrictJSONError {
        _ = peekPastSpace()
        return failure("duplicate field `\(name)`")
    }

    /// A field that is not there, named when the object's end has been read.
    func missingField(_ name: String) -> StrictJSONError { failure("missing field `\(name)`") }

    /// Reads what may be `null`, which is `nil`.
    mutating func readOptional<Value>(
        _ read: (inout StrictJSONReader) throws(StrictJSONError) -> Value
    ) throws(StrictJSONError) -> Value? {
        guard peekPastSpace() == UInt8(ascii: "n") else { return try read(&self) }
        try readWord(.null)
        return nil
    }

    mutating func readText() throws(StrictJSONError) -> String {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInValue) }
        guard byte == UInt8(ascii: "\"") else { throw mismatch(expected: "a string") }
        index += 1
        return text(try readString())
    }

    mutating func readBool() throws(StrictJSONError) -> Bool {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInValue) }
        switch byte {
        case UInt8(ascii: "t"):
            try readWord(.true)
            return true
        case UInt8(ascii: "f"):
            try readWord(.false)
            return false
        default: throw mismatch(expected: "a boolean")
        }
    }

    mutating func readUnsigned<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type) throws(StrictJSONError)
        -> Value
    {
        let expected = "u\(Value.bitWidth)"
        let number = try readNumber(expected: expected)
        switch number {
        case .unsigned(let whole):
            if let value = Value(exactly: whole) { return value }
        case .negative: break
        case .floating: throw failure("invalid type: \(number.description), expected \(expected)")
        }
        throw failure("invalid value: \(number.description), expected \(expected)")
    }

    mutating func readFloat() throws(StrictJSONError) -> Float {
        switch try readNumber(expected: "f32") {
        case .unsigned(let value): Float(value)
        case .negative(let value): Float(value)
        case .floating(let value): Float(value)
        }
    }

    private mutating func readNumber(expected: String) throws(StrictJSONError) -> JSONNumber {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInValue) }
        guard byte == UInt8(ascii: "-") || ASCII.isDigit(byte) else { throw mismatch(expected: expected) }
        return try readNumber()
    }

    /// Reads a value of another kind than the one expected, to name it.
    private mutating func mismatch(expected: String) -> StrictJSONError {
        do {
            // Read first: the place is the one behind the value.
            let found = try readUnexpected()
            return failure("invalid type: \(found), expected \(expected)")
        } catch {
            return error
        }
    }

    private mutating func readUnexpected() throws(StrictJSONError) -> String {
        switch peeked {
        case UInt8(ascii: "n"):
            try readWord(.null)
            return "null"
        case UInt8(ascii: "t"):
            try readWord(.true)
            return "boolean `true`"
        case UInt8(ascii: "f"):
            try readWord(.false)
            return "boolean `false`"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber().description
        case UInt8(ascii: "\""):
            index += 1
            return "string \(text(try readString()).debugDescription)"
        case UInt8(ascii: "["): return "sequence"
        case UInt8(ascii: "{"): return "map"
        default: throw failureAtPeek(.expectedValue)
        }
    }
}
