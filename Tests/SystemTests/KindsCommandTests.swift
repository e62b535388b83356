internal import Foundation
import Testing

/// `sluice kinds`, and what it prints in use.
@Suite struct KindsCommandTests {
    private static let path = ProcessInfo.processInfo.environment["PATH"] ?? ""

    private func run(
        _ program: String, _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let process = try ChildProcess(program, arguments, environment: environment, folder: folder.path)
        return (try await process.ending(), process.output.text, process.errors.text)
    }

    private func kinds(_ language: String, in folder: TemporaryFolder) async throws -> (
        ending: ChildProcess.Ending, output: String, errors: String
    ) {
        try await run(ProjectFiles.binary, ["kinds", "--language", language], in: folder)
    }

    @Test("prints the types of the kinds, without any secret and for any routes")
    func prints() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text("Tests/Golden/Kinds/kinds.yaml"), to: "routes/kinds.yaml")
        try folder.write(
            "routes: [ { path: /a, provider: github, secrets: [ { env: NONE } ] } ]\n", to: "routes/broken.yaml")
        let golden = [
            "swift": "Tests/ZizqTests/GeneratedKinds.swift", "typescript": "Tests/Golden/Kinds/kinds.ts",
            "json-schema": "Tests/Golden/Kinds/kinds.json",
        ]
        for (language, path) in golden {
            let (ending, output, errors) = try await kinds(language, in: folder)
            #expect(output == (try ProjectFiles.text(path)), "\(language)")
            #expect(errors.isEmpty)
            #expect(ending == .exited(0))
        }
    }

    @Test("the command that docs/reference/cli.md shows writes a file for a worker")
    func document() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text("Tests/Golden/Kinds/kinds.yaml"), to: "routes/kinds.yaml")
        try folder.putProgram(at: "bin/sluice")
        let blocks = try DocumentBlocks("docs/reference/cli.md").blocks.filter { $0.suite == "KindsCommandTests" }
        let block = try #require(blocks.first)
        #expect(blocks.count == 1)
        let shell = try await run(
            "sh", ["-ec", block.text], in: folder, environment: ["PATH": "\(folder.file("bin")):\(Self.path)"])
        #expect(shell.ending == .exited(0), "\(shell.errors)")
        #expect(
            String(decoding: try folder.read("Kinds.swift"), as: UTF8.self)
                == (try ProjectFiles.text("Tests/ZizqTests/GeneratedKinds.swift")))
    }

    @Test("says on standard error what is wrong with kinds, and prints nothing then")
    func problems() async throws {
        let folder = try TemporaryFolder()
        try folder.write("kinds: { k: { payload: { a: strng } } }\n", to: "routes/r.yaml")
        let wrong = try await kinds("swift", in: folder)
        #expect(wrong.output.isEmpty)
        #expect(
            wrong.errors
                == "routes/r.yaml:1:29: unknown type 'strng'; did you mean 'string'?\nsluice: 1 problem in routes\n")
        #expect(wrong.ending == .exited(1))

        try folder.write("kinds: { a-b: {}, a_b: {} }\n", to: "routes/r.yaml")
        let clash = try await kinds("swift", in: folder)
        #expect(
            clash.errors == """
                routes/r.yaml:1:19: the kinds 'a-b' and 'a_b' would both be the type AB; rename one of them
                sluice: 1 problem in routes\n
                """)
        #expect(clash.output.isEmpty)
        #expect(clash.ending == .exited(1))

        try folder.write("routes: []\n", to: "routes/r.yaml")
        let none = try await kinds("swift", in: folder)
        #expect(none.errors == "sluice: no kinds in routes\n")
        #expect(none.ending == .exited(1))
    }
}
