import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import Testing

@testable import SluiceRoutes

/// Tokens whose keys their sender shows to its customers only, one at a time.
@Suite struct KeyRequestTests {
    private static let url = "https://keys.example.com/get"

    private static func text(_ lines: String = "", secrets: String = "secrets: [ { env: SECRET } ]") -> String {
        """
        routes:
        - path: /hook
          \(secrets)
          verify:
            alg: jwt
            signature_from: ${header.Authorization}
            signature_prefix: "Bearer "
            key_from: \(url)
            \(lines.isEmpty ? #"key_request: { client: me, secret: "${key}", id: "is ${key.id}" }"# : lines)
            jwt: { algs: [ES256], max_age: 5m, leeway: 0s, body_hash: { claim: hash } }
          jobs: [ { type: t } ]

        """
    }

    private static func route(_ store: RemoteKeyStore) throws -> Route {
        var options = RouteOptions()
        options.keys = store
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text().utf8))], secretFiles: SecretFiles(folder: "."),
            environment: ["SECRET": #"secret "of" 20 bytes"#], options: options)
        #expect(compilation.problems.map(\.description) == [])
        return try #require(compilation.table?.routes.first)
    }

    private static func request(
        _ key: SigningKey, kid: String? = "k1", issued: Int64 = TestRequest.now / 1000, signed: String = "{}"
    ) throws -> TestRequest {
        let hash = Hash.digest(.sha256, Array(signed.utf8).span).hex
        return try KeySetTests.token(key, kid: kid, claims: #"{"iat":\#(issued),"hash":"\#(hash)"}"#)
    }

    private static func need(_ request: TestRequest, _ route: Route) throws -> RequiredKey {
        guard case .needsKey(let need) = request.processed(by: route) else { throw Absent() }
        return need
    }

    private struct Absent: Error {}

    @Test("the secret and the id of the key are sent, each key is fetched by itself, and is then the one that counts")
    func fetched() throws {
        let (key, other, store) = (SigningKey.p256, SigningKey.p256, RemoteKeyStore())
        let route = try Self.route(store)
        let need = try Self.need(try Self.request(key), route)
        #expect(need.url == KeyURL(parsing: Self.url) && need.isNamedByRequest)
        let content = try #require(need.content)
        let json = #"{"client":"me","secret":"secret \"of\" 20 bytes","id":"is k1"}"#
        #expect(String(decoding: content.json, as: UTF8.self) == json)
        #expect("\(content)" == "a body of \(json.utf8.count) bytes" && !"\(need)".contains("secret"))
        let answer = #"{"key":\#(KeySetTests.jwk(key)),"request_id":"r"}"#
        store.put(.success(Array(answer.utf8)), for: need, atMilliseconds: TestRequest.now)
        #expect(try Self.request(key).processed(by: route).delivery != nil)
        #expect(try Self.request(other).processed(by: route).summary.hasSuffix("does not match the key"))
        #expect(try Self.need(try Self.request(other, kid: "k2"), route) != need)
    }

    @Test("what can be refused without the key is refused before it is fetched")
    func refusedBefore() throws {
        let route = try Self.route(RemoteKeyStore())
        let now = TestRequest.now / 1000
        let refusals = [
            (try Self.request(.p256, issued: now - 301), "signature_expired: the token is older than 'max_age'"),
            (try Self.request(.p256, issued: now + 1), "signature_expired: the token's claim 'iat' is ahead"),
            (try Self.request(.p256, signed: "{ }"), "signature_invalid: the token's claim 'hash' is not the digest"),
            (try Self.request(.p256, kid: nil), "signature_invalid: the token's header has no 'kid'"),
            (try Self.request(.p256, kid: ""), "signature_invalid: the 'kid' in the token's header is not 1 to 128"),
            (
                try Self.request(.p256, kid: String(repeating: "k", count: 129)),
                "signature_invalid: the 'kid' in the token's header is not 1 to 128"
            ),
            (try Self.request(.p256, kid: "k 1"), "signature_invalid: the 'kid' in the token's header is not 1 to 128"),
            (
                try KeySetTests.token(.p256, claims: #"{"hash":"00"}"#),
                "signature_invalid: the token has no claim 'iat'"
            ),
            (
                try KeySetTests.token(.generate(.ed25519)),
                "signature_invalid: the token's algorithm is not one of 'algs'"
            ),
        ]
        for (request, reason) in refusals {
            #expect(request.processed(by: route).summary.hasPrefix("refused \(reason)"), "\(reason)")
        }
        let oldest = try Self.request(.p256, issued: now - 299, signed: "{}")
        #expect(KeySetTests().isWaiting(oldest.processed(by: route)))
    }

    @Test(
        "a key is not used after its end, nor with an end that cannot be read",
        arguments: [
            ("null", true), ("1700000001", true), ("1700000000", false), ("1", false),
            (#""2030-01-01T00:00:00Z""#, false), ("true", false),
        ])
    func expired(end: String, isUsed: Bool) throws {
        let (key, store) = (SigningKey.p256, RemoteKeyStore())
        let route = try Self.route(store)
        let request = try Self.request(key)
        let answer = #"{"key":\#(KeySetTests.jwk(key, more: #","expired_at":\#(end)"#))}"#
        store.put(.success(Array(answer.utf8)), for: try Self.need(request, route), atMilliseconds: TestRequest.now)
        #expect((request.processed(by: route).delivery != nil) == isUsed)
        let reason = "the key set of keys.example.com has no valid key for the token's 'kid' and 'alg'"
        #expect(isUsed || request.processed(by: route).summary == "refused signature_invalid: \(reason)")
    }

    @Test("the key of another id in the answer is not used", arguments: ["k2", "k12", "k", "K1", ""])
    func otherID(id: String) throws {
        let (key, store) = (SigningKey.p256, RemoteKeyStore())
        let route = try Self.route(store)
        let request = try Self.request(key)
        let answer = #"{"key":\#(KeySetTests.jwk(key, kid: id))}"#
        store.put(.success(Array(answer.utf8)), for: try Self.need(request, route), atMilliseconds: TestRequest.now)
        #expect(request.processed(by: route).summary.hasPrefix("refused signature_invalid: "))
    }

    @Test("a key that was there once stays known, and one that never was does not")
    func known() throws {
        let (key, store) = (SigningKey.p256, RemoteKeyStore())
        let route = try Self.route(store)
        let need = try Self.need(try Self.request(key), route)
        #expect(!store.knows(need))
        store.put(.failure(RemoteKeyError("no")), for: need, atMilliseconds: TestRequest.now)
        #expect(!store.knows(need))
        store.put(
            .success(Array(#"{"key":\#(KeySetTests.jwk(key))}"#.utf8)), for: need, atMilliseconds: TestRequest.now)
        let other = try Self.need(try Self.request(key, kid: "k2"), route)
        let later = TestRequest.now + RemoteKeyStore.keySetLife + 1
        store.put(.failure(RemoteKeyError("no")), for: other, atMilliseconds: later)
        #expect(store.knows(need) && !store.knows(other))
        let request = try Self.request(key, issued: later / 1000)
        #expect(KeySetTests().isWaiting(request.processed(by: route, atMilliseconds: later)))
    }
}

extension KeyRequestTests {
    private func problems(_ lines: String, secrets: String = "secrets: [ { env: SECRET } ]") -> [String] {
        compile([("r.yaml", Self.text(lines, secrets: secrets))], secrets: .throwAway).problems.map(\.message)
    }

    @Test("what 'key_request' lacks, or cannot be, is said")
    func mistakes() {
        let whole = #"key_request: { a: "${key}", b: "${key.id}" }"#
        #expect(problems(whole) == [])
        let needsBoth = ["'key_request' must contain ${key}, the secret of the route, and ${key.id}"]
        #expect(problems("key_request: {}") == needsBoth)
        #expect(problems(#"key_request: { a: "${key.id}" }"#) == needsBoth)
        #expect(problems(#"key_request: { a: "${key}" }"#) == needsBoth)
        #expect(problems("key_request: text") == ["'key_request' must be a mapping from names to texts, not a text"])
        for text in ["${body.id}", "${key ?? \\\"x\\\"}", "${header.X}"] {
            #expect(
                problems("key_request: { a: \"\(text)\", b: \"${key}${key.id}\" }") == [
                    "'a' of 'key_request' can only contain ${key} and ${key.id}"
                ])
        }
        #expect(
            problems(whole, secrets: "") == ["a route with 'key_request' needs 'secrets', such as [ { env: NAME } ]"])
        #expect(
            problems(whole, secrets: "secrets: [ { env: A }, { env: B } ]") == [
                "'key_request' sends one secret, and 'secrets' has several"
            ])
        #expect(
            problems(#"require: { header.X: "${key.id}" }"#, secrets: "") == [
                "'key.id' can only be used in 'key_request'"
            ])
    }

    @Test("'key_request' belongs to tokens and to a fixed URL, and its secret to nothing else")
    func combinations() {
        func found(_ verify: String) -> [String] {
            let text = """
                routes:
                - path: /hook
                  secrets: [ { env: SECRET } ]
                  verify: \(verify)
                  jobs: [ { type: t } ]

                """
            return compile([("r.yaml", text)], secrets: .throwAway).problems.map(\.message)
        }
        let request = #"key_request: { a: "${key}${key.id}" }"#
        let token = #"alg: jwt, jwt: { algs: [ES256] }, signature_from: "${header.X}""#
        #expect(found("{ \(token), \(request) }").first == "'key_request' has no effect without 'key_from'")
        #expect(
            found(#"{ \#(token), key_from: "${header.Y}", key_urls: [ "https://a.b/*" ], \#(request) }"#) == [
                "'key_request' needs a fixed URL in 'key_from': it sends the secret of the route there"
            ])
        #expect(
            found(#"{ alg: rsa-sha256, signature_from: "${header.X}", key_from: "https://a.b/c", \#(request) }"#).first
                == "'key_request' has no effect with 'alg: rsa-sha256': it is for tokens; write 'alg: jwt'")
        let mixed = """
            [ { \(token), key_from: "https://a.b/c", \(request) }, { alg: hmac-sha256, signature_from: "${header.Z}" } ]
            """
        #expect(
            found(mixed) == [
                "'key_request' cannot be used next to an alternative without 'key_from': the secret of one would be "
                    + "sent to the host of the other"
            ])
    }
}

extension SigningKey {
    fileprivate static var p256: SigningKey { generate(.ecdsaP256SHA256) }
}
