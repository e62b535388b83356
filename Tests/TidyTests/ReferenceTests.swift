import Foundation
import SluiceBase
import SluiceGateway
import SluiceRouteFiles
import SluiceRouteTools
import Testing

/// docs/reference lists everything that the code can log, refuse, count or be configured with.
@Suite(.serialized) struct ReferenceTests {
    @Test("each error code has a section that names its status", arguments: ErrorCode.allCases)
    func errorCodes(code: ErrorCode) throws {
        let section = try Self.section("### `\(code.rawValue)`", of: "docs/reference/errors.md")
        #expect(section.contains("\(code.httpStatus)"), "\(code.rawValue): name the status \(code.httpStatus)")
        #expect(section.count > 200, "\(code.rawValue): say what it means, what the sender sees, and what to do")
    }

    @Test("each reason for a dead letter has a section", arguments: DeadLetterReason.allCases)
    func deadLetterReasons(reason: DeadLetterReason) throws {
        let section = try Self.section("### Dead letter `\(reason.rawValue)`", of: "docs/reference/errors.md")
        #expect(section.count > 200, "\(reason.rawValue): say what it means and what to do")
    }

    @Test("the page of errors has no section for unknown codes")
    func noOtherErrors() throws {
        let page = try SourceTree.file("docs/reference/errors.md")
        let known =
            ErrorCode.allCases.map { "### `\($0.rawValue)`" }
            + DeadLetterReason.allCases.map { "### Dead letter `\($0.rawValue)`" }
        let sections = page.lines.filter { $0.hasPrefix("### ") && $0.contains("`") }.map(String.init)
        #expect(sections.sorted() == known.sorted())
    }

    @Test("each exit status is on the page of the command line", arguments: SluiceBase.ExitStatus.allCases)
    func exitStatus(status: SluiceBase.ExitStatus) throws {
        #expect(try SourceTree.file("docs/reference/cli.md").text.contains("| \(status.rawValue) |"))
    }

    @Test("the page of settings is what the table of settings makes")
    func pageOfSettings() throws {
        let page = try Self.page("docs/reference/settings.md", isMadeBy: { _ in SettingsPage.markdown })
        for setting in SettingsTable.all { #expect(page.text.contains("| `\(setting.key)` |"), "\(setting.key)") }
    }

    @Test("the tables on the page of route files are what the rows of the language make, one for each mapping")
    func pageOfRoutes() throws {
        let page = try Self.page("docs/reference/routes.md", isMadeBy: RoutePage.updating)
        for marker in RoutePage.markers { #expect(page.lines.count { $0 == marker } == 1, "\(marker)") }
        for key in RouteLanguage.mappings.flatMap(\.keys) { #expect(page.text.contains("| `\(key)` |"), "\(key)") }
    }

    @Test("the page of providers is what the presets make")
    func pageOfProviders() throws {
        let page = try Self.page("docs/reference/providers.md", isMadeBy: { _ in ProviderPage.markdown })
        for name in ProviderCatalog.names { #expect(page.text.contains("## \(name)\n"), "\(name)") }
    }

    @Test("the file of alert rules is what the table of alerts makes")
    func pageOfAlerts() throws {
        let rules = AlertRules(page: try SourceTree.file("docs/reference/metrics.md").text)
        _ = try Self.page("docs/reference/alerts.yaml", isMadeBy: { _ in rules.yaml })
    }

    /// A page that `make docs` writes.
    private static func page(_ path: String, isMadeBy make: (String) -> String) throws -> TextFile {
        let page = try SourceTree.file(path)
        let expected = make(page.text)
        if ProcessInfo.processInfo.environment["WRITE_DOCS"] == "1" {
            try Data(expected.utf8).write(to: SourceTree.root.appending(path: path))
            return try SourceTree.file(path)
        }
        #expect(page.text == expected, "\(path) is not what the code says; run 'make docs'")
        return page
    }

    @Test("each metric has an entry with its kind and its labels", arguments: MetricName.allCases)
    func metrics(metric: MetricName) throws {
        let page = try SourceTree.file("docs/reference/metrics.md")
        let row = try #require(
            page.lines.first { $0.hasPrefix("| `\(metric.rawValue)` |") }, "\(metric.rawValue) has no row")
        let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(cells[1] == metric.kind.rawValue)
        #expect(cells[2] == (metric.labels.isEmpty ? "–" : metric.labels.map { "`\($0)`" }.joined(separator: ", ")))
        #expect(cells[3].count > 30)
    }

    @Test("no page names a metric that there is not")
    func noOtherMetrics() {
        let known = Set(
            MetricName.allCases.flatMap { name in
                [name.rawValue] + ["_bucket", "_sum", "_count"].map { name.rawValue + $0 }
            })
        for document in SourceTree.documents {
            for match in document.text.matches(of: /\bsluice_[a-z_]+(_total|_seconds|_bytes|_days|_bucket)\b/) {
                #expect(known.contains(String(match.0)), "\(document.path) names \(match.0)")
            }
        }
    }

    @Test("no page names a setting or a variable that there is not", arguments: SourceTree.documents)
    func noOtherVariables(document: TextFile) {
        let known = Set(SettingsTable.all.map(\.variable)).union(["SLUICE_BINARY", "SLUICE_SERVICE_HOST"])
        for match in document.text.matches(of: /\bSLUICE_[A-Z_]+[A-Z]\b/) {
            #expect(known.contains(String(match.0)), "\(document.path) names \(match.0)")
        }
    }

    @Test("each flag of the command line is on its page")
    func flags() throws {
        let page = try SourceTree.file("docs/reference/cli.md").text
        for flag in CommandLineFlags.inSources {
            #expect(page.contains("`\(flag)"), "\(flag) is not in docs/reference/cli.md")
        }
    }

    /// A section's text, from its heading to the next heading of any level.
    private static func section(_ heading: String, of path: String) throws -> String {
        let lines = try SourceTree.file(path).lines
        let start = try #require(lines.firstIndex { $0 == heading }, "\(path) has no '\(heading)'")
        return lines[(start + 1)...].prefix { !$0.hasPrefix("#") }.joined(separator: "\n")
    }
}

/// The flags that the command line declares, as far as the sources tell.
enum CommandLineFlags {
    static var inSources: [String] {
        SourceTree.sources.filter { $0.module == "sluice" }.flatMap { flags(in: $0.file.text) }
    }

    /// Each `@Option`, `@Flag` and `@OptionGroup`-free property: by its custom name, else by the property's in kebab
    /// case.
    static func flags(in text: String) -> [String] {
        text.matches(of: /@(?:Option|Flag)\b([^@]*?)var\s+([A-Za-z]+)/).map { match in
            if let custom = String(match.1).firstMatch(of: /customLong\("([a-z-]+)"/) { return "--\(custom.1)" }
            return "--" + String(match.2).reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : "\($1)" }
        }
    }
}

@Suite(.serialized) struct CommandLineFlagTests {
    @Test("flags are found by custom and by property name")
    func flags() {
        let text = """
            @Flag(help: "Allow.") var allowInlineSecrets = false
            @Option(name: .customLong("to"), help: ArgumentHelp("Where (to).", valueName: "URL"))
            var target: String
            @Argument var folder = "routes"
            """
        #expect(CommandLineFlags.flags(in: text) == ["--allow-inline-secrets", "--to"])
    }
}
