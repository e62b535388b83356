import DevQueue
import Logging
import SluiceNet
import Synchronization
import TestSupport
import Testing

@testable import Zizq

@Suite struct WorkTests {
    private static let streamHead =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> ScriptedServer.Step {
        .send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    private static func job(_ id: String) -> String {
        #"{"id":"\#(id)","type":"page","queue":"default","priority":1,"status":"in_flight","ready_at":1,"attempts":0,"payload":5}"#
            + "\n"
    }

    /// A client of a scripted server.
    private func withClient(
        _ server: ScriptedServer, readTimeout: Duration = .seconds(600),
        pause: @escaping @Sendable (Duration) async throws -> Void = { _ in await Task.yield() },
        _ test: (ZizqClient) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1, name: "zizq")
        var configuration = ZizqConfiguration(url: "http://127.0.0.1:\(server.port)")
        configuration.readTimeout = readTimeout
        let client = try ZizqClient(configuration, loop: group.mailboxes[0], pause: pause)
        do { try await test(client) } catch {
            await client.shutdown()
            await group.stop()
            throw error
        }
        await client.shutdown()
        await group.stop()
        server.stop()
    }

    @Test("typed jobs are taken by priority, reported, and gone")
    func takes() async throws {
        try await QueueFixture.run { queue, client in
            try await client.enqueueBulk().add(Page(1)).add(Enqueue(Page(2)).priority(1)).add(SendEmail(to: "other"))
                .send()
            var numbers: [Int] = []
            for try await taken in client.take(Page.self) {
                #expect(taken.job.status == .inFlight && taken.job.dequeuedAt != nil && taken.job.attempts == 0)
                numbers.append(taken.value.number)
                try await client.success(taken.id)
                if numbers.count == 2 { break }
            }
            #expect(numbers == [2, 1])
            let left = try await client.count(JobFilter().statuses([.ready, .inFlight]))
            #expect(left == 1)
            let error = await failure { () throws(ZizqError) in try await client.success(queue.store.jobs[0].id.text) }
            #expect(error?.isNotFound == true)
        }
    }

