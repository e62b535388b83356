import Foundation
import Testing

/// The many ways in which route files and secrets change on a disk, as the gateway that looks at them once a second
/// sees them.
@Suite struct ReloadFileTests {
    private typealias Way = @Sendable (TemporaryFolder, String) throws -> Void

    private static let loaded = "loaded the route files"
    private static let seen = "the route files have changed; loading them if they are unchanged at the next check"

    private static let ways: [String: Way] = [
        "an editor that writes beside and renames": { folder, text in
            try folder.write(text, to: "routes/.r.yaml.swp")
            try folder.rename("routes/.r.yaml.swp", to: "routes/r.yaml")
        },
        "an editor that moves the old file aside": { folder, text in try folder.writeAsVim(text, to: "routes/r.yaml") },
        "a file overwritten in place, as one that is mounted by itself": { folder, text in
            let inode = try folder.inode("routes/r.yaml")
            try folder.overwrite(text, in: "routes/r.yaml")
            #expect(try folder.inode("routes/r.yaml") == inode)
        },
        "a ConfigMap's swap of links": { folder, text in try folder.mount(["r.yaml": text], at: "routes", version: 2) },
        "a folder that is moved into place": { folder, text in
            try folder.write(text, to: "next/r.yaml")
            try folder.rename("routes", to: "before")
            try folder.rename("next", to: "routes")
        },
    ]

    @Test("every way of writing a file comes out as one load, and no error", arguments: ways.keys.sorted())
    func written(name: String) async throws {
        let way = try #require(Self.ways[name])
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.mount(["r.yaml": ReloadTests.route("old")], at: "routes", version: 1)
        if !name.contains("ConfigMap") {
            try folder.remove("routes")
            try folder.write(ReloadTests.route("old"), to: "routes/r.yaml")
        }
        try await GatewayUnderTest.run(GatewaySetup(routes: [:], folder: folder)) { gateway in
            #expect(try await gateway.answer(to: ReloadTests.webhook("old")).status == 200)
            try way(folder, ReloadTests.route("new"))
            try await gateway.record("the load") { $0.message == Self.loaded && $0["table"] == "2" }
            #expect(try await gateway.answer(to: ReloadTests.webhook("new")).status == 200)
            #expect(try await gateway.answer(to: ReloadTests.webhook("old")).status == 404)
            #expect(try await gateway.metric("sluice_route_table_version") == 2)
            #expect(!gateway.records().contains { $0["level"] == "error" })
        }
    }

    @Test("no part of a file that is written in pieces is loaded or reported, and the whole is loaded once")
    func pieces() async throws {
        let setup = GatewaySetup(routes: ["r.yaml": ReloadTests.route("old")])
        try await GatewayUnderTest.run(setup) { gateway in
            for attempt in 1...10 {
                let (position, name) = (gateway.log.position, "new\(attempt)")
                // A machine that is too busy to write a piece before the next look has tested nothing.
                guard try await writeInPieces(ReloadTests.route(name), gateway) else { continue }
                try await gateway.record(from: position, "the load") { $0.message == Self.loaded }
                #expect(try await gateway.answer(to: ReloadTests.webhook(name)).status == 200)
                let records = gateway.records(from: position)
                #expect(!records.contains { $0["level"] == "error" }, "\(records)")
                #expect(records.count { $0.message == Self.loaded } == 1, "\(records)")
                return
            }
            Issue.record("no file was written as fast as the gateway looks")
        }
    }

