import DevQueue
internal import Foundation
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

    @Test("what CI runs leaves no process behind, also not in a process group of its own", arguments: [0, 15, 2, 1])
    func leavesNothing(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text(".ci/run"), to: "ci/run")
        // As `swift test` does, in another process group; it takes no notice of any signal but SIGKILL.
        try folder.write(
            """
            check:
            \t@bash -c 'set -m; bash -c "trap \\"\\" TERM INT HUP; exec sleep 600" & echo $$!; [ "$$ENDS" ] || wait'

            """, to: "Makefile")
        let environment = ["PATH": "/usr/bin:/bin", "ENDS": signal == 0 ? "1" : ""]
        // This process may ignore the signals.
        let run = try ChildProcess(
            "env", ["--default-signal", "bash", "ci/run"], environment: environment, folder: folder.path)
        let left = try #require(pid_t(try await run.output.line("the process") { !$0.isEmpty }))
        if signal != 0 { run.send(signal) }
        #expect(try await run.ending() == .exited(signal == 0 ? 0 : 128 + signal))
        // It may still wait for its parent.
        let state = (try? String(contentsOfFile: "/proc/\(left)/stat", encoding: .utf8))?.split(separator: ") ").last
        #expect(state?.hasPrefix("Z") ?? true, "\(state ?? "")")
    }
}
