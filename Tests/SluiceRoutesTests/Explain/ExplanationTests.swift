import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What an account says before the rules: path, head, signature, body.
@Suite(.serialized) struct ExplanationTests {
    private static let two = """
        routes:
          - { name: a, path: "/github/{tenant}", verify: none, jobs: [ { type: t } ] }
          - { name: b, path: /gitlab, verify: none, jobs: [ { type: t } ] }

        """

    @Test(
        "a path without a route is shown with the most similar one, its parameters filled in",
        arguments: [("/gitlob", "/gitlab"), ("/gihub/acme", "/github/{tenant}"), ("/gitlab/", "/gitlab")])
    func lostPath(path: String, nearest: String) throws {
        let found = try explanation(Self.two, TestRequest(target: path))
        #expect(found.refusal == .noSuchRoute)
        #expect(found.outcome.status == 404)
        #expect(found.lines("route") == ["route         ✗ none has this path; the nearest is \(nearest)"])
    }

    @Test("a path that is similar to none is shown with all paths, if there are few")
    func farPath() throws {
        let found = try explanation(Self.two, TestRequest(target: "/nothing/at/all"))
        #expect(
            found.lines("route") == ["route         ✗ none has this path; the paths are: /github/{tenant}, /gitlab"])
    }

    @Test("an ambiguous path is shown as such", arguments: ["/a%2Fb", "/%zz", "/%2e%2e/gitlab"])
    func unclearPath(path: String) throws {
        let words = try explanation(Self.two, TestRequest(target: path)).step("route")?.text
        #expect(
            words
                == "none: a path with //, . or .. as a segment, %2F, %00 or invalid UTF-8 never leads to a route")
    }

    @Test("a route is shown with its location and its parameters, decoded")
    func route() throws {
        let found = try explanation(Self.two, TestRequest(target: "/github/ac%20me?x=1"))
        #expect(found.step("route")?.text == "a, path /github/{tenant}")
        #expect(found.step("route")?.location == "r.yaml:2:5")
        #expect(found.step("route")?.details.map(\.text) == ["tenant = \"ac me\""])
        #expect(found.refusal == nil)
    }

    @Test(
        "the first check that refuses is the last one, with its place",
        arguments: [
            ("allow_from: [ 10.0.0.0/8 ]", "POST", [], ErrorCode.addressNotAllowed, "allow_from", "r.yaml:5:5"),
            ("methods: [ PUT ]", "POST", [], .methodNotAllowed, "methods", "r.yaml:5:5"),
            (
                "content_types: [ text/* ]", "POST", [("content-type", "application/json")], .contentTypeNotSupported,
                "content_types",
                "r.yaml:5:5"
            ),
            (
                "otherwise: ignore", "POST", [("content-encoding", "gzip")], .contentEncodingNotSupported, "gzip",
                "r.yaml:2:5"
            ),
            ("body_limit: 1KiB", "POST", [], .bodyTooLarge, "body_limit", "r.yaml:5:5"),
        ])
    func checks(
        line: String, method: String, headers: [(name: String, value: String)], code: ErrorCode, name: String,
        place: String
    ) throws {
        var request = TestRequest(String(repeating: "1", count: 1025), headers: headers)
        request.method = method
        let found = try explanation(openRoute(line), request)
        let last = try #require(found.steps.dropLast().last)
        #expect(last.name == name)
        #expect(last.holds == false)
        #expect(last.text.hasPrefix("\(code.rawValue): "))
        #expect(last.location == place)
        #expect(found.steps.dropLast(2).allSatisfy { $0.holds != false })
        #expect(found.refusal == code)
        #expect(found.text.last?.hasPrefix("result        ✗ refused: \(code.httpStatus) \(code.rawValue): ") == true)
    }

    @Test("without a sender a request comes from an address that the route lets in, and a note says so")
    func sender() throws {
        let found = try explanation(openRoute("allow_from: [ 10.0.0.0/8 ]"), TestRequest("{}"), sender: nil)
        #expect(found.refusal == nil)
        #expect(found.step("request")?.text.contains(", from 10.0.0.1, at ") == true)
        #expect(
            found.step("request")?.details.map(\.text) == [
                "no sender is given: assuming an address that the route accepts"
            ])
    }
}

/// What an account says of signatures.
@Suite(.serialized) struct SignatureExplanationTests {
    private let both = ["SECRET": "a secret of tests", "OLD": "the old secret..."]

