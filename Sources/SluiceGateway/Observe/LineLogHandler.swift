package import Logging
package import SluiceBase

/// The handler of every `Logger` in the process: sorts a record's fields and passes it to `LogOutput`.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let output: LogOutput

    /// - Parameter label: the logging part of the program: `sluice.delivery`.
    package init(label: String, logLevel: Logger.Level, output: LogOutput) {
        self.label = label
        self.logLevel = logLevel
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = event.metadata ?? [:]
        if let provider = metadataProvider { all.merge(provider.get()) { own, _ in own } }
        if !metadata.isEmpty { all.merge(metadata) { own, _ in own } }
        if let error = event.error { all["error"] = .string("\(error)") }
        let message = event.message.description
        let kind = LogLimiter.Kind(
            message: message, route: all[LogKey.route.rawValue]?.description ?? "",
            code: all[LogKey.code.rawValue]?.description ?? "")
        output.write(level: event.level, message: message, label: label, fields: Self.inOrder(all), kind: kind)
    }

    /// Known keys in the order of `LogKey`, then the others by name.
    private static func inOrder(_ metadata: Logger.Metadata) -> [(key: String, value: String)] {
        metadata.map { (key: $0.key, value: $0.value.description) }
            .sorted { (rank[$0.key] ?? .max, $0.key) < (rank[$1.key] ?? .max, $1.key) }
    }

    private static let rank = Dictionary(uniqueKeysWithValues: LogKey.allCases.enumerated().map { ($1.rawValue, $0) })
}

extension Logger {
    /// Sets or reads a permanent field of this logger, by its name in the list.
    package subscript(key: LogKey) -> String? {
        get { self[metadataKey: key.rawValue]?.description }
        set { self[metadataKey: key.rawValue] = newValue.map { .string($0) } }
    }
}

extension Logger.Metadata {
    /// The fields of one record, by their names in the list: `.fields([.route: "github", .status: 401])`.
    package static func fields(_ fields: KeyValuePairs<LogKey, any CustomStringConvertible & Sendable>)
        -> Logger.Metadata
    {
        Dictionary(fields.map { ($0.key.rawValue, .stringConvertible($0.value)) }) { _, last in last }
    }
}
