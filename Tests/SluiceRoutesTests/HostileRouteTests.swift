import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Files near the limit of what is read, full of one thing: a table or problems, and in a moment.
@Suite(.serialized) struct HostileRouteTests {
    private static let head = "routes:\n- name: r\n  path: /r\n  verify: none\n"

    /// A head, and then lines with a number in them until there are as many bytes, or as many values, as a file may
    /// have.
    struct Heap: Sendable, CustomTestStringConvertible {
        let name: String
        let head: String
        let line: String
        var values = 4
        var end = ""
        /// Of as much as a file may hold: what grew with its square took minutes even so.
        var share = 0.1

        var testDescription: String { name }

        var text: String {
            let count = Int(share * min(1_000_000 / Double(line.utf8.count + 4), 199_000 / Double(values)))
            return head + (0..<count).map { line.replacing("#", with: "\($0)") }.joined() + end
        }
    }

    private static let heaps = [
        Heap(name: "routes", head: "routes:\n", line: "- {path: /a#, verify: none, jobs: [{type: t}]}\n", values: 11),
        Heap(
            name: "routes with parameters", head: "routes:\n",
            line: "- {path: '/{a}/#/{b}', verify: none, jobs: [{type: t}]}\n", values: 11
        ),
        Heap(
            name: "routes that overlap", head: "routes:\n",
            line:
                "- {path: '/{a}/#', verify: none, jobs: [{type: t}]}\n- {path: '/#/{a}', verify: none, jobs: [{type: "
                + "t}]}\n",
            values: 22),
        Heap(
            name: "routes of one name", head: "routes:\n", line: "- {path: /a, verify: none, jobs: [{type: t}]}\n",
            values: 11),
        Heap(name: "routes of nothing", head: "routes:\n", line: "- 1\n", values: 1),
        Heap(name: "kinds", head: "kinds:\n", line: "  k#: {queue: q}\n"),
        Heap(name: "fields of a kind", head: "kinds:\n  k:\n    payload:\n", line: "      f#: string\n", values: 2),
        Heap(name: "unknown keys", head: head, line: "  k#: 1\n", values: 2),
        Heap(
            name: "unknown kinds", head: "kinds:\n  kind: {}\n\(head)  jobs:\n",
            line: "  - {kind: kinf, when: {event: e#}}\n", values: 6),
        Heap(
            name: "rules", head: "\(head)  event: ${body.e}\n  otherwise: ignore\n  jobs:\n",
            line: "  - {type: t, when: {event: e#}}\n",
            values: 6, share: 1),
        Heap(
            name: "rules on numbers", head: "\(head)  otherwise: ignore\n  jobs:\n",
            line: "  - {type: t, when: {body.n: {greater: #, less: 9}}}\n", values: 10),
        Heap(
            name: "rules on everything", head: "\(head)  otherwise: ignore\n  jobs:\n",
            line: "  - {type: t, when: {body.a#: 1, body.b#: {not: x}}}\n", values: 10),
        Heap(
            name: "words of a condition",
            head: "\(head)  otherwise: ignore\n  jobs:\n  - type: t\n    when:\n      body.a:\n",
            line: "      - w#\n", values: 1),
        Heap(
            name: "conditions", head: "\(head)  otherwise: ignore\n  jobs:\n  - type: t\n    when:\n",
            line: "      body.a#: 1\n",
            values: 2, share: 1
        ),
        Heap(
            name: "alternatives", head: "\(head)  otherwise: ignore\n  jobs:\n  - type: t\n    when:\n      any:\n",
            line: "      - {body.a#: 1}\n", values: 3),
        Heap(
            name: "globs",
            head: "\(head)  otherwise: ignore\n  jobs:\n  - type: t\n    when:\n      body.a:\n        like: '",
            line: "*#?",
            end: "'\n"),
        Heap(
            name: "parts of a key", head: "\(head)  jobs: [{type: t}]\n  unique_key:\n", line: "  - ${body.a#}\n",
            values: 1),
        Heap(
            name: "references", head: "\(head)  jobs:\n  - type: t\n    payload: '", line: "${body.a#}", values: 1,
            end: "'\n"),
        Heap(
            name: "an open reference", head: "\(head)  jobs:\n  - type: t\n    payload: '", line: "${body.a#[",
            values: 1, end: "'\n"),
        Heap(
            name: "one long reference", head: "\(head)  jobs:\n  - type: t\n    payload: '${body[0]", line: ".a#",
            values: 1, end: "}'\n"),
        Heap(
            name: "fields of a payload", head: "\(head)  jobs:\n  - type: t\n    payload:\n",
            line: "      f#: ${body.a#}\n", values: 2),
        Heap(
            name: "elements of a payload", head: "\(head)  jobs:\n  - type: t\n    payload:\n", line: "    - 1\n",
            values: 1),
        Heap(
            name: "secrets", head: "routes:\n- path: /r\n  provider: github\n  jobs: [{type: t}]\n  secrets:\n",
            line: "  - {env: E#}\n",
            values: 3),
        Heap(
            name: "secret files", head: "routes:\n- path: /r\n  provider: github\n  jobs: [{type: t}]\n  secrets:\n",
            line: "  - {file: f#}\n", values: 3),
        Heap(
            name: "networks", head: "\(head)  jobs: [{type: t}]\n  allow_from:\n", line: "  - 10.0.0.0/8\n", values: 1),
        Heap(
            name: "content types", head: "\(head)  jobs: [{type: t}]\n  content_types:\n", line: "  - a/b#\n", values: 1
        ),
        Heap(name: "methods", head: "\(head)  jobs: [{type: t}]\n  methods:\n", line: "  - M#\n", values: 1),
        Heap(
            name: "headers of a reply", head: "\(head)  jobs: [{type: t}]\n  reply:\n    headers:\n",
            line: "      X-#: a\n", values: 2),
        Heap(
            name: "a body of a reply", head: "\(head)  jobs: [{type: t}]\n  reply:\n    body: '", line: "x#", values: 1,
            end: "'\n"),
        Heap(name: "budgets", head: "\(head)  jobs:\n  - type: t\n    budgets:\n", line: "    - b#\n", values: 1),
        Heap(
            name: "segments of a path", head: "routes:\n- verify: none\n  jobs: [{type: t}]\n  path: '", line: "/{p#}",
            values: 1,
            end: "'\n"),
        Heap(
            name: "examples", head: "\(head)  jobs: [{type: t}]\n  examples:\n",
            line: "  - {name: e#, body: x, expect: {status: 200}}\n",
            values: 9),
    ]

