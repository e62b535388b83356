import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Carries out what the reloader asks for: a look a second, on a real folder.
private final class Watch {
    let folder: TemporaryFolder
    var reloader: RouteReloader
    var environment = ["SECRET": "a secret of tests"]
    private(set) var clock: Int64 = 0
    private(set) var reads = 0
    /// What happens between the compiling and the last comparison.
    var whenCompiled: () -> Void = {}

    var table: RouteTable? { reloader.table }

    init(_ folder: TemporaryFolder, grace: Duration = .zero) {
        self.folder = folder
        reloader = RouteReloader(grace: grace)
    }

    /// One second's look: its result in a word, or the problems.
    func checkForChanges() -> String {
        clock += 1000
        return run(.looked(FolderListing(folder: folder.path, secretFiles: reloader.secretFiles)))
    }

    /// SIGHUP.
    func hangUp() -> String { run(.requested) }

    private func run(_ first: RouteReloader.Event) -> String {
        var event = first
        let readsBefore = reads
        var isCompiled = false
        while true {
            switch reloader.handle(event, atMilliseconds: clock) {
            case .done(.unchanged): return isCompiled ? "changed meanwhile" : reads > readsBefore ? "read" : "unchanged"
            case .done(.changing): return "waiting"
            case .read:
                reads += 1
                event = .read(FolderSnapshot.read(folder: folder.path, secretFiles: reloader.secretFiles))
            case .compile(let snapshot):
                isCompiled = true
                let compilation = snapshot.compile(
                    folder: folder.path, environment: environment, options: RouteOptions())
                whenCompiled()
                event = .compiled(compilation, isStill: isStill(compilation, in: folder))
            case .done(.replaced(let new)): return (["version \(new.version)"] + new.warnings).joined(separator: "; ")
            case .done(.holding(let files)):
                return "holding \(files.map { $0.replacing(folder.path, with: "routes") }.joined(separator: ", "))"
            case .done(.kept(let problems, _)):
                return problems.map { $0.replacing(folder.path, with: "routes") }.joined(separator: "; ")
            }
        }
    }
}

private func isStill(_ compilation: RouteCompilation, in folder: TemporaryFolder) -> Bool {
    FolderSnapshot.compare(
        folder: folder.path, with: compilation.fingerprint, secretFiles: compilation.secretFiles) == .same
}

@Suite(.serialized) struct RouteReloaderTests {
    private func text(_ path: String, name: String = "r") -> String {
        "routes:\n- {path: \(path), name: \(name), verify: none, jobs: [{type: t}]}\n"
    }

    private func watch(_ files: [String: String], grace: Duration = .zero) throws -> Watch {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        let watch = Watch(folder, grace: grace)
        #expect(watch.hangUp() == "version 1")
        #expect(watch.checkForChanges() == "read")
        return watch
    }

