import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// The built-in presets, one by one.
@Suite(.serialized) struct ProviderCatalogTests {
    /// A route file with nothing but the preset and what every route needs.
    ///
    /// - Parameter name: that the route gives; `nil` for the preset's own.
    private static func file(_ preset: ProviderPreset, as name: String? = nil) -> String {
        let account = preset.account.map { "\($0.name): value" }.joined(separator: ", ")
        return """
            routes:
            - path: /hook
              public_url: https://hooks.example.com
              provider: \(name ?? preset.name)
              \(preset.needsSecret ? "secrets: [ { env: SECRET } ]" : "")
              \(preset.needsHandshakeSecret ? "handshake_secrets: [ { env: SECRET } ]" : "")
              \(account.isEmpty ? "" : "account: { \(account) }")
              jobs: [ { type: t } ]
            """
    }

    @Test("a preset makes a route without errors and warnings", arguments: ProviderCatalog.names)
    func compiles(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        #expect(ProviderCatalog.problems(of: name).map(\.description) == [])
        let compilation = compile([("r.yaml", Self.file(preset))], secrets: .throwAway)
        #expect(compilation.problems.map(\.description) == [])
        #expect(compilation.warnings.map(\.description) == [])
    }

    @Test("the keys of a preset can be copied into 'providers', and into a route", arguments: ProviderCatalog.names)
    func copied(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        func indented(_ width: Int) -> String {
            ProviderCatalog.routeKeys(of: name).split(separator: "\n").map {
                String(repeating: " ", count: width) + $0 + "\n"
            }.joined()
        }
        var files = ["providers:\n  copy:\n\(indented(4))" + Self.file(preset, as: "copy")]
        if preset.account.isEmpty {
            files.append(Self.file(preset).replacing("  provider: \(name)\n", with: indented(2)))
        }
        for file in files {
            #expect(compile([("r.yaml", file)], secrets: .throwAway).problems.map(\.description) == [], "\(file)")
        }
    }

    @Test(
        "the events of a preset are written once, and those of its samples are among them",
        arguments: ProviderCatalog.all.filter { !$0.events.isEmpty }.map(\.name))
    func events(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        #expect(Set(preset.events).count == preset.events.count)
        let file = Self.file(preset).replacing("type: t }", with: "type: \"${event}\" }")
        let route = try #require(compile([("r.yaml", file)], secrets: .throwAway).table?.routes.first)
        for sample in preset.sampleNames {
            let id = "00000000-0000-4000-8000-000000000001"
            var values = SampleValues(uuid: id, number: 1, milliseconds: PresetRequestTests.now)
            values.account = Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
            let request = try #require(preset.sample(sample, values, path: route.routePath))
            let signed = try route.sign(request, at: PresetRequestTests.now, id: id)
            for job in signed.outcome(by: route).delivery?.jobs ?? [] {
                let isKnown = preset.events.contains { event in
                    event.hasSuffix("*") ? job.type.hasPrefix(String(event.dropLast())) : event == job.type
                }
                #expect(isKnown, "\(sample): \(job.type)")
            }
        }
    }

    @Test(
        "a misspelt event of a built-in preset is warned of",
        arguments: [
            ("openai", "response.complete", "response.completed"), ("slack", "app_mentions", "app_mention"),
            ("vercel", "deployment.succeded", "deployment.succeeded"), ("linear", "Isue", "Issue"),
        ])
    func misspeltEvent(provider: String, written: String, meant: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: provider))
        let file = Self.file(preset).replacing("jobs: [ {", with: "jobs: [ { when: { event: \(written) },")
        let found = compile([("r.yaml", file + "\n  otherwise: ignore")], secrets: .throwAway).warnings.map(\.message)
        #expect(found == ["\(provider) has no event '\(written)'; did you mean '\(meant)'?"])
    }

    @Test("a preset tells people what they need", arguments: ProviderCatalog.names)
    func information(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        #expect(!preset.title.isEmpty && preset.docs.hasPrefix("https://"))
        #expect(!preset.setup.isEmpty && preset.secret.isEmpty != preset.needsSecret && !preset.sampleNames.isEmpty)
        let text = try #require(ProviderCatalog.text(of: name))
        for line in text.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
        // Facts are noun phrases: the page joins them.
        #expect(!preset.unverified.contains { $0.hasSuffix(".") || $0.contains("own pages") })
    }

    @Test("names and aliases are unique, and each file of the folder is embedded as it is")
    func names() throws {
        let names = ProviderCatalog.all.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        for preset in ProviderCatalog.all {
            for alias in preset.aliases { #expect(ProviderCatalog.preset(named: alias)?.name == preset.name) }
        }
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/SluiceRouteFiles/Providers/Presets")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(files.map { String($0.dropLast(5)) }.sorted() == ProviderCatalog.names)
        for name in ProviderCatalog.names {
            let text = try String(contentsOf: folder.appending(path: "\(name).yaml"), encoding: .utf8)
            #expect(ProviderCatalog.text(of: name).map { $0 + "\n" } == text)
        }
    }
}
