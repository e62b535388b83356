import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// `any` and `not` around other conditions.
@Suite(.serialized) struct ConditionNestingTests {
    private static let bodies = [
        #"{"a":1,"b":1}"#, #"{"a":1,"b":2}"#, #"{"a":2,"b":1}"#, #"{"a":2,"b":2}"#, "{}",
    ]

    @Test(
        "they combine as they read",
        arguments: [
            ("any: [ { body.a: 1 }, { body.b: 1 } ]", [true, true, true, false, false]),
            ("any: [ { body.a: 1, body.b: 1 }, { body.a: 2, body.b: 2 } ]", [true, false, false, true, false]),
            ("body.a: 1, any: [ { body.b: 2 }, { body.b: 3 } ]", [false, true, false, false, false]),
            ("not: { body.a: 1 }", [false, false, true, true, true]),
            ("not: { body.a: 1, body.b: 1 }", [false, true, true, true, true]),
            ("not: { any: [ { body.a: 1 }, { body.b: 1 } ] }", [false, false, false, true, true]),
            ("any: [ { not: { body.a: 1 } }, { body.b: 1 } ]", [true, false, true, true, true]),
            ("not: { not: { body.a: 1 } }", [true, true, false, false, false]),
            ("body.b: 1, not: { body.a: { greater: 1 } }", [true, false, false, false, false]),
            (
                "any: [ { any: [ { body.a: 1 } ], body.b: 2 }, { not: { body.a: { exists: true } } } ]",
                [false, true, false, false, true]
            ),
        ])
    func combined(when: String, expected: [Bool]) throws {
        for (body, expected) in zip(Self.bodies, expected) {
            #expect(try matches(when, TestRequest(body)) == expected, "\(body)")
        }
    }

    @Test("they nest as deep as a file may: 64 levels")
    func deep() throws {
        // `when` itself is on the sixth level.
        let nots = 58
        let when = String(repeating: "not: { ", count: nots) + "body.a: 1" + String(repeating: " }", count: nots)
        #expect(try matches(when, TestRequest(#"{"a":1}"#)))
        #expect(try !matches(when, TestRequest(#"{"a":2}"#)))
        let text = openRoute("otherwise: ignore", rule: "when: { not: { \(when) } }")
        #expect(problems(text).contains { $0.contains("64 levels") })
    }

    @Test("several keys of one block mapping must all hold, in any order")
    func block() throws {
        let rule = """
            when:
              body.size:
                greater: 10
                less: 20
              any:
                - body.kind: { prefix: [a., b.] }
                  not: { body.kind: a.x }
                - header.X-Force: { exists: true }
            """
        let route = try route(openRoute("otherwise: ignore", rule: rule))
        let cases: [(String, [(name: String, value: String)], String)] = [
            (#"{"size":11,"kind":"a.y"}"#, [], "stored"), (#"{"size":11,"kind":"a.x"}"#, [], "no rule matched"),
            (#"{"size":10,"kind":"a.y"}"#, [], "no rule matched"),
            (#"{"size":20,"kind":"a.y"}"#, [], "no rule matched"),
            (#"{"size":19.5}"#, [("x-force", "")], "stored"),
            (#"{"kind":"a.y"}"#, [("x-force", "")], "no rule matched"),
        ]
        for (body, headers, expected) in cases {
            #expect(TestRequest(body, headers: headers).processed(by: route).summary == expected, "\(body)")
        }
    }
}
