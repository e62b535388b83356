import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRoutes

/// Secrets that a route learns from handshakes.
@Suite struct LearntSecretTests {
    private static let route = """
        routes:
        - name: hooks
          path: /hooks
          verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}" }
          handshake:
          - when: { method: POST, header.X-Hook-Secret: { exists: true } }
            learn: ${header.X-Hook-Secret}
            reply: { headers: { X-Hook-Secret: "${header.X-Hook-Secret}" } }
          - when: { body.verification_token: { exists: true } }
            signed: false
            learn: ${body.verification_token}
          jobs: [ { type: t } ]
        """

    private func compile(_ text: String, _ learnt: LearntSecrets?) -> RouteCompilation {
        var options = RouteOptions()
        options.learnt = learnt
        let file = RouteFile(name: "r.yaml", bytes: Array(text.utf8))
        return RouteTable.compile(
            [file], secretFiles: SecretFiles(folder: "."), environment: ["S": "a secret of the route"],
            options: options)
    }

    private func outcome(
        _ route: Route, headers: [RequestToSign.Header] = [], body: String = "{}"
    ) -> RouteOutcome {
        var scratch = RouteScratch()
        let arrival = RequestArrival(sender: nil, receivedAtMilliseconds: 0, deliveryID: "d")
        let request = RequestToSign(target: "/hooks", headers: headers, body: Array(body.utf8))
        return request.withView(from: .unknown) { route.handle($0, arrival, from: .head, scratch: &scratch) }
    }

    private func learnt(_ outcome: RouteOutcome) -> String? {
        guard case .learns(let secret, _) = outcome else { return nil }
        return String(decoding: secret.bytes, as: UTF8.self)
    }

    @Test("a header or a field of the body brings the secret, and nothing else does")
    func secrets() throws {
        let route = try #require(compile(Self.route, LearntSecrets()).table?.routes.first)
        #expect(learnt(outcome(route, headers: [.init("X-Hook-Secret", "0123456789abcdef")])) == "0123456789abcdef")
        #expect(learnt(outcome(route, body: #"{"verification_token":"secret_abcdef"}"#)) == "secret_abcdef")
        #expect(outcome(route).refusal?.code == .signatureMissing)
        for value in ["short", "with a blank in it", ""] {
            let refused = outcome(route, headers: [.init("X-Hook-Secret", value)])
            #expect(learnt(refused) == nil && refused.refusal != nil, "\(value)")
        }
        #expect(learnt(outcome(route, headers: [.init("X-Hook-Secret", "12345678")])) == "12345678")
        let long = outcome(route, headers: [.init("X-Hook-Secret", String(repeating: "a", count: 1025))])
        #expect(long.refusal?.reason == "the header x-hook-secret has more than 1024 bytes")
        let short = outcome(route, headers: [.init("X-Hook-Secret", "short")])
        #expect(short.refusal?.reason == "the header x-hook-secret, which is the new secret, has fewer than 8 bytes")
        #expect("\(HandshakeSecret(bytes: Array("0123456789".utf8)))" == "a secret of 10 bytes")
    }

    @Test("a text that a handshake of another route would sign is refused, as its secret may be the learnt one")
    func tokens() throws {
        let other = """

            - path: /other
              verify: none
              handshake_secrets: [ { env: S } ]
              handshake: [ { when: { method: GET }, hmac: { of: "${query.t}" }, reply: { body: "${hmac}" } } ]
              jobs: [ { type: t } ]
            """
        let learnt = LearntSecrets()
        learnt.replace([Array("a secret of the route".utf8)], of: "hooks")
        let route = try #require(compile(Self.route + other, learnt).table?.routes.first)
        func status(_ body: String) throws -> Int {
            let plain = RequestToSign(target: "/hooks", body: Array(body.utf8))
            let signed = try route.verifying(with: "a secret of the route").sign(plain, at: 0, id: "")
            return outcome(route, headers: signed.headers, body: body).status
        }
        #expect(try status("12345") == 401)
        #expect(try status("[12345]") == 200)
    }

