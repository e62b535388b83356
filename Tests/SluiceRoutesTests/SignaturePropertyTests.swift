import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Random schemes: what they sign they verify, and nothing that differs by a bit.
@Suite(.serialized) struct SignaturePropertyTests {
    @Test("a signed request is valid, and with any bit of a signed part flipped it is refused", arguments: 0..<60)
    func holds(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let scheme = RandomScheme(&random)
        guard let route = try scheme.route() else { return }
        for _ in 0..<8 {
            let request = scheme.request(&random)
            let signed = TestRequest(try route.sign(request, at: TestRequest.now, id: "id-7"))
            #expect(signed.judged(by: route) == "valid", "\(scheme.text) \(signed)")
            for _ in 0..<12 {
                guard let changed = scheme.flipped(signed, &random) else { continue }
                #expect(
                    changed.judged(by: route).hasPrefix("refused signature_"), "\(scheme.text) \(signed) \(changed)")
            }
        }
    }
}

/// A scheme made of random choices among what the language has.
struct RandomScheme {
    let text: String
    let secret: String
    private let signsBody: Bool
    private let isHex: Bool

    init(_ random: inout SeededRandom) {
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
        let algorithm = pick(["hmac-sha1", "hmac-sha256", "hmac-sha512"])
        isHex = Bool.random(using: &random)
        let prefix = pick(["", "sha256=", "v1=", "v1."])
        let split = pick(["", ",", ";", " "])
        let place = pick(
            split.isEmpty || prefix.isEmpty ? ["none", "header"] : ["none", "header", "beside", "prefixed"])
        let format = pick(["unix", "unix_ms", "rfc3339"])
        let hasID = Bool.random(using: &random)
        let (key, keyLines) = pick([
            ("a secret of tests", ""), ("whsec_a secret of tests", ", key_strip_prefix: whsec_"),
            ("YSBzZWNyZXQgb2YgdGVzdHM=", ", key_encoding: base64"),
            ("whsec_000102030405060708090a0b0c0d0e0f", ", key_encoding: hex, key_strip_prefix: whsec_"),
        ])
        secret = key

        var parts = [
            "${body}", "${header.X-More}", "${query.q}", "${method}", "${url}", "${path}", "${sha256.body}", "lit:",
        ]
        parts.shuffle(using: &random)
        parts = Array(parts.prefix(Int.random(in: 1...4, using: &random)))
        if place != "none" { parts.append("${timestamp}") }
        if hasID { parts.append("${id}") }
        if !parts.contains(where: { $0.hasPrefix("$") }) { parts.append("${body}") }
        parts.shuffle(using: &random)
        signsBody = parts.contains("${body}") || parts.contains("${sha256.body}")

        var verify = "alg: \(algorithm), signature_from: '${header.X-Signature}'\(keyLines)"
        if !isHex { verify += ", signature_encoding: base64" }
        if !prefix.isEmpty { verify += ", signature_prefix: '\(prefix)'" }
        if !split.isEmpty { verify += ", signature_split: '\(split)'" }
        switch place {
        case "header": verify += ", timestamp_from: '${header.X-Time}', timestamp_format: \(format)"
        case "beside":
            verify += ", timestamp_from: '${header.X-Signature}', timestamp_prefix: 't=', timestamp_format: \(format)"
        case "prefixed":
            verify += ", timestamp_from: '${header.X-Time}', timestamp_prefix: 'at ', timestamp_format: \(format)"
        default: break
        }
        if split == " " { verify = verify.replacing("'at '", with: "'at_'") }
        if hasID { verify += ", id_from: '${header.X-Id}'" }
        verify += ", signed: '\(parts.joined(separator: pick(["", ".", ":", "\\n"])))'"
        text =
            "routes:\n- path: /hook\n  public_url: https://example.com\n  verify: { \(verify) }\n  secrets: [ { env: "
            + "SECRET } ]\n"
            + "  jobs: [ { type: t } ]\n"
    }

    /// `nil` where its parts stand so that nobody could say where one ends, which has to be the only problem.
    func route() throws -> Route? {
        let compilation = compile([("r.yaml", text)], environment: ["SECRET": secret])
        #expect(
            compilation.problems.allSatisfy { $0.message.contains("without a clear boundary") }, "\(text)")
        return compilation.table?.routes.first
    }

    /// With a body of random bytes.
    func request(_ random: inout SeededRandom) -> RequestToSign {
        let body = (0..<Int.random(in: 0..<80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        return RequestToSign(target: "/hook?q=x%20y&r=1", headers: [.init("X-More", "more")], body: body)
    }

    /// The request with one bit flipped in the body or in a header, where that is signed and does not mean the same.
    func flipped(_ request: TestRequest, _ random: inout SeededRandom) -> TestRequest? {
        var changed = request
        let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
        if Bool.random(using: &random) {
            guard signsBody, let position = request.body.indices.randomElement(using: &random) else { return nil }
            changed.body[position] ^= bit
            return changed
        }
        let header = Int.random(in: 0..<request.headers.count, using: &random)
        guard request.headers[header].name != "X-More" || text.contains("X-More") else { return nil }
        var value = Array(request.headers[header].value.utf8)
        guard let position = value.indices.randomElement(using: &random) else { return nil }
        value[position] ^= bit
        // The bytes of a header are ASCII here; and hex in capital letters is the same signature.
        guard value[position] < 0x80, !(bit == 0x20 && isHex && Hex.value(value[position]) != nil) else { return nil }
        changed.headers[header].value = String(decoding: value, as: UTF8.self)
        return changed
    }
}
