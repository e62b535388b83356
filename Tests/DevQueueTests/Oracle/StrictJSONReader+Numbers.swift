import SluiceBase

/// A number as Zizq holds it: whole where it fits 64 bits, a double else. Minus zero is a double.
enum JSONNumber: Hashable {
    case unsigned(UInt64)
    case negative(Int64)
    case floating(Double)

    /// As Zizq names it in a complaint.
    var description: String {
        switch self {
        case .unsigned(let value): "integer `\(value)`"
        case .negative(let value): "integer `\(value)`"
        case .floating(let value): "floating point `\(value)`"
        }
    }
}

extension StrictJSONReader {
    /// Reads a number that starts at the current character.
    @inline(__always)
    mutating func readNumber() throws(StrictJSONError) -> JSONNumber {
        let isPositive = peeked != UInt8(ascii: "-")
        if !isPositive { index += 1 }
        guard !isAtEnd else { throw failure(.eofInValue) }
        let first = bytes[index]
        index += 1
        guard ASCII.isDigit(first) else { throw failure(.invalidNumber) }
        if first == UInt8(ascii: "0") {
            if ASCII.isDigit(peeked) { throw failureAtPeek(.invalidNumber) }
            return try readFraction(isPositive: isPositive, significand: 0)
        }
        var significand = UInt64(first - 0x30)
        while ASCII.isDigit(peeked) {
            guard let longer = Self.appending(peeked, to: significand) else {
                return try readLongInteger(isPositive: isPositive, significand: significand)
            }
            significand = longer
            index += 1
        }
        return try readFraction(isPositive: isPositive, significand: significand)
    }

    /// The significand with one more digit; `nil` where it would no longer fit 64 bits.
    @inline(__always)
    private static func appending(_ digit: UInt8, to significand: UInt64) -> UInt64? {
        let (product, overflowed) = significand.multipliedReportingOverflow(by: 10)
        let (sum, carried) = product.addingReportingOverflow(UInt64(digit - 0x30))
        return overflowed || carried ? nil : sum
    }

    private mutating func readFraction(isPositive: Bool, significand: UInt64) throws(StrictJSONError) -> JSONNumber {
        switch peeked {
        case UInt8(ascii: "."): return try readDecimals(isPositive, significand, 0)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): return try readExponent(isPositive, significand, 0)
        default:
            if isPositive { return .unsigned(significand) }
            let negated = Int64(truncatingIfNeeded: 0 &- significand)
            return negated >= 0 ? .floating(-Double(significand)) : .negative(negated)
        }
    }

    /// The digits beyond 64 bits only count as powers of ten.
    private mutating func readLongInteger(isPositive: Bool, significand: UInt64) throws(StrictJSONError) -> JSONNumber {
        let start = index
        while ASCII.isDigit(peeked) { index += 1 }
        let exponent = index - start
        switch peeked {
        case UInt8(ascii: "."): return try readDecimals(isPositive, significand, exponent)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): return try readExponent(isPositive, significand, exponent)
        default: return try number(isPositive, significand, exponent)
        }
    }

    private mutating func readDecimals(
        _ isPositive: Bool, _ whole: UInt64, _ exponentBefore: Int
    ) throws(StrictJSONError) -> JSONNumber {
        index += 1
        let start = index
        var significand = whole
        var used = 0
        while ASCII.isDigit(peeked), let longer = Self.appending(peeked, to: significand) {
            significand = longer
            used += 1
            index += 1
        }
        while ASCII.isDigit(peeked) { index += 1 }
        if index == start { throw failureAtPeek(isAtEnd ? .eofInValue : .invalidNumber) }
        let exponent = exponentBefore - used
        return peeked | 0x20 == UInt8(ascii: "e")
            ? try readExponent(isPositive, significand, exponent) : try number(isPositive, significand, exponent)
    }

    private mutating func readExponent(
        _ isPositive: Bool, _ significand: UInt64, _ start: Int
    ) throws(StrictJSONError) -> JSONNumber {
        index += 1
        let isPositiveExponent = peeked != UInt8(ascii: "-")
        if peeked == UInt8(ascii: "+") || peeked == UInt8(ascii: "-") { index += 1 }
        guard !isAtEnd else { throw failure(.eofInValue) }
        index += 1
        guard ASCII.isDigit(bytes[index - 1]) else { throw failure(.invalidNumber) }
        var exponent = Int(bytes[index - 1] - 0x30)
        while ASCII.isDigit(peeked) {
            exponent = exponent * 10 + Int(peeked - 0x30)
            index += 1
            guard exponent > Int(Int32.max) else { continue }
            if significand != 0, isPositiveExponent { throw failure(.numberOutOfRange) }
            while ASCII.isDigit(peeked) { index += 1 }
            return .floating(isPositive ? 0 : -0.0)
        }
        return try number(isPositive, significand, isPositiveExponent ? start + exponent : start - exponent)
    }

    private func number(_ isPositive: Bool, _ significand: UInt64, _ power: Int) throws(StrictJSONError) -> JSONNumber {
        var value = Double(significand)
        var exponent = power
        while exponent < -308, value != 0 {
            value /= 1e308
            exponent += 308
        }
        guard value != 0 else { return .floating(isPositive ? 0 : -0.0) }
        guard exponent <= 308 else { throw failure(.numberOutOfRange) }
        let scale = Self.powersOfTen[abs(exponent)]
        value = exponent < 0 ? value / scale : value * scale
        guard value.isFinite else { throw failure(.numberOutOfRange) }
        return .floating(isPositive ? value : -value)
    }

    /// 10⁰ to 10³⁰⁸, each the double nearest to it.
    private static let powersOfTen: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }
}
