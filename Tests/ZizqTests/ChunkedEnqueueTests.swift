import DevQueue
import Synchronization
import Testing

@testable import Zizq

@Suite struct ChunkedEnqueueTests {
    private struct Broken: Error {}

    /// The error that a chunked enqueue ends with.
    private func failure<Jobs>(_ chunks: ChunkedEnqueue<Jobs>) async -> ChunkedEnqueueError? {
        do throws(ChunkedEnqueueError) {
            try await chunks.run()
            Issue.record("every job was enqueued")
            return nil
        } catch {
            return error
        }
    }

    @Test("jobs are sent in chunks of a maximum size, in order, and each chunk has their range")
    func counts() async throws {
        try await QueueFixture.run { queue, client in
            var ranges: [Range<Int>] = []
            for try await chunk in client.enqueueChunks(of: (0..<2500).lazy.map { Page($0) }) {
                ranges.append(chunk.range)
                #expect(chunk.jobs.count == chunk.range.count)
            }
            #expect(ranges == [0..<1000, 1000..<2000, 2000..<2500])
            #expect(queue.payloads == (0..<2500).map(String.init))
            #expect(queue.store.statistics.enqueueRequests == 3)
            let none = try await client.enqueueChunks(of: [Page]()).run()
            #expect(none == 0 && queue.store.statistics.enqueueRequests == 3)
        }
    }

    @Test("a chunk ends before it is over the bytes; a job that is larger than that goes alone")
    func bytes() async throws {
        try await QueueFixture.run { queue, client in
            let small = SendEmail(to: String(repeating: "s", count: 100))
            let large = SendEmail(to: String(repeating: "l", count: 2000))
            let jobs = [small, small, small, large, small, small]
            var ranges: [Range<Int>] = []
            for try await chunk in client.enqueueChunks(of: jobs, limits: ChunkLimits(jobs: 100, bytes: 400)) {
                ranges.append(chunk.range)
            }
            #expect(ranges == [0..<2, 2..<3, 3..<4, 4..<6])
            #expect(queue.store.jobs.map { $0.payload?.count } == [109, 109, 109, 2009, 109, 109])
        }
        // The limit is that of the request's whole body.
        var source = ChunkSource(
            [Rebuild(), Rebuild()].makeIterator().waiting, limits: ChunkLimits(jobs: 10, bytes: 110))
        guard case .jobs(let both, 2, false) = await source.next(isolation: nil) else {
            Issue.record("not both in one"); return
        }
        #expect(both.count == 110)
        source = ChunkSource([Rebuild(), Rebuild()].makeIterator().waiting, limits: ChunkLimits(jobs: 10, bytes: 109))
        guard case .jobs(_, 1, false) = await source.next(isolation: nil) else { Issue.record("both in one"); return }
    }

    @Test("jobs of an asynchronous sequence, of several kinds, go the same way")
    func asynchronous() async throws {
        try await QueueFixture.run { queue, client in
            let (jobs, source) = AsyncStream.makeStream(of: AnyEnqueueable.self)
            for number in 0..<5 { source.yield(number == 3 ? AnyEnqueueable(Rebuild()) : AnyEnqueueable(Page(number))) }
            source.finish()
            let count = try await client.enqueueChunks(of: jobs, limits: ChunkLimits(jobs: 2)).run()
            #expect(count == 5)
            #expect(queue.payloads == ["0", "1", "2", "{}", "4"])
            #expect(queue.store.statistics.enqueueRequests == 3)
        }
    }

    @Test("no more than two chunks are in memory: the sequence is not read further while a request is under way")
    func bounded() async throws {
        try await QueueFixture.run { queue, client in
            let made = Mutex(0)
            let jobs = (0..<1_000_000).lazy.map { number in
                made.withLock { $0 += 1 }
                return Page(number)
            }
            var iterator = client.enqueueChunks(of: jobs, limits: ChunkLimits(jobs: 10)).makeAsyncIterator()
            for step in 1...5 {
                let chunk = try await iterator.next()
                #expect(chunk?.range == (step * 10 - 10)..<(step * 10))
                #expect(made.withLock { $0 } == step * 10 + 10)
            }
            #expect(queue.store.jobCount == 50)
        }
    }

