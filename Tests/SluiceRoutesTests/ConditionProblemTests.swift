import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Every message that a mistake in `when` leads to, with its place.
@Suite(.serialized) struct ConditionProblemTests {
    @Test(
        "a mistake in 'when' has a message and a location",
        arguments: [
            ("{}", ["6:15: 'when' is empty; omit it in a rule that matches everything"]),
            ("x", ["6:15: 'when' must be a mapping from references to conditions, not a text"]),
            (
                "{ body.a: {} }",
                ["6:25: an empty mapping in 'when' checks nothing; write, for example, { exists: true }"]
            ),
            ("{ body.a: { prefx: x } }", ["6:27: unknown key 'prefx' in a condition; did you mean 'prefix'?"]),
            ("{ body.a: { equals: x } }", ["6:27: unknown key 'equals' in a condition"]),
            ("{ body.a: { exists: yes } }", ["6:35: 'exists' must be true or false, not a text"]),
            ("{ body.a: { prefix: 5 } }", ["6:35: 'prefix' must be a text, not a number; put it in quotes"]),
            ("{ body.a: { prefix: '' } }", ["6:35: 'prefix' is empty, so it holds for every text"]),
            ("{ body.a: { suffix: [x, { y: z }] } }", ["6:39: 'suffix' must be a text, not a mapping"]),
            ("{ body.a: { prefix: [] } }", ["6:35: an empty list in 'when' is never true"]),
            ("{ body.a: { prefix: '${body.b}' } }", ["6:35: a condition in 'when' cannot compare with a reference"]),
            (
                "{ body.a: { contains: [[x]] } }",
                ["6:38: a condition in 'when' must be a text, a number, true, false or null, not a list"]
            ),
            ("{ body.a: { contains: [] } }", ["6:37: an empty list in 'when' is never true"]),
            ("{ body.a: { like: true } }", ["6:33: 'like' must be a text, not true or false"]),
            (
                #"{ body.a: { like: 'a\b' } }"#,
                [#"6:33: 'like' has a backslash that is not before *, ? or \; write a literal backslash as \\"#]
            ),
            ("{ body.a: { not: [] } }", ["6:32: an empty list in 'not' is always true"]),
            (
                "{ body.a: { not: { prefix: x } } }",
                [
                    "6:32: 'not' after a reference takes the values that it must not equal; to negate a mapping, "
                        + "write not: { reference: { … } }"
                ]
            ),
            ("{ body.a: { only: [] } }", ["6:33: 'only' needs at least one field"]),
            ("{ body.a: { only: [x, ''] } }", ["6:37: 'only' must not be empty"]),
            ("{ body.a: { only: 5 } }", ["6:33: 'only' must be a text, not a number; put it in quotes"]),
            ("{ body.a: { greater: high } }", ["6:36: 'greater' must be a number, not a text"]),
            ("{ body.a: { less: '5' } }", ["6:33: 'less' must be a number, not a text; leave out the quotes"]),
            ("{ body.a: { less: [5] } }", ["6:33: 'less' must be a number, not a list"]),
            (
                "{ body.a: { greater: 1e+999 } }",
                ["6:36: the number is outside the range of a double; to compare it as a text, put it in quotes"]
            ),
            (
                "{ body.a: 1.0e+999 }",
                ["6:25: the number is outside the range of a double; to compare it as a text, put it in quotes"]
            ),
            ("{ any: { body.a: 1 } }", ["6:22: 'any' must be a list of mappings, not a mapping"]),
            ("{ any: [] }", ["6:22: an empty list in 'any' is never true"]),
            (
                "{ any: [x] }",
                ["6:23: an element of 'any' must be a mapping from references to conditions, not a text"]
            ),
            ("{ any: [{ body.a: 1 }, {}] }", ["6:38: an empty mapping in 'any' is always true"]),
            (
                "{ not: [{ body.a: 1 }] }",
                ["6:22: 'not' must be a mapping from references to conditions, not a list"]
            ),
            ("{ not: {} }", ["6:22: an empty mapping in 'not' is never true"]),
            (
                "{ not: { bdy.a: 1, any: [{ '${body.a}': 1 }] } }",
                [
                    "6:24: unknown reference 'bdy'; did you mean 'body'?",
                    "6:42: references in 'when' must be written without ${ and }",
                ]
            ),
        ])
    func errors(when: String, expected: [String]) {
        let text =
            "routes:\n- path: /a\n  verify: none\n  otherwise: ignore\n  jobs:\n  - { when:   \(when), type: t }\n"
        #expect(problems(text) == expected)
    }
}