    @Test("a worker waits for a job that is not there yet, and has no more than it has room for")
    func waits() async throws {
        try await QueueFixture.run { queue, client in
            var taken = client.take(queues: ["default", "emails"], prefetch: 2).makeAsyncIterator()
            async let first = taken.next()
            try await client.enqueueBulk().add(Page(1)).add(Page(2)).add(Page(3)).send()
            let job = try await first
            #expect(job?.type == "page")
            #expect(queue.store.jobs.map(\.status) == [.inFlight, .inFlight, .ready])
            try await client.success(try #require(job?.id))
            while queue.store.jobs.filter({ $0.status == .inFlight }).count < 2 { await Task.yield() }
            let lost = try await client.success(queue.store.jobs.map(\.id.text) + ["03aaaaaaaaaaaaaaaaaaaaaaa"])
            #expect(lost == ["03aaaaaaaaaaaaaaaaaaaaaaa"])
            let none = try await client.success([])
            #expect(none.isEmpty)
        }
    }

    @Test(
        "unreported jobs are returned when the loop is left, and when its task is cancelled",
        arguments: [false, true])
    func givesBack(isCancelled: Bool) async throws {
        try await QueueFixture.run { queue, client in
            try await client.enqueue(Page(1))
            let worker = Task {
                for try await job in client.take(Page.self) {
                    #expect(job.value == Page(1))
                    if !isCancelled { break }
                }
            }
            if isCancelled {
                while queue.store.jobs[0].status != .inFlight { await Task.yield() }
                worker.cancel()
            }
            try await worker.value
            while queue.store.jobs[0].status != .ready { await Task.yield() }
            #expect(queue.store.jobs[0].attempts == 0)
        }
    }

    @Test("a failure has a reason, a time of the retry, or is final")
    func failures() async throws {
        try await QueueFixture.run { _, client in
            try await client.enqueueBulk().add(Page(1)).add(Page(2)).add(Enqueue(Page(3)).retryLimit(0)).send()
            var taken = client.take(Page.self, prefetch: 3).makeAsyncIterator()
            let before = Timestamp.now
            let first = try await client.failure(
                try #require(try await taken.next()).id, message: "a \"reason\"", errorType: "Oops", backtrace: "here",
                retryIn: .seconds(60))
            #expect(first.status == .scheduled && first.attempts == 1 && first.payload == nil)
            #expect(
                first.readyAt >= before + .seconds(60) && first.readyAt < before + .seconds(120)
                    && first.failedAt ?? before >= before)
            let second = try await client.failure(try #require(try await taken.next()).id, message: "m", kill: true)
            #expect(second.status == .dead)
            let third = try await client.failure(try #require(try await taken.next()).id, message: "m")
            #expect(third.status == .dead)
            let again = await failure { () throws(ZizqError) in try await client.failure(third.id, message: "m") }
            #expect(again?.isNotFound == true)
        }
    }

    @Test("a job that is not of the kind is reported as failed, and the next one is taken")
    func refuses() async throws {
        try await QueueFixture.run { queue, client in
            try await client.enqueueBulk()
                .add(RawJob(Array(#"{"type":"page","queue":"default","payload":"five"}"#.utf8))).add(Rebuild()).add(
                    Page(3)
                ).send()
            var taken = client.take(Page.self).makeAsyncIterator()
            let job = try await taken.next()
            #expect(job?.value == Page(3))
            #expect(queue.store.jobs.map(\.attempts) == [1, 1, 0])
        }
    }

    @Test("heartbeats are skipped, jobs arrive in any pieces, and a broken connection is opened again")
    func reconnects() async throws {
        let half = Self.job("b").utf8.count / 2
        let server = try ScriptedServer([
            [
                .read, .send(Self.streamHead), Self.chunk("\n"),
                Self.chunk("\n\n" + Self.job("a") + Self.job("b").prefix(half)),
                Self.chunk(String(Self.job("b").dropFirst(half))), Self.chunk(String(Self.job("c").prefix(half))),
                .close,
            ],
            [.read, .close],
            [.read, .send("HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n")],
            [.read, .send(Self.streamHead), Self.chunk(Self.job("d"))],
        ])
        let waits = Mutex<[Duration]>([])
        let note: @Sendable (Duration) -> Void = { wait in waits.withLock { $0.append(wait) } }
        try await withClient(server, pause: note) { client in
            var ids: [String] = []
            for try await job in client.take() {
                ids.append(job.id)
                if ids.count == 3 { break }
            }
            #expect(ids == ["a", "b", "d"])
            #expect(server.connectionCount == 4)
        }
        let all = waits.withLock { $0 }
        #expect(
            all.count == 3 && all[0] <= .milliseconds(100) && all[1] <= .milliseconds(200) && all[2] == .seconds(7),
            "\(all)")
    }

    @Test("a server that has gone silent counts as lost")
    func silence() async throws {
        // On a busy machine an answer may come so late that it is silence, too.
        let server = try ScriptedServer(
            [[.read, .send(Self.streamHead), Self.chunk("\n")]]
                + Array(repeating: [.read, .send(Self.streamHead), Self.chunk(Self.job("a"))], count: 1000))
        try await withClient(server, readTimeout: .seconds(3600)) { client in
            var jobs = client.take(silence: .milliseconds(100)).makeAsyncIterator()
            let start = ContinuousClock.now
            let job = try await jobs.next()
            // Long before the connection's own times would end it.
            #expect(ContinuousClock.now - start < .seconds(600))
            #expect(job?.id == "a" && server.connectionCount >= 2)
        }
    }

    @Test(
        "a refusal that waiting cannot fix ends the stream with the server's text, and so does a line that is not a job"
    )
    func ends() async throws {
        let refusing = try ScriptedServer(
            .read,
            .send(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: "
                    + "14\r\n\r\n{\"error\":\"no\"}"
            ))
        try await withClient(refusing) { client in
            var jobs = client.take().makeAsyncIterator()
            let error = await #expect(throws: ZizqError.self) { try await jobs.next() }
            #expect(
                error == .response(.init(status: 400, serverText: "no", fields: ["content-type: application/json"])))
        }
        let garbage = try ScriptedServer(.read, .send(Self.streamHead), Self.chunk("<html>\n"))
        try await withClient(garbage) { client in
            var jobs = client.take().makeAsyncIterator()
            let error = await #expect(throws: ZizqError.self) { try await jobs.next() }
            guard case .decoding = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("a worker whose task is cancelled while it waits to connect again ends")
    func cancelledWait() async throws {
        let server = try ScriptedServer(.read, .close)
        let (waiting, begun) = AsyncStream.makeStream(of: Void.self)
        let pause: @Sendable (Duration) async throws -> Void = { _ in
            begun.yield()
            // Has no end but that its task is cancelled.
            for await _ in AsyncStream<Void>.makeStream().stream {}
        }
        try await withClient(server, pause: pause) { client in
            let worker = Task {
                for try await job in client.take() { Issue.record("\(job.id)") }
            }
            for await _ in waiting { break }
            worker.cancel()
            try await worker.value
        }
    }

    @Test("lines are cut wherever the pieces are")
    func lines() {
        let text = Array("a\n\nbc\n\n\ndef\ngh".utf8)
        for size in 1...text.count {
            var buffer = LineBuffer()
            var lines: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                buffer.append(Array(text[start..<min(start + size, text.count)]))
                while let line = buffer.next() { lines.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(lines == ["a", "bc", "def"])
            #expect(buffer.unfinished == 2)
        }
    }
}
