import Foundation
import SluiceBase
import SluiceCrypto
import Testing

/// Public-key signatures, with the `openssl` command as the other side.
@Suite(.serialized) struct PublicKeyTests {
    private static let messages: [[UInt8]] = [[], Array("a body".utf8), [UInt8](repeating: 7, count: 100_000)]

    @Test(
        "what a pair signs its public key verifies, and no other message, signature or key",
        arguments: PublicKeyAlgorithm.allCases)
    func signs(algorithm: PublicKeyAlgorithm) throws {
        let (pair, other) = (SigningKey.generate(algorithm), SigningKey.generate(algorithm))
        let publicKey = try PublicKey(der: pair.publicKey.der, for: algorithm)
        for message in Self.messages {
            let signature = pair.signature(message)
            #expect(isValid(signature, over: message, by: publicKey))
            #expect(!isValid(signature, over: message, by: other.publicKey))
            #expect(!isValid(signature, over: message + [0], by: publicKey))
            var changed = signature
            changed[changed.count / 2] ^= 1
            for wrong in [changed, Array(signature.dropLast()), signature + [0], [], [0x30], [0x30, 0x80]] {
                #expect(!isValid(wrong, over: message, by: publicKey))
            }
        }
    }

    private func isValid(_ signature: [UInt8], over message: [UInt8], by key: PublicKey) -> Bool {
        key.verifies(signature.span, over: message.span)
    }

    @Test("signatures and keys of the openssl command are read", arguments: PublicKeyAlgorithm.allCases)
    func command(algorithm: PublicKeyAlgorithm) throws {
        let folder = try OpenSSLFolder()
        defer { folder.remove() }
        let files = try folder.makeKey(algorithm)
        let message = Array("1700000000.{\"a\":1}".utf8)
        let signature = try folder.sign(message, algorithm)
        for key in [
            try PublicKey(pem: files.pem, for: algorithm), try PublicKey(der: files.der, for: algorithm),
            try PublicKey(pem: files.certificate, for: algorithm),
        ] {
            #expect(isValid(signature, over: message, by: key))
            #expect(!isValid(signature, over: message + [1], by: key))
        }
    }

    @Test("signatures made here are valid for the openssl command", arguments: PublicKeyAlgorithm.allCases)
    func verifiedByCommand(algorithm: PublicKeyAlgorithm) throws {
        let folder = try OpenSSLFolder()
        defer { folder.remove() }
        let pair = SigningKey.generate(algorithm)
        let message = Array("a message".utf8)
        #expect(try folder.verifies(pair.signature(message), over: message, pair.publicKey.der, algorithm))
        #expect(try !folder.verifies(pair.sign(message.span), over: message + [1], pair.publicKey.der, algorithm))
    }

    @Test("a key of another type is refused by its type", arguments: PublicKeyAlgorithm.allCases)
    func wrongType(algorithm: PublicKeyAlgorithm) throws {
        for other in PublicKeyAlgorithm.allCases where other.keyNoun != algorithm.keyNoun {
            let der = SigningKey.generate(other).publicKey.der
            #expect(throws: PublicKeyError.wrongType(algorithm)) { try PublicKey(der: der, for: algorithm) }
        }
    }

    @Test("a text that is not a public key is refused, and leaves no OpenSSL errors")
    func unreadable() throws {
        let der = SigningKey.generate(.ecdsaP256SHA256).publicKey.der
        for bytes in [[], [0x30], Array(der.dropLast()), der + [0], Array("text".utf8)] {
            #expect(throws: PublicKeyError.unreadable) { try PublicKey(der: bytes, for: .ecdsaP256SHA256) }
        }
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        #expect(throws: PublicKeyError.unreadable) { try PublicKey(pem: Array(pem.utf8), for: .rsaSHA256) }
        let certificate = pem.replacing("PUBLIC KEY", with: "CERTIFICATE")
        #expect(throws: PublicKeyError.unreadable) { try PublicKey(pem: Array(certificate.utf8), for: .rsaSHA256) }
        let secret = pem.replacing("PUBLIC", with: "PRIVATE")
        #expect(throws: PublicKeyError.isPrivate) { try PublicKey(pem: Array(secret.utf8), for: .rsaSHA256) }
        let old = pem.replacing("PUBLIC", with: "RSA PUBLIC")
        #expect(throws: PublicKeyError.isPKCS1) { try PublicKey(pem: Array(old.utf8), for: .rsaSHA256) }
        #expect(OpenSSLError("nothing").reasons == [])
    }

