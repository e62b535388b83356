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
        guard
            DoubleRange.isCertain(integerDigits: integerDigits, exponentDigits: exponentDigits)
                || DoubleRange.contains(bytes.extracting(start..<index))
        else { throw JSONError(.numberOutOfRange, at: start) }
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

    /// - Returns: the number of digits of the exponent: 0 without an exponent.
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
        if index == first {
            throw isAtEnd ? JSONError(.unexpectedEnd, at: index) : JSONError(.invalidNumber, at: start)
        }
        return index &- first
    }
}

/// The digits of a JSON number without sign, point and exponent.
struct SignificantDigits: ~Escapable {
    private let number: Span<UInt8>
    /// The position of the next byte.
    var index: Int
    /// The position after the last digit before the exponent.
    let end: Int
    /// The number of digits before the point.
    let pointOffset: Int

    /// - Parameter number: a well-formed JSON number.
    @_lifetime(copy number)
    init(_ number: Span<UInt8>) {
        let start = number[0] == Byte.minus ? 1 : 0
        var end = start
        var point: Int?
        while end < number.count, number[end] | 0x20 != UInt8(ascii: "e") {
            if number[end] == Byte.point { point = end }
            end += 1
        }
        self.number = number
        self.index = start
        self.end = end
        self.pointOffset = (point ?? end) - start
    }

    mutating func next() -> UInt8? {
        if index < end, number[index] == Byte.point { index += 1 }
        guard index < end else { return nil }
        index += 1
        return number[index - 1]
    }

    /// The first digit other than zero, and the number of zeros before it; `nil` if the number is zero.
    var firstNonZero: (index: Int, digitsBefore: Int)? {
        var digits = copy self
        var before = 0
        while let digit = digits.next() {
            if digit != Byte.zero { return (digits.index - 1, before) }
            before += 1
        }
        return nil
    }
}

/// Decides whether a JSON number is finite as an IEEE 754 double, from its digits: without conversion, and exactly.
enum DoubleRange {
    /// The decimal digits of 2^1024 - 2^970, the smallest number that rounds to infinity: halfway between the greatest
    /// double and the next one, where a tie goes to the even neighbour, which does not exist.
    private static let leastInfinite = Array(
        """
        17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641\
        66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669\
        59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792
        """.utf8)

    /// Above this exponent the result is known without the exact value, which might not fit into an `Int`.
    private static let greatestExponent = 1 << 40

    /// Whether the lengths prove that the number is finite: below 10^200 * 10^99.
    @inline(__always)
    static func isCertain(integerDigits: Int, exponentDigits: Int) -> Bool {
        integerDigits <= 200 && exponentDigits <= 2
    }

    /// - Parameter number: a well-formed JSON number.
    static func contains(_ number: Span<UInt8>) -> Bool {
        var digits = SignificantDigits(number)
        guard let first = digits.firstNonZero else { return true }
        // The number is 0.d1d2d3... * 10^magnitude, where d1 is not zero.
        let magnitude = digits.pointOffset - first.digitsBefore + exponent(number, from: digits.end)
        guard magnitude == leastInfinite.count else { return magnitude < leastInfinite.count }
        digits.index = first.index
        return isBelowLeastInfinite(digits)
    }

    /// Compares digit by digit; both numbers have the same magnitude.
    private static func isBelowLeastInfinite(_ number: borrowing SignificantDigits) -> Bool {
        var digits = copy number
        for limit in leastInfinite {
            let digit = digits.next() ?? Byte.zero
            if digit != limit { return digit < limit }
        }
        return false
    }

    /// The exponent, clamped to the relevant range; `start` is at the `e`, or at the end if there is none.
    private static func exponent(_ number: Span<UInt8>, from start: Int) -> Int {
        guard start < number.count else { return 0 }
        var index = start + 1
        let isNegative = number[index] == Byte.minus
        if !Byte.isDigit(number[index]) { index += 1 }
        var value = 0
        while index < number.count, value < greatestExponent {
            value = value * 10 + Int(number[index] & 15)
            index += 1
        }
        return isNegative ? -value : value
    }
}
