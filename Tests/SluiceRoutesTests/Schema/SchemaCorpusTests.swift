import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The schema takes what the language is, and refuses what it is not.
@Suite(.serialized) struct SchemaCorpusTests {
    @Test(
        "it is a schema by the metaschema of 2020-12, and takes the files in routes/, each example of the reference, and the good files"
    )
    func takes() throws {
        let page = try String(contentsOfFile: "\(CorpusFile.project)/docs/reference/routes.md", encoding: .utf8)
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count >= 8)
        let examples = blocks.enumerated().map {
            CorpusFile(name: "routes.md, example \($0.offset + 1)", text: $0.element)
        }
        let shipped = CorpusFile.files(in: "routes")
        #expect(!shipped.isEmpty)
        let answer = try CorpusFile.check(shipped + examples + CorpusFile.good)
        for (name, verdict) in answer.verdicts { #expect(verdict.mistakes.map(\.description) == [], "\(name)") }
        #expect(answer.verdicts.count == shipped.count + examples.count + CorpusFile.good.count)
    }

    @Test("the good files together have every key of every mapping")
    func everyKey() throws {
        #expect(try CorpusFile.check(CorpusFile.good).unused == [])
    }

    @Test("each good file compiles without a problem", arguments: CorpusFile.good)
    func goodFiles(file: CorpusFile) {
        #expect(file.compile().problems.map(\.description) == [])
    }

    @Test("each broken file is refused at the place that its first line names, and nowhere else")
    func refuses() throws {
        let answer = try CorpusFile.check(CorpusFile.broken)
        for file in CorpusFile.broken {
            let mistakes = answer.verdicts[file.name]?.mistakes ?? []
            #expect(Set(mistakes.map(\.place)) == [file.place], "\(file.name): \(mistakes)")
        }
        #expect(CorpusFile.broken.count >= 60)
    }

    @Test("each mapping has a broken file with a key that it does not have")
    func misspeltKeys() throws {
        let mistakes = try CorpusFile.check(CorpusFile.broken).verdicts.values.flatMap(\.mistakes)
        let mappings = RouteLanguage.mappings
        #expect(Set(mistakes.map(\.mapping)).subtracting([""]) == Set(mappings.map(\.name)))
    }

    @Test("each broken file is refused by the compiler too", arguments: CorpusFile.broken)
    func brokenFiles(file: CorpusFile) {
        #expect(file.compile().problems.isEmpty == false)
    }
}
