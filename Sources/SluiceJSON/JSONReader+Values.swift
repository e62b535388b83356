internal import SluiceBase

/// Reads the current value. Each method throws `wrongKind` for a value of another kind and leaves it unread.
extension JSONReader {
    /// Reads a string, with escapes resolved.
    package mutating func readString() throws(JSONError) -> String {
        try expect(.string)
        let token = try lexer.string()
        try passed()
        return JSONText.text(of: token, in: lexer.bytes)
    }

    /// Reads a number in the notation of an integer, without fraction and exponent, and in range.
    package mutating func readInt64() throws(JSONError) -> Int64 { try readInteger(Int64.self) }

    /// Reads a number in the notation of an integer, without sign, fraction and exponent, and in range.
    package mutating func readUInt64() throws(JSONError) -> UInt64 { try readInteger(UInt64.self) }

    @inline(__always)
    private mutating func readInteger<Value: FixedWidthInteger>(_ type: Value.Type) throws(JSONError) -> Value {
        try expect(.number)
        let start = lexer.index
        try lexer.number()
        try passed()
        let digits = lexer.bytes.extracting(start..<lexer.index)
        guard Value.isSigned || digits[0] != Byte.minus, let value = JSONInteger.read(digits, as: type) else {
            throw JSONError(.notAnInteger, at: start)
        }
        return value
    }

    /// Skips a number.
    ///
    /// - Returns: whether Zizq keeps its digits: see `JSONInteger.keepsDigits`.
    package mutating func skipInteger() throws(JSONError) -> Bool {
        try expect(.number)
        let start = lexer.index
        try lexer.number()
        try passed()
        return JSONInteger.keepsDigits(lexer.bytes.extracting(start..<lexer.index))
    }

    /// Reads a number, as the nearest `Float`.
    package mutating func readFloat() throws(JSONError) -> Float {
        try expect(.number)
        let start = lexer.index
        try lexer.number()
        try passed()
        guard let value = Float(lexer.bytes.extracting(start..<lexer.index).text), value.isFinite else {
            throw JSONError(.numberOutOfRange, at: start)
        }
        return value
    }

    /// Reads `true` or `false`.
    package mutating func readBool() throws(JSONError) -> Bool {
        let found = try peek()
        guard found == .true || found == .false else { throw JSONError(.notABoolean(found: found), at: lexer.index) }
        try lexer.scalar(found)
        try passed()
        return found == .true
    }

    /// Skips a `null`.
    ///
    /// - Returns: `false` if the current value is something else, which is still unread.
    package mutating func readNull() throws(JSONError) -> Bool {
        guard try peek() == .null else { return false }
        try lexer.scalar(.null)
        try passed()
        return true
    }

    /// Skips and validates the current value.
    ///
    /// - Returns: the range of its exact bytes.
    @discardableResult
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try peek()
        let start = lexer.index
        switch kind {
        case .object, .array: try skipContainer()
        case .string, .number, .true, .false, .null: try lexer.scalar(kind)
        }
        try passed()
        return start..<lexer.index
    }

    private mutating func skipContainer() throws(JSONError) {
        var walker = JSONWalker(lexer, paths: .none, maximumDepth: maximumDepth, depthAbove: depth)
        try walker.walk(from: JSONPathSet.noNode)
        lexer = walker.lexer
    }
}

/// Integers in JSON notation.
package enum JSONInteger {
    /// Whether the number has the notation of an integer and fits into 64 bits, signed or unsigned, so that Zizq keeps
    /// its digits. Zizq changes `-0` to `-0.0`.
    static func keepsDigits(_ number: Span<UInt8>) -> Bool {
        read(number) != nil && (number[0] != Byte.minus || number[1] != Byte.zero)
    }

    /// The value of a number if it is an integer of 64 bits, signed or unsigned.
    static func read(_ number: Span<UInt8>) -> Int128? {
        if number[0] == Byte.minus { return read(number, as: Int64.self).map { Int128($0) } }
        return read(number, as: UInt64.self).map { Int128($0) }
    }

    /// - Returns: `nil` for a fraction, an exponent, or a value out of range.
    @inlinable
    package static func read<Value: FixedWidthInteger>(_ digits: Span<UInt8>, as type: Value.Type) -> Value? {
        let isNegative = digits[0] == UInt8(ascii: "-")
        var value: Value = 0
        for index in (isNegative ? 1 : 0)..<digits.count {
            guard digits[index] &- 0x30 < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Value(truncatingIfNeeded: digits[index] & 15)
            let (sum, carry) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