    @Test("a file full of one thing is a table or problems in a moment", .timeLimit(.minutes(3)), arguments: heaps)
    func heap(heap: Heap) {
        let compilation = compile([("r.yaml", heap.text)], environment: [:])
        #expect((compilation.table == nil) == !compilation.problems.isEmpty)
        #expect(compilation.problems.count <= 1000)
        #expect(compilation.warnings.count <= 1000)
        let lines = heap.text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        #expect(
            (compilation.problems + compilation.warnings).allSatisfy {
                (1...lines).contains($0.line) && $0.message.utf8.count < 2_000
            })
    }

    /// Where a value can stand, each with what may stand there.
    private static let places: [(before: String, after: String)] = [
        ("", ""), ("kinds: ", ""), ("kinds: {k: ", "}"), ("kinds: {k: {payload: ", "}}"), ("kinds: {k: {queue: ", "}}"),
        ("kinds: {k: {backoff: {base: ", "}}}"), ("kinds: {k: {budgets: ", "}}"), ("kinds: {k: {batch: {key: ", "}}}"),
        ("routes: ", ""), ("routes: [", "]"), ("routes: [{path: ", "}]"), ("routes: [{path: /a, jobs: ", "}]"),
        ("routes: [{path: /a, jobs: [", "]}]"), ("routes: [{path: /a, verify: ", "}]"),
        ("routes: [{path: /a, provider: ", "}]"),
        ("routes: [{path: /a, secrets: ", "}]"), ("routes: [{path: /a, secrets: [", "]}]"),
        ("routes: [{path: /a, secrets: [{env: ", "}]}]"),
        ("routes: [{path: /a, rate: ", "}]"), ("routes: [{path: /a, rate: {limit: ", ", per: 1s}}]"),
        ("routes: [{path: /a, reply: ", "}]"),
        ("routes: [{path: /a, reply: {headers: ", "}}]"), ("routes: [{path: /a, reply: {status: ", "}}]"),
        ("routes: [{path: /a, unique_key: ", "}]"), ("routes: [{path: /a, each: ", "}]"),
        ("routes: [{path: /a, methods: ", "}]"),
        ("routes: [{path: /a, jobs: [{type: ", "}]}]"), ("routes: [{path: /a, jobs: [{type: t, when: ", "}]}]"),
        ("routes: [{path: /a, jobs: [{type: t, when: {body.a: ", "}}]}]"),
        ("routes: [{path: /a, jobs: [{type: t, when: {any: ", "}}]}]"),
        ("routes: [{path: /a, jobs: [{type: t, when: {body.a: {like: ", "}}}]}]"),
        ("routes: [{path: /a, jobs: [{ignore: ", "}]}]"),
        ("routes: [{path: /a, examples: ", "}]"), ("routes: [{path: /a, examples: [", "]}]"),
        ("routes: [{path: /a, examples: [{name: e, expect: ", "}]}]"), ("routes: [{path: /a, verify: {alg: ", "}}]"),
        ("routes: [{path: /a, verify: {alg: hmac-sha256, signature_from: ", "}}]"),
        ("routes: [{path: /a, body_limit: ", "}]"),
    ]

    @Test("a value of the wrong type anywhere is a problem with a place, never a crash", arguments: 0..<places.count)
    func wrongTypes(place: Int) {
        let (before, after) = Self.places[place]
        for value in [
            "null", "true", "0", "-1", "1e400", "99999999999999999999", "''", "x", "[]", "[[]]", "{}", "{a: {}}",
            "[{}, 1, x]",
        ] {
            let compilation = compile([("r.yaml", "\(before)\(value)\(after)\n")])
            #expect((compilation.table == nil) == !compilation.problems.isEmpty, "\(value)")
            #expect(compilation.problems.allSatisfy { $0.line == 1 && $0.column >= 1 })
        }
    }
}
