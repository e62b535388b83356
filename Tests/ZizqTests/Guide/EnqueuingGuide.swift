import DevQueue
import FoundationEssentials
import Testing
import Zizq

extension Guide {
    // example rows
    struct ImportRow: JobKind {
        static let name = "import_row"

        var number: Int
    }
    // end

    @Suite struct Enqueuing {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("enqueuing.md").expectExamples() }

        @Test("one job is enqueued, and its result returned")
        func one() async throws {
            try await Guide.withQueue { store, client in
                // example one
                let job = try await client.enqueue(SendEmail(to: "alice@example.com"))
                print("job \(job.id) is \(job.status) on \(job.queue)")
                // end
                #expect(store.jobs.map(\.id.text) == [job.id])
                #expect((job.status, job.queue, job.priority, job.attempts) == (.ready, "emails", 32768, 0))
            }
        }

        @Test("overrides are set one by one, apart from being sent")
        func overrides() async throws {
            try await Guide.withQueue { store, client in
                // example overrides
                let email = SendEmail(to: "alice@example.com", subject: "Your trial ends")
                let job = Enqueue(email)
                    .queue("slow-emails")
                    .priority(1000)
                    .delay(.seconds(3600))
                    .retryLimit(3)
                    .backoff(Backoff(base: .seconds(30), exponent: 2, jitter: .seconds(5)))
                    .retention(Retention(completed: .seconds(86_400)))
                let enqueued = try await client.enqueue(job)
                print("it may run at \(enqueued.readyAt)")
                // end
                let stored = try #require(store.jobs.first)
                #expect((stored.queue, stored.priority, stored.retryLimit) == ("slow-emails", 1000, 3))
                #expect(stored.backoff?.base == 30_000)
                #expect(stored.retention?.completed == 86_400_000)
                #expect(stored.status.rawValue == "scheduled")
                #expect(enqueued.readyAt - Timestamp.now > .seconds(3000))
                #expect(enqueued.retryLimit == 3)
                #expect(enqueued.backoff == Backoff(base: .seconds(30), exponent: 2, jitter: .seconds(5)))
            }
        }

        @Test("an override replaces the kind's option, and options that neither sets are not sent")
        func precedence() async throws {
            let requests = try await Guide.recording { client in
                // example precedence
                // The kind sets the queue "emails" and no priority.
                try await client.enqueue(SendEmail(to: "alice@example.com"))
                try await client.enqueue(Enqueue(SendEmail(to: "alice@example.com")).queue("urgent").priority(1))
                // end
            }
            let payload = #""payload":{"to":"alice@example.com","subject":"Welcome"}"#
            let expected = [
                #"{"type":"send_email","queue":"emails",\#(payload)}"#,
                #"{"type":"send_email","queue":"urgent",\#(payload),"priority":1}"#,
            ]
            #expect(requests.map(\.body) == expected)
            let page = try GuidePage("enqueuing.md").text
            for body in expected { #expect(page.contains(body)) }
        }

        @Test("a time is a moment or a delay")
        func times() async throws {
            try await Guide.withQueue { store, client in
                // example times
                let email = SendEmail(to: "alice@example.com")
                try await client.enqueue(Enqueue(email).delay(.seconds(600)))
                try await client.enqueue(Enqueue(email).readyAt(Timestamp.now + .seconds(600)))
                try await client.enqueue(Enqueue(email).runAt(Timestamp(Date(timeIntervalSinceNow: 600))))
                // end
                #expect(store.jobs.map(\.status.rawValue) == ["scheduled", "scheduled", "scheduled"])
            }
        }

        @Test("a chain enqueues all its jobs or none, of any kinds")
        func chain() async throws {
            try await Guide.withQueue { store, client in
                // example chain
                let jobs = try await client.enqueueBulk()
                    .add(SendEmail(to: "alice@example.com"))
                    .add(Enqueue(SendEmail(to: "bob@example.com")).delay(.seconds(60)))
                    .add(RebuildIndex())
                    .send()
                print(jobs.map(\.id))
                // end
                #expect(jobs.map(\.type) == ["send_email", "send_email", "rebuild_index"])
                #expect(store.statistics.enqueueRequests == 1)
                #expect(store.jobs.map(\.id.text) == jobs.map(\.id))
            }
        }

        @Test("push adds jobs in a loop")
        func push() async throws {
            try await Guide.withQueue { store, client in
                // example push
                var bulk = client.enqueueBulk()
                for name in ["alice", "bob", "carol"] {
                    try bulk.push(SendEmail(to: "\(name)@example.com"))
                }
                print("\(bulk.count) jobs in \(bulk.byteCount) bytes")
                let jobs = try await bulk.send()
                // end
                #expect(jobs.count == 3 && store.jobCount == 3)
                #expect(store.statistics.enqueueRequests == 1)
            }
        }

        @Test("a job that the server would refuse is named by its place, and those before it stay")
        func refusesOne() async throws {
            try await Guide.withQueue { store, client in
                // example refused
                var bulk = client.enqueueBulk()
                try bulk.push(RebuildIndex())
                do throws(ZizqError) {
                    try bulk.push(Enqueue(RebuildIndex()).queue("a,b"))
                } catch {
                    print(error)  // jobs[1]: the queue of a job must not contain ','
                }
                try await bulk.send()
                // end
                #expect(store.jobCount == 1)
                let error = #expect(throws: ZizqError.self) {
                    try client.enqueueBulk().add(RebuildIndex()).add(RawJob([]))
                }
                #expect(error?.description == "jobs[1]: a raw job is empty")
                var again = client.enqueueBulk()
                try again.push(RebuildIndex())
                let refused = #expect(throws: ZizqError.self) { try again.push(Enqueue(RebuildIndex()).queue("a,b")) }
                #expect(refused?.description == "jobs[1]: the queue of a job must not contain ','")
            }
        }

