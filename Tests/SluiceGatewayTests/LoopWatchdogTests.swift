import Foundation
import Logging
import SluiceBase
import SluiceNet
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct LoopWatchdogTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }
        func add(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
    }

    private let time = ManualTime()
    private let lines = Lines()
    private let metrics: MetricsRegistry
    private let watchdog: LoopWatchdog

    init() {
        metrics = MetricsRegistry(time: time)
        let output = LogOutput(format: .json, time: time, recordsPerSecond: 100) { [lines] in
            lines.add($0)
            return .written
        }
        let logger = Logger(label: "test") { LineLogHandler(label: $0, logLevel: .info, output: output) }
        watchdog = LoopWatchdog(metrics: metrics, logger: logger, time: time)
    }

    private func stalls(_ loop: String) -> UInt64 { metrics.counter(.loopStalls, labels: [loop]).value }

    @Test("a turn over 50 ms is counted for its loop and logged with its length, after its end")
    func long() async throws {
        let group = try watchdog.loops(2, name: "loop")
        _ = await group.run(on: 1) { [time] _ in time.advance(by: .milliseconds(50)) }
        _ = await group.run(on: 1) { [time] _ in time.advance(by: .milliseconds(51)) }
        // The turn that was measured has ended when the next one runs.
        _ = await group.run(on: 1) { _ in }
        #expect(stalls("loop-0") == 0)
        #expect(stalls("loop-1") == 1)
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        #expect(line.contains("an event loop was busy for too long: its other connections had to wait"), "\(line)")
        #expect(line.contains(#""level":"warning""#) && line.contains(#""loop":"loop-1","ms":51,"processor_ms":"#))
        await group.stop()
    }

    @Test("a turn that does not end is counted once a second and logged once, and after 30 s the loop is stuck")
    func endless() async throws {
        let group = try watchdog.loops(2, name: "loop")
        let (begun, tell) = AsyncStream<Void>.makeStream()
        let end = DispatchSemaphore(value: 0)
        group.mailboxes[1].post { _ in
            tell.yield()
            end.wait()
        }
        for await _ in begun { break }
        time.advance(by: .seconds(1))
        watchdog.look()
        #expect(stalls("loop-1") == 0)
        time.advance(by: .milliseconds(500))
        for count in 1...3 {
            watchdog.look()
            #expect(stalls("loop-1") == UInt64(count))
        }
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        #expect(line.contains("an event loop is stuck: its other connections are waiting"), "\(line)")
        #expect(line.contains(#""level":"error""#) && line.contains(#""loop":"loop-1","ms":1500}"#), "\(line)")
        time.advance(by: .milliseconds(28_500))
        #expect(!watchdog.isStuck)
        time.advance(by: .milliseconds(1))
        #expect(watchdog.isStuck)

        end.signal()
        _ = await group.run(on: 1) { _ in }
        #expect(!watchdog.isStuck)
        watchdog.look()
        #expect(stalls("loop-1") == 4)
        #expect(stalls("loop-0") == 0)
        #expect(lines.all.count == 2)
        #expect(lines.all.last?.contains(#""loop":"loop-1","ms":30001,"#) == true, "\(lines.all)")
        await group.stop()
    }

    @Test("a loop that waits for events is in no turn, however long it waits")
    func idle() async throws {
        let group = try watchdog.loops(1, name: "loop")
        _ = await group.run(on: 0) { _ in }
        // The result is passed on before the turn ends.
        let end = ContinuousClock.now + .seconds(600)
        while group.mailboxes[0].currentTurn != nil, ContinuousClock.now < end { await Task.yield() }
        time.advance(by: .seconds(3600))
        watchdog.look()
        #expect(!watchdog.isStuck && stalls("loop-0") == 0 && lines.all.isEmpty)
        await group.stop()
    }
}
