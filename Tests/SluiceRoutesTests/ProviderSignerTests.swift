import Foundation
import SluiceBase
import SluiceJSON
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// Requests that `Vectors/signers.py` signs as the providers' documentation says, without any code of the gateway.
@Suite(.serialized) struct ProviderSignerTests {
    @Test("what another program signs is accepted, and refused once it is changed", arguments: SignedElsewhere.all)
    func judged(sender: SignedElsewhere) throws {
        let route = try sender.route()
        for (name, isValid, request) in sender.requests {
            let outcome = request.judged(by: route, atMilliseconds: 1_700_000_000_000)
            #expect(isValid ? outcome == "valid" : outcome.hasPrefix("refused signature_"), "\(name): \(outcome)")
        }
    }

    @Test("every preset is tried, except those whose keys are fetched")
    func complete() {
        let tried = Set(SignedElsewhere.all.filter { $0.requests.contains(where: \.isValid) }.map(\.preset))
        #expect(Set(ProviderCatalog.names).subtracting(tried).sorted() == ["google-pubsub", "paypal", "plaid", "sns"])
        #expect(tried.isSubset(of: ProviderCatalog.names))
    }
}

/// One way in which a provider signs, with requests.
struct SignedElsewhere: Sendable, CustomTestStringConvertible {
    let preset: String
    private let secret: String
    private let account: [String: String]
    let requests: [(name: String, isValid: Bool, request: TestRequest)]

    var testDescription: String { preset }

    /// Empty if the script fails.
    static let all: [SignedElsewhere] = {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", PublishedVector.folder + "/signers.py"]
        process.standardOutput = output
        guard (try? process.run()) != nil else { return [] }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return [] }
        return data.split(separator: 10).compactMap { JSONTree(Array($0)) }.map(SignedElsewhere.init)
    }()

    private init(_ tree: JSONTree) {
        preset = tree["preset"]?.string ?? ""
        secret = tree["secret"]?.string ?? ""
        var account: [String: String] = [:]
        if case .object(let members)? = tree["account"] {
            for member in members { account[member.key] = member.value.string }
        }
        self.account = account
        requests = (tree["cases"]?.elements ?? []).map { tree in
            let headers = (tree["headers"]?.elements ?? []).map { line in
                (name: line.elements[0].string ?? "", value: line.elements[1].string ?? "")
            }
            var request = TestRequest(target: tree["target"]?.string ?? "", headers: headers)
            request.body = Base64.decode(Array((tree["body"]?.string ?? "").utf8).span) ?? []
            return (tree["name"]?.string ?? "", tree["valid"] == .boolean(true), request)
        }
    }

    func route() throws -> Route {
        let needsToken = ProviderCatalog.preset(named: preset)?.needsHandshakeSecret ?? false
        let values = account.map { "\($0.key): '\($0.value)'" }.joined(separator: ", ")
        return try SluiceRoutesTests.route(
            """
            routes:
            - path: /hook
              public_url: https://hooks.example.com
              provider: \(preset)
              secrets: [ { env: SECRET } ]
              \(needsToken ? "handshake_secrets: [ { env: SECRET } ]" : "")
              \(account.isEmpty ? "" : "account: { \(values) }")
              jobs: [ { type: t } ]

            """, environment: ["SECRET": secret])
    }
}
