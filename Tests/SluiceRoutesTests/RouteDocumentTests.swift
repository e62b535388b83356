import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// `docs/reference/routes.md` says what the code reads, and its examples work.
@Suite(.serialized) struct RouteDocumentTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private func page() throws -> String {
        try String(contentsOfFile: Self.root + "/docs/reference/routes.md", encoding: .utf8)
    }

    @Test("each key of the language is on the page")
    func keys() throws {
        let page = try page()
        for table in RouteLanguage.mappings {
            for key in table.keys {
                let isNamed = page.contains("`\(key)`") || page.contains("\(key): ") || page.contains("\n\(key):")
                #expect(isNamed, "\(table.noun): \(key)")
            }
        }
    }

    @Test("each example on the page compiles without a problem, and what it expects of requests comes out")
    func examples() throws {
        let blocks = try page().components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count >= 8)
        var examples = 0
        for block in blocks {
            let compilation = compile([("r.yaml", block)], secrets: .throwAway)
            #expect(compilation.problems.map(\.description) == [])
            #expect(compilation.warnings.map(\.description) == [])
            let results = compilation.runExamples(folder: ".", atMilliseconds: TestRequest.now)
            #expect(results.compactMap(\.problem).map(\.description) == [])
            examples += results.count
        }
        #expect(examples >= 5)
    }

    @Test("the page's example of a failing example is the real output")
    func difference() throws {
        let page = try page()
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        let block = try #require(blocks.first { $0.contains("a paid order is a job") })
        let folder = try TemporaryFolder()
        try folder.write(
            "orders.yaml", block.replacing("              queue: orders\n", with: "              queue: order\n"))
        var options = RouteOptions()
        options.secrets = .throwAway
        let report = CheckReport.make(
            folder: folder.path, environment: [:], options: options, atMilliseconds: TestRequest.now)
        let lines = report.lines(CheckTextFormat()).dropLast().map { $0.replacing(folder.path, with: "routes") }
        #expect(page.contains("```\n\(lines.joined(separator: "\n"))\n```\n"), "\(lines)")
    }

    @Test("a thousand problems are shown, and no more are worked out")
    func manyProblems() {
        let keys = (0..<3000).map { "x\($0): 1\n" }.joined()
        let compilation = compile([("r.yaml", keys)])
        #expect(compilation.problems.count == 1000)
        #expect(compilation.problems.last?.description == "r.yaml:1000:1: too many problems; the rest are not shown")
    }
}
