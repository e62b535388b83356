import DevQueue
import Testing
import Zizq

extension Guide {
    @Suite struct Querying {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("querying.md").expectExamples() }

        private func fill(_ client: ZizqClient) async throws {
            try await client.enqueueBulk()
                .add(SendEmail(to: "alice@example.com"))
                .add(Enqueue(SendEmail(to: "bob@example.com")).priority(50))
                .add(Enqueue(RebuildIndex()).delay(.seconds(3600)))
                .send()
        }

        @Test("a job is looked up with its payload")
        func job() async throws {
            try await Guide.withQueue { _, client in
                let id = try await client.enqueue(SendEmail(to: "alice@example.com")).id
                // example job
                let job = try await client.job(id)
                let email = try job.decode(SendEmail.self)
                print("\(job.type) to \(email.to) is \(job.status), has failed \(job.attempts) times")
                // end
                #expect(email.to == "alice@example.com")
                #expect(job.payload == Array(#"{"subject":"Welcome","to":"alice@example.com"}"#.utf8))
                let error = await #expect(throws: ZizqError.self) { try await client.job("03hafxki710pxbxgtmvmxkl9v") }
                #expect(error?.isNotFound == true)
            }
        }

        @Test("jobs are counted by their properties")
        func count() async throws {
            try await Guide.withQueue { _, client in
                try await fill(client)
                // example count
                let all = try await client.count()
                let waiting = try await client.count(JobFilter().queues(["emails"]).statuses([.ready]))
                // end
                #expect((all, waiting) == (3, 2))
            }
        }

        @Test("filters are put together, numbers by ranges")
        func filters() async throws {
            try await Guide.withQueue { _, client in
                try await fill(client)
                // example filters
                let now = Timestamp.now
                let urgent = JobFilter().types(["send_email"]).priority(...100)
                let dueSoon = JobFilter().statuses([.scheduled]).readyAt(now...(now + .seconds(7200)))
                let inTrouble = JobFilter().attempts(3...).queues(["emails", "default"])
                // end
                #expect(try await client.count(urgent) == 1)
                #expect(try await client.count(dueSoon) == 1)
                #expect(try await client.count(inTrouble) == 0)
                #expect(try await client.count(JobFilter().priority(50)) == 1)
                #expect(try await client.count(JobFilter().ids([])) == 0)
            }
        }

        @Test("a jq expression over the payload is sent as the filter")
        func payload() async throws {
            let requests = try await Guide.recording(answer: #"{"count":1}"#) { client in
                // example payload
                let toAlice = JobFilter().payload(jq: #".to == "alice@example.com""#)
                let count = try await client.count(toAlice)
                // end
                #expect(count == 1)
            }
            #expect(requests.map(\.line) == ["GET /jobs/count?filter=.to%20%3D%3D%20%22alice%40example.com%22"])
        }

        @Test("jobs are listed in either order, page by page or one by one")
        func list() async throws {
            try await Guide.withQueue { _, client in
                try await fill(client)
                // example list
                for try await job in client.jobs(JobFilter().queues(["emails"]), order: .descending) {
                    print(job.id, job.status, job.readyAt)
                }
                // end
                var ids: [String] = []
                for try await job in client.jobs(order: .descending, pageSize: 1) { ids.append(job.id) }
                #expect(ids == ids.sorted(by: >) && ids.count == 3)
                // example pages
                var count = 0
                for try await page in client.jobPages(JobFilter().statuses([.ready, .scheduled]), pageSize: 2) {
                    count += page.count
                }
                // end
                #expect(count == 3)
            }
        }

        @Test("the server is asked for its queues, its health and its version")
        func server() async throws {
            try await Guide.withQueue { _, client in
                try await fill(client)
                // example queues
                let queues = try await client.queues()
                // end
                #expect(queues == ["default", "emails"])
                // example health
                try await client.health()
                // end
                // example version
                let version = try await client.serverVersion()
                let fits = try await client.checkVersion()
                print(fits ? "server \(version)" : "server \(version) is newer than this client")
                // end
                #expect(version == "0.6.1" && fits)
            }
            try await Guide.withQueue(version: "1.0.0") { _, client in
                let fits = try await client.checkVersion()
                #expect(!fits)
            }
        }
    }
}
