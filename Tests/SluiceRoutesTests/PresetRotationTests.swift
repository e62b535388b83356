import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Every built-in preset with two secrets, and its signatures with one character changed.
@Suite(.serialized) struct PresetRotationTests {
    private static let now = PresetRequestTests.now

    /// A preset whose secret a test can write.
    private struct Case {
        let preset: ProviderPreset
        private let text: String

        init(_ name: String) throws {
            preset = try #require(ProviderCatalog.preset(named: name))
            text = try #require(ProviderCatalog.text(of: name))
        }

        /// Whether requests are verified with a key that the sender also has.
        var hasSharedSecret: Bool {
            preset.needsSecret && preset.schemes.first?.keyFrom == nil
                && !["alg: ed25519", "alg: rsa", "alg: ecdsa", "algs: [RS"].contains { text.contains($0) }
        }

        /// A secret in the notation of the first scheme.
        func secret(_ letter: Character) -> String {
            if preset.schemes.first?.algorithm == "basic" { return "\(letter):\(String(repeating: letter, count: 20))" }
            let key = Array(String(repeating: letter, count: 64).utf8)
            func value(_ name: String) -> String {
                let line = text.split(separator: "\n").first { $0.contains("\(name): ") }
                return line?.split(separator: " ").last.map(String.init) ?? ""
            }
            let written =
                switch value("key_encoding") {
                case "base64": Base64.encode(key)
                case "hex": Hex.encode(key)
                default: String(decoding: key, as: UTF8.self)
                }
            return value("key_strip_prefix").replacing("\"", with: "") + written
        }

        private var account: [String: String] {
            Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
        }

        /// A route with these secrets.
        func route(_ secrets: String...) throws -> Route {
            let pairs = account.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            var environment: [String: String] = [:]
            for (index, secret) in secrets.enumerated() { environment["S\(index)"] = secret }
            let names = environment.keys.sorted().map { "{ env: \($0) }" }.joined(separator: ", ")
            return try SluiceRoutesTests.route(
                """
                routes:
                - path: /hook
                  public_url: https://hooks.example.com
                  provider: \(preset.name)
                  secrets: [ \(names) ]
                  \(preset.needsHandshakeSecret ? "handshake_secrets: [ { env: S0 } ]" : "")
                  \(pairs.isEmpty ? "" : "account: { \(pairs) }")
                  jobs: [ { type: t } ]
                """, environment: environment)
        }

        func request(to route: Route) throws -> RequestToSign {
            var values = SampleValues(
                uuid: "00000000-0000-4000-8000-000000000001", number: 1, milliseconds: PresetRequestTests.now)
            values.account = account
            let name = try #require(preset.sampleNames.first)
            return try #require(preset.sample(name, values, path: route.routePath))
        }

        func signed(by route: Route) throws -> RequestToSign {
            try route.sign(
                try request(to: route), at: PresetRequestTests.now, id: "00000000-0000-4000-8000-000000000001")
        }
    }

    private func judgement(_ request: RequestToSign, _ route: Route) -> String {
        let outcome = TestRequest(request).processed(by: route, atMilliseconds: Self.now)
        return outcome.refusal?.code.rawValue ?? outcome.summary
    }

    @Test("while a secret is replaced, the old and the new one are valid", arguments: ProviderCatalog.names)
    func rotation(name: String) throws {
        let example = try Case(name)
        guard example.hasSharedSecret else { return }
        let (old, new) = (example.secret("o"), example.secret("n"))
        let both = try example.route(old, new)
        let (byOld, byNew) = (
            try example.signed(by: example.route(old)), try example.signed(by: example.route(new))
        )
        #expect(judgement(byOld, both) == "stored")
        #expect(judgement(byNew, both) == "stored")
        #expect(judgement(byOld, try example.route(new)) == "signature_invalid")
        #expect(judgement(byNew, try example.route(old)) == "signature_invalid")
    }

    @Test("a signature with its last character changed is refused, wherever it is", arguments: ProviderCatalog.names)
    func changedSignature(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        let route = try PresetRequestTests.route(preset)
        let example = try Case(name)
        let (bare, signed) = (try example.request(to: route), try example.signed(by: route))
        #expect(judgement(signed, route) == "stored")
        var changes = 0
        for index in signed.headers.indices
        where route.signatureHeaders.contains(HeaderName(signed.headers[index].name)) {
            var changed = signed
            changed.headers[index].value = Self.changed(signed.headers[index].value)
            #expect(judgement(changed, route).hasPrefix("signature_"), "\(changed.headers[index])")
            changes += 1
        }
        if signed.target != bare.target {
            var changed = signed
            changed.target = Self.changed(signed.target)
            #expect(judgement(changed, route).hasPrefix("signature_"), "\(changed.target)")
            changes += 1
        }
        if signed.body != bare.body {
            let end = zip(bare.body.reversed(), signed.body.reversed()).prefix { $0 == $1 }.count
            var changed = signed
            let rest = String(decoding: signed.body.dropLast(end), as: UTF8.self)
            changed.body = Array(Self.changed(rest).utf8) + signed.body.suffix(end)
            #expect(judgement(changed, route).hasPrefix("signature_"), "\(changed.body)")
            changes += 1
        }
        #expect(changes > 0)
    }

    /// With another last letter or digit.
    private static func changed(_ text: String) -> String {
        guard let index = text.lastIndex(where: { $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            return text + "0"
        }
        return text[..<index] + (text[index] == "1" ? "2" : "1") + text[text.index(after: index)...]
    }
}
