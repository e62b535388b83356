import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// What is wrong with a handshake rule and what is risky in it, said at load.
@Suite struct HandshakeProblemTests {
    private func compiled(_ rules: [String], _ lines: String) -> RouteCompilation {
        compile([("r.yaml", HandshakeRoute.text(rules, lines: lines))], environment: HandshakeRoute.environment)
    }

    private static func shown(_ diagnostics: [Diagnostic]) -> [String] {
        diagnostics.map { String($0.description.dropFirst("r.yaml:".count)) }
    }

    @Test(
        "a mistake in a rule has a message and a location",
        arguments: [
            ("{ reply: { status: 204 } }", "6:5: a handshake rule needs 'when'"),
            (
                "{ when: { method: GET }, signde: false }",
                "6:30: unknown key 'signde' in a handshake rule; did you mean 'signed'?"
            ),
            (
                "{ when: { method: GET }, token: '${query.t}' }",
                "6:30: 'token' needs 'handshake_secrets' in the route, such as [ { env: NAME } ]"
            ),
            (
                "{ when: { query.a: b }, hmac: { of: 'x${query.t}' }, reply: { body: '${hmac}' } }",
                "6:41: 'of' must be one reference to a header, a query parameter, a path parameter or a field of the body, "
                    + "such as ${query.token}"
            ),
            (
                "{ when: { query.a: b }, hmac: { of: '${body}' }, reply: { body: '${hmac}' } }",
                "6:41: 'of' must be one reference to a header, a query parameter, a path parameter or a field of the body, "
                    + "such as ${query.token}"
            ),
            (
                "{ when: { query.a: b }, hmac: { of: '${query.t}' } , reply: { body: a } }",
                "6:29: 'hmac' has no effect without ${hmac} in the reply"
            ),
            (
                "{ when: { query.a: b }, reply: { body: '${hmac}' } }",
                "6:44: 'hmac' can only be used in the 'reply' of a handshake with 'hmac'"
            ),
            (
                "{ when: { query.a: b }, hmac: { of: '${query.t}', key_encoding: hex }, reply: { body: '${hmac}' } }",
                "6:35: the first secret is not valid hex, which 'key_encoding' requires"
            ),
            (
                "{ when: { query.a: b }, otherwise_status: 404 }",
                "6:29: 'otherwise_status' has no effect without 'token', 'hmac' or 'call'"
            ),
            (
                "{ when: { body.t: c }, call: '${body.url}' }",
                "6:28: 'call' needs 'call_urls', such as [ \"https://sns.*.amazonaws.com/*\" ]: otherwise the gateway could "
                    + "be made to call any URL"
            ),
            (
                "{ when: { body.t: c }, call_urls: [ 'https://a.example.com/*' ] }",
                "6:39: 'call_urls' has no effect without 'call'"
            ),
            (
                "{ when: { body.t: c }, call: '${body.url}', call_urls: [ 'http://a.example.com/*' ] }",
                "6:62: a URL of 'call_urls' must be like https://keys.*.example.com/?id=*, where a '*' in the host is one "
                    + "label, and the last two labels are written out"
            ),
            (
                "{ when: { body.t: c }, signed: false, call: '${body.url}', call_urls: [ 'https://a.example.com/*' ] }",
                "6:43: 'call' needs a request with a valid signature: otherwise anyone could make the gateway call a URL; "
                    + "set 'signed: true'"
            ),
            (
                "{ when: { query.a: b }, call: '${query.url}', call_urls: [ 'https://a.example.com/*' ] }",
                "6:29: 'call' needs a request with a valid signature: otherwise anyone could make the gateway call a URL; "
                    + "set 'signed: true'"
            ),
            (
                "{ when: { query.a: b }, reply: { headers: { content-type: text/html }, body: '${query.a}' } }",
                "6:36: the gateway sets 'content-type' in the reply to a handshake; remove it"
            ),
            (
                "{ when: { query.a: b }, reply: { headers: { X-Content-Type-Options: x } } }",
                "6:36: the gateway sets 'x-content-type-options' in the reply to a handshake; remove it"
            ),
            (
                "{ when: { method: POST } }",
                "6:5: this rule answers every POST before its signature is verified, so the route would make no jobs; add a "
                    + "condition on a header or a query parameter, or 'signed: true'"
            ),
            (
                "{ when: { query.a: b }, reply: { body: '${item.x}' } }", "6:44: 'item' cannot be used without 'each'"
            ),
        ])
    func mistakes(rule: String, expected: String) {
        #expect(Self.shown(compiled([rule], "").problems) == [expected])
    }

