import SluiceBase
import Testing

@Suite(.serialized) struct TimestampTextTests {
    @Test(
        "a time is written in UTC with milliseconds, leap days and years before 1970 included",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (Int64.max, "9999-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (Int64.min, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func writes(milliseconds: Int64, text: String) {
        #expect(TimestampText.format(milliseconds: milliseconds) == text)
    }

    @Test(
        "a time of RFC 3339 is read with its offset and fraction, and nothing else is",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
            ("2023-11-14t22:13:20.1239z", 1_700_000_000_123),
            ("2023-11-14 22:13:20.1Z", 1_700_000_000_100), ("2024-02-29T12:00:00+02:00", 1_709_200_800_000),
            ("1969-12-31T23:59:59.999-00:30", 1_799_999), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("2023-02-29T00:00:00Z", nil), ("2023-04-31T00:00:00Z", nil), ("2023-13-01T00:00:00Z", nil),
            ("2023-00-10T00:00:00Z", nil),
            ("2023-01-01T24:00:00Z", nil), ("2023-01-01T00:60:00Z", nil), ("2023-01-01T00:00:61Z", nil),
            ("2023-01-01T00:00:00", nil),
            ("2023-01-01T00:00:00.Z", nil), ("2023-01-01T00:00:00+0200", nil), ("2023-01-01T00:00:00Zx", nil),
            ("2023-1-1T00:00:00Z", nil),
            ("2023-01-01", nil), ("", nil), ("+023-01-01T00:00:00Z", nil), ("2023-01-01T00:00:00+25:00", nil),
        ] as [(String, Int64?)])
    func reads(text: String, milliseconds: Int64?) {
        #expect(TimestampText.parse(text) == milliseconds)
    }

    @Test("every day is parsed as it was formatted")
    func everyDay() {
        for day in stride(from: Int64(-719_528), to: 2_932_897, by: 13) {
            let time = day * 86_400_000 + 1
            #expect(TimestampText.parse(TimestampText.format(milliseconds: time)) == time)
            #expect(TimestampText.parseHTTPDate(Array(TimestampText.httpDate(milliseconds: time).utf8)) == time - 1)
        }
    }

    @Test(
        "an HTTP date is read if it has exactly the one format, with the right day of the week",
        arguments: [
            ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000_000), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1000), ("Wed, 14 Nov 2023 22:13:20 GMT", nil),
            ("tue, 14 nov 2023 22:13:20 gmt", nil), ("Tue, 14 Nov 2023 22:13:20 UTC", nil),
            ("Tue, 14 Nov 2023 22:13:20", nil), ("Tue, 14 Nov 2023 22:13:20 GMT ", nil),
            ("Tue, 4 Nov 2023 22:13:20 GMT", nil), ("Tuesday, 14-Nov-23 22:13:20 GMT", nil),
            ("Tue Nov 14 22:13:20 2023", nil), ("Tue, 14 Nov 2023 24:13:20 GMT", nil),
            ("Sat, 31 Dec 2016 23:59:60 GMT", nil), ("Tue, 31 Nov 2023 22:13:20 GMT", nil), ("", nil),
        ] as [(String, Int64?)])
    func readsHTTPDate(text: String, milliseconds: Int64?) {
        #expect(TimestampText.parseHTTPDate(Array(text.utf8)) == milliseconds)
    }
}
