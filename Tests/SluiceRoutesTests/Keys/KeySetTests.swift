import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import Testing

@testable import SluiceRoutes

/// Tokens whose keys come from a JSON Web Key Set.
@Suite struct KeySetTests {
    private static let text = """
        routes:
        - path: /hook
          verify:
            alg: jwt
            signature_from: ${header.Authorization}
            signature_prefix: "Bearer "
            key_from: https://keys.example.com/jwks.json
            jwt: { algs: [ES256, EdDSA], required: [exp], claims: { aud: me } }
          jobs: [ { type: t } ]

        """

    private static func route(_ store: RemoteKeyStore) throws -> Route {
        var options = RouteOptions()
        options.keys = store
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: [:], options: options)
        #expect(compilation.problems.map(\.description) == [])
        return try #require(compilation.table?.routes.first)
    }

    static func token(
        _ key: SigningKey, kid: String? = "k1", claims: String = #"{"aud":"me","exp":1700000300}"#,
        body: String = "{}"
    ) throws -> TestRequest {
        let algorithm = key.algorithm == .ed25519 ? "EdDSA" : "ES256"
        let header = #"{"alg":"\#(algorithm)"\#(kid.map { #","kid":"\#($0)""# } ?? "")}"#
        let text = [header, claims].map { Base64.encodeURL(Array($0.utf8)) }.joined(separator: ".")
        var signature = key.sign(Array(text.utf8).span)
        if key.algorithm == .ecdsaP256SHA256 { signature = try #require(ECDSASignature.raw(der: signature)) }
        let token = text + "." + Base64.encodeURL(signature)
        return TestRequest(body, headers: [("authorization", "Bearer " + token)])
    }

    /// As JWK (RFC 7517): the numbers stand at the end of the DER.
    static func jwk(_ key: SigningKey, kid: String = "k1", more: String = "") -> String {
        let der = key.publicKey.der
        func number(_ bytes: some Collection<UInt8>) -> String { Base64.encodeURL(Array(bytes)) }
        if key.algorithm == .ed25519 {
            return #"{"kty":"OKP","crv":"Ed25519","kid":"\#(kid)","x":"\#(number(der.suffix(32)))"\#(more)}"#
        }
        return #"{"kty":"EC","crv":"P-256","kid":"\#(kid)","x":"\#(number(der.suffix(64).prefix(32)))","#
            + #""y":"\#(number(der.suffix(32)))"\#(more)}"#
    }

    private static func put(_ keys: [String], _ store: RemoteKeyStore, at time: Int64 = TestRequest.now) throws {
        let url = try #require(KeyURL(parsing: "https://keys.example.com/jwks.json"))
        let need = RequiredKey(url: url, isKeySet: true, isNamedByRequest: false)
        let json = #"{"keys":[\#(keys.joined(separator: ","))]}"#
        store.put(.success(Array(json.utf8)), for: need, atMilliseconds: time)
    }

    func isWaiting(_ outcome: RouteOutcome) -> Bool { if case .needsKey = outcome { true } else { false } }

    @Test("a token is valid with the key that has its id", arguments: [PublicKeyAlgorithm.ed25519, .ecdsaP256SHA256])
    func valid(algorithm: PublicKeyAlgorithm) throws {
        let (key, other, store) = (SigningKey.generate(algorithm), SigningKey.generate(algorithm), RemoteKeyStore())
        let route = try Self.route(store)
        let request = try Self.token(key)
        #expect(isWaiting(request.processed(by: route)))
        try Self.put([Self.jwk(other, kid: "k0"), Self.jwk(key)], store)
        #expect(request.processed(by: route).delivery != nil)
        #expect(try Self.token(other).processed(by: route).summary.hasSuffix("does not match the key"))
        #expect(try Self.token(other, kid: "k0").processed(by: route).delivery != nil)
    }

    @Test("a token is checked before the keys are fetched")
    func claims() throws {
        let route = try Self.route(RemoteKeyStore())
        let key = SigningKey.generate(.ed25519)
        for claims in [#"{"aud":"you","exp":1700000300}"#, #"{"aud":"me","exp":1600000000}"#, #"{"aud":"me"}"#] {
            #expect(try Self.token(key, claims: claims).processed(by: route).summary.hasPrefix("refused signature_"))
        }
        #expect(
            try Self.token(key, kid: nil).processed(by: route).summary
                == "refused signature_invalid: the token's header has no 'kid'")
    }

    @Test("a key set that lacks a key is fetched again once a minute")
    func refresh() throws {
        let (key, store) = (SigningKey.generate(.ed25519), RemoteKeyStore())
        let route = try Self.route(store)
        let request = try Self.token(key)
        try Self.put([Self.jwk(key, kid: "old")], store)
        let summary = request.processed(by: route, atMilliseconds: TestRequest.now + 59_000).summary
        #expect(summary.hasSuffix("the key set of keys.example.com has no valid key for the token's 'kid' and 'alg'"))
        #expect(isWaiting(request.processed(by: route, atMilliseconds: TestRequest.now + 60_000)))
        // A failed refresh leaves the keys that there are.
        let url = try #require(KeyURL(parsing: "https://keys.example.com/jwks.json"))
        store.put(
            .failure(RemoteKeyError("no")), for: RequiredKey(url: url, isKeySet: true, isNamedByRequest: false),
            atMilliseconds: TestRequest.now + 60_000)
        let old = try Self.token(key, kid: "old")
        #expect(old.processed(by: route, atMilliseconds: TestRequest.now + 61_000).delivery != nil)
        try Self.put([Self.jwk(key)], store, at: TestRequest.now + 120_000)
        #expect(request.processed(by: route, atMilliseconds: TestRequest.now + 120_000).delivery != nil)
    }

    @Test("keys for encryption, of other types and for other algorithms are not used")
    func useless() throws {
        let (key, store) = (SigningKey.generate(.ed25519), RemoteKeyStore())
        let route = try Self.route(store)
        for more in [#","use":"enc""#, #","alg":"RS256""#] {
            try Self.put([Self.jwk(key, more: more)], store)
            #expect(try Self.token(key).processed(by: route).summary.hasPrefix("refused key_unavailable: "))
        }
        let secret = #"{"kty":"oct","kid":"k1","k":"AAAAAAAAAAAAAAAAAAAAAA"}"#
        try Self.put([secret, Self.jwk(SigningKey.generate(.ed25519), kid: "k2")], store)
        #expect(try Self.token(key).processed(by: route).summary.hasPrefix("refused signature_invalid: "))
    }

    @Test("an RSA key of a key set is the key that OpenSSL reads")
    func rsa() throws {
        let key = SigningKey.generate(.rsaSHA256)
        // SEQUENCE { algorithm, BIT STRING { SEQUENCE { n, e } } } with 2048 bits: n follows 28 + 5 bytes.
        let der = key.publicKey.der
        let (modulus, exponent) = (Array(der[33..<289]), Array(der.suffix(3)))
        #expect(SubjectPublicKeyInfo.rsa(modulus: modulus, exponent: exponent) == der)
    }
}
