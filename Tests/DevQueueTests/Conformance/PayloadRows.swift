/// Section 3: which payloads are accepted, alone and in a bulk.
enum PayloadRows {
    private static func rows(_ payload: [UInt8], alone: String, inBulk: String) -> [ConformanceRow] {
        let job = Array(#"{"type":"TYPE","queue":"QUEUE","payload":"#.utf8) + payload + Array("}".utf8)
        return [
            ConformanceRow(3, "POST /jobs", bytes: job, alone),
            ConformanceRow(3, "POST /jobs/bulk", bytes: Array(#"{"jobs":["#.utf8) + job + Array("]}".utf8), inBulk),
        ]
    }

    private static func accepted(_ payload: String) -> [ConformanceRow] {
        rows(Array(payload.utf8), alone: "201", inBulk: "201")
    }

    private static func refused(_ payload: [UInt8], _ sentence: String = "") -> [ConformanceRow] {
        let expected = #"400 {"error":"invalid JSON: \#(sentence)<any>"}"#
        return rows(payload, alone: expected, inBulk: expected)
    }

    private static func refused(_ payload: String, _ sentence: String = "") -> [ConformanceRow] {
        refused(Array(payload.utf8), sentence)
    }

    private static func nested(_ levels: Int) -> [UInt8] {
        Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
    }

    private static let tooDeep = #"400 {"error":"invalid JSON: recursion limit exceeded<any>"}"#

    static let all: [ConformanceRow] =
        rows(nested(124), alone: "201", inBulk: "201") + rows(nested(125), alone: "201", inBulk: tooDeep)
        + rows(nested(126), alone: "201", inBulk: tooDeep) + rows(nested(127), alone: tooDeep, inBulk: tooDeep)
        + [
            "12345678901234567890123", "1.0", "-0", "1e2", "1e-400", #""\u0000""#, #"{"a":1,"a":2}"#, "null",
            #""\ud83d\ude00""#,
        ].flatMap(
            accepted)
        + refused("1e400", "number out of range") + refused("-1e400", "number out of range") + refused("01")
        + refused("NaN")
        + refused("1 x") + refused("\u{FEFF}1") + refused([0x22, 0xFF, 0x22], "invalid unicode code point")
        + refused([0x22, 0xED, 0xA0, 0x80, 0x22], "invalid unicode code point") + refused(#""\ud800""#)
        + refused(#""\udc00""#)
        + refused(#""\ud800\u0041""#) + refused("\"\n\"") + refused("\"\t\"")

    /// What is sent, and what is read back.
    static let readBack: [(sent: String, read: String)] = [
        ("12345678901234567890123", "1.2345678901234568e+22"), ("1.0", "1.0"), ("-0", "-0.0"), ("1e2", "100.0"),
        ("1e-400", "0.0"),
        ("18446744073709551615", "18446744073709551615"), ("-9223372036854775808", "-9223372036854775808"),
        ("null", "null"),
        (#"{"b": 1, "a":[ true ]}"#, #"{"a":[true],"b":1}"#), (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
        (#""\u0000é""#, #""\u0000é""#),
    ]
}
