import SluiceBase
import Synchronization
import TestSupport
import Testing

@testable import SluiceNet

@Suite("an event loop")
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

    @Test("releases each posted function as soon as it has run, not after all of them")
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

    @Test("calls an owner once after its deadline, and not at all if it was cleared")
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

    @Test("gives all owners that ask for more one part of a turn, in order, while others are called in each")
    func unfinished() async throws {
        let time = ManualTime()
        let group = try EventLoopGroup(count: 1, name: "test", time: time)
        let (turns, told) = AsyncStream<[String]>.makeStream()
        _ = await group.run(on: 0) { loop in
            for name in ["a", "b", "c"] { Insatiable.start(name, on: loop, time: time, told: told) }
        }
        var seen: [[String]] = []
        for await turn in turns {
            seen.append(turn)
            if seen.count == 6 { break }
        }
        // Each takes 0.6 ms, so that two fit into the millisecond.
        #expect(seen == [["a", "b"], ["c", "a"], ["b", "c"], ["a", "b"], ["c", "a"], ["b", "c"]])
        await group.stop()
    }

    @Test("delays owners that may wait in a long turn, and calls them in the next one")
    func longTurn() async throws {
        let time = ManualTime()
        let group = try EventLoopGroup(count: 1, name: "test", time: time)
        let (calls, told) = AsyncStream<String>.makeStream()
        _ = await group.run(on: 0) { loop in
            for name in ["unknown 1", "unknown 2", "sender"] {
                ReadyOnce.start(name, on: loop, time: time, told: told)
            }
        }
        var seen: [String] = []
        for await name in calls {
            seen.append(name)
            if seen.count == 3 { break }
        }
        #expect(seen == ["unknown 1", "sender", "unknown 2"])
        await group.stop()
    }

    @Test("reports a turn over 50 ms with the time that the thread had a processor")
    func stall() async throws {
        let time = ManualTime()
        let (stalls, told) = AsyncStream<(thread: String, stall: LoopStall)>.makeStream()
        let group = try EventLoopGroup(count: 1, name: "test", time: time) { told.yield((thread: $0, stall: $1)) }
        for milliseconds in [50, 51] {
            _ = await group.run(on: 0) { _ in time.advance(by: .milliseconds(milliseconds)) }
        }
        var iterator = stalls.makeAsyncIterator()
        let (thread, stall) = try #require(await iterator.next())
        #expect(thread == "test-0")
        #expect(stall.time == .milliseconds(51))
        #expect(stall.processorTime > .zero)
        await group.stop()
    }

    @Test("carries bytes and the end of a stream over a listener, without and with TLS", arguments: [false, true])
    func echo(usesTLS: Bool) async throws {
        let pair = try usesTLS ? TestCertificate.make() : nil
        let group = try EventLoopGroup(count: 1, name: "test")
        let socket = try ListeningSocket(#require(SocketAddress(host: "127.0.0.1", port: 0)))
        let server = try pair.map { try TLSServerContext(certificatePath: $0.certificatePath, keyPath: $0.keyPath) }
        let client = try pair.map {
            try TLSClientContext(caPath: $0.certificatePath, certificatePath: nil, keyPath: nil)
        }
        let (received, told) = AsyncStream<[UInt8]>.makeStream()
        _ = await group.run(on: 0) { loop in
            _ = try? EchoServer.start(socket, tls: server, on: loop)
            try? EchoClient.start(socket.address, tls: client, sending: Array("hello".utf8), on: loop) {
                told.yield($0)
            }
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
    static func start(
        _ name: String, on loop: EventLoop, after milliseconds: Int64, _ told: AsyncStream<String>.Continuation
    ) -> SourceID? {
        guard let id = try? loop.add(Waiter(name: name, told: told), descriptor: -1, interest: []) else { return nil }
        loop.setDeadline(loop.now + milliseconds * 1_000_000, for: id)
        return id
    }

    func becameReady(_ readiness: Readiness) {}
    func deadlinePassed() { told.yield(name) }
}

/// Always has more to do. Tells who was called in each turn but the first.
private final class Insatiable: EventHandler {
    private final class Turn {
        var number: UInt64 = 0
        var names: [String] = []
    }

    private static let turn = LoopLocal<Turn>()

    private let name: String
    private let loop: EventLoop
    private let time: ManualTime
    private let told: AsyncStream<[String]>.Continuation
    private var source: SourceID?

    private init(_ name: String, on loop: EventLoop, time: ManualTime, told: AsyncStream<[String]>.Continuation) {
        self.name = name
        self.loop = loop
        self.time = time
        self.told = told
    }

    static func start(_ name: String, on loop: EventLoop, time: ManualTime, told: AsyncStream<[String]>.Continuation) {
        let owner = Insatiable(name, on: loop, time: time, told: told)
        owner.source = try? loop.add(owner, descriptor: -1, interest: [])
        owner.source.map { loop.callAgain($0) }
    }

    func becameReady(_ readiness: Readiness) {
        let turn = loop[Self.turn] ?? Turn()
        loop.set(turn, for: Self.turn)
        if turn.number != loop.turnNumber {
            if !turn.names.isEmpty { told.yield(turn.names) }
            (turn.number, turn.names) = (loop.turnNumber, [])
        }
        turn.names.append(name)
        time.advance(by: .microseconds(600))
        source.map { loop.callAgain($0) }
    }

    func deadlinePassed() {}
}

/// Has a descriptor that is ready, and takes 3 ms when it is called. Who is not the sender may wait.
private final class ReadyOnce: EventHandler {
    private let name: String
    private let loop: EventLoop
    private let time: ManualTime
    private let told: AsyncStream<String>.Continuation
    /// Stays readable, since nothing takes out what was posted.
    private let box: LoopMailbox
    private var source: SourceID?

    private init(
        _ name: String, box: LoopMailbox, on loop: EventLoop, time: ManualTime, told: AsyncStream<String>.Continuation
    ) {
        self.name = name
        self.box = box
        self.loop = loop
        self.time = time
        self.told = told
    }

    static func start(_ name: String, on loop: EventLoop, time: ManualTime, told: AsyncStream<String>.Continuation) {
        guard let box = try? LoopMailbox() else { return }
        box.post { _ in }
        let owner = ReadyOnce(name, box: box, on: loop, time: time, told: told)
        owner.source = try? loop.add(owner, descriptor: box.descriptor, interest: .readable)
    }

    var mayWait: Bool { name != "sender" }

    func becameReady(_ readiness: Readiness) {
        told.yield(name)
        time.advance(by: .milliseconds(3))
        source.map { loop.remove($0) }
    }

    func deadlinePassed() {}
}