        @Test("a sequence of any length goes in chunks")
        func chunks() async throws {
            try await Guide.withQueue { store, client in
                // example chunks
                let rows = (1...2500).lazy.map { ImportRow(number: $0) }
                let count = try await client.enqueueChunks(of: rows).run()
                print("enqueued \(count) jobs")
                // end
                #expect(count == 2500 && store.jobCount == 2500)
                #expect(store.statistics.enqueueRequests == 3)
                #expect(store.statistics.largestBulk == 1000)
            }
        }

        @Test("chunks are seen one by one, from a sequence that comes in its own time, within limits")
        func chunkByChunk() async throws {
            try await Guide.withQueue { store, client in
                let numbers = AsyncStream { continuation in
                    for number in 1...450 { continuation.yield(number) }
                    continuation.finish()
                }
                // example chunk by chunk
                let limits = ChunkLimits(jobs: 200, bytes: 1024 * 1024)
                for try await chunk in client.enqueueChunks(of: numbers.map { ImportRow(number: $0) }, limits: limits) {
                    print("jobs \(chunk.range) are enqueued, the last as \(chunk.jobs.last?.id ?? "none")")
                }
                // end
                #expect(store.statistics.enqueueRequests == 3)
                #expect(store.jobCount == 450)
            }
        }

        @Test("kinds are mixed in a sequence of jobs of any kind")
        func anyKind() async throws {
            try await Guide.withQueue { store, client in
                // example any kind
                let jobs = [
                    AnyEnqueueable(SendEmail(to: "alice@example.com")),
                    AnyEnqueueable(Enqueue(RebuildIndex()).priority(1)),
                ]
                try await client.enqueueChunks(of: jobs).run()
                // end
                #expect(store.jobs.map(\.type) == ["send_email", "rebuild_index"])
            }
        }

        @Test("a failed chunk tells which jobs are enqueued, which are unknown, and which are not")
        func chunkFails() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.dropAfterCommit, count: 1)
                // example chunk fails
                let rows = (1...2500).map { ImportRow(number: $0) }
                do throws(ChunkedEnqueueError) {
                    try await client.enqueueChunks(of: rows).run()
                } catch {
                    print("enqueued: \(rows[error.enqueued].count)")
                    print("perhaps enqueued: \(rows[error.unknown].count)")
                    print("not enqueued: \(rows[error.notEnqueued].count), because \(error)")
                }
                // end
                #expect(store.jobCount == 1000)
                store.setFault(.dropAfterCommit, count: 1)
                let error = await #expect(throws: ChunkedEnqueueError.self) {
                    try await client.enqueueChunks(of: rows).run()
                }
                #expect(error?.enqueued == 0..<0)
                #expect(error?.unknown == 0..<1000)
                #expect(error?.notEnqueued.lowerBound == 1000)
                guard case .zizq(.transport) = error?.reason else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }

        @Test("jobs known not to be enqueued are enqueued by a second call")
        func goesOn() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.status(429, error: "busy"), count: 1)
                // example go on
                let rows = (1...2500).map { ImportRow(number: $0) }
                do throws(ChunkedEnqueueError) {
                    try await client.enqueueChunks(of: rows).run()
                } catch {
                    guard error.unknown.isEmpty else { throw error }
                    try await client.enqueueChunks(of: rows[error.notEnqueued]).run()
                }
                // end
                #expect(store.jobCount == 2500)
            }
        }

        @Test("a finished job object, or a finished request, goes out as it is")
        func raw() async throws {
            let requests = try await Guide.recording(answer: #"{"jobs":[\#(RecordingServer.job)]}"#) { client in
                // example raw bulk
                let body = #"{"jobs":[{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}]}"#
                let jobs = try await client.enqueueBulk(raw: Array(body.utf8), timeout: .seconds(60))
                // end
                #expect(jobs.count == 1)
            }
            #expect(requests.map(\.line) == ["POST /jobs/bulk"])
            #expect(
                requests[0].body
                    == #"{"jobs":[{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}]}"#)
            try await Guide.withQueue { store, client in
                // example raw job
                let object = #"{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}"#
                try await client.enqueue(RawJob(Array(object.utf8)))
                // end
                #expect(store.jobs.first?.payload == Array(#"{"to":"alice@example.com"}"#.utf8))
            }
        }
    }
}