    @Test("the route verifies with each learnt secret from the next request on, and with none before")
    func verification() throws {
        let learnt = LearntSecrets()
        let route = try #require(compile(Self.route, learnt).table?.routes.first)
        func status(_ secret: String) throws -> Int {
            let plain = RequestToSign(target: "/hooks", body: Array("{}".utf8))
            let signed = try route.verifying(with: secret).sign(plain, at: 0, id: "")
            return outcome(route, headers: signed.headers).status
        }
        #expect(try status("the first secret") == 401)
        learnt.replace([Array("the first secret".utf8)], of: "hooks")
        #expect(try status("the first secret") == 200)
        learnt.replace(["the second secret", "the first secret"].map { Array($0.utf8) }, of: "hooks")
        #expect(try status("the first secret") == 200)
        #expect(try status("the second secret") == 200)
        #expect(try status("the third secret") == 401)
        learnt.replace([], of: "hooks")
        #expect(try status("the first secret") == 401)
        learnt.replace([Array("the first secret".utf8)], of: "another route")
        #expect(try status("the first secret") == 401)
    }

    @Test("a route is armed for ten minutes and one secret, and not while the clock is behind")
    func arming() {
        let secrets = LearntSecrets()
        var number = 0
        func begin(_ route: String, at time: Int64) -> LearntSecrets.BeginResult {
            number += 1
            return secrets.begin(
                HandshakeSecret(bytes: Array("new secret \(number)".utf8)), of: route, atMilliseconds: time)
        }
        #expect(begin("r", at: 0) == .notArmed)
        #expect(secrets.arm("r", atMilliseconds: 1000) == 601_000)
        #expect(begin("other", at: 1000) == .notArmed)
        #expect(begin("r", at: 600_999) == .armed(atMilliseconds: 1000))
        #expect(begin("r", at: 600_999) == .notArmed)
        _ = secrets.arm("r", atMilliseconds: 1000)
        #expect(begin("r", at: 601_000) == .notArmed)
        _ = secrets.arm("r", atMilliseconds: 1000)
        #expect(begin("r", at: 999) == .notArmed)
        let secret = HandshakeSecret(bytes: Array("a new secret".utf8))
        let always = LearntSecrets(isAlwaysArmed: true)
        #expect(always.begin(secret, of: "r", atMilliseconds: 0) == .armed(atMilliseconds: 0))
        secrets.replace((0..<6).map { [UInt8(0x30 + $0)] }, of: "r")
        #expect(secrets.secrets(of: "r") == [[0x30], [0x31], [0x32], [0x33]])
    }

    @Test("a secret that the route has learnt is known without being armed, and leaves an armed route armed")
    func repeated() {
        let secrets = LearntSecrets()
        func begin(_ text: String, of route: String = "r") -> LearntSecrets.BeginResult {
            secrets.begin(HandshakeSecret(bytes: Array(text.utf8)), of: route, atMilliseconds: 2000)
        }
        secrets.replace(["the newest", "the oldest"].map { Array($0.utf8) }, of: "r")
        #expect(begin("the newest") == .known && begin("the oldest") == .known)
        #expect(begin("the oldest", of: "other") == .notArmed && begin("the oldes") == .notArmed)
        _ = secrets.arm("r", atMilliseconds: 1000)
        #expect(begin("the oldest") == .known)
        #expect(begin("another one") == .armed(atMilliseconds: 1000))
        #expect(begin("the oldest") == .known && begin("yet another") == .notArmed)
    }

    @Test("a route whose secret was not stored stays armed for the rest of its time, not for longer")
    func resumed() {
        let secrets = LearntSecrets()
        let secret = HandshakeSecret(bytes: Array("a new secret".utf8))
        func fail() { secrets.end(secret, of: "r", armedAtMilliseconds: 1000) }
        _ = secrets.arm("r", atMilliseconds: 1000)
        #expect(secrets.begin(secret, of: "r", atMilliseconds: 600_000) == .armed(atMilliseconds: 1000))
        fail()
        #expect(secrets.begin(secret, of: "r", atMilliseconds: 600_999) == .armed(atMilliseconds: 1000))
        fail()
        #expect(secrets.begin(secret, of: "r", atMilliseconds: 601_000) == .notArmed)
        // Armed by a person in the meantime.
        _ = secrets.arm("r", atMilliseconds: 602_000)
        fail()
        #expect(secrets.begin(secret, of: "r", atMilliseconds: 700_000) == .armed(atMilliseconds: 602_000))
    }

