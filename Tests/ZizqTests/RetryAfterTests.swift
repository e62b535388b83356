import Testing

@testable import Zizq

@Suite struct RetryAfterTests {
    @Test(
        "seconds and dates are read, and nothing else",
        arguments: [
            ("0", .zero), ("120", .seconds(120)), ("-1", nil), ("+5", nil), ("1.5", nil), ("", nil),
            ("2147483648", .seconds(2_147_483_647)), ("99999999999999999999999", .seconds(2_147_483_647)),
            ("00", .zero), ("٣", nil), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(37)), ("Sun, 06 Nov 1994 08:48:00 GMT", .zero),
            ("Tue, 29 Feb 2000 00:00:00 GMT", .seconds(951_782_400 - 784_111_740)),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
        ] as [(String, Duration?)])
    func reads(text: String, expected: Duration?) {
        // 1994-11-06 08:49:00.
        #expect(RetryAfter.parse(text, now: 784_111_740_000) == expected)
    }
}
