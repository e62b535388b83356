import Logging
import SluiceBase
import SluiceGateway
import Synchronization
import Testing

@Suite struct LogOutputTests {
    /// Takes lines as standard error would, and can be made to take none.
    private final class Collector: Sendable {
        private struct State {
            var lines: [String] = []
            var isStalled = false
        }

        private let state = Mutex(State())

        var lines: [String] { state.withLock { $0.lines } }

        func stall(_ isStalled: Bool) { state.withLock { $0.isStalled = isStalled } }

        func take(_ line: [UInt8]) -> StandardError.Outcome {
            state.withLock { state in
                guard !state.isStalled else { return .dropped }
                state.lines.append(String(decoding: line, as: UTF8.self))
                return .written
            }
        }
    }

    private let collector = Collector()
    private let time = ManualTime(wallMilliseconds: 1_700_000_000_123)

    private func output(_ format: LogFormat, recordsPerSecond: Int = 100) -> LogOutput {
        LogOutput(format: format, time: time, recordsPerSecond: recordsPerSecond) { [collector] in collector.take($0) }
    }

    private func logger(_ output: LogOutput, level: Logger.Level = .info) -> Logger {
        Logger(label: "sluice.test") { LineLogHandler(label: $0, logLevel: level, output: output) }
    }

    @Test("a JSON record is one line with its own keys first and the fields in the list's order")
    func json() {
        logger(output(.json)).warning(
            "refused a request",
            metadata: .fields([.reason: "no \"such\" \\ header", .status: 401, .route: "github", .delivery: "d1"]))
        #expect(
            collector.lines == [
                #"{"time":"2023-11-14T22:13:20.123Z","level":"warning","message":"refused a request","logger":"sluice.test","#
                    + #""delivery":"d1","route":"github","status":401,"reason":"no \"such\" \\ header"}"# + "\n"
            ])
    }

    @Test("each key has one type in JSON: numbers are bare, and text that looks like a number is quoted")
    func types() {
        let logger = logger(output(.json))
        logger.info("m", metadata: .fields([.route: "404", .jobs: 2, .milliseconds: Int64(-1), .table: 3]))
        logger.info("m", metadata: .fields([.delivery: "7", .code: "1", .count: 0]))
        let fields = collector.lines.map { $0.split(separator: #""sluice.test","#).last.map(String.init) }
        #expect(
            fields == [
                #""route":"404","jobs":2,"ms":-1,"table":3}"# + "\n", #""delivery":"7","code":"1","count":0}"# + "\n",
            ])
    }

    @Test("a text record is one line that quotes what has spaces or nothing in it")
    func text() {
        logger(output(.text)).info(
            "listening", metadata: .fields([.address: "[::]:8443", .reason: "a \"b\"", .file: "", .queue: "a=b"]))
        #expect(
            collector.lines == [
                #"2023-11-14T22:13:20.123Z info     listening reason="a \"b\"" address=[::]:8443 queue="a=b" file="""#
                    + "\n"
            ])
    }

    @Test(
        "what a sender wrote cannot end a line, colour a terminal or turn letters around",
        arguments: [LogFormat.json, .text])
    func escapes(format: LogFormat) {
        logger(output(format)).info("x\ny", metadata: ["odd\u{1B}key": "a\r\n\u{1B}[31m\u{202E}\u{0}\u{2028}z"])
        let line = collector.lines.joined()
        #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1)
        #expect(!line.unicodeScalars.dropLast().contains { $0.value < 0x20 || $0 == "\u{202E}" || $0 == "\u{2028}" })
        let escaped = #"a\u{d}\u{a}\u{1b}[31m\u{202e}\u{0}\u{2028}z"#
        #expect(line.contains(format == .text ? escaped : escaped.replacing("\\", with: "\\\\")))
    }

    @Test("a value without end is cut")
    func cuts() {
        logger(output(.json)).info("m", metadata: ["k": .string(String(repeating: "x", count: 100_000))])
        #expect(collector.lines.joined().utf8.count < 1000)
        #expect(collector.lines.joined().hasSuffix("xxx…\"}\n"))
    }

    @Test("fields of the logger, of its provider and of the record come together, the record's own going before")
    func metadata() {
        var logger = logger(output(.text))
        logger[.route] = "github"
        logger[.delivery] = "d1"
        logger.info("m", metadata: .fields([.delivery: "d2"]))
        #expect(logger[.route] == "github")
        #expect(collector.lines == ["2023-11-14T22:13:20.123Z info     m delivery=d2 route=github\n"])
    }

    @Test("an error that is logged is a field")
    func error() {
        logger(output(.text)).error("m", error: StartupError(.unavailable, "the port is in use"))
        #expect(collector.lines == ["2023-11-14T22:13:20.123Z error    m error=\"the port is in use\"\n"])
    }

    @Test("a flood of one kind is limited, counted, and reported after its second")
    func flood() {
        let output = output(.text, recordsPerSecond: 2)
        let logger = logger(output)
        for _ in 0..<10 {
            logger.warning("refused a request", metadata: .fields([.route: "github", .code: "signature_invalid"]))
        }
        #expect(collector.lines.count == 2)
        output.flushSummaries()
        #expect(collector.lines.count == 2)
        time.advance(by: .seconds(1))
        output.flushSummaries()
        #expect(
            collector.lines.last
                == "2023-11-14T22:13:21.123Z notice   suppressed similar log records: refused a request route=github "
                + "code=signature_invalid suppressed=8\n"
        )
        logger.warning("refused a request")
        #expect(collector.lines.count == 4)
    }

    @Test("records below info are never omitted")
    func debug() {
        let logger = logger(output(.text, recordsPerSecond: 1), level: .debug)
        for _ in 0..<5 { logger.debug("step") }
        #expect(collector.lines.count == 5)
    }

    @Test("lost lines are counted, and the next written line is preceded by their number")
    func dropped() {
        let output = output(.text)
        let logger = logger(output)
        collector.stall(true)
        for _ in 0..<3 { logger.info("lost") }
        #expect(output.droppedLines.value == 3)
        collector.stall(false)
        logger.info("back")
        #expect(
            collector.lines == [
                "2023-11-14T22:13:20.123Z warning  lost log records because standard error was not read fast enough "
                    + "count=3\n",
                "2023-11-14T22:13:20.123Z info     back\n",
            ])
        logger.info("on")
        #expect(collector.lines.count == 3)
        #expect(output.droppedLines.value == 3)
    }
}
