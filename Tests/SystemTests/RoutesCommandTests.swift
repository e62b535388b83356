internal import Foundation
import Testing

/// `sluice routes`, asked of a running gateway and of a folder.
@Suite struct RoutesCommandTests {
    private static let routes = """
        routes:
          - name: orders
            path: /hooks/{shop}/orders
            methods: [POST, PUT]
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}" }
            secrets: [ { env: A_SECRET_THAT_IS_NOWHERE } ]
            unique_key: ["${body.shop}", "${body.id}"]
            jobs:
              - { when: { body.type: paid }, type: order_paid }
              - { when: { body.type: test }, ignore: true }
            otherwise: dead_letter
          - name: open
            path: /open
            verify: none
            each: ${body.items}
            jobs:
              - type: item
        """

    private static let table = """
        NAME    PATH                  METHODS   VERIFY       KEY                       EACH           MAKES           \
            OTHERWISE    DECLARED
        orders  /hooks/{shop}/orders  POST,PUT  hmac-sha256  ${body.shop} + ${body.id}  -              order_paid, ignore  dead_letter  routes/r.yaml:2
        open    /open                 POST      none         -                         ${body.items}  item            \
            -            routes/r.yaml:12

        """

    private func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> (
        ChildProcess.Ending, String, String
    ) {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let process = try ChildProcess(
            arguments[0], Array(arguments.dropFirst()), environment: ["PATH": path], folder: folder.path)
        let ending = try await process.ending()
        return (ending, process.output.text, process.errors.text)
    }

