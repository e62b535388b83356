import DevQueue
import Testing
import Zizq

extension Guide {
    // example a kind with a batch
    struct Notify: JobKind {
        static let name = "notify"

        var platform: String
        var devices: [String]

        var batch: Batch? { .collecting(at: ".devices", upTo: 100, key: "notify:\(platform)", merging: .unique) }
    }
    // end

    // example a list
    struct WriteAudit: JobKind {
        static let name = "write_audit"

        var entries: [String]

        init(entries: [String]) { self.entries = entries }

        init(from decoder: any Decoder) throws { entries = try decoder.singleValueContainer().decode([String].self) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(entries)
        }

        var batch: Batch? { .collecting(at: ".", upTo: 1000, key: Self.name) }
    }
    // end

    @Suite struct BatchedJobs {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("batched-jobs.md").expectExamples() }

        @Test("a kind's batch is sent with each of its jobs")
        func collecting() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                // example folded
                let job = try await client.enqueue(Notify(platform: "ios", devices: ["d1", "d2"]))
                if job.folded { print("its devices were added to \(job.id)") }
                // end
                #expect(!job.folded)
                #expect(job.batch?.key == "notify:ios")
                let batch = try #require(store.jobs.first?.batch)
                let joined = "(($existing | .devices) + ($new | .devices))"
                #expect(batch.when == "\(joined) | length <= 100")
                #expect(batch.fold == "$existing | .devices = (\(joined) | unique)")
                let page = try GuidePage("batched-jobs.md").text
                #expect(page.contains("`\(joined) | length <= 100`"))
                #expect(page.contains("`$existing | .devices = (\(joined) | unique)`"))
            }
        }

        @Test("a job that was folded says so, with the identifier of the one that took it in")
        func folded() async throws {
            let answer = RecordingServer.job.replacing("}", with: #","duplicate":false,"folded":true}"#)
            let requests = try await Guide.recording(answer: answer) { client in
                let job = try await client.enqueue(Notify(platform: "ios", devices: ["d3"]))
                #expect(job.folded && job.id == "03hafxki710pxbxgtmvmxkl9v")
            }
            #expect(requests.count == 1)
        }

        @Test("a payload that is a list is collected as a whole")
        func list() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                let entries = WriteAudit(entries: ["login"])
                try await client.enqueue(entries)
                let stored = try #require(store.jobs.first)
                #expect(stored.payload == Array(#"["login"]"#.utf8))
                #expect(stored.batch?.fold == "(($existing | .) + ($new | .))")
            }
        }

        @Test("a batch may be written out, and given to one job")
        func expressions() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                // example expressions
                let newest = Batch(
                    key: "import_row", when: "true",
                    fold: "if $new.number > $existing.number then $new else $existing end")
                try await client.enqueue(Enqueue(ImportRow(number: 7)).batch(newest))
                // end
                #expect(store.jobs.first?.batch?.when == "true")
            }
        }

        @Test("a batch and a unique key exclude each other")
        func notBoth() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                let job = Enqueue(Notify(platform: "ios", devices: [])).uniqueKey(.raw("k"))
                let error = await #expect(throws: ZizqError.self) { try await client.enqueue(job) }
                #expect(error == .invalidArgument("a job has either a unique key or a batch"))
                #expect(store.statistics.enqueueRequests == 0)
            }
        }

        @Test("without a licence batches are refused")
        func licence() async throws {
            try await Guide.withQueue { _, client in
                let error = await #expect(throws: ZizqError.self) {
                    try await client.enqueue(Notify(platform: "ios", devices: []))
                }
                #expect(error?.licensedFeature == .batchedJobs)
            }
        }
    }
}
