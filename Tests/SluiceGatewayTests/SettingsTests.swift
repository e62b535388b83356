import Logging
import SluiceBase
import SluiceGateway
import Testing

@Suite struct SettingsTests {
    /// With a certificate, so that only what a test adds can be wrong.
    static let certificate = ["SLUICE_TLS_CERTIFICATE": "c.pem", "SLUICE_TLS_KEY": "k.pem"]

    static func read(_ environment: [String: String] = [:], _ arguments: [String] = [], file: SettingsFile? = nil)
        throws -> EffectiveSettings
    {
        try SettingsReading.read(
            defaults: Settings(), file: file, environment: certificate.merging(environment) { $1 },
            options: SettingsOption.parse(arguments)
        )
    }

    static func problems(_ environment: [String: String] = [:], _ arguments: [String] = [], file: SettingsFile? = nil)
        -> [String]
    {
        do {
            _ = try read(environment, arguments, file: file)
            return []
        } catch let error as SettingsError {
            return error.lines
        } catch {
            return ["\(error)"]
        }
    }

    @Test("the command line goes before the environment, the environment before the file, the file before the default")
    func precedence() throws {
        let file = SettingsFile(path: "s.yaml", bytes: Array("threads: 2\nroutes: from-file\n".utf8))
        let onlyFile = try Self.read(file: file)
        #expect(onlyFile.values.threads == 2)
        #expect(onlyFile.origin(of: "routes") == .file(path: "s.yaml", line: 2, column: 9))
        #expect(onlyFile.origin(of: "http") == .byDefault)

        let both = try Self.read(["SLUICE_THREADS": "3"], file: file)
        #expect(both.values.threads == 3)
        #expect(both.values.routes == "from-file")
        #expect(both.origin(of: "threads") == .variable("SLUICE_THREADS"))

        let all = try Self.read(["SLUICE_THREADS": "3"], ["--threads", "4", "--threads=5"], file: file)
        #expect(all.values.threads == 5)
        #expect(all.origin(of: "threads") == .option("--threads"))
    }

    @Test("every setting is read from its variable and from its option", arguments: SettingsTable.all.map(\.key))
    func everySetting(key: String) throws {
        let setting = try #require(SettingsTable.setting(key))
        let value = try #require(Self.otherValues[key], "this test has a value for every setting")
        let context = ["SLUICE_ZIZQ_URL": "https://q.example", "SLUICE_ZIZQ_KEY": "k", "SLUICE_ZIZQ_CERTIFICATE": "c"]
        let byVariable = try Self.read(context.merging([setting.variable: value]) { $1 })
        let byOption = try Self.read(context, [setting.option, value])
        #expect(setting.write(byVariable.values) == value)
        #expect(byVariable.values == byOption.values)
        #expect(setting.write(Settings()) != value)
        #expect(byOption.origin(of: key) == .option(setting.option))
    }

    static let otherValues = [
        "https": "[::1]:444", "tls.certificate": "other.pem", "tls.key": "other.key", "http": "127.0.0.1:8080",
        "admin": "off",
        "trusted_proxies": "10.0.0.0/8,::1/128", "routes": "elsewhere", "routes_grace": "1m",
        "public_url": "https://hooks.example.org",
        "threads": "256",
        "outbox.path": "other.db", "outbox.max_dead_bytes": "32MiB", "outbox.max_bytes": "64MiB",
        "outbox.max_quarantine_bytes": "1MiB",
        "outbox.max_keys": "1000",
        "outbox.dedupe_window": "1m",
        "outbox.keep_delivered": "0", "outbox.keep_delivered_bytes": "0", "zizq.url": "https://zizq.example:7443",
        "zizq.ca": "ca.pem",
        "zizq.certificate": "zc.pem", "zizq.key": "zk.pem", "zizq.batch_jobs": "10000", "zizq.batch_bytes": "64KiB",
        "zizq.timeout": "10m",
        "zizq.headers_file": "headers", "zizq.concurrency": "16", "zizq.unique_keys": "never", "limits.body": "1KiB",
        "limits.connections": "1", "limits.head": "100ms", "limits.body_time": "1h", "limits.idle": "1s",
        "limits.write": "5m",
        "limits.commit": "1m", "limits.memory": "16MiB", "limits.connections_per_address": "7", "limits.drain": "0",
        "limits.shutdown": "10m", "log.level": "trace", "log.format": "json",
    ]

    @Test("names are spelt alike in the file, the environment and on the command line, and no two settings share one")
    func names() throws {
        let setting = try #require(SettingsTable.setting("zizq.batch_jobs"))
        #expect(setting.variable == "SLUICE_ZIZQ_BATCH_JOBS")
        #expect(setting.option == "--zizq-batch-jobs")
        #expect(Set(SettingsTable.all.map(\.variable)).count == SettingsTable.all.count)
        #expect(Set(SettingsTable.all.map(\.option)).count == SettingsTable.all.count)
    }

