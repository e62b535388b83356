import Foundation
import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What `sluice explain` says of a signature that does not match.
@Suite(.serialized) struct CommonMistakesTests {
    private static let bytes = Array("a secret of the tests of mistakes".utf8)

    /// The hints for a request, each of which must make the route accept it.
    private func hints(
        secret: String, key: [UInt8], verify: String = "", signed body: String = "{}", sent: String = "{}",
        signature: ((Digest) -> String)? = nil, text: ((String) -> String)? = nil
    ) -> [String] {
        var keys = ["alg": "hmac-sha256", "signature_from": "'${header.S}'", "public_url": "https://example.com"]
        for pair in verify.split(separator: ", ") { keys.set(pair) }
        let message = Array((text.map { $0(body) } ?? body).utf8)
        let digest = HMACKey(.sha256, key: key.span).authenticate(message.span)
        let request = TestRequest(sent, headers: [("S", signature.map { $0(digest) } ?? digest.hex)])
        let account = account(of: request, keys, secret)
        for hint in account?.hints ?? [] where !hint.contains("the body was changed") {
            var (keys, secret) = (keys, secret)
            for change in hint.split(separator: "'").enumerated() where change.offset % 2 == 1 {
                keys.set(change.element)
            }
            if hint.contains("without the white space or quotes") {
                secret = secret.trimmingCharacters(in: CharacterSet(charactersIn: " \n\"'"))
            }
            if hint.contains("with a line feed at its end") { secret += "\n" }
            #expect(self.account(of: request, keys, secret)?.matchingSecret == 0, "\(hint)")
        }
        return account?.hints ?? ["the route does not load"]
    }

    private func account(
        of request: TestRequest, _ keys: [String: String], _ secret: String
    ) -> VerificationAccount? {
        let verify = keys.filter { $0.key != "public_url" }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        let file =
            "routes:\n- path: /hook\n  public_url: \(keys["public_url"] ?? "")\n  verify: { \(verify) }\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let compilation = compile([("r.yaml", file)], environment: ["SECRET": secret], secrets: .whereThere)
        #expect(compilation.problems == [])
        guard let route = compilation.table?.routes.first else { return nil }
        return request.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: TestRequest.now) }
    }

    @Test("a secret that is written in another way is recognized")
    func secrets() {
        let text = String(decoding: Self.bytes, as: UTF8.self)
        let (base64, hex) = (Base64.encode(Self.bytes), Hex.encode(Self.bytes))
        #expect(hints(secret: text, key: Self.bytes) == [])
        #expect(hints(secret: base64, key: Self.bytes) == ["it matches secret 1 with 'key_encoding: base64'"])
        #expect(hints(secret: hex, key: Self.bytes) == ["it matches secret 1 with 'key_encoding: hex'"])
        #expect(
            hints(secret: base64, key: Array(base64.utf8), verify: ", key_encoding: base64")
                == ["it matches secret 1 with 'key_encoding: utf8'"])
        #expect(
            hints(secret: " \(text)\n", key: Self.bytes)
                == ["it matches secret 1 without the white space or quotes around it"])
        #expect(
            hints(secret: "\"\(text)\"", key: Self.bytes)
                == ["it matches secret 1 without the white space or quotes around it"])
        #expect(
            hints(secret: text, key: Self.bytes + [10]) == ["it matches secret 1 with a line feed at its end"])
        #expect(
            hints(secret: "whsec_\(base64)", key: Self.bytes)
                == ["it matches secret 1 with 'key_strip_prefix: \"whsec_\"' with 'key_encoding: base64'"])
        #expect(
            hints(secret: "whsec_\(text)", key: Array("whsec_\(text)".utf8), verify: ", key_strip_prefix: whsec_")
                == ["it matches secret 1 with 'key_strip_prefix: \"\"'"])
        let svix = ", key_strip_prefix: whsec_, key_encoding: base64"
        #expect(
            hints(secret: "whsec_\(base64)", key: Array("whsec_\(base64)".utf8), verify: svix)
                == ["it matches secret 1 with 'key_strip_prefix: \"\"' with 'key_encoding: utf8'"])
        #expect(
            hints(secret: "whsec_\(base64)", key: Array(base64.utf8), verify: svix)
                == ["it matches secret 1 with 'key_encoding: utf8'"])
        #expect(
            hints(secret: "whsec_\(text) ", key: Array("whsec_\(text) ".utf8), verify: ", key_strip_prefix: whsec_")
                == [
                    "it matches secret 1 exactly as written, with white space and quotes with 'key_strip_prefix: \"\"'"
                ])
        #expect(hints(secret: text, key: Array("quite another secret".utf8)) == [])
    }

    @Test("a signature in another encoding, a changed body and another URL are recognized")
    func others() {
        let text = String(decoding: Self.bytes, as: UTF8.self)
        #expect(
            hints(secret: text, key: Self.bytes, signature: { Base64.encode($0.span.array) })
                == ["it matches with 'signature_encoding: base64'"])
        #expect(
            hints(secret: text, key: Self.bytes, verify: ", signature_encoding: base64", signature: \.hex)
                == ["it matches with 'signature_encoding: hex'"])
        #expect(
            hints(secret: text, key: Self.bytes, signed: "{}\n")
                == ["it matches a line feed at the end of the body, so the body was changed after it was signed"])
        #expect(
            hints(secret: text, key: Self.bytes, sent: "{}\r\n")
                == [
                    "it matches the body without the line break at its end, so the body was changed after it was signed"
                ])
        for (url, expected) in [
            ("http://example.com/hook", "http://example.com"),
            ("https://example.com:443/hook", "https://example.com:443"),
        ] {
            #expect(
                hints(secret: text, key: Self.bytes, verify: ", signed: '${url}${body}'", text: { url + $0 })
                    == ["it matches with 'public_url: \(expected)'"])
        }
    }

    @Test("nothing is kept of a secret for a table that serves")
    func notKept() throws {
        let file =
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.S}' }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let secret = Base64.encode(Self.bytes)
        let route = try route(file, environment: ["SECRET": secret])
        let digest = HMACKey(.sha256, key: Self.bytes.span).authenticate(Array("{}".utf8).span)
        let request = TestRequest("{}", headers: [("S", digest.hex)])
        let account = request.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: TestRequest.now) }
        #expect(account.hints == [] && account.matchingSecret == nil)
    }
}

extension [String: String] {
    /// Sets a key as written: `key: value`.
    fileprivate mutating func set(_ pair: Substring) {
        guard let colon = pair.firstIndex(of: ":") else { return }
        self[String(pair[..<colon])] =
            pair[pair.index(colon, offsetBy: 2)...].description
    }
}