    @Test("the two spellings of an ECDSA signature are the same numbers, short ones included")
    func spellings() throws {
        let pair = SigningKey.generate(.ecdsaP256SHA256)
        let message = Array("m".utf8)
        // One number in 128 begins with a zero byte.
        for _ in 0..<400 {
            let der = pair.signature(message)
            let raw = try #require(ECDSASignature.raw(der: der))
            #expect(raw.count == 64 && ECDSASignature.der(raw: raw) == der)
        }
        #expect(ECDSASignature.der(raw: [1, 2]) == nil)
        #expect(ECDSASignature.raw(der: [0x30, 0]) == nil)
        let zero = try #require(ECDSASignature.der(raw: [UInt8](repeating: 0, count: 64)))
        #expect(!isValid(zero, over: message, by: pair.publicKey))
    }

    @Test("a short RSA key is refused")
    func shortKey() throws {
        let folder = try OpenSSLFolder()
        defer { folder.remove() }
        let der = try folder.makeShortKey()
        #expect(throws: PublicKeyError.wrongType(.rsaSHA256)) { try PublicKey(der: der, for: .rsaSHA256) }
    }
}

extension SigningKey {
    fileprivate func signature(_ message: [UInt8]) -> [UInt8] { sign(message.span) }
}

/// A folder in which the `openssl` command works.
private struct OpenSSLFolder {
    private let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Makes `key.pem`, and gives what is public of it.
    func makeKey(_ algorithm: PublicKeyAlgorithm) throws -> (pem: [UInt8], der: [UInt8], certificate: [UInt8]) {
        let options: [String] =
            switch algorithm {
            case .ed25519: ["-algorithm", "ed25519"]
            case .ecdsaP256SHA256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .rsaSHA1, .rsaSHA256: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            }
        try run(["genpkey"] + options + ["-out", "key.pem"])
        try run(["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"])
        try run(["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der"])
        try run(["req", "-x509", "-key", "key.pem", "-subj", "/CN=test", "-days", "1", "-out", "certificate.pem"])
        return (try read("public.pem"), try read("public.der"), try read("certificate.pem"))
    }

    func makeShortKey() throws -> [UInt8] {
        try run(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:768", "-out", "key.pem"])
        try run(["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der"])
        return try read("public.der")
    }

    func sign(_ message: [UInt8], _ algorithm: PublicKeyAlgorithm) throws -> [UInt8] {
        try write(message, "message")
        try run(
            ["pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message", "-out", "signature"]
                + Self.digest(algorithm))
        return try read("signature")
    }

    func verifies(
        _ signature: [UInt8], over message: [UInt8], _ publicKey: [UInt8], _ algorithm: PublicKeyAlgorithm
    ) throws -> Bool {
        try write(message, "message")
        try write(signature, "signature")
        try write(publicKey, "public.der")
        let arguments = [
            "pkeyutl", "-verify", "-pubin", "-inkey", "public.der", "-keyform", "DER", "-rawin", "-in", "message",
            "-sigfile", "signature",
        ]
        return try status(of: arguments + Self.digest(algorithm)) == 0
    }

    private static func digest(_ algorithm: PublicKeyAlgorithm) -> [String] {
        switch algorithm {
        case .ed25519: []
        case .ecdsaP256SHA256, .rsaSHA256: ["-digest", "sha256"]
        case .rsaSHA1: ["-digest", "sha1"]
        }
    }

    private func run(_ arguments: [String]) throws { #expect(try status(of: arguments) == 0, "\(arguments)") }

    private func status(of arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
}
