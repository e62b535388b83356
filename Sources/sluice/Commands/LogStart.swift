internal import Logging
internal import SluiceGateway

/// Starts logging, once a process.
enum LogStart {
    static func start(_ settings: Settings) -> (logger: Logger, output: LogOutput) {
        let output = LogOutput(format: settings.log.format)
        output.install(level: settings.log.level)
        return (Logger(label: "sluice"), output)
    }
}
