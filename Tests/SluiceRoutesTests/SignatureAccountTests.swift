import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The account of a verification, which a person reads.
@Suite(.serialized) struct SignatureAccountTests {
    private static let text = """
        routes:
          - path: /hook
            verify:
              alg: hmac-sha256
              signature_from: ${header.X-Signature}
              signature_prefix: "v1="
              signature_split: ","
              timestamp_from: ${header.X-Signature}
              timestamp_prefix: "t="
              tolerance: 2m
              signed: ${timestamp}.${body}
            secrets: [ { env: NEW }, { file: old }, { value: the inline secret } ]
            jobs: [ { type: t } ]

        """

    private func route() throws -> Route {
        let folder = try TemporaryFolder()
        try folder.write("old", "the older secret\n")
        var options = RouteOptions()
        options.allowsInlineSecrets = true
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(Self.text.utf8))], secretFiles: SecretFiles(folder: folder.path),
            environment: ["NEW": "the newer secret"], options: options)
        return try #require(compilation.table?.routes.first)
    }

    private func account(_ header: String?, body: String = "{}") throws -> VerificationAccount {
        let request = TestRequest(body, headers: header.map { [("X-Signature", $0)] } ?? [])
        let route = try route()
        return request.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: TestRequest.now) }
    }

    private func digest(_ secret: String, _ time: String = "1700000000") -> String {
        signature(Array("\(time).{}".utf8), secret)
    }

    @Test("it shows which secret matched, its source, the text, and the result of each entry")
    func valid() throws {
        let account = try account("t=1700000000,v0=x,v1=zz,v1=,v1=\(digest("other")),v1=\(digest("the older secret"))")
        #expect(account.outcome == .valid)
        #expect(account.algorithm == "hmac-sha256")
        #expect(account.location == "the header x-signature")
        #expect(account.secrets == [.environment("NEW"), .file("old"), .inline])
        #expect(account.secrets.map(\.description) == ["env NEW", "file old", "inline"])
        #expect(account.matchingSecret == 1)
        #expect(account.entries == [.unreadable, .empty, .compared(matching: []), .compared(matching: [1])])
        #expect(account.skippedEntries == 2)
        #expect(account.signedTexts.first == Array("1700000000.{}".utf8))
        #expect(account.timestamp?.text == "1700000000")
        #expect(account.timestamp?.milliseconds == 1_700_000_000_000)
        #expect(account.timestamp?.ageMilliseconds == 123)
        #expect(account.timestamp?.tolerance == .seconds(120))
    }

    @Test("the first matching secret is named, for any order of the entries")
    func firstSecret() throws {
        let account = try account("t=1700000000,v1=\(digest("the inline secret")),v1=\(digest("the newer secret"))")
        #expect(account.matchingSecret == 0)
        #expect(account.entries == [.compared(matching: [2]), .compared(matching: [0])])
    }

    @Test("a refusal says as much as is known by then")
    func refused() throws {
        let missing = try account(nil)
        #expect(missing.outcome == .refused(.signatureMissing, reason: "the header x-signature is missing"))
        #expect(missing.signedTexts == [])
        #expect(missing.matchingSecret == nil)
        let untimed = try account("v1=\(digest("the newer secret"))")
        #expect(untimed.outcome == .refused(.signatureMissing, reason: "the header x-signature contains no timestamp"))
        #expect(untimed.entries == [.compared(matching: [])])
        let forged = try account("t=1700000000,v1=\(digest("other"))")
        #expect(
            forged.outcome
                == .refused(.signatureInvalid, reason: "the header x-signature does not match any secret of the route"))
        #expect(forged.signedTexts.first == Array("1700000000.{}".utf8))
        let expired = try account("t=1600000000,v1=\(digest("the newer secret", "1600000000"))")
        #expect(
            expired.outcome
                == .refused(
                    .signatureExpired,
                    reason: "the timestamp is 100000000s old (2020-09-13T12:26:40.000Z), and 'tolerance' is 2m"))
        #expect(expired.matchingSecret == 0)
        #expect(expired.timestamp?.ageMilliseconds == 100_000_000_123)
    }

    @Test("it holds neither a secret nor a signature, neither the one that was sent nor the right one")
    func secrecy() throws {
        for sent in ["the newer secret", "other"] {
            let text = String(describing: try account("t=1700000000,v1=\(digest(sent))"))
            for secret in ["the newer secret", "the older secret", "other"] {
                #expect(!text.contains("\"\(secret)"))
                #expect(!text.contains(digest(secret)))
            }
        }
    }

    @Test("with 'verify: none' there is nothing to tell")
    func none() throws {
        let compilation = compile([("r.yaml", openRoute())])
        let route = try #require(compilation.table?.routes.first)
        let account = TestRequest("{}").withView { route.verificationAccount(of: $0, receivedAtMilliseconds: 0) }
        #expect(account.outcome == .notVerified)
        #expect(account.secrets == [])
    }
}
