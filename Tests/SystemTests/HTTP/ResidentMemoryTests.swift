import DevQueue
internal import Foundation
import Synchronization
import Testing

/// What the process takes of the machine's memory under loads that fill `limits.memory`: that and 150 MiB, in a
/// container with 512 MiB.
///
/// `MEMORY_SECONDS=20` makes the loads as long as those of `Benchmarks/attack/run --memory`. The tests compare the peak
/// of the resident memory with a lower limit than the container's. A limit on the process (`ulimit`) would count
/// address space that is never used.
@Suite(.serialized) struct ResidentMemoryTests {
    private static let seconds = ProcessInfo.processInfo.environment["MEMORY_SECONDS"].flatMap { Int($0) } ?? 5
    private static let mostBytes = (256 + 150) << 20
    private static let settings = [
        "limits.memory": "256MiB", "trusted_proxies": "127.0.0.0/8", "outbox.keep_delivered_bytes": "64MiB",
        "log.level": "notice",
    ]

    /// Runs a load on a gateway that delivers to a queue, and looks at what is left of both.
    private static func run(_ load: @Sendable (GatewayUnderTest) async throws -> Void) async throws {
        let queue = try await TestQueue.start(isLicensed: false, keeping: .counts)
        try await GatewayUnderTest.run(GatewaySetup(settings: settings, queue: queue.url, slots: GatewaySlots.count)) {
            gateway in
            try await load(gateway)
            let peak = try gateway.peakMemory()
            #expect(peak <= mostBytes, "\(peak >> 20) MiB")
            try await gateway.expectGoodDelivery()
        }
        await queue.stop()
    }

    /// How often each status was answered.
    private final class Tally: Sendable {
        private let counts = Mutex<[Int: Int]>([:])

        func note(_ status: Int) { counts.withLock { $0[status, default: 0] += 1 } }

        var all: [Int: Int] { counts.withLock { $0 } }
    }

    /// Sends the same body again and again over TLS, as so many senders, until the time is over.
    private static func send(_ webhook: Webhook, senders: Int, to gateway: GatewayUnderTest) async throws -> [Int: Int]
    {
        let tally = Tally()
        let end = ContinuousClock.now + .seconds(seconds)
        let port = gateway.httpsPort
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<senders {
                var webhook = webhook
                webhook.headers.append((name: "x-forwarded-for", value: "203.0.113.\(sender % 40)"))
                let own = webhook
                group.addTask {
                    try await blocking {
                        // A sender that is refused is cut off, and comes again.
                        while ContinuousClock.now < end { try? repeatedly(own, to: port, until: end, tally) }
                    }
                }
            }
            try await group.waitForAll()
        }
        return tally.all
    }

    private static func repeatedly(
        _ webhook: Webhook, to port: UInt16, until end: ContinuousClock.Instant, _ tally: Tally
    ) throws {
        var webhook = webhook
        let wire = try TLSWire(port: port)
        while ContinuousClock.now < end {
            webhook[header: "x-github-delivery"] = UUID().uuidString
            try wire.send(Array(webhook.head.utf8))
            try wire.send(webhook.body)
            tally.note(try wire.status())
        }
    }

    private static func large(bytes: Int) -> Webhook {
        .gitHub(body: Array(#"{"filling":""#.utf8) + [UInt8](repeating: 0x78, count: bytes - 14) + Array(#""}"#.utf8))
    }

    @Test("many concurrent signed bodies stay near limits.memory", arguments: [(400, 256 << 10), (180, 1 << 20)])
    func signed(senders: Int, bytes: Int) async throws {
        try await Self.run { gateway in
            let counts = try await Self.send(Self.large(bytes: bytes), senders: senders, to: gateway)
            #expect(counts[200, default: 0] > 0)
            #expect(Set(counts.keys).isSubset(of: [200, 503]), "\(counts)")
        }
    }

    @Test("large bodies that are not signed stay near limits.memory")
    func unsigned() async throws {
        try await Self.run { gateway in
            var webhook = Self.large(bytes: 25 << 20)
            webhook[header: "x-hub-signature-256"] = "sha256=" + String(repeating: "0", count: 64)
            let counts = try await Self.send(webhook, senders: 24, to: gateway)
            #expect(Set(counts.keys).isSubset(of: [401, 503]), "\(counts)")
        }
    }

    /// The threads with the idle connections, and the sender next to them.
    private final class Crowd: Sendable {
        static let threads = 4
        let opened = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)

        /// Opens connections and keeps them until the end.
        func open(_ count: Int, to port: UInt16) throws {
            let wires = try (0..<count).map { _ in
                let wire = try TLSWire(port: port)
                opened.wrappingAdd(1, ordering: .relaxed)
                return wire
            }
            while !isOver.load(ordering: .relaxed) { _ = poll(nil, 0, 20) }
            withExtendedLifetime(wires) {}
        }

        /// Waits for all connections, then sends until the time is over.
        func send(next count: Int, to port: UInt16) throws -> Set<Int> {
            defer { isOver.store(true, ordering: .relaxed) }
            let limit = ContinuousClock.now + .seconds(120)
            while opened.load(ordering: .relaxed) < count, ContinuousClock.now < limit { _ = poll(nil, 0, 20) }
            let tally = Tally()
            try repeatedly(Webhook.gitHub(), to: port, until: .now + .seconds(seconds), tally)
            return Set(tally.all.keys)
        }
    }

    @Test("10,000 idle TLS connections stay far below it, and senders are still served")
    func idle() async throws {
        // Fewer where neither this process nor the gateway may open as many files.
        let count = min(10_000, try OpenFiles.raiseLimit() - 1000) / Crowd.threads * Crowd.threads
        try await Self.run { gateway in
            let (crowd, port) = (Crowd(), gateway.httpsPort)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<Crowd.threads {
                    group.addTask { try await blocking { try crowd.open(count / Crowd.threads, to: port) } }
                }
                #expect(try await blocking { try crowd.send(next: count, to: port) } == [200])
                #expect(crowd.opened.load(ordering: .relaxed) == count)
                try await group.waitForAll()
            }
        }
    }
}
