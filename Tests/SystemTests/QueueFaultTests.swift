import DevQueue
import SluiceBase
import Testing

/// What the gateway does when Zizq does not take jobs: nothing is lost, and where Zizq dedupes nothing is doubled.
@Suite struct QueueFaultTests {
    /// A fault and what the log says about it.
    struct Row: Sendable, CustomTestStringConvertible {
        let fault: DevQueueFault
        let message: String
        let reason: String
        var code: String?

        var testDescription: String { "\(fault)" }
    }

    static let again = "could not send jobs to Zizq; retrying"
    static let alarm = "relay paused: the server at zizq.url is not a Zizq server that accepts jobs"

    static let passing: [Row] = [
        Row(
            fault: .status(500, error: "internal server error"), message: again,
            reason: "the server answered 500: internal server error"),
        Row(fault: .dropBeforeCommit, message: again, reason: "the connection failed"),
        Row(fault: .dropAfterCommit, message: again, reason: "the connection failed"),
        Row(
            fault: .halfAnswer, message: again,
            reason: "the server closed the connection before its answer was complete"),
        Row(fault: .silence, message: again, reason: "no complete answer within 1s"),
        Row(fault: .silenceAfterCommit, message: again, reason: "no complete answer within 1s"),
        Row(fault: .garbage, message: alarm, reason: "the answer 200 cannot be parsed: ", code: "zizq_set_up_wrong"),
        Row(
            fault: .htmlBadRequest, message: alarm,
            reason: "the answer 400 does not come from Zizq (content-type: text/html)",
            code: "zizq_set_up_wrong"),
        Row(
            fault: .redirect, message: alarm,
            reason: "the answer 307 does not come from Zizq (location: https://queue.example/jobs/bulk)",
            code: "zizq_set_up_wrong"),
    ]

