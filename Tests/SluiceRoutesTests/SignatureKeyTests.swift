import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The effect of each key of `verify`: a request that is valid with it, and not without it.
@Suite(.serialized) struct SignatureKeyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The lines of `verify` that matter, without `alg` and `signature_from` where they are the usual ones.
        let verify: String
        /// The same without the key that is tried.
        let without: String
        var secret = "a secret of tests"
        /// How the route reads the body.
        var body = "auto"
        let request: @Sendable () -> TestRequest

        init(
            _ key: String, _ verify: String, without: String, secret: String = "a secret of tests",
            body: String = "auto",
            request: @escaping @Sendable () -> TestRequest
        ) {
            (testDescription, self.verify, self.without, self.request) = (key, verify, without, request)
            (self.secret, self.body) = (secret, body)
        }
    }

    private static let body = #"{"id":"e1","at":"1700000000","nested":{"sig":"","n":1.50,"t":"x\u0041"}}"#

    /// A request with `X-Signature` over `text`, and more headers.
    private static func signed(
        _ text: String, target: String = "/hook", _ headers: [(name: String, value: String)] = [], prefix: String = ""
    ) -> TestRequest {
        TestRequest(
            body, target: target,
            headers: headers + [("X-Signature", prefix + signature(Array(text.utf8), "a secret of tests"))])
    }

    static let cases: [Case] = [
        Case("alg: hmac-sha1", "alg: hmac-sha1", without: "alg: hmac-sha256") {
            let digest = HMACKey(.sha1, key: Array("a secret of tests".utf8).span).authenticate(Array(body.utf8).span)
            return TestRequest(body, headers: [("X-Signature", digest.hex)])
        },
        Case("alg: hmac-sha512", "alg: hmac-sha512", without: "alg: hmac-sha256") {
            let digest = HMACKey(.sha512, key: Array("a secret of tests".utf8).span).authenticate(Array(body.utf8).span)
            return TestRequest(body, headers: [("X-Signature", digest.hex)])
        },
        Case("signature_from: a query parameter", "signature_from: '${query.sig}'", without: "") {
            TestRequest(body, target: "/hook?a=1&sig=" + signature(Array(body.utf8), "a secret of tests"))
        },
        Case(
            "signature_from: a field of the body", "signature_from: '${body.s}', signed: '${body.id}'",
            without: "signed: '${body.id}'"
        ) {
            TestRequest(#"{"id":"e1","s":"\#(signature(Array("e1".utf8), "a secret of tests"))"}"#)
        },
        Case(
            "signature_from: a field of a form", "signature_from: '${body.s}', signed: '${body.id}'",
            without: "signed: '${body.id}'",
            body: "form"
        ) {
            TestRequest("id=e1&s=" + signature(Array("e1".utf8), "a secret of tests"))
        },
        Case(
            "signature_from: numbered headers", "signature_from: '${header.X-Sig-*}'",
            without: "signature_from: '${header.X-Sig-1}'"
        ) {
            TestRequest(
                body, headers: [("x-sig-20", signature(Array(body.utf8), "a secret of tests")), ("X-Sig-1", "00")])
        },
        Case("signature_prefix", "signature_prefix: 'v1='", without: "") { signed(body, prefix: "v1=") },
        Case("signature_split", "signature_split: ','", without: "") {
            TestRequest(body, headers: [("X-Signature", "zz, \(signature(Array(body.utf8), "a secret of tests")) ,00")])
        },
        Case("signature_split: several header lines", "signature_split: ','", without: "") {
            TestRequest(
                body,
                headers: [("X-Signature", "00"), ("x-signature", signature(Array(body.utf8), "a secret of tests"))])
        },
        Case("signature_encoding", "signature_encoding: base64", without: "") {
            let digest = HMACKey(.sha256, key: Array("a secret of tests".utf8).span).authenticate(Array(body.utf8).span)
            return TestRequest(body, headers: [("X-Signature", Base64.encode(digest.span.array))])
        },
        Case("key_encoding: base64", "key_encoding: base64", without: "", secret: "YSBzZWNyZXQgb2YgdGVzdHM=") {
            signed(body)
        },
        Case(
            "key_encoding: base64 without padding", "key_encoding: base64", without: "",
            secret: "YSBzZWNyZXQgb2YgdGVzdA"
        ) {
            TestRequest(body, headers: [("X-Signature", signature(Array(body.utf8), "a secret of test"))])
        },
        Case("key_encoding: hex", "key_encoding: hex", without: "", secret: "6120736563726574206f66207465737473") {
            signed(body)
        },
        Case("key_strip_prefix", "key_strip_prefix: whsec_", without: "", secret: "whsec_a secret of tests") {
            signed(body)
        },
        Case("key_strip_prefix of a secret that lacks it", "key_strip_prefix: whsec_", without: "alg: hmac-sha1") {
            signed(body)
        },
        Case(
            "timestamp_from", "timestamp_from: '${header.X-Time}', signed: '${timestamp}.${body}'",
            without: "signed: '${body}'"
        ) {
            signed("1700000000." + body, [("X-Time", "1700000000")])
        },
        Case(
            "timestamp_from: a query parameter", "timestamp_from: '${query.t}', signed: '${timestamp}'",
            without: "signed: '${body}'"
        ) {
            signed("1700000000", target: "/hook?t=1700000000")
        },
        Case(
            "timestamp_from: a field of the body", "timestamp_from: '${body.at}', signed: '${timestamp}'",
            without: "signed: '${body}'"
        ) {
            signed("1700000000")
        },
        Case(
            "timestamp_prefix",
            "timestamp_from: '${header.X-Time}', timestamp_prefix: 't=', signed: '${timestamp}${body}'",
            without: "timestamp_from: '${header.X-Time}', signed: '${timestamp}${body}'"
        ) { signed("1700000000" + body, [("X-Time", "t=1700000000")]) },
        Case(
            "timestamp_prefix beside the signature",
            "signature_split: ';', signature_prefix: 'h=', timestamp_from: '${header.X-Signature}', timestamp_prefix: "
                + "'ts=', "
                + "signed: '${timestamp}${body}'",
            without: "signature_split: ';', signature_prefix: 'h='"
        ) {
            TestRequest(
                body,
                headers: [
                    (
                        "X-Signature",
                        "ts=1700000000; h=" + signature(Array(("1700000000" + body).utf8), "a secret of tests")
                    )
                ])
        },
        Case(
            "timestamp_format: unix_ms",
            "timestamp_from: '${header.X-Time}', timestamp_format: unix_ms, signed: '${timestamp}'",
            without: "timestamp_from: '${header.X-Time}', signed: '${timestamp}'"
        ) { signed("1700000000000", [("X-Time", "1700000000000")]) },
        Case(
            "timestamp_format: rfc3339",
            "timestamp_from: '${header.X-Time}', timestamp_format: rfc3339, signed: '${timestamp}'",
            without: "timestamp_from: '${header.X-Time}', signed: '${timestamp}'"
        ) { signed("2023-11-14T23:13:20.5+01:00", [("X-Time", "2023-11-14T23:13:20.5+01:00")]) },
        Case(
            "tolerance", "timestamp_from: '${header.X-Time}', tolerance: 1d, signed: '${timestamp}'",
            without: "timestamp_from: '${header.X-Time}', signed: '${timestamp}'"
        ) { signed("1699913601", [("X-Time", "1699913601")]) },
        Case(
            "tolerance: 0", "timestamp_from: '${header.X-Time}', tolerance: 0, signed: '${timestamp}'",
            without: "timestamp_from: '${header.X-Time}', signed: '${timestamp}'"
        ) { signed("12345", [("X-Time", "12345")]) },
        Case("id_from", "id_from: '${header.X-Id}', signed: '${id}.${body}'", without: "signed: '${body}'") {
            signed("m1." + body, [("X-Id", "m1")])
        },
        Case("signed: literal text", "signed: 'v0:$${body}:${body}'", without: "") { signed("v0:${body}:" + body) },
        Case("signed: method, path and a header", "signed: '${method} ${path} ${header.Host}'", without: "") {
            signed("POST /h%6Fok example.com", target: "/h%6Fok?q=1", [("Host", "example.com")])
        },
        Case("signed: the URL", "signed: '${url}'", without: "") {
            signed("https://example.com/hook?a=%20b", target: "/hook?a=%20b")
        },
        Case("signed: a query parameter, decoded", "signed: '${query.a}'", without: "") {
            signed("x y", target: "/hook?a=x%20y")
        },
        Case(
            "signed: fields of the body as text", "signed: '${body.nested.n}:${body.nested.t}:${body.nested}'",
            without: ""
        ) {
            signed(#"1.50:xA:{"sig":"","n":1.50,"t":"x\u0041"}"#)
        },
        Case("signed: digests", "signed: '${sha256.body}${sha256.body.id}'", without: "") {
            signed(
                Hash.digest(.sha256, Array(body.utf8).span).hex + Hash.digest(.sha256, Array(#""e1""#.utf8).span).hex)
        },
        Case(
            "signed: a default for what is absent", #"signed: '${header.X-None ?? "none"}.${body.z ?? 7}'"#, without: ""
        ) {
            signed("none.7")
        },
    ]

    private func routed(_ verify: String, secret: String, body: String = "auto") throws -> Route {
        var lines = verify
        if !lines.contains("alg:") { lines = "alg: hmac-sha256, " + lines }
        if !lines.contains("signature_from:") { lines = "signature_from: '${header.X-Signature}', " + lines }
        let text =
            "routes:\n- path: /hook\n  public_url: https://example.com\n  verify: {\(lines)}\n  body: \(body)\n  "
            + "secrets: [{env: SECRET}]\n  jobs: [{type: t}]\n"
        return try route(text, environment: ["SECRET": secret])
    }

    @Test("each key of 'verify' makes a request valid that is invalid without it", arguments: cases)
    func keys(key: Case) throws {
        #expect(try key.request().judged(by: routed(key.verify, secret: key.secret, body: key.body)) == "valid")
        #expect(
            try key.request().judged(by: routed(key.without, secret: key.secret, body: key.body)).hasPrefix(
                "refused signature_"))
    }

    @Test(
        "the bytes of any body are signed", arguments: ["", "{", "\u{0}\u{FEFF}", "not json", "null"])
    func anyBody(body: String) throws {
        let route = try routed("signed: 'a${body}b', timestamp_from: '${header.X-Time}'", secret: "a secret of tests")
        let text = Array("a\(body)b".utf8)
        let request = TestRequest(
            body, headers: [("X-Time", "1700000000"), ("X-Signature", signature(text, "a secret of tests"))])
        #expect(request.judged(by: route) == "valid")
    }

    @Test("twenty entries are checked, of several lines together, not counting those without the prefix")
    func limit() throws {
        let route = try routed("signature_split: ',', signature_prefix: 'v1='", secret: "a secret of tests")
        let right = "v1=" + signature(Array("{}".utf8), "a secret of tests")
        func outcome(_ lines: [[String]]) -> String {
            TestRequest("{}", headers: lines.map { ("X-Signature", $0.joined(separator: ",")) }).judged(by: route)
        }
        let wrong = Array(repeating: "v1=00", count: 19)
        #expect(outcome([wrong + [right]]) == "valid")
        #expect(outcome([wrong, [right]]) == "valid")
        #expect(outcome([Array(repeating: "v0=00", count: 500) + [right]]) == "valid")
        #expect(
            outcome([wrong + ["v1=zz"], [right]])
                == "refused signature_invalid: the header x-signature does not match any secret of the route")
    }

    @Test("any entry may match any secret")
    func anyByAny() throws {
        let text =
            "routes:\n- path: /hook\n  verify: {alg: hmac-sha256, signature_from: '${header.X-Signature}', "
            + "signature_split: ' '}\n"
            + "  secrets: [{env: A}, {env: B}]\n  jobs: [{type: t}]\n"
        let route = try route(text, environment: ["A": "the first secret", "B": "the second secret"])
        for secret in ["the first secret", "the second secret"] {
            for position in 0..<3 {
                var entries = ["00", "nonsense"]
                entries.insert(signature(Array("{}".utf8), secret), at: position)
                #expect(
                    TestRequest("{}", headers: [("X-Signature", entries.joined(separator: "  "))]).judged(by: route)
                        == "valid")
            }
        }
    }

    @Test(
        "a dead letter keeps the headers of timestamp and id, and none of the signature",
        arguments: ["X-Sig-*", "X-Sig-3"])
    func kept(header: String) throws {
        let verify =
            "signature_from: '${header.\(header)}', timestamp_from: '${header.X-Time}', id_from: '${header.X-Id}', "
            + "signed: '${id}.${timestamp}.${body}'"
        let route = try routed(verify, secret: "a secret of tests")
        let digest = signature(Array("m1.1700000000.{".utf8), "a secret of tests")
        let request = TestRequest(
            "{", headers: [("X-Id", "m1"), ("X-Time", "1700000000"), ("X-Sig-3", digest), ("X-Other", "o")])
        let letter = try #require(request.processed(by: route).delivery?.request)
        let kept = String(decoding: letter, as: UTF8.self)
        for line in ["X-Id: m1\r\n", "X-Time: 1700000000\r\n", "X-Other: o\r\n"] { #expect(kept.contains(line)) }
        #expect(!kept.contains("X-Sig"))
        #expect(!kept.contains(digest))
    }

    @Test("a secret of which nothing is left without its prefix is no key, whatever is added to it")
    func emptyKey() {
        var form = SecretFormat()
        form.prefix = "whsec_"
        form.suffix = "&"
        #expect(form.key(Array("whsec_".utf8)) == nil && form.key([]) == nil)
        #expect(form.key(Array("whsec_a".utf8)) == Array("a&".utf8))
    }
}
