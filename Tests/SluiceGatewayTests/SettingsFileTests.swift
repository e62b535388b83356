import SluiceBase
import Testing

@testable import SluiceGateway

@Suite struct SettingsFileTests {
    private func file(_ text: String) -> SettingsFile { SettingsFile(path: "s.yaml", bytes: Array(text.utf8)) }

    @Test("a nested mapping and a dotted key mean the same")
    func nesting() {
        let nested = file("zizq:\n  timeout: 5s\n")
        #expect(nested.entries == [.init(key: "zizq.timeout", value: "5s", line: 2, column: 12)])
        #expect(file("zizq.timeout: 5s").entries.map(\.key) == ["zizq.timeout"])
        #expect(nested.problems.isEmpty)
    }

    @Test(
        "an empty file, a file of comments and an empty section set nothing",
        arguments: ["", "# nothing\n", "limits:\n", "limits: {}\n"])
    func empty(text: String) {
        #expect(file(text).entries.isEmpty)
        #expect(file(text).problems.isEmpty)
    }

    @Test(
        "a list is read as the environment writes it",
        arguments: ["[10.0.0.0/8, '::1']", "\n  - 10.0.0.0/8\n  - ::1\n", "10.0.0.0/8, ::1"])
    func list(text: String) throws {
        let settings = try SettingsTests.read(file: file("trusted_proxies: \(text)\n"))
        #expect(settings.values.trustedProxies.map(\.description) == ["10.0.0.0/8", "::1/128"])
    }

    @Test("an empty list means none")
    func emptyList() throws {
        #expect(try SettingsTests.read(file: file("trusted_proxies: []\n")).values.trustedProxies.isEmpty)
    }

    @Test("numbers and words are taken as they are written")
    func scalars() throws {
        let settings = try SettingsTests.read(
            file: file("threads: 4\nhttp: off\nadmin: \"off\"\nlimits: { drain: 0 }\n"))
        #expect(settings.values.threads == 4)
        #expect(settings.values.http == .off)
        #expect(settings.values.admin == .off)
        #expect(settings.values.limits.drain == .zero)
    }

    @Test(
        "errors of a key or of the shape of its value have line and column",
        arguments: [
            ("zizq.ulr: x", "1:1: unknown key 'zizq.ulr'; did you mean 'zizq.url'?"),
            ("\nlimits:\n  bodi: 1KiB", "3:3: unknown key 'limits.bodi'; did you mean 'limits.body'?"),
            ("nothing_like_it: x", "1:1: unknown key 'nothing_like_it'"),
            ("routes: {}", "1:9: routes must be the path of a folder, not a mapping"),
            ("http:", "1:6: http has no value; set one or remove the line"),
            ("admin: ''", "1:8: admin has no value; set one or remove the line"),
            ("zizq.timeout: 5s\nzizq: { timeout: 6s }", "2:18: zizq.timeout is set twice"),
            ("log: json", "1:6: log must be a mapping of settings, not a text"),
            (
                "https: [off]",
                "1:8: https must be 'off' or a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443, not "
                    + "a list"
            ),
            (
                "trusted_proxies: [[]]",
                "1:18: trusted_proxies must be a list of addresses or CIDR blocks without bits after the prefix, "
                    + "such as 10.0.0.0/8, 2001:db8::/32, not a list"
            ),
            ("- threads", "1:1: a settings file must be a mapping of keys to values, not a list"),
        ])
    func problems(text: String, problem: String) {
        #expect(file(text).problems == ["s.yaml:\(problem)"])
    }

    @Test("a value out of range is reported with its line and column")
    func outOfRange() {
        #expect(
            SettingsTests.problems(file: file("zizq:\n  batch_jobs: 0\n")) == [
                "s.yaml:2:15: zizq.batch_jobs must be a whole number from 1 to 10000, not '0'"
            ])
    }

    @Test("the file that is named must be there, the usual one need not")
    func loading() throws {
        #expect(try SettingsFile.load(config: nil) == nil)
        let problem = #expect(throws: StartupError.self) { try SettingsFile.load(config: "no/such/file.yaml") }
        #expect(problem?.sentence == "cannot read the settings file no/such/file.yaml: No such file or directory")
        #expect(problem?.status == .wrongInput)
    }

    @Test("the printed effective settings can be read back as an equivalent settings file")
    func roundTrip() throws {
        let environment = SettingsTests.otherValues.reduce(into: [:]) {
            $0["SLUICE_" + $1.key.uppercased().replacing(".", with: "_")] = $1.value
        }
        let settings = try SettingsReading.read(defaults: Settings(), file: nil, environment: environment, options: [])
        let again = try SettingsReading.read(
            defaults: Settings(), file: file(SettingsText.render(settings)), environment: [:], options: [])
        #expect(again.values == settings.values)
    }
}
