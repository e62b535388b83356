import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Each test of a condition against each kind of value: it holds for those that are named, and for no other.
@Suite(.serialized) struct ConditionOperatorTests {
    private struct Value {
        let name: String
        let reference: String
        let request: TestRequest

        init(_ name: String, json: String) {
            (self.name, reference, request) = (name, "body.a", TestRequest(json))
        }

        init(_ name: String, form: String) {
            let headers = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
            (self.name, reference, request) = (name, "body.a", TestRequest(form, headers: headers))
        }

        init(_ name: String, headers: [String]) {
            (self.name, reference) = (name, "header.X-A")
            request = TestRequest("{}", headers: headers.map { (name: "X-A", value: $0) })
        }

        init(_ name: String, query: String) {
            (self.name, reference, request) = (name, "query.a", TestRequest("{}", target: "/hook?" + query))
        }
    }

    private static let values = [
        Value("opened", json: #"{"a":"opened"}"#), Value("escaped", json: #"{"a":"op\u0065ned"}"#),
        Value("empty", json: #"{"a":""}"#),
        Value("digits", json: #"{"a":"5"}"#), Value("5", json: #"{"a":5}"#), Value("5.0", json: #"{"a":5.0}"#),
        Value("50e-1", json: #"{"a":50e-1}"#), Value("6", json: #"{"a":6}"#), Value("-7.5", json: #"{"a":-7.5}"#),
        Value("true", json: #"{"a":true}"#), Value("false", json: #"{"a":false}"#), Value("null", json: #"{"a":null}"#),
        Value("absent", json: "{}"), Value("array", json: #"{"a":["x", {"b":["y"]}, "op\u0065ned" ,5.0,true,null]}"#),
        Value("no elements", json: #"{"a":[]}"#), Value("object", json: #"{"a":{"opened":5}}"#),
        Value("header", headers: ["opened"]), Value("header 5", headers: ["5"]), Value("header 5.0", headers: ["5.0"]),
        Value("header empty", headers: [""]), Value("headers", headers: ["opened", "5"]),
        Value("no header", headers: []),
        Value("query", query: "b=1&a=op%65ned"), Value("query 5", query: "a=5"), Value("no query", query: "b=opened"),
        Value("field", form: "a=opened"), Value("field 5", form: "a=5"), Value("field \"", form: "a=%22opened%22"),
        Value("fields", form: "a=opened&a=5"), Value("no field", form: "b=1"),
    ]

    private static let absent: Set = ["null", "absent", "no header", "no query", "no field"]
    private static let opened: Set = ["opened", "escaped", "header", "query", "field"]
    private static let withoutType5: Set = ["header 5", "query 5", "field 5"]
    private static let number5: Set = ["5", "5.0", "50e-1"]
    private static let present = Set(values.map(\.name)).subtracting(absent)

    private static let table: [(test: String, holds: Set<String>)] = [
        ("{ exists: true }", present), ("{ exists: false }", absent),
        ("opened", opened), ("[closed, opened]", opened), ("'5'", ["digits", "header 5", "query 5", "field 5"]),
        ("5", number5.union(withoutType5)), ("5.0", number5.union(["header 5.0"])), ("true", ["true"]),
        ("false", ["false"]),
        ("null", absent), ("[null, 6]", absent.union(["6"])), ("''", ["empty", "header empty"]),
        ("{ not: opened }", present.union(absent).subtracting(opened)), ("{ not: null }", present),
        ("{ not: [5, null] }", present.subtracting(number5).subtracting(withoutType5)),
        (
            "{ not: [true, '5'] }",
            present.union(absent).subtracting(["true", "digits", "header 5", "query 5", "field 5"])
        ),
        ("{ prefix: open }", opened.union(["headers"])),
        ("{ prefix: [x, '5'] }", ["digits", "header 5", "header 5.0", "query 5", "field 5"]),
        ("{ suffix: ned }", opened),
        ("{ suffix: ['5', '\"'] }", ["digits", "header 5", "headers", "query 5", "field 5", "field \""]),
        ("{ contains: pene }", opened.union(["headers", "field \""])),
        ("{ contains: opened }", opened.union(["headers", "array", "fields", "field \""])),
        ("{ contains: 5 }", ["array", "header 5", "header 5.0", "headers", "query 5", "field 5", "fields"]),
        ("{ contains: [y, '5'] }", ["digits", "header 5", "header 5.0", "headers", "query 5", "field 5", "fields"]),
        ("{ contains: true }", ["array"]), ("{ contains: null }", ["array"]), ("{ contains: [false, b] }", []),
        ("{ like: 'op?n*' }", opened.union(["headers"])),
        ("{ like: ['?', '*5'] }", ["digits", "header 5", "headers", "query 5", "field 5"]),
        (
            "{ like: '*' }",
            opened.union(withoutType5).union(["empty", "digits", "header 5.0", "header empty", "headers", "field \""])
        ),
        ("{ greater: 5 }", ["6"]), ("{ greater: 4.9 }", number5.union(withoutType5).union(["6", "header 5.0"])),
        ("{ less: 5 }", ["-7.5"]), ("{ less: 6 }", number5.union(withoutType5).union(["-7.5", "header 5.0"])),
        ("{ only: opened }", ["object"]), ("{ only: [x, opened, y] }", ["object"]), ("{ only: open }", []),
        ("{ greater: -8, less: 5.00001 }", number5.union(withoutType5).union(["-7.5", "header 5.0"])),
        ("{ prefix: o, suffix: d, not: [closed], contains: e, like: '??????', exists: true }", opened),
    ]

    @Test("a test holds for the values it is said to hold for, and for no other", arguments: table.indices)
    func holds(row: Int) throws {
        let (test, expected) = Self.table[row]
        for value in Self.values {
            #expect(
                try matches("\(value.reference): \(test)", value.request) == expected.contains(value.name),
                "\(test): \(value.name)")
        }
    }

    @Test(
        "'only' holds for an object or a form without other fields, also if it has none",
        arguments: [
            ("{}", true), (#"{"a":1}"#, true), (#"{"b":{"c":1},"a":1}"#, true), (#"{"\u0061":1}"#, true),
            (#"{"a":1,"c":2}"#, false), (#"{"A":1}"#, false), ("[]", false), ("5", false), (#""a""#, false),
        ])
    func only(body: String, expected: Bool) throws {
        #expect(try matches("body: { only: [a, b] }", TestRequest(body)) == expected)
        #expect(try matches("body.x: { only: [a, b] }", TestRequest("{\"x\":\(body)}")) == expected)
        #expect(try !matches("body.x: { only: [a, b] }", TestRequest("{}")))
        let form = { TestRequest($0, headers: [("Content-Type", "application/x-www-form-urlencoded")]) }
        #expect(try matches("body: { only: [a, b] }", form("a=1&b=2&%61=3")))
        #expect(try !matches("body: { only: [a, b] }", form("a=1&c=2")))
    }

    @Test("a value inside of the JSON in a form's field 'payload' has a type; the items of a form's field have none")
    func payload() throws {
        let request = TestRequest(
            "payload=%7B%22n%22%3A5%7D&n=5", headers: [("Content-Type", "application/x-www-form-urlencoded")])
        #expect(try matches("body.payload.n: 5, body.n: 5, body.payload: { exists: true }", request))
        #expect(try !matches("body.payload.n: '5'", request))
        #expect(try matches("body.n: '5', body.payload.n: { greater: 4 }", request))
    }

    @Test(
        "numbers are compared by value, whole ones of 64 bits exactly",
        arguments: [
            ("greater: 9007199254740992", "9007199254740993", true),
            ("greater: 9007199254740992", "9007199254740992.0", false),
            ("less: 9007199254740993", "9007199254740992.0", true),
            ("greater: 9007199254740993", "9007199254740992.0", false),
            ("less: 0.5", "0", true), ("less: 0.5", "-0.0", true), ("less: 0.5", "1e0", false),
            ("greater: 0", "1e-300", true),
            ("greater: 18446744073709551614", "18446744073709551615", true),
            ("greater: 18446744073709551615", "18446744073709551616", true),
            ("less: -9223372036854775807", "-9223372036854775808", true),
        ])
    func numbers(test: String, value: String, expected: Bool) throws {
        #expect(try matches("body.a: { \(test) }", TestRequest("{\"a\":\(value)}")) == expected)
        #expect(try matches("header.X-A: { \(test) }", TestRequest("{}", headers: [("X-A", value)])) == expected)
    }

    @Test(
        "a text that is not a JSON number is neither above nor below one",
        arguments: ["", " 5", "5 ", "+5", "05", "0x5", "5.", "inf", "1e999"])
    func noNumber(text: String) throws {
        let request = TestRequest("{}", headers: [("X-A", text)])
        #expect(try !matches("header.X-A: { greater: -1 }", request))
        #expect(try !matches("header.X-A: { less: 100 }", request))
    }

    @Test("half a surrogate pair is the replacement character, as in what is sent")
    func loneSurrogate() throws {
        let request = TestRequest(#"{"a":"x\ud83dy","b":["\ud83d"]}"#)
        #expect(
            try matches("body.a: { like: 'x?y', contains: \"\\ufffd\" }, body.b: { contains: \"\\ufffd\" }", request))
    }
}
