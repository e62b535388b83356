import Foundation
import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import TestSupport
import Testing

@testable import SluiceRoutes

/// Signatures whose keys are fetched: refused first for everything that can be refused without the key, then by it.
@Suite(.serialized) struct FetchedKeyTests {
    private static let snsTime: Int64 = 1_659_043_500_000
    private static let topic =
        "arn:aws:sns:us-east-2:295079676684:publish-and-verify-892f85fe-4836-424d-8188-ab85bef0f362"
    private static let snsURL =
        "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda.pem"

    private static func route(_ text: String, _ store: RemoteKeyStore?) throws -> Route {
        var options = RouteOptions()
        options.keys = store
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: [:], options: options)
        #expect(compilation.problems.map(\.description) == [])
        return try #require(compilation.table?.routes.first)
    }

    private static func sns(_ store: RemoteKeyStore, topic: String = topic) throws -> Route {
        try route(
            "routes:\n- path: /hook\n  provider: sns\n  account: { topic_arn: \"\(topic)\" }\n  jobs: [ { type: t } ]\n",
            store)
    }

    private static let vector = PublishedVector.all.first { $0.block == "sns" && $0.isValid }

    private static func message(_ change: (String) -> String = { $0 }) throws -> TestRequest {
        let vector = try #require(vector)
        return TestRequest(change(String(decoding: vector.body, as: UTF8.self)), headers: vector.headers)
    }

    private func need(_ outcome: RouteOutcome) -> RequiredKey? {
        if case .needsKey(let need) = outcome { need } else { nil }
    }

    @Test("a published message of SNS needs its certificate, and is valid with it")
    func published() throws {
        let store = RemoteKeyStore()
        let route = try Self.sns(store)
        let request = try Self.message()
        let need = try #require(self.need(request.processed(by: route, atMilliseconds: Self.snsTime)))
        #expect("https://\(need.url.host)\(need.url.target)" == Self.snsURL)
        store.put(.success(Array(try #require(Self.vector).secret.utf8)), for: need, atMilliseconds: Self.snsTime)
        #expect(request.processed(by: route, atMilliseconds: Self.snsTime).delivery != nil)
        let changed = try Self.message { $0.replacing("Hello world", with: "Hello earth") }
        #expect(
            changed.processed(by: route, atMilliseconds: Self.snsTime).summary
                == "refused signature_invalid: the field Signature of the body does not match the key")
        // Before the certificate is valid.
        let early = Self.snsTime - 500 * 86_400_000
        store.put(.success(Array(try #require(Self.vector).secret.utf8)), for: need, atMilliseconds: early)
        #expect(
            request.processed(by: route, atMilliseconds: early).summary
                == "refused signature_invalid: the certificate of sns.us-east-2.amazonaws.com is not valid yet")
        // After the certificate has expired, 2022-08-17.
        let late = Self.snsTime + 25 * 86_400_000
        store.put(.success(Array(try #require(Self.vector).secret.utf8)), for: need, atMilliseconds: late)
        #expect(
            request.processed(by: route, atMilliseconds: late).summary
                == "refused signature_invalid: the certificate of sns.us-east-2.amazonaws.com has expired")
    }

    @Test("a request that only lacks its key is not refused for good because another alternative does not match")
    func alternatives() throws {
        let text = """
            routes:
            - path: /hook
              verify:
                - { alg: hmac-sha256, signature_from: "${header.S}" }
                - { alg: rsa-sha256, signature_from: "${header.R}", key_from: "https://example.com/key.pem" }
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """
        var options = RouteOptions()
        let store = RemoteKeyStore()
        options.keys = store
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: ["SECRET": "a secret of tests"], options: options)
        let route = try #require(compilation.table?.routes.first)
        let request = TestRequest("{}", headers: [("S", "00"), ("R", "00")])
        let need = try #require(self.need(request.processed(by: route)))
        store.put(.failure(RemoteKeyError("it is not there")), for: need, atMilliseconds: TestRequest.now)
        #expect(
            request.processed(by: route).summary
                == "refused key_unavailable: cannot fetch the key from example.com: it is not there")
    }

    @Test("an explanation gives the reason that serving gives, whichever alternative lacks its key")
    func explained() throws {
        let alternatives = ["a", "b"].map {
            "{ alg: rsa-sha256, signature_from: \"${header.\($0)}\", key_from: \"https://\($0).example/key.pem\" }"
        }
        let text = "- path: /hook\n  verify: [ \(alternatives.joined(separator: ", ")) ]\n  jobs: [ { type: t } ]\n"
        let certificate = Array(try #require(Self.vector).secret.utf8)
        let contents: [Result<[UInt8], RemoteKeyError>?] = [nil, .failure(RemoteKeyError("no")), .success(certificate)]
        let headers = [[("a", "00")], [("b", "00")], [("a", "00"), ("b", "00")], [("a", "!"), ("b", "00")]]
        let keys = contents.flatMap { first in contents.map { [("a", first), ("b", $0)] } }
        for (keys, headers) in keys.flatMap({ keys in headers.map { (keys, $0) } }) {
            let store = RemoteKeyStore()
            for (host, content) in keys {
                let url = try #require(KeyURL(parsing: "https://\(host).example/key.pem"))
                let need = RequiredKey(url: url, isKeySet: false, isNamedByRequest: false)
                if let content { store.put(content, for: need, atMilliseconds: Self.snsTime) }
            }
            let route = try Self.route("routes:\n" + text, store)
            let request = TestRequest("{}", headers: headers)
            let served = try #require(request.processed(by: route, atMilliseconds: Self.snsTime).refusal)
            let account = request.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: Self.snsTime) }
            #expect(account.outcome == .refused(served.code, reason: served.reason))
        }
    }

    @Test(
        "requests that can be refused without the key are refused before it is fetched",
        arguments: [
            ("https://sns.us-east-2.amazonaws.com/Simple", "http://sns.us-east-2.amazonaws.com/Simple"),
            ("https://sns.us-east-2.amazonaws.com/Simple", "https://internetbadguys.com/Simple"),
            ("https://sns.us-east-2.amazonaws.com/Simple", "https://sns.us-east-2.amazonaws.com/?x=Simple"),
            (#""SigningCertURL""#, #""SigningCertUrl""#), (#""SignatureVersion" : "1""#, #""SignatureVersion" : "3""#),
            (topic, "arn:aws:sns:us-east-2:1:other"), (#""Signature" :"#, #""Other" :"#),
            (#""Signature" : ""#, #""Signature" : "!"#), ("792cda85-518f", "792cda85\\n518f"),
            (#""Timestamp" :"#, #""Other" :"#),
        ])
    func refusedBefore(text: String, replacement: String) throws {
        let route = try Self.sns(RemoteKeyStore())
        let request = try Self.message { $0.replacing(text, with: replacement) }
        let summary = request.processed(by: route, atMilliseconds: Self.snsTime).summary
        #expect(summary.hasPrefix("refused signature_"), "\(summary)")
    }

    @Test("a refused URL is named by its field")
    func namedField() throws {
        let route = try Self.sns(RemoteKeyStore())
        let request = try Self.message { $0.replacing("https://sns.us-east-2.amazonaws.com/S", with: "https://a.b/S") }
        #expect(
            request.processed(by: route, atMilliseconds: Self.snsTime).summary
                == "refused signature_invalid: the field SigningCertURL of the body is not one of the URLs that 'key_urls' "
                + "allows")
    }

    @Test("a subject that is added to a captured message is refused")
    func addedSubject() throws {
        let store = RemoteKeyStore()
        let route = try Self.sns(store)
        let request = try Self.message { $0.replacing(#""Message" :"#, with: #""Subject" : "x", "Message" :"#) }
        let need = try #require(self.need(request.processed(by: route, atMilliseconds: Self.snsTime)))
        store.put(.success(Array(try #require(Self.vector).secret.utf8)), for: need, atMilliseconds: Self.snsTime)
        #expect(
            request.processed(by: route, atMilliseconds: Self.snsTime).summary.hasPrefix("refused signature_invalid"))
    }

    @Test("a key that cannot be fetched is a 503, and is asked for again after half a minute")
    func failure() throws {
        let store = RemoteKeyStore()
        let route = try Self.sns(store)
        let request = try Self.message()
        let need = try #require(self.need(request.processed(by: route, atMilliseconds: Self.snsTime)))
        store.put(.failure(RemoteKeyError("it answered 404")), for: need, atMilliseconds: Self.snsTime)
        let outcome = request.processed(by: route, atMilliseconds: Self.snsTime + 29_000)
        #expect(
            outcome.summary
                == "refused key_unavailable: cannot fetch the key from sns.us-east-2.amazonaws.com: it answered 404")
        #expect(outcome.status == 503)
        #expect(self.need(request.processed(by: route, atMilliseconds: Self.snsTime + 30_000)) == need)
        // A clock that was set back does not keep a failure for longer.
        #expect(self.need(request.processed(by: route, atMilliseconds: Self.snsTime - 30_000)) == nil)
        #expect(self.need(request.processed(by: route, atMilliseconds: Self.snsTime - 30_001)) == need)
    }

    @Test(
        "data that is not one certificate is not a key",
        arguments: ["", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", "AFTER", "JUNK", "KEY"])
    func notOneCertificate(kind: String) throws {
        let certificate = try #require(Self.vector).secret
        let texts = [
            "AFTER": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n" + certificate,
            "JUNK": certificate + "\nmore",
            "KEY": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----",
        ]
        let store = RemoteKeyStore()
        let route = try Self.sns(store)
        let request = try Self.message()
        let need = try #require(self.need(request.processed(by: route, atMilliseconds: Self.snsTime)))
        store.put(.success(Array((texts[kind] ?? kind).utf8)), for: need, atMilliseconds: Self.snsTime)
        let summary = request.processed(by: route, atMilliseconds: Self.snsTime).summary
        #expect(summary.hasPrefix("refused key_unavailable: ") && summary.contains("certificate"), "\(summary)")
    }

    @Test("the first certificate of a chain is the key, for any others")
    func chain() throws {
        let certificate = try #require(Self.vector).secret
        let issuer = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
        for (text, isKey) in [(certificate + "\n" + issuer + issuer, true), (issuer + certificate, false)] {
            let store = RemoteKeyStore()
            let route = try Self.sns(store)
            let request = try Self.message()
            let need = try #require(self.need(request.processed(by: route, atMilliseconds: Self.snsTime)))
            store.put(.success(Array(text.utf8)), for: need, atMilliseconds: Self.snsTime)
            let summary = request.processed(by: route, atMilliseconds: Self.snsTime).summary
            #expect((summary == "stored") == isKey, "\(summary)")
        }
    }

    @Test("keys that are used are not driven out by others that cannot be fetched")
    func eviction() throws {
        let store = RemoteKeyStore()
        let certificate = Array(try #require(Self.vector).secret.utf8)
        func need(_ number: Int) throws -> RequiredKey {
            let url = try #require(KeyURL(parsing: "https://a.b/\(number)"))
            return RequiredKey(url: url, isKeySet: false, isNamedByRequest: true)
        }
        for number in 0..<RemoteKeyStore.limit - 1 {
            store.put(.success(certificate), for: try need(number), atMilliseconds: Self.snsTime)
        }
        for number in 1000..<1100 {
            store.put(.failure(RemoteKeyError("no")), for: try need(number), atMilliseconds: Self.snsTime)
        }
        // There is no room for a failure among keys alone.
        store.put(.success(certificate), for: try need(RemoteKeyStore.limit - 1), atMilliseconds: Self.snsTime)
        store.put(.failure(RemoteKeyError("no")), for: try need(1100), atMilliseconds: Self.snsTime)
        for number in 0..<RemoteKeyStore.limit {
            _ = try store.certificateKey(try need(number), .rsaSHA1, nowMilliseconds: Self.snsTime)
        }
        store.put(.success(certificate), for: try need(2000), atMilliseconds: Self.snsTime + 1)
        store.put(.success(certificate), for: try need(2001), atMilliseconds: Self.snsTime + 2)
        #expect(throws: VerificationError.self) {
            let oldest = try (0..<RemoteKeyStore.limit - 1).map(need)
            for need in oldest { _ = try store.certificateKey(need, .rsaSHA1, nowMilliseconds: Self.snsTime + 2) }
        }
    }

    @Test("nothing is fetched for examples and explanations, which use keys that were made up")
    func madeUp() throws {
        let text = "routes:\n- path: /hook\n  provider: sns\n  account: { topic_arn: a }\n  jobs: [ { type: t } ]\n"
        let route = try #require(compile([("r.yaml", text)], environment: [:], secrets: .throwAway).table?.routes.first)
        let body =
            #"{"Type":"Notification","MessageId":"792cda85-518f-5dd3-9163-81d851212f3a","TopicArn":"a","Message":"m","#
            + #""Timestamp":"t","SignatureVersion":"2"}"#
        let signed = try route.sign(
            RequestToSign(method: "POST", target: "/hook", headers: [], body: Array(body.utf8)), at: 0, id: "i")
        #expect(TestRequest(signed).judged(by: route) == "valid")
        let explained = try #require(
            compile([("r.yaml", text)], environment: [:], secrets: .whereThere).table?.routes.first)
        let other = TestRequest(body.replacing("}", with: #","Signature":"AAAA","SigningCertURL":"\#(Self.snsURL)"}"#))
        let account = other.withView {
            explained.verificationAccount(of: $0, receivedAtMilliseconds: TestRequest.now)
        }
        #expect(account.isUnknown && account.secrets.contains(.fetched))
    }
}