    @Test("unchanged files are checked and not read again")
    func unchanged() throws {
        let watch = try watch(["a.yaml": text("/a")])
        let reads = watch.reads
        for _ in 0..<5 { #expect(watch.checkForChanges() == "unchanged") }
        #expect(watch.reads == reads)
    }

    @Test("a change is loaded when two looks in a row have read the same")
    func change() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.table?.routes.map(\.path) == ["/b"])
        #expect(watch.checkForChanges() == "unchanged")
    }

    @Test("a file that is written in pieces is loaded once, when it is whole")
    func pieces() throws {
        let watch = try watch(["a.yaml": text("/a")])
        for piece in ["routes:\n", "routes:\n- {path: /b, ", "routes:\n- {path: /b, name: r, verify: none"] {
            try watch.folder.write("a.yaml", piece)
            #expect(watch.checkForChanges() == "waiting")
        }
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
    }

    @Test("files that come, go and are swapped by a symbolic link are changes")
    func names() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("b.yaml", text("/b", name: "s"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        try watch.folder.remove("b.yaml")
        #expect(watch.checkForChanges() == "waiting")
        #expect(
            watch.checkForChanges()
                == "version 3; the route 's' no longer exists: its unique keys and quarantined requests belong to that name"
        )
        try watch.folder.makeFolder("..data")
        try watch.folder.write("..data/real", text("/c"))
        try watch.folder.remove("a.yaml")
        try watch.folder.link("a.yaml", to: "..data/real")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 4")
        #expect(watch.table?.routes.map(\.path) == ["/c"])
    }

    private func watchOfTwo(grace: Int) throws -> Watch {
        try watch(["a.yaml": text("/a"), "b.yaml": text("/b", name: "s")], grace: .seconds(grace))
    }

    @Test("a file that is away for less than the grace time changes nothing")
    func shortAbsence() throws {
        let watch = try watchOfTwo(grace: 30)
        for _ in 0..<3 {
            try watch.folder.remove("b.yaml")
            #expect(watch.checkForChanges() == "waiting")
            #expect(watch.checkForChanges() == "holding routes/b.yaml")
            for _ in 0..<25 { #expect(["unchanged", "read"].contains(watch.checkForChanges())) }
            try watch.folder.write("b.yaml", text("/b", name: "s"))
            #expect(watch.checkForChanges() == "read")
            for _ in 0..<15 { #expect(["unchanged", "read"].contains(watch.checkForChanges())) }
        }
        #expect(watch.reloader.status.version == 1)
    }

    @Test("a file that stays away for the grace time takes its routes along")
    func longAbsence() throws {
        let watch = try watchOfTwo(grace: 5)
        try watch.folder.remove("b.yaml")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.reloader.held == nil)
        #expect(watch.checkForChanges() == "holding routes/b.yaml")
        for _ in 0..<4 { #expect(watch.checkForChanges() == "unchanged") }
        #expect(watch.reloader.held?.files.map { $0.split(separator: "/").last } == ["b.yaml"])
        #expect(watch.reloader.held?.seconds == 1)
        #expect(watch.checkForChanges() == "waiting")
        #expect(
            watch.checkForChanges()
                == "version 2; the route 's' no longer exists: its unique keys and quarantined requests belong to that name"
        )
        for _ in 0..<9 { #expect(watch.checkForChanges() == "unchanged") }
        #expect(watch.reloader.held == nil)
    }

    @Test("a requested reload removes the routes of a missing file immediately")
    func requestedAbsence() throws {
        let watch = try watchOfTwo(grace: 30)
        try watch.folder.remove("b.yaml")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "holding routes/b.yaml")
        #expect(
            watch.hangUp()
                == "version 2; the route 's' no longer exists: its unique keys and quarantined requests belong to that name"
        )
        for _ in 0..<40 { #expect(["unchanged", "read"].contains(watch.checkForChanges())) }
        try watch.folder.write("b.yaml", text("/b", name: "s"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 3")
    }

    @Test("while a file is missing other changes wait, a second missing file starts the grace time again")
    func changesDuringAbsence() throws {
        let watch = try watchOfTwo(grace: 4)
        try watch.folder.write("c.yaml", text("/c", name: "u"))
        #expect([watch.checkForChanges(), watch.checkForChanges()] == ["waiting", "version 2"])
        try watch.folder.remove("b.yaml")
        #expect([watch.checkForChanges(), watch.checkForChanges()] == ["waiting", "holding routes/b.yaml"])
        try watch.folder.remove("c.yaml")
        try watch.folder.write("a.yaml", text("/a2"))
        #expect(
            [watch.checkForChanges(), watch.checkForChanges()] == ["waiting", "holding routes/b.yaml, routes/c.yaml"])
        try watch.folder.write("b.yaml", text("/b2", name: "s"))
        try watch.folder.write("c.yaml", text("/c2", name: "u"))
        #expect([watch.checkForChanges(), watch.checkForChanges()] == ["waiting", "version 3"])
        #expect(watch.table?.routes.map(\.path) == ["/a2", "/b2", "/c2"])
    }

    @Test("a route file under another name, and a route removed from a file, are loaded without a grace time")
    func noAbsence() throws {
        let watch = try watchOfTwo(grace: 30)
        try watch.folder.remove("b.yaml")
        try watch.folder.write("c.yaml", text("/b", name: "s"))
        #expect([watch.checkForChanges(), watch.checkForChanges()] == ["waiting", "version 2"])
        try watch.folder.write("c.yaml", text("/c", name: "u"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(
            watch.checkForChanges()
                == "version 3; the route 's' no longer exists: its unique keys and quarantined requests belong to that name"
        )
    }

    @Test("the same content under new times is read and not loaded")
    func touched() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/a"))
        #expect(watch.checkForChanges() == "read")
        #expect(watch.checkForChanges() == "unchanged")
        #expect(watch.reloader.status.version == 1)
    }

    @Test("at every tenth check the files are read, for any names, sizes and times")
    func regularReading() throws {
        let watch = try watch(["a.yaml": text("/a")])
        let results = (0..<30).map { _ in watch.checkForChanges() }
        #expect(results.indices.filter { results[$0] == "read" } == [9, 19, 29])
        #expect(results.allSatisfy { $0 == "read" || $0 == "unchanged" })
    }

    @Test("a bad file changes nothing, is reported once, and is retried when it changes")
    func bad() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b").replacing("verify", with: "verfy"))
        #expect(watch.checkForChanges() == "waiting")
        let problem = "routes/a.yaml:2:23: unknown key 'verfy' in a route; did you mean 'verify'?"
        #expect(watch.checkForChanges() == problem)
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.reloader.status.version == 1)
        #expect(watch.reloader.status.problems.count == 1)
        for _ in 0..<3 { #expect(watch.checkForChanges() == "unchanged") }
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.reloader.status.problems == [])
        #expect(watch.reloader.status.loadedAtMilliseconds == watch.clock)
    }

    @Test("a bad file is not retried each second, even if secret files are watched that it does not name")
    func badWithSecrets() throws {
        let routes = "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let watch = try watch(["a.yaml": routes, "key": "the first secret"])
        try watch.folder.write("a.yaml", "routes: [\n")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges().hasPrefix("routes/a.yaml:2:1: invalid YAML"))
        for _ in 0..<4 { #expect(watch.checkForChanges() == "unchanged") }
        try watch.folder.write("key", "the second secret")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges().hasPrefix("routes/a.yaml:2:1: invalid YAML"))
        try watch.folder.write("a.yaml", routes)
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.checkForChanges() == "unchanged")
    }

    @Test("the routes before a requested load are loaded again when they come back")
    func backAndForth() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.hangUp() == "version 2")
        try watch.folder.write("a.yaml", text("/a"))
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 3")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("an unreadable file changes nothing and is not retried each second")
    func unreadable() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("b.yml", "")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "routes/b.yml:1:1: route files end in .yaml; rename it to b.yaml")
        for _ in 0..<3 { #expect(watch.checkForChanges() == "unchanged") }
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("a reload that would leave no route is refused")
    func noRoutes() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.remove("a.yaml")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "the route files contain no routes; keeping the previous routes")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.hangUp() == "the route files contain no routes; keeping the previous routes")
        try watch.folder.write("a.yaml", "kinds:\n  k: {}\n")
        #expect(watch.hangUp() == "the route files contain no routes; keeping the previous routes")
        try watch.folder.write("a.yaml", "routes: []\n")
        #expect(watch.hangUp() == "the route files contain no routes; keeping the previous routes")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("a gateway may start without routes, and then loads no files without routes either")
    func startsEmpty() throws {
        let watch = try watch(["a.yaml": "routes: []\n"])
        #expect(watch.table?.routes.isEmpty == true)
        try watch.folder.write("a.yaml", "kinds:\n  k: {}\n")
        #expect(watch.hangUp() == "the route files contain no routes")
        try watch.folder.write("a.yaml", text("/a"))
        _ = watch.hangUp()
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test("a folder that goes away changes nothing")
    func noFolder() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try FileManager.default.removeItem(atPath: watch.folder.path)
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "routes:1:1: the routes folder cannot be read: No such file or directory")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
    }

    @Test(
        "files that change while they are compiled are not loaded, and read again at the next check without a new time"
    )
    func meanwhile() throws {
        let watch = try watch(["a.yaml": text("/a")])
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.checkForChanges() == "waiting")
        watch.whenCompiled = { try? watch.folder.write("a.yaml", self.text("/c")) }
        #expect(watch.checkForChanges() == "changed meanwhile")
        watch.whenCompiled = {}
        #expect(watch.reloader.status.version == 1)
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.table?.routes.map(\.path) == ["/c"])
    }

    @Test("files that change all the time are read ten times for a request, and loaded when they stop changing")
    func neverStill() throws {
        let watch = try watch(["a.yaml": text("/a")])
        let reads = watch.reads
        var number = 0
        watch.whenCompiled = {
            number += 1
            try? watch.folder.write("a.yaml", self.text("/b\(number)"))
        }
        let problem = "the files changed each time they were read; they are loaded when they stop changing"
        #expect(watch.hangUp() == problem)
        #expect(watch.reads == reads + 10)
        #expect(watch.reloader.status.problems == [problem])
        #expect(watch.reloader.status.triedAtMilliseconds == watch.clock)
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        watch.whenCompiled = {}
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.reloader.status.problems == [])
        #expect(watch.table?.routes.map(\.path) == ["/b10"])
    }

    @Test("files that are as they were when they stop changing are loaded too, so that the failure ends")
    func stillAsBefore() throws {
        let watch = try watch(["a.yaml": text("/a")])
        var isOther = false
        watch.whenCompiled = {
            isOther.toggle()
            try? watch.folder.write("a.yaml", self.text(isOther ? "/b" : "/a"))
        }
        #expect(watch.hangUp().hasPrefix("the files changed each time"))
        watch.whenCompiled = {}
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        #expect(watch.table?.routes.map(\.path) == ["/a"])
        #expect(watch.reloader.status.problems == [])
    }

    @Test("the compared contents of a secret are compiled, not those at the time of compilation")
    func comparedSecret() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "a.yaml", "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n")
        try folder.write("key", "the first secret")
        let snapshot = FolderSnapshot.read(folder: folder.path, secretFiles: ["key"])
        try folder.write("key", "the second secret")
        let compilation = snapshot.compile(folder: folder.path, environment: [:], options: RouteOptions())
        #expect(compilation.fingerprint == snapshot.fingerprint)
        #expect(!isStill(compilation, in: folder))
        let route = try #require(compilation.table?.routes.first)
        #expect(
            TestRequest("{}").signed("the first secret", header: "X-Hub-Signature-256").processed(by: route).summary
                == "stored")
        try folder.write("key", "the first secret")
        #expect(isStill(compilation, in: folder))
    }

    @Test("SIGHUP loads immediately, with or without a change")
    func hangUp() throws {
        let watch = try watch(["a.yaml": text("/a")])
        #expect(watch.hangUp() == "version 2")
        try watch.folder.write("a.yaml", text("/b"))
        #expect(watch.hangUp() == "version 3")
        #expect(watch.table?.routes.map(\.path) == ["/b"])
    }

    @Test("secret files are watched with the routes, a missing one too")
    func secrets() throws {
        let routes = "routes:\n- {path: /hook, provider: github, secrets: [{file: key}], jobs: [{type: t}]}\n"
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", routes)
        let watch = Watch(folder)
        #expect(watch.hangUp() == "routes/a.yaml:2:52: the secret file key cannot be read: No such file or directory")
        _ = watch.checkForChanges()
        try folder.write("key", "the first secret")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 1")
        try folder.write("key", "the second secret")
        #expect(watch.checkForChanges() == "waiting")
        #expect(watch.checkForChanges() == "version 2")
        let route = try #require(watch.table?.routes.first)
        #expect(
            TestRequest("{}").signed("the second secret", header: "X-Hub-Signature-256").processed(by: route).summary
                == "stored")
    }
}
