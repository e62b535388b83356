import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// Presets that verify public keys and JSON Web Tokens, with requests that `openssl` signed.
@Suite(.serialized) struct PresetOpenSSLTests {
    private static let body = #"{"id":"1","type":"t","uuid":"u","data":{"id":"d"}}"#

    /// How a provider signs: the format of the key in `secrets`, the signed bytes, and where the signature is.
    struct Sender: Sendable, CustomTestStringConvertible {
        enum Key: Sendable { case rawHex, rawBase64, spkiBase64, pem, shared }

        let preset: String
        let algorithm: OpenSSL.Algorithm
        let key: Key
        var keyPrefix = ""
        var account = ""
        /// - Parameter sign: signs bytes with the sender's key.
        let request: @Sendable (_ time: Int64, _ sign: ([UInt8]) throws -> [UInt8]) throws -> TestRequest

        var testDescription: String { preset }

        func secret(_ key: OpenSSL.Key) -> String {
            switch self.key {
            case .rawHex: Hex.encode(key.spki.suffix(32))
            case .rawBase64: keyPrefix + Base64.encode(Array(key.spki.suffix(32)))
            case .spkiBase64: Base64.encode(key.spki)
            case .pem: key.pem
            case .shared: key.text
            }
        }
    }

    private static func request(_ headers: [(name: String, value: String)], _ body: String = body) -> TestRequest {
        TestRequest(body, headers: headers)
    }

