import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

private let noInteger = "payload.a must be a 64-bit integer, written without fraction and exponent"

/// Rendered payloads are held against the type of their kind.
@Suite(.serialized) struct PayloadMismatchTests {
    private func outcome(_ body: String, _ type: String, line: String? = nil) throws -> RouteOutcome {
        TestRequest(body).processed(by: try route(kindRoute(type, line: line)))
    }

    @Test(
        "a matching payload is a job with the payload unchanged",
        arguments: [
            ("{a: string}", #"{"a":"x"}"#), ("{a: string}", #"{"a":"x","more":[1,{"a":2}]}"#),
            ("{a: string}", #"{"\u0061":"x"}"#),
            ("{a: string}", #"{"a":"\ufffd\ud83d\ude42"}"#), ("{a: integer}", #"{"a":0}"#),
            ("{a: integer}", #"{"a":-9223372036854775808}"#),
            ("{a: integer}", #"{"a":18446744073709551615}"#), ("{a: number}", #"{"a":-0}"#),
            ("{a: number}", #"{"a":1e3}"#),
            ("{a: boolean}", #"{"a":true}"#), ("{a: boolean}", #"{"a":false}"#), ("{a: object}", #"{"a":{"b":1}}"#),
            ("{a: array}", #"{"a":[1,"x"]}"#), ("{a: any}", #"{"a":null}"#), ("{a: any}", #"{"a":[[[]]]}"#),
            ("{a: any?}", "{}"),
            ("{a: string?}", "{}"), ("{a: string?}", #"{"a":null}"#), ("{a: string?}", #"{"a":"x"}"#),
            ("{a?: {b: string}}", "{}"),
            ("{a?: {b: string}}", #"{"a":null}"#), ("{a?: {b: string}}", #"{"a":{"b":""}}"#),
            ("{a: [string]}", #"{"a":[]}"#),
            ("{a: [string]}", #"{"a":["x","y"]}"#), ("{a: ['integer?']}", #"{"a":[1,null]}"#),
            ("{a: [[integer]]}", #"{"a":[[],[1,2]]}"#),
            ("{a: [{b: string}]}", #"{"a":[{"b":"x"},{"b":"y","c":1}]}"#), ("{}", "{}"), ("{}", #"{"a":1}"#),
            ("any", "7"),
            ("string", #""x""#),
            ("[integer]", " [ 1 , 2 ] "), ("'string?'", "null"),
        ])
    func fits(type: String, body: String) throws {
        let outcome = try outcome(body, type)
        #expect(outcome.summary == "stored")
        #expect(outcome.delivery?.jobs.map(\.type) == ["k"])
        #expect(
            outcome.payload
                == body.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed().map(String.init).joined())
    }

    @Test(
        "a mismatch is a dead letter that names the field and what was found, but not the value",
        arguments: [
            ("{a: string}", "{}", "payload.a is missing"), ("{a: any}", "{}", "payload.a is missing"),
            ("{a: string}", #"{"a":null}"#, "payload.a must be a string, not null"),
            ("{a: string}", #"{"a":7}"#, "payload.a must be a string, not a number"),
            ("{a: string}", #"{"a":true}"#, "payload.a must be a string, not a boolean"),
            ("{a: string}", #"{"a":false}"#, "payload.a must be a string, not a boolean"),
            ("{a: string}", #"{"a":[1]}"#, "payload.a must be a string, not an array"),
            ("{a: string?}", #"{"a":{"b":1}}"#, "payload.a must be a string, not an object"),
            ("{a: integer}", #"{"a":"7"}"#, "payload.a must be an integer, not a string"),
            ("{a: integer}", #"{"a":1.0}"#, noInteger), ("{a: integer}", #"{"a":1e2}"#, noInteger),
            ("{a: integer}", #"{"a":-0}"#, noInteger),
            ("{a: integer}", #"{"a":18446744073709551616}"#, noInteger),
            ("{a: integer}", #"{"a":-9223372036854775809}"#, noInteger),
            ("{a: number}", #"{"a":"7"}"#, "payload.a must be a number, not a string"),
            ("{a: boolean}", #"{"a":1}"#, "payload.a must be a boolean, not a number"),
            ("{a: object}", #"{"a":[]}"#, "payload.a must be an object, not an array"),
            ("{a: array}", #"{"a":{}}"#, "payload.a must be an array, not an object"),
            (
                "{pusher: {name: string}}", #"{"pusher":{"name":7}}"#,
                "payload.pusher.name must be a string, not a number"
            ),
            ("{pusher: {name: string}}", #"{"pusher":{"nom":"x"}}"#, "payload.pusher.name is missing"),
            ("{pusher: {name: string}}", #"{"pusher":7}"#, "payload.pusher must be an object, not a number"),
            ("{pusher?: {name: string}}", #"{"pusher":{}}"#, "payload.pusher.name is missing"),
            ("{a: [string]}", #"{"a":["x",1,2]}"#, "payload.a[1] must be a string, not a number"),
            ("{a: [string]}", #"{"a":"x"}"#, "payload.a must be an array, not a string"),
            ("{a: [{b: integer}]}", #"{"a":[{"b":1},{"b":2},{"c":3}]}"#, "payload.a[2].b is missing"),
            ("{a: [[integer]]}", #"{"a":[[],[1,""]]}"#, "payload.a[1][1] must be an integer, not a string"),
            ("{'odd key': string}", #"{"odd key":1}"#, #"payload["odd key"] must be a string, not a number"#),
            ("{'a.b': string}", #"{}"#, #"payload["a.b"] is missing"#),
            ("string", "7", "payload must be a string, not a number"),
            ("[string]", "[null]", "payload[0] must be a string, not null"),
            ("{a: string}", "null", "payload must be an object, not null"),
        ])
    func fails(type: String, body: String, expected: String) throws {
        #expect(try outcome(body, type).summary == "dead letter payload_mismatch: \(expected)")
    }

    @Test(
        "of two equal keys the last counts, however deep, with all that is in it",
        arguments: [
            ("{a: string}", #"{"a":1,"a":"x"}"#, nil),
            ("{a: string}", #"{"a":"x","\u0061":1}"#, "payload.a must be a string, not a number"),
            ("{a: {b: string}}", #"{"a":{"b":1},"a":{"b":"x"}}"#, nil),
            ("{a: {b: string}}", #"{"a":{"b":"x"},"a":{}}"#, "payload.a.b is missing"),
            ("{a: {b: string}}", #"{"a":{"b":1,"b":2,"b":"x"}}"#, nil),
            ("{a: [{b: string}], c: integer}", #"{"a":[{"b":1}],"c":"x","a":[],"c":1}"#, nil),
        ] as [(String, String, String?)])
    func lastCounts(type: String, body: String, expected: String?) throws {
        #expect(try outcome(body, type).summary == (expected.map { "dead letter payload_mismatch: \($0)" } ?? "stored"))
    }

    @Test("of several mismatches the first in the order of the kind is named")
    func order() throws {
        let body = #"{"c":1,"b":{"y":1,"x":1},"a":"fine"}"#
        #expect(
            try outcome(body, "{a: string, b: {x: string, y: string}, c: string}").summary
                == "dead letter payload_mismatch: payload.b.x must be a string, not a number")
    }

    @Test("mappings with references are checked, too: an absent value is null")
    func mapping() throws {
        let route = try route(
            kindRoute("{id: integer, note: string?}", payload: "{id: '${body.id}', note: '${body.note}'}"))
        #expect(TestRequest(#"{"id":7}"#).processed(by: route).payload == #"{"id":7,"note":null}"#)
        #expect(
            TestRequest("{}").processed(by: route).summary
                == "dead letter payload_mismatch: payload.id must be an integer, not null")
    }

    @Test("with 'on_mismatch: reject' the request is refused, and nothing is stored")
    func reject() throws {
        let refused = try outcome(#"{"a":"secret"}"#, "{a: integer}", line: "on_mismatch: reject")
        #expect(refused.summary == "refused payload_mismatch: payload.a must be an integer, not a string")
        #expect(try outcome(#"{"a":1}"#, "{a: integer}", line: "on_mismatch: reject").summary == "stored")
        #expect(
            try outcome(#"{"a":""}"#, "{a: integer}", line: "on_mismatch: dead_letter").summary
                == "dead letter payload_mismatch: payload.a must be an integer, not a string")
        #expect(
            problems(kindRoute("any", line: "on_mismatch: ignore"))
                == ["7:18: 'on_mismatch' must be 'dead_letter' or 'reject', not 'ignore'"])
    }

    @Test("a dead letter of a payload that does not fit keeps the request and the unique key")
    func kept() throws {
        let outcome = try outcome(#"{"a":1}"#, "{a: string}", line: "unique_key: ${body.a}")
        let delivery = try #require(outcome.delivery)
        #expect(delivery.key?.text == "/hook:1")
        #expect(delivery.jobs == [])
        #expect(delivery.request?.suffix(7) == Array(#"{"a":1}"#.utf8)[...])
    }

    @Test("a kind without a payload type accepts any payload")
    func untyped() throws {
        let route = try route(
            "kinds: {k: {}}\n" + kindRoute("any").replacing("kinds:\n  k:\n    payload: any\n", with: ""))
        #expect(TestRequest("7").processed(by: route).payload == "7")
    }
}