    @Test("the table of a folder needs no gateway and no secrets, and is complete without a terminal")
    func folder() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.routes, to: "routes/r.yaml")
        let (ending, output, errors) = try await run([ProjectFiles.binary, "routes", "routes"], in: folder)
        #expect(ending == .exited(0) && errors.isEmpty, "\(errors)")
        let columns = { (text: String) in
            text.split(separator: "\n").map { $0.split(separator: /[ ]{2,}/).map(String.init) }
        }
        #expect(columns(output) == columns(Self.table))
        let json = try await run([ProjectFiles.binary, "routes", "routes", "--json"], in: folder)
        #expect(
            json.1 == #"""
                {"problems":[],"routes":[{"makes":["order_paid","ignore"],"methods":["POST","PUT"],"name":"orders","otherwise":"dead_letter",\#
                "path":"/hooks/{shop}/orders","place":"routes/r.yaml:2",\#
                "secrets":[{"key":"secrets","source":"env A_SECRET_THAT_IS_NOWHERE"}],"unique_key":"${body.shop} + ${body.id}",\#
                "verification":"hmac-sha256"},{"each":"${body.items}","makes":["item"],"methods":["POST"],"name":"open","path":"/open",\#
                "place":"routes/r.yaml:12","verification":"none"}]}

                """#)
    }

    @Test("a folder that makes no table is refused with every problem, in words or as JSON")
    func brokenFolder() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            Self.routes.replacing("unique_key", with: "unique_kee").replacing("each:", with: "eech:"),
            to: "routes/r.yaml")
        let problems = [
            "routes/r.yaml:7:5: unknown key 'unique_kee' in a route; did you mean 'unique_key'?",
            "routes/r.yaml:15:5: unknown key 'eech' in a route; did you mean 'each'?",
        ]
        let words = try await run([ProjectFiles.binary, "routes", "routes"], in: folder)
        #expect(words == (.exited(1), "", problems.map { "sluice: \($0)\n" }.joined()))
        let json = try await run([ProjectFiles.binary, "routes", "routes", "--json"], in: folder)
        #expect(json.0 == .exited(1))
        #expect(json.1 == #"{"problems":["\#(problems[0])","\#(problems[1])"],"routes":[]}"# + "\n")
        let missing = try await run([ProjectFiles.binary, "routes", "nowhere"], in: folder)
        #expect(missing.0 == .exited(1))
        #expect(missing.2 == "sluice: nowhere:1:1: the routes folder cannot be read: No such file or directory\n")
    }

    @Test("at a terminal every line fits it, and what is cut ends in an ellipsis", arguments: [30, 60, 80, 100])
    func terminal(width: Int) async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.routes, to: "routes/r.yaml")
        let command = "stty cols \(width); exec '\(ProjectFiles.binary)' routes routes"
        let (ending, output, errors) = try await run(["script", "-qec", command, "/dev/null"], in: folder)
        #expect(ending == .exited(0), "\(output)\(errors)")
        let lines = output.split(whereSeparator: \.isNewline)
        #expect(lines.count == 3)
        for line in lines { #expect(line.count <= width, "\(line)") }
        #expect(output.contains("…"))
        // The line at which a route is declared stays legible.
        if width >= 80 { #expect(lines[1].hasSuffix("yaml:2") && lines[2].hasSuffix("aml:12"), "\(output)") }
    }

    @Test("a route file that is mounted as a single file is warned of, also once it was replaced")
    func mountedFile() async throws {
        guard await SmallDisk.isAllowed() else { return }
        let folder = try TemporaryFolder()
        try folder.write(Self.routes.replacing("orders", with: "mounted"), to: "host.yaml")
        try folder.write("", to: "routes/r.yaml")
        let script = "mount --bind \"$0/host.yaml\" \"$0/routes/r.yaml\" && exec \"$@\""
        let wrapper = SmallDisk.unshare + ["sh", "-c", script, folder.path]
        let mounted =
            "routes/r.yaml:1:1: warning: the file is mounted as a single file; if an editor or git replaces it on the host, "
            + "the container still sees the old version: mount the folder that contains it instead"
        for command in [["check", "--without-secrets"], ["routes", "routes"]] {
            let (ending, output, _) = try await run(wrapper + [ProjectFiles.binary] + command, in: folder)
            #expect(ending == .exited(0) && output.contains(mounted), "\(output)")
        }
        try GatewayUnderTest.writeCertificate(to: folder)
        let environment = ["A_SECRET_THAT_IS_NOWHERE": "a secret of tests"]
        let setup = GatewaySetup(routes: [:], environment: environment, folder: folder, wrapper: wrapper)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(gateway.records(saying: mounted).count == 1)
            #expect(try await gateway.command("routes").output.contains("\nnotices      1\n  \(mounted)\n"))
            try folder.write(Self.routes, to: "next.yaml")
            try folder.rename("next.yaml", to: "host.yaml")
            let replaced =
                "routes/r.yaml:1:1: warning: the file is mounted as a single file and was replaced or deleted on the host; "
                + "the container still sees the old version: mount the folder that contains it instead, and restart "
                + "the container"
            #expect(try await gateway.command("routes").output.contains("\nnotices      1\n  \(replaced)\n"))
        }
    }

    @Test("the running gateway reports its table, since when, and whether it is the one on disk")
    func running() async throws {
        let setup = GatewaySetup(
            routes: ["r.yaml": Self.routes], environment: ["A_SECRET_THAT_IS_NOWHERE": "a secret of tests"])
        try await GatewayUnderTest.run(setup) { gateway in
            let first = try await gateway.command("routes")
            #expect(first.ending == .exited(0) && first.errors.isEmpty, "\(first)")
            let pattern =
                /table        1, loaded (\S+)\nlast reload  (\S+), success\nfiles        same as loaded\n\nNAME    PATH (.*\n)+/
            let match = try #require(first.output.wholeMatch(of: pattern), "\(first.output)")
            #expect(match.1 == match.2)
            let state = try await state(gateway)
            #expect(
                state.version == 1 && state.result == "success" && state.files == "in_force"
                    && state.since == state.triedAt)
            #expect(try await gateway.metric("sluice_route_table_timestamp_seconds") == Double(state.since) / 1000)
            #expect(try await gateway.metric("sluice_reload_timestamp_seconds") == Double(state.triedAt) / 1000)
            #expect(try await gateway.metric("sluice_routes") == 2)

            try gateway.folder.write("routes: 7\n", to: "routes/s.yaml")
            _ = try await gateway.command("reload")
            let failed = try await self.state(gateway)
            #expect(
                failed.version == 1 && failed.result == "failure" && failed.files == "changed"
                    && failed.since == state.since)
            #expect(failed.triedAt > state.triedAt)
            #expect(try await gateway.metric("sluice_route_table_timestamp_seconds") == Double(state.since) / 1000)
            try gateway.folder.remove("routes/s.yaml")
            #expect(
                try await gateway.command("routes").output.contains(
                    "\nfiles        same as loaded\nproblems     1\n  routes/s.yaml:1:9: "))
            try gateway.folder.remove("routes")
            #expect(try await self.state(gateway).files == "unreadable")
        }
    }

    private struct State: Decodable {
        let version: Int
        let since: Int64
        let triedAt: Int64
        let result: String
        let files: String
    }

    private func state(_ gateway: GatewayUnderTest) async throws -> State {
        struct Document: Decodable { let gateway: State }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Document.self, from: Data(try await gateway.command("routes", "--json").output.utf8))
            .gateway
    }

    @Test("without a gateway, both ways to see a table are named")
    func nobody() async throws {
        let otherWay =
            "sluice: start the gateway to see its route table, or name a folder to see the table of its files: sluice "
            + "routes FOLDER\n"
        let nowhere = try await run([ProjectFiles.binary, "routes"], in: try TemporaryFolder())
        #expect(nowhere == (.exited(69), "", "sluice: no outbox at sluice.db; set outbox.path\n" + otherWay))
        let reload = try await run([ProjectFiles.binary, "reload"], in: try TemporaryFolder())
        #expect(reload == (.exited(69), "", "sluice: no outbox at sluice.db; set outbox.path\n"))
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.shutdown": "0"])) { gateway in
            #expect(try await gateway.stop() == .exited(0))
            let stopped = try await gateway.command("routes")
            #expect(stopped.ending == .exited(69))
            #expect(stopped.errors == "sluice: no gateway is running on this outbox\n" + otherWay)
        }
    }
}
