import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import SluiceYAML

/// Route files that are there for the schema's sake.
struct CorpusFile: Sendable, CustomStringConvertible {
    let name: String
    let text: String

    static let project = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()
    static let good = files(in: "Tests/SluiceRoutesTests/Schema/Good")
    static let broken = files(in: "Tests/SluiceRoutesTests/Schema/Broken")

    /// The files `*.yaml` of a folder of the project, by name.
    static func files(in folder: String) -> [CorpusFile] {
        let path = "\(project)/\(folder)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().compactMap { name in
            (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)).map { CorpusFile(name: name, text: $0) }
        }
    }

    var description: String { name }

    /// As JSON; a file that is no YAML is a failure of the test.
    var json: String {
        get throws {
            let document = YAMLDocument.parse(Array(text.utf8), file: name)
            guard document.problems.isEmpty, let root = document.root else {
                throw SchemaValidator.Failure(description: "\(name): \(document.problems.map(\.message))")
            }
            return root.json
        }
    }

    /// Of a broken file, by its first line: `# /routes/0/jobs/0: a key is misspelt`.
    var place: String { String(text.dropFirst(2).prefix { $0 != ":" }) }

    func compile() -> RouteCompilation {
        var options = RouteOptions()
        options.allowsInlineSecrets = true
        return RouteTable.compile(
            [RouteFile(name: name, bytes: Array(text.utf8))],
            secretFiles: SecretFiles(folder: "\(Self.project)/Tests/SluiceRoutesTests/Schema/Good"),
            environment: ["SECRET": "a secret of tests"],
            options: options)
    }

    /// Checks all of them in one process.
    static func check(_ files: [CorpusFile]) throws -> SchemaValidator.Answer {
        try SchemaValidator.check(Dictionary(uniqueKeysWithValues: files.map { ($0.name, try $0.json) }))
    }
}
