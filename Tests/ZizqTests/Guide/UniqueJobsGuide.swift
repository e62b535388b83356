import DevQueue
import Testing
import Zizq

extension Guide {
    // example a kind with a key
    struct SendWelcome: JobKind {
        static let name = "send_welcome"
        static let uniqueWhile: UniqueScope? = .active

        var userID: Int
        var campaign: String

        var uniqueKey: UniqueKey? { .taggedHash(Self.name, of: [String(userID), campaign]) }
    }
    // end

    @Suite struct UniqueJobs {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("unique-jobs.md").expectExamples() }

        @Test("a second job with the key is a duplicate of the first")
        func duplicates() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                // example duplicate
                let first = try await client.enqueue(SendWelcome(userID: 42, campaign: "spring"))
                let second = try await client.enqueue(SendWelcome(userID: 42, campaign: "spring"))
                if second.duplicate { print("\(second.id) already exists") }
                // end
                #expect(!first.duplicate && second.duplicate)
                #expect(second.id == first.id)
                #expect(store.jobCount == 1)
                let stored = try #require(store.jobs.first)
                #expect(stored.uniqueWhile?.rawValue == "active")
                let key = "send_welcome:99bce33f4a8dcc885813384a1582a38252a33f873d6eac7dcf0fbe36c220c89d"
                #expect(stored.uniqueKey == key)
                #expect(try GuidePage("unique-jobs.md").text.contains("`\(key)`"))
            }
        }

        @Test("a key is given as it is, or made of a value")
        func keys() {
            // example keys
            let raw = UniqueKey.raw("rebuild_index")
            let hash = UniqueKey.hash(of: ["user": "42", "campaign": "spring"])
            let tagged = UniqueKey.taggedHash("send_email", of: "alice@example.com")
            // end
            #expect(raw.key == "rebuild_index")
            #expect(hash == UniqueKey.hash(of: ["campaign": "spring", "user": "42"]))
            #expect(hash.key.count == 64)
            #expect(tagged.key == "send_email:b595101af3afe93343acb7181bc1593573485685c06d714e9a9398b0207f8952")
        }

        @Test("the canonical form is what the page spells out")
        func canonical() {
            struct Odd: Encodable {
                var yes = true
                var text = "\"\\/\n\u{1F}é"
                var number = UInt64.max
                var list = [1.5, 100, 1e16, 1e-5, -0.0]
            }
            // {"list":[1.5,100.0,1e+16,1e-05,-0.0],"number":18446744073709551615,"text":"\"\\/\n\u001fé","yes":true}
            #expect(UniqueKey.hash(of: Odd()).key == "9d632f4c51ebe9a6c8d080bc7a34341990341410b1e9ba1eaee644328042ecc9")
        }

        @Test("an override gives a key, or another one than the kind's, in the scope that it names")
        func overrides() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                // example override
                try await client.enqueue(Enqueue(RebuildIndex()).uniqueKey(.raw("rebuild_index")))
                try await client.enqueue(
                    Enqueue(SendEmail(to: "alice@example.com")).uniqueKey(.raw("mail-1").scoped(.exists)))
                // end
                #expect(store.jobs.map(\.uniqueKey) == ["rebuild_index", "mail-1"])
                #expect(store.jobs.map(\.uniqueWhile?.rawValue) == [nil, "exists"])
            }
        }

        @Test("the scope says until when the key is held")
        func scopes() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                let job = SendWelcome(userID: 1, campaign: "x")
                try await client.enqueue(job)
                for try await taken in client.take(SendWelcome.self) {
                    // It is running: `active` still holds, `queued` would not.
                    #expect(try await client.enqueue(job).duplicate)
                    try await client.success(taken.id)
                    break
                }
                #expect(try await !client.enqueue(job).duplicate)
            }
        }

        @Test("in a bulk each job tells whether it was a duplicate")
        func bulk() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                // example bulk
                var bulk = client.enqueueBulk()
                for user in [1, 2, 1] { try bulk.push(SendWelcome(userID: user, campaign: "spring")) }
                let jobs = try await bulk.send()
                print("\(jobs.count { !$0.duplicate }) of \(jobs.count) are new")
                // end
                #expect(jobs.map(\.duplicate) == [false, false, true])
                #expect(store.jobCount == 2)
            }
        }

        @Test("without a licence nothing of the request is enqueued, and the error says so")
        func licence() async throws {
            try await Guide.withQueue { store, client in
                // example licence
                do throws(ZizqError) {
                    try await client.enqueue(SendWelcome(userID: 42, campaign: "spring"))
                } catch {
                    guard error.isLicence else { throw error }
                    print(error)  // the server answered 403: unique jobs requires a pro license
                }
                // end
                let error = await #expect(throws: ZizqError.self) {
                    try await client.enqueue(SendWelcome(userID: 1, campaign: "x"))
                }
                #expect(error?.description == "the server answered 403: unique jobs requires a pro license")
                #expect(error?.licensedFeature == .uniqueJobs)
                #expect(store.jobCount == 0)
            }
        }

        @Test("a value without a JSON form makes no key, and the job is refused")
        func noKey() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                let job = Enqueue(RebuildIndex()).uniqueKey(.hash(of: Double.nan))
                let error = await #expect(throws: ZizqError.self) { try await client.enqueue(job) }
                #expect(error?.description.hasPrefix("a unique key cannot be made of this value") == true)
                #expect(store.statistics.enqueueRequests == 0)
            }
        }
    }
}
