import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import Testing

@testable import SluiceRoutes

/// Which refused requests another secret would make valid, and what is kept of them.
@Suite(.serialized) struct QuarantineTests {
    private static let other = ["SECRET": "another secret"]

    private func text(_ verify: String, _ lines: String = "") -> String {
        "routes:\n- path: /hook\n  body: bytes\n  verify: \(verify)\n  secrets: [ { env: SECRET } ]\n  quarantine: true\n"
            + "\(lines)  jobs: [ { type: t } ]\n"
    }

    /// Whether the request would be kept: it is refused only because the secret is missing.
    private func awaitsSecret(_ request: TestRequest, _ route: Route, at time: Int64 = TestRequest.now) -> Bool {
        request.withView { view in
            var scratch = RouteScratch()
            let outcome = route.handle(view, request.arrival(time), from: .head, scratch: &scratch)
            #expect(!scratch.awaitsSecret || outcome.status == 401)
            return scratch.awaitsSecret
        }
    }

    private static let hmac =
        "{ alg: hmac-sha256, signature_from: '${header.X-Signature}', signature_prefix: 'sha256=' }"

    @Test("an HMAC by another secret is kept; a right, missing, malformed or repeated signature is not")
    func hmac() throws {
        let route = try route(text(Self.hmac))
        let request = TestRequest("{}")
        #expect(awaitsSecret(request.signed("another secret"), route))
        #expect(awaitsSecret(TestRequest("{}", headers: [("X-Signature", "sha256=00")]), route))
        #expect(!awaitsSecret(request.signed(), route))
        #expect(!awaitsSecret(request, route))
        #expect(!awaitsSecret(TestRequest("{}", headers: [("X-Signature", "sha256=zz")]), route))
        #expect(!awaitsSecret(TestRequest("{}", headers: [("X-Signature", "sha1=00")]), route))
        #expect(!awaitsSecret(request.signed("another secret").signed("another secret"), route))
    }

    @Test("a timestamp out of tolerance, or a value that 'require' excludes, is not kept whatever the secret")
    func otherRules() throws {
        let verify = """
            { alg: hmac-sha256, signature_from: '${header.S}', timestamp_from: '${header.T}', tolerance: 5m, \
            signed: '${timestamp}.${body}', require: { header.Kind: hook } }
            """
        let route = try route(text(verify))
        func request(_ seconds: Int64, kind: String = "hook") -> TestRequest {
            let text = Array("\(seconds).{}".utf8)
            return TestRequest(
                "{}", headers: [("S", signature(text, "another secret")), ("T", "\(seconds)"), ("Kind", kind)])
        }
        let now = TestRequest.now / 1000
        #expect(awaitsSecret(request(now), route))
        #expect(!awaitsSecret(request(now - 301), route))
        #expect(!awaitsSecret(request(now, kind: "other"), route))
        // Verified later, the time of receipt counts.
        #expect(awaitsSecret(request(now - 86_400), route, at: TestRequest.now - 86_400_000))
    }

    @Test("a token in a header, basic authentication, and a key in the query are kept if they differ")
    func tokens() throws {
        for (verify, right, wrong) in [
            ("{ alg: static, signature_from: '${header.T}' }", "tests:a secret of tests", "another secret"),
            (
                "{ alg: basic, signature_from: '${header.T}' }",
                "Basic " + Base64.encode(Array("tests:a secret of tests".utf8)),
                "Basic " + Base64.encode(Array("user:another".utf8))
            ),
        ] {
            let compilation = compile([("r.yaml", text(verify))], environment: ["SECRET": "tests:a secret of tests"])
            let route = try #require(compilation.table?.routes.first, "\(compilation.problems)")
            #expect(awaitsSecret(TestRequest("{}", headers: [("T", wrong)]), route), "\(verify)")
            #expect(!awaitsSecret(TestRequest("{}", headers: [("T", right)]), route), "\(verify)")
            #expect(!awaitsSecret(TestRequest("{}"), route), "\(verify)")
        }
    }

    @Test("a JSON Web Token by another secret is kept, unless its claims or its algorithm are wrong")
    func jwt() throws {
        let route = try route(
            text("{ alg: jwt, signature_from: '${header.T}', jwt: { algs: [HS256], claims: { iss: me } } }"))
        func token(_ claims: String, header: String = #"{"alg":"HS256"}"#) -> TestRequest {
            let text = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
            let digest = HMACKey(.sha256, key: Array("another secret".utf8).span).authenticate(Array(text.utf8).span)
            return TestRequest("{}", headers: [("T", text + "." + Base64.encodeURL(digest.span.array))])
        }
        #expect(awaitsSecret(token(#"{"iss":"me"}"#), route))
        #expect(!awaitsSecret(token(#"{"iss":"you"}"#), route))
        #expect(!awaitsSecret(token(#"{"iss":"me","exp":1}"#), route))
        #expect(!awaitsSecret(token(#"{"iss":"me"}"#, header: #"{"alg":"none"}"#), route))
        #expect(!awaitsSecret(TestRequest("{}", headers: [("T", "a.b.c")]), route))
    }

