import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Plays the service around the reloader: a look a second, on a real folder, with a clock that stands where the test
/// puts it.
private final class Watch {
    let folder: TemporaryFolder
    var reloader = RouteReloader()
    var table: RouteTable?
    var environment = ["SECRET": "a secret of tests"]
    private var secretFiles: [String] = []
    /// An hour ahead of the files' times, so that nothing is fresh, save where a test wants it so.
    var clock = Int64(Date().timeIntervalSince1970 * 1000) + 3_600_000
    private(set) var reads = 0

    init(_ folder: TemporaryFolder) { self.folder = folder }

    /// One second's look: what came of it, in a word or in the problems.
    func look() -> String {
        clock += 1000
        let listing = FolderListing.look(folder: folder.path, secretFiles: secretFiles, atMilliseconds: clock)
        guard reloader.looked(at: listing) == .read else { return "unchanged" }
        reads += 1
        let snapshot = FolderSnapshot.read(folder: folder.path, secretFiles: secretFiles)
        guard reloader.read(snapshot.fingerprint) == .load else { return "waiting" }
        return load(snapshot)
    }

    /// What happens between the compiling and the last comparison.
    var whenCompiled: () -> Void = {}

    /// SIGHUP.
    func hangUp() -> String {
        guard reloader.requested() == .load else { return "waiting" }
        return load(FolderSnapshot.read(folder: folder.path, secretFiles: secretFiles))
    }

    private func load(_ snapshot: FolderSnapshot) -> String {
        let compilation = snapshot.compile(folder: folder.path, environment: environment, options: RouteOptions())
        whenCompiled()
        guard FolderSnapshot.isStill(compilation, folder: folder.path) else {
            reloader.changedMeanwhile()
            return "changed meanwhile"
        }
        // A broken table names no files, or fewer: those of the one in force stay watched.
        secretFiles = Array(Set(compilation.secretFiles + (compilation.table == nil ? secretFiles : []))).sorted()
        switch reloader.compiled(compilation, inForce: table, atMilliseconds: clock) {
        case .replace(let new, let version, let warnings):
            table = new
            return (["version \(version)"] + warnings).joined(separator: "; ")
        case .keep(let problems):
            return problems.map { $0.replacing(folder.path, with: "routes") }.joined(separator: "; ")
        }
    }
}

@Suite(.serialized) struct RouteReloaderTests {
    private func text(_ path: String, name: String = "r") -> String {
        "routes:\n- {path: \(path), name: \(name), verify: none, jobs: [{type: t}]}\n"
    }

    private func watch(_ files: [String: String]) throws -> Watch {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        let watch = Watch(folder)
        #expect(watch.hangUp() == "version 1")
        #expect(watch.look() == "waiting")
        return watch
    }

