import DevQueue
import FoundationEssentials
import Testing
import Zizq

extension Guide {
    // example a kind
    struct SendEmail: JobKind {
        static let name = "send_email"
        static let queue = "emails"

        var to: String
        var subject = "Welcome"
    }
    // end

    // example without a payload
    struct RebuildIndex: JobKind {
        static let name = "rebuild_index"
    }
    // end

    // example everything
    struct ChargeCard: JobKind {
        static let name = "charge_card"
        static let queue = "payments"
        static let priority: UInt16? = 100
        static let retryLimit: UInt32? = 5
        static let backoff: Backoff? = Backoff(base: .seconds(2), exponent: 3, jitter: .milliseconds(500))
        static let retention: Retention? = Retention(completed: .seconds(86_400), dead: .seconds(30 * 86_400))
        static let uniqueWhile: UniqueScope? = .exists

        var invoice: String
        var cents: Int

        var uniqueKey: UniqueKey? { .taggedHash(Self.name, of: invoice) }
    }
    // end

    // example a scalar
    struct ReindexPage: JobKind, RawRepresentable {
        static let name = "reindex_page"

        var rawValue: Int
    }
    // end

    // example other names
    struct CloseAccount: JobKind {
        static let name = "close_account"

        var userID: Int
        var closesAt: Date
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case userID = "user_id"
            case closesAt = "closes_at"
            case reason
        }
    }
    // end

    @Suite struct DefiningJobs {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("defining-jobs.md").expectExamples() }

        /// What the server has got of a job.
        private func stored(_ job: some Enqueueable) async throws -> DevQueueJob {
            var stored: DevQueueJob?
            try await Guide.withQueue(isLicensed: true) { store, client in
                try await client.enqueue(job)
                stored = store.jobs.first
            }
            return try #require(stored)
        }

        private func payload(_ job: DevQueueJob) -> String? { job.payload.map { String(decoding: $0, as: UTF8.self) } }

        @Test("a kind's value is the payload, and the kind says type and queue")
        func kinds() async throws {
            let email = try await stored(SendEmail(to: "alice@example.com"))
            #expect((email.type, email.queue) == ("send_email", "emails"))
            #expect(payload(email) == #"{"to":"alice@example.com","subject":"Welcome"}"#)
            let index = try await stored(RebuildIndex())
            #expect((index.type, index.queue) == ("rebuild_index", "default"))
            #expect(payload(index) == "{}")
        }

        @Test("the kind's options are sent with each of its jobs")
        func everything() async throws {
            let job = try await stored(ChargeCard(invoice: "2026-0042", cents: 1250))
            #expect(job.priority == 100)
            #expect(job.retryLimit == 5)
            #expect(job.backoff.map { [Double($0.base), Double($0.exponent), Double($0.jitter)] } == [2000, 3, 500])
            #expect(job.retention.map { [$0.completed, $0.dead] } == [86_400_000, 2_592_000_000])
            #expect(job.uniqueWhile?.rawValue == "exists")
            #expect(job.uniqueKey?.hasPrefix("charge_card:") == true)
        }

        @Test("payloads are what Codable makes of them")
        func payloads() async throws {
            #expect(payload(try await stored(ReindexPage(rawValue: 7))) == "7")
            let close = CloseAccount(userID: 42, closesAt: Date(timeIntervalSince1970: 1_800_000_000), reason: nil)
            #expect(payload(try await stored(close)) == #"{"user_id":42,"closes_at":"2027-01-15T08:00:00.000Z"}"#)
        }

        @Test("a name that the server would not take is refused before anything is sent")
        func names() async throws {
            try await Guide.withQueue { store, client in
                let error = await #expect(throws: ZizqError.self) {
                    try await client.enqueue(Enqueue(RebuildIndex()).queue("a,b"))
                }
                #expect(error == .invalidArgument("the queue of a job must not contain ','"))
                #expect(store.statistics.enqueueRequests == 0)
            }
        }
    }
}
