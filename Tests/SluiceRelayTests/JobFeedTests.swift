import SluiceBase
import SluiceOutbox
import Testing

@testable import SluiceRelay

@Suite struct JobFeedTests {
    /// Stores jobs with payloads of these sizes and gives a feed of them.
    private func withFeed(_ sizes: [Int], _ test: (JobFeed) async throws -> Void) async throws {
        let delivery = try await RelayUnderTest(startsServer: false)
        do {
            try delivery.store(
                sizes.map {
                    SluiceBase.Job(type: "t", queue: "q", payload: Array(repeating: UInt8(ascii: "1"), count: $0))
                })
            while delivery.writer.status.pendingJobs < sizes.count { await Task.yield() }
            try await test(JobFeed(try delivery.makeReader()))
        } catch {
            await delivery.close()
            throw error
        }
        await delivery.close()
    }

    @Test("Jobs come once, in commit order, beyond the outbox's page of 500")
    func readsInOrder() async throws {
        try await withFeed(Array(repeating: 1, count: 1300)) { feed in
            var read: [[Int64]] = []
            for _ in 0..<3 { read.append(try await feed.take(maximumJobs: 1000, maximumBytes: 1 << 20).map(\.id)) }
            #expect(read.map(\.count) == [1000, 300, 0])
            #expect(read.flatMap { $0 } == Array(1...1300))
        }
    }

    @Test("The bytes of a batch are bounded, and a larger job comes alone")
    func boundsBytes() async throws {
        try await withFeed([3000, 3000, 50_000, 3000, 3000, 3000]) { feed in
            var read: [[Int64]] = []
            for _ in 0..<5 { read.append(try await feed.take(maximumJobs: 100, maximumBytes: 7000).map(\.id)) }
            #expect(read == [[1, 2], [3], [4, 5], [6], []])
        }
    }

    @Test("A feed begins where it is told to")
    func begins() async throws {
        try await withFeed(Array(repeating: 1, count: 10)) { feed in
            await feed.start(at: 8)
            let read = try await feed.take(maximumJobs: 100, maximumBytes: 7000)
            #expect(read.map(\.id) == [8, 9, 10])
        }
    }
}
