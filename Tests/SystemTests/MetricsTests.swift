import DevQueue
import Testing

/// What `/metrics` of the shipped binary says after things have happened that are known.
@Suite struct MetricsTests {
    private static let routes = [
        "github.yaml": """
        routes:
          - name: github
            path: /github
            provider: github
            secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
            body_limit: 64KiB
            jobs:
              - { when: { event: ping }, ignore: true }
              - { when: { event: push }, type: push }
              - { when: { event: batched }, type: batched, unique_key: "${body.n}" }
            otherwise: dead_letter
        """
    ]

    /// The page, by the names of its lines with their labels.
    private func page(_ gateway: GatewayUnderTest) async throws -> [String: Double] {
        try await gateway.admin("/metrics").text.split(separator: "\n").reduce(into: [:]) { page, line in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return }
            page[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
    }

    @Test("incoming deliveries are counted by their results")
    func ingest() async throws {
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(settings: ["limits.connections": "500"], routes: Self.routes, queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            let bodies = ["1", "2", "3"].map { Webhook.gitHub(id: $0, body: #"{"n":\#($0)}"#) }
            for webhook in bodies + [bodies[0]] { #expect(try await gateway.answer(to: webhook).status == 200) }
            #expect(try await gateway.answer(to: .gitHub(id: "1", body: #"{"n":"other"}"#)).status == 200)
            var keyless = Webhook.gitHub(body: #"{"n":4}"#)
            keyless[header: "x-github-delivery"] = nil
            #expect(try await gateway.answer(to: keyless).status == 200)
            #expect(try await gateway.answer(to: .gitHub(event: "ping")).status == 200)
            #expect(try await gateway.answer(to: .gitHub(event: "release")).status == 200)
            #expect(try await gateway.answer(to: .gitHub(body: #"{"n":"\ud800"}"#)).status == 200)
            var forged = bodies[0]
            forged[header: "x-hub-signature-256"] = Webhook.signature(of: [], secret: "no secret of the route's")
            #expect(try await gateway.answer(to: forged).status == 401)
            let large = Webhook.gitHub(body: String(repeating: "x", count: 65 << 10))
            #expect(try await gateway.answer(to: large).status == 413)
            var nowhere = bodies[0]
            nowhere.target = "/nowhere"
            #expect(try await gateway.answer(to: nowhere).status == 404)
            try await queue.store.jobs(reach: 5)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)

            let page = try await page(gateway)
            let counts: [String: Double] = [
                #"sluice_received_total{route="github"}"#: 11, #"sluice_ignored_total{route="github"}"#: 1,
                #"sluice_duplicates_total{route="github"}"#: 2, #"sluice_changed_bodies_total{route="github"}"#: 1,
                #"sluice_keys_missing_total{route="github"}"#: 1,
                #"sluice_repaired_surrogates_total{route="github"}"#: 1,
                #"sluice_jobs_committed_total{route="github"}"#: 5,
                #"sluice_dead_letters_total{route="github",reason="no_matching_rule"}"#: 1,
                #"sluice_refused_total{route="github",code="signature_invalid"}"#: 1,
                #"sluice_refused_total{route="github",code="body_too_large"}"#: 1,
                #"sluice_refused_total{route="",code="no_such_route"}"#: 1,
                "sluice_receive_to_durable_seconds_count": 6,
                "sluice_jobs_queued_total": 5, "sluice_durable_to_queued_seconds_count": 5,
                "sluice_queue_duplicates_total": 0,
                "sluice_batches_ambiguous_total": 0, "sluice_batches_failed_total": 0, "sluice_delivery_paused": 0,
                "sluice_unique_keys_withheld": 0, "sluice_outbox_dead_letters": 1, "sluice_outbox_parked_jobs": 0,
                "sluice_outbox_keys": 5, "sluice_outbox_oldest_undelivered_age_seconds": 0,
                "sluice_outbox_evicted_keys_total": 0,
                "sluice_outbox_limit_bytes": 10_737_418_240, "sluice_connections_limit": 500,
                "sluice_answered_nobody_total": 0,
                "sluice_route_table_version": 1, "sluice_reload_failing": 0, "sluice_memory_in_use_bytes": 0,
            ]
            for (name, value) in counts {
                #expect(page[name] == value, "\(name): \(page[name].map { "\($0)" } ?? "none")")
            }
            #expect((0..<60).contains(try #require(page[#"sluice_last_delivery_age_seconds{route="github"}"#])))
            // The dead letter is still here.
            #expect(try #require(page["sluice_outbox_bytes"]) > 256)
            #expect((1...2).contains(try #require(page["sluice_certificate_expiry_days"])))
            #expect(try #require(page["process_resident_memory_bytes"]) > 1_000_000)
            #expect(try #require(page["sluice_receive_to_durable_seconds_sum"]) > 0)
        }
        await queue.stop()
    }

    @Test("a provider that counts its attempts in the body does not change what 'compare' names")
    func compare() async throws {
        let routes = """
            routes:
              - name: counted
                path: /counted
                verify: none
                unique_key: ${body.id}
                compare: ${body.data}
                on_changed_body: accept
                jobs: [ { type: t } ]
            """
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes])) { gateway in
            for (data, attempt, jobs) in [(1, 1, "1"), (1, 2, "0"), (2, 3, "1"), (1, 4, "0")] {
                let body = #"{"id":7,"attempt":\#(attempt),"data":{"n":\#(data)}}"#
                let webhook = Webhook(target: "/counted", headers: [(name: "host", value: "h")], body: Array(body.utf8))
                let answer = try await gateway.answer(to: webhook)
                #expect(answer[member: "jobs"] == jobs, "\(body): \(answer)")
            }
            #expect(try await gateway.metric(#"sluice_changed_bodies_total{route="counted"}"#) == 1)
            #expect(try await gateway.metric(#"sluice_duplicates_total{route="counted"}"#) == 2)
        }
    }

    @Test("problems on the way to Zizq are counted")
    func delivery() async throws {
        let queue = try await TestQueue.start()
        await queue.stop()
        try await GatewayUnderTest.run(GatewaySetup(routes: Self.routes, queue: queue.url)) { gateway in
            for n in [1, 2, 2] {
                #expect(try await gateway.answer(to: .gitHub(event: "batched", body: #"{"n":\#(n)}"#)).status == 200)
            }
            try await gateway.record { $0.message == QueueFaultTests.again }
            // What the outbox holds is published behind the answers.
            try await gateway.untilMetric("sluice_outbox_jobs", is: 3)
            let before = try await page(gateway)
            #expect(try #require(before["sluice_outbox_oldest_undelivered_age_seconds"]) > 0)
            #expect(try #require(before["sluice_batches_failed_total"]) >= 1)
            #expect(before["sluice_batches_ambiguous_total"] == 0)

            queue.store.setFault(.dropBeforeCommit, count: 1)
            try await queue.restart()
            try await queue.store.jobs(reach: 2)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            let after = try await page(gateway)
            #expect(after["sluice_batches_ambiguous_total"] == 1)
            #expect(after["sluice_jobs_queued_total"] == 3)

            // Its key is held by an older job, and it is sent for the first time. So was the third one, if it went in a
            // batch of its own.
            let held = try #require(after["sluice_queue_duplicates_total"])
            #expect(try await gateway.answer(to: .gitHub(event: "batched", body: #"{"n":1}"#)).status == 200)
            try await gateway.untilMetric("sluice_queue_duplicates_total", is: held + 1)

            queue.store.setFault(.htmlBadRequest)
            #expect(try await gateway.answer(to: .gitHub(event: "batched", body: #"{"n":3}"#)).status == 200)
            try await gateway.untilMetric("sluice_delivery_paused", is: 1)
        }
        await queue.stop()
    }

    @Test("reloads are counted by their outcome")
    func reloads() async throws {
        try await GatewayUnderTest.run { gateway in
            #expect(try await gateway.command("reload").ending == .exited(0))
            try gateway.folder.write("routes: 7\n", to: "routes/broken.yaml")
            #expect(try await gateway.command("reload").ending == .exited(1))
            let page = try await page(gateway)
            #expect(page[#"sluice_reloads_total{result="success"}"#] == 2)
            #expect(try #require(page[#"sluice_reloads_total{result="failure"}"#]) >= 1)
            #expect(page["sluice_reload_failing"] == 1)
        }
    }
}

extension DevQueueStore {
    /// Waits until so many jobs are here.
    fileprivate func jobs(reach count: Int) async throws {
        await withCheckedContinuation { continuation in whenJobs(reach: count) { continuation.resume() } }
    }
}
