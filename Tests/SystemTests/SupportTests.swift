import DevQueue
import Testing

/// What the tests of this folder stand on.
@Suite struct SupportTests {
    @Test("a gateway starts, stores a delivery, hands its job to the queue, and ends with status 0 at SIGTERM")
    func starts() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            let answer = try await gateway.answer(to: .gitHub())
            #expect(answer.status == 200, "\(answer)")
            try await gateway.log.line { $0.contains("stored a delivery") }
            gateway.process.send(15)
            #expect(try await gateway.process.ending() == .exited(0), "\(gateway.log.text)")
        }
        #expect(queue.store.jobs.map(\.type) == ["github_event"])
        await queue.stop()
    }

    @Test("a wait for a line that does not come fails with all lines, and so does one for a process that has ended")
    func waits() async throws {
        let process = try ChildProcess(
            "sh", ["-c", "echo one; echo two; read x"], environment: [:], folder: "/", hasInput: true)
        await #expect(throws: LineLog.NotSeen.self) {
            try await process.output.line(within: .milliseconds(200)) { $0 == "three" }
        }
        try await process.write("x\n")
        #expect(try await process.ending() == .exited(0))
        #expect(process.output.lines == ["one", "two"])
        await #expect(throws: LineLog.NotSeen.self) { try await process.output.line { $0 == "three" } }
    }

    @Test("a killed process says by which signal")
    func kills() async throws {
        let process = try ChildProcess("sh", ["-c", "read x"], environment: [:], folder: "/", hasInput: true)
        process.kill()
        #expect(try await process.ending() == .signalled(9))
    }
}