    private static func discord(_ name: String) -> Sender {
        Sender(preset: name, algorithm: .ed25519, key: .rawHex) { time, sign in
            request([
                ("X-Signature-Timestamp", "\(time)"),
                ("X-Signature-Ed25519", Hex.encode(try sign(Array("\(time)\(body)".utf8)))),
            ])
        }
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func token(
        _ algorithm: String, _ claims: String, _ sign: ([UInt8]) throws -> [UInt8]
    ) throws -> String {
        let header = encoded(Array(#"{"alg":"\#(algorithm)","typ":"JWT"}"#.utf8))
        let text = "\(header).\(encoded(Array(claims.utf8)))"
        return "\(text).\(encoded(try sign(Array(text.utf8))))"
    }

    static let senders: [Sender] = [
        discord("discord"), discord("discord-events"),
        Sender(preset: "telnyx", algorithm: .ed25519, key: .rawBase64) { time, sign in
            request([
                ("Telnyx-Timestamp", "\(time)"),
                ("Telnyx-Signature-Ed25519", Base64.encode(try sign(Array("\(time)|\(body)".utf8)))),
            ])
        },
        Sender(preset: "standard-webhooks-ed25519", algorithm: .ed25519, key: .rawBase64, keyPrefix: "whpk_") {
            time, sign in
            request([
                ("webhook-id", "m1"), ("webhook-timestamp", "\(time)"),
                ("webhook-signature", "v1a,\(Base64.encode(try sign(Array("m1.\(time).\(body)".utf8))))"),
            ])
        },
        Sender(preset: "sendgrid", algorithm: .ecdsa, key: .spkiBase64) { time, sign in
            let events = "[\(body)]"
            return request(
                [
                    ("X-Twilio-Email-Event-Webhook-Timestamp", "\(time)"),
                    (
                        "X-Twilio-Email-Event-Webhook-Signature",
                        Base64.encode(try sign(Array("\(time)\(events)".utf8)))
                    ),
                ], events)
        },
        Sender(preset: "postal", algorithm: .rsaSHA256, key: .pem) { _, sign in
            request([("X-Postal-Signature-256", Base64.encode(try sign(Array(body.utf8))))])
        },
        Sender(preset: "adobe-commerce", algorithm: .rsaSHA256, key: .pem) { _, sign in
            let signature = try sign(Array(Base64.encode(Array(body.utf8)).utf8))
            return request([("x-adobe-commerce-webhook-signature", Base64.encode(signature))])
        },
        Sender(preset: "travis-ci", algorithm: .rsaSHA1, key: .pem) { _, sign in
            let form = "payload=" + body.utf8.map { "%" + Hex.encode([$0]) }.joined()
            return request(
                [
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("Signature", Base64.encode(try sign(Array(body.utf8)))),
                ], form)
        },
        Sender(preset: "wix", algorithm: .rsaSHA256, key: .pem) { time, sign in
            let claims = #"{"data":"{\"eventType\":\"t\"}","iat":\#(time),"exp":\#(time + 60)}"#
            return request([("Content-Type", "text/plain")], try token("RS256", claims, sign))
        },
        Sender(preset: "fusionauth", algorithm: .hmac, key: .shared) { _, sign in
            let hash = Base64.encode(try OpenSSL.sha256(Array(body.utf8)))
            let token = try token("HS256", #"{"request_body_sha256":"\#(hash)"}"#, sign)
            return request([("X-FusionAuth-Signature-JWT", token)])
        },
        Sender(preset: "vonage-voice", algorithm: .hmac, key: .shared) { time, sign in
            let hash = Hex.encode(try OpenSSL.sha256(Array(body.utf8)))
            let claims = #"{"iat":\#(time),"exp":\#(time + 60),"payload_hash":"\#(hash)"}"#
            return request([("Authorization", "Bearer " + (try token("HS256", claims, sign)))])
        },
    ]

    @Test(
        "a signature of openssl is valid with either of two keys, and no other key or body is",
        arguments: senders)
    func signed(sender: Sender) throws {
        let openssl = try OpenSSL()
        let keys = try (0..<3).map { try openssl.key(sender.algorithm, number: $0) }
        let (first, second) = (sender.secret(keys[0]), sender.secret(keys[1]))
        let route = try route(
            """
            routes:
            - path: /hook
              provider: \(sender.preset)
              secrets: [ { env: FIRST }, { env: SECOND } ]
              jobs: [ { type: t } ]

            """, environment: ["FIRST": first, "SECOND": second])
        func requests(_ number: Int) throws -> TestRequest {
            try sender.request(TestRequest.now / 1000) { try openssl.sign($0, keys[number]) }
        }
        for number in 0..<2 { #expect(try requests(number).processed(by: route).delivery != nil, "key \(number)") }
        let judgement = try requests(2).judged(by: route)
        #expect(judgement.hasPrefix("refused signature_invalid"), "another key: \(judgement)")
        var changed = try requests(0)
        // A letter in the middle: of the document, of a percent-encoded one, or of a claim.
        let middle = changed.body.count / 2
        changed.body[middle] = changed.body[middle] == UInt8(ascii: "6") ? UInt8(ascii: "5") : UInt8(ascii: "6")
        let verdict = changed.judged(by: route)
        #expect(verdict.hasPrefix("refused signature_"), "another body: \(verdict)")
    }
}

/// The `openssl` command, in a folder of its own.
struct OpenSSL {
    enum Algorithm: Sendable { case ed25519, ecdsa, rsaSHA1, rsaSHA256, hmac }

    struct Key {
        let algorithm: Algorithm
        let file: String
        /// Of a key pair, the public key.
        let pem: String
        let spki: [UInt8]
        /// Of a shared key, the key itself.
        let text: String
    }

    struct Failure: Error { let arguments: [String] }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func key(_ algorithm: Algorithm, number: Int) throws -> Key {
        let name = "key\(number)"
        let options: [String]
        switch algorithm {
        case .hmac:
            let text = String(repeating: "key \(number) ", count: 10)
            return Key(algorithm: algorithm, file: name, pem: "", spki: [], text: text)
        case .ed25519: options = ["ed25519"]
        case .ecdsa: options = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        case .rsaSHA1, .rsaSHA256: options = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        }
        _ = try run(["genpkey", "-out", name, "-algorithm"] + options)
        let pem = try run(["pkey", "-in", name, "-pubout"])
        let der = try run(["pkey", "-in", name, "-pubout", "-outform", "DER"])
        return Key(algorithm: algorithm, file: name, pem: String(decoding: pem, as: UTF8.self), spki: der, text: "")
    }

    func sign(_ bytes: [UInt8], _ key: Key) throws -> [UInt8] {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/message"))
        switch key.algorithm {
        case .ed25519: return try run(["pkeyutl", "-sign", "-rawin", "-inkey", key.file, "-in", "message"])
        case .ecdsa, .rsaSHA256: return try run(["dgst", "-sha256", "-sign", key.file, "message"])
        case .rsaSHA1: return try run(["dgst", "-sha1", "-sign", key.file, "message"])
        case .hmac: return try run(["dgst", "-sha256", "-binary", "-hmac", key.text, "message"])
        }
    }

    static func sha256(_ bytes: [UInt8]) throws -> [UInt8] {
        let openssl = try OpenSSL()
        try Data(bytes).write(to: URL(fileURLWithPath: "\(openssl.folder.path)/message"))
        return try openssl.run(["dgst", "-sha256", "-binary", "message"])
    }

    private func run(_ arguments: [String]) throws -> [UInt8] {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
        return Array(data)
    }
}
