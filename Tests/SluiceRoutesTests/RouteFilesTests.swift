import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct RouteFilesTests {
    @Test("Every *.yaml in the folder is read, not below it and not hidden, in the order of the names")
    func names() throws {
        let folder = try TemporaryFolder()
        for name in ["b.yaml", "a.yaml", ".hidden.yaml", ".b.yaml.swp", "notes.txt", "yaml", "x.yaml~"] {
            try folder.write(name, "kinds: {}\n")
        }
        try folder.makeFolder("below")
        try folder.write("below/c.yaml", "kinds: {}\n")
        let files = try RouteFiles.read(folder: folder.path)
        #expect(files.map(\.name) == ["\(folder.path)/a.yaml", "\(folder.path)/b.yaml"])
        #expect(files.first?.bytes == Array("kinds: {}\n".utf8))
        #expect(try RouteFiles.read(folder: folder.path + "/").first?.name == "\(folder.path)/a.yaml")
    }

    @Test("A *.yml is a problem that says so, and a folder or a pipe named *.yaml is one too")
    func wrongNames() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yml", "")
        try folder.makeFolder("b.yaml")
        let error = #expect(throws: RouteFilesError.self) { try RouteFiles.read(folder: folder.path) }
        #expect(
            error?.problems.map(\.description) == [
                "\(folder.path)/a.yml:1:1: route files end in .yaml; rename it to a.yaml",
                "\(folder.path)/b.yaml:1:1: the file cannot be read: not a regular file",
            ])
    }

    @Test("A folder that is not there is a problem")
    func noFolder() {
        let error = #expect(throws: RouteFilesError.self) { try RouteFiles.read(folder: "no/such/folder") }
        #expect(
            error?.problems.map(\.description) == [
                "no/such/folder:1:1: the routes folder cannot be read: No such file or directory"
            ])
    }

    @Test("A file that is too large says so")
    func large() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", String(repeating: "#", count: 1 << 20))
        #expect(try RouteFiles.read(folder: folder.path).first?.bytes.count == 1 << 20)
        try folder.write("a.yaml", String(repeating: "#", count: (1 << 20) + 1))
        let error = #expect(throws: RouteFilesError.self) { try RouteFiles.read(folder: folder.path) }
        #expect(
            error?.problems.map(\.description)
                == ["\(folder.path)/a.yaml:1:1: the file cannot be read: larger than 1048576 bytes"])
    }

    @Test("More than 8 MiB together are a problem")
    func total() throws {
        let folder = try TemporaryFolder()
        for index in 0..<9 { try folder.write("\(index).yaml", String(repeating: "#", count: 1 << 20)) }
        // Not `#expect(throws:)`, which takes the error apart, with the eight mebibytes that it carries.
        var messages: [String] = []
        do {
            _ = try RouteFiles.read(folder: folder.path)
        } catch {
            messages = error.problems.map(\.message)
        }
        #expect(messages == ["the route files have more than 8388608 bytes together"])
    }

    @Test(
        "A secret file loses one final newline and nothing else; its path is relative to the routes folder",
        arguments: [("", true), ("\n", true), ("\r\n", true), ("\n\n", false), (" ", false)])
    func secretFiles(end: String, matches: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.write("key", "a secret of tests" + end)
        let text = "routes:\n- {path: /a, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: folder.path),
            environment: [:])
        #expect(compilation.secretFiles == ["key"])
        let route = try #require(compilation.table?.routes.first)
        let outcome = TestRequest("{}").signed(header: "X-Hub-Signature-256").processed(by: route)
        #expect((outcome.summary == "stored") == matches)
    }
}
