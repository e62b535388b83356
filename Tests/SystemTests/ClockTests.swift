internal import Foundation
import Testing

/// Wall clocks that are set while the gateway runs, as `Tests/ClockShim` shifts them.
@Suite struct ClockTests {
    private static let keys = "sluice_outbox_keys"
    private static let drift = "sluice_outbox_clock_drift_seconds"

    private static let routes = """
        routes:
          - name: github
            path: /github
            provider: github
            secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
            dedupe_window: 60s
            jobs: [ { type: "${event}", payload: "${body}" } ]
        """

    /// A folder with the shim, in which `clock` has the seconds that are added to the wall clock.
    private func folder() async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let source = ProjectFiles.root.appendingPathComponent("Tests/ClockShim/clock.c").path
        let compiler = try ChildProcess(
            "clang", ["-shared", "-fPIC", "-o", folder.file("clock.so"), source],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"], folder: folder.path)
        #expect(try await compiler.ending() == .exited(0), "\(compiler.errors.text)")
        return folder
    }

    /// Runs the gateway with this wall clock, then with its files stopped.
    private func run(
        _ folder: TemporaryFolder, _ queue: TestQueue, ahead seconds: Int,
        _ body: (GatewayUnderTest) async throws -> Void
    ) async throws {
        try folder.write("\(seconds)", to: "clock")
        let setup = GatewaySetup(
            settings: ["outbox.keep_delivered": "0s"], routes: ["github.yaml": Self.routes],
            environment: ["LD_PRELOAD": folder.file("clock.so"), "CLOCK_FILE": folder.file("clock")],
            queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            try await body(gateway)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    private func isDuplicate(_ number: Int, _ gateway: GatewayUnderTest) async throws -> Bool {
        try await gateway.answer(to: .numbered(number)).text.contains(#""duplicate":true"#)
    }

    /// Sets the clock, and waits until the log says by how much it has moved since the start.
    private func set(
        _ folder: TemporaryFolder, ahead seconds: Int, moved: Int, _ gateway: GatewayUnderTest
    ) async throws {
        let position = gateway.log.lines.count
        try folder.write("\(seconds)", to: "clock")
        let record = try await gateway.record(from: position) { $0.message.hasPrefix("the clock ") }
        let drift = try #require(try await gateway.metric(Self.drift))
        #expect(abs(drift - Double(moved)) < 1)
        if moved == 0 {
            #expect(record.message == "the clock was corrected: unique keys expire again")
        } else {
            let words = "the clock was set \(moved < 0 ? "back" : "forward") by about \(abs(moved) / 86_400)d since"
            #expect(record.message.hasPrefix(words) && record["level"] == "error", "\(record)")
            let end = "until the clock is corrected; if the new time is correct, restart sluice"
            #expect(record.message.hasSuffix(end))
        }
    }

    @Test("no webhook is accepted twice because the clock is 8 days away for a moment", arguments: [8, -8])
    func jump(days: Int) async throws {
        let (folder, queue) = (try await folder(), try await TestQueue.start())
        try await run(folder, queue, ahead: 0) { gateway in
            try await gateway.send(1...5)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.metric(Self.drift) == 0)
            try await set(folder, ahead: days * 86_400, moved: days * 86_400, gateway)
            // With each transaction some keys could be forgotten.
            try await gateway.send(6...20)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            for number in [1, 5, 6, 20] { #expect(try await isDuplicate(number, gateway)) }
            #expect(try await gateway.metric(Self.keys) == 20)
            try await set(folder, ahead: 0, moved: 0, gateway)
            try await gateway.send(21...22)
            for number in [1, 5, 6, 20, 21] { #expect(try await isDuplicate(number, gateway)) }
            #expect(try await gateway.metric(Self.keys) == 22)
        }
        #expect(queue.numbers == Array(1...22))
        await queue.stop()
    }

    @Test("no webhook is accepted twice because the gateway starts with a clock that is 8 days ahead")
    func startAhead() async throws {
        let (folder, queue) = (try await folder(), try await TestQueue.start())
        try await run(folder, queue, ahead: 0) { gateway in try await gateway.send(1...5) }
        try await run(folder, queue, ahead: 8 * 86_400) { gateway in
            // With each transaction some keys could be forgotten.
            try await gateway.send(6...20)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            for number in [1, 5, 6, 20] { #expect(try await isDuplicate(number, gateway)) }
            try await set(folder, ahead: 0, moved: -8 * 86_400, gateway)
            for number in [2, 4, 7, 19] { #expect(try await isDuplicate(number, gateway)) }
            #expect(try await gateway.metric(Self.keys) == 20)
        }
        #expect(queue.numbers == Array(1...20))
        await queue.stop()
    }

    @Test("keys of a gateway that started with a clock a year ahead are forgotten with those of the right time")
    func ahead() async throws {
        let (folder, queue) = (try await folder(), try await TestQueue.start())
        let year = 365 * 86_400
        try await run(folder, queue, ahead: year) { gateway in
            try await gateway.send(1...2)
            // Nothing is forgotten until a restart.
            try await set(folder, ahead: 0, moved: -year, gateway)
            try await gateway.send(3...4)
            for number in 1...4 { #expect(try await isDuplicate(number, gateway)) }
        }
        try await run(folder, queue, ahead: 0) { gateway in
            try await gateway.send(5...5)
            for number in 1...5 { #expect(try await isDuplicate(number, gateway)) }
            #expect(try await gateway.metric(Self.drift) == 0)
        }
        // The window of the last one is over.
        try await run(folder, queue, ahead: 120) { gateway in try await gateway.untilMetric(Self.keys, is: 0) }
        #expect(queue.numbers == Array(1...5))
        await queue.stop()
    }
}
