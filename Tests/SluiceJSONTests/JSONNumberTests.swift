import SluiceJSON
import Testing

@Suite(.serialized) struct JSONNumberTests {
    /// Ascending; those in one row are equal.
    private static let ascending = [
        ["-1e300"], ["-9223372036854775808", "-9223372036854775808.0"], ["-9223372036854775807"], ["-9007199254740993"],
        ["-9007199254740992", "-9007199254740992.0"], ["-1.5", "-15e-1"], ["-1", "-1.0"], ["-1e-300"],
        ["0", "-0", "0.0", "-0.0", "0e5"],
        ["1e-300"], ["0.5"], ["1", "1e0", "10e-1"], ["1.5"], ["9007199254740992", "9007199254740992.0"],
        ["9007199254740993"],
        ["9223372036854775807"], ["9223372036854775808", "9223372036854775808.0"], ["18446744073709551615"],
        ["18446744073709551616", "1.8446744073709552e19"], ["1e20"], ["1e300"],
    ]

    @Test("numbers are ordered by value, and equal by value")
    func order() throws {
        for (row, ones) in Self.ascending.enumerated() {
            for (otherRow, others) in Self.ascending.enumerated() {
                for (one, other) in ones.flatMap({ one in others.map { (one, $0) } }) {
                    let (first, second) = (try #require(JSONNumber(one)), try #require(JSONNumber(other)))
                    #expect((first < second) == (row < otherRow), "\(one) < \(other)")
                    #expect((first == second) == (row == otherRow), "\(one) == \(other)")
                }
            }
        }
    }

    @Test(
        "a text that is not a JSON number is refused",
        arguments: ["", "-", "+1", "01", "1.", ".5", "1e", "0x1", "nan", "inf", " 1", "1 ", "1e999", "\"1\""])
    func none(text: String) {
        #expect(JSONNumber(text) == nil)
    }
}
