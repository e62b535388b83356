import SluiceBase
import SluiceGateway
import Testing

@Suite struct SettingsSourcesTests {
    @Test(
        "an option that does not exist, or lacks its value, is a usage error",
        arguments: [
            (["--zizq-ulr", "x"], "unknown option '--zizq-ulr'; did you mean '--zizq-url'?"),
            (["--nothing-like-it"], "unknown option '--nothing-like-it'"),
            (["--zizq-url"], "--zizq-url needs a value: --zizq-url URL"),
            (["stray"], "unexpected argument 'stray'"),
            (["--routes", "a", "b"], "unexpected argument 'b'"),
        ])
    func options(arguments: [String], sentence: String) {
        let problem = #expect(throws: StartupError.self) { try SettingsOption.parse(arguments) }
        #expect(problem?.sentence == sentence)
        #expect(problem?.status == .usage)
    }

    @Test("an option's value may hold an equals sign or look like an option")
    func optionValues() throws {
        #expect(try SettingsOption.parse(["--routes=a=b"]).map(\.value) == ["a=b"])
        #expect(try SettingsOption.parse(["--routes", "--odd"]).map(\.value) == ["--odd"])
    }

    @Test("a command's positional arguments are separated from options and their values, at any position")
    func words() {
        let behind = SettingsOption.split(["1", "--routes", "--", "--", "--routes", "-2", "--"])
        #expect(behind == (["--routes", "--"], ["1", "--routes", "-2", "--"]))
        let (options, words) = SettingsOption.split(["1", "--routes", "2", "3", "--outbox-path=4", "5", "--odd", "6"])
        #expect(options == ["--routes", "2", "--outbox-path=4", "--odd"])
        #expect(words == ["1", "3", "5", "6"])
    }

    @Test("the help names every option once, with its default")
    func help() {
        let help = SettingsOption.help(defaults: Settings())
        for setting in SettingsTable.all {
            #expect(help.contains("\n  \(setting.option) \(setting.placeholder)\n"), "\(setting.key)")
        }
        #expect(
            help.contains("LISTENERS:\n  --https ADDRESS:PORT\n      The public listener (default: 0.0.0.0:8443)\n"))
        #expect(help.contains("(default: processors by affinity and cgroup quota)"))
    }

    @Test("an unknown variable is a warning with a suggestion")
    func unknownVariable() {
        let environment = ["SLUICE_ZIZQ_ULR": "x", "SLUICE_SOMETHING_ELSE": "y", "PATH": "/bin", "SLUICE_THREADS": "2"]
        #expect(
            SettingsEnvironment.warnings(for: environment, routeVariables: []) == [
                "SLUICE_SOMETHING_ELSE: ignored, because no setting has this variable",
                "SLUICE_ZIZQ_ULR: ignored, because no setting has this variable; did you mean 'SLUICE_ZIZQ_URL'?",
            ])
    }

    @Test(
        "variables that Kubernetes injects for a Service named sluice, and those of routes, are ignored",
        arguments: [
            "SLUICE_PORT", "SLUICE_PORT_8443_TCP", "SLUICE_PORT_8443_TCP_ADDR", "SLUICE_SERVICE_HOST",
            "SLUICE_SERVICE_PORT",
            "SLUICE_SERVICE_PORT_HTTPS", "SLUICE_GITHUB_SECRET",
        ])
    func passedOver(name: String) {
        #expect(SettingsEnvironment.warnings(for: [name: "x"], routeVariables: ["SLUICE_GITHUB_SECRET"]).isEmpty)
    }

    @Test("the effective settings are printed as a settings file, each with its source")
    func printed() throws {
        let file = SettingsFile(path: "sluice.yaml", bytes: Array("# how long\n\nlimits:\n  idle: 1m\n".utf8))
        let settings = try SettingsTests.read(
            ["SLUICE_HTTP": "[::1]:80", "SLUICE_OUTBOX_PATH": "a \"b\""], ["--threads=2"], file: file)
        let lines = SettingsText.render(settings).split(separator: "\n").map(String.init)
        #expect(lines.count == SettingsTable.all.count)
        let fields = lines.map { $0.split(separator: "  #", maxSplits: 1).map { $0.trimmingSpaces } }
        for expected in [
            ["https: 0.0.0.0:8443", "default"], ["http: \"[::1]:80\"", "SLUICE_HTTP"],
            ["limits.idle: 1m", "sluice.yaml:4:9"],
            ["threads: 2", "--threads"], ["# public_url: not set"],
            ["outbox.path: \"a \\\"b\\\"\"", "SLUICE_OUTBOX_PATH"],
            ["zizq.url: http://127.0.0.1:7890", "default"], ["limits.connections_per_address: 256", "default"],
        ] {
            #expect(fields.contains(expected), "\(expected)")
        }
    }

    @Test("a number of threads that is not set is printed with what holds instead")
    func printedThreads() throws {
        #expect(SettingsText.render(try SettingsTests.read()).contains("# threads: not set"))
        #expect(SettingsText.render(try SettingsTests.read()).contains("  # processors by affinity and cgroup quota\n"))
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
