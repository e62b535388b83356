import SluiceJSON
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// How the request of an example is signed.
@Suite(.serialized) struct ExampleSigningTests {
    private static let timed = """
        verify:
          alg: hmac-sha256
          signature_from: ${header.X-Signature}
          timestamp_from: ${header.X-Time}
          tolerance: 5m
          id_from: ${header.X-Id}
          signed: "${id}.${timestamp}.${body}"
        secrets: [ { file: nowhere } ]
        """

    @Test("it is signed with the route's scheme, at its clock, over the signed values")
    func throwAway() throws {
        var route = ExampleRoute(verify: Self.timed)
        route.rules = "- type: t\n  payload: { time: '${header.X-Time}', id: '${header.X-Id}' }"
        #expect(
            try route.differences(
                "body: 1\nexpect: { status: 200, jobs: [ { payload: { time: '1700000000', id: example_1 } } ] }",
                "clock: 2026-11-25T08:00:00Z\nbody: 1\nexpect: { jobs: [ { payload: { time: '1795593600' } } ] }",
                "headers: { X-Time: 1699999000, X-Id: a }\nbody: 1\nexpect: { refused: signature_expired }",
                "headers: { X-Time: 1699999900, X-Id: a }\nbody: 1\nexpect: { jobs: [ { payload: { id: a, time: "
                    + "'1699999900' } } ] }"
            )
                == [[], [], [], []])
    }

    @Test(
        "one that brings its signature goes in as it is, with the secret it was made with", arguments: GitHubVector.all)
    func vectors(vector: GitHubVector) throws {
        let body = JSONTree.text(vector.body).json
        let request = "body_text: \(body)\nheaders: { X-Signature: '\(vector.header)' }\n"
        let verdict = vector.isValid ? "{ dead_letters: 0 }" : "{ refused: signature_invalid }"
        #expect(try ExampleRoute().differences("\(request)secret: \(vector.secret)\nexpect: \(verdict)") == [[]])
        // Without the secret it is held against one that nobody knows.
        #expect(try ExampleRoute().differences("\(request)expect: { status: 401 }") == [[]])
    }

    @Test("a secret without a signature signs, and in the encoding that the route says")
    func secrets() throws {
        #expect(try ExampleRoute().differences("secret: s\nbody: 1\nexpect: { status: 200 }") == [[]])
        var route = ExampleRoute()
        route.verify = route.verify.replacing("alg: hmac-sha256", with: "alg: hmac-sha256\n  key_encoding: base64")
        #expect(
            try route.differences(
                "secret: c2VjcmV0\nbody: 1\nexpect: { status: 200 }", "secret: '?'\nbody: 1\nexpect: { status: 200 }")
                == [
                    [],
                    [
                        "!the secret is not valid base64, which 'key_encoding' requires; an example can have its own signature "
                            + "with 'secret' and 'clock', or be sent unsigned with 'signed: false'"
                    ],
                ])
    }

    @Test("a signature in the query can be part of an example, and is added if it is not")
    func query() throws {
        var route = ExampleRoute()
        route.verify = "verify: { alg: hmac-sha256, signature_from: '${query.sig}' }\nsecrets: [ { env: SECRET } ]"
        let digest = signature(Array("x".utf8), "s")
        let differences = try route.differences(
            "secret: s\nquery: { sig: \(digest) }\nbody_text: x\nexpect: { status: 200 }",
            "secret: other\nquery: { sig: \(digest) }\nbody_text: x\nexpect: { refused: signature_invalid }",
            "body_text: x\nexpect: { status: 200 }",
            "signed: false\nbody_text: x\nexpect: { refused: signature_missing }")
        #expect(differences == [[], [], [], []])
    }

    @Test("neither a real secret nor a file is looked for")
    func noSecrets() throws {
        let text = ExampleRoute(verify: Self.timed).text(["body: 1\nexpect: { status: 200 }"])
        #expect(compile([("r.yaml", text)], environment: [:]).table == nil)
        let trial = compile([("r.yaml", text)], environment: [:], secrets: .throwAway)
        #expect(trial.runExamples(folder: ".", atMilliseconds: TestRequest.now).map(\.isAsExpected) == [true])
    }
}