    @Test("secrets without a rule that needs them, and a token of a route that has none")
    func secrets() {
        let text = HandshakeRoute.text(["{ when: { method: HEAD } }"], lines: HandshakeRoute.secrets)
        let unused = compile([("r.yaml", text)], environment: HandshakeRoute.environment)
        #expect(
            Self.shown(unused.warnings) == [
                "5:3: warning: 'handshake_secrets' has no effect: no handshake rule has 'token' or 'hmac'"
            ])
        #expect(
            problems(openRoute("handshake_secrets: [ { env: SECRET } ]")) == [
                "5:5: 'handshake_secrets' has no effect without 'handshake'"
            ])
        #expect(
            problems(
                openRoute(
                    "handshake: [ { when: { query.a: b }, hmac: { of: '${query.t}' }, reply: { body: '${hmac}' } } ]"))
                == [
                    "5:48: 'hmac' needs 'handshake_secrets' in the route, such as [ { env: NAME } ], because the route has "
                        + "no 'secrets'"
                ])
        #expect(
            problems(openRoute("handshake: [ { when: { header.a: b }, signed: true } ]")) == [
                "5:43: 'signed: true' is never true: the route has 'verify: none'"
            ])
    }

    @Test("a secret that is missing is one problem, however often it is used")
    func missingSecret() {
        let rules = [
            "{ when: { query.a: b }, token: '${query.t}', hmac: { of: '${query.t}' }, reply: { body: '${hmac}' } }",
            "{ when: { query.c: d }, hmac: { of: '${query.t}' }, reply: { body: '${hmac}' } }",
        ]
        let text = HandshakeRoute.text(rules, lines: "handshake_secrets: [ { env: NOWHERE } ]")
        #expect(
            problems(text, environment: HandshakeRoute.environment) == [
                "5:31: the environment variable NOWHERE is not set"
            ])
    }

    @Test(
        "a risk is a warning or a note",
        arguments: [
            (
                "{ when: { method: GET, query.verify_token: abc } }",
                "6:28: warning: 'query.verify_token' is compared with a text in the file; if it is a secret, use 'token' "
                    + "and 'handshake_secrets'"
            ),
            (
                "{ when: { body.challenge: { exists: true } }, signed: false, reply: { body: '${body.challenge}' } }",
                "6:5: note: anyone can have the route echo the field challenge of the body: the rule has 'signed: false'"
            ),
            (
                "{ when: { method: PUT, body.a: b } }",
                "6:15: warning: this rule never matches: no 'method' is \"PUT\"; the route accepts only POST"
            ),
        ])
    func risks(rule: String, expected: String) {
        let compilation = compiled([rule], "")
        #expect(compilation.problems.map(\.description) == [])
        let found = Self.shown(compilation.warnings + compilation.notes)
        #expect(found.contains(expected), "\(found)")
    }

    @Test("a rule after one that matches everything that it could is unreachable, but not after one with an echo")
    func unreachable() {
        let plain = compiled(["{ when: { header.a: b } }", "{ when: { header.a: b, method: GET } }"], "")
        #expect(
            Self.shown(plain.warnings) == [
                "7:5: warning: this rule is never reached: the rule on line 6 matches everything that it could match"
            ])
        let echo = compiled(
            ["{ when: { header.a: b }, reply: { body: '${query.c}' } }", "{ when: { header.a: b } }"], "")
        #expect(Self.shown(echo.warnings) == [])
        // The second is asked first.
        #expect(Self.shown(compiled(["{ when: { body.a: b } }", "{ when: { header.a: b } }"], "").warnings) == [])
    }

    @Test("a rule for an unsigned body needs to say so")
    func openBody() {
        let rule = "handshake: [ { when: { body.challenge: { exists: true } }SIGNED } ]"
        let silent = compile([("r.yaml", openRoute(rule.replacing("SIGNED", with: "")))])
        #expect(
            Self.shown(silent.warnings) == [
                "5:18: warning: the route has 'verify: none', so this rule answers a body that anyone can send; write "
                    + "'signed: false' to say that this is intended"
            ])
        let said = compile([("r.yaml", openRoute(rule.replacing("SIGNED", with: ", signed: false")))])
        #expect(Self.shown(said.warnings) == [])
    }

    @Test("a signed text that can itself be a token needs a pattern for the tokens that are signed")
    func oracle() {
        let text = """
            routes:
            - path: /hook
              body: form
              verify: { alg: hmac-sha256, signature_from: "${body.signature}", signed: "${body.payload}" }
              secrets: [ { env: SECRET } ]
              handshake: [ { when: { method: GET }, hmac: { of: "${query.t}"PATTERN }, reply: { body: "${hmac}" } } ]
              jobs: [ { type: t } ]

            """
        let warnings = { (pattern: String) in
            Self.shown(compile([("r.yaml", text.replacing("PATTERN", with: pattern))]).warnings)
                .filter { $0.contains("'hmac'") }
        }
        #expect(
            warnings("") == [
                "6:16: warning: 'hmac' uses a key that also verifies signatures, and the signed text could itself be a "
                    + "token, which this rule would sign for anyone; such requests are refused, so set 'pattern' to the "
                    + "format of the provider's tokens, or use another secret in 'handshake_secrets'"
            ])
        #expect(warnings(", pattern: '[0-9a-f]{20}'") == [])
        for (signed, count) in [
            ("${sha256.body}", 1), ("a${base64.body}", 1), ("v0:${sha256.body}", 0), ("${body}", 0),
        ] {
            let other = text.replacing("${body.payload}", with: signed).replacing("PATTERN", with: "")
            let found = compile([("r.yaml", other)]).warnings.filter { $0.description.contains("itself be a token") }
            #expect(found.count == count, "\(signed)")
        }
    }
}
