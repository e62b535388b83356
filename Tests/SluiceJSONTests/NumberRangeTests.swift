import SluiceBase
import SluiceJSON
import TestSupport
import Testing

@Suite("which numbers fit into a double", .serialized)
struct NumberRangeTests {
    /// 2^1024 - 2^970, halfway between the greatest double and the one that would follow it: the least number that
    /// rounds to infinity.
    static let leastInfinite =
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641"
        + "66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669"
        + "59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792"

    /// The same number with the point moved to the left by `places` digits, and the exponent that makes up for it.
    static func shifted(_ digits: String, by places: Int) -> String {
        "\(digits.dropLast(places)).\(digits.suffix(places))e\(places)"
    }

    @Test("the edge is exact to the last of 309 digits")
    func edge() {
        let below = Self.leastInfinite.dropLast() + "1"
        #expect(refusal(of: Self.leastInfinite) == "a number is outside the range of a double at byte 0")
        #expect(refusal(of: String(below)) == nil)
        #expect(refusal(of: "-\(below)") == nil)
        #expect(refusal(of: "\(below).99999e0") == nil)
        #expect(refusal(of: "\(Self.leastInfinite).00001") == "a number is outside the range of a double at byte 0")
        #expect(refusal(of: "0.\(Self.leastInfinite)e309") == "a number is outside the range of a double at byte 0")
        #expect(refusal(of: "0.000\(below)e312") == nil)
        #expect(
            refusal(of: Self.shifted(Self.leastInfinite, by: 150))
                == "a number is outside the range of a double at byte 0")
        #expect(refusal(of: Self.shifted(String(below), by: 150)) == nil)
    }

    @Test(
        "leading zeros and huge exponents weigh against each other",
        arguments: [
            ("0.\(String(repeating: "0", count: 500))1e501", true),
            ("0.\(String(repeating: "0", count: 500))1e900", false),
            ("0e99999999999999999999", true),
            ("0.000e99999999999999999999", true), ("1e-99999999999999999999", true),
            ("\(String(repeating: "9", count: 400))e-200", true),
            ("\(String(repeating: "9", count: 400))e-91", false), ("\(String(repeating: "9", count: 400))e-92", true),
            ("1e000000000000000308", true), ("1e000000000000000309", false),
        ])
    func magnitudes(number: String, fits: Bool) {
        #expect((refusal(of: number) == nil) == fits)
    }

    @Test("a number is refused exactly if the standard library reads it as infinity")
    func againstParsing() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<20_000 {
            let number = Self.numberNearTheEdge(&random)
            let parsed = try #require(Double(number))
            #expect((refusal(of: number) == nil) == parsed.isFinite, "\(number)")
        }
    }

    /// A number of 10^300 to 10^312 in some notation, half of them within a millionth of the edge.
    private static func numberNearTheEdge(_ random: inout SeededRandom) -> String {
        let isClose = Bool.random(using: &random)
        let tail = String(
            (0..<Int.random(in: 0...30, using: &random)).map { _ in "0123456789".randomElement(using: &random) ?? "0" })
        let digits = isClose ? String(leastInfinite.prefix(Int.random(in: 5...40, using: &random))) + tail : "1" + tail
        let point = Int.random(in: 1...digits.count, using: &random)
        let exponent = (isClose ? 309 : Int.random(in: 300...312, using: &random)) - point
        let zeros =
            Bool.random(using: &random)
            ? "" : "0.\(String(repeating: "0", count: Int.random(in: 0...20, using: &random)))"
        if zeros.isEmpty {
            return point == digits.count
                ? "\(digits)e\(exponent)" : "\(digits.prefix(point)).\(digits.dropFirst(point))e+\(exponent)"
        }
        return "\(zeros)\(digits)E\(exponent + point + zeros.count - 2)"
    }
}
