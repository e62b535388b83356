import SluiceRouteFiles
import Testing

/// What is wrong with `key_from` and `key_urls` in a route file.
@Suite struct KeySourceProblemTests {
    private func problems(of lines: String, secrets: String = "") -> [String] {
        let text = """
            routes:
            - path: /hook
              verify: { alg: rsa-sha256, signature_from: "${header.X-Signature}", \(lines) }
              \(secrets)
              jobs: [ { type: t } ]

            """
        return found(text)
    }

    private func found(_ text: String) -> [String] {
        compile([("r.yaml", text)]).problems.map(\.message)
    }

    @Test("keys that are fetched need no secrets")
    func fine() {
        #expect(problems(of: "key_from: https://example.com/key.pem") == [])
        #expect(
            problems(of: "key_from: \"${header.X-Url}\", key_urls: [ https://keys.*.example.com/*.pem ]") == [])
    }

    @Test("a reference needs patterns, and a fixed URL has none")
    func patterns() {
        #expect(
            problems(of: "key_from: \"${header.X-Url}\"") == [
                "'key_from' with a reference needs 'key_urls': otherwise an attacker could name a key of their own"
            ])
        #expect(
            problems(of: "key_from: https://example.com/key.pem, key_urls: [ https://example.com/* ]") == [
                "'key_urls' has no effect with a fixed URL in 'key_from'"
            ])
        #expect(
            problems(of: "key_urls: [ https://example.com/* ]", secrets: "secrets: [ { env: SECRET } ]").first
                == "'key_urls' has no effect without 'key_from'")
        #expect(
            problems(of: "key_from: \"${header.X-Url}\", key_urls: [ https://*/a ]").first?.hasPrefix(
                "a URL of 'key_urls' must be like https://keys.*.example.com/*.pem") == true)
    }

    @Test("a URL is https, and a reference is to a part of the request")
    func urls() {
        #expect(
            problems(of: "key_from: http://example.com/key.pem") == [
                "'key_from' must be a URL such as https://example.com/jwks.json, or one reference to a URL"
            ])
        #expect(problems(of: "key_from: \"https://${header.X-Host}/\", key_urls: [ https://a.b/* ]").count == 1)
    }

    @Test("secrets and their format have no effect if keys are fetched")
    func secrets() {
        #expect(
            problems(of: "key_from: https://example.com/key.pem", secrets: "secrets: [ { env: SECRET } ]") == [
                "'secrets' has no effect with 'key_from': the keys are fetched"
            ])
        #expect(
            problems(of: "key_from: https://example.com/key.pem, key_encoding: base64") == [
                "'key_encoding' has no effect with 'key_from', which fetches public keys"
            ])
    }

    @Test("only public keys are fetched")
    func algorithms() {
        let hmac = """
            routes:
            - path: /hook
              verify: { alg: hmac-sha256, signature_from: "${header.X-S}", key_from: "https://example.com/key" }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """
        #expect(found(hmac) == ["'key_from' has no effect with 'alg: hmac-sha256': only public keys can be fetched"])
        let token = """
            routes:
            - path: /hook
              verify: { alg: jwt, signature_from: "${header.X-S}", key_from: "https://a.b/k", jwt: { algs: [HS256] } }
              jobs: [ { type: t } ]

            """
        #expect(found(token) == ["'key_from' needs algorithms with public keys in 'algs', such as RS256"])
    }

    @Test("alternatives with secrets and with fetched keys can be combined")
    func mixed() {
        let text = """
            routes:
            - path: /hook
              verify:
                - { alg: hmac-sha256, signature_from: "${header.X-S}" }
                - { alg: rsa-sha256, signature_from: "${header.X-R}", key_from: "https://example.com/key.pem" }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """
        #expect(found(text) == [])
        #expect(
            found(text.replacing("  secrets: [ { env: SECRET } ]\n", with: "")) == [
                "a route that verifies requests needs 'secrets', such as [ { env: NAME } ]"
            ])
    }
}
