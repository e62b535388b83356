/// The digits of a JSON number without sign, point and exponent, one after the other.
struct SignificantDigits: ~Escapable {
    private let number: Span<UInt8>
    /// The next byte to look at.
    var index: Int
    /// One behind the last digit before the exponent.
    let end: Int
    /// How many digits stand before the point.
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

    /// The first digit that counts, and how many zeros stand before it; `nil` if the number is zero.
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
