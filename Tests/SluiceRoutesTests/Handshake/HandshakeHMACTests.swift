import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// The authentication codes of handshakes, and that nobody can have anything else signed by them.
@Suite struct HandshakeHMACTests {
    private static func rule(_ more: String = "", of: String = "${query.t}", when: String = "method: GET") -> String {
        "{ when: { \(when) }, hmac: { of: '\(of)'\(more) }, reply: { body: '${hmac}' } }"
    }

    private static let text = "handshake 200 text/plain; charset=utf-8: "
    private static let noToken =
        "refused handshake_refused: the query parameter t, the input of the HMAC, is not 1 to 128 letters, digits "
        + "and characters of +/=_-"

    private static let refusal =
        "refused signature_invalid: the signed text is a token, which a handshake with the same secret signs"

    @Test("the HMAC of a token has the algorithm, the encoding and the key that the rule says")
    func codes() throws {
        let own = HMACKey(.sha256, key: Array("a secret of tests".utf8).span).authenticate(Array("abc".utf8).span)
        #expect(try HandshakeRoute(Self.rule()).get("t=abc") == Self.text + own.hex)
        #expect(
            try HandshakeRoute(Self.rule(", encoding: base64")).get("t=abc") == Self.text
                + Base64.encode(own.span.array))
        let other = HMACKey(.sha512, key: Array("the verify token".utf8).span).authenticate(Array("abc".utf8).span)
        #expect(
            try HandshakeRoute(Self.rule(", alg: hmac-sha512"), lines: HandshakeRoute.secrets).get("t=abc")
                == Self.text + other.hex)
    }

    @Test("the key can be the digest of the secret, as in Braintree's published answer")
    func braintree() throws {
        let rule =
            "{ when: { method: GET }, hmac: { of: '${query.bt_challenge}', alg: hmac-sha1, key_transform: [ sha1 ], "
            + "pattern: '[0-9a-f]{20,32}' }, reply: { body: 'integration_public_key|${hmac}' } }"
        let text = HandshakeRoute.text([rule], lines: "handshake_secrets: [ { env: KEY } ]")
        let route = try route(
            text, environment: ["SECRET": "a secret of tests", "KEY": "integration_private_key"])
        var request = TestRequest("", target: "/hook?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53")
        request.method = "GET"
        #expect(
            request.processed(by: route).summary
                == Self.text + "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4")
        request.target = "/hook?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53zz"
        #expect(
            request.processed(by: route).summary == "refused handshake_refused: the query parameter bt_challenge, the "
                + "input of the HMAC, does not match 'pattern'")
    }

    @Test("a field of the body is authenticated after the signature")
    func body() throws {
        let route = try HandshakeRoute(
            "{ when: { body.event: endpoint.url_validation }, hmac: { of: '${body.payload.plainToken}' }, reply: { body: "
                + "{ plainToken: '${body.payload.plainToken}', encryptedToken: '${hmac}' } } }")
        let request = TestRequest(#"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8"}}"#)
        let code = signature(Array("qgg8".utf8), "a secret of tests")
        #expect(
            route.outcome(request.signed())
                == #"handshake 200 application/json: {"plainToken":"qgg8","encryptedToken":"\#(code)"}"#)
        #expect(route.outcome(request).hasPrefix("refused signature_missing"))
        let forged = TestRequest(#"{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}"#)
        #expect(route.outcome(forged.signed()).hasPrefix("refused handshake_refused"))
    }

    @Test(
        "nothing but an opaque token is signed",
        arguments: [
            "", "%7B%22id%22%3A1%7D", "v0:123:%7B%7D", "1700000000.body", "a%0Ab", "a+b", "a%00", "%C3%A9", "a,b",
            "[1]",
            "%221%22", "a.b", "a:b", "a%26b", String(repeating: "a", count: 129),
        ])
    func oracle(value: String) throws {
        #expect(try HandshakeRoute(Self.rule()).get("t=\(value)") == Self.noToken)
    }

    @Test("a token of 1 to 128 characters is signed", arguments: [1, 2, 127, 128])
    func lengths(count: Int) throws {
        let token = String("AZaz09%2B%2F%3D_-".prefix(count)) + String(repeating: "a", count: max(0, count - 17))
        let route = try HandshakeRoute(Self.rule())
        #expect(route.get("t=\(String(repeating: "a", count: count))").hasPrefix(Self.text))
        #expect(count < 17 || route.get("t=\(token)").hasPrefix(Self.text))
    }

    @Test(
        "a body that the handshake would sign for anyone is refused even if its signature is valid",
        arguments: ["123", "true", "null", "abc", "", "QUJD=="])
    func tokenAsBody(body: String) throws {
        let request = TestRequest(body).signed()
        #expect(try HandshakeRoute(Self.rule(), lines: "body: text").outcome(request) == Self.refusal)
        // Not where the key or the handshake is another one.
        let signed = Self.rule(of: "${body.t}", when: "body.a: 1")
        #expect(try HandshakeRoute(signed, lines: "body: text").outcome(request) == "stored")
        let lines = "body: text\n\(HandshakeRoute.secrets)"
        #expect(try HandshakeRoute(Self.rule(), lines: lines).outcome(request) == "stored")
        let shared = "body: text\nhandshake_secrets: [ { env: SECRET } ]"
        #expect(try HandshakeRoute(Self.rule(), lines: shared).outcome(request) == Self.refusal)
    }

    @Test(
        "a signed text that is a token is refused on every route that has the key of a handshake",
        arguments: [
            ("${body}", "abc"), ("${base64.body}", Base64.encode(Array("abc".utf8))),
            ("${sha256.body}", Hash.digest(.sha256, Array("abc".utf8).span).hex),
            ("${md5.body}", Base64.encode(Hash.digest(.md5, Array("abc".utf8).span).span.array)),
            ("${header.X-T}", "77f4"), ("a${header.X-T}", "a77f4"), ("${header.X-T}${sha256.body}", nil),
        ])
    func otherRoute(signed: String, token: String?) throws {
        func outcome(_ secret: String, _ rule: String) throws -> String {
            let text = """
                routes:
                - path: /hook
                  verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signed: "\(signed)" }
                  secrets: [ { env: SECRET } ]
                  body: text
                  jobs: [ { type: t } ]
                - path: /other
                  verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}" }
                  secrets: [ { env: COPY } ]
                  handshake: [ \(rule) ]
                  jobs: [ { type: t } ]

                """
            let route = try route(
                text, environment: ["SECRET": "a secret of tests", "COPY": secret, "TOKEN": "a token of tests"])
            let token = token ?? "77f4" + Hash.digest(.sha256, Array("abc".utf8).span).hex
            let code = signature(Array(token.utf8), "a secret of tests")
            return TestRequest("abc", headers: [("X-T", "77f4"), ("X-Signature", code)]).processed(by: route).summary
        }
        #expect(try outcome("a secret of tests", Self.rule()) == Self.refusal)
        // Not if key, algorithm or format of the tokens is another one, or if only a sender with the key is answered.
        #expect(try outcome("another secret of tests", Self.rule()) == "stored")
        #expect(try outcome("a secret of tests", Self.rule(", alg: hmac-sha512")) == "stored")
        #expect(try outcome("a secret of tests", Self.rule(", pattern: '[g-z]{20}'")) == "stored")
        #expect(try outcome("a secret of tests", Self.rule(of: "${body.t}", when: "body.a: 1")) == "stored")
    }

    @Test(
        "a captured request has no other token signed: what the signature does not cover counts as sent by anyone",
        arguments: ["${query.t}", "${header.X-T}", "${body.t}"])
    func captured(of: String) throws {
        let verify = """
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signed: "${timestamp}${body.token}", \
            timestamp_from: "${body.time}", tolerance: 0 }
            """
        let rule = Self.rule(of: of, when: "body.kind: check")
        let text = "routes:\n- path: /hook\n  \(verify)\n  secrets: [ { env: SECRET } ]\n  handshake: [ \(rule) ]\n"
        let route = try route(text + "  jobs: [ { type: t } ]\n")
        func outcome(_ body: String, code: String, t: String = "") -> String {
            let headers = [("X-Signature", code)] + (t.isEmpty ? [] : [("X-T", t)])
            return TestRequest(body, target: "/hook" + (t.isEmpty ? "" : "?t=\(t)"), headers: headers)
                .processed(by: route).summary
        }
        let (old, new) = ("1700000000aa", "1700000001bb")
        func body(_ text: String, _ more: String) -> String {
            #"{"time":\#(text.prefix(10)),"token":"\#(text.dropFirst(10))"\#(more)}"#
        }
        let code = signature(Array(old.utf8), "a secret of tests")
        let answer = outcome(body(old, #","kind":"check","t":"\#(new)""#), code: code, t: new)
        let forged = signature(Array(new.utf8), "a secret of tests")
        #expect(answer == Self.refusal)
        #expect(outcome(body(new, ""), code: forged) == Self.refusal)
    }

    @Test("a signed handshake of a route with a static token signs for anyone with a captured request")
    func staticRoute() throws {
        let rule = Self.rule(when: "query.t: { exists: true }").replacing("{ when:", with: "{ signed: true, when:")
        let text = """
            routes:
            - path: /hook
              verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signed: "${sha256.body}" }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]
            - path: /other
              verify: { alg: static, signature_from: "${header.X-Token}" }
              secrets: [ { env: TOKEN } ]
              handshake_secrets: [ { env: SECRET } ]
              handshake: [ \(rule) ]
              jobs: [ { type: t } ]

            """
        let route = try route(text, environment: ["SECRET": "a secret of tests", "TOKEN": "a token of tests"])
        let digest = Hash.digest(.sha256, Array("{}".utf8).span).hex
        let code = signature(Array(digest.utf8), "a secret of tests")
        #expect(TestRequest("{}", headers: [("X-Signature", code)]).processed(by: route).summary == Self.refusal)
    }

    @Test("of several signed texts only those that are tokens are not compared")
    func severalTexts() throws {
        let verify = """
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", \
            signed: [ "v1.${sha256.body}", "${sha256.body}" ] }
            """
        let route = try route(
            "routes:\n- path: /hook\n  \(verify)\n  secrets: [ { env: SECRET } ]\n  handshake: [ \(Self.rule()) ]\n"
                + "  jobs: [ { type: t } ]\n")
        let digest = Hash.digest(.sha256, Array("{}".utf8).span).hex
        func outcome(_ text: String) -> String {
            let code = signature(Array(text.utf8), "a secret of tests")
            return TestRequest("{}", headers: [("X-Signature", code)]).processed(by: route).summary
        }
        #expect(outcome("v1." + digest) == "stored")
        #expect(outcome(digest).hasPrefix("refused signature_invalid"))
    }

    @Test("in development, where all routes have one secret, only the handshakes of a route itself count")
    func development() throws {
        func outcome(_ path: String) throws -> String {
            let verify = "verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}' }"
            let text = """
                routes:
                - { path: /hook, \(verify), secrets: [ { env: NONE } ], body: text, jobs: [ { type: t } ] }
                - path: /own
                  \(verify)
                  secrets: [ { env: SECRET } ]
                  handshake_secrets: [ { env: COPY } ]
                  handshake: [ \(Self.rule()) ]
                  body: text
                  jobs: [ { type: t } ]

                """
            let compilation = compile(
                [("r.yaml", text)], environment: ["SECRET": "a secret of tests", "COPY": "a secret of tests"],
                secrets: .wellKnown("a secret of tests"))
            let route = try #require(compilation.table?.routes.first { $0.name == path })
            let code = signature(Array("abc".utf8), "a secret of tests")
            return TestRequest("abc", target: path, headers: [("X-Signature", code)]).processed(by: route).summary
        }
        #expect(try outcome("/hook") == "stored")
        #expect(try outcome("/own") == Self.refusal)
    }

    @Test("the answer to a challenge of Braintree is no signature of a webhook")
    func challenge() throws {
        let route = try route(
            """
            routes:
            - path: /hook
              provider: braintree
              account: { public_key: k }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """)
        let token = "20f9f8ed05f77439fe955c977e4c8a53"
        var request = TestRequest("", target: "/hook?bt_challenge=\(token)")
        request.method = "GET"
        let answer = request.processed(by: route).summary
        let code = try #require(answer.split(separator: "|").last)
        let type = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        func outcome(_ payload: String, _ code: some StringProtocol) -> String {
            TestRequest("bt_payload=\(payload)&bt_signature=k%7C\(code)", headers: type).processed(by: route).summary
        }
        #expect(
            outcome(token, code)
                == Self.refusal)
        let key = Hash.digest(.sha1, Array("a secret of tests".utf8).span).span.array
        let own = HMACKey(.sha1, key: key.span).authenticate(Array("PG4%2B".utf8).span)
        #expect(outcome("PG4%252B", own.hex) == "stored")
    }

    @Test("deliveries of a route with such a handshake are accepted as before")
    func deliveries() throws {
        let route = try HandshakeRoute(Self.rule())
        for body in ["{}", #"{"id":1}"#, "[1]", #""a""#] {
            #expect(route.outcome(TestRequest(body).signed()) == "stored", "\(body)")
        }
    }
}
