/// Whether a JSON number is finite as an IEEE 754 double, decided on its digits: no parsing, and exact at the edge.
enum DoubleRange {
    /// The decimal digits of 2^1024 - 2^970, the least number that rounds to infinity: halfway between the greatest double and what would
    /// be the next one, and a tie goes to the even neighbour, which is the missing one.
    private static let leastInfinite = Array(
        """
        17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641\
        66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669\
        59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792
        """.utf8)

    /// A number beyond this many digits' worth of exponent is decided without the exact value, which might not fit into an `Int`.
    private static let greatestExponent = 1 << 40

    /// Whether the lengths alone prove that the number is finite: below 10^200 * 10^99.
    @inline(__always)
    static func isCertain(integerDigits: Int, exponentDigits: Int) -> Bool { integerDigits <= 200 && exponentDigits <= 2 }

    /// - Parameter number: a well-formed JSON number.
    static func contains(_ number: Span<UInt8>) -> Bool {
        var digits = SignificantDigits(number)
        guard let first = digits.firstNonZero else { return true }
        // The number is 0.d1d2d3... * 10^magnitude with d1 not zero.
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

    /// The exponent, cut to what decides; `start` is at the `e`, or at the end where there is none.
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
