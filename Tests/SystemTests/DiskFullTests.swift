import DevQueue
import Testing

/// A disk that is full, and has space again.
@Suite struct DiskFullTests {
    private static let message: Comment = "this machine lets nobody mount a file system for a test (unshare)"

    @Test(
        "on a full disk deliveries get 503 disk_full with Retry-After, jobs still go out, and with space again all is as before",
        .enabled(message) { await SmallDisk.isAllowed() })
    func full() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        let (setup, disk) = try Self.setup(queue: queue.url, mebibytes: 96, keepDelivered: "0")
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.send(1...20, padding: 100_000).allSatisfy { $0 == 200 })
            try disk.fill(gateway)
            let (accepted, refused) = try await sendUntilFull(gateway, refusals: 2)
            #expect(try await gateway.admin("/readyz").text == #"{"status":"disk_full"}"#)

            try await queue.restart()
            let stored = Array(1...20) + accepted
            #expect(try await queue.arrivals(stored.count) == stored)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)

            try disk.free(gateway)
            // Space comes back without a restart. The one that was refused was not stored: sent again it is new.
            while try await gateway.send([refused], padding: 100_000) != [200] {}
            #expect(try await gateway.send(1001...1005, padding: 100_000) == [200, 200, 200, 200, 200])
            try await queue.arrivals(stored.count + 6)
            #expect(try await gateway.stop() == .exited(0))
            #expect(queue.numbers == stored + [refused] + Array(1001...1005))
        }
        #expect(queue.store.statistics.duplicateJobs == 0)
        await queue.stop()
    }

    @Test(
        "a disk filled by the outbox itself has space again once the jobs are delivered, whatever is to be kept",
        .enabled(message) { await SmallDisk.isAllowed() })
    func filledByItself() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        let (setup, _) = try Self.setup(queue: queue.url, mebibytes: 120, keepDelivered: "7d")
        try await GatewayUnderTest.run(setup) { gateway in
            // The log gives its space back within a second, so that a second one may be stored.
            let (accepted, _) = try await sendUntilFull(gateway, limit: 2000)
            try await queue.restart()
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            while try await gateway.send([5001], padding: 100_000) != [200] {}
            #expect(try await queue.arrivals(accepted.count + 1) == accepted + [5001])
            // Not for a moment only. Delivered jobs, which are to be kept, fill the disk again and again make room.
            for number in 5002...5200 { while try await gateway.send([number], padding: 100_000) != [200] {} }
            try await gateway.untilReady(isNot: "disk_full")
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
    }

    @Test(
        "a sync that fails on a nearly full disk is recovered from with the space of the reserve, and nothing that was answered is lost",
        .enabled(message) { await SmallDisk.isAllowedToTrace() }, arguments: ["EIO", "ENOSPC"])
    func failedSync(error: String) async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        var (setup, disk) = try Self.setup(queue: queue.url, mebibytes: 96, keepDelivered: "0")
        // Later than those of the start and of the first deliveries.
        let fault = "inject=fdatasync:error=\(error):when=50..51"
        setup.wrapper += SyncTests.strace("-e", "trace=fdatasync", "-e", fault, into: "/dev/null")
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.send(1...12, padding: 1_000_000).allSatisfy { $0 == 200 })
            // Room for small deliveries, and none for copying the log.
            try disk.fill(gateway, leaving: 6 << 20)
            let position = gateway.log.lines.count
            var stored = Set(1...12)
            for number in 13...80
            where !gateway.records(from: position).contains(where: { $0.message == "outbox error" }) {
                if try await gateway.send([number]) == [200] { stored.insert(number) }
            }
            let record = try await gateway.record(from: position, "the failed sync") {
                $0.message == "outbox error"
            }
            // The log is kept short on such a disk, so a full disk can be met before the sync that fails.
            let reason = record["reason"] ?? ""
            #expect(reason.contains("(SQLite 1034") || reason.contains("(SQLite 13)"), "\(record)")
            // Out of `failing` by itself, without a restart and without more space.
            try await gateway.untilReady(isNot: "outbox_failing")
            try await queue.restart()
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            try disk.free(gateway)
            try await gateway.untilReady(isNot: "disk_full")
            while try await gateway.send([1001]) != [200] {}
            // The metric may lag behind the answer.
            let end = ContinuousClock.now + .seconds(300)
            while !queue.numbers.contains(1001), ContinuousClock.now < end { _ = try await gateway.admin("/readyz") }
            #expect(Set(queue.numbers).isSuperset(of: stored.union([1001])))
            #expect(try await gateway.stopTraced() == .exited(0))
        }
        await queue.stop()
    }

    /// A gateway whose outbox has a small disk of its own.
    private static func setup(queue: String, mebibytes: Int, keepDelivered: String) throws -> (
        setup: GatewaySetup, disk: SmallDisk
    ) {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.write("", to: "disk/.keep")
        let disk = SmallDisk(path: folder.file("disk"))
        let settings = [
            "outbox.path": disk.path + "/outbox.db", "log.level": "info", "outbox.keep_delivered": keepDelivered,
        ]
        let wrapper = SmallDisk.wrapper(at: disk.path, mebibytes: mebibytes)
        return (GatewaySetup(settings: settings, queue: queue, folder: folder, wrapper: wrapper), disk)
    }

    /// Sends deliveries of 100 KB, from number 21 on, until as many in a row are refused as given: the log may get some
    /// room of its own back meanwhile.
    ///
    /// - Returns: the numbers that were stored, in order, and the last one, which was refused.
    private func sendUntilFull(_ gateway: GatewayUnderTest, limit: Int = 200, refusals: Int = 1) async throws
        -> (stored: [Int], refused: Int)
    {
        let wire = try gateway.connect()
        var stored: [Int] = []
        var refused = 0
        for number in 21..<(21 + limit) {
            try wire.send(Webhook.numbered(number, padding: 100_000).bytes)
            let answer = try await wire.answer()
            if answer.status == 200 {
                stored.append(number)
                refused = 0
                continue
            }
            #expect(answer.status == 503)
            #expect(answer.code == "disk_full")
            #expect(answer[header: "retry-after"] == "30", "\(answer)")
            refused += 1
            if refused == refusals { return (stored, number) }
        }
        Issue.record("the disk did not become full")
        return (stored, 0)
    }
}
