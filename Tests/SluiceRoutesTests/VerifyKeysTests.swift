import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The keys of `verify` beyond a plain HMAC: what they accept, and each way in which a request can lack something.
@Suite(.serialized) struct VerifyKeysTests {
    private static let secret = "a secret of tests"

    private func route(_ verify: String, secrets: [String] = [secret], lines: String = "") throws -> Route {
        let names = secrets.indices.map { "{ env: S\($0) }" }.joined(separator: ", ")
        let file =
            "routes:\n- path: /hook\n  public_url: https://example.com\n\(lines)  verify: \(verify)\n"
            + "  secrets: [ \(names) ]\n  jobs: [ { type: t } ]\n"
        return try SluiceRoutesTests.route(
            file, environment: Dictionary(uniqueKeysWithValues: secrets.enumerated().map { ("S\($0)", $1) }))
    }

    private func hmac(_ text: String, _ key: String = secret) -> String { signature(Array(text.utf8), key) }

    private func judged(_ route: Route, _ body: String = "{}", _ headers: [(name: String, value: String)]) -> String {
        TestRequest(body, headers: headers).judged(by: route)
    }

    // MARK: - Requirements

    @Test("of alternatives, the one whose signature matches says what is required", arguments: [true, false])
    func requirementOfAlternative(isFirst: Bool) throws {
        let keys = "{ alg: hmac-sha256, signature_from: '${header.S}', "
        let with = keys + "signed: '${body}', require: { header.X-V: '2' } }"
        let other = keys + "signed: '${method}${body}', require: { header.X-V: '1' } }"
        let route = try route("[ \(isFirst ? with : other), \(isFirst ? other : with) ]")
        let signature = hmac("{}")
        #expect(judged(route, "{}", [("S", signature), ("X-V", "2")]) == "valid")
        #expect(
            judged(route, "{}", [("S", signature), ("X-V", "3")])
                == "refused signature_invalid: the header x-v does not match 'require'")
        #expect(
            judged(route, "{}", [("S", signature)])
                == "refused signature_missing: the header x-v, which 'require' lists, is missing")
        // It is meant for the other one.
        #expect(
            judged(route, "{}", [("S", signature), ("X-V", "1")])
                == "refused signature_invalid: the header s does not match any secret of the route")
    }

    // MARK: - Secrets in the request

    @Test("a static token must be the secret, in one line, behind its prefix")
    func token() throws {
        let route = try route(
            "{ alg: static, signature_from: '${header.X-Token}', signature_prefix: 'Bearer ' }",
            secrets: [Self.secret, "another secret of it"])
        #expect(judged(route, "", [("X-Token", "Bearer \(Self.secret)")]) == "valid")
        #expect(judged(route, "", [("x-token", "Bearer another secret of it")]) == "valid")
        let noMatch = "refused signature_invalid: the header x-token does not match any secret of the route"
        let noPrefix = "refused signature_invalid: the header x-token does not begin with the signature's prefix"
        for (value, expected) in [
            ("Bearer A secret of tests", noMatch), ("Bearer a secret of test", noMatch),
            ("Bearer \(Self.secret)s", noMatch), ("bearer \(Self.secret)", noPrefix), (Self.secret, noPrefix),
            ("", "refused signature_missing: the header x-token is empty"),
            ("Bearer ", noPrefix),
        ] {
            #expect(judged(route, "", [("X-Token", value)]) == expected, "\(value)")
        }
        #expect(judged(route, "", []) == "refused signature_missing: the header x-token is missing")
        let twice = [("X-Token", "Bearer \(Self.secret)"), ("X-Token", "Bearer \(Self.secret)")]
        #expect(judged(route, "", twice) == "refused signature_invalid: the header x-token is repeated")
    }

    @Test("a static token can be in the query and in the body")
    func tokenElsewhere() throws {
        let query = try route("{ alg: static, signature_from: '${query.token}' }")
        #expect(TestRequest(target: "/hook?token=a%20secret+of%20tests").judged(by: query) == "valid")
        #expect(TestRequest(target: "/hook?token=x").judged(by: query).hasPrefix("refused signature_invalid"))
        #expect(
            TestRequest(target: "/hook?Token=a%20secret+of%20tests").judged(by: query).hasPrefix(
                "refused signature_missing"))
        let body = try route("{ alg: static, signature_from: '${body.passcode}' }")
        #expect(judged(body, #"{"passcode":"a secret of tests"}"#, []) == "valid")
        #expect(
            judged(body, #"{"passcode":"a secret of tests","passcode":"x"}"#, []).hasPrefix("refused signature_invalid")
        )
        #expect(judged(body, #"{"passcode":null}"#, []).hasPrefix("refused signature_missing"))
        #expect(judged(body, "not json", []).hasPrefix("refused signature_missing"))
    }

    @Test("a password must be user and password in base64, after the word Basic in any case")
    func basic() throws {
        let route = try route("{ alg: basic }", secrets: ["user:a long password"])
        let right = Base64.encode(Array("user:a long password".utf8))
        #expect(judged(route, "", [("Authorization", "Basic \(right)")]) == "valid")
        #expect(judged(route, "", [("authorization", "bASIC \(right)")]) == "valid")
        for value in [
            "Basic \(Base64.encode(Array("user:a long passwore".utf8)))", "Basic \(right)=",
            "Basic user:a long password",
            "Bearer \(right)", right, "Basic", "", "Basic \(right.dropLast())",
        ] {
            #expect(judged(route, "", [("Authorization", value)]).hasPrefix("refused signature_"), "\(value)")
        }
        #expect(judged(route, "", []) == "refused signature_missing: the header authorization is missing")
    }

    @Test("a plain digest is over the secret and the text")
    func plainDigest() throws {
        let route = try route("{ alg: sha256, signature_from: '${header.S}', signed: '${key}${body}' }")
        func digest(_ text: String) -> String { Hash.digest(.sha256, Array(text.utf8).span).hex }
        #expect(judged(route, "{}", [("S", digest("a secret of tests{}"))]) == "valid")
        #expect(judged(route, "{}", [("S", digest("a secret of tests{} "))]).hasPrefix("refused signature_invalid"))
        #expect(judged(route, "{}", [("S", digest("{}"))]).hasPrefix("refused signature_invalid"))
        #expect(judged(route, "{}", [("S", hmac("{}"))]).hasPrefix("refused signature_invalid"))
    }

    // MARK: - Keys and encodings

    @Test(
        "keys are made of secrets in the order of the documentation",
        arguments: [
            ("key_append: '&'", "secret of Fitbit", "secret of Fitbit&"),
            ("key_transform: [sha256]", "a secret of tests", "sha256"),
            ("key_transform: [nfkd]", "s\u{E9}cret of EasyPost", "se\u{301}cret of EasyPost"),
            (
                "key_strip_prefix: pre_, key_append: '=', key_encoding: base64", "pre_YSBzZWNyZXQgb2YgdGVzdA=",
                "a secret of test"
            ),
        ])
    func keys(verify: String, secret: String, key: String) throws {
        let route = try route("{ alg: hmac-sha256, signature_from: '${header.S}', \(verify) }", secrets: [secret])
        let bytes = key == "sha256" ? Hash.digest(.sha256, Array(secret.utf8).span).span.array : Array(key.utf8)
        let digest = HMACKey(.sha256, key: bytes.span).authenticate(Array("{}".utf8).span).hex
        #expect(judged(route, "{}", [("S", digest)]) == "valid")
    }

    @Test("base64 and base64url have one spelling each, and hex has two cases")
    func encodings() throws {
        for _ in 0..<20 {
            let body = "{\"n\":\(Int.random(in: 0..<1_000_000))}"
            let digest = HMACKey(.sha256, key: Array(Self.secret.utf8).span).authenticate(Array(body.utf8).span).span
                .array
            let (standard, url) = (Base64.encode(digest), Base64.encodeURL(digest))
            for (encoding, right, wrong) in [
                ("base64", [standard], [String(standard.dropLast()), standard + "=", " " + url]),
                ("base64url", [url, url + "="], [url + "==", url + "!"]),
                ("hex", [Hex.encode(digest), Hex.encode(digest).uppercased()], [standard, Hex.encode(digest) + "0"]),
            ] {
                let route = try route(
                    "{ alg: hmac-sha256, signature_from: '${query.s}', signature_encoding: \(encoding) }")
                for (values, isRight) in [(right, true), (wrong, false)] {
                    for value in values {
                        let encoded = value.utf8.map { "%" + Hex.encode([$0]) }.joined()
                        let outcome = TestRequest(body, target: "/hook?s=\(encoded)").judged(by: route)
                        #expect((outcome == "valid") == isRight, "\(encoding) \(value) \(outcome)")
                    }
                }
            }
        }
    }

    @Test("entries joined by a comma and a blank are read, and positional timestamps are no signatures")
    func entries() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signature_split: ' ', signature_prefix: 'v1,', signature_encoding: base64 }"
        )
        let digest = HMACKey(.sha256, key: Array(Self.secret.utf8).span).authenticate(Array("{}".utf8).span).span.array
        let right = "v1,\(Base64.encode(digest))"
        for value in ["\(right), v1,AAAA", "v1,AAAA, \(right)", "v1,AAAA,  \(right),", right] {
            #expect(judged(route, "{}", [("S", value)]) == "valid", "\(value)")
        }
        let positional = try self.route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signature_split: ',', timestamp_from: '${header.S}', signed: '${timestamp}.${body}' }"
        )
        let signed = hmac("1700000000.{}")
        #expect(judged(positional, "{}", [("S", "1700000000,\(signed)")]) == "valid")
        #expect(judged(positional, "{}", [("S", " 1700000000 , 00ff, \(signed)")]) == "valid")
        for value in [
            "\(signed),1700000000", "1700000000,", "1700000000", ",\(signed)", "x,\(signed)", "1700000001,\(signed)",
        ] {
            #expect(judged(positional, "{}", [("S", value)]).hasPrefix("refused signature_"), "\(value)")
        }
        let twice = [("S", "1700000000,\(signed)"), ("S", "1700000000,\(signed)")]
        #expect(judged(positional, "{}", twice) == "refused signature_invalid: the header s is repeated")
    }

    @Test("timestamps are accepted up to the tolerance and not a second more, in both directions and units")
    func tolerance() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', timestamp_from: '${header.T}', timestamp_format: unix_or_ms, tolerance: 60s, signed: '${timestamp}.${body}' }"
        )
        for (offset, isFresh) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] as [(Int64, Bool)] {
            for time in ["\(1_700_000_000 + offset)", "\((1_700_000_000 + offset) * 1000)"] {
                var request = TestRequest("{}", headers: [("T", time), ("S", hmac("\(time).{}"))])
                let outcome = request.judged(by: route, atMilliseconds: 1_700_000_000_000)
                #expect((outcome == "valid") == isFresh, "\(time) \(outcome)")
                if !isFresh { #expect(outcome.hasPrefix("refused signature_expired")) }
                request.headers[0].value = "\(time)0"
                #expect(
                    request.judged(by: route, atMilliseconds: 1_700_000_000_000).hasPrefix("refused signature_invalid"))
            }
        }
    }

    // MARK: - Texts, elements, requirements and alternatives

    @Test("any of several texts may be signed, and one with a missing value is skipped")
    func texts() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signed: ['id:${query.id};${header.R}', 'id:${lower.query.id};', '${header.R}'] }"
        )
        for text in ["id:AB;r", "id:ab;", "r"] {
            let request = TestRequest("{}", target: "/hook?id=AB", headers: [("S", hmac(text)), ("R", "r")])
            #expect(request.judged(by: route) == "valid", "\(text)")
        }
        let request = TestRequest("{}", target: "/hook?id=AB", headers: [("S", hmac("id:AB;"))])
        #expect(request.judged(by: route).hasPrefix("refused signature_invalid"))
        #expect(
            judged(route, "{}", [("S", hmac("id:;"))])
                == "refused signature_missing: the query parameter id, which is signed, is missing")
    }

    @Test("every element must be signed, and there must be one")
    func elements() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${item.s}', each: '${body.items[]}', signed: '${escaped.item.a ?? \"\"}:${item.b}' }"
        )
        func item(_ a: String, _ b: String, _ text: String) -> String {
            #"{"a":"\#(a)","b":"\#(b)","s":"\#(hmac(text))"}"#
        }
        let right = item("x", "1", "x:1")
        #expect(judged(route, #"{"items":[\#(right)]}"#, []) == "valid")
        #expect(judged(route, #"{"items":[\#(right),\#(item("a:\\\\b", "2", "a\\:\\\\b:2"))]}"#, []) == "valid")
        #expect(
            judged(route, #"{"items":[\#(right),\#(item("x", "2", "x:1"))]}"#, []).hasPrefix(
                "refused signature_invalid"))
        #expect(
            judged(route, #"{"items":[\#(item("x", "2", "x:1")),\#(right)]}"#, []).hasPrefix(
                "refused signature_invalid"))
        let none = "refused signature_missing: the array in the body whose elements are signed is missing or empty"
        for body in ["{}", #"{"items":[]}"#, #"{"items":null}"#, #"{"items":{"s":"x"}}"#] {
            #expect(judged(route, body, []) == none, "\(body)")
        }
        for body in [#"{"items":[\#(right),null]}"#, #"{"items":[\#(right),{}]}"#, #"{"items":[\#(right),5]}"#] {
            #expect(judged(route, body, []).hasPrefix("refused signature_missing"), "\(body)")
        }
        #expect(judged(route, #"{"items":[\#(right)],"items":[]}"#, []) == none)
    }

    @Test("an element with a wrong signature is found wherever it is")
    func everyElement() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${item.s}', each: '${body.items[]}', signed: '${item.b}' }")
        let right = #"{"b":"1","s":"\#(hmac("1"))"}"#
        func outcome(_ items: [String]) -> String {
            judged(route, #"{"items":[\#(items.joined(separator: ","))]}"#, [])
        }
        let items = [String](repeating: right, count: 4)
        #expect(outcome(items) == "valid")
        for position in items.indices {
            var changed = items
            changed[position] = changed[position].replacing(#""1""#, with: #""2""#)
            #expect(outcome(changed).hasPrefix("refused signature_invalid"), "\(position)")
        }
    }

    @Test("what 'require' says must hold besides the signature")
    func requirements() throws {
        let route = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', require: { header.X-Client: me, query.digest: 'd-${sha256.body}', query.no: null } }"
        )
        let digest = Hash.digest(.sha256, Array("{}".utf8).span).hex
        func outcome(_ query: String, client: String? = "me") -> String {
            let client = client.map { [("X-Client", $0)] } ?? []
            return TestRequest("{}", target: "/hook?\(query)", headers: [("S", hmac("{}"))] + client).judged(by: route)
        }
        #expect(outcome("digest=d-\(digest)") == "valid")
        for client in ["you", "m", "mee", "ME"] {
            #expect(
                outcome("digest=d-\(digest)", client: client)
                    == "refused signature_invalid: the header x-client does not match 'require'")
        }
        #expect(
            outcome("digest=d-\(digest)", client: nil)
                == "refused signature_missing: the header x-client, which 'require' lists, is missing")
        #expect(outcome("digest=\(digest)").hasPrefix("refused signature_invalid: the query parameter digest"))
        #expect(outcome("").hasPrefix("refused signature_missing: the query parameter digest"))
        #expect(
            outcome("digest=d-\(digest)&no").hasPrefix("refused signature_invalid: the query parameter no is present"))
    }

    @Test("any alternative may accept a request, and the reason is of the one whose signature is there")
    func alternatives() throws {
        let route = try route(
            "[ { alg: static, signature_from: '${header.X-Token}' }, { alg: hmac-sha256, signature_from: '${header.S}', key_strip_prefix: whsec_ } ]",
            secrets: [Self.secret, "whsec_the key of signatures"])
        #expect(judged(route, "{}", [("X-Token", Self.secret)]) == "valid")
        #expect(judged(route, "{}", [("S", hmac("{}", "the key of signatures"))]) == "valid")
        // Each secret is for one of them.
        #expect(judged(route, "{}", [("S", hmac("{}"))]).hasPrefix("refused signature_invalid: the header s"))
        #expect(
            judged(route, "{}", [("X-Token", "whsec_the key of signatures")]).hasPrefix(
                "refused signature_invalid: the header x-token"))
        #expect(judged(route, "{}", []) == "refused signature_missing: the header x-token is missing")
        #expect(judged(route, "{}", [("S", "zz")]).hasPrefix("refused signature_invalid: the header s is not hex"))
        #expect(judged(route, "{}", [("X-Token", "x"), ("S", hmac("{}", "the key of signatures"))]) == "valid")
    }

    @Test("the text of forms, headers and URLs is as the sender makes it")
    func derived() throws {
        let form = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signed: '${url.with_port}${sorted.form}' }",
            lines: "  body: form\n")
        #expect(judged(form, "b=2&a=x+y&b=1&b=2&c", [("S", hmac("https://example.com:443/hookax yb1b2c"))]) == "valid")
        #expect(
            judged(form, #"{"a":1}"#, [("S", hmac(#"https://example.com:443/hook{"a":1}"#))]).hasPrefix(
                "refused signature_invalid"))
        #expect(judged(form, "a=%FF", [("S", hmac("x"))]).hasPrefix("refused signature_invalid"))
        let listed = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signed: \"${method}\\n${target}\\n${listed.header.L}\\n${body}\" }"
        )
        func request(_ list: String, _ text: String) -> TestRequest {
            TestRequest(
                "{}", target: "/hook?a=%41",
                headers: [("L", list), ("B-A", "2; x"), ("b", "1"), ("S", hmac("POST\n/hook?a=%41\n\(text)\n{}"))])
        }
        #expect(request("L, b-a,B", "b:1;b-a:2; x;l:L, b-a,B").judged(by: listed) == "valid")
        #expect(request("b", "b:1").judged(by: listed) == "valid")
        #expect(request("absent,b", "b:1").judged(by: listed) == "valid")
        #expect(request("absent,b", "absent:;b:1").judged(by: listed).hasPrefix("refused signature_invalid"))
        #expect(
            request("b-a", "b-a:2; x").judged(by: listed).hasPrefix(
                "refused signature_invalid: a header that l lists"))
        #expect(
            request("b,b", "b:1").judged(by: listed).hasPrefix("refused signature_invalid: the header l is not a list"))
        // A header that is moved into the one before it, and is then absent.
        func moved(_ headers: [(String, String)]) -> String {
            let text = "b-a:2;c:9;l:B-A,C,L"
            return TestRequest(
                "{}", target: "/hook", headers: headers + [("L", "B-A,C,L"), ("S", hmac("POST\n/hook\n\(text)\n{}"))]
            ).judged(by: listed)
        }
        #expect(moved([("B-A", "2"), ("C", "9")]) == "valid")
        let reason = "a header that l lists contains the name of another listed header"
        #expect(moved([("B-A", "2;c:9")]) == "refused signature_invalid: \(reason)")
        let parts = try route(
            "{ alg: hmac-sha256, signature_from: '${header.S}', signed: '${crc32.body}|${md5.body}|${base64.body}|${url.without_query}' }"
        )
        let text = "2745614147|mZFLkyvTelC5g8XnyQrpOw==|e30=|https://example.com/hook"
        #expect(judged(parts, "{}", [("S", hmac(text))]) == "valid")
    }

    @Test("the value that 'signed_open' names may contain the separators of the others")
    func open() throws {
        let verify = "{ alg: hmac-sha256, signature_from: '${header.S}', signed: \"M\\n${body.m}\\nI\\n${body.i}\\n\""
        let (closed, open) = (try route("\(verify) }"), try route("\(verify), signed_open: '${body.m}' }"))
        let body = #"{"m":"a\nI\nb","i":"1"}"#
        let signature = [("S", hmac("M\na\nI\nb\nI\n1\n"))]
        #expect(judged(open, body, signature) == "valid")
        #expect(judged(closed, body, signature).hasPrefix("refused signature_invalid"))
        #expect(
            judged(open, #"{"m":"a","i":"b\nI\n1"}"#, signature).hasPrefix("refused signature_invalid: the field i"))
    }
}
