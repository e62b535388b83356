import SluiceRoutes
import Testing

/// What the language has and this version does not read is refused as such, at its place.
struct NotSupportedYetTests {
    @Test(
        "A key of a route",
        arguments: ["each", "on_mismatch", "reply", "content_types", "allow_from", "public_url", "keep_request", "rate", "examples"])
    func routeKeys(key: String) {
        #expect(problems(openRoute("\(key): x")) == ["5:5: '\(key)' in a route is not supported yet"])
    }

    @Test("A key of a kind", arguments: ["payload", "batch", "budgets"])
    func kindKeys(key: String) {
        #expect(problems("kinds:\n  k:\n    \(key): x\n") == ["3:5: '\(key)' in a kind is not supported yet"])
    }

    @Test("A key of a job rule", arguments: ["delay", "ready_at", "batch", "budgets"])
    func ruleKeys(key: String) {
        #expect(problems(openRoute(rule: "\(key): x")) == ["7:9: '\(key)' in a job rule is not supported yet"])
    }

    @Test(
        "A key of 'verify'",
        arguments: ["signature_split", "key_strip_prefix", "timestamp_from", "timestamp_format", "tolerance", "id_from", "signed"])
    func verifyKeys(key: String) {
        let text = "routes:\n- path: /a\n  provider: github\n  verify: {\(key): x}\n  secrets: [{env: SECRET}]\n  jobs: [{type: t}]\n"
        #expect(problems(text) == ["4:12: '\(key)' in 'verify' is not supported yet"])
    }

    @Test(
        "An algorithm", arguments: ["hmac-sha1", "hmac-sha512", "ed25519", "ecdsa-p256-sha256", "rsa-sha256", "static", "basic"])
    func algorithms(name: String) {
        let text = "routes:\n- path: /a\n  provider: github\n  verify: {alg: \(name)}\n  secrets: [{env: SECRET}]\n  jobs: [{type: t}]\n"
        #expect(problems(text) == ["4:17: 'alg': '\(name)' is not supported yet"])
    }

    @Test(
        "A word, a provider, a path with parameters",
        arguments: [
            ("body: text", "5:11: 'body': 'text' is not supported yet"), ("body: bytes", "5:11: 'body': 'bytes' is not supported yet"),
            ("match: all", "5:12: 'match': 'all' is not supported yet"),
            ("provider: stripe", "5:15: the provider 'stripe' is not supported yet"),
        ])
    func words(line: String, expected: String) {
        #expect(problems(openRoute(line)) == [expected])
    }

    @Test("A path with parameters")
    func parameters() {
        #expect(
            problems(openRoute().replacing("/hook", with: "\"/github/{tenant}\""))
                == ["3:11: a path with parameters is not supported yet"])
    }

    @Test("'match: first', which is the default, is read")
    func matchFirst() {
        #expect(problems(openRoute("match: first")) == [])
    }

    @Test(
        "A reference",
        arguments: [
            ("param.tenant", "the reference 'param' is not supported yet"), ("url", "the reference 'url' is not supported yet"),
            ("item.a", "the reference 'item' is not supported yet"), ("index", "the reference 'index' is not supported yet"),
            ("body.a[]", "'[]' in a reference is not supported yet"),
        ])
    func references(reference: String, expected: String) {
        #expect(problems(openRoute(rule: "payload: ${\(reference)}")) == ["7:18: \(expected)"])
    }

    @Test("A signature in the body")
    func signatureInBody() {
        let text =
            "routes:\n- path: /a\n  provider: github\n  verify: {signature_from: '${body.s}'}\n"
            + "  secrets: [{env: SECRET}]\n  jobs: [{type: t}]\n"
        #expect(problems(text) == ["4:28: a signature in the body is not supported yet"])
    }
}