    @Test("What does not change is looked at and not read again")
    func unchanged() throws {
        let watch = try watch(["a.yaml": text("/a")])
        let reads = watch.reads
        for _ in 0..<5 { #expect(watch.look() == "unchanged") }
        #expect(watch.reads == reads)
    }

    @Test("A change is loaded when two looks in a row have read the same")
    func change() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.look() == "waiting")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.look() == "version 2")
        #expect(watch.table?.routes.map(\.path) == ["/b"])
        #expect(watch.look() == "unchanged")
    }

    @Test("A file that is written in pieces is loaded once, when it is whole")
    func pieces() throws {
        let watch = try watch(["a.yaml": text("/a")])
        for piece in ["routes:\n", "routes:\n- {path: /b, ", "routes:\n- {path: /b, name: r, verify: none"] {
            try watch.folder.write("a.yaml", piece)
            #expect(watch.look() == "waiting")
        }
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
    }

    @Test("Files that come, go and are swapped by a symbolic link are changes")
    func names() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("b.yaml", text("/b", name: "s"))
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        try watch.folder.remove("b.yaml")
        #expect(watch.look() == "waiting")
        #expect(
            watch.look()
                == "version 3; the route 's' no longer exists: its unique keys no longer apply")
        try watch.folder.makeFolder("..data")
        try watch.folder.write("..data/real", text("/c"))
        try watch.folder.remove("a.yaml")
        try watch.folder.link("a.yaml", to: "..data/real")
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 4")
        #expect(watch.table?.routes.map(\.path) == ["/c"])
    }

    @Test("The same content under new times is read and not loaded")
    func touched() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/a"))
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "unchanged")
        #expect(watch.reloader.status.version == 1)
    }

    @Test("A change of the same size in the same tick as the last look is seen all the same")
    func freshChange() throws {
        let watch = try watch(["a.yaml": text("/a")])
        watch.clock = 0
        let reads = watch.reads
        #expect(watch.look() == "waiting")
        #expect(watch.reads == reads + 1)
    }

    @Test("A bad file changes nothing, is shown once, and is tried again when it changes")
    func bad() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b").replacing("verify", with: "verfy"))
        #expect(watch.look() == "waiting")
        let problem = "routes/a.yaml:2:3: a route needs 'provider' or 'verify'"
        #expect(watch.look().hasPrefix(problem))
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.reloader.status.version == 1)
        #expect(watch.reloader.status.problems.count == 3)
        for _ in 0..<3 { #expect(watch.look() == "unchanged") }
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        #expect(watch.reloader.status.problems == [])
        #expect(watch.reloader.status.loadedAtMilliseconds == watch.clock)
    }

    @Test("A bad file is not tried again each second either where secret files are watched that it does not name")
    func badWithSecrets() throws {
        let routes = "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let watch = try watch(["a.yaml": routes, "key": "the first secret"])
        try watch.folder.write("a.yaml", "routes: [\n")
        #expect(watch.look() == "waiting")
        #expect(watch.look().hasPrefix("routes/a.yaml:2:1: invalid YAML"))
        for _ in 0..<4 { #expect(watch.look() == "unchanged") }
        try watch.folder.write("key", "the second secret")
        #expect(watch.look() == "waiting")
        #expect(watch.look().hasPrefix("routes/a.yaml:2:1: invalid YAML"))
        try watch.folder.write("a.yaml", routes)
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        #expect(watch.look() == "unchanged")
    }

    @Test("What was in force before a load that was asked for is loaded again when it comes back")
    func backAndForth() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.hangUp() == "version 2")
        try watch.folder.write("a.yaml", text("/a"))
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 3")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("A file that cannot be read changes nothing and is not tried again each second")
    func unreadable() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("b.yml", "")
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "routes/b.yml:1:1: route files end in .yaml; rename it to b.yaml")
        for _ in 0..<3 { #expect(watch.look() == "unchanged") }
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("A reload that would leave no route is refused")
    func noRoutes() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.remove("a.yaml")
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "the route files contain no routes; keeping the previous routes")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.hangUp() == "the route files contain no routes; keeping the previous routes")
    }

    @Test("A folder that goes away changes nothing")
    func noFolder() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try FileManager.default.removeItem(atPath: watch.folder.path)
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "routes:1:1: the routes folder cannot be read: No such file or directory")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test(
        "What changes while it is compiled is not loaded, and read again by the next look though no time of it has changed since"
    )
    func meanwhile() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.look() == "waiting")
        watch.whenCompiled = { try? watch.folder.write("a.yaml", self.text("/c")) }
        #expect(watch.look() == "changed meanwhile")
        watch.whenCompiled = {}
        #expect(watch.reloader.status.version == 1)
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        #expect(watch.table?.routes.map(\.path) == ["/c"])
    }

    @Test(
        "Files that never stand still change nothing when they are asked for, and are loaded when they do, changed or not"
    )
    func neverStill() throws {
        let watch = try watch(["a.yaml": text("/a")])
        guard case .keep(let problems) = watch.reloader.neverStill(atMilliseconds: 7) else {
            Issue.record("it is put in force"); return
        }
        #expect(problems == ["the files changed each time they were read; they are loaded when they stop changing"])
        #expect(watch.reloader.status.problems == problems)
        #expect(watch.reloader.status.triedAtMilliseconds == 7)
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        #expect(watch.reloader.status.problems == [])
    }

    @Test("Of a secret what was compared is compiled, not what it is when it is compiled")
    func comparedSecret() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "a.yaml", "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n")
        try folder.write("key", "the first secret")
        let snapshot = FolderSnapshot.read(folder: folder.path, secretFiles: ["key"])
        try folder.write("key", "the second secret")
        let compilation = snapshot.compile(folder: folder.path, environment: [:], options: RouteOptions())
        #expect(compilation.fingerprint == snapshot.fingerprint)
        #expect(!FolderSnapshot.isStill(compilation, folder: folder.path))
        let route = try #require(compilation.table?.routes.first)
        #expect(
            TestRequest("{}").signed("the first secret", header: "X-Hub-Signature-256").processed(by: route).summary
                == "stored")
        try folder.write("key", "the first secret")
        #expect(FolderSnapshot.isStill(compilation, folder: folder.path))
    }

    @Test("SIGHUP loads at once, changed or not")
    func hangUp() throws {
        let watch = try watch(["a.yaml": text("/a")])
        #expect(watch.hangUp() == "version 2")
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.hangUp() == "version 3")
        #expect(watch.table?.routes.map(\.path) == ["/b"])
    }

    @Test("Secret files are watched with the routes, a missing one too")
    func secrets() throws {
        let routes = "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", routes)
        let watch = Watch(folder)
        #expect(watch.hangUp() == "routes/a.yaml:2:52: the secret file key cannot be read: No such file or directory")
        _ = watch.look()
        try folder.write("key", "the first secret")
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 1")
        try folder.write("key", "the second secret")
        #expect(watch.look() == "waiting")
        #expect(watch.look() == "version 2")
        let route = try #require(watch.table?.routes.first)
        #expect(
            TestRequest("{}").signed("the second secret", header: "X-Hub-Signature-256").processed(by: route).summary
                == "stored")
    }
}
