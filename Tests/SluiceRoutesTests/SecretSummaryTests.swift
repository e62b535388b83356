import SluiceBase
import SluiceRouteTools
import SluiceRoutes
import Testing

@testable import SluiceRouteFiles

/// What `check`, `explain` and `routes` show of secrets.
@Suite struct SecretSummaryTests {
    private static let routes = """
        routes:
        - name: r
          path: /r
          verify: { alg: hmac-sha256, signature_from: "${header.X-S}", key_encoding: base64, key_strip_prefix: whsec_ }
          secrets: [ { env: A }, { file: key } ]
          handshake_secrets: [ { env: TOKEN } ]
          handshake:
          - when: { method: GET, query.t: { exists: true } }
            token: ${query.t}
          jobs: [ { type: t } ]
        """
    private static let environment = ["A": "whsec_YWJjZGVmZ2hpamtsbW5vcA==", "TOKEN": "the verify token of the app"]

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("r.yaml", Self.routes)
        try folder.write("key", "c2VjcmV0IG9mIGEgZmlsZSE=\n")
        return folder
    }

    @Test(
        "check shows source, length and digest of the text of each secret, with its prefix and without a final newline")
    func check() throws {
        let folder = try folder()
        let report = CheckReport.make(
            folder: folder.path, environment: Self.environment, options: RouteOptions(), atMilliseconds: 0)
        let lines = report.lines(CheckTextFormat())
        // printf %s "$SECRET" | sha256sum | cut -c1-8
        let expected = [
            "r: secrets: env A, 30 bytes, SHA-256 60000f36", "r: secrets: file key, 24 bytes, SHA-256 32f090dc",
            "r: handshake_secrets: env TOKEN, 27 bytes, SHA-256 873abb62",
        ]
        #expect(lines.dropLast().suffix(3) == expected[...])
        let json = String(decoding: report.json, as: UTF8.self)
        #expect(json.contains(#""key":"handshake_secrets","source":"env TOKEN","bytes":27,"sha256":"873abb62""#))
        for secret in ["YWJjZGVm", "c2VjcmV0", "the verify token"] {
            #expect(!json.contains(secret) && !lines.joined().contains(secret))
        }
    }

    @Test("no secret is read without secrets, and none is shown if the files have errors")
    func unread() throws {
        let folder = try folder()
        var options = RouteOptions()
        options.secrets = .throwAway
        let report = CheckReport.make(folder: folder.path, environment: [:], options: options, atMilliseconds: 0)
        #expect(report.secrets.isEmpty)
        let broken = CheckReport.make(
            folder: folder.path, environment: [:], options: RouteOptions(), atMilliseconds: 0)
        #expect(broken.secrets.isEmpty && broken.errors > 0)
    }

    @Test("explain shows the secrets that are there, and no digest of one that was generated")
    func explain() throws {
        let folder = try folder()
        var options = RouteOptions()
        options.secrets = .whereThere
        let compilation = FolderSnapshot.read(folder: folder.path, secretFiles: [])
            .compile(folder: folder.path, environment: ["A": Self.environment["A"] ?? ""], options: options)
        let explainer = try #require(Explainer(compilation))
        let arrival = RequestArrival(sender: nil, receivedAtMilliseconds: 0, deliveryID: "")
        let explanation = explainer.explain(RequestToSign(target: "/r", body: Array("{}".utf8)), arrival, signs: true)
        let details = explanation.step("route")?.details.map(\.text)
        #expect(
            details == [
                "secrets: env A, 30 bytes, SHA-256 60000f36", "secrets: file key, 24 bytes, SHA-256 32f090dc",
            ])
    }
}
