import DevQueue
import SluiceCrypto
import Testing

/// What route files say about elements, replies, rates and senders, on the way of a delivery through the shipped
/// binary.
@Suite struct RouteLanguageTests {
    private static let routes = """
        routes:
          - name: items
            path: /items/{tenant}
            verify: none
            each: ${body.items}
            unique_key: ${item.id}
            jobs:
              - { when: { item.type: a }, type: made-a, payload: "${item.id}" }
            otherwise: dead_letter
          - name: all
            path: /all
            verify: none
            match: all
            rate: { limit: 2, per: 1h }
            reply: { status: 202, headers: { X-Id: "${delivery.id}" }, body: { id: "${delivery.id}" } }
            unique_key: ${body.id}
            jobs: [ { type: one }, { when: { body.both: true }, type: two } ]
            otherwise: ignore
          - name: local
            path: /local
            verify: none
            allow_from: [ 203.0.113.0/24 ]
            public_url: https://hooks.example.com
            jobs: [ { type: local, payload: { url: "${url}", from: "${delivery.remote_address}" } } ]
        """

    private static func post(_ target: String, _ body: String) -> Webhook {
        Webhook(
            target: target, headers: [(name: "host", value: "h"), (name: "content-type", value: "application/json")],
            body: Array(body.utf8)
        )
    }

    private func run(
        _ queue: TestQueue, settings: [String: String] = [:], _ test: @escaping (GatewayUnderTest) async throws -> Void
    ) async throws {
        let setup = GatewaySetup(settings: settings, routes: ["r.yaml": Self.routes], queue: queue.url)
        try await GatewayUnderTest.run(setup, test)
        await queue.stop()
    }

    @Test(
        "new elements with their own keys are stored, the others are counted, and tenants do not share keys"
    )
    func elements() async throws {
        let queue = try await TestQueue.start()
        try await run(queue) { gateway in
            let one = try await gateway.answer(
                to: Self.post("/items/x", #"{"items":[{"id":1,"type":"a"},{"id":2,"type":"a"}]}"#))
            #expect(one[member: "jobs"] == "2" && one[member: "duplicates"] == nil, "\(one)")
            let two = try await gateway.answer(
                to: Self.post("/items/x", #"{"items":[{"id":2,"type":"a"},{"id":3,"type":"a"}]}"#))
            #expect(
                two[member: "jobs"] == "1" && two[member: "duplicate"] == "0" && two[member: "duplicates"] == "1",
                "\(two)")
            let again = try await gateway.answer(to: Self.post("/items/x", #"{"items":[{"id":1,"type":"a"}]}"#))
            #expect(again[member: "duplicate"] == "1" && again[member: "id"] == one[member: "id"], "\(again)")
            let other = try await gateway.answer(to: Self.post("/items/y", #"{"items":[{"id":1,"type":"a"}]}"#))
            #expect(other[member: "jobs"] == "1", "\(other)")
            // The metric may still be that of before the last job.
            try await queue.arrivals(4)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(queue.store.statistics.acceptedJobs == 4)
        }
    }

    @Test(
        "a dead letter of one element is rendered again without the others, and stays while the route does not find that element"
    )
    func retry() async throws {
        let queue = try await TestQueue.start()
        try await run(queue) { gateway in
            let answer = try await gateway.answer(
                to: Self.post("/items/x", #"{"items":[{"id":1,"type":"a"},{"id":2,"type":"b"}]}"#))
            #expect(answer[member: "jobs"] == "1" && answer[member: "dead_letters"] == "1", "\(answer)")
            try gateway.folder.write(
                Self.routes.replacing("each: ${body.items}", with: "each: ${body.none ?? null}"), to: "routes/r.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let stays = try await gateway.command("dead", "retry", "1")
            #expect(
                stays.output == "dead letter 1: body_unreadable: the route no longer finds element 2 in the request\n"
            )
            try gateway.folder.write(
                Self.routes.replacing("item.type: a", with: "item.type: [a, b]"), to: "routes/r.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            #expect(try await gateway.command("dead", "retry", "1").output == "dead letter 1: now job 2\n")
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(queue.store.statistics.acceptedJobs == 2)
        }
    }

    @Test(
        "the reply is the route's, a duplicate's names the first delivery, and a used up rate is 429 with Retry-After, also after a reload"
    )
    func replyAndRate() async throws {
        let queue = try await TestQueue.start()
        try await run(queue) { gateway in
            let first = try await gateway.answer(to: Self.post("/all", #"{"id":1,"both":true}"#))
            #expect(first.status == 202 && first[header: "x-id"] == first[member: "id"], "\(first)")
            let second = try await gateway.answer(to: Self.post("/all", #"{"id":1,"both":true}"#))
            #expect(
                second.status == 202 && second.text == first.text && second[header: "x-id"] == first[header: "x-id"],
                "\(second)")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let third = try await gateway.answer(to: Self.post("/all", #"{"id":2}"#))
            #expect(third.status == 429 && third.code == "rate_limited", "\(third)")
            // A token comes back in half an hour.
            let seconds = third[header: "retry-after"].flatMap { Int($0) } ?? 0
            #expect((1700...1800).contains(seconds))
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(queue.store.statistics.acceptedJobs == 2)
            // Another rate is another bucket.
            try gateway.folder.write(Self.routes.replacing("limit: 2", with: "limit: 3"), to: "routes/r.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            #expect(try await gateway.answer(to: Self.post("/all", #"{"id":2}"#)).status == 202)
        }
    }

    @Test("`allow_from` uses the sender behind a trusted proxy")
    func addresses() async throws {
        let queue = try await TestQueue.start()
        try await run(queue, settings: ["trusted_proxies": "127.0.0.0/8"]) { gateway in
            var webhook = Self.post("/local?a=1", "{}")
            let direct = try await gateway.answer(to: webhook)
            #expect(direct.status == 403 && direct.code == "address_not_allowed", "\(direct)")
            webhook[header: "x-forwarded-for"] = "198.51.100.1"
            #expect(try await gateway.answer(to: webhook).status == 403)
            webhook[header: "x-forwarded-for"] = "203.0.113.9"
            #expect(try await gateway.answer(to: webhook).status == 200)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            let shown = try await gateway.command("outbox", "show", "1")
            #expect(
                shown.output.contains(#"{"url":"https://hooks.example.com/local?a=1","from":"203.0.113.9"}"#),
                "\(shown)")
        }
    }
}
