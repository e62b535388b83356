internal import SluiceBase

/// The Prometheus text exposition format, version 0.0.4.
package enum PrometheusText {
    /// The `Content-Type` of the answer.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// One block per metric, in the order of `MetricName`; a metric without samples is left out.
    static func render(_ samples: [MetricName: [MetricsRegistry.Reading]], histograms: [MetricName: Histogram])
        -> [UInt8]
    {
        var text: [UInt8] = []
        text.reserveCapacity(16384)
        for name in MetricName.allCases {
            if let histogram = histograms[name] {
                appendHead(name, to: &text)
                append(name, histogram, to: &text)
            } else if let readings = samples[name], !readings.isEmpty {
                appendHead(name, to: &text)
                for reading in readings {
                    appendSample(name.rawValue, labels: zip(name.labels, reading.labels), reading.value, to: &text)
                }
            }
        }
        return text
    }

    private static func appendHead(_ name: MetricName, to text: inout [UInt8]) {
        text.append(
            contentsOf: "# HELP \(name.rawValue) \(name.help)\n# TYPE \(name.rawValue) \(name.kind.rawValue)\n".utf8)
    }

    private static func append(_ name: MetricName, _ histogram: Histogram, to text: inout [UInt8]) {
        let (counts, sum) = histogram.snapshot
        let ends = histogram.bounds.map(number) + ["+Inf"]
        for (end, count) in zip(ends, counts) {
            appendSample(name.rawValue + "_bucket", labels: zip(["le"], [end]), Double(count), to: &text)
        }
        appendSample(name.rawValue + "_sum", labels: zip([], []), sum, to: &text)
        appendSample(name.rawValue + "_count", labels: zip([], []), Double(counts.last ?? 0), to: &text)
    }

    private static func appendSample(
        _ name: String, labels: Zip2Sequence<[String], [String]>, _ value: Double, to text: inout [UInt8]
    ) {
        text.append(contentsOf: name.utf8)
        var separator = UInt8(ascii: "{")
        for (label, value) in labels {
            text.append(separator)
            separator = UInt8(ascii: ",")
            text.append(contentsOf: label.utf8)
            text.append(contentsOf: "=\"".utf8)
            appendEscaped(value, to: &text)
            text.append(UInt8(ascii: "\""))
        }
        if separator == UInt8(ascii: ",") { text.append(UInt8(ascii: "}")) }
        text.append(ASCII.space)
        text.append(contentsOf: number(value).utf8)
        text.append(ASCII.lineFeed)
    }

    /// The format escapes backslash, quote and line feed.
    private static func appendEscaped(_ value: String, to text: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): text.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case ASCII.lineFeed: text.append(contentsOf: "\\n".utf8)
            default: text.append(byte)
            }
        }
    }

    /// Whole numbers without a fraction, others with as few digits as possible.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
