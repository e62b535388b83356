import Foundation
import SluiceBase
import SluiceJSON
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Requests that providers publish with their secrets, in `Vectors/published.json`, are judged by the presets, and
/// where there is none by the YAML files next to it, each of which is what a route would say.
@Suite(.serialized) struct PublishedVectorTests {
    @Test("published requests are judged as published", arguments: PublishedVector.all)
    func judged(vector: PublishedVector) throws {
        let outcome = vector.request.judged(by: try vector.route(), atMilliseconds: vector.clock * 1000)
        #expect(vector.isValid ? outcome == "valid" : outcome.hasPrefix("refused signature_"), "\(outcome)")
    }

    @Test("a published request with another secret is refused", arguments: PublishedVector.all.filter(\.isValid))
    func otherSecret(vector: PublishedVector) throws {
        let outcome = vector.request.judged(by: try vector.unknownRoute(), atMilliseconds: vector.clock * 1000)
        #expect(outcome.hasPrefix("refused signature_invalid: "), "\(outcome)")
    }

    @Test(
        "a request signed by a scheme is valid, and with one bit of a signed body changed it is not",
        arguments: PublishedVector.oneOfEach)
    func signed(vector: PublishedVector) throws {
        let route = try vector.unknownRoute()
        var request = RequestToSign(
            method: vector.method, target: vector.target, headers: vector.unsignedHeaders, body: vector.body)
        request = try route.sign(request, at: vector.clock * 1000, id: "id_1")
        var signed = TestRequest(request)
        #expect(signed.judged(by: route, atMilliseconds: vector.clock * 1000) == "valid", "\(request)")
        guard vector.signsBody, !signed.body.isEmpty else { return }
        signed.body[signed.body.count / 2] ^= 1
        #expect(signed.judged(by: route, atMilliseconds: vector.clock * 1000).hasPrefix("refused "), "\(request)")
    }

    @Test("there are published requests for every scheme")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: PublishedVector.folder)
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        #expect(Set(names) == Set(PublishedVector.all.filter { !$0.isPreset }.map(\.block)))
        #expect(PublishedVector.all.count == 188)
    }
}

/// A published request.
struct PublishedVector: Sendable, CustomTestStringConvertible {
    let block: String
    let scheme: String
    let secret: String
    let account: [String: String]
    let method: String
    let url: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]
    let isValid: Bool
    /// In seconds.
    let clock: Int64

    var testDescription: String { "\(block): \(scheme)" }

    static let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/Vectors"

    /// Empty if the file cannot be read.
    static let all: [PublishedVector] = {
        guard let data = FileManager.default.contents(atPath: folder + "/published.json"),
            let tree = JSONTree(Array(data))
        else { return [] }
        return tree.elements.map(PublishedVector.init)
    }()

    /// The first valid request of each scheme.
    static let oneOfEach: [PublishedVector] = {
        var seen: Set<String> = []
        return all.filter { $0.isValid && seen.insert($0.block).inserted }
    }()

    private init(_ tree: JSONTree) {
        func pairs(_ key: String) -> [(name: String, value: String)] {
            guard case .object(let members)? = tree[key] else { return [] }
            return members.map { ($0.key, $0.value.string ?? "") }
        }
        block = tree["block"]?.string ?? ""
        scheme = tree["scheme"]?.string ?? ""
        secret = tree["secret_or_public_key"]?.string ?? ""
        account = Dictionary(uniqueKeysWithValues: pairs("account").map { ($0.name, $0.value) })
        method = tree["method"]?.string ?? "POST"
        url = tree["url"]?.string ?? ""
        headers = pairs("headers")
        body =
            tree["body_base64"]?.string.flatMap { Base64.decode(Array($0.utf8).span) }
            ?? Array((tree["body"]?.string ?? "").utf8)
        isValid = tree["valid"] == .boolean(true)
        clock = if case .number(let text)? = tree["clock"] { Int64(text) ?? 0 } else { 1_700_000_000 }
    }

    var target: String {
        guard let start = url.range(of: "://")?.upperBound else { return "/hook" }
        return url[start...].firstIndex(of: "/").map { String(url[$0...]) } ?? "/"
    }

    private var publicURL: String {
        guard let start = url.range(of: "://")?.upperBound else { return "https://example.com" }
        return String(url[..<(url[start...].firstIndex(of: "/") ?? url.endIndex)])
    }

    /// Without what signing adds.
    var unsignedHeaders: [RequestToSign.Header] {
        headers.filter {
            [
                "content-type", "x-hubspot-signature-version", "box-signature-version", "box-signature-algorithm",
            ].contains($0.name.lowercased())
        }.map { RequestToSign.Header($0.name, $0.value) }
    }

    var signsBody: Bool {
        !["dropbox-sign", "adyen", "sns", "twilio", "plivo-v1", "plivo-v2", "braintree"].contains(block)
    }

    var request: TestRequest {
        var request = TestRequest(target: target, headers: headers)
        request.method = method
        request.body = body
        return request
    }

    /// The preset, or for a scheme without one the block of YAML, with secrets that nobody has.
    func unknownRoute() throws -> Route {
        let path = target.split(separator: "?", omittingEmptySubsequences: false)[0]
        let file =
            "routes:\n- path: \(path)\n  public_url: \(publicURL)\n  methods: [ \(method) ]\n\(try lines())"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let compilation = compile([("\(block).yaml", file)], secrets: .throwAway)
        #expect(compilation.problems.map(\.description) == [])
        return try #require(compilation.table?.routes.first)
    }

    /// Not one whose keys are fetched, which are not the published ones here.
    var isPreset: Bool { ProviderCatalog.preset(named: block)?.needsSecret ?? false }

    /// The lines of the route that say how it verifies.
    private func lines() throws -> String {
        guard isPreset else {
            let text = try String(contentsOfFile: "\(Self.folder)/\(block).yaml", encoding: .utf8)
            return text.split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        // The library of Paddle accepts no older timestamp; the preset does.
        let override = block == "paddle" ? "  verify: { tolerance: 5s }\n" : ""
        // The verification code, with which Fitbit asks for an answer.
        let code = block == "fitbit" ? "  handshake_secrets: [ { env: CODE } ]\n" : ""
        // The published pair is the answer to a challenge: with that handshake, the route refuses it as a webhook.
        let handshake = block == "braintree" ? "  handshake: [ { when: { method: PUT }, reply: {} } ]\n" : ""
        // A key cannot be made of the empty body of a GET.
        let key = method == "GET" ? "  unique_key: ${url}\n" : ""
        let values = account.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", ")
        let lines = [account.isEmpty ? "" : "  account: { \(values) }\n", override, code, handshake, key]
        return "  provider: \(block)\n" + lines.joined()
    }

    /// The scheme with the published secret.
    func route() throws -> Route { try unknownRoute().verifying(with: secret) }
}
