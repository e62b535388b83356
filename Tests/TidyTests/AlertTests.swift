import Foundation
import Testing

/// The alerts of the page of metrics, as rules that Prometheus loads.
struct AlertRules {
    struct Alert {
        let title: String
        let expression: String
        let reason: String

        /// `SluiceOutboxFillsUp`
        var name: String {
            "Sluice"
                + title.replacing("'", with: "").split { !$0.isLetter }.map {
                    $0.prefix(1).uppercased() + $0.dropFirst()
                }.joined()
        }
    }

    let alerts: [Alert]

    /// - Parameter page: of metrics.
    init(page: String) {
        let section = page.components(separatedBy: "\n## Alerts\n").last ?? ""
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
        alerts = rows.compactMap { row in
            let cells = row.replacing(#"\|"#, with: "\u{0}").split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces).replacing("\u{0}", with: "|")
            }
            guard cells.count == 3 else { return nil }
            return Alert(
                title: cells[0], expression: cells[1].trimmingCharacters(in: ["`"]),
                reason: cells[2].replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.1 }.replacing("`", with: ""))
        }
    }

    /// The file of rules.
    var yaml: String {
        let head = "# Alert rules for Prometheus. Made by `make docs` from the table in metrics.md.\ngroups:\n"
        return alerts.reduce(head + "  - name: sluice\n    rules:\n") { yaml, alert in
            yaml + """
                      - alert: \(alert.name)
                        expr: \(Self.quoted(alert.expression))
                        annotations:
                          summary: \(Self.quoted(alert.title))
                          description: \(Self.quoted(alert.reason))

                """
        }
    }

    fileprivate static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}

/// Each rule fires on what it is about, and only on that.
@Suite struct AlertTests {
    /// The series of one alert, in Prometheus' notation of values, 66 of them a minute apart.
    private struct Case {
        let firing: [String: String]
        let quiet: [String: String]
        var labels: [String: String] = [:]

        /// One series.
        init(_ series: String, firing: String, quiet: String, _ labels: [String: String] = [:]) {
            (self.firing, self.quiet, self.labels) = ([series: firing], [series: quiet], labels)
        }

        /// A part of a limit of 100.
        init(_ series: String, of limit: String) {
            firing = [series: "81+0x65", limit: "100+0x65"]
            quiet = [series: "80+0x65", limit: "100+0x65"]
        }

        init(firing: [String: String], quiet: [String: String]) { (self.firing, self.quiet) = (firing, quiet) }
    }

    private static let none = "7+0x65"
    /// A series that exists from the start, and counts for the first time.
    private static let first = "0+0x63 1+0x2"

    private static func gauge(_ name: String) -> Case { Case(name, firing: "1+0x65", quiet: "0+0x65") }

    private static func counter(_ name: String, _ labels: [String: String] = [:]) -> Case {
        let written = labels.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
        return Case(labels.isEmpty ? name : "\(name){\(written)}", firing: first, quiet: none, labels)
    }

    private static func latency(slow: String) -> [String: String] {
        let bucket = "sluice_receive_to_durable_seconds_bucket"
        return [
            "\(bucket){le=\"1\"}": slow, "\(bucket){le=\"2.5\"}": "0+60x65", "\(bucket){le=\"+Inf\"}": "0+60x65",
        ]
    }

