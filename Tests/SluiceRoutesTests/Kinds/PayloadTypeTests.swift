import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

private let formsOfTypes =
    "a type must be 'string', 'integer', 'number', 'boolean', 'object', 'array', 'any', a list of one type or a mapping of "
    + "fields"

/// The types in a kind's `payload`.
@Suite(.serialized) struct PayloadTypeTests {
    @Test(
        "a type of any form is read",
        arguments: [
            "string", "integer", "number", "boolean", "object", "array", "any", "string?", "[string]", "['string?']",
            "[[integer]]",
            "[{a: string}]", "{}", "{a: string, b: integer?, c?: {d: [any]}, 'odd key': any?, 'e?': 'number?'}",
            "'string'",
        ])
    func forms(type: String) {
        #expect(problems(kindRoute(type)) == [])
    }

    @Test(
        "a mistake in a type has a message and a location",
        arguments: [
            ("strng", "3:14: unknown type 'strng'; did you mean 'string'?"),
            ("String", "3:14: unknown type 'String'; did you mean 'string'?"),
            ("{a: int}", "3:18: unknown type 'int'; did you mean 'integer'?"),
            ("{a: 'Bool?'}", "3:18: unknown type 'Bool?'; did you mean 'boolean?'?"),
            ("[floot]", "3:15: unknown type 'floot'; \(formsOfTypes)"),
            ("date", "3:14: unknown type 'date'; \(formsOfTypes)"),
            ("'string??'", "3:14: unknown type 'string??'; did you mean 'string?'?"),
            ("'?'", "3:14: unknown type '?'; \(formsOfTypes)"),
            ("7", "3:14: \(formsOfTypes), not a number"), ("true", "3:14: \(formsOfTypes), not true or false"),
            ("null", "3:14: \(formsOfTypes), not null"),
            ("[]", "3:14: a list type must contain exactly one type, that of its elements, such as [string]"),
            (
                "[string, integer]",
                "3:14: a list type must contain exactly one type, that of its elements, such as [string]"
            ),
            ("{'': string}", "3:15: the name of a field is empty"),
            ("{'?': string}", "3:15: the name of a field is empty"),
            ("{a: string, 'a?': string}", "3:26: the field 'a' already exists, with or without '?'"),
        ])
    func mistakes(type: String, expected: String) {
        #expect(problems(kindRoute(type)) == [expected])
    }

    @Test("all mistakes of a type are said, and a rule is not held against a type that has any")
    func several() {
        #expect(
            problems(kindRoute("{a: strng, b: {c: [nmber]}}", payload: "{x: 1}")) == [
                "3:18: unknown type 'strng'; did you mean 'string'?",
                "3:33: unknown type 'nmber'; did you mean 'number'?",
            ])
    }
}

/// What a rule's `payload` is told before any delivery comes.
@Suite(.serialized) struct PayloadMappingTests {
    @Test(
        "a mapping that can fit is fine",
        arguments: [
            ("{a: string}", "{a: x}"), ("{a: string}", "{a: '7'}"), ("{a: string}", "{a: 'Order ${body.n}'}"),
            ("{a: string}", "{a: ''}"),
            ("{a: string}", "{a: '${body.a}'}"), ("{a: string}", "{a: '$${body.a}'}"),
            ("{a: string}", "{a: '${body.a ?? \"x\"}'}"),
            ("{a: string}", "{a: '${header.X-A}'}"), ("{a: string}", "{a: '${sha256.body}'}"), ("{a: string?}", "{}"),
            ("{a: string?}", "{a: null}"), ("{a?: {b: string}}", "{a: null}"), ("{a: any}", "{a: null}"),
            ("{a: string?}", "{a: '${body.a ?? null}'}"), ("{a: integer}", "{a: 7}"),
            ("{a: integer}", "{a: -9223372036854775808}"),
            ("{a: integer}", "{a: 18446744073709551615}"), ("{a: integer}", "{a: '${body.a ?? 0}'}"),
            ("{a: integer}", "{a: '${delivery.received_ms}'}"), ("{a: number}", "{a: 7}"), ("{a: number}", "{a: 1.5}"),
            ("{a: number}", "{a: '${body.a ?? 1.5}'}"), ("{a: boolean}", "{a: true}"),
            ("{a: boolean}", "{a: '${body.a ?? false}'}"),
            ("{a: object}", "{a: {b: 1}}"), ("{a: object}", "{a: '${headers}'}"), ("{a: array}", "{a: [1, x]}"),
            ("{a: any}", "{a: [1, {b: '${header.X}'}]}"), ("{a: [string]}", "{a: [x, '${body.b}']}"),
            ("{a: [string]}", "{a: []}"),
            ("{a: ['string?']}", "{a: [null]}"), ("{a: [{b: integer}]}", "{a: [{b: 1}, '${body}']}"), ("any", "{x: 1}"),
            ("any", "7"),
            ("[string]", "[a]"), ("string", "x"), ("'string?'", "null"), ("{}", "{}"), ("{a: string}", "'${body}'"),
        ])
    func fine(type: String, payload: String) {
        #expect(problems(kindRoute(type, payload: payload)) == [])
    }

