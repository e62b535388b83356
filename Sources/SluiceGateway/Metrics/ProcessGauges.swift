internal import SluiceBase

/// What the kernel says about this process, under the names that every Prometheus client library uses.
package enum ProcessGauges {
    package static func register(in registry: MetricsRegistry) {
        registry.gauge(.processResidentMemory, value: { text("/proc/self/status").flatMap(residentBytes(status:)) })
        // Looking costs one descriptor, which is closed again when the number is there.
        registry.gauge(
            .processOpenDescriptors,
            value: { (try? FileAccess.names(inFolder: "/proc/self/fd")).map { Double($0.count - 1) } })
        registry.gauge(.processDescriptorLimit, value: { text("/proc/self/limits").flatMap(descriptorLimit(limits:)) })
    }

    private static func text(_ path: String) -> String? {
        (try? FileAccess.read(path, limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The line `VmRSS:	   12345 kB` of `/proc/self/status`, in bytes.
    static func residentBytes(status: String) -> Double? {
        words(ofLine: "VmRSS:", in: status).first.flatMap { Double($0) }.map { $0 * 1024 }
    }

    /// The soft limit in the line `Max open files  1024  4096  files` of `/proc/self/limits`.
    static func descriptorLimit(limits: String) -> Double? {
        words(ofLine: "Max open files", in: limits).first.flatMap { $0 == "unlimited" ? .infinity : Double($0) }
    }

    private static func words(ofLine prefix: String, in text: String) -> [Substring] {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return [] }
        return line.dropFirst(prefix.count).split { $0.isWhitespace }
    }
}
