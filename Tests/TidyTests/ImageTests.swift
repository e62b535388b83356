import Foundation
import SluiceBase
import SluiceGateway
import Testing

/// The container image holds what the binary needs, and nothing that it does not.
@Suite(.serialized) struct ImageTests {
    /// The release binary, which `make test` builds first.
    private static let binary = ProcessInfo.processInfo.environment["SLUICE_BINARY"]

    @Test(
        "the image installs exactly the packages that the binary's libraries are from, and the certificate authorities",
        .enabled(if: binary != nil, "SLUICE_BINARY names the release binary"))
    func packages() throws {
        let binary = try #require(Self.binary)
        let libraries = try Self.output("/usr/bin/ldd", [binary]).split(separator: "\n").compactMap { line -> String? in
            line.firstMatch(of: /(\/[^ ]+) \(0x/).map { String($0.1) }
        }
        #expect(!libraries.isEmpty)
        let needed = Set(try libraries.map(Self.package(ofLibrary:))).subtracting(Self.inEveryImage)
        #expect(try Self.installedPackages() == needed.union(["ca-certificates"]))
    }

    @Test("both stages use one release of Debian, and the process is not root")
    func stages() throws {
        let text = try SourceTree.file("docker/Dockerfile").text
        #expect(text.matches(of: /(?m)^FROM \S+/).count == 2)
        #expect(text.matches(of: /(?m)^FROM \S*bookworm\S*/).count == 2)
        #expect(text.firstMatch(of: /(?m)^USER (?!root|0)\S+/) != nil)
        #expect(text.contains("HEALTHCHECK"))
    }

    @Test(
        "a container is given more time to stop than the gateway takes at most, so that it is never killed while it flushes"
    )
    func graceOfCompose() throws {
        let text = try SourceTree.file("docker/compose.yaml").text
        let sluice = try #require(text.firstRange(of: "\n  sluice:").map { text[$0.upperBound...] })
        let grace = try #require(sluice.firstMatch(of: /stop_grace_period: (\w+)/).flatMap { DurationText.parse($0.1) })
        #expect(grace > Settings().limits.shutdown)
        for line in ["read_only: true", "cap_drop: [ALL]", "outbox:/var/lib/sluice"] {
            #expect(sluice.contains(line), "\(line)")
        }
    }

    @Test("a container that is started as the files say has the secrets of the example routes")
    func secrets() throws {
        let routes = try ["routes/github.yaml", "routes/hmac.yaml"].map { try SourceTree.file($0).text }
        let names = routes.flatMap { $0.matches(of: /(?m)^[^#]*\benv: (\w+)/).map { String($0.1) } }
        #expect(names.count >= 2)
        let compose = try SourceTree.file("docker/compose.yaml").text
        let page = try SourceTree.file("docs/operating/install.md").text
        for name in names {
            #expect(compose.contains("\n      \(name): ${\(name):?"), "\(name)")
            #expect(page.contains("--env \(name) "), "\(name)")
        }
    }

    @Test("the image sets what differs in a container, and keeps the outbox on its volume")
    func environment() throws {
        let text = try SourceTree.file("docker/Dockerfile").text
        for line in [
            "SLUICE_ADMIN=0.0.0.0:9464", "SLUICE_OUTBOX_PATH=/var/lib/sluice/outbox.db",
            "SLUICE_ROUTES=/etc/sluice/routes",
        ] {
            #expect(text.contains(line), "\(line)")
        }
        #expect(text.contains("\nVOLUME /var/lib/sluice\n"))
    }

    @Test(
        "the stripped binary is small enough for the image",
        .enabled(if: binary != nil, "SLUICE_BINARY names the release binary"))
    func size() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-size-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let stripped = folder.appending(path: "sluice").path
        _ = try Self.output("/usr/bin/strip", ["-o", stripped, try #require(Self.binary)])
        let size = try #require(try FileManager.default.attributesOfItem(atPath: stripped)[.size] as? Int)
        #expect(size <= 25_000_000)
    }

    /// What `debian:bookworm-slim` has already.
    private static let inEveryImage: Set<String> = ["libc6", "libgcc-s1"]

    /// The packages of the last `apt-get install` in the Dockerfile, which is the run stage's.
    private static func installedPackages() throws -> Set<String> {
        let text = try SourceTree.file("docker/Dockerfile").text.replacing("\\\n", with: " ")
        let stage = try #require(text.split(separator: "\nFROM ").last)
        let match = try #require(stage.firstMatch(of: /apt-get install ([^&\n]+)/))
        return Set(match.1.split(separator: " ").filter { !$0.hasPrefix("-") }.map(String.init))
    }

    /// Debian's package that a library's file belongs to. On a merged file system `ldd` may name it below `/lib` and
    /// the package list below `/usr/lib`, or the other way round.
    private static func package(ofLibrary path: String) throws -> String {
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        let candidates = [path, real, "/usr" + path, real.replacing(/^\/usr/, with: "")]
        for candidate in candidates {
            let answer = try output("/usr/bin/dpkg", ["-S", candidate])
            if let match = answer.firstMatch(of: #/^([a-z0-9.+-]+)(:[a-z0-9]+)?: /#) { return String(match.1) }
        }
        Issue.record("no package has \(path)")
        return path
    }

    private static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
