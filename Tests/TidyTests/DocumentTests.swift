import Foundation
import Testing

/// Documents lead where they say, and their commands are run.
@Suite(.serialized) struct DocumentTests {
    @Test(
        "every link to a file of the project, and to a heading in it, leads somewhere", arguments: SourceTree.documents)
    func links(document: TextFile) throws {
        for match in Self.withoutCode(document.text).matches(of: /\]\(([^)\s]+)\)/) {
            let target = String(match.1)
            guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let path = parts[0].isEmpty ? document.path : Self.resolve(parts[0], from: document.path)
            #expect(
                FileManager.default.fileExists(atPath: SourceTree.root.appending(path: path).path),
                "\(document.path): \(target) leads nowhere")
            guard parts.count == 2, path.hasSuffix(".md"), let page = TextFile(path: path) else { continue }
            #expect(Self.anchors(of: page).contains(parts[1]), "\(document.path): \(target) is no heading there")
        }
    }

    @Test("every command in a document is run by a test, or says why not", arguments: SourceTree.documents)
    func commands(document: TextFile) {
        let tests = SourceTree.tests.filter { $0.module != "TidyTests" }.map(\.file.text)
        let lines = document.lines
        for (index, line) in lines.enumerated() where Self.isCommandBlock(line) {
            let marker = index > 0 ? String(lines[index - 1]) : ""
            if let match = marker.firstMatch(of: /^<!-- run by ([A-Za-z]+) -->$/) {
                #expect(
                    tests.contains { $0.contains("struct \(match.1)") },
                    "\(document.path):\(index): there is no test suite \(match.1)")
            } else {
                #expect(
                    marker.firstMatch(of: /^<!-- not run: .{10,} -->$/) != nil,
                    "\(document.path):\(index + 1): write '<!-- run by SUITE -->' or '<!-- not run: why -->' above the block"
                )
            }
        }
    }

    @Test("the walk of one webhook names fewer than 90 files, each once, and all of them exist")
    func walk() throws {
        let page = try SourceTree.file("docs/ARCHITECTURE.md").text
        let start = try #require(page.range(of: "## One webhook, file by file"))
        let end = try #require(page.range(of: "\n## ", range: start.upperBound..<page.endIndex))
        let names = page[start.upperBound..<end.lowerBound].matches(of: /`([A-Za-z]+\/[A-Za-z\/+]+\.swift)`/)
            .map { String($0.1) }
        #expect(Set(names).count == names.count)
        #expect((60..<90).contains(names.count), "\(names.count) files")
        let files = Set(SourceTree.sources.map(\.path))
        for name in names { #expect(files.contains("Sources/" + name), "there is no Sources/\(name)") }
    }

    @Test("a document is identified by its title", arguments: SourceTree.documents)
    func titles(document: TextFile) {
        #expect(document.text.hasPrefix("# "), "\(document.path) begins with '# ' and its title")
        #expect(document.lines.filter { $0.hasPrefix("# ") }.count >= 1)
    }

    @Test(
        "the documents that a newcomer looks for are there",
        arguments: [
            "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs/ARCHITECTURE.md",
            "docs/THREAT_MODEL.md",
            "docs/reference/settings.md",
            "docs/reference/errors.md", "docs/reference/metrics.md", "docs/reference/cli.md",
            "docs/reference/routes.md",
            "docs/operating/install.md", "docs/operating/tls.md", "docs/operating/sizing.md",
            "docs/operating/backup.md",
            "docs/operating/upgrade.md", "docs/operating/when-it-fails.md", "docs/operating/under-attack.md",
            "docs/operating/editing-routes.md", "docs/zizq/README.md",
            "docs/zizq/installation.md", "docs/zizq/defining-jobs.md", "docs/zizq/enqueuing.md",
            "docs/zizq/unique-jobs.md",
            "docs/zizq/batched-jobs.md", "docs/zizq/budgets.md", "docs/zizq/workers.md", "docs/zizq/querying.md",
            "docs/zizq/errors.md",
            "docs/decisions/README.md",
        ])
    func present(path: String) throws {
        #expect(try !SourceTree.file(path).text.isEmpty)
    }

    private static func isCommandBlock(_ line: Substring) -> Bool {
        ["```sh", "```bash", "```shell", "```console"].contains { line == $0 }
    }

    private static func resolve(_ target: String, from path: String) -> String {
        URL(filePath: "/" + path).deletingLastPathComponent().appending(path: target).standardized.path
            .trimmingCharacters(in: ["/"])
    }

    /// Links inside code blocks and code spans are none.
    private static func withoutCode(_ text: String) -> String {
        text.replacing(/(?s)```.*?```/, with: "").replacing(/`[^`\n]*`/, with: "code")
    }

    /// Headings as the usual Markdown sites name them: lower case, spaces to hyphens, other signs left out.
    private static func anchors(of page: TextFile) -> Set<String> {
        Set(
            page.lines.filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" || $0 == " " }.lowercased().filter {
                    $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_"
                }
                .replacing(" ", with: "-")
            })
    }
}