    /// Each half is seen by one look, and there is more at the next: no YAML, no jobs, no queue.
    ///
    /// - Returns: whether every piece was there before the next look.
    private func writeInPieces(_ text: String, _ gateway: GatewayUnderTest) async throws -> Bool {
        let whole = text.split(separator: "\n", omittingEmptySubsequences: false)
        var isInTime = true
        for count in [2, 5, 9, 11] {
            let position = gateway.log.position
            try gateway.folder.overwrite(whole.prefix(count).joined(separator: "\n"), in: "routes/r.yaml")
            let seen = try await gateway.record(from: position, "the look") { $0.message == Self.seen }
            let next = count == 11 ? text : whole.prefix(count + 1).joined(separator: "\n")
            try gateway.folder.overwrite(next, in: "routes/r.yaml")
            let moment = try Date(
                seen["time"] ?? "", strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
            if Date.now.timeIntervalSince(moment) > 0.9 { isInTime = false }
        }
        return isInTime
    }

    private static let spoilings: [String: (problem: String, spoil: @Sendable (TemporaryFolder) throws -> Void)] = [
        "a removed folder": (
            "routes:1:1: the routes folder cannot be read: No such file or directory", { try $0.remove("routes") }
        ),
        "an emptied folder": (
            "the route files contain no routes; keeping the previous routes", { try $0.remove("routes/r.yaml") }
        ),
        "an emptied file": (
            "routes/r.yaml:1:1: this file is empty; delete it to remove its routes",
            { try $0.overwrite("", in: "routes/r.yaml") }
        ),
        "a file with another ending": (
            "routes/more.yml:1:1: route files end in .yaml; rename it to more.yaml",
            { try $0.write(ReloadTests.route("more"), to: "routes/more.yml") }
        ),
        "a secret that has vanished": (
            "routes/r.yaml:9:15: the secret file ../secret cannot be read: No such file or directory",
            { try $0.remove("secret") }
        ),
        "an emptied secret": ("routes/r.yaml:9:9: the secret is empty", { try $0.overwrite("\n", in: "secret") }),
        "a variable that was not there at the start": (
            "routes/r.yaml:9:14: the environment variable A_NEW_SECRET is not set",
            { try $0.write(ReloadTests.route("r", secret: "env: A_NEW_SECRET"), to: "routes/r.yaml") }
        ),
    ]

    @Test(
        "what cannot be loaded leaves the table, and log, metrics, `sluice reload` and `sluice routes` say the same of it",
        arguments: spoilings.keys.sorted())
    func refused(name: String) async throws {
        let (problem, spoil) = try #require(Self.spoilings[name])
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.write("the secret", to: "secret")
        let text = ReloadTests.route("r", secret: "file: ../secret")
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": text], folder: folder)) { gateway in
            let webhook = ReloadTests.webhook("r", secret: "the secret")
            try spoil(folder)
            let record = try await gateway.record("the end of the try") { $0["result"] == "failure" }
            #expect(
                record["level"] == "error" && record["count"] == "1" && record["table"] == "1"
                    && record["routes"] == "1")
            #expect(try #require(record["ms"].flatMap { Int($0) }) < 10_000)
            #expect(gateway.records(saying: "\(ReloadTests.refused): \(problem)").count == 1)
            #expect(try await gateway.answer(to: webhook).status == 200)
            #expect(try await gateway.metric("sluice_reload_failing") == 1)
            #expect(try await gateway.metric("sluice_reload_problems") == 1)
            #expect(try await gateway.metric("sluice_routes") == 1)
            let routes = try await gateway.command("routes")
            #expect(routes.ending == .exited(0))
            #expect(routes.output.contains("failed; keeping route table 1\n"), "\(routes)")
            #expect(routes.output.contains("\nproblems     1\n  \(problem)\n\nNAME  PATH"), "\(routes)")
            let reload = try await gateway.command("reload")
            #expect(reload.ending == .exited(1))
            #expect(
                reload.errors.hasSuffix("sluice: \(problem)\nsluice: reload failed; keeping route table 1\n"),
                "\(reload)")
            #expect(reload.errors.contains("A_NEW_SECRET requires a restart") == name.contains("variable"))

            try folder.write("the secret", to: "secret")
            try? folder.remove("routes/more.yml")
            try folder.write(text, to: "routes/r.yaml")
            try await gateway.record("the load") {
                $0.message == Self.loaded && $0["table"] == "2" && $0["result"] == "success"
            }
            #expect(try await gateway.answer(to: webhook).status == 200)
            #expect(try await gateway.metric("sluice_reload_failing") == 0)
            #expect(try await gateway.metric("sluice_reload_problems") == 0)
        }
    }

    @Test("a secret that is mounted with links is read again when they are swapped, by a check and by SIGHUP")
    func mountedSecret() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.mount(["key": "the first secret"], at: "secrets", version: 1)
        let setup = GatewaySetup(
            routes: ["r.yaml": ReloadTests.route("r", secret: "file: ../secrets/key")], folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: ReloadTests.webhook("r", secret: "the first secret")).status == 200)
            try folder.mount(["key": "the second secret"], at: "secrets", version: 2)
            try await gateway.record("the load") { $0.message == Self.loaded && $0["table"] == "2" }
            #expect(try await gateway.answer(to: ReloadTests.webhook("r", secret: "the second secret")).status == 200)
            #expect(try await gateway.answer(to: ReloadTests.webhook("r", secret: "the first secret")).status == 401)
            let position = gateway.log.position
            try folder.mount(["key": "the third secret"], at: "secrets", version: 3)
            gateway.process.send(1)
            try await gateway.record(from: position, "the load") { $0.message == Self.loaded }
            #expect(try await gateway.answer(to: ReloadTests.webhook("r", secret: "the third secret")).status == 200)
        }
    }
}
