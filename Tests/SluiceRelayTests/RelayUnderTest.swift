import DevQueue
import Foundation
import Logging
import SluiceBase
import SluiceNet
import SluiceOutbox
import SluiceRelay
import Synchronization
import Testing
import Zizq

/// An outbox in a folder of its own, and a delivery service from it to a development queue.
final class RelayUnderTest: Sendable {
    let writer: OutboxWriter
    let service: Relay
    let store: DevQueueStore
    let address: SocketAddress
    let client: ZizqClient
    private let folder: URL
    private let outbox: OutboxConfiguration
    private let notices: AsyncStream<RelayEvent>
    private let server = Mutex<DevQueueServer?>(nil)
    private let tickets = Atomic<UInt64>(0)
    private let recorder = NoticeRecorder()

    /// What the notices so far add up to.
    var counts: NoticeCounts { recorder.counts.withLock { $0 } }

    /// - Parameters:
    ///   - startsServer: whether a server listens from the start.
    ///   - timeout: for an answer.
    init(
        isLicensed: Bool = false, configuration: RelayConfiguration = RelayConfiguration(), startsServer: Bool = true
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "delivery-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        outbox = OutboxConfiguration(path: folder.appending(path: "outbox.db").path)
        writer = try OutboxWriter(
            outbox, time: SystemTime(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { _, _ in }
        store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed))
        let loopback = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try await DevQueueServer(store: store, address: loopback)
        address = server.address
        client = try ZizqClient(ZizqConfiguration(url: server.url()))
        let (stream, continuation) = AsyncStream<RelayEvent>.makeStream()
        notices = stream
        let recorder = recorder
        // Back-off passes at once: the waits themselves are tested without I/O.
        service = Relay(
            configuration: configuration, writer: writer, reader: try OutboxReader(outbox), client: client,
            pause: { _ in await Task.yield() },
            observe: { notice in
                recorder.counts.withLock { $0.record(notice) }
                continuation.yield(notice)
            })
        self.server.withLock { $0 = server }
        if !startsServer { await stopServer() }
    }

    func stopServer() async {
        let running = server.withLock { held in
            defer { held = nil }
            return held
        }
        await running?.stop()
    }

    /// Listens again, on the same port, with the jobs that there were.
    func startServer() async throws {
        let running = try await DevQueueServer(store: store, address: address)
        server.withLock { $0 = running }
    }

    func makeReader() throws -> sending OutboxReader { try OutboxReader(outbox) }

    /// Stores jobs, each a delivery of its own.
    func store(_ jobs: [SluiceBase.Job]) throws {
        for job in jobs {
            let ticket = tickets.add(1, ordering: .relaxed).newValue
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: ticket), count: 16)
            let hash = Fingerprint(bytes.span)
            writer.submit(
                Submission(
                    Delivery(
                        id: "d\(ticket)", route: "r", receivedAtMilliseconds: SystemTime().wallMilliseconds(),
                        dedupeWindow: .seconds(60), parts: [Delivery.Part(key: nil, bodyHash: hash, jobs: [job])]),
                    origin: 0, ticket: ticket, enqueuedAtNanoseconds: SystemTime().monotonicNanoseconds()))
        }
    }

    /// Runs the service until this many jobs have left the pending ones, for the queue or the dead letters; then until
    /// it ends.
    func run(untilLeft count: Int, meanwhile act: @escaping @Sendable (RelayEvent) async throws -> Void = { _ in })
        async throws
    {
        async let running: Void = service.run()
        var left = 0
        for await notice in notices {
            try await act(notice)
            switch notice {
            case .batchAccepted(let jobs): left += jobs.count
            case .deadLettered, .parked: left += 1
            default: break
            }
            if left >= count { break }
        }
        service.finish()
        await running
    }

    /// Runs the service until it has waited once, then until it ends.
    func runUntilRetry() async throws {
        async let running: Void = service.run()
        for await notice in notices {
            if case .retrying = notice { break }
        }
        service.finish()
        await running
    }

    /// Runs the service until the queue has met this many enqueues, then until it ends within no time.
    func runUntilRequests(_ count: Int) async {
        async let running: Void = service.run()
        while store.statistics.enqueueRequests < count { await Task.yield() }
        service.finish(within: .zero)
        await running
    }

    func close() async {
        await client.shutdown()
        await stopServer()
        await writer.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

/// What notices add up to.
struct NoticeCounts {
    private(set) var jobs = 0
    private(set) var deadLetters = 0
    private(set) var ambiguousBatches = 0
    private(set) var retries = 0

    mutating func record(_ notice: RelayEvent) {
        switch notice {
        case .batchAccepted(let delivered): jobs += delivered.count
        case .deadLettered: deadLetters += 1
        case .outcomeUnknown: ambiguousBatches += 1
        case .retrying, .waitingForProof: retries += 1
        default: break
        }
    }
}

private final class NoticeRecorder: Sendable {
    let counts = Mutex(NoticeCounts())
}

/// Jobs with different payloads; with unique keys where asked for.
func makeJobs(_ count: Int, type: String = "t", keyed: Bool = false) -> [SluiceBase.Job] {
    (0..<count).map {
        SluiceBase.Job(
            type: type, queue: "q", uniqueKey: keyed ? "r:\(type)\($0)" : nil, payload: Array(#"{"n":\#($0)}"#.utf8))
    }
}
