import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Requests that are signed with a route's own scheme, and routes without their real secrets.
@Suite(.serialized) struct SignatureSigningTests {
    /// Compiled with secrets that are nowhere.
    private func throwAway(_ text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws -> Route {
        var options = RouteOptions()
        options.secrets = .throwAway
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "/nowhere"),
            environment: [:],
            options: options)
        #expect(compilation.problems.map(\.description) == [], sourceLocation: sourceLocation)
        #expect(compilation.secretFiles == [], sourceLocation: sourceLocation)
        return try #require(compilation.table?.routes.first, sourceLocation: sourceLocation)
    }

    /// The headers that signing adds.
    private func added(
        _ request: RequestToSign, _ route: Route, at milliseconds: Int64 = TestRequest.now, id: String = ""
    ) throws -> [RequestToSign.Header] {
        Array(try route.sign(request, at: milliseconds, id: id).headers.dropFirst(request.headers.count))
    }

    @Test(
        "a request signed with a provider's scheme is valid, and not with another body",
        arguments: VectorScheme.allCases)
    func signed(scheme: VectorScheme) throws {
        let route = try throwAway(scheme.route)
        let request = RequestToSign(
            target: "/hook?a=b",
            body: Array(
                #"{"id":1,"webhookTimestamp":1700000000123,"signature":{"timestamp":"1700000000","token":"t"}}"#.utf8))
        var signed = TestRequest(try route.sign(request, at: TestRequest.now, id: "example-1"))
        #expect(signed.judged(by: route) == "valid")
        if scheme == .mailgun { return }
        signed.body[3] ^= 1
        #expect(signed.judged(by: route).hasPrefix("refused signature_invalid: "))
    }

    @Test("the headers are those of the scheme: existing ones stay, missing ones are added")
    func headers() throws {
        let route = try throwAway(VectorScheme.standardWebhooks.route)
        let bare = RequestToSign(target: "/hook", body: [])
        #expect(
            try added(bare, route, at: 1_700_000_000_999, id: "m1").map(\.name) == [
                "webhook-id", "webhook-timestamp", "webhook-signature",
            ])
        #expect(try added(bare, route, at: 1_700_000_000_999, id: "m1").prefix(2).map(\.value) == ["m1", "1700000000"])
        let own = RequestToSign(
            target: "/hook", headers: [.init("Webhook-Id", "m2"), .init("Webhook-Timestamp", "1700000001")], body: [])
        #expect(try added(own, route, at: 0, id: "m1").map(\.name) == ["webhook-signature"])
        #expect(TestRequest(try route.sign(own, at: 0, id: "m1")).judged(by: route) == "valid")
    }

    @Test(
        "a timestamp is written in the scheme's format",
        arguments: [
            ("unix", "1700000000"), ("unix_ms", "1700000000123"), ("rfc3339", "2023-11-14T22:13:20.123Z"),
            ("http_date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ])
    func formats(format: String, expected: String) throws {
        let verify =
            "{alg: hmac-sha512, signature_from: '${header.S}', timestamp_from: '${header.T}', timestamp_format: "
            + "\(format), "
            + "signed: '${timestamp}'}"
        let route = try throwAway(
            "routes:\n- path: /hook\n  verify: \(verify)\n  secrets: [{file: none}]\n  jobs: [{type: t}]\n")
        let added = try added(RequestToSign(target: "/hook", body: []), route)
        #expect(added.first == .init("t", expected))
    }

    @Test("Stripe's timestamp and signature are in one header")
    func oneHeader() throws {
        let route = try throwAway(VectorScheme.stripe.route)
        let added = try added(RequestToSign(target: "/hook", body: []), route)
        #expect(added.map(\.name) == ["stripe-signature"])
        #expect(added.first?.value.hasPrefix("t=1700000000,v1=") == true)
    }

    @Test(
        "a request that cannot be signed has a reason",
        arguments: [
            (
                "signature_from: '${body.s}'",
                "the request cannot be signed: the field s of the body, which contains the signature, is itself signed"
            ),
            (
                "signature_from: '${param.s}'",
                "the path parameter s is missing, and cannot be added to the request"
            ),
            ("signature_from: '${header.S}'", "the request already has the header s"),
        ])
    func obstacles(verify: String, expected: String) throws {
        let route = try throwAway(
            "routes:\n- path: /hook/{s}\n  verify: {alg: hmac-sha256, \(verify)}\n  secrets: [{env: S}]\n  jobs: [{type: "
                + "t}]\n"
        )
        let request = RequestToSign(target: "/hook", headers: [.init("S", "00")], body: Array("{}".utf8))
        let obstacle = #expect(throws: SigningError.self) { try route.sign(request, at: 0, id: "") }
        #expect(obstacle?.message == expected)
    }

    @Test("nothing is added for a route that verifies nothing")
    func none() throws {
        #expect(try added(RequestToSign(target: "/hook", body: []), try throwAway(openRoute())) == [])
    }

    @Test(
        "throw-away secrets need no encoding, are new each time and named as such; mistakes in 'secrets' are still mistakes"
    )
    func supply() throws {
        let text =
            "routes:\n- path: /hook\n  provider: github\n  verify: {key_encoding: base64, key_strip_prefix: x}\n"
            + "  secrets: [{env: S}, {file: no/such}]\n  jobs: [{type: t}]\n"
        let (route, other) = (try throwAway(text), try throwAway(text))
        let request = RequestToSign(target: "/hook", body: Array("{}".utf8))
        let signed = TestRequest(try route.sign(request, at: 0, id: ""))
        #expect(signed.judged(by: route) == "valid")
        #expect(signed.judged(by: other).hasPrefix("refused signature_invalid"))
        let account = signed.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: 0) }
        #expect(account.secrets == [.throwAway, .throwAway])
        #expect(account.matchingSecret == 0)

        var options = RouteOptions()
        options.secrets = .throwAway
        let broken = text.replacing("{env: S}", with: "{evn: S}, {value: x}")
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(broken.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: [:],
            options: options)
        #expect(
            compilation.problems.map(\.description) == [
                "r.yaml:5:14: unknown key 'evn' in a secret; did you mean 'env'?",
                "r.yaml:5:31: a secret in a route file needs --allow-inline-secrets; use 'env' or 'file'",
            ])
    }

    @Test("a route uses another secret for a vector that was signed with it", arguments: SignatureVector.all)
    func given(vector: SignatureVector) throws {
        let route = try throwAway(vector.scheme.route)
        let request = TestRequest(vector.body, target: vector.target, headers: vector.headers)
        let outcome = request.judged(by: try route.verifying(with: vector.secret), atMilliseconds: vector.clock * 1000)
        #expect(outcome == (vector.refusal.map { "refused \($0)" } ?? "valid"))
    }

    @Test("a secret that is not of the route's encoding is refused, and not repeated")
    func wrongSecret() throws {
        let route = try throwAway(VectorScheme.svix.route)
        let obstacle = #expect(throws: SigningError.self) { try route.verifying(with: "hunter2!") }
        #expect(obstacle?.message == "the secret is not valid base64, which 'key_encoding' requires")
    }
}