    @Test("every default is in its range and round-trips, for both commands")
    func defaults() {
        for defaults in [Settings(), .development] {
            for setting in SettingsTable.all where !setting.write(defaults).isEmpty {
                var copy = Settings()
                #expect(setting.read(setting.write(defaults), &copy), "\(setting.key)")
                #expect(setting.write(copy) == setting.write(defaults), "\(setting.key)")
            }
        }
    }

    @Test(
        "a value out of range or with another format is reported with its location and its requirement",
        arguments: [
            ("SLUICE_THREADS", "0", "threads must be a whole number from 1 to 256, not '0'"),
            ("SLUICE_THREADS", "257", "threads must be a whole number from 1 to 256, not '257'"),
            ("SLUICE_THREADS", "+4", "threads must be a whole number from 1 to 256, not '+4'"),
            ("SLUICE_OUTBOX_MAX_KEYS", "999", "outbox.max_keys must be a whole number, at least 1000, not '999'"),
            (
                "SLUICE_LIMITS_HEAD", "99ms",
                "limits.head must be a duration from 100ms to 5m, such as 500ms, 30s, 5m, 2h or 7d, not '99ms'"
            ),
            (
                "SLUICE_LIMITS_HEAD", "10",
                "limits.head must be a duration from 100ms to 5m, such as 500ms, 30s, 5m, 2h or 7d, not '10'"
            ),
            (
                "SLUICE_LIMITS_BODY", "101MiB",
                "limits.body must be a size from 1KiB to 100MiB, such as 64KiB, 10MiB or 1GiB, not '101MiB'"
            ),
            (
                "SLUICE_LIMITS_BODY", "10MB",
                "limits.body must be a size from 1KiB to 100MiB, such as 64KiB, 10MiB or 1GiB, not '10MB'"
            ),
            (
                "SLUICE_OUTBOX_MAX_BYTES", "63MiB",
                "outbox.max_bytes must be a size of at least 64MiB, such as 64KiB, 10MiB or 1GiB, not '63MiB'"
            ),
            (
                "SLUICE_HTTPS", "localhost:8443",
                "https must be 'off' or a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443, not "
                    + "'localhost:8443'"
            ),
            (
                "SLUICE_ZIZQ_URL", "http://user:secret@q:7890",
                "zizq.url must be an http or https URL of a server, without user name or query, such as "
                    + "http://127.0.0.1:7890, not 'http://***@q:7890'"
            ),
            (
                "SLUICE_PUBLIC_URL", "http://hooks.example.org",
                "public_url must be an https URL of a server, without user name, path or query, such as "
                    + "https://hooks.example.org, not 'http://hooks.example.org'"
            ),
            (
                "SLUICE_TRUSTED_PROXIES", "10.0.0.1/8",
                "trusted_proxies must be a list of addresses or CIDR blocks without bits after the prefix, such as "
                    + "10.0.0.0/8, 2001:db8::/32, not '10.0.0.1/8'"
            ),
            ("SLUICE_ZIZQ_UNIQUE_KEYS", "yes", "zizq.unique_keys must be one of auto, always, never, not 'yes'"),
            (
                "SLUICE_LOG_LEVEL", "loud\u{1B}[31m",
                "log.level must be one of trace, debug, info, notice, warning, error, critical, not 'loud\\u{1b}[31m'"
            ),
        ])
    func outOfRange(variable: String, value: String, sentence: String) {
        #expect(Self.problems([variable: value]) == ["\(variable): \(sentence)"])
    }

    @Test("an empty variable is an error, so that a forgotten value does not silently mean the default")
    func emptyVariable() {
        #expect(Self.problems(["SLUICE_HTTP": ""]) == ["SLUICE_HTTP: the variable is empty; set a value or unset it"])
    }

    @Test("the problems of all sources are reported together")
    func allProblems() {
        let file = SettingsFile(path: "s.yaml", bytes: Array("threads: none\n".utf8))
        #expect(
            Self.problems(["SLUICE_LIMITS_IDLE": "1"], ["--zizq-concurrency=17"], file: file) == [
                "s.yaml:1:10: threads must be a whole number from 1 to 256, not 'none'",
                "SLUICE_LIMITS_IDLE: limits.idle must be a duration from 1s to 1h, such as 500ms, 30s, 5m, 2h or 7d, "
                    + "not '1'",
                "--zizq-concurrency: zizq.concurrency must be a whole number from 1 to 16, not '17'",
            ])
    }
}
