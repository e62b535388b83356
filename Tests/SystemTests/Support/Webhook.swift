internal import Foundation
import SluiceCrypto

/// A request as a provider would send it, with each part to be spoilt by a test.
struct Webhook: Sendable {
    static let gitHubSecret = "a secret that only GitHub and the gateway know"
    static let hmacSecret = "another secret, of the generic sender"

    var method = "POST"
    var target: String
    var version = "HTTP/1.1"
    /// Without `content-length`, which `bytes` adds.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// Signed as GitHub signs.
    static func gitHub(
        event: String = "push", id: String = UUID().uuidString,
        body: String = #"{"ref":"refs/heads/topic","after":"1f2e3d"}"#
    ) -> Webhook {
        gitHub(event: event, id: id, body: Array(body.utf8))
    }

    static func gitHub(event: String = "push", id: String = UUID().uuidString, body: [UInt8]) -> Webhook {
        let headers = [
            (name: "host", value: "hooks.example"), (name: "content-type", value: "application/json"),
            (name: "x-github-event", value: event), (name: "x-github-delivery", value: id),
            (name: "x-hub-signature-256", value: signature(of: body, secret: gitHubSecret)),
        ]
        return Webhook(target: "/github", headers: headers, body: body)
    }

    /// Signed as `routes/hmac.yaml` has it.
    static func hmac(body: String) -> Webhook {
        let bytes = Array(body.utf8)
        let headers = [
            (name: "host", value: "hooks.example"),
            (name: "x-signature", value: signature(of: bytes, secret: hmacSecret)),
        ]
        return Webhook(target: "/hooks/hmac", headers: headers, body: bytes)
    }

    static func signature(of body: [UInt8], secret: String) -> String {
        "sha256=" + HMACKey(.sha256, key: Array(secret.utf8).span).authenticate(body.span).hex
    }

    /// The value of the first header line with this name; setting it replaces all of them, with nil takes them away.
    subscript(header name: String) -> String? {
        get { headers.first { $0.name == name }?.value }
        set {
            let place = headers.firstIndex { $0.name == name } ?? headers.count
            headers.removeAll { $0.name == name }
            if let newValue { headers.insert((name: name, value: newValue), at: min(place, headers.count)) }
        }
    }

    /// Request line and header lines, without the empty line that ends them and without a length.
    var openHead: String {
        "\(method) \(target) \(version)\r\n" + headers.map { "\($0.name): \($0.value)\r\n" }.joined()
    }

    /// The whole head, with `content-length`.
    var head: String { openHead + "content-length: \(body.count)\r\n\r\n" }

    var bytes: [UInt8] { Array(head.utf8) + body }

    /// In chunks of so many bytes.
    func chunked(by size: Int) -> [UInt8] {
        var bytes = Array((openHead + "transfer-encoding: chunked\r\n\r\n").utf8)
        for start in stride(from: 0, to: body.count, by: size) {
            let chunk = body[start..<min(start + size, body.count)]
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }
}
