extension JSONLexer {
    /// Passes a number (RFC 8259 §6), which must be finite as an IEEE 754 double.
    mutating func number() throws(JSONError) {
        let start = index
        if bytes[index] == Byte.minus { index &+= 1 }
        let integerDigits = try passIntegerPart(from: start)
        if index < bytes.count, bytes[index] == Byte.point {
            index &+= 1
            _ = try passDigits(from: start)
        }
        let exponentDigits = try passExponent(from: start)
        guard
            DoubleRange.isCertain(integerDigits: integerDigits, exponentDigits: exponentDigits)
                || DoubleRange.contains(bytes.extracting(start..<index))
        else { throw JSONError(.numberOutOfRange, at: start) }
    }

    /// A single zero, or digits that do not begin with one.
    ///
    /// - Returns: how many digits.
    @inline(__always)
    private mutating func passIntegerPart(from start: Int) throws(JSONError) -> Int {
        let first = index
        let digits = try passDigits(from: start)
        guard digits == 1 || bytes[first] != Byte.zero else { throw JSONError(.invalidNumber, at: start) }
        return digits
    }

    /// - Returns: how many digits the exponent has: 0 if there is none.
    @inline(__always)
    private mutating func passExponent(from start: Int) throws(JSONError) -> Int {
        guard index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") else { return 0 }
        index &+= 1
        if index < bytes.count, bytes[index] == Byte.plus || bytes[index] == Byte.minus { index &+= 1 }
        return try passDigits(from: start)
    }

    /// One digit or more.
    @inline(__always)
    private mutating func passDigits(from start: Int) throws(JSONError) -> Int {
        let first = index
        while index < bytes.count, Byte.isDigit(bytes[index]) { index &+= 1 }
        if index == first { throw isAtEnd ? JSONError(.unexpectedEnd, at: index) : JSONError(.invalidNumber, at: start) }
        return index &- first
    }
}
