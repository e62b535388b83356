import Foundation
import SluiceBase
import SluiceJSON
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Random bodies and keys, signed by Python's standard library: they are believed, and nothing else is.
@Suite(.serialized) struct IndependentSignerTests {
    private static let script = """
        import base64, hashlib, hmac, json, random
        random.seed(13)
        for _ in range(120):
            key = random.randbytes(random.choice([16, 32, 64, 200]))
            body = random.randbytes(random.choice([0, 1, 55, 64, 1000]))
            name = random.choice(["sha1", "sha256", "sha512"])
            spelling = random.choice(["base64", "hex"])
            secret = base64.b64encode(key).decode() if spelling == "base64" else key.hex()
            transform = random.choice(["", "sha1", "sha256"])
            used = hashlib.new(transform, key).digest() if transform else key
            stamp = str(random.randrange(1699999800, 1700000200))
            digest = hmac.new(used, stamp.encode() + b"." + body, name).digest()
            encoding = random.choice(["hex", "base64", "base64url"])
            written = {"hex": digest.hex(), "base64": base64.b64encode(digest).decode(),
                "base64url": base64.urlsafe_b64encode(digest).decode().rstrip("=")}[encoding]
            print(json.dumps({"alg": "hmac-" + name, "key_encoding": spelling, "secret": secret,
                "transform": transform, "timestamp": stamp, "encoding": encoding, "signature": written,
                "body": base64.b64encode(body).decode()}))
        """

    private func lines() throws -> [JSONTree] {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data.split(separator: 10).compactMap { JSONTree(Array($0)) }
    }

    @Test("signatures of Python are valid, and not with any byte changed")
    func python() throws {
        let vectors = try lines()
        #expect(vectors.count == 120)
        for vector in vectors {
            func text(_ key: String) -> String { vector[key]?.string ?? "" }
            let transform = text("transform").isEmpty ? "" : ", key_transform: [\(text("transform"))]"
            let route = try route(
                "routes:\n- path: /hook\n  body: bytes\n  verify: { alg: \(text("alg")), signature_from: '${header.S}', "
                    + "signature_encoding: \(text("encoding")), key_encoding: \(text("key_encoding"))\(transform), "
                    + "timestamp_from: '${header.T}', signed: '${timestamp}.${body}' }\n"
                    + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n",
                environment: ["SECRET": text("secret")])
            var request = TestRequest("", headers: [("S", text("signature")), ("T", text("timestamp"))])
            let body = Array(text("body").utf8)
            request.body = Base64.decode(body.span) ?? []
            #expect(request.judged(by: route) == "valid", "\(vector.json)")
            var changed = request
            changed.body.append(0)
            #expect(changed.judged(by: route).hasPrefix("refused signature_invalid"), "\(vector.json)")
            changed = request
            changed.headers[1].value = String((Int(text("timestamp")) ?? 0) + 1)
            #expect(changed.judged(by: route).hasPrefix("refused signature_invalid"), "\(vector.json)")
            changed = request
            changed.headers[0].value.insert(
                changed.headers[0].value.removeFirst() == "A" ? "B" : "A", at: changed.headers[0].value.startIndex)
            if changed.headers[0].value.lowercased() != request.headers[0].value.lowercased() {
                #expect(changed.judged(by: route).hasPrefix("refused signature_invalid"), "\(vector.json)")
            }
        }
    }

    @Test("joined by colons and escaped, no two pairs of values have one signature")
    func escaped() throws {
        let route = try route(
            "routes:\n- path: /hook\n  body: bytes\n  verify: { alg: hmac-sha256, signature_from: '${header.S}', "
                + "signed: '${escaped.query.a}:${escaped.query.b}' }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        )
        let letters = [":", "\\", "x"]
        var values = [""]
        for _ in 0..<3 { values += values.flatMap { value in letters.map { value + $0 } } }
        var seen: [String: String] = [:]
        for a in Set(values) {
            for b in Set(values) {
                let text = [a, b].map { $0.replacing("\\", with: "\\\\").replacing(":", with: "\\:") }.joined(
                    separator: ":")
                func encoded(_ value: String) -> String { value.utf8.map { "%" + Hex.encode([$0]) }.joined() }
                let target = "/hook?a=\(encoded(a))&b=\(encoded(b))"
                #expect(seen.updateValue(target, forKey: text) == nil)
                let request = TestRequest(
                    "", target: target, headers: [("S", signature(Array(text.utf8), "a secret of tests"))])
                #expect(request.judged(by: route) == "valid", "\(text)")
            }
        }
    }
}
