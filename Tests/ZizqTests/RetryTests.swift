import DevQueue
import SluiceNet
import Synchronization
import Testing

@testable import Zizq

@Suite struct RetryTests {
    /// How long a client waited between its tries.
    private final class Waits: Sendable {
        private let durations = Mutex<[Duration]>([])
        var all: [Duration] { durations.withLock { $0 } }
        func note(_ duration: Duration) { durations.withLock { $0.append(duration) } }
    }

    /// Runs a test with a client whose waits pass at once.
    private func run(isLicensed: Bool = true, _ test: (QueueFixture, ZizqClient, Waits) async throws -> Void)
        async throws
    {
        try await QueueFixture.run(isLicensed: isLicensed) { queue, _ in
            let group = try EventLoopGroup(count: 1, name: "zizq")
            let waits = Waits()
            let client = try ZizqClient(ZizqConfiguration(url: queue.server.url()), loop: group.mailboxes[0]) {
                waits.note($0)
            }
            do { try await test(queue, client, waits) } catch {
                await client.shutdown()
                await group.stop()
                throw error
            }
            await client.shutdown()
            await group.stop()
        }
    }

    @Test("a job without a unique key is sent once, one with a key until it is there")
    func keys() async throws {
        try await run { queue, client, waits in
            queue.store.setFault(.dropAfterCommit, count: 2)
            let lost = await failure { () throws(ZizqError) in try await client.enqueue(Rebuild()) }
            #expect(lost?.isAmbiguous == true)
            #expect(queue.store.statistics.enqueueRequests == 1 && waits.all.isEmpty)
            queue.store.setFault(.dropAfterCommit, count: 2)
            let job = try await client.enqueue(Charge(invoice: "1"))
            #expect(job.duplicate)
            #expect(queue.store.statistics.enqueueRequests == 4 && queue.store.jobs.count == 2)
            #expect(waits.all.count == 2)
        }
    }

    @Test("the caller's own policy takes the place of both")
    func callers() async throws {
        try await run { queue, client, _ in
            queue.store.setFault(.status(429, error: "slow down"), count: 2)
            try await client.enqueue(Rebuild(), retry: RetryPolicy(tries: 3))
            #expect(queue.store.statistics.enqueueRequests == 3)
            // It may have been enqueued: not again, unless that is asked for.
            queue.store.setFault(.status(500, error: "no"), count: 2)
            let once = await failure { () throws(ZizqError) in
                try await client.enqueue(Rebuild(), retry: RetryPolicy(tries: 3))
            }
            #expect(once?.status == 500 && queue.store.statistics.enqueueRequests == 4)
            try await client.enqueueBulk().add(Rebuild()).send(retry: RetryPolicy(tries: 2, repeatsUnknown: true))
            #expect(queue.store.statistics.enqueueRequests == 6)
            queue.store.setFault(.status(500, error: "no"), count: 1)
            let off = await failure { () throws(ZizqError) in
                try await client.enqueue(Charge(invoice: "1"), retry: .off)
            }
            #expect(off?.status == 500)
            // A refusal stays one.
            let requests = queue.store.statistics.enqueueRequests
            queue.store.setFault(.status(400, error: "no"), count: 1)
            let refused = await failure { () throws(ZizqError) in try await client.enqueue(Charge(invoice: "1")) }
            #expect(refused?.status == 400 && queue.store.statistics.enqueueRequests == requests + 1)
        }
    }

    @Test("after its last try a call ends with the last error")
    func last() async throws {
        try await run { queue, client, waits in
            queue.store.setFault(.status(503, error: "busy"))
            let error = await failure { () throws(ZizqError) in try await client.enqueue(Charge(invoice: "1")) }
            #expect(
                error == .response(.init(status: 503, serverText: "busy", fields: ["content-type: application/json"])))
            #expect(queue.store.statistics.enqueueRequests == 4 && waits.all.count == 3)
        }
    }

    @Test("waits double up to the longest one, and are at random below that")
    func delays() {
        let policy = RetryPolicy(tries: 40, firstDelay: .milliseconds(100), longestDelay: .seconds(1))
        let error = ZizqError.response(.init(status: 429, serverText: nil))
        let waits = (1...5).map { policy.delay(after: error, tried: $0, pick: { $0 }) }
        #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800), .seconds(1)])
        #expect(policy.delay(after: error, tried: 39, pick: { $0 }) == .seconds(1))
        #expect(policy.delay(after: error, tried: 40, pick: { $0 }) == nil)
        for _ in 0..<100 {
            let wait = policy.delay(after: error, tried: 1)
            #expect(wait.map { .zero ... .milliseconds(100) ~= $0 } == true)
        }
    }

    @Test("however long a delay is, and however often it was doubled, nothing overflows")
    func longest() {
        let policy = RetryPolicy(
            tries: .max, firstDelay: .seconds(Int64.max), longestDelay: .seconds(Int64.max), repeatsUnknown: true)
        let error = ZizqError.response(.init(status: 429, serverText: nil))
        for tried in [1, 2, 20, 1000] {
            #expect(policy.delay(after: error, tried: tried, pick: { $0 }) ?? .zero > .seconds(1 << 30))
        }
    }

    @Test("the client waits as long as the server requests, up to the longest delay")
    func asked() {
        let policy = RetryPolicy(tries: 2, longestDelay: .seconds(5))
        let error = { ZizqError.response(.init(status: 429, serverText: nil, retryAfter: $0)) }
        #expect(policy.delay(after: error(.seconds(3)), tried: 1) == .seconds(3))
        #expect(policy.delay(after: error(.seconds(60)), tried: 1) == .seconds(5))
    }

    @Test("a call whose task is cancelled while it waits for its next try ends as cancelled")
    func cancelled() async throws {
        try await QueueFixture.run(
            isLicensed: true, { $0.retryPolicy = RetryPolicy(tries: 2, firstDelay: .seconds(3600)) }
        ) {
            queue, client in
            queue.store.setFault(.status(429, error: "slow down"))
            let call = Task { await failure { () throws(ZizqError) in try await client.enqueue(Charge(invoice: "1")) } }
            while queue.store.statistics.enqueueRequests == 0 { await Task.yield() }
            call.cancel()
            let error = await call.value
            #expect(error?.isCancelled == true && error?.isRetryable == false && error?.isAmbiguous == false)
        }
    }
}