    private static let cases: [String: Case] = [
        "Jobs do not reach Zizq": Case(
            "sluice_outbox_oldest_undelivered_age_seconds", firing: "301+0x65", quiet: "300+0x65"),
        "Outbox fills up": Case("sluice_outbox_bytes", of: "sluice_outbox_limit_bytes"),
        "Relay paused": gauge("sluice_delivery_paused"),
        "Suspects stay": Case("sluice_relay_suspects", firing: "1+0x65", quiet: "1+0x50 0+0x14"),
        "Jobs are parked": gauge("sluice_outbox_parked_jobs"),
        "Requests cannot be stored": counter("sluice_refused_total", ["code": "disk_full"]),
        "Outbox damaged": gauge("sluice_outbox_damaged_files"),
        "Dead letters fill up": Case("sluice_outbox_dead_bytes", of: "sluice_outbox_dead_limit_bytes"),
        "New dead letters": counter("sluice_dead_letters_total", ["reason": "bad_field"]),
        "Signatures fail": Case(
            "sluice_refused_total{code=\"signature_invalid\"}", firing: "0+90x65", quiet: "0+30x65",
            ["code": "signature_invalid"]),
        "Webhooks in the quarantine": Case(
            "sluice_quarantined_total{route=\"shop\"}", firing: "0+1x65", quiet: "0x60 1 2 3 4 5",
            ["route": "shop"]),
        "Route files broken": gauge("sluice_reload_failing"),
        "Routes missing": Case("sluice_routes", firing: "2+0x60 1+0x4", quiet: "1+0x60 2+0x4"),
        "Certificate expires": Case("sluice_certificate_expiry_days", firing: "13.9+0x65", quiet: "14+0x65"),
        "Certificate broken": gauge("sluice_certificate_failing"),
        "A route has gone quiet": Case(
            "sluice_last_delivery_age_seconds{route=\"github\"}", firing: "86401+0x65", quiet: "86400+0x65",
            ["route": "github"]),
        "Disk is slow": Case(firing: latency(slow: "0+0x65"), quiet: latency(slow: "0+60x65")),
        "The outbox's log grows": Case(
            "sluice_outbox_log_held_bytes", firing: "134217729+0x65", quiet: "134217728+0x65"),
        "Keys dropped early": counter("sluice_outbox_evicted_keys_total"),
        "Clock was set": Case("sluice_outbox_clock_drift_seconds", firing: "-691200+0x65", quiet: "0+0x65"),
        "Jobs dropped": counter("sluice_jobs_dropped_total"),
        "Outcome unknown": Case("sluice_batches_ambiguous_total", firing: "0+0x60 4+0x5", quiet: "0+0x60 2+0x5"),
        "Senders reject the certificate": counter(
            "sluice_tls_handshake_failures_total", ["cause": "certificate_alert"]),
        "An event loop stalls": Case(
            "sluice_loop_stalls_total{loop=\"loop-0\"}", firing: "0+9x65", quiet: "0+3x65", ["loop": "loop-0"]),
        "Connections are refused": counter("sluice_connections_refused_total", ["reason": "at_cap"]),
        "Idle timeouts race": counter("sluice_idle_races_total"),
        "JSON is not parsed": counter("sluice_mislabelled_json_total", ["route": "orders"]),
        "Descriptors run out": Case("process_open_fds", of: "process_max_fds"),
        "Log records lost": counter("sluice_log_records_dropped_total"),
    ]

    private static var rules: AlertRules {
        get throws { AlertRules(page: try SourceTree.file("docs/reference/metrics.md").text) }
    }

    @Test("each alert has series on which it fires, and series on which it does not")
    func complete() throws {
        #expect(try Self.rules.alerts.map(\.title).sorted() == Self.cases.keys.sorted())
    }

    @Test("Prometheus accepts the rules, and each fires when it should", .enabled(if: AlertTests.tool != nil))
    func promtool() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rules = SourceTree.root.appending(path: "docs/reference/alerts.yaml").path
        let test = folder.appending(path: "test.yaml")
        try Data(try Self.test(of: rules).utf8).write(to: test)
        try Self.run(["check", "rules", rules])
        try Self.run(["test", "rules", test.path])
    }

    /// `promtool`, installed or as `make promtool` gets it.
    private static let tool: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let own = SourceTree.root.appending(path: ".build/prometheus/usr/bin").path
        return (folders + [own]).map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private static func run(_ arguments: [String]) throws {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: tool ?? "")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
    }

    private static func test(of rules: String) throws -> String {
        try Self.rules.alerts.reduce("rule_files: ['\(rules)']\nevaluation_interval: 1m\ntests:\n") { yaml, alert in
            guard let found = cases[alert.title] else { return yaml }
            return yaml + test(alert, on: found.firing, labels: found.labels)
                + test(alert, on: found.quiet, labels: nil)
        }
    }

    /// - Parameter labels: of the alert that fires; `nil` if none does.
    private static func test(
        _ alert: AlertRules.Alert, on series: [String: String], labels: [String: String]?
    ) -> String {
        let lines = series.map { "      - { series: \(AlertRules.quoted($0)), values: '\($1)' }\n" }.joined()
        let written = labels?.map { "\($0): \(AlertRules.quoted($1))" }.joined(separator: ", ")
        let annotations =
            "{ summary: \(AlertRules.quoted(alert.title)), description: \(AlertRules.quoted(alert.reason)) }"
        let expected = written.map { "[ { exp_labels: { \($0) }, exp_annotations: \(annotations) } ]" } ?? "[]"
        return """
              - interval: 1m
                input_series:
            \(lines)    alert_rule_test:
                  - { eval_time: 65m, alertname: \(alert.name), exp_alerts: \(expected) }

            """
    }
}
