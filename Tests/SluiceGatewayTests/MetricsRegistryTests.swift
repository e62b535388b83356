import Foundation
import Logging
import SluiceBase
import Testing

@testable import SluiceGateway

@Suite struct MetricsRegistryTests {
    private let time = ManualTime()

    private func text(_ registry: MetricsRegistry) -> String { String(decoding: registry.render(), as: UTF8.self) }

    /// The lines of one metric, its help and type included.
    private func lines(_ registry: MetricsRegistry, _ name: MetricName) -> [String] {
        text(registry).split(separator: "\n").map(String.init)
            .filter {
                $0.contains(" \(name.rawValue) ") || $0.hasPrefix(name.rawValue + "{")
                    || $0.hasPrefix(name.rawValue + " ")
            }
    }

    @Test("a route's counters are shown with help, type and the route's name")
    func routeCounters() {
        let registry = MetricsRegistry(time: time)
        let routes = registry.load(routes: ["github", "stripe"])
        routes[0].received.increment()
        routes[0].received.increment(by: 4)
        #expect(
            lines(registry, .received) == [
                "# HELP sluice_received_total Requests that reached a route.", "# TYPE sluice_received_total counter",
                #"sluice_received_total{route="github"} 5"#, #"sluice_received_total{route="stripe"} 0"#,
            ])
    }

    @Test("refusals and dead letters are shown by code once they have happened, those without a route too")
    func codes() {
        let registry = MetricsRegistry(time: time)
        let routes = registry.load(routes: ["github"])
        routes[0].refused(.signatureInvalid).increment(by: 2)
        routes[0].refused(.bodyTooLarge).increment()
        registry.noRoute.refused(.noSuchRoute).increment()
        routes[0].dead(.badField).increment()
        #expect(
            lines(registry, .refused).dropFirst(2).filter { !$0.hasSuffix(" 0") } == [
                #"sluice_refused_total{route="github",code="body_too_large"} 1"#,
                #"sluice_refused_total{route="github",code="signature_invalid"} 2"#,
                #"sluice_refused_total{route="",code="no_such_route"} 1"#,
            ])
        #expect(
            lines(registry, .dead).dropFirst(2).filter { !$0.hasSuffix(" 0") } == [
                #"sluice_dead_letters_total{route="github",reason="bad_field"} 1"#
            ])
    }

    @Test("what alerts select begins at 0 for each loaded route, and a route that went shows what it counted")
    func alertedCodes() {
        let registry = MetricsRegistry(time: time)
        registry.load(routes: ["old"])[0].refused(.diskFull).increment()
        _ = registry.load(routes: ["new"])
        let refused = lines(registry, .refused)
        #expect(refused.contains(#"sluice_refused_total{route="new",code="disk_full"} 0"#))
        #expect(refused.contains(#"sluice_refused_total{route="",code="memory_full"} 0"#))
        #expect(!refused.contains { $0.contains("no_such_route") })
        #expect(refused.filter { $0.contains("old") } == [#"sluice_refused_total{route="old",code="disk_full"} 1"#])
        #expect(lines(registry, .dead).filter { $0.contains("new") }.count == DeadLetterReason.allCases.count)
        #expect(!lines(registry, .dead).contains { $0.contains("old") })
    }

    @Test("what an alert counts is there from the start, so that the first one is seen")
    func alertedCounters() throws {
        let registry = MetricsRegistry(time: time)
        _ = registry.load(routes: ["orders"])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        _ = ListenerObserver(metrics: registry, journal: DeliveryJournal(logger: logger), logger: logger)
        _ = try LoopWatchdog(metrics: registry, logger: logger).loops(1, name: "loop")
        let lines = text(registry).split(separator: "\n")
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/reference/alerts.yaml")
        let counted = try String(contentsOf: file, encoding: .utf8).matches(
            of: /(?:rate|increase)\((\w+_total)(?:{(\w+)=~?"([^"]*)"})?\[/)
        #expect(counted.count > 10)
        for match in counted {
            let values = (match.3 ?? "").split(separator: "|").map { "\(match.2 ?? "")=\"\($0)\"" }
            for value in values.isEmpty ? [""] : values {
                #expect(
                    lines.contains {
                        $0.hasPrefix(match.1) && (value.isEmpty || $0.contains(value)) && $0.hasSuffix(" 0")
                    },
                    "\(match.1) \(value)")
            }
        }
    }

    @Test("each code and each reason has a separate counter")
    func everyCode() {
        let route = RouteMetrics(route: "r", nowNanoseconds: 0)
        for (place, code) in ErrorCode.allCases.enumerated() { route.refused(code).increment(by: place + 1) }
        for (place, reason) in DeadLetterReason.allCases.enumerated() { route.dead(reason).increment(by: place + 1) }
        #expect(
            ErrorCode.allCases.map { route.refused($0).value } == (1...UInt64(ErrorCode.allCases.count)).map(\.self))
        #expect(
            DeadLetterReason.allCases.map { route.dead($0).value }
                == (1...UInt64(DeadLetterReason.allCases.count)).map(\.self))
    }

    @Test("a reload sets nothing back, and a route that went keeps its counts but no age of its last delivery")
    func reload() {
        let registry = MetricsRegistry(time: time)
        let before = registry.load(routes: ["a", "b"])
        before[0].received.increment()
        before[1].received.increment()
        time.advance(by: .seconds(5))
        let after = registry.load(routes: ["c", "b"])
        #expect(after[1] === before[1])
        #expect(after.map(\.route) == ["c", "b"])
        #expect(registry.route(named: "a") === before[0])
        time.advance(by: .milliseconds(2500))
        #expect(
            lines(registry, .lastDeliveryAge).dropFirst(2) == [
                #"sluice_last_delivery_age_seconds{route="b"} 7.5"#,
                #"sluice_last_delivery_age_seconds{route="c"} 2.5"#,
            ])
        after[1].deliveryStored(atNanoseconds: time.monotonicNanoseconds())
        #expect(lines(registry, .lastDeliveryAge).contains(#"sluice_last_delivery_age_seconds{route="b"} 0"#))
        #expect(lines(registry, .received).count == 5)
    }

    @Test("a label's value is escaped as the format says")
    func escaping() {
        let registry = MetricsRegistry(time: time)
        registry.load(routes: ["a\"b\\c\nd{e}"])[0].received.increment()
        #expect(lines(registry, .received).last == #"sluice_received_total{route="a\"b\\c\nd{e}"} 1"#)
    }

    @Test("gauges are asked at each scrape, and one without an answer is left out")
    func gauges() {
        let registry = MetricsRegistry(time: time)
        let asked = Counter()
        registry.gauge(
            .outboxJobs,
            value: {
                asked.increment()
                return Double(asked.value)
            })
        registry.gauge(.certificateExpiry, value: { nil })
        registry.gauge(.connections) { [.init(labels: ["https"], 3), .init(labels: ["admin"], 1)] }
        #expect(lines(registry, .outboxJobs).last == "sluice_outbox_jobs 1")
        #expect(lines(registry, .outboxJobs).last == "sluice_outbox_jobs 2")
        #expect(lines(registry, .certificateExpiry).isEmpty)
        #expect(
            lines(registry, .connections) == [
                "# HELP sluice_connections Open connections, by listener.", "# TYPE sluice_connections gauge",
                #"sluice_connections{listener="https"} 3"#, #"sluice_connections{listener="admin"} 1"#,
            ])
    }

    @Test("counters without labels are there from the start, and one name and label is one counter")
    func plainCounters() {
        let registry = MetricsRegistry(time: time)
        #expect(lines(registry, .ambiguousBatches).last == "sluice_batches_ambiguous_total 0")
        registry.counter(.ambiguousBatches).increment()
        registry.counter(.ambiguousBatches).increment()
        registry.counter(.reloads, labels: ["loaded"]).increment()
        let elsewhere = Counter()
        elsewhere.increment(by: 9)
        registry.adopt(elsewhere, as: .droppedLogRecords)
        #expect(lines(registry, .ambiguousBatches).last == "sluice_batches_ambiguous_total 2")
        #expect(lines(registry, .reloads).last == #"sluice_reloads_total{result="loaded"} 1"#)
        #expect(lines(registry, .droppedLogRecords).last == "sluice_log_records_dropped_total 9")
    }

    @Test(
        "a histogram's buckets are cumulated, a bound belongs to its own bucket, and a clock that went back counts as zero"
    )
    func histogram() {
        let histogram = Histogram(bounds: [0.001, 0.01])
        histogram.observe(nanoseconds: 1_000_000)
        histogram.observe(nanoseconds: 1_000_001, count: 3)
        histogram.observe(nanoseconds: 2_000_000_000)
        histogram.observe(nanoseconds: -5)
        #expect(histogram.snapshot.counts == [2, 5, 6])
        #expect(abs(histogram.snapshot.sum - 2.004000003) < 1e-9)
    }

    @Test("a histogram is shown with its buckets, sum and count")
    func histogramText() {
        let registry = MetricsRegistry(time: time)
        registry.receiveToDurable.observe(nanoseconds: 2_000_000)
        let shown = text(registry)
        #expect(
            shown.contains(
                "# TYPE sluice_receive_to_durable_seconds "
                    + "histogram\nsluice_receive_to_durable_seconds_bucket{le=\"0.0005\"} 0\n"
            ))
        #expect(shown.contains("sluice_receive_to_durable_seconds_bucket{le=\"0.0025\"} 1\n"))
        #expect(
            shown.contains(
                "sluice_receive_to_durable_seconds_bucket{le=\"+Inf\"} 1\nsluice_receive_to_durable_seconds_sum "
                    + "0.002\nsluice_receive_to_durable_seconds_count 1\n"
            ))
    }

    @Test("infinite numbers and NaN have Prometheus's notation")
    func oddNumbers() {
        let registry = MetricsRegistry(time: time)
        registry.gauge(.connections) {
            [.init(labels: ["a"], .infinity), .init(labels: ["b"], -.infinity), .init(labels: ["c"], .nan)]
        }
        #expect(
            lines(registry, .connections).suffix(3).map { $0.split(separator: " ").last } == ["+Inf", "-Inf", "NaN"])
    }

    @Test("the whole text is well-formed: a head before each metric's samples, each name once, a line feed at the end")
    func wellFormed() throws {
        let registry = MetricsRegistry(time: time)
        ProcessGauges.register(in: registry)
        registry.load(routes: ["github"])[0].refused(.bodyTooLarge).increment()
        let shown = text(registry)
        #expect(shown.hasSuffix("\n"))
        var seen: Set<String> = []
        var current = ""
        for line in shown.split(separator: "\n") {
            if line.hasPrefix("# HELP ") {
                current = String(line.split(separator: " ")[2])
                #expect(seen.insert(current).inserted, "\(current) stands twice")
            } else if !line.hasPrefix("# TYPE ") {
                #expect(line.hasPrefix(current))
                #expect(
                    line.wholeMatch(of: /[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+/) != nil, "\(line)")
            }
        }
        #expect(seen.isSuperset(of: ["process_resident_memory_bytes", "process_open_fds", "process_max_fds"]))
    }

    @Test("the kernel's values are parsed from its text")
    func kernel() {
        #expect(ProcessGauges.residentBytes(status: "VmSize:\t 9 kB\nVmRSS:\t   2048 kB\n") == 2_097_152)
        #expect(ProcessGauges.residentBytes(status: "Name:\tx\n") == nil)
        #expect(
            ProcessGauges.descriptorLimit(
                limits: "Max open files            1024                 4096                 files     \n")
                == 1024)
        #expect(
            ProcessGauges.descriptorLimit(
                limits: "Max open files            unlimited            unlimited            files     \n")
                == .infinity)
    }
}
