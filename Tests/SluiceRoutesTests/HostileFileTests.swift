import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Files in the routes folder that are not what they seem: each is a problem, and none holds up the reading.
@Suite(.timeLimit(.minutes(1)), .serialized)
struct HostileFileTests {
    /// What reading a folder with one odd entry `x.yaml` in it says about that.
    private static func complaint(_ make: (TemporaryFolder) throws -> Void) throws -> [String] {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", "kinds: {}\n")
        try make(folder)
        let error = try #require(throws: RouteFilesError.self) { try RouteFiles.read(folder: folder.path) }
        #expect(error.files.map(\.name) == ["\(folder.path)/a.yaml"])
        return error.problems.map { $0.description.replacing(folder.path, with: "routes") }
    }

    @Test("a named pipe is a problem without waiting for its writer, as a route file or a secret")
    func pipe() throws {
        #expect(
            try Self.complaint { try $0.makePipe("x.yaml") }
                == ["routes/x.yaml:1:1: the file cannot be read: not a regular file"])
        let folder = try TemporaryFolder()
        try folder.makePipe("key")
        let text = "routes:\n- {path: /a, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: folder.path),
            environment: [:])
        #expect(
            compilation.problems.map(\.description)
                == ["r.yaml:2:49: the secret file key cannot be read: not a regular file"])
    }

    @Test("a device is a problem, and not read without end", arguments: ["/dev/zero", "/dev/null", "/dev/tty"])
    func device(path: String) throws {
        let complaint = try Self.complaint { try $0.link("x.yaml", to: path) }
        #expect(complaint.count == 1)
        #expect(complaint.first?.hasPrefix("routes/x.yaml:1:1: the file cannot be read: ") == true)
    }

    @Test("a link to itself, and one to nothing, are problems")
    func links() throws {
        #expect(
            try Self.complaint { try $0.link("x.yaml", to: "x.yaml") }
                == ["routes/x.yaml:1:1: the file cannot be read: Too many levels of symbolic links"])
        #expect(
            try Self.complaint { try $0.link("x.yaml", to: "gone") }
                == [
                    "routes/x.yaml:1:1: the file cannot be read: it is a symbolic link to gone, which does not exist"
                ])
    }

    @Test("a file of 64 GiB is refused without being read whole")
    func sparse() throws {
        #expect(
            try Self.complaint { try $0.makeSparse("x.yaml", bytes: 64 << 30) }
                == ["routes/x.yaml:1:1: the file cannot be read: larger than 1048576 bytes"])
    }

    @Test("a file that may not be read is a problem", .enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        #expect(
            try Self.complaint { folder in
                try folder.write("x.yaml", "kinds: {}\n")
                try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: "\(folder.path)/x.yaml")
            } == ["routes/x.yaml:1:1: the file cannot be read: Permission denied"])
    }

    @Test("a routes folder that is a file, a pipe or a link to itself is a problem")
    func folders() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "")
        try folder.makePipe("pipe")
        try folder.link("loop", to: "loop")
        for (name, reason) in [
            ("file", "Not a directory"), ("pipe", "Not a directory"), ("loop", "Too many levels of symbolic links"),
        ] {
            let path = "\(folder.path)/\(name)"
            let error = #expect(throws: RouteFilesError.self) { try RouteFiles.read(folder: path) }
            #expect(error?.description == "\(path):1:1: the routes folder cannot be read: \(reason)")
        }
    }

    @Test("a hundred thousand keys that a route does not have are a thousand problems")
    func manyKeys() {
        var text = "routes:\n- path: /a\n  verify: none\n  jobs: [{type: t}]\n"
        for number in 0..<75_000 { text += "  k\(number): 1\n" }
        #expect(text.utf8.count < 1 << 20)
        let found = problems(text)
        #expect(found.count == 1000)
        #expect(found.last == "1004:3: too many problems; the rest are not shown")
    }

    @Test("a path is taken apart by bytes: a slash with an accent on it is a slash")
    func accentedSlash() throws {
        let route = "{verify: none, jobs: [{type: t}], path: "
        let compilation = compile([("r.yaml", "routes:\n- \(route)\"/a/\\u0301b/{p}\"}\n")])
        let table = try #require(compilation.table)
        #expect(table.match(path: Array("/a/\u{301}b/x".utf8).span) != nil)
        #expect(problems("routes:\n- \(route)\"/{p}/\\u0301b\"}\n") == [])
        #expect(problems("routes:\n- \(route)\"/\\u0301b\"}\n") == [])
    }
}
