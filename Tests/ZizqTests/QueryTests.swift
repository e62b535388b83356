import DevQueue
import Testing

@testable import Zizq

@Suite struct QueryTests {
    @Test("a job is shown with its payload, which may be read as its kind and as no other")
    func job() async throws {
        try await QueueFixture.run(isLicensed: true) { _, client in
            let enqueued = try await client.enqueue(Charge(invoice: "ü"))
            let job = try await client.job(enqueued.id)
            #expect(
                job.id == enqueued.id && job.type == "charge" && job.queue == "billing" && job.priority == 7
                    && job.status == .ready)
            #expect(job.retryLimit == 3 && job.backoff == Charge.backoff && job.retention == Charge.retention)
            #expect(job.uniqueKey == "charge:ü" && job.uniqueWhile == .exists)
            #expect(job.payload.map { String(decoding: $0, as: UTF8.self) } == #"{"invoice":"ü"}"#)
            #expect(try job.decode(Charge.self) == Charge(invoice: "ü"))
            let other = #expect(throws: ZizqError.self) { try job.decode(SendEmail.self) }
            guard case .decoding(let why) = other else { Issue.record("\(String(describing: other))"); return }
            #expect(why.message.contains("charge"), "\(why.message)")
        }
    }

    @Test("a job that is not there is not found; an identifier cannot lead to another path")
    func missing() async throws {
        try await QueueFixture.run { _, client in
            for id in ["03aaaaaaaaaaaaaaaaaaaaaaa", "x", "a/../b", "?", "count"] {
                let error = await failure { () throws(ZizqError) in try await client.job(id) }
                #expect(
                    error?.status == (id == "count" ? nil : 404) || error?.status == 400,
                    "\(id): \(String(describing: error))")
            }
            for id in ["", ".", ".."] {
                let error = await failure { () throws(ZizqError) in try await client.job(id) }
                #expect(error == .invalidArgument("'\(id)' is not a job identifier"))
            }
        }
    }

    /// Jobs of all sorts.
    private func fill(_ client: ZizqClient) async throws -> [EnqueuedJob] {
        try await client.enqueueBulk()
            .add(Page(1)).add(Page(2)).add(SendEmail(to: "a"))
            .add(Enqueue(SendEmail(to: "b")).priority(5))
            .add(Enqueue(Rebuild()).readyAt(Timestamp(millisecondsSinceEpoch: 4_000_000_000_000)).priority(60_000))
            .send()
    }

    @Test("a filter counts and lists the jobs that match all its conditions")
    func filters() async throws {
        try await QueueFixture.run { _, client in
            let ids = try await fill(client).map(\.id)
            let far = Timestamp(millisecondsSinceEpoch: 4_000_000_000_000)
            let rows: [(JobFilter, [Int])] = [
                (JobFilter(), [0, 1, 2, 3, 4]), (JobFilter().queues(["emails"]), [2, 3]),
                (JobFilter().queues(["default", "emails"]).types(["page"]), [0, 1]),
                (JobFilter().types(["page", "rebuild"]), [0, 1, 4]), (JobFilter().statuses([.scheduled]), [4]),
                (JobFilter().statuses([.ready, .dead]), [0, 1, 2, 3]),
                (JobFilter().ids([ids[1], ids[4]]), [1, 4]), (JobFilter().priority(5), [3]),
                (JobFilter().priority(5...32768), [0, 1, 2, 3]),
                (JobFilter().priority(50_000...), [4]), (JobFilter().priority(...10), [3]),
                (JobFilter().readyAt(far), [4]),
                (JobFilter().readyAt(...Timestamp.now), [0, 1, 2, 3]), (JobFilter().readyAt(far...), [4]),
                (JobFilter().attempts(0), [0, 1, 2, 3, 4]),
                (JobFilter().attempts(1...), []), (JobFilter().queues([]), []),
                (JobFilter().ids([]).types(["page"]), []),
            ]
            for (filter, expected) in rows {
                let count = try await client.count(filter)
                #expect(count == expected.count, "\(filter)")
                var listed: [String] = []
                for try await job in client.jobs(filter, pageSize: 2) { listed.append(job.id) }
                #expect(listed == expected.map { ids[$0] }, "\(filter)")
            }
            let names = try await client.queues()
            #expect(names.sorted() == ["default", "emails"])
        }
    }

    @Test("a list continues over all pages, from either end")
    func pages() async throws {
        try await QueueFixture.run { _, client in
            let ids = try await client.enqueueChunks(of: (0..<45).map { Page($0) }).reduce(into: [String]()) {
                $0 += $1.jobs.map(\.id)
            }
            var sizes: [Int] = []
            for try await page in client.jobPages(pageSize: 20) { sizes.append(page.count) }
            #expect(sizes == [20, 20, 5])
            var newest: [Int] = []
            for try await job in client.jobs(order: .descending, pageSize: 7) {
                newest.append(try job.decode(Page.self).number)
            }
            #expect(newest == (0..<45).reversed())
            // The next page is asked for only where it is needed.
            var first: [String] = []
            for try await job in client.jobs(pageSize: 10) {
                first.append(job.id)
                if first.count == 3 { break }
            }
            #expect(first == Array(ids.prefix(3)))
        }
    }

    @Test("query values are escaped")
    func escapes() {
        #expect(JobFilter().query().isEmpty)
        #expect(
            JobFilter().queues(["a&b", "c d"]).payload(jq: ".to == \"ü\"").query()
                == "filter=.to%20%3D%3D%20%22%C3%BC%22&queue=a%26b%2Cc%20d")
        #expect(JobFilter().priority(1).priority(2...3).query(adding: ["limit": "5"]) == "limit=5&priority=2..3")
    }

    @Test("a refused filter comes with the server's words")
    func refused() async throws {
        try await QueueFixture.run { _, client in
            let error = await failure { () throws(ZizqError) in try await client.count(JobFilter().payload(jq: ".[")) }
            #expect(error?.status == 400)
        }
    }

    @Test("a name that would be two in a list, or none, is refused")
    func lists() async throws {
        try await QueueFixture.run { queue, client in
            for name in ["a,b", ""] {
                let counted = await failure { () throws(ZizqError) in try await client.count(JobFilter().queues([name]))
                }
                #expect(
                    counted?.description
                        == "values of the filter 'queue' must not be empty or contain a comma")
                var listed = client.jobs(JobFilter().types([name])).makeAsyncIterator()
                let error = await #expect(throws: ZizqError.self) { try await listed.next() }
                #expect(
                    error?.description
                        == "values of the filter 'type' must not be empty or contain a comma")
                var taken = client.take(queues: ["q", name]).makeAsyncIterator()
                let refused = await #expect(throws: ZizqError.self) { try await taken.next() }
                #expect(refused?.description.hasPrefix("the name of a queue must not ") == true)
            }
        }
    }
}
