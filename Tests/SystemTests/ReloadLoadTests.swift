import DevQueue
internal import Foundation
import Synchronization
import Testing

/// A thousand tables, one after the other, under webhooks that do not stop.
@Suite struct ReloadLoadTests {
    /// Each table has two files that say which it is: one gives jobs their queue, the other one puts its number into
    /// them.
    private static func files(_ number: Int) -> [String: String] {
        let kinds = """
            kinds:
              numbered:
                queue: q\(number)
            """
        let routes = """
            routes:
              - name: github
                path: /github
                provider: github
                secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
                jobs:
                  - kind: numbered
                    payload: { n: "${body.n}", table: "\(number)" }
            """
        // What makes a table heavy enough for a leak of them to show.
        let more = (1...10).map {
            "  - { path: /unused/\($0), verify: none, jobs: [ { type: \"unused\", payload: \"${body}\" } ] }\n"
        }
        return ["kinds.yaml": kinds, "more.yaml": "routes:\n" + more.joined(), "routes.yaml": routes]
    }

    /// Sends webhooks over separate connections until it is stopped, and records their results.
    private final class Senders: Sendable {
        let result = LoadResult()
        private let isStopped = Atomic(false)
        /// The numbers that each connection has sent, in order.
        private let sent = Mutex<[[Int]]>([])

        var sentInOrder: [[Int]] { sent.withLock { $0 } }

        func stop() { isStopped.store(true, ordering: .relaxed) }

        /// - Parameter client: from 0; its numbers are those that leave this rest when divided by `clients`.
        func run(_ gateway: GatewayUnderTest, client: Int, of clients: Int) async throws {
            try await blocking { [self] in
                let wire = try gateway.connect()
                var numbers: [Int] = []
                while !isStopped.load(ordering: .relaxed) {
                    let number = numbers.count * clients + client
                    try wire.send(Webhook.numbered(number).bytes)
                    result.note(number, status: try wire.nextAnswer(until: .now + .seconds(300)).status)
                    numbers.append(number)
                }
                sent.withLock { $0.append(numbers) }
            }
        }
    }

    private struct Memory { var early = 0, late = 0 }

    private static let reloads = 1000
    /// Numbers of the webhooks that are sent right after a reload was answered, each by the table that it must find.
    private static let probes = 1_000_000

    /// Swaps the folder as a ConfigMap is, and asks for each table: by the socket, and now and then by a signal as
    /// well.
    private func swap(_ gateway: GatewayUnderTest) async throws -> Memory {
        let control = try ControlConnection(gateway)
        let probe = try gateway.connect()
        var memory = Memory()
        var version = 1
        for number in 1...Self.reloads {
            // Asked for while the folder is swapped, a table is the old one or the new one.
            async let meanwhile = control.reload()
            try gateway.folder.mount(Self.files(number), at: "routes", version: number)
            if number.isMultiple(of: 3) { gateway.process.send(1) }
            #expect(try await meanwhile.problems == [])
            let answer = try await control.reload()
            #expect(answer.problems == [] && answer.version > version, "\(answer)")
            version = answer.version
            if number.isMultiple(of: 10) {
                try probe.send(Webhook.numbered(Self.probes + number).bytes)
                #expect(try await probe.answer().status == 200)
            }
            if number == 200 { memory.early = try gateway.residentMemory() }
        }
        memory.late = try gateway.residentMemory()
        await control.close()
        return memory
    }

    @Test(
        "a thousand reloads under load lose no webhook, show no half of a table to any, and leave the memory as it was")
    func thousand() async throws {
        let queue = try await TestQueue.start()
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        try folder.mount(Self.files(0), at: "routes", version: 0)
        let setup = GatewaySetup(settings: ["log.level": "info"], routes: [:], queue: queue.url, folder: folder)
        let senders = Senders()
        try await GatewayUnderTest.run(setup) { gateway in
            async let first: Void = senders.run(gateway, client: 0, of: 3)
            async let second: Void = senders.run(gateway, client: 1, of: 3)
            async let third: Void = senders.run(gateway, client: 2, of: 3)
            defer { senders.stop() }
            let memory = try await swap(gateway)
            senders.stop()
            _ = try await (first, second, third)
            #expect(memory.late - memory.early < 20 << 20, "\(memory)")
            #expect(try await gateway.metric(#"sluice_reloads_total{result="failure"}"#) == 0)
            try await queue.arrivals(senders.result.count + Self.reloads / 10)
            #expect(try await gateway.stop() == .exited(0))
        }
        let sent = senders.sentInOrder
        #expect(sent.count == 3 && sent.allSatisfy { $0.count > 20 })
        #expect(senders.result.numbers(200) == Set(sent.joined()))
        try checkJobs(queue, sent)
        await queue.stop()
    }

    private func checkJobs(_ queue: TestQueue, _ sent: [[Int]]) throws {
        struct Payload: Decodable {
            let n: Int
            let table: String
        }
        var tables: [Int: Int] = [:]
        for job in queue.store.jobs {
            let payload = try JSONDecoder().decode(Payload.self, from: Data(job.payload ?? []))
            #expect(job.queue == "q\(payload.table)", "half of one table and half of another")
            #expect(tables.updateValue(Int(payload.table) ?? -1, forKey: payload.n) == nil, "\(payload.n) came twice")
        }
        let probes = Set(stride(from: 10, through: Self.reloads, by: 10).map { Self.probes + $0 })
        #expect(Set(tables.keys) == Set(sent.joined()).union(probes))
        for probe in probes { #expect(tables[probe] == probe - Self.probes) }
        // A connection never goes back to an older table.
        for numbers in sent {
            let order = numbers.compactMap { tables[$0] }
            #expect(order == order.sorted())
        }
    }
}
