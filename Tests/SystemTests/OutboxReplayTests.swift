import DevQueue
import Testing

/// Delivered jobs that are sent again.
@Suite struct OutboxReplayTests {
    @Test("a replay prints a figure first, and sends the kept jobs of its time and route again, with the same keys")
    func replay() async throws {
        let queue = try await TestQueue.start(isLicensed: false)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send(1...230)
            try await queue.arrivals(230)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            let figure = try await gateway.command("outbox", "replay", "--since", "1h")
            #expect(figure.output.hasPrefix("230 delivered jobs, "), "\(figure)")
            #expect(figure.output.hasSuffix("; add --yes to send them again\n") && figure.ending == .exited(0))
            let none = try await gateway.command("outbox", "replay", "--since", "1h", "--route", "hmac", "--yes")
            #expect(none.output == "0 delivered jobs, 0 B\n" && none.ending == .exited(0), "\(none)")
            let early = try await gateway.command("outbox", "replay", "--since", "2h", "--until", "1h", "--yes")
            #expect(early.output == "0 delivered jobs, 0 B\n", "\(early)")
            #expect(queue.store.jobCount == 230)
            let done = try await gateway.command("outbox", "replay", "--since", "1h", "--route", "github", "--yes")
            #expect(done.output == "230 jobs are pending again\n" && done.ending == .exited(0), "\(done)")
            try await queue.arrivals(460)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.answer(to: .numbered(5)).text.contains(#""duplicate":true"#))
            let typo = try await gateway.command("outbox", "replay", "--since", "1h", "--route", "githib", "--yes")
            #expect(
                typo.errors.contains(
                    "\nsluice: the outbox has nothing of the route 'githib', and no route with this name is loaded; known routes: "
                ),
                "\(typo)")
            #expect(typo.ending == .exited(1))
            let wrong = try await gateway.command("outbox", "replay", "--since", "yesterday")
            #expect(wrong.ending == .exited(2), "\(wrong)")
            #expect(try await gateway.stop() == .exited(0))
            // At rest, from the second half on.
            let rest = try await gateway.command("outbox", "replay", "--since", "1h")
            #expect(rest.output.hasPrefix("230 delivered jobs, "), "\(rest)")
            let atRest = try await gateway.command("outbox", "replay", "--since", "1h", "--route", "githib")
            #expect(atRest.output.isEmpty && atRest.ending == .exited(1), "\(atRest)")
            #expect(!rest.errors.contains("pending"), "\(rest)")
            let copied = try await gateway.command("outbox", "replay", "--since", "1h", "--yes")
            #expect(copied.output == "230 jobs are pending again\n", "\(copied)")
            let twice = try await gateway.command("outbox", "replay", "--since", "1h", "--route", "github", "--yes")
            #expect(twice.output == "0 delivered jobs, 0 B\n" && twice.ending == .exited(0), "\(twice)")
            #expect(
                twice.errors.hasSuffix(
                    "230 jobs left out: an earlier replay has made copies, which are pending or parked\n"), "\(twice)")
        }
        let keys = queue.store.jobs.compactMap(\.uniqueKey)
        #expect(queue.store.jobCount == 460)
        #expect(Set(keys).count <= 230)
        await queue.stop()
    }

    @Test("a replayed job whose bytes were changed is left out, and said")
    func damaged() async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let setup = GatewaySetup(queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            try await gateway.send(1...3)
            try await queue.arrivals(3)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        let sql = "UPDATE jobs SET payload = CAST('{}' AS BLOB) WHERE id = 2"
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", sql], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        try await GatewayUnderTest.run(setup) { gateway in
            let done = try await gateway.command("outbox", "replay", "--since", "1h", "--yes")
            #expect(done.output == "2 jobs are pending again\n" && done.ending == .exited(1), "\(done)")
            #expect(done.errors.hasSuffix("\nsluice: jobs left out because their checksum is wrong: 2\n"), "\(done)")
        }
        await queue.stop()
    }
}
