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
