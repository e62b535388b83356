import SluiceBase
import Synchronization
import TestSupport
import Testing

@testable import SluiceNet

@Suite("An event loop")
struct EventLoopTests {
    @Test("runs what other threads post, in order, on one thread")
    func mailboxOrder() async throws {
        let group = try EventLoopGroup(count: 1, name: "test")
        let order = Mutex<[Int]>([])
        for number in 0..<1000 {
            group.mailboxes[0].post { _ in order.withLock { $0.append(number) } }
        }
        _ = await group.run(on: 0) { _ in true }
        #expect(order.withLock { $0 } == Array(0..<1000))
        await group.stop()
    }

    @Test("frees what it was posted as soon as it has run, not when all that was posted with it has")
    func mailboxFrees() async throws {
        final class Freed: Sendable { let value = Mutex(false) }
        final class Body: Sendable {
            private let freed: Freed
            init(_ freed: Freed) { self.freed = freed }
            deinit { freed.value.withLock { $0 = true } }
        }
        let group = try EventLoopGroup(count: 1, name: "test")
        let mailbox = group.mailboxes[0]
        let isFreed = await withCheckedContinuation { continuation in
            // Posted on the loop, so that it takes both together.
            mailbox.post { _ in
                let freed = Freed()
                let body = Body(freed)
                mailbox.post { _ in withExtendedLifetime(body) {} }
                mailbox.post { _ in continuation.resume(returning: freed.value.withLock { $0 }) }
            }
        }
        #expect(isFreed)
        await group.stop()
    }

    @Test("refuses work once it has stopped, and says so")
    func afterStop() async throws {
        let group = try EventLoopGroup(count: 2, name: "test")
        await group.stop()
        #expect(!group.mailboxes[0].post { _ in })
        #expect(await group.run(on: 1) { $0.index } == nil)
    }

    @Test("tells of a turn over 50 ms, with the name of its thread, and of no shorter one")
    func stalls() async throws {
        let time = ManualTime()
        let told = Mutex<[String]>([])
        let group = try EventLoopGroup(count: 1, name: "test", time: time) { thread, duration in
            told.withLock { $0.append("\(thread) \(duration)") }
        }
        for milliseconds in [50, 51] {
            _ = await group.run(on: 0) { _ in time.advance(by: .milliseconds(milliseconds)) }
        }
        await group.stop()
        #expect(told.withLock { $0 } == ["test-0 \(Duration.milliseconds(51))"])
    }

    @Test("keeps an object for each loop under one key")
    func locals() async throws {
        final class Counter { var value = 0 }
        let key = LoopLocal<Counter>()
        let group = try EventLoopGroup(count: 2, name: "test")
        for index in 0..<2 {
            _ = await group.run(on: index) { loop in
                let counter = Counter()
                counter.value = index + 10
                loop.set(counter, for: key)
            }
        }
        #expect(await group.run(on: 0) { $0[key]?.value } == 10)
        #expect(await group.run(on: 1) { $0[key]?.value } == 11)
        await group.stop()
    }

    @Test("tells an owner once that its deadline has passed, and not at all when it was taken back")
    func deadlines() async throws {
        let group = try EventLoopGroup(count: 1, name: "test")
        let (events, told) = AsyncStream<String>.makeStream()
        _ = await group.run(on: 0) { loop in
            Waiter.start("late", on: loop, after: 60, told)
            Waiter.start("early", on: loop, after: 20, told)
            Waiter.start("never", on: loop, after: 40, told).map { loop.setDeadline(nil, for: $0) }
            Waiter.start("moved", on: loop, after: 1, told).map { loop.setDeadline(loop.now + 90_000_000, for: $0) }
        }
        var seen: [String] = []
        for await name in events {
            seen.append(name)
            if name == "moved" { break }
        }
        #expect(seen == ["early", "late", "moved"])
        await group.stop()
    }

    @Test("carries bytes and the end of a stream over a listener, without and with TLS", arguments: [false, true])
    func echo(usesTLS: Bool) async throws {
        let pair = try usesTLS ? TestCertificate.make() : nil
        let group = try EventLoopGroup(count: 1, name: "test")
        let socket = try ListeningSocket(#require(SocketAddress(host: "127.0.0.1", port: 0)))
        let server = try pair.map { try TLSServerContext(certificatePath: $0.certificatePath, keyPath: $0.keyPath) }
        let client = try pair.map { try TLSClientContext(caPath: $0.certificatePath, certificatePath: nil, keyPath: nil) }
        let (received, told) = AsyncStream<[UInt8]>.makeStream()
        _ = await group.run(on: 0) { loop in
            _ = try? EchoServer.start(socket, tls: server, on: loop)
            try? EchoClient.start(socket.address, tls: client, sending: Array("hello".utf8), on: loop) { told.yield($0) }
        }
        var iterator = received.makeAsyncIterator()
        #expect(await iterator.next() == Array("hello".utf8))
        await group.stop()
    }
}

/// Waits for one deadline and says its name.
private final class Waiter: EventHandler {
    private let name: String
    private let told: AsyncStream<String>.Continuation

    private init(name: String, told: AsyncStream<String>.Continuation) {
        self.name = name
        self.told = told
    }

    @discardableResult
    static func start(_ name: String, on loop: EventLoop, after milliseconds: Int64, _ told: AsyncStream<String>.Continuation) -> SourceID?
    {
        guard let id = try? loop.add(Waiter(name: name, told: told), descriptor: -1, interest: []) else { return nil }
        loop.setDeadline(loop.now + milliseconds * 1_000_000, for: id)
        return id
    }

    func becameReady(_ readiness: Readiness) {}
    func deadlinePassed() { told.yield(name) }
}
