import SluiceBase
import SluiceHTTP
import Testing

@testable import DevQueue

/// Unique keys and batches over the life of the job that holds them.
@Suite struct UniqueLifeTests {
    private let queue = QueueUnderTest(isLicensed: true)

    private func isDuplicate(_ members: String) throws -> Bool {
        try queue.answer("POST", "/jobs", body: job(members)).text.contains(#""duplicate":true"#)
    }

    @Test(
        "a key is held while the holder is in the states that its scope names, and free with its record",
        arguments: [
            (.queued, [true, false, true, false, false]), (.active, [true, true, true, false, false]),
            (.exists, [true, true, true, true, false]),
        ] as [(UniqueScope, [Bool])])
    func scopes(scope: UniqueScope, expected: [Bool]) throws {
        // A probe must not become the holder, so each state has a key of its own.
        let reach: [(JobWorkers.ID) throws -> Void] = [
            { _ in },
            { _ = queue.store.takeJob(for: $0) },
            { try fail($0, #"{"message":"m"}"#) },
            { try fail($0, #"{"message":"m","kill":true}"#) },
            {
                try fail($0, #"{"message":"m","kill":true}"#)
                queue.time.advance(by: .seconds(8 * 24 * 3600))
            },
        ]
        var held: [Bool] = []
        for (number, step) in reach.enumerated() {
            _ = try queue.answer("POST", "/reset")
            let members = #""unique_key":"k\#(number)","unique_while":"\#(scope.rawValue)""#
            #expect(try !isDuplicate(members))
            let taker = try queue.taker()
            try step(taker)
            held.append(try isDuplicate(members))
            queue.store.closeWorker(taker)
        }
        #expect(held == expected)
    }

    private func fail(_ taker: JobWorkers.ID, _ body: String) throws {
        let job = try #require(queue.store.takeJob(for: taker))
        #expect(try queue.answer("POST", "/jobs/\(job.id.text)/failure", body: body).status == 200)
    }

    @Test("a completed job that its retention keeps holds its key with the widest scope alone")
    func completed() throws {
        for scope in UniqueScope.allCases {
            _ = try queue.answer("POST", "/reset")
            let members = #""unique_key":"k","unique_while":"\#(scope.rawValue)","retention":{"completed_ms":10}"#
            #expect(try !isDuplicate(members))
            let taken = try #require(queue.store.takeJob(for: try queue.taker()))
            #expect(try queue.answer("POST", "/jobs/\(taken.id.text)/success").status == 204)
            #expect(try isDuplicate(members) == (scope == .exists))
        }
    }

    @Test("the record of an older holder that goes leaves the key with the younger one")
    func olderHolder() throws {
        let members = #""unique_key":"k""#
        #expect(try !isDuplicate(members))
        let older = try #require(queue.store.takeJob(for: try queue.taker()))
        #expect(try !isDuplicate(members))
        #expect(try queue.answer("POST", "/jobs/\(older.id.text)/success").status == 204)
        #expect(try isDuplicate(members))
    }

    @Test("a batch is sealed when its first job is taken; a job for later takes no part in any")
    func batches() throws {
        let batched = job(#""batch":{"key":"b","when":"true","fold":"$new"}"#)
        let later = job(#""batch":{"key":"b","when":"true","fold":"$new"},"ready_at":\#(queue.store.now() + 1000)"#)
        #expect(try queue.answer("POST", "/jobs", body: later).status == 201)
        #expect(try queue.answer("POST", "/jobs", body: batched).status == 201)
        #expect(try queue.answer("POST", "/jobs", body: later).status == 201)
        #expect(try queue.answer("POST", "/jobs", body: batched).status == 422)
        #expect(queue.store.takeJob(for: try queue.taker()) != nil)
        #expect(try queue.answer("POST", "/jobs", body: batched).status == 201)
        #expect(try queue.answer("POST", "/jobs", body: batched).status == 422)
    }
}