    @Test("a fault that passes is logged, and every job arrives exactly once and in order", arguments: passing)
    func passingFault(row: Row) async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(row.fault, count: 2)
        try await GatewayUnderTest.run(GatewaySetup(settings: ["zizq.timeout": "1s"], queue: queue.url)) { gateway in
            #expect(try await gateway.send(1...20).allSatisfy { $0 == 200 })
            try await queue.arrivals(20)
            try await gateway.record("the fault") {
                $0.message == row.message && ($0["reason"] ?? "").hasPrefix(row.reason)
                    && (row.code == nil || $0["code"] == row.code)
            }
            #expect(try await gateway.stop() == .exited(0))
            if let code = row.code {
                #expect(gateway.records().contains { $0.message == "relay recovered" && $0["code"] == code })
            }
        }
        #expect(queue.numbers == Array(1...20))
        #expect(queue.store.statistics.faultyRequests == 2)
        await queue.stop()
    }

    @Test("jobs wait while Zizq is down at the start, and come in order once it is there")
    func downAtTheStart() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            #expect(try await gateway.send(1...50).allSatisfy { $0 == 200 })
            try await gateway.record("a refused connection") {
                $0.message == Self.again && ($0["reason"] ?? "").contains("Connection refused")
            }
            #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
            #expect(try await gateway.metric("sluice_outbox_jobs") == 50)
            try await queue.restart()
            #expect(try await queue.arrivals(50) == Array(1...50))
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 50)
        await queue.stop()
    }

    @Test("Zizq that goes away in the middle of a batch gets the batch again")
    func awayInTheMiddle() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.silenceAfterCommit, count: 1)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send(1...10)
            try await queue.arrivals(1)
            await queue.stop()
            try await gateway.send(11...20)
            try await gateway.record("the unknown outcome") {
                $0.message == "sending a batch again: Zizq may or may not have stored it"
            }
            try await queue.restart()
            #expect(try await queue.arrivals(20) == Array(1...20))
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 20)
        #expect(queue.store.statistics.duplicateJobs >= 1)
        await queue.stop()
    }

    @Test("a job that Zizq calls too large alone becomes a dead letter")
    func tooLarge() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.payloadTooLarge, count: 1)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send([1])
            let record = try await gateway.record("the dead letter") { $0.message == "moved a job to the dead letters" }
            #expect(record["code"] == "too_large_for_zizq")
            try await gateway.send(2...5)
            try await queue.arrivals(4)
            let list = try await gateway.command("dead", "list")
            #expect(list.output.contains("too_large_for_zizq"), "\(list)")
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.numbers == Array(2...5))
        await queue.stop()
    }

    /// Signs nothing away: a type that no kind names, so that Zizq and not the gateway is the one to refuse it.
    private static let routes = [
        "open.yaml": """
        routes:
          - name: open
            path: /github
            provider: github
            secrets: [{ env: GITHUB_WEBHOOK_SECRET }]
            jobs:
              - type: "${event}"
                queue: q
                payload: "${body}"
        """
    ]

    @Test("the one job that Zizq refuses by its index in a batch of 1,000 becomes a dead letter, and the rest arrives")
    func refusedByIndex() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        let setup = GatewaySetup(settings: ["log.level": "info"], routes: Self.routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            // The batch that is retried repeatedly has this job, and on a busy machine a few more; all others make
            // the next batch.
            try await gateway.send([0])
            try await gateway.load(1...1000, clients: 16)
            let store = queue.store
            store.whenJobs(reach: 1) {
                store.setFault(.status(400, error: "jobs[499]: type must not contain ','"), count: 2)
            }
            try await queue.restart()
            try await queue.arrivals(1000)
            let record = try await gateway.record("the dead letter") { $0.message == "moved a job to the dead letters" }
            #expect(record["code"] == "refused_by_zizq")
            #expect(try #require(record["reason"]).hasSuffix("type must not contain ','"))
            let refused = try #require(record["job"].flatMap { Int($0) })
            #expect((501...900).contains(refused))
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 1)
            let shown = try await gateway.command("dead", "list")
            #expect(shown.output.contains("type must not contain ','"), "\(shown)")
            #expect(try await gateway.command("dead", "retry", "--all").ending == .exited(0))
            try await queue.arrivals(1001)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.numbers.sorted() == Array(0...1000))
        // The 500th of a batch that was all the rest, which went again in a few large requests.
        #expect((200...500).contains(queue.store.statistics.largestBulk))
        await queue.stop()
    }

    @Test("a batch that Zizq calls too large goes in smaller requests until all of it is there")
    func halved() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["log.level": "info"], queue: queue.url)) { gateway in
            try await gateway.send(0...0)
            // From here on the first job is a batch of its own.
            try await gateway.record("a refused connection") { $0.message == Self.again }
            try await gateway.load(1...64, clients: 4)
            let store = queue.store
            store.whenJobs(reach: 1) { store.setFault(.payloadTooLarge, count: 2) }
            try await queue.restart()
            try await queue.arrivals(65)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.numbers.sorted() == Array(0...64))
        #expect(queue.store.statistics.largestBulk <= 32)
        await queue.stop()
    }

    @Test("a job that Zizq refuses without saying which is found by smaller requests, and becomes a dead letter alone")
    func refusedWithoutIndex() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        queue.store.setFault(.refusesType("bad"))
        let setup = GatewaySetup(settings: ["log.level": "info"], routes: Self.routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            try await gateway.load(1...40, clients: 4)
            #expect(try await gateway.answer(to: .numbered(41, type: "bad")).status == 200)
            try await gateway.load(42...80, clients: 4)
            try await queue.restart()
            try await queue.arrivals(79)
            let record = try await gateway.record("the dead letter") { $0.message == "moved a job to the dead letters" }
            #expect(record["code"] == "refused_by_zizq")
            #expect(record["job"] == "41")
            #expect(try await gateway.stop() == .exited(0))
            #expect(gateway.records().count { $0.message == "moved a job to the dead letters" } == 1)
        }
        #expect(queue.numbers.sorted() == (1...80).filter { $0 != 41 })
        await queue.stop()
    }

    @Test(
        "a job that a filter answers with 503 is parked and shown, and delivered by the next process once it passes")
    func setAside() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.filtersType("bad"))
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let setup = GatewaySetup(
            settings: ["log.level": "info"], routes: Self.routes, queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: .numbered(1, type: "bad")).status == 200)
            try await gateway.send(2...20)
            #expect(try await queue.arrivals(19) == Array(2...20))
            try await gateway.record("the parked job") {
                $0.message == "parked a job: it is refused while others are accepted" && $0["job"] == "1"
            }
            try await gateway.untilMetric("sluice_outbox_parked_jobs", is: 1)
            #expect(try await gateway.metric("sluice_delivery_paused") == 0)
            let list = try await gateway.command("outbox", "list", "--state", "parked")
            #expect(list.output.contains("this type is filtered"), "\(list)")
            #expect(try await gateway.stop() == .exited(0))
        }
        queue.store.clearFaults()
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await queue.arrivals(20).last == 1)
            try await gateway.untilMetric("sluice_outbox_parked_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 20)
        await queue.stop()
    }

    @Test(
        "a queue of which every job is refused is set aside as one and named, and is sent in order once it is accepted")
    func queueSetAside() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.filtersType("bad"))
        let routes = ["open.yaml": (Self.routes["open.yaml"] ?? "").replacing("queue: q", with: "queue: \"${event}\"")]
        let setup = GatewaySetup(settings: ["log.level": "info"], routes: routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            for number in 1...40 {
                #expect(try await gateway.answer(to: .numbered(number, type: "bad")).status == 200)
            }
            try await gateway.send(41...100)
            #expect(try await queue.arrivals(60) == Array(41...100))
            try await gateway.record("the queue that is set aside") {
                $0.message == "parked a queue: its jobs are refused while others are accepted"
                    && $0["queue"] == "bad"
            }
            try await gateway.untilMetric("sluice_outbox_parked_jobs", is: 40)
            let status = try await gateway.command("outbox", "status")
            #expect(status.output.contains("sending, except queue \"bad\": the server answered 503"), "\(status)")
            let list = try await gateway.command("outbox", "list", "--state", "parked")
            #expect(list.output.contains("the queue is parked: the server answered 503"), "\(list)")
            queue.store.clearFaults()
            // All but the one with which the queue was tried come in order.
            let arrived = try await queue.arrivals(100).dropFirst(61)
            #expect(Array(arrived) == arrived.sorted())
            try await gateway.record("the end") { $0.message == "unparked a queue: its jobs are sent again" }
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 100)
        await queue.stop()
    }

    @Test("a Retry-After is followed and shown as paused with the answer, and SIGTERM does not wait for it")
    func asksForWait() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.busy(retryAfter: 3600))
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send([1])
            try await gateway.untilMetric("sluice_delivery_paused", is: 1)
            let status = try await gateway.command("outbox", "status").output
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("relay ") })
            #expect(line.hasPrefix("relay            paused for "), "\(line)")
            #expect(line.hasSuffix(", as requested by the server: the server answered 429: slow down"), "\(line)")
            let requests = queue.store.statistics.enqueueRequests
            #expect(try await gateway.stop() == .exited(0))
            #expect(queue.store.statistics.enqueueRequests <= requests + 1)
        }
        await queue.stop()
    }

    @Test("answers of 2xx that cannot be read are counted as unknown outcomes")
    func unreadable() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.garbage, count: 2)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send([1])
            try await gateway.untilMetric("sluice_batches_ambiguous_total", is: 2)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 1)
        await queue.stop()
    }

    @Test("a job that Zizq drops because an older one holds its key is logged, counted and shown as dropped")
    func dropped() async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url, folder: folder)) { gateway in
            try await gateway.send([1])
            try await queue.arrivals(1)
            #expect(try await gateway.stop() == .exited(0))
        }
        // As if the key had expired in the gateway.
        try folder.remove("outbox.db")
        let older = try #require(queue.store.jobs.first).id.text
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url, folder: folder)) { gateway in
            try await gateway.send([1])
            let record = try await gateway.record("the dropped job") {
                $0.message == "Zizq dropped a new job as a duplicate: an older job holds its unique key"
            }
            #expect(record["zizq_id"] == older)
            #expect(record["reason"] == "the older job is ready")
            try await gateway.untilMetric("sluice_jobs_dropped_total", is: 1)
            #expect(try await gateway.metric("sluice_queue_duplicates_total") == 1)
            let list = try await gateway.command("outbox", "list", "--state", "delivered").output
            #expect(list.contains("\(older), an older job: dropped"), "\(list)")
            let shown = try await gateway.command("outbox", "show", "1").output
            #expect(shown.contains("dropped    by Zizq: the id above is the older job that holds this unique key"))
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 1)
        await queue.stop()
    }

    @Test("a job that is being sent is not buried, and the command says so")
    func buryWhileSending() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.silenceAfterCommit)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            try await gateway.send([1])
            try await queue.arrivals(1)
            let refused = try await gateway.command("outbox", "bury", "1")
            #expect(refused.ending != .exited(0))
            #expect(refused.errors.contains("Job 1 is being sent to Zizq at this moment"), "\(refused)")
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 0)
            await queue.stop()
            try await gateway.record("the lost answer") { $0.message == Self.again }
            // The relay may be sending it again.
            let end = ContinuousClock.now + .seconds(300)
            var burial = try await gateway.command("outbox", "bury", "1")
            while burial.errors.contains("is being sent"), ContinuousClock.now < end {
                burial = try await gateway.command("outbox", "bury", "1")
            }
            #expect(burial.ending == .exited(0), "\(burial)")
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    @Test("more bad jobs in a row than two batches do not stop later good ones, and become dead letters")
    func manyBadInARow() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.refusesType("bad"))
        let setup = GatewaySetup(
            settings: ["log.level": "info", "zizq.batch_jobs": "10"], routes: Self.routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            for number in 1...25 { #expect(try await gateway.answer(to: .numbered(number, type: "bad")).status == 200) }
            for number in 26...50 { #expect(try await gateway.answer(to: .numbered(number)).status == 200) }
            #expect(try await queue.arrivals(25).sorted() == Array(26...50))
            try await gateway.untilMetric("sluice_outbox_dead_letters", is: 25)
            try await gateway.untilMetric("sluice_relay_suspects", is: 0)
            #expect(try await gateway.metric("sluice_delivery_paused") == 0)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 25)
        await queue.stop()
    }

    @Test(
        "Zizq that refuses every job by its index gets few requests, causes twenty dead letters and gets the other jobs afterwards"
    )
    func refusesEverything() async throws {
        let queue = try await TestQueue.start()
        queue.store.setFault(.status(400, error: "jobs[0]: no"))
        let setup = GatewaySetup(settings: ["log.level": "info"], routes: Self.routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            try await gateway.load(1...300, clients: 4)
            let alarm = try await gateway.record("the alarm") { $0["code"] == "zizq_refuses_everything" }
            #expect(alarm.message == "relay paused: Zizq rejects every job, so the jobs are probably not the cause")
            #expect(alarm["reason"] == "no")
            try await gateway.untilMetric("sluice_delivery_paused", is: 1)
            try await gateway.untilMetric("sluice_relay_suspects", is: 280)
            // Each job once or a few times, and one after each pause.
            #expect(queue.store.statistics.enqueueRequests < 400)
            queue.store.clearFaults()
            try await queue.arrivals(280)
            try await gateway.untilMetric("sluice_relay_suspects", is: 0)
            #expect(try await gateway.metric("sluice_outbox_dead_letters") == 20)
            try await gateway.untilMetric("sluice_delivery_paused", is: 0)
            #expect(try await gateway.stop() == .exited(0))
            #expect(gateway.records().contains { $0.message == "relay recovered" && $0["code"] == alarm["code"] })
        }
        #expect(queue.store.jobCount == 280)
        await queue.stop()
    }

    @Test("without a licence jobs go without their unique keys, and the log says so once")
    func unlicensed() async throws {
        let queue = try await TestQueue.start(isLicensed: false)
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url)) { gateway in
            for round in 0..<3 { try await gateway.send((round * 10 + 1)...(round * 10 + 10)) }
            try await queue.arrivals(30)
            #expect(try await gateway.metric("sluice_unique_keys_withheld") == 1)
            #expect(try await gateway.send([7]) == [200])
            #expect(try await gateway.stop() == .exited(0))
            let alarms = gateway.records().filter { $0["code"] == "zizq_unique_jobs_unlicensed" }
            #expect(
                alarms.map(\.message) == [
                    "the Zizq server is not licensed for unique jobs: sending jobs without their unique keys"
                ])
            #expect(alarms.first?["reason"] == "the server answered 403: unique jobs requires a pro license")
        }
        #expect(queue.numbers == Array(1...30))
        #expect(queue.store.jobs.allSatisfy { $0.uniqueKey == nil })
        await queue.stop()
    }
}
