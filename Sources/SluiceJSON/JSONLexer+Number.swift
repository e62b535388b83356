internal import SluiceBase

extension JSONLexer {
    /// Skips a number (RFC 8259 §6), which must be finite as an IEEE 754 double.
    mutating func number() throws(JSONError) {
        let start = index
        if bytes[index] == Byte.minus { index &+= 1 }
        let integerDigits = try passIntegerPart(from: start)
        if index < bytes.count, bytes[index] == Byte.point {
            index &+= 1
            _ = try passDigits(from: start)
        }
        let exponentDigits = try passExponent(from: start)
        // Below 10^200 * 10^99 without conversion.
        guard integerDigits <= 200 && exponentDigits <= 2 || isFinite(start..<index) else {
            throw JSONError(.numberOutOfRange, at: start)
        }
    }

    private func isFinite(_ number: Range<Int>) -> Bool {
        Double(bytes.extracting(number).text)?.isFinite == true
    }

    /// A single zero, or digits that do not start with one.
    ///
    /// - Returns: the number of digits.
    @inline(__always)
    private mutating func passIntegerPart(from start: Int) throws(JSONError) -> Int {
        let first = index
        let digits = try passDigits(from: start)
        guard digits == 1 || bytes[first] != Byte.zero else { throw JSONError(.invalidNumber, at: start) }
        return digits
    }

    /// - Returns: the number of digits of the exponent: 0 without an exponent, or if it is negative.
    @inline(__always)
    private mutating func passExponent(from start: Int) throws(JSONError) -> Int {
        guard index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") else { return 0 }
        index &+= 1
        let isNegative = index < bytes.count && bytes[index] == Byte.minus
        if isNegative || index < bytes.count && bytes[index] == Byte.plus { index &+= 1 }
        let digits = try passDigits(from: start)
        return isNegative ? 0 : digits
    }

    /// One digit or more.
    @inline(__always)
    private mutating func passDigits(from start: Int) throws(JSONError) -> Int {
        let first = index
        while index < bytes.count, Byte.isDigit(bytes[index]) { index &+= 1 }
        if index == first {
            throw isAtEnd ? JSONError(.unexpectedEnd, at: index) : JSONError(.invalidNumber, at: start)
        }
        return index &- first
    }
}
