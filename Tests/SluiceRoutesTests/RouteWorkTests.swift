import SluiceBase
import SluiceRoutes
import Testing

/// What a request may cost before its sender is known decides whether an event loop verifies it.
@Suite(.serialized) struct RouteWorkTests {
    /// The limit of an event loop: `BodyWorker.loopWork`.
    private static let limit = 256 * 1024
    /// Of RFC 8032, section 7.1.
    private static let keys = [
        "ONE": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "TWO": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "SECRET": "a secret of tests",
    ]
    private static let ed25519 =
        "alg: ed25519, key_encoding: hex, signature_from: '${header.X-Sig}', signature_split: ' ', "
        + "signature_prefix: 'v1a,'"

    private func work(
        _ verify: String, secrets: [String] = ["SECRET"], lines: String = "", _ request: TestRequest
    ) throws -> Int {
        let list = secrets.map { "{ env: \($0) }" }.joined(separator: ", ")
        let text =
            "routes:\n- path: /hook\n  verify: { \(verify) }\n\(lines)  secrets: [ \(list) ]\n  jobs: [ { type: t } ]\n"
        let route = try route(text, environment: Self.keys)
        return request.withView { route.work(for: $0) }
    }

    private func isForLoop(secrets: [String] = ["ONE"], signatures: [String]) throws -> Bool {
        let request = TestRequest("{}", headers: signatures.map { (name: "X-Sig", value: $0) })
        return try work(Self.ed25519, secrets: secrets, lines: "  body: json\n", request) <= Self.limit
    }

    @Test("an event loop verifies one signature of a public key for a request, and leaves more to other threads")
    func publicKeys() throws {
        #expect(try isForLoop(signatures: ["v1a,00"]))
        #expect(try isForLoop(signatures: ["v1,00 v1a,00 v1,11"]), "entries without the prefix are not verified")
        #expect(try !isForLoop(signatures: ["v1a,00 v1a,11"]))
        #expect(try !isForLoop(signatures: ["v1a,00", "v1a,11"]))
        #expect(try !isForLoop(secrets: ["ONE", "TWO"], signatures: ["v1a,00"]))
    }

    @Test("signatures of public keys beyond the fourth are not verified and not counted")
    func bounded() throws {
        let request = { (count: Int) in
            let entries = (0..<count).map { "v1a,0\($0)" }.joined(separator: " ")
            return TestRequest("{}", headers: [("X-Sig", entries)])
        }
        let (four, eight) = (
            try work(Self.ed25519, secrets: ["ONE"], lines: "  body: json\n", request(4)),
            try work(Self.ed25519, secrets: ["ONE"], lines: "  body: json\n", request(8))
        )
        #expect(four == eight)
        #expect(four > 4 * 128 * 1024)
    }

    @Test("an HMAC costs the same however many entries are compared with it")
    func sharedSecret() throws {
        let verify = "alg: hmac-sha256, signature_from: '${header.X-Sig}', signature_split: ' '"
        let entries = [String](repeating: "00", count: 20).joined(separator: " ")
        let body = String(repeating: "x", count: 200_000)
        #expect(
            try work(verify, lines: "  body: json\n", TestRequest(body, headers: [("X-Sig", entries)])) <= Self.limit)
    }

    @Test(
        "what is parsed before the signature is compared counts as the slowest of its kind",
        arguments: [
            ("alg: hmac-sha256, signature_from: '${header.X-Sig}', signed: '${sorted.form}'", "form", 16_000),
            ("alg: hmac-sha256, signature_from: '${body.sig}', signed: '${form.without.sig}'", "form", 16_000),
            ("alg: hmac-sha256, signature_from: '${body.sig}', signed: '${body.id}'", "json", 16_000),
            ("alg: jwt, jwt: { algs: [HS256] }, signature_from: '${body}'", "jwt", 4_000),
        ])
    func parsing(verify: String, body: String, size: Int) throws {
        let lines = "  body: \(body)\n  unique_key: ${sha256.body}\n"
        func work(_ size: Int) throws -> Int {
            try self.work(verify, lines: lines, TestRequest(String(repeating: "x", count: size)))
        }
        #expect(try work(size / 4) <= Self.limit)
        #expect(try work(size) > Self.limit)
    }

    @Test("a token in a header counts by its length")
    func tokens() throws {
        let verify = "alg: jwt, jwt: { algs: [HS256] }, signature_from: '${header.Authorization}'"
        func work(_ size: Int) throws -> Int {
            let token = String(repeating: "x", count: size)
            return try self.work(
                verify, lines: "  body: json\n", TestRequest("{}", headers: [("Authorization", token)]))
        }
        #expect(try work(1500) <= Self.limit)
        #expect(try work(8000) > Self.limit)
    }
}