    @Test("a handshake that is repeated while its secret is being stored is not refused, and another secret is")
    func begun() {
        let secrets = LearntSecrets()
        let secret = HandshakeSecret(bytes: Array("a new secret".utf8))
        let other = HandshakeSecret(bytes: Array("a new secret?".utf8))
        func begin(_ secret: HandshakeSecret, of route: String = "r") -> LearntSecrets.BeginResult {
            secrets.begin(secret, of: route, atMilliseconds: 2000)
        }
        _ = secrets.arm("r", atMilliseconds: 1000)
        #expect(begin(secret) == .armed(atMilliseconds: 1000) && begin(secret) == .armed(atMilliseconds: 1000))
        #expect(begin(other) == .notArmed && begin(secret, of: "other") == .notArmed)
        // The first could not be stored, and the second was.
        secrets.end(secret, of: "r", armedAtMilliseconds: 1000)
        secrets.replace([secret.bytes], of: "r")
        secrets.end(secret, of: "r", armedAtMilliseconds: 1000)
        #expect(begin(secret) == .known && begin(other) == .notArmed)
        // One that fails after the other was stored arms nothing.
        secrets.end(secret, of: "r", armedAtMilliseconds: 1000)
        #expect(begin(other) == .notArmed)
        // Armed by a person in the meantime.
        _ = secrets.arm("r", atMilliseconds: 1500)
        secrets.end(secret, of: "r", armedAtMilliseconds: 1000)
        #expect(begin(other) == .armed(atMilliseconds: 1500))
    }

    @Test("a route without a secret loads with a warning, which ends with the first secret")
    func warning() {
        let secrets = LearntSecrets()
        let words =
            "r.yaml:2:3: warning: the route has no secret yet and answers every delivery with 401: run "
            + "'sluice providers arm hooks', then create the webhook at the provider"
        #expect(compile(Self.route, secrets).warnings.map(\.description) == [words])
        secrets.replace([Array("the first secret".utf8)], of: "hooks")
        #expect(compile(Self.route, secrets).warnings.isEmpty)
        let checked = compile(Self.route, nil)
        #expect(checked.warnings.isEmpty && checked.notes.contains { $0.message.contains("learns its secret") })
    }

    @Test(
        "a value that cannot be learnt is an error with its reason",
        arguments: [
            ("verify: none", "learn: '${header.X-A}'", "'learn' has no effect: the route has 'verify: none'"),
            (
                "verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }", "learn: text",
                "'learn' must be one reference to a header, a query parameter, a path parameter or a field of the "
                    + "body, such as ${query.token}"
            ),
            (
                "verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }", "learn: '${body.token}'",
                "a rule with 'learn' needs 'signed: false': the request with the secret is not signed with it"
            ),
            (
                "verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }",
                "learn: '${header.X-A}', call: '${body.url}', call_urls: [ 'https://example.com/*' ]",
                "'learn' and 'call' cannot be in one rule: only an unsigned handshake contains a secret, and only a "
                    + "signed one may make the gateway call a URL"
            ),
            (
                "verify: { alg: ed25519, signature_from: '${header.X-S}', key_encoding: hex }\n"
                    + "  secrets: [ { env: KEY } ]", "learn: '${header.X-A}'",
                "'learn' has no effect: the route verifies with public keys, which are not secrets"
            ),
        ])
    func errors(verify: String, learn: String, message: String) {
        let text = """
            routes:
            - path: /r
              \(verify)
              handshake: [ { when: { method: POST, header.X-A: { exists: true } }, \(learn) } ]
              jobs: [ { type: t } ]
            """
        var options = RouteOptions()
        options.secrets = .throwAway
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: [:], options: options)
        #expect(compilation.problems.map(\.message).contains(message), "\(compilation.problems)")
    }
}
