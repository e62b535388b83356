internal import Foundation
import Testing

/// `sluice send` for every provider against a running `sluice dev`, which has a route for each.
///
/// The routes are the minimal ones that `sluice providers show` prints.
@Suite(.serialized) struct SendTests {
    /// What a person has to know about a provider.
    private struct Provider: Sendable {
        let name: String
        /// The minimal route.
        let route: String
        /// The options `--account`, if there are any.
        let account: [String]
        /// Whether the preset has rules for handshakes.
        let hasHandshake: Bool
        let hasUniqueKey: Bool
        /// Whether the preset's answer replaces the gateway's document.
        let hasReply: Bool
    }

    private static let publicURL = "https://hooks.example.com"
    /// Their keys are fetched from the provider.
    private static let withFetchedKey: Set = ["paypal", "plaid", "sns"]
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) async throws -> (ending: ChildProcess.Ending, text: String) {
        let process = try ChildProcess(ProjectFiles.binary, arguments, environment: [:], folder: folder.path)
        let ending = try await process.ending()
        return (ending, process.output.text + process.errors.text)
    }

    /// The result for each element, in a few processes at a time.
    private func each<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            var results: [Result] = []
            for (index, element) in elements.enumerated() {
                if index >= 4, let next = try await group.next() { results.append(next) }
                group.addTask { try await work(element) }
            }
            for try await result in group { results.append(result) }
            return results
        }
    }

    private func names() async throws -> [String] {
        let list = try await run(["providers", "list"])
        return list.text.split(separator: "\n").dropFirst().compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
    }

    private func provider(_ name: String) async throws -> Provider {
        let lines = try await run(["providers", "show", name]).text.split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        let start = try #require(lines.firstIndex(of: "Minimal route"), "\(name)")
        let route = lines[(start + 1)...].prefix { !$0.isEmpty }
        let yaml = try await run(["providers", "show", name, "--yaml"]).text
        let keys = yaml.split(separator: "\n")
        let reply = keys.drop { !$0.hasPrefix("reply:") }
        let replyLines = reply.prefix(1) + reply.dropFirst().prefix { $0.hasPrefix(" ") }
        return Provider(
            name: name,
            route: route.dropFirst().joined(separator: "\n").replacing("https://HOST", with: Self.publicURL)
                .replacing(": …", with: ": value"),
            account: route.filter { $0.contains(": …") }.flatMap { line in
                ["--account", String(line.prefix { $0 != ":" }.filter { $0 != " " }) + "=value"]
            },
            hasHandshake: keys.contains("handshake:"), hasUniqueKey: keys.contains { $0.hasPrefix("unique_key:") },
            hasReply: replyLines.contains { $0.contains("body") || $0.contains("204") })
    }

    private struct Sending: Sendable {
        let provider: Provider
        let options: [String]
        let exit: Int32
        /// What the last line contains.
        let words: String

        init(_ provider: Provider, _ options: [String], exit: Int32, words: String = "") {
            self.provider = provider
            self.options = options
            self.exit = exit
            self.words = words
        }
    }

    private func sendings(_ provider: Provider) -> [Sending] {
        if Self.withFetchedKey.contains(provider.name) { return [] }
        var sendings = [
            Sending(
                provider, ["--duplicate"], exit: provider.hasUniqueKey ? 0 : 1,
                words: !provider.hasUniqueKey
                    ? "was not a duplicate" : provider.hasReply ? "the answer does not say whether" : ""),
            Sending(provider, ["--tamper"], exit: 0, words: "signature_"),
        ]
        if provider.hasUniqueKey { sendings.append(Sending(provider, ["--retry"], exit: 0)) }
        guard provider.hasHandshake else {
            return sendings + [Sending(provider, ["--handshake"], exit: 1, words: "has no handshake")]
        }
        sendings.append(Sending(provider, ["--handshake"], exit: 0))
        let isProtected = provider.route.contains("handshake_secrets")
        if isProtected { sendings.append(Sending(provider, ["--handshake", "--tamper"], exit: 0)) }
        return sendings
    }

    @Test("each sample is a job, changed it is refused, repeated it is a duplicate, and each handshake is answered")
    func everyProvider() async throws {
        let providers = try await each(try await names()) { try await provider($0) }
        #expect(providers.count > 150)
        try folder.write(
            "routes:\n" + providers.map(\.route).joined(separator: "\n") + "\n", to: "routes/providers.yaml")
        let (gateway, url) = try await start()
        // Handshakes last, because one may teach another secret.
        var all = providers.flatMap(sendings)
        let handshakes = all.partition { $0.options.contains("--handshake") }
        let send: @Sendable (Sending) async throws -> (Sending, (ending: ChildProcess.Ending, text: String)) = {
            let name = $0.provider.name
            let fixed = ["send", name, "--to", "\(url)/\(name)", "--public-url", Self.publicURL]
            return ($0, try await run(fixed + $0.provider.account + $0.options))
        }
        let results = try await each(Array(all[..<handshakes]), send) + each(Array(all[handshakes...]), send)
        for (sending, result) in results {
            let title = "\(sending.provider.name) \(sending.options): \(result)"
            #expect(result.ending == .exited(sending.exit), "\(title)")
            #expect(sending.words.isEmpty || result.text.contains(sending.words), "\(title)")
        }
        gateway.send(2)
        #expect(try await gateway.ending() == .exited(0))
    }

    private func start() async throws -> (process: ChildProcess, url: String) {
        let process = try ChildProcess(
            ProjectFiles.binary,
            ["dev", "--https", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--queue-port", "0"], environment: [:],
            folder: folder.path)
        try await process.output.line("the greeting") { $0.hasPrefix("Ctrl-C stops the gateway.") }
        let url = try #require(process.output.text.firstMatch(of: /https:\/\/127\.0\.0\.1:\d+/))
        return (process, String(url.output))
    }

    @Test("an answer that is not the expected one is exit status 1")
    func unexpected() async throws {
        try folder.write(
            """
            routes:
              - { path: /open, verify: none, jobs: [ { type: t } ] }
              - path: /keyless
                provider: github
                secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
                unique_key: ${delivery.id}
                jobs: [ { type: t } ]
              - path: /other
                provider: slack
                secrets: [ { env: SLACK_WEBHOOK_SECRET } ]
                handshake: [ { when: { body.type: url_verification }, reply: { body: { challenge: other } } } ]
                jobs: [ { type: t } ]

            """, to: "routes/others.yaml")
        let (gateway, url) = try await start()
        for (arguments, words) in [
            (["github", "--to", "\(url)/open", "--tamper"], "the changed webhook was accepted"),
            (["github", "--to", "\(url)/open", "--duplicate"], "the second webhook was not a duplicate"),
            (["github", "--to", "\(url)/nowhere"], "the webhook was not accepted"),
            (["github", "--to", "\(url)/nowhere", "--tamper"], "the webhook was not refused as signature_missing or "),
            (["github", "--to", "\(url)/keyless", "--duplicate"], "the second webhook was not a duplicate"),
            (["github", "--to", "\(url)/keyless", "--retry"], "the second webhook was not a duplicate"),
            (["slack", "--to", "\(url)/other", "--handshake"], "the answer is not the reply of the preset, 200 "),
            (["dropbox", "--to", "\(url)/open", "--handshake", "--tamper"], "neither a token nor a signature"),
        ] {
            let result = try await run(["send"] + arguments)
            #expect(result.ending == .exited(1) && result.text.contains(words), "\(arguments): \(result)")
        }
        let both = try await run(["send", "github", "--to", "\(url)/open", "--duplicate", "--retry"])
        #expect(both.ending == .exited(2) && both.text.contains("--duplicate and --retry both send a second webhook"))
        for option in ["--duplicate", "--retry", "--delivery=x", "--body-file=x", "url_verification"] {
            let result = try await run(["send", "slack", option, "--to", "\(url)/other", "--handshake"])
            let name = option.hasPrefix("-") ? String(option.prefix { $0 != "=" }) : "a sample"
            #expect(result.ending == .exited(2), "\(result)")
            #expect(result.text.contains("\(name) has no effect with --handshake, which sends no webhook"), "\(result)")
        }
        gateway.send(2)
        #expect(try await gateway.ending() == .exited(0))
    }
}
