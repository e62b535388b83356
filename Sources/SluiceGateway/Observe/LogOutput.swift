package import Logging
package import SluiceBase
internal import Synchronization

/// The output of all log handlers of the process: limits floods, formats lines, and writes each with one `write(2)`.
///
/// Can be used from any thread, including event loops: it never waits for the reader of the log. Lost lines are
/// counted, and the next written line is preceded by their number.
package final class LogOutput: Sendable {
    /// Writes a line; tests collect lines instead.
    package typealias Sink = @Sendable ([UInt8]) -> StandardError.Outcome

    private struct State {
        var limiter: LogLimiter
        var droppedSinceLastLine = 0
    }

    /// The maximum number of records of one kind per second.
    package static let recordsPerSecond = 20

    private let format: LogFormat
    private let time: any TimeSource
    private let sink: Sink
    private let state: Mutex<State>

    /// - Parameters:
    ///   - format: `auto` is text if standard error is a terminal, and JSON otherwise.
    ///   - recordsPerSecond: of one kind; records below `info` are not limited.
    package init(
        format: LogFormat, time: any TimeSource = SystemTime(), recordsPerSecond: Int = LogOutput.recordsPerSecond,
        sink: @escaping Sink = { StandardError.write($0) }
    ) {
        self.format = format == .auto ? (StandardError.isTerminal ? .text : .json) : format
        self.time = time
        self.sink = sink
        self.state = Mutex(State(limiter: LogLimiter(recordsPerSecond: recordsPerSecond)))
    }

    /// Lines lost since the start.
    package let droppedLines = Counter()

    /// Makes every `Logger` of the process write here. Called once, before the first logger is created.
    package func install(level: Logger.Level) {
        StandardError.ignoreBrokenPipes()
        LoggingSystem.bootstrap { [self] label in LineLogHandler(label: label, logLevel: level, output: self) }
    }

    /// Writes the summaries of omitted records; for a timer, so that the end of a flood is reported.
    package func flushSummaries() {
        let now = time.monotonicNanoseconds()
        state.withLock { state in writeSummaries(state.limiter.timePassed(nowNanoseconds: now), &state) }
    }

    /// - Parameter fields: only evaluated if the record is written, so that floods are cheap.
    func write(
        level: Logger.Level, message: String, label: String, fields: @autoclosure () -> [(key: String, value: String)],
        kind: LogLimiter.Kind
    ) {
        let now = time.monotonicNanoseconds()
        state.withLock { state in
            writeSummaries(state.limiter.timePassed(nowNanoseconds: now), &state)
            guard level < .info || state.limiter.recordArrived(kind, atNanoseconds: now) else { return }
            write(
                LogLine(
                    milliseconds: time.wallMilliseconds(), level: level, message: message, label: label,
                    fields: fields()), &state)
        }
    }

    private func writeSummaries(_ summaries: [LogLimiter.Summary], _ state: inout State) {
        for summary in summaries {
            var fields: [(key: String, value: String)] = []
            if !summary.kind.route.isEmpty { fields.append((LogKey.route.rawValue, summary.kind.route)) }
            if !summary.kind.code.isEmpty { fields.append((LogKey.code.rawValue, summary.kind.code)) }
            fields.append((LogKey.suppressed.rawValue, String(summary.suppressed)))
            write(line(.notice, "suppressed similar log records: \(summary.kind.message)", fields: fields), &state)
        }
    }

    private func write(_ line: LogLine, _ state: inout State) {
        if state.droppedSinceLastLine > 0 {
            let fields = [(key: LogKey.count.rawValue, value: String(state.droppedSinceLastLine))]
            let notice = self.line(
                .warning, "lost log records because standard error was not read fast enough", fields: fields)
            guard send(notice, &state) else { return }
            state.droppedSinceLastLine = 0
        }
        _ = send(line, &state)
    }

    /// Returns whether the line was written. Lost lines are counted, except for the notice about lost lines, whose
    /// record counts instead.
    private func send(_ line: LogLine, _ state: inout State) -> Bool {
        let bytes = format == .text ? line.text() : line.json()
        switch sink(bytes) {
        case .written: return true
        case .dropped:
            state.droppedSinceLastLine += 1
            droppedLines.increment()
            return false
        }
    }

    private func line(_ level: Logger.Level, _ message: String, fields: [(key: String, value: String)]) -> LogLine {
        LogLine(
            milliseconds: time.wallMilliseconds(), level: level, message: message, label: "sluice.log", fields: fields)
    }
}
