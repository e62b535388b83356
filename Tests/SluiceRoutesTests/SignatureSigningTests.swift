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

    private func complete(_ request: RequestToSign, _ added: [RequestToSign.Header]) -> TestRequest {
        var complete = TestRequest(target: request.target)
        complete.method = request.method
        complete.body = request.body
        complete.headers = (request.headers + added).map { ($0.name, $0.value) }
        return complete
    }

    @Test(
        "A request signed by a provider's scheme is genuine, and not with another body",
        arguments: VectorScheme.allCases.filter { $0 != .mailgun })
    func signed(scheme: VectorScheme) throws {
        let route = try throwAway(scheme.route)
        let request = RequestToSign(
            target: "/hook?a=b", body: Array(#"{"id":1,"webhookTimestamp":1700000000123}"#.utf8))
        let added = try route.sign(request, at: TestRequest.now, id: "example-1")
        var signed = complete(request, added)
        #expect(signed.judged(by: route) == "valid")
        signed.body[3] ^= 1
        #expect(signed.judged(by: route).hasPrefix("refused signature_invalid: "))
    }

    @Test("The headers are those of the scheme: what is there already stays, what is missing is made")
    func headers() throws {
        let route = try throwAway(VectorScheme.standardWebhooks.route)
        let bare = RequestToSign(target: "/hook", body: [])
        #expect(
            try route.sign(bare, at: 1_700_000_000_999, id: "m1").map(\.name) == [
                "webhook-id", "webhook-timestamp", "webhook-signature",
            ])
        #expect(try route.sign(bare, at: 1_700_000_000_999, id: "m1").prefix(2).map(\.value) == ["m1", "1700000000"])
        let own = RequestToSign(
            target: "/hook", headers: [.init("Webhook-Id", "m2"), .init("Webhook-Timestamp", "1700000001")], body: [])
        let added = try route.sign(own, at: 0, id: "m1")
        #expect(added.map(\.name) == ["webhook-signature"])
        #expect(complete(own, added).judged(by: route) == "valid")
    }

    @Test(
        "A timestamp is written in the scheme's format",
        arguments: [("unix", "1700000000"), ("unix_ms", "1700000000123"), ("rfc3339", "2023-11-14T22:13:20.123Z")])
    func formats(format: String, expected: String) throws {
        let verify =
            "{alg: hmac-sha512, signature_from: '${header.S}', timestamp_from: '${header.T}', timestamp_format: "
            + "\(format), "
            + "signed: '${timestamp}'}"
        let route = try throwAway(
            "routes:\n- path: /hook\n  verify: \(verify)\n  secrets: [{file: none}]\n  jobs: [{type: t}]\n")
        let added = try route.sign(RequestToSign(target: "/hook", body: []), at: TestRequest.now, id: "")
        #expect(added.first == .init("t", expected))
    }

    @Test("Stripe's timestamp and signature stand in one header")
    func oneHeader() throws {
        let route = try throwAway(VectorScheme.stripe.route)
        let added = try route.sign(RequestToSign(target: "/hook", body: []), at: TestRequest.now, id: "")
        #expect(added.map(\.name) == ["stripe-signature"])
        #expect(added.first?.value.hasPrefix("t=1700000000,v1=") == true)
    }

    @Test(
        "What cannot be signed is said",
        arguments: [
            (
                "signature_from: '${body.s}'",
                "the signature is in the field s of the body, and requests can only be signed in a header"
            ),
            (
                "signature_from: '${query.s}'",
                "the signature is in the query parameter s, and requests can only be signed in a header"
            ),
            ("signature_from: '${header.S}'", "the request already has the header s"),
            (
                "signature_from: '${header.X}', id_from: '${body.id}', signed: '${id}'",
                "the request cannot be signed: the field id of the body, which contains the id, is missing"
            ),
            (
                "signature_from: '${header.X}', signed: '${header.Y}'",
                "the request cannot be signed: the header y, which is signed, is missing"
            ),
        ])
    func obstacles(verify: String, expected: String) throws {
        let route = try throwAway(
            "routes:\n- path: /hook\n  verify: {alg: hmac-sha256, \(verify)}\n  secrets: [{env: S}]\n  jobs: [{type: "
                + "t}]\n"
        )
        let request = RequestToSign(target: "/hook", headers: [.init("S", "00")], body: Array("{}".utf8))
        let obstacle = #expect(throws: SigningError.self) { try route.sign(request, at: 0, id: "") }
        #expect(obstacle?.message == expected)
    }

    @Test("Nothing is added for a route that verifies nothing")
    func none() throws {
        #expect(try throwAway(openRoute()).sign(RequestToSign(target: "/hook", body: []), at: 0, id: "") == [])
    }

    @Test(
        "Throw-away secrets need no encoding, are new each time and named as such; mistakes in 'secrets' are still mistakes"
    )
    func supply() throws {
        let text =
            "routes:\n- path: /hook\n  provider: github\n  verify: {key_encoding: base64, key_strip_prefix: x}\n"
            + "  secrets: [{env: S}, {file: no/such}]\n  jobs: [{type: t}]\n"
        let (route, other) = (try throwAway(text), try throwAway(text))
        let request = RequestToSign(target: "/hook", body: Array("{}".utf8))
        let signed = complete(request, try route.sign(request, at: 0, id: ""))
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

    @Test("A route takes another secret for a vector that somebody else has signed", arguments: SignatureVector.all)
    func given(vector: SignatureVector) throws {
        let route = try throwAway(vector.scheme.route)
        let request = TestRequest(vector.body, target: vector.target, headers: vector.headers)
        let outcome = request.judged(by: try route.verifying(with: vector.secret), atMilliseconds: vector.clock * 1000)
        #expect(outcome == (vector.refusal.map { "refused \($0)" } ?? "valid"))
    }

    @Test("A secret that is not of the route's encoding is refused, and not repeated")
    func wrongSecret() throws {
        let route = try throwAway(VectorScheme.svix.route)
        let obstacle = #expect(throws: SigningError.self) { try route.verifying(with: "hunter2!") }
        #expect(obstacle?.message == "the secret is not base64, as 'key_encoding' says")
    }
}
