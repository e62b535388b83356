import DevQueue
internal import Foundation
import Synchronization
import Testing

/// What the process takes of the machine's memory under loads that fill `limits.memory`: that and 150 MiB, in a
/// container with 512 MiB.
///
/// `MEMORY_SECONDS=20` makes the loads as long, and the crowd of idle connections as large, as those of
/// `Benchmarks/attack/run --memory`.
@Suite(.serialized) struct ResidentMemoryTests {
    private static let fullSeconds = ProcessInfo.processInfo.environment["MEMORY_SECONDS"].flatMap { Int($0) }
    private static let seconds = fullSeconds ?? 3
    private static let idleConnections = fullSeconds == nil ? 1000 : 10_000
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

    @Test("a crowd of idle TLS connections stays far below it, and senders are still served")
    func idle() async throws {
        try OpenFiles.raiseLimit()
        try await Self.run { gateway in
            let port = gateway.httpsPort
            let webhook = Webhook.gitHub()
            try await blocking {
                let crowd = try (0..<Self.idleConnections).map { _ in try TLSWire(port: port) }
                let sender = try TLSWire(port: port)
                try sender.send(webhook.bytes)
                #expect(try sender.status() == 200)
                withExtendedLifetime(crowd) {}
            }
        }
    }
}
