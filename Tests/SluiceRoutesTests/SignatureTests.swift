import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct SignatureTests {
    @Test("GitHub's published vectors are judged as published", arguments: GitHubVector.all)
    func githubVectors(vector: GitHubVector) throws {
        let text =
            "routes:\n- path: /g\n  provider: github\n  on_unreadable: dead_letter\n  secrets: [{env: S}]\n  jobs: "
            + "[{type: t}]\n"
        let request = TestRequest(vector.body, headers: [("X-Hub-Signature-256", vector.header)])
        let outcome = request.processed(by: try route(text, environment: ["S": vector.secret]))
        #expect((outcome.delivery != nil) == vector.isValid)
        if !vector.isValid { #expect(outcome.summary.hasPrefix("refused signature_invalid: ")) }
    }

    private func signedRoute(_ verify: String = "", secrets: String = "[{env: SECRET}]") -> String {
        """
        routes:
          - path: /hook
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signature_prefix: "sha256="\(verify) }
            secrets: \(secrets)
            jobs: [ { type: t } ]

        """
    }

    @Test("a request with a right signature is stored")
    func right() throws {
        #expect(TestRequest("{}").signed().processed(by: try route(signedRoute())).summary == "stored")
    }

    @Test(
        "a wrong, missing, empty, truncated or repeated signature header is refused, each with its reason",
        arguments: [
            ([], "refused signature_missing: the header x-signature is missing"),
            ([""], "refused signature_missing: the header x-signature is empty"),
            (["sha256="], "refused signature_missing: the header x-signature contains no signature after its prefix"),
            (
                ["sha1=00"],
                "refused signature_invalid: the header x-signature does not begin with the signature's prefix"
            ),
            (["sha256=zz"], "refused signature_invalid: the header x-signature is not hex"),
            (["sha256=0"], "refused signature_invalid: the header x-signature is not hex"),
            (["sha256=00"], "refused signature_invalid: the header x-signature does not match any secret of the route"),
            (["right", "right"], "refused signature_invalid: the header x-signature is repeated"),
            (["right", "sha256=00"], "refused signature_invalid: the header x-signature is repeated"),
            (["truncated"], "refused signature_invalid: the header x-signature does not match any secret of the route"),
        ])
    func wrong(values: [String], expected: String) throws {
        var request = TestRequest("{}")
        let right = "sha256=" + signature(request.body, "a secret of tests")
        for value in values {
            let sent = value == "right" ? right : value == "truncated" ? String(right.dropLast(2)) : value
            request.headers.append(("X-Signature", sent))
        }
        #expect(request.processed(by: try route(signedRoute())).summary == expected)
    }

    @Test("a body changed by one byte is refused", arguments: [0, 5, 10])
    func changedBody(position: Int) throws {
        var request = TestRequest(#"{"a":"bcd"}"#).signed()
        request.body[position] ^= 1
        #expect(
            request.processed(by: try route(signedRoute())).summary
                == "refused signature_invalid: the header x-signature does not match any secret of the route")
    }

    @Test(
        "any of several secrets may match, and no other",
        arguments: [("the first secret", true), ("the second secret", true), ("three", false)])
    func rotation(secret: String, isStored: Bool) throws {
        let route = try route(
            signedRoute(secrets: "[{env: A}, {env: B}]"),
            environment: ["A": "the first secret", "B": "the second secret"])
        #expect((TestRequest("{}").signed(secret).processed(by: route).delivery != nil) == isStored)
    }

    @Test(
        "signatures in base64, and secrets in base64 and hex, are read as such; letter case counts in base64 and not in hex"
    )
    func encodings() throws {
        let hex = try route(
            signedRoute(", key_encoding: hex"), environment: ["SECRET": "6120736563726574206f66207465737473"])
        let base64 = try route(
            signedRoute(", key_encoding: base64, signature_encoding: base64"),
            environment: ["SECRET": "YSBzZWNyZXQgb2YgdGVzdHM="])
        let request = TestRequest("{}")
        let digest = signature(request.body, "a secret of tests")
        let decoded = Hex.decode(Array(digest.utf8).span)
        let text = Base64.encode(try #require(decoded))
        func outcome(_ value: String, _ route: Route) -> String {
            var sent = request
            sent.headers = [("x-signature", "sha256=" + value)]
            return sent.processed(by: route).summary
        }
        #expect(outcome(digest, hex) == "stored")
        #expect(outcome(digest.uppercased(), hex) == "stored")
        #expect(outcome(text, base64) == "stored")
        #expect(outcome(text.lowercased(), base64).hasPrefix("refused signature_invalid"))
        #expect(
            outcome(String(text.dropLast()), base64)
                == "refused signature_invalid: the header x-signature is not base64")
    }

    @Test("'verify' overrides the provider's preset, key by key")
    func overPreset() throws {
        let text = """
            routes:
              - path: /hook
                provider: github
                verify: { signature_from: "${header.X-Own}" }
                secrets: [ { env: SECRET } ]
                jobs: [ { type: t } ]
            """
        #expect(TestRequest("{}").signed(header: "X-Own").processed(by: try route(text)).summary == "stored")
    }

    @Test("with 'verify: none' every request passes, and the route says so")
    func none() throws {
        let route = try route(openRoute())
        #expect(TestRequest("{}").processed(by: route).summary == "stored")
        #expect(!route.isVerified)
    }
}
