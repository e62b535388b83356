import SluiceBase
import Testing

@Suite(.serialized) struct MetricNameTests {
    @Test("a name follows Prometheus's grammar, and says its unit and its kind", arguments: MetricName.allCases)
    func name(metric: MetricName) {
        #expect(metric.rawValue.wholeMatch(of: /[a-z][a-z_]*/) != nil)
        #expect(metric.rawValue.hasPrefix("sluice_") || metric.rawValue.hasPrefix("process_"))
        #expect((metric.kind == .counter) == metric.rawValue.hasSuffix("_total"))
        if metric.kind == .histogram { #expect(metric.rawValue.hasSuffix("_seconds")) }
    }

    @Test(
        "a help text is one sentence on one line, without what the format would have to escape",
        arguments: MetricName.allCases)
    func help(metric: MetricName) {
        #expect(metric.help.hasSuffix("."))
        #expect(!metric.help.contains { $0 == "\n" || $0 == "\\" })
    }
}
