import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// JSON Web Tokens: what is accepted, and the many ways to forge one.
@Suite(.serialized) struct TokenTests {
    private static let secret = "a secret of tests"
    private static let now: Int64 = 1_700_000_000

    private func route(_ jwt: String, lines: String = "", verify: String = "") throws -> Route {
        try SluiceRoutesTests.route(
            "routes:\n- path: /hook\n  public_url: https://example.com\n  body: bytes\n  verify: { alg: jwt, signature_from: '${header.T}'\(verify), "
                + "jwt: { \(jwt) } }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n")
    }

    private func token(
        _ claims: String, header: String = #"{"alg":"HS256"}"#, _ algorithm: HashAlgorithm = .sha256,
        key: String = secret
    ) -> String {
        let text = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
        let digest = HMACKey(algorithm, key: Array(key.utf8).span).authenticate(Array(text.utf8).span)
        return text + "." + Base64.encodeURL(digest.span.array)
    }

    private func judged(_ route: Route, _ token: String, body: String = "", at seconds: Int64 = now) -> String {
        TestRequest(body, headers: [("T", token)]).judged(by: route, atMilliseconds: seconds * 1000)
    }

    @Test("a token with the right claims is accepted, with any of the algorithms and none else")
    func algorithms() throws {
        let route = try route("algs: [HS256, HS512], claims: { iss: me }")
        #expect(judged(route, token(#"{"iss":"me"}"#)) == "valid")
        #expect(judged(route, token(#"{"iss":"me"}"#, header: #"{"alg":"HS512"}"#, .sha512)) == "valid")
        for (header, hash) in [
            (#"{"alg":"HS384"}"#, HashAlgorithm.sha384), (#"{"alg":"none"}"#, .sha256), (#"{"alg":"hs256"}"#, .sha256),
            (#"{"alg":"RS256"}"#, .sha256), ("{}", .sha256), (#"{"alg":1}"#, .sha256),
            (#"{"alg":"HS256","alg":"HS256"}"#, .sha256),
            (#"{"alg":"HS256","crit":[]}"#, .sha256), ("[]", .sha256), (#"{"alg":"HS512"}"#, .sha256),
        ] {
            #expect(
                judged(route, token(#"{"iss":"me"}"#, header: header, hash)).hasPrefix("refused signature_invalid"),
                "\(header)")
        }
    }

    @Test("a malformed token is refused, and one that is not there is missing")
    func malformed() throws {
        let route = try route("algs: [HS256]")
        let right = token("{}")
        #expect(judged(route, right) == "valid")
        let parts = right.split(separator: ".")
        for wrong in [
            right + ".", "." + right, "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", "..", "a.b.c", right + "=",
            "\(parts[0])=.\(parts[1]).\(parts[2])", String(right.dropLast()), right.replacing(".", with: ". "),
            token("[]"),
            token("{"), token(#"{"a":1,"a":2}"#), token("{}", key: "another secret of it"),
        ] {
            #expect(judged(route, wrong).hasPrefix("refused signature_invalid"), "\(wrong)")
        }
        #expect(judged(route, "").hasPrefix("refused signature_missing"))
        #expect(TestRequest("").judged(by: route).hasPrefix("refused signature_missing"))
    }

    @Test("a captured token is not the text of another alternative with the same key", arguments: ["HS256", "HS512"])
    func alternatives(_ algorithm: String) throws {
        func text(_ signed: String) -> String {
            let hmac = algorithm.replacing("HS", with: "hmac-sha")
            return "routes:\n- path: /hook\n  body: text\n  verify:\n"
                + "  - { alg: jwt, signature_from: '${header.T}', jwt: { algs: [\(algorithm)] } }\n"
                + "  - { alg: \(hmac), signature_from: '${header.X-Signature}', signed: '\(signed)' }\n"
                + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        }
        let route = try SluiceRoutesTests.route(text("${body}"))
        let hash = algorithm == "HS256" ? HashAlgorithm.sha256 : .sha512
        func passes(_ body: String) -> Bool {
            let code = HMACKey(hash, key: Array(Self.secret.utf8).span).authenticate(Array(body.utf8).span).hex
            return TestRequest(body, headers: [("X-Signature", code)]).passes(route)
        }
        #expect(!passes(String(token("{}").prefix { $0 != "_" })) && !passes("YQ.YQ"))
        #expect(passes("{}"))
        let found = SluiceRoutesTests.problems(text("${header.X-A}.${header.X-B}"))
        #expect(found.count == 1 && found[0].contains("of 'verify' can be equal for different requests"), "\(found)")
        #expect(SluiceRoutesTests.problems(text("v1:${header.X-A}")) == [])
    }

    @Test("a token in a parameter that fits other bodies is not stored, one that covers the body is")
    func stored() throws {
        func stored(_ jwt: String, _ token: String) throws -> String {
            let text =
                "routes:\n- path: /hook\n  verify: { alg: jwt, signature_from: '${query.t}', jwt: { \(jwt) } }\n"
                + "  secrets: [ { env: SECRET } ]\n  jobs: [ { when: { body.a: 1 }, type: t } ]\n"
                + "  otherwise: dead_letter\n"
            let route = try SluiceRoutesTests.route(text)
            let delivery = TestRequest("{}", target: "/hook?t=\(token)").processed(by: route).delivery
            return String(decoding: try #require(delivery?.request), as: UTF8.self)
        }
        #expect(try stored("algs: [HS256]", token("{}")).hasPrefix("POST /hook?t HTTP/1.0\r\n"))
        let digest = Hash.digest(.sha256, Array("{}".utf8).span).hex
        let bound = token(#"{"h":"\#(digest)"}"#)
        #expect(
            try stored("algs: [HS256], body_hash: { claim: h }", bound).hasPrefix("POST /hook?t=\(bound) HTTP/1.0\r\n"))
    }

    @Test("of two tokens none counts")
    func two() throws {
        let route = try SluiceRoutesTests.route(
            "routes:\n- path: /hook\n  verify: { alg: jwt, signature_from: '${header.T-*}', jwt: { algs: [HS256] } }\n"
                + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n")
        func outcome(_ tokens: String...) -> String {
            let headers = tokens.enumerated().map { ("T-\($0 + 1)", $1) }
            return TestRequest("", headers: headers).judged(by: route, atMilliseconds: Self.now * 1000)
        }
        let right = token("{}")
        #expect(outcome(right) == "valid")
        for (one, other) in [(right, right), (right, "x"), ("x", right)] {
            #expect(
                outcome(one, other) == "refused signature_invalid: the header t-* contains more than one token",
                "\(one) \(other)")
        }
    }

    @Test("times count with the leeway, to the second")
    func times() throws {
        let route = try route("algs: [HS256], required: [exp], max_age: 5m, leeway: 10s")
        func outcome(_ claims: String) -> String { String(judged(route, token(claims)).prefix(25)) }
        #expect(outcome(#"{"exp":1700000300,"iat":1700000000}"#) == "valid")
        #expect(outcome(#"{"exp":1699999991,"iat":1700000000.5}"#) == "valid")
        #expect(outcome(#"{"exp":1699999990,"iat":1700000000}"#) == "refused signature_expired")
        #expect(outcome(#"{"exp":1700000300,"iat":1700000010,"nbf":1700000010}"#) == "valid")
        #expect(outcome(#"{"exp":1700000300,"iat":1700000011}"#) == "refused signature_expired")
        #expect(outcome(#"{"exp":1700000300,"iat":1700000000,"nbf":1700000011}"#) == "refused signature_expired")
        #expect(outcome(#"{"exp":1700000300,"iat":1699999690}"#) == "valid")
        #expect(outcome(#"{"exp":1700000300,"iat":1699999689}"#) == "refused signature_expired")
        for claims in [
            #"{"exp":1700000300}"#, #"{"iat":1700000000}"#, #"{"exp":"1700000300","iat":1700000000}"#,
            #"{"exp":null,"iat":1700000000}"#, #"{"exp":1e300,"iat":1700000000}"#,
        ] {
            #expect(outcome(claims) == "refused signature_invalid", "\(claims)")
        }
    }

    @Test("claims are one of the texts, and lists contain one")
    func claims() throws {
        let route = try route("algs: [HS256], claims: { aud: [a, '${url}'], ok: 'true' }")
        for claims in [
            #"{"aud":"a","ok":true}"#, #"{"aud":["x","a"],"ok":"true"}"#,
            #"{"aud":"https://example.com/hook","ok":true}"#,
        ] {
            #expect(judged(route, token(claims)) == "valid", "\(claims)")
        }
        for claims in [
            #"{"aud":"b","ok":true}"#, #"{"aud":[],"ok":true}"#, #"{"ok":true}"#, #"{"aud":{"a":"a"},"ok":true}"#,
            #"{"aud":"a","ok":false}"#, #"{"aud":"a","ok":null}"#,
        ] {
            #expect(judged(route, token(claims)).hasPrefix("refused signature_invalid"), "\(claims)")
        }
    }

    @Test("digests of the body and the URL must be right, and that of the body be there if there is one")
    func digests() throws {
        let route = try route("algs: [HS256], body_hash: { claim: b, encoding: base64 }, url_hash: { claim: u }")
        let url = Hash.digest(.sha256, Array("https://example.com/hook".utf8).span).hex
        let body = Base64.encode(Hash.digest(.sha256, Array("x".utf8).span).span.array)
        #expect(judged(route, token(#"{"u":"\#(url)"}"#)) == "valid")
        #expect(judged(route, token(#"{"u":"\#(url)","b":"\#(body)"}"#), body: "x") == "valid")
        #expect(
            judged(route, token(#"{"u":"\#(url)","b":"\#(body)"}"#), body: "y").hasPrefix("refused signature_invalid"))
        #expect(judged(route, token(#"{"u":"\#(url)"}"#), body: "x").hasPrefix("refused signature_invalid"))
        #expect(judged(route, token(#"{"u":"\#(url)","b":"\#(body)"}"#)).hasPrefix("refused signature_invalid"))
        #expect(judged(route, token(#"{"b":"\#(body)"}"#), body: "x").hasPrefix("refused signature_invalid"))
    }

    @Test("a public key verifies its algorithm and is never a secret", arguments: ["RS256", "ES256", "EdDSA"])
    func publicKeys(name: String) throws {
        let file =
            "routes:\n- path: /hook\n  verify: { alg: jwt, signature_from: '${header.T}', jwt: { algs: [RS256, ES256, EdDSA] } }\n  secrets: [ { env: S } ]\n  jobs: [ { type: t } ]\n"
        let algorithm: PublicKeyAlgorithm = name == "RS256" ? .rsaSHA256 : name == "ES256" ? .ecdsaP256SHA256 : .ed25519
        let pair = SigningKey.generate(algorithm)
        let pem = "-----BEGIN PUBLIC KEY-----\\n\(Base64.encode(pair.publicKey.der))\\n-----END PUBLIC KEY-----"
        let route = try SluiceRoutesTests.route(file, environment: ["S": pem])
        let text = Base64.encodeURL(Array(#"{"alg":"\#(name)"}"#.utf8)) + "." + Base64.encodeURL(Array("{}".utf8))
        let der = pair.sign(Array(text.utf8).span)
        let signature = name == "ES256" ? ECDSASignature.raw(der: der) ?? [] : der
        #expect(judged(route, text + "." + Base64.encodeURL(signature)) == "valid")
        #expect(
            judged(route, text + "." + Base64.encodeURL(signature.map { $0 ^ 1 })).hasPrefix(
                "refused signature_invalid"))
        if name == "ES256" {
            #expect(judged(route, text + "." + Base64.encodeURL(der)).hasPrefix("refused signature_invalid"))
        }
        #expect(judged(route, token("{}", key: pem)).hasPrefix("refused signature_invalid"))
    }

    @Test(
        "invalid combinations in 'jwt' are reported",
        arguments: [
            (
                "jwt: { algs: [HS256, RS256] }",
                "4:67: 'algs' mixes algorithms with shared secrets and with public keys: anyone could then use a public key as the secret"
            ),
            (
                "jwt: { algs: [none] }",
                "4:68: an entry of 'algs' must be 'HS256', 'HS384', 'HS512', 'RS256', 'ES256' or 'EdDSA', not 'none'"
            ),
            ("jwt: { algs: [] }", "4:67: 'algs' needs at least one algorithm"),
            (
                "signed: '${body}', jwt: { algs: [HS256] }",
                "4:54: 'signed' has no effect with 'alg: jwt': the token determines what is signed"
            ),
        ])
    func problems(verify: String, expected: String) {
        let text =
            "routes:\n- path: /hook\n  name: n\n  verify: { alg: jwt, signature_from: '${header.T}', \(verify) }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        #expect(SluiceRoutesTests.problems(text).contains(expected), "\(SluiceRoutesTests.problems(text))")
    }
}
