import DevQueue
import SluiceNet
import Testing
import Zizq

extension Guide {
    @Suite struct Workers {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("workers.md").expectExamples() }

        /// Stands for the work.
        private struct Mailer: Sendable {
            struct Away: Error {}

            var isAway = false

            func send(_ email: SendEmail) async throws { if isAway { throw Away() } }
        }

        /// Runs a worker, which has no end of its own, until `isDone` holds.
        private func work(until isDone: () async throws -> Bool, _ worker: @escaping @Sendable () async throws -> Void)
            async throws
        {
            let task = Task { try await worker() }
            while try await !isDone() { await Task.yield() }
            task.cancel()
            do {
                try await task.value
            } catch let error as ZizqError where error.isCancelled {
                // The server was done before the worker had read the answer to its last report.
            }
        }

        @Test("jobs of one kind are taken as values")
        func typed() async throws {
            try await Guide.withQueue { store, client in
                let mailer = Mailer()
                try await client.enqueueBulk().add(SendEmail(to: "alice@example.com")).add(
                    SendEmail(to: "bob@example.com")
                ).send()
                try await work(until: { store.jobs.isEmpty }) {
                    // example typed
                    for try await taken in client.take(SendEmail.self) {
                        do {
                            try await mailer.send(taken.value)
                        } catch {
                            try await client.failure(taken.id, message: "\(error)")
                            continue
                        }
                        try await client.success(taken.id)
                    }
                    // end
                }
            }
        }

        @Test("jobs of several kinds are taken from several queues, and distinguished by their type")
        func raw() async throws {
            try await Guide.withQueue { store, client in
                let mailer = Mailer()
                try await client.enqueueBulk().add(SendEmail(to: "alice@example.com")).add(RebuildIndex()).add(
                    ImportRow(number: 1)
                ).send()
                try await work(until: { store.jobs.map(\.status.rawValue) == ["dead"] }) {
                    // example raw
                    for try await job in client.take(queues: ["emails", "default"]) {
                        switch job.type {
                        case SendEmail.name: try await mailer.send(job.decode(SendEmail.self))
                        case RebuildIndex.name: print("rebuilding")
                        default:
                            try await client.failure(job.id, message: "no handler for \(job.type)", kill: true)
                            continue
                        }
                        try await client.success(job.id)
                    }
                    // end
                }
                #expect(store.jobs.map(\.type) == ["import_row"])
            }
        }

        @Test("several jobs are processed concurrently, as many as are prefetched")
        func concurrent() async throws {
            try await Guide.withQueue { store, client in
                let mailer = Mailer()
                var bulk = client.enqueueBulk()
                for number in 1...40 { try bulk.push(SendEmail(to: "\(number)@example.com")) }
                try await bulk.send()
                try await work(until: { store.jobs.isEmpty }) {
                    // example concurrent
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await taken in client.take(SendEmail.self, prefetch: 8) {
                            group.addTask {
                                do {
                                    try await mailer.send(taken.value)
                                } catch {
                                    try await client.failure(taken.id, message: "\(error)")
                                    return
                                }
                                try await client.success(taken.id)
                            }
                        }
                    }
                    // end
                }
            }
        }

        @Test("a cancelled worker returns its unreported jobs")
        func cancelled() async throws {
            try await Guide.withQueue { store, client in
                try await client.enqueue(SendEmail(to: "alice@example.com"))
                // example cancelled
                let worker = Task {
                    for try await taken in client.take(SendEmail.self) { print("working on \(taken.id)") }
                }
                // Later, when the process should stop:
                worker.cancel()
                try await worker.value
                // end
                while store.jobs.map(\.status.rawValue) != ["ready"] { await Task.yield() }
            }
        }

        @Test("leaving the loop returns jobs, too, and later reports are not found")
        func left() async throws {
            try await Guide.withQueue { store, client in
                try await client.enqueue(SendEmail(to: "alice@example.com"))
                var id = ""
                for try await taken in client.take(SendEmail.self) {
                    id = taken.id
                    break
                }
                while store.jobs.map(\.status.rawValue) != ["ready"] { await Task.yield() }
                // example too late
                do throws(ZizqError) {
                    try await client.success(id)
                } catch {
                    guard error.isNotFound else { throw error }
                    print("it is back in its queue, or already done")
                }
                // end
            }
        }

        @Test("several jobs are reported in one request, which says whose were lost")
        func bulk() async throws {
            try await Guide.withQueue { store, client in
                try await client.enqueueBulk().add(RebuildIndex()).add(RebuildIndex()).add(RebuildIndex()).send()
                // example bulk success
                var done: [String] = []
                for try await job in client.take(queues: ["default"], prefetch: 3) {
                    done.append(job.id)
                    if done.count == 3 {
                        let lost = try await client.success(done)
                        print("\(lost.count) of them were no longer in flight")
                        break
                    }
                }
                // end
                #expect(store.jobs.isEmpty)
                #expect(try await client.success(done) == done)
            }
        }

        @Test("a failed job is retried after the backoff, after a given time, or never")
        func failures() async throws {
            try await Guide.withQueue { store, client in
                try await client.enqueueBulk().add(RebuildIndex()).add(RebuildIndex()).add(RebuildIndex()).send()
                var taken: [Job] = []
                for try await job in client.take(prefetch: 3) {
                    taken.append(job)
                    guard taken.count == 3 else { continue }
                    let (first, second, third) = (taken[0], taken[1], taken[2])
                    // example failures
                    let later = try await client.failure(first.id, message: "the index is locked", errorType: "locked")
                    print("\(later.status) for \(later.readyAt), failed \(later.attempts) times")

                    try await client.failure(second.id, message: "too many requests", retryIn: .seconds(60))

                    let dead = try await client.failure(third.id, message: "no such index", kill: true)
                    print(dead.status)  // dead
                    // end
                    #expect(later.status == .scheduled && later.attempts == 1)
                    #expect(dead.status == .dead)
                    break
                }
                #expect(store.jobs.map(\.status.rawValue) == ["scheduled", "scheduled", "dead"])
                #expect(store.jobs[1].readyAt > store.jobs[0].readyAt)
            }
        }

        @Test("a job that is not of the kind is reported as failed, and the next one is taken")
        func unreadable() async throws {
            try await Guide.withQueue { store, client in
                try await client.enqueue(
                    RawJob(Array(#"{"type":"send_email","queue":"emails","payload":{"to":7}}"#.utf8)))
                try await client.enqueue(SendEmail(to: "alice@example.com"))
                for try await taken in client.take(SendEmail.self) {
                    #expect(taken.value.to == "alice@example.com")
                    break
                }
                #expect(store.jobs.first?.status.rawValue == "scheduled")
            }
        }

        @Test("a stream that breaks off is opened again")
        func reconnects() async throws {
            let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
            let store = DevQueueStore()
            let first = try await DevQueueServer(store: store, address: address)
            let client = try ZizqClient(ZizqConfiguration(url: first.url()))
            var jobs = client.take(SendEmail.self, prefetch: 2).makeAsyncIterator()
            try await client.enqueue(SendEmail(to: "alice@example.com"))
            let before = try await jobs.next()
            await first.stop()
            let second = try await DevQueueServer(store: store, address: first.address)
            let again = try await jobs.next()
            #expect(again?.id == before?.id, "what was taken before comes again")
            await client.shutdown()
            await second.stop()
        }
    }
}