    @Test(
        "after a failed request, each job is enqueued, not enqueued, or unknown",
        arguments: [(.status(500, error: "no"), true), (.dropAfterCommit, true), (.status(400, error: "no"), false)]
            as [(DevQueueFault, Bool)])
    func fails(fault: DevQueueFault, isUnknown: Bool) async throws {
        try await QueueFixture.run { queue, client in
            var iterator = client.enqueueChunks(of: (0..<50).map { Page($0) }, limits: ChunkLimits(jobs: 10))
                .makeAsyncIterator()
            for _ in 0..<2 { _ = try await iterator.next() }
            queue.store.setFault(fault, count: 1)
            do throws(ChunkedEnqueueError) {
                _ = try await iterator.next()
                Issue.record("the chunk was enqueued")
            } catch {
                #expect(error.enqueued == 0..<20)
                #expect(error.unknown == 20..<(isUnknown ? 30 : 20))
                #expect(error.notEnqueued.lowerBound == (isUnknown ? 30 : 20))
                guard case .zizq = error.reason else { Issue.record("\(error.reason)"); return }
            }
            // It has ended.
            #expect(try await iterator.next()?.range == nil)
            #expect(queue.store.statistics.enqueueRequests == 3)
        }
    }

    @Test("a sequence that throws ends the enqueue after the earlier jobs, and so does a job that cannot be sent")
    func source() async throws {
        try await QueueFixture.run { queue, client in
            let jobs = AsyncThrowingStream(Page.self) { source in
                for number in 0..<5 { source.yield(Page(number)) }
                source.finish(throwing: Broken())
            }
            let broken = await failure(client.enqueueChunks(of: jobs, limits: ChunkLimits(jobs: 2)))
            #expect(broken?.enqueued == 0..<5 && broken?.unknown.isEmpty == true && broken?.notEnqueued.lowerBound == 5)
            guard case .source(is Broken) = broken?.reason else {
                Issue.record("\(String(describing: broken))"); return
            }
            #expect(broken?.description == "the jobs to enqueue could not be read: Broken()")
            #expect(queue.store.jobCount == 5)

            let mixed = (0..<7).map { Enqueue(Page($0)).queue($0 == 5 ? "a,b" : "q") }
            let wrong = await failure(client.enqueueChunks(of: mixed, limits: ChunkLimits(jobs: 3)))
            #expect(wrong?.enqueued == 0..<5 && wrong?.notEnqueued.lowerBound == 5)
            #expect(
                wrong?.description.hasPrefix("jobs[5]: the queue of a job must not ") == true,
                "\(String(describing: wrong))")
            #expect(queue.store.jobCount == 10)
        }
    }

    @Test("a chunk of jobs with unique keys is retried, one with a job without a key is not")
    func retries() async throws {
        try await QueueFixture.run(isLicensed: true, { $0.retryPolicy.firstDelay = .zero }) { queue, client in
            let keyed = (0..<4).map { Enqueue(Page($0)).uniqueKey(.raw("page:\($0)")) }
            queue.store.setFault(.dropAfterCommit, count: 1)
            let count = try await client.enqueueChunks(of: keyed, limits: ChunkLimits(jobs: 2)).run()
            #expect(count == 4 && queue.store.jobCount == 4)
            queue.store.setFault(.dropAfterCommit, count: 1)
            let bare = keyed.prefix(1).map { AnyEnqueueable($0) } + [AnyEnqueueable(Page(9))]
            let error = await failure(client.enqueueChunks(of: bare))
            #expect(error?.unknown == 0..<2)
        }
    }
}

extension IteratorProtocol where Element: Enqueueable {
    /// The same, as one that is waited for.
    fileprivate var waiting: ImmediateJobs<IteratorSequence<Self>>.Iterator {
        ImmediateJobs(jobs: IteratorSequence(self)).makeAsyncIterator()
    }
}

/// Where the sequence of a chunked enqueue is iterated.
@Suite struct ChunkedEnqueueIsolationTests {
    /// Ends the test's process when it is iterated anywhere but on the main actor, as a closure of a `main.swift`
    /// would.
    private struct MainActorPages: Sequence, IteratorProtocol {
        var left: Int

        mutating func next() -> Page? {
            MainActor.preconditionIsolated()
            guard left > 0 else { return nil }
            left -= 1
            return Page(left)
        }
    }

    @Test("a sequence is iterated in the caller's isolation, however the chunks are sent")
    func mainActor() async throws {
        try await QueueFixture.run { queue, client in
            let count = try await Self.sendInEveryWay(client)
            #expect(count == 25)
            #expect(queue.store.jobCount == 60)
        }
    }

    /// On the main actor: `run`, a loop, an iterator by hand.
    @MainActor
    private static func sendInEveryWay(_ client: ZizqClient) async throws -> Int {
        let limits = ChunkLimits(jobs: 10)
        let count = try await client.enqueueChunks(of: MainActorPages(left: 25), limits: limits).run()
        for try await chunk in client.enqueueChunks(of: MainActorPages(left: 25), limits: limits) { _ = chunk.range }
        var iterator = client.enqueueChunks(of: MainActorPages(left: 25), limits: limits).makeAsyncIterator()
        _ = try await iterator.next()
        return count
    }
}
