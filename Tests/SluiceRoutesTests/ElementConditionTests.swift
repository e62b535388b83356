import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// Conditions on elements: each element is evaluated separately.
@Suite(.serialized) struct ElementConditionTests {
    /// Which elements of a body fulfil a condition, by their positions.
    private func elements(fulfilling when: String, _ body: String, each: String = "${body.a}", lines: String = "")
        throws -> [Int]
    {
        let route = try route(
            openRoute("each: \(each)\notherwise: ignore\n\(lines)", rule: "when: \(when)\npayload: \"${index}\""))
        let outcome = TestRequest(body, headers: [("Content-Type", "application/json")]).processed(by: route)
        return (outcome.delivery?.jobs ?? []).compactMap { Int(String(decoding: $0.payload, as: UTF8.self)) }
    }

    @Test(
        "each operator, against the element, a value in it, and its position",
        arguments: [
            ("{ item.n: { greater: 1 } }", [1, 2]), ("{ item.n: { greater: 1, less: 3 } }", [1]),
            ("{ item.n: [1, 3.0] }", [0, 2]),
            ("{ item.s: { prefix: a } }", [0, 1]), ("{ item.s: { suffix: c } }", [1]),
            ("{ item.s: { like: '?b*' } }", [0, 1]),
            ("{ item.s: { contains: b } }", [0, 1]), ("{ item.s: { exists: false } }", [2, 3]),
            ("{ item.s: null }", [2, 3]),
            ("{ item: 5 }", [3]), ("{ item: { not: 5 } }", [0, 1, 2]), ("{ index: { less: 2 } }", [0, 1]),
            ("{ index: [0, 3] }", [0, 3]),
            ("{ index: 1, item.n: 2 }", [1]), ("{ any: [ { item.n: 3 }, { index: 0 } ] }", [0, 2]),
            ("{ not: { item.n: 2 } }", [0, 2, 3]),
            ("{ body.k: x, item.n: { greater: 0 } }", [0, 1, 2]), ("{ body.k: y, item.n: { greater: 0 } }", []),
        ])
    func operators(when: String, expected: [Int]) throws {
        let body = #"{"a":[{"n":1,"s":"ab"},{"n":2,"s":"abc"},{"n":3.0,"s":null},5],"k":"x"}"#
        #expect(try elements(fulfilling: when, body) == expected)
    }

    @Test("the event of an element, and its digest")
    func derived() throws {
        let body = #"{"a":[{"e":"x"},{"e":"y"},{},1]}"#
        #expect(try elements(fulfilling: "{ event: [x, y] }", body, lines: "event: ${item.e}") == [0, 1])
        #expect(try elements(fulfilling: "{ event: { exists: false } }", body, lines: "event: ${item.e}") == [2, 3])
        let digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"  // of "1"
        #expect(try elements(fulfilling: "{ sha256.item: \(digest) }", body) == [3])
    }

    @Test("elements of elements, and lines")
    func nested() throws {
        let body = #"{"a":[{"b":[{"n":1},{"n":2}]},{"b":[]},{"b":[{"n":1}]}]}"#
        #expect(try elements(fulfilling: "{ item.n: 1 }", body, each: "${body.a[].b[]}") == [0, 2])
        #expect(
            try elements(
                fulfilling: "{ item.n: { exists: true } }", "{\"n\":1}\n\n{\"m\":1}\n{\"n\":0}\n", each: "lines") == [
                    0, 2,
                ])
    }

    @Test("the first rule that an element fulfils makes its job, whichever the others come to")
    func rules() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                each: ${body}
                jobs:
                  - { when: { item.k: { like: "a*" } }, type: a, payload: "${item.k}" }
                  - { when: { item.k: { exists: true } }, type: b, payload: "${item.k}" }
                otherwise: dead_letter
            """
        let delivery = TestRequest(#"[{"k":"ax"},{"k":"x"},{},{"k":"a"}]"#).processed(by: try route(text)).delivery
        #expect(
            delivery?.jobs.map { "\($0.type) \(String(decoding: $0.payload, as: UTF8.self))" } == [
                #"a "ax""#, #"b "x""#, #"a "a""#,
            ])
        #expect(delivery?.deadLetters.map(\.share) == [DeliveryShare(element: 2)])
    }
}