    private func request(_ secret: String, time: String = "1700000000") -> TestRequest {
        let digest = signature(Array("\(time).{}".utf8), secret)
        return TestRequest("{}", headers: [("X-Time", time), ("X-Signature", "sha256=\(digest)")])
    }

    @Test("a signature is shown with the matching secret, its source, the time and the signed text")
    func valid() throws {
        let found = try explanation(signedRoute, request("the old secret..."), environment: both)
        #expect(found.step("signature")?.holds == true)
        #expect(found.step("signature")?.location == "r.yaml:4:5")
        let text = found.text.map { $0.trimmingPrefix { $0 == " " } }
        #expect(text.contains("✓ it matches secret 2 (env OLD)"))
        #expect(text.contains("timestamp \"1700000000\", 0s old, tolerance 5m"))
        #expect(text.contains("signed text, 13 bytes: 1700000000.{}"))
        #expect(found.refusal == nil)
    }

    @Test("a wrong signature and an old one end the explanation, which contains no secret or signature")
    func refused() throws {
        let forged = try explanation(signedRoute, request("guess"), environment: both)
        #expect(forged.refusal == .signatureInvalid)
        #expect(forged.step("body") == nil)
        #expect(
            forged.step("signature")?.details.first { $0.text == "secret 1 (env SECRET)" }?.location == "r.yaml:10:5")
        #expect(
            forged.text.last
                == "result        ✗ refused: 401 signature_invalid: the header x-signature does not match any secret of the route"
        )
        let old = try explanation(signedRoute, request("the old secret...", time: "1600000000"), environment: both)
        #expect(old.refusal == .signatureExpired)
        #expect(
            old.text.contains(
                "                timestamp \"1600000000\", 1157 days old (2020-09-13T12:26:40.000Z), tolerance 5m"),
            "\(old.text)")
        let digest = signature(Array("1700000000.{}".utf8), "a secret of tests")
        let signed = try explanation(signedRoute, TestRequest("{}"), signs: true, environment: both)
        for explanation in [forged, old, signed] {
            for text in [explanation.text.joined(), explanation.json] {
                #expect(!text.contains(digest) && !text.contains("a secret of tests"))
            }
        }
    }

    @Test("a request without a signature is signed with the first secret, unless it is to go as it is")
    func signing() throws {
        let signed = try explanation(signedRoute, TestRequest("{}"), signs: true, environment: both)
        #expect(
            signed.step("signature")?.details.prefix(2).map(\.text) == [
                "it had no signature and was signed here; added: x-time, x-signature",
                "it matches secret 1 (env SECRET)",
            ])
        let unsigned = try explanation(signedRoute, TestRequest("{}"), environment: both)
        #expect(unsigned.step("signature")?.details.contains { $0.text.contains("signed here") } == false)
        #expect(unsigned.refusal == .signatureMissing)
    }

    @Test("a request that cannot be signed is sent as it is, with the reason")
    func obstacle() throws {
        let text = signedRoute.replacing("${header.X-Time}", with: "${body.time}")
        let found = try explanation(text, TestRequest("[]"), signs: true, environment: both)
        #expect(
            found.step("signature")?.details.first?.text
                == "it could not be signed here: the field time of the body cannot be added to a body of this format")
        #expect(found.refusal == .signatureMissing)
    }

    @Test(
        "with secrets that are not there it signs with others that it makes up, and cannot tell whether a signature is right"
    )
    func standIns() throws {
        let signed = try explanation(
            signedRoute, TestRequest("{}"), signs: true, secrets: .whereThere, environment: [:])
        #expect(signed.step("signature")?.holds == true)
        #expect(
            signed.step("signature")?.details.map(\.text).contains(
                "it matches secret 1 (env SECRET, which is missing, so one was generated)") == true)
        let brought = try explanation(
            signedRoute, request("the old secret..."), secrets: .whereThere,
            environment: ["SECRET": "a secret of tests"])
        #expect(brought.isSignatureUnknown)
        #expect(brought.step("signature")?.holds == nil)
        #expect(brought.refusal == nil)
        #expect(brought.steps("job").count == 1)
        #expect(brought.text.last == "result        · accepted, if its signature is valid: 1 job")
        let known = try explanation(
            signedRoute, request("a secret of tests"), secrets: .whereThere,
            environment: ["SECRET": "a secret of tests"])
        #expect(known.step("signature")?.holds == true)
        #expect(!known.isSignatureUnknown)
        // What lacks a signature is refused whatever the secrets are.
        #expect(
            try explanation(signedRoute, TestRequest("{}"), secrets: .whereThere, environment: [:]).refusal
                == .signatureMissing)
    }
}