    @Test("an Ed25519 signature by another key is kept")
    func ed25519() throws {
        // Of RFC 8032 §7.1, test 2.
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        let verify =
            "{ alg: ed25519, signature_from: '${header.S}', signature_encoding: hex, key_encoding: hex, "
            + "signed: '${body}' }"
        let compilation = compile([("r.yaml", text(verify))], environment: ["SECRET": key])
        let route = try #require(compilation.table?.routes.first, "\(compilation.problems)")
        #expect(awaitsSecret(TestRequest("{}", headers: [("S", String(repeating: "0a", count: 64))]), route))
        #expect(!awaitsSecret(TestRequest("{}", headers: [("S", "xyz")]), route))
    }

    @Test("with several alternatives a request is kept if one of them lacks only its secret")
    func anyOf() throws {
        let route = try route(text("[ \(Self.hmac), { alg: static, signature_from: '${header.Token}' } ]"))
        #expect(awaitsSecret(TestRequest("{}").signed("another secret"), route))
        #expect(awaitsSecret(TestRequest("{}", headers: [("Token", "another secret")]), route))
        #expect(!awaitsSecret(TestRequest("{}").signed(), route))
        #expect(!awaitsSecret(TestRequest("{}"), route))
    }

    @Test("the kept head has what the verifier reads, and no other credential")
    func head() throws {
        let verify =
            "{ alg: hmac-sha256, signature_from: '${header.S}', signed: '${header.Authorization}.${body}' }"
        let lines = "  credential_headers: [ X-Api-Key ]\n"
        let route = try route(text(verify, lines))
        let request = TestRequest(
            "{}",
            headers: [
                ("Host", "h"), ("S", "00"), ("Authorization", "Bearer t"), ("Cookie", "c"), ("X-Api-Key", "k"),
                ("Proxy-Authorization", "p"),
            ])
        let head = request.withView { route.quarantinedHead(of: $0) }
        #expect(
            String(decoding: head, as: UTF8.self)
                == "POST /hook HTTP/1.1\r\nHost: h\r\nS: 00\r\nAuthorization: Bearer t\r\n\r\n")
        let plain = try SluiceRoutesTests.route(text(Self.hmac))
        let bytes = request.signed().withView { plain.quarantinedHead(of: $0) }
        let kept = String(decoding: bytes, as: UTF8.self)
        #expect(kept.contains("X-Signature: sha256=") && !kept.contains("Authorization"), "\(kept)")
    }

    // MARK: - The key

    @Test("'quarantine' is true, or a mapping with limits; without it, and with false, there is none")
    func values() throws {
        #expect(try route(text(Self.hmac)).quarantine == QuarantineLimits())
        for other in ["", "  quarantine: false\n"] {
            #expect(try route(text(Self.hmac).replacing("  quarantine: true\n", with: other)).quarantine == nil)
        }
        let mapping = "  quarantine: { max_requests: 5, max_bytes: 1MiB, max_per_address: 2, keep: 1h }\n"
        var limits = QuarantineLimits()
        (limits.maxRequests, limits.maxBytes, limits.maxPerAddress) = (5, .mebibytes(1), 2)
        limits.keep = .seconds(3600)
        #expect(try route(text(Self.hmac).replacing("  quarantine: true\n", with: mapping)).quarantine == limits)
    }

    @Test(
        "a mistake in 'quarantine' says what and where",
        arguments: [
            ("7", ["6:15: 'quarantine' must be true or false, not a number"]),
            ("{ max: 1 }", ["6:17: unknown key 'max' in 'quarantine'"]),
            ("{ max_requests: 0 }", ["6:31: 'max_requests' must be a whole number from 1 to 100000"]),
            ("{ keep: 1s }", ["6:23: 'keep' must be a duration from 1m to 90d, such as 500ms, 30s, 5m, 2h or 7d"]),
        ])
    func mistakes(value: String, expected: [String]) {
        #expect(problems(text(Self.hmac).replacing("quarantine: true", with: "quarantine: \(value)")) == expected)
    }

    @Test(
        "a route that verifies nothing, or fetches every key, cannot have a quarantine; one without a key is warned of")
    func consequences() throws {
        let open = openRoute("quarantine: true")
        #expect(
            problems(open) == ["5:5: 'quarantine' has no effect with 'verify: none', which refuses no signature"])
        let sns =
            "routes:\n- path: /hook\n  provider: sns\n  account: { topic_arn: 'arn:aws:sns:us-east-1:1:t' }\n  "
            + "quarantine: true\n  jobs: [ { type: t } ]\n"
        #expect(
            problems(sns).contains(
                "5:3: 'quarantine' has no effect: the route fetches every key, so no secret can be added"),
            "\(problems(sns))")
        let warning = "the route has 'quarantine' and no 'unique_key'"
        let warnings = compile([("r.yaml", text(Self.hmac))]).warnings.map(\.description)
        #expect(
            warnings.contains { $0.hasPrefix("r.yaml:6:3: warning: \(warning)") || $0.contains(warning) }, "\(warnings)"
        )
        let keyed = text(Self.hmac, "  unique_key: '${header.Id}'\n")
        #expect(!compile([("r.yaml", keyed)]).warnings.contains { $0.description.contains(warning) })
    }
}
