import SluiceBase
import SluiceGateway
import Testing

@Suite struct SettingsValidationTests {
    @Test("https without a certificate is an error with the alternatives")
    func certificateRequired() throws {
        let error = #expect(throws: SettingsError.self) {
            try SettingsReading.read(defaults: Settings(), file: nil, environment: [:], options: [])
        }
        #expect(
            error?.description == """
                settings: tls.certificate is required while https is on; set it, or set https to off
                settings: tls.key is required while https is on; set it, or set https to off
                """)
    }

    @Test("sluice dev needs no settings at all")
    func developmentDefaults() throws {
        let settings = try SettingsReading.read(defaults: .development, file: nil, environment: [:], options: [])
        #expect(settings.values == .development)
        #expect(settings.values.https == .at(PeerAddress(ipv4: (127, 0, 0, 1), port: 8443)))
        #expect(settings.values.limits.drain == .zero)
    }

    @Test("with https off no certificate is asked for")
    func plainOnly() throws {
        let options = try SettingsOption.parse(["--https", "off", "--http", "0.0.0.0:8080"])
        let settings = try SettingsReading.read(defaults: Settings(), file: nil, environment: [:], options: options)
        #expect(settings.values.https == .off)
    }

    @Test(
        "rules between settings name the one to change, with the location of its value",
        arguments: [
            (
                ["--https=off"], "settings: https and http are both off; at least one of them must listen"
            ),
            (
                ["--http", "0.0.0.0:8443"],
                "--http: https and http both listen on 0.0.0.0:8443; give one of them another port"
            ),
            (
                ["--http", "127.0.0.1:9464"],
                "settings: http and admin both listen on 127.0.0.1:9464; give one of them another port"
            ),
            (
                ["--zizq-url=https://q", "--zizq-certificate=c.pem"],
                "--zizq-certificate: zizq.certificate is set without zizq.key; set both or neither"
            ),
            (
                ["--zizq-url=https://q", "--zizq-key=k.pem"],
                "--zizq-key: zizq.key is set without zizq.certificate; set both or neither"
            ),
            (
                ["--zizq-ca=ca.pem"],
                "--zizq-ca: zizq.ca has no effect while zizq.url is http://127.0.0.1:7890; use an https URL or unset it"
            ),
            (
                ["--limits-body=100MiB", "--limits-memory=99MiB"],
                "--limits-memory: limits.memory is 99MiB, less than limits.body (100MiB); no body of that size would "
                    + "fit"
            ),
            (
                ["--limits-body=100MiB", "--outbox-max-bytes=64MiB"],
                "--outbox-max-bytes: outbox.max_bytes is 64MiB, less than limits.body (100MiB); no body of that size "
                    + "could be stored"
            ),
            (
                ["--limits-drain=26s"],
                "--limits-drain: limits.drain is 26s, longer than limits.shutdown (25s), which includes it"
            ),
            (
                ["--limits-shutdown=4s"],
                "settings: limits.drain is 5s, longer than limits.shutdown (4s), which includes it"
            ),
        ])
    func rules(arguments: [String], line: String) {
        #expect(SettingsTests.problems([:], arguments) == [line])
    }

    @Test("a command that queries a running gateway needs no certificate, but reports a value out of range")
    func withoutRules() throws {
        let environment = ["SLUICE_ADMIN": "0.0.0.0:9464", "SLUICE_HTTPS": "off", "SLUICE_HTTP": "off"]
        let settings = try SettingsReading.read(
            defaults: Settings(), file: nil, environment: environment, options: [], checksRules: false)
        #expect(settings.values.admin == .at(PeerAddress(ipv4: (0, 0, 0, 0), port: 9464)))
        #expect(
            throws: SettingsError(lines: ["SLUICE_THREADS: threads must be a whole number from 1 to 256, not '0'"])
        ) {
            try SettingsReading.read(
                defaults: Settings(), file: nil, environment: ["SLUICE_THREADS": "0"], options: [], checksRules: false)
        }
    }

    @Test("two listeners may both leave their port to the system")
    func portZero() throws {
        let settings = try SettingsTests.read(
            [:], ["--https=127.0.0.1:0", "--http=127.0.0.1:0", "--admin=127.0.0.1:0"])
        #expect(settings.values.https == settings.values.http)
    }
}
