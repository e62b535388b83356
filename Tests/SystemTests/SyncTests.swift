import DevQueue
import Testing

/// The promise that a 2xx means stored, as the kernel sees it.
@Suite struct SyncTests {
    /// Not every sandbox allows tracing, even of a process's own children.
    static func canTrace() async -> Bool {
        let process = try? ChildProcess(
            "strace", ["-o", "/dev/null", "true"], environment: ["PATH": "/usr/bin:/bin"], folder: "/")
        return (try? await process?.ending()) == .exited(0)
    }

    private static let message: Comment = "strace is not there or may not trace"

    @Test(
        "each 2xx is sent after the write-ahead log was synced with its delivery",
        .enabled(message) { await canTrace() })
    func syncBeforeAnswer() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let calls = "trace=write,pwrite64,writev,sendto,sendmsg,fdatasync,fsync"
        // Long enough for a page of the database, in which the delivery's id stands.
        let strace = Self.strace("-y", "-s", "16384", "-e", calls, into: folder.file("trace"))
        let setup = GatewaySetup(settings: ["log.level": "info"], folder: folder, wrapper: strace)
        try await GatewayUnderTest.run(setup) { gateway in
            let result = try await gateway.load(1...16, clients: 3)
            #expect(result.numbers(200).count == 16)
            #expect(try await gateway.stopTraced() == .exited(0))
        }
        let trace = SystemCallTrace(try folder.read("trace"))
        let writes = trace.calls.filter { $0.name == "pwrite64" && $0.mentions("outbox.db-wal>") }
        let syncs = trace.calls.filter {
            ["fdatasync", "fsync"].contains($0.name) && $0.mentions("outbox.db-wal>") && $0.hasSucceeded
        }
        let answers = trace.calls.filter { $0.mentions("HTTP/1.1 200 OK") }
        #expect(answers.count == 16)
        for answer in answers {
            let id = try #require(Self.deliveryID(in: String(decoding: answer.arguments, as: UTF8.self)))
            let write = try #require(
                writes.first { $0.mentions(id) }, "the delivery \(id) was not written before its answer")
            let sync = try #require(syncs.first { $0.start > write.end }, "nothing synced the delivery \(id)")
            #expect(sync.end < answer.start, "the delivery \(id) was answered before it was synced")
        }
    }

    /// strace escapes the quotes of the answer's JSON.
    private static func deliveryID(in answer: String) -> String? {
        guard let start = answer.firstRange(of: #"{\"id\":\""#)?.upperBound else { return nil }
        return String(answer[start...].prefix { $0 != "\\" })
    }

    /// - Returns: the words before the gateway's own, which does not outlive its strace.
    static func strace(_ options: String..., into file: String) -> [String] {
        ["strace", "-f", "-e", "signal=none", "-o", file] + options + ["setpriv", "--pdeathsig", "KILL"]
    }

    @Test(
        "a batch whose sync fails is answered 503 commit_failed, and later ones are stored",
        .enabled(message) { await canTrace() })
    func failedSync() async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        // The first syncs belong to the start; of the later ones some fail.
        let fault = "inject=fdatasync:error=EIO:when=20+15"
        let strace = Self.strace("-e", "trace=fdatasync", "-e", fault, into: folder.file("trace"))
        let setup = GatewaySetup(settings: ["log.level": "info"], queue: queue.url, folder: folder, wrapper: strace)
        try await GatewayUnderTest.run(setup) { gateway in
            let result = try await gateway.load(1...60, clients: 1)
            let refused = result.numbers(503)
            #expect(!refused.isEmpty)
            #expect(refused.count + result.numbers(200).count == 60)
            try await gateway.record("the failed sync") {
                // SQLITE_IOERR_FSYNC
                $0.message == "outbox error" && $0["reason"] == "disk I/O error (SQLite 1034)"
            }
            #expect(gateway.records().contains { $0["code"] == "commit_failed" && $0["status"] == "503" })
            // A sender sends again what was refused, as often as it takes.
            for number in refused.sorted() {
                while try await gateway.send([number]) != [200] {}
            }
            try await queue.arrivals(60)
            #expect(try await gateway.stopTraced() == .exited(0))
        }
        #expect(queue.numbers.sorted() == Array(1...60))
        await queue.stop()
    }
}