    @Test(
        "an impossible payload has a message and a location",
        arguments: [
            ("{a: string}", "{}", "9:18: the kind 'k' needs payload.a"),
            (
                "{commit: string}", "{comit: x, commit: y}",
                "9:19: the kind 'k' has no payload.comit; did you mean 'commit'?"
            ),
            ("{}", "{a: x}", "9:19: the kind 'k' has no payload.a"),
            ("{a: string}", "{a: 7}", "9:22: the kind 'k' declares that payload.a is a string, not a number"),
            ("{a: string}", "{a: true}", "9:22: the kind 'k' declares that payload.a is a string, not true or false"),
            ("{a: string}", "{a: null}", "9:22: the kind 'k' declares that payload.a is a string, not null"),
            ("{a: string}", "{a: [x]}", "9:22: the kind 'k' declares that payload.a is a string, not a list"),
            ("{a: string}", "{a: {b: x}}", "9:22: the kind 'k' declares that payload.a is a string, not a mapping"),
            (
                "{a: string}", "{a: '${headers}'}",
                "9:22: the kind 'k' declares that payload.a is a string, but this reference is an object"
            ),
            (
                "{a: string}", "{a: '${body.a ?? 1}'}",
                "9:22: the kind 'k' declares that payload.a is a string, but the default is a number"
            ),
            (
                "{a: string}", "{a: '${body.a ?? null}'}",
                "9:22: the kind 'k' declares that payload.a is a string, but the default is null"
            ),
            ("{a: integer}", "{a: x}", "9:22: the kind 'k' declares that payload.a is an integer, not a text"),
            ("{a: integer}", "{a: '7'}", "9:22: the kind 'k' declares that payload.a is an integer, not a text"),
            (
                "{a: integer}", "{a: 'n ${body.n}'}",
                "9:22: the kind 'k' declares that payload.a is an integer, not a text"
            ),
            (
                "{a: integer}", "{a: 1.0}",
                "9:22: the kind 'k' declares that payload.a is an integer, not another number"
            ),
            (
                "{a: integer}", "{a: 18446744073709551616}",
                "9:22: the kind 'k' declares that payload.a is an integer, not another number"
            ),
            ("{a: integer}", "{a: -0}", "9:22: the kind 'k' declares that payload.a is an integer, not another number"),
            (
                "{a: integer}", "{a: '${body.n ?? \"none\"}'}",
                "9:22: the kind 'k' declares that payload.a is an integer, but the default is a string"
            ),
            (
                "{a: integer}", "{a: '${body.n ?? 1.5}'}",
                "9:22: the kind 'k' declares that payload.a is an integer, but the default is another number"
            ),
            (
                "{a: integer}", "{a: '${header.X}'}",
                "9:22: the kind 'k' declares that payload.a is an integer, but this reference is a string"
            ),
            ("{a: boolean}", "{a: 'true'}", "9:22: the kind 'k' declares that payload.a is a boolean, not a text"),
            (
                "{a: string}", "{a: '${body.a ?? true}'}",
                "9:22: the kind 'k' declares that payload.a is a string, but the default is a boolean"
            ),
            ("{a: object}", "{a: [1]}", "9:22: the kind 'k' declares that payload.a is an object, not a list"),
            ("{a: array}", "{a: {b: 1}}", "9:22: the kind 'k' declares that payload.a is an array, not a mapping"),
            ("{a: [string]}", "{a: [x, [y]]}", "9:26: the kind 'k' declares that payload.a[1] is a string, not a list"),
            (
                "{a: [{b: integer}]}", "{a: [{b: x}]}",
                "9:27: the kind 'k' declares that payload.a[0].b is an integer, not a text"
            ),
            ("{a: [{b: integer}]}", "{a: [{}]}", "9:23: the kind 'k' needs payload.a[0].b"),
            ("{a?: {b: string}}", "{a: {}}", "9:22: the kind 'k' needs payload.a.b"),
            ("{'odd key': string}", "{}", "9:18: the kind 'k' needs payload[\"odd key\"]"),
            ("[string]", "{a: 1}", "9:18: the kind 'k' declares that payload is an array, not a mapping"),
            (
                "{a: string}", "'${body ?? null}'",
                "9:18: the kind 'k' declares that payload is an object, but the default is null"
            ),
            ("integer", "x", "9:18: the kind 'k' declares that payload is an integer, not a text"),
        ])
    func never(type: String, payload: String, expected: String) {
        #expect(problems(kindRoute(type, payload: payload)) == [expected])
    }

    @Test("all problems are reported together, and each mistake once")
    func several() {
        #expect(
            problems(
                kindRoute(
                    "{a: string, b: {c: integer}, d: [string]}",
                    payload: "{a: 1, b: {c: x, e: 1}, d: ['${bdy}'], '${f}': 1}"))
                == [
                    "9:22: the kind 'k' declares that payload.a is a string, not a number",
                    "9:32: the kind 'k' declares that payload.b.c is an integer, not a text",
                    "9:35: the kind 'k' has no payload.b.e; did you mean 'c'?",
                    "9:46: unknown reference 'bdy'; did you mean 'body'?",
                    "9:57: a key in a payload cannot contain a reference",
                ])
    }

    @Test("a kind of another file is held against a rule, too; a rule with 'type' is not")
    func otherFiles() {
        let kinds = "kinds: { k: { payload: { a: string } } }\n"
        let routes =
            "routes:\n- {path: /a, verify: none, jobs: [{kind: k, payload: {a: 1}}]}\n- {path: /b, verify: none, "
            + "jobs: [{type: k, payload: 1}]}\n"
        #expect(
            compile([("z.yaml", kinds), ("a.yaml", routes)]).problems.map(\.description) == [
                "a.yaml:2:58: the kind 'k' declares that payload.a is a string, not a number"
            ])
    }
}
