import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct RouteProblemFormTests {
    @Test("all problems of all files come in one run, sorted by file, line and column")
    func allFiles() {
        let broken = "routes:\n- {path: /a, verify: none, jobs: [{type: 't,'}]}\nkind: {}\n"
        let compilation = compile([("b.yaml", broken), ("a.yaml", "a: {b\n"), ("c.yaml", broken)])
        #expect(compilation.table == nil)
        #expect(
            compilation.problems.map(\.description) == [
                "a.yaml:2:1: invalid YAML: did not find expected ',' or '}' while parsing a flow mapping that begins on "
                    + "line 1",
                "b.yaml:2:42: 'type' must not contain ','",
                "b.yaml:3:1: unknown key 'kind' in a route file; did you mean 'kinds'?",
                "c.yaml:2:10: the path '/a' is already used at b.yaml:2:10",
                "c.yaml:2:42: 'type' must not contain ','",
                "c.yaml:3:1: unknown key 'kind' in a route file; did you mean 'kinds'?",
            ])
    }

    @Test("a kind of one file serves the routes of another, and a kind that is declared twice is a problem")
    func kindsOfAllFiles() {
        let routes = "routes:\n- {path: /a, verify: none, jobs: [{kind: k}]}\n"
        #expect(compile([("a.yaml", routes), ("b.yaml", "kinds: {k: {}}\n")]).table != nil)
        #expect(
            compile([("a.yaml", "kinds: {k: {}}\n"), ("b.yaml", "kinds:\n  k: {}\n"), ("r.yaml", routes)]).problems.map(
                \.description)
                == ["b.yaml:2:3: the kind 'k' is already declared at a.yaml:1:9"])
    }

    @Test("a name is that of one route in all files, whether it is written or the path")
    func names() {
        func route(_ keys: String) -> String { "routes:\n- {\(keys), verify: none, jobs: [{type: t}]}\n" }
        let named = compile([("a.yaml", route("path: /a, name: n")), ("b.yaml", route("path: /b, name: n"))])
        #expect(named.problems.map(\.description) == ["b.yaml:2:20: the name 'n' is already used at a.yaml:2:20"])
        let path = compile([("a.yaml", route("path: /a")), ("b.yaml", route("path: /b, name: /a"))])
        #expect(path.problems.map(\.description) == ["b.yaml:2:20: the name '/a' is already used at a.yaml:2:10"])
    }

    @Test("a kind that no rule makes is a warning, and no problem")
    func unusedKind() {
        let compilation = compile([("r.yaml", openRoute() + "kinds: {k: {}, l: {}}\n")])
        #expect(compilation.table != nil)
        #expect(
            compilation.warnings.map(\.description) == [
                "r.yaml:7:9: warning: no rule makes jobs of kind 'k'",
                "r.yaml:7:16: warning: no rule makes jobs of kind 'l'",
            ])
    }

    private func keyWarnings(_ key: String, provider: Bool, lines: String = "") -> [String] {
        let verify = provider ? "provider: github" : "verify: {alg: hmac-sha256, signature_from: '${header.S}'}"
        let text =
            "routes:\n- path: /a\n  \(verify)\n  secrets: [{env: SECRET}]\n  unique_key: \(key)\n\(lines)  jobs: "
            + "[{type: t}]\n"
        let compilation = compile([("r.yaml", text)])
        #expect(compilation.problems == [])
        return compilation.warnings.map(\.description)
    }

    @Test("a unique key that is not signed is a warning, except for the provider's own delivery id")
    func coverage() {
        let end =
            ", which the unique key uses: an attacker with a captured request could replay it with another "
            + "value; take the key from the body if possible"
        #expect(
            keyWarnings("${header.X-Id}", provider: false) == [
                "r.yaml:5:15: warning: the signature does not cover the header x-id\(end)"
            ])
        #expect(
            keyWarnings("['${body.id}', '${query.q}']", provider: false) == [
                "r.yaml:5:15: warning: the signature does not cover the query parameter q\(end)"
            ])
        #expect(
            keyWarnings("${header.X-Id}", provider: true) == [
                "r.yaml:5:15: warning: the signature does not cover the header x-id\(end)"
            ])
        #expect(keyWarnings("${header.x-github-delivery}", provider: true) == [])
        #expect(keyWarnings("${body.id}", provider: false) == [])
        #expect(keyWarnings("${sha256.body}", provider: false) == [])
    }

    @Test(
        "a unique key that is never the same twice is a warning, whether the route verifies or not",
        arguments: [
            ("'${delivery.id}'", "the delivery's id"), ("'${delivery.received_at}'", "the time of receipt"),
            ("['${header.X-Id}', '${delivery.received_ms}']", "the time of receipt"),
            ("'${event}'", "the time of receipt"),
        ])
    func changingKey(key: String, noun: String) {
        for verify in ["none", "{alg: hmac-sha256, signature_from: '${header.S}'}, secrets: [{env: SECRET}]"] {
            let text =
                "routes:\n- {path: /a, verify: \(verify), event: '${delivery.received_at}${body.e}',\n"
                + "  unique_key: \(key), jobs: [{type: t}]}\n"
            let compilation = compile([("r.yaml", text)])
            #expect(compilation.problems == [])
            #expect(
                compilation.warnings.map(\.description) == [
                    "r.yaml:3:15: warning: the unique key uses \(noun), which is different for each request: a repeated "
                        + "delivery is never a duplicate; use a value that the sender repeats, such as a field of the "
                        + "body"
                ], "\(verify)")
        }
    }

    @Test("without a rule that takes everything the route must say what happens otherwise")
    func otherwise() {
        let text = "routes:\n- {path: /a, verify: none, jobs: [{when: {body.a: 1}, type: t}]}\n"
        #expect(
            problems(text) == [
                "2:3: add 'otherwise: ignore' or 'otherwise: dead_letter' for requests that no rule matches, or end "
                    + "with a rule without 'when'"
            ])
        #expect(problems(text.replacing("none,", with: "none, otherwise: ignore,")) == [])
        #expect(
            problems(text.replacing("none,", with: "none, otherwise: drop,"))
                == ["2:39: 'otherwise' must be 'ignore' or 'dead_letter', not 'drop'"])
    }

    @Test("problems of YAML syntax are reported together with those of the contents")
    func yamlProblems() {
        #expect(
            problems("routes:\n- {path: /a, path: /b, verify: !!str none, jobs: [{type: t, quue: x}]}\n") == [
                "2:14: duplicate key 'path'; first used on line 2",
                "2:32: tags (!name) are not allowed; put a text that begins with ! in quotes",
                "2:61: unknown key 'quue' in a job rule; did you mean 'queue'?",
            ])
    }

    @Test("200,000 values are read in all files together, and no more")
    func nodes() {
        let list = "kinds: {k: {payload: [" + String(repeating: "1,", count: 120_000) + "1]}}\n"
        let compilation = compile([("a.yaml", list), ("b.yaml", list)])
        #expect(
            compilation.problems.contains {
                $0.message.hasPrefix("too many values: the limit is ") && $0.file == "b.yaml"
            })
    }

    @Test("no files, and files without routes, are a table without routes")
    func noRoutes() {
        #expect(compile([]).table?.routes.isEmpty == true)
        #expect(compile([("a.yaml", "routes: []\n")]).table?.routes.isEmpty == true)
    }

    @Test("a file that was cut to nothing does not take its routes away", arguments: ["", "\n\n", "# nothing\n"])
    func empty(text: String) {
        let compilation = compile([("a.yaml", text)])
        #expect(compilation.table == nil)
        #expect(
            compilation.problems.map(\.description) == [
                "a.yaml:1:1: this file is empty; delete it to remove its routes"
            ])
    }

    @Test("the environment variables that routes name are known")
    func environment() {
        let text =
            "routes:\n- {path: /a, provider: github, secrets: [{env: SECRET}, {env: OTHER}], jobs: [{type: t}]}\n"
        #expect(compile([("a.yaml", text)]).environmentNames == ["OTHER", "SECRET"])
    }

    @Test("a secret in the file itself works if it is allowed")
    func inline() throws {
        let text = "routes:\n- {path: /a, provider: github, secrets: [{value: an inline secret}], jobs: [{type: t}]}\n"
        let route = try #require(compile([("a.yaml", text)], inlineSecrets: true).table?.routes.first)
        #expect(
            TestRequest("{}").signed("an inline secret", header: "X-Hub-Signature-256").processed(by: route).summary
                == "stored")
    }
}
