import SluiceBase
import SluiceOutbox
import Testing

@testable import SluiceRelay

@Suite struct JobFeedTests {
    /// Stores jobs with payloads of these sizes and gives a feed of them.
    private func withFeed(_ sizes: [Int], _ test: (JobFeed) async throws -> Void) async throws {
        try await withFeed(sizes.map { ("q", $0) }, isEarlier: false) { feed, _ in try await test(feed) }
    }

    /// - Parameter isEarlier: whether an earlier process stored them.
    private func withFeed(
        _ jobs: [(queue: String, size: Int)], isEarlier: Bool, _ test: (JobFeed, RelayUnderTest) async throws -> Void
    ) async throws {
        let delivery = try await RelayUnderTest(startsServer: false)
        do {
            try delivery.store(
                jobs.map {
                    SluiceBase.Job(
                        type: "t", queue: $0.queue, payload: Array(repeating: UInt8(ascii: "1"), count: $0.size))
                })
            while delivery.writer.status.pendingJobs < jobs.count { await Task.yield() }
            let queues = isEarlier ? QueueMap(after: Int64(jobs.count)) : delivery.writer.queues
            try await test(JobFeed(try delivery.makeReader(), queues: queues), delivery)
        } catch {
            await delivery.close()
            throw error
        }
        await delivery.close()
    }

    @Test("jobs come once, in commit order, beyond the outbox's page of 500")
    func readsInOrder() async throws {
        try await withFeed(Array(repeating: 1, count: 1300)) { feed in
            var read: [[Int64]] = []
            for _ in 0..<3 { read.append(try await feed.take(maximumJobs: 1000, maximumBytes: 1 << 20).map(\.id)) }
            #expect(read.map(\.count) == [1000, 300, 0])
            #expect(read.flatMap { $0 } == Array(1...1300))
        }
    }

    @Test("the bytes of a batch are bounded, and a larger job comes alone")
    func boundsBytes() async throws {
        try await withFeed([3000, 3000, 50_000, 3000, 3000, 3000]) { feed in
            var read: [[Int64]] = []
            for _ in 0..<5 { read.append(try await feed.take(maximumJobs: 100, maximumBytes: 7000).map(\.id)) }
            #expect(read == [[1, 2], [3], [4, 5], [6], []])
        }
    }

    @Test("a feed begins where it is told to")
    func begins() async throws {
        try await withFeed(Array(repeating: 1, count: 10)) { feed in
            await feed.start(at: 8)
            let read = try await feed.take(maximumJobs: 100, maximumBytes: 7000)
            #expect(read.map(\.id) == [8, 9, 10])
        }
    }

    /// A long run of one queue, then two others now and then.
    private static let backlog = (1...5000).map { number in
        (queue: number <= 4000 || number % 10 != 0 ? "long" : number % 20 == 0 ? "b" : "c", size: 1)
    }

    @Test("of a backlog each queue gets its turn, in its own order, and each job comes once", arguments: [false, true])
    func turns(isEarlier: Bool) async throws {
        try await withFeed(Self.backlog, isEarlier: isEarlier) { feed, _ in
            var batches: [[StoredJob]] = []
            while case let jobs = try await feed.take(maximumJobs: 200, maximumBytes: 1 << 20), !jobs.isEmpty {
                batches.append(jobs)
            }
            let read = batches.flatMap { $0 }
            #expect(Set(read.map(\.id)) == Set(1...5000))
            #expect(read.count == 5000)
            for queue in ["long", "b", "c"] {
                let ids = read.filter { $0.job.queue == queue }.map(\.id)
                #expect(ids == ids.sorted(), "\(queue)")
            }
            #expect(batches.allSatisfy { $0.map(\.id) == $0.map(\.id).sorted() && $0.count <= 200 })
            // What this process stored is found at once; what an earlier one stored is looked through on the way.
            let end = read.lastIndex { $0.job.queue == "b" } ?? 0
            if !isEarlier { #expect(end < 600) }
        }
    }

    @Test("out of turn, and in a batch that takes everything, jobs come in commit order")
    func noTurns() async throws {
        try await withFeed(Self.backlog, isEarlier: false) { feed, _ in
            let first = try await feed.take(maximumJobs: 100, maximumBytes: 1 << 20)
            #expect(Set(first.map(\.job.queue)) == ["long", "b", "c"])
            let rest = try await feed.take(maximumJobs: 1000, maximumBytes: 1 << 20, inTurns: false)
            #expect(rest.map(\.id) == Array(rest[0].id..<(rest[0].id + 1000)))
            let all = try await feed.take(maximumJobs: 10_000, maximumBytes: 1 << 20)
            #expect(Set((first + rest + all).map(\.id)) == Set(1...5000))
            #expect(first.count + rest.count + all.count == 5000)
        }
    }

    @Test("more queues than have a number of their own share one, and none is left out")
    func manyQueues() async throws {
        let jobs = (0..<3000).map { (queue: $0 < 2000 ? "long" : "q\($0 % 100)", size: 1) }
        for isEarlier in [false, true] {
            try await withFeed(jobs, isEarlier: isEarlier) { feed, _ in
                var read: [Int64] = []
                while case let jobs = try await feed.take(maximumJobs: 150, maximumBytes: 1 << 20), !jobs.isEmpty {
                    read += jobs.map(\.id)
                }
                #expect(read.count == 3000)
                #expect(Set(read) == Set(1...3000))
            }
        }
    }

    @Test("large jobs of several queues stay within the bytes of a batch")
    func largeJobs() async throws {
        let jobs = (0..<90).map { (queue: "q\($0 / 30)", size: 40_000) }
        try await withFeed(jobs, isEarlier: false) { feed, _ in
            var read: [Int64] = []
            while case let jobs = try await feed.take(maximumJobs: 10, maximumBytes: 100_000), !jobs.isEmpty {
                #expect(jobs.reduce(0) { $0 + $1.job.byteCost } <= 100_000)
                read += jobs.map(\.id)
            }
            #expect(Set(read) == Set(1...90))
            #expect(read.count == 90)
        }
    }
}
