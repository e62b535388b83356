import DevQueue
import Glibc
import SluiceBase
import Testing

@Suite struct ConnectionTests {
    private static func webhooks(_ count: Int) -> [Webhook] {
        (0..<count).map { Webhook.gitHub(id: "delivery-\($0)", body: #"{"number":\#($0)}"#) }
    }

    /// A connection that has had a request accepted, and of whose next one the gateway has read a head and waits for
    /// the body.
    private static func midRequest(_ webhook: Webhook, _ gateway: GatewayUnderTest) async throws -> Wire {
        var webhook = webhook
        webhook[header: "expect"] = "100-continue"
        let wire = try gateway.connect()
        try wire.send(Webhook.gitHub().bytes)
        #expect(try await wire.answer().status == 200)
        try wire.send(webhook.head)
        #expect(try await wire.answer().status == 100)
        return wire
    }

    /// Stops the gateway's threads until SIGCONT, so that whatever is sent meanwhile arrives in one turn of its loop.
    static func pause(_ gateway: GatewayUnderTest) async throws {
        gateway.process.send(SIGSTOP)
        let folder = "/proc/\(gateway.process.id)/task"
        try await blocking {
            let end = ContinuousClock.now + .seconds(300)
            while ContinuousClock.now < end {
                let states = try FileAccess.names(inFolder: folder).map { thread in
                    let stat = String(
                        decoding: try FileAccess.read("\(folder)/\(thread)/stat", limit: 4096), as: UTF8.self)
                    return stat.split(separator: ")").last?.dropFirst().first
                }
                if states.allSatisfy({ $0 == "T" }) { return }
                _ = poll(nil, 0, 1)
            }
            throw Wire.Failure(description: "the gateway does not stop")
        }
    }

    @Test("a connection serves one request after the other")
    func keepsAlive() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try gateway.connect()
            for webhook in Self.webhooks(50) {
                try wire.send(webhook.bytes)
                #expect(try await wire.answer()[member: "jobs"] == "1")
            }
        }
    }

    @Test("a request on a connection that the idle timeout has just closed is counted, and logged once")
    func idleRace() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.idle": "1s"])) { gateway in
            for count in 1...2 {
                let wire = try gateway.connect()
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200)
                #expect(try await wire.ending() == ([], .closed))
                try wire.send(Webhook.gitHub().bytes)
                try await gateway.untilMetric("sluice_idle_races_total", is: Double(count))
            }
            let quiet = try gateway.connect()
            try quiet.send(Webhook.gitHub().bytes)
            #expect(try await quiet.answer().status == 200)
            #expect(try await quiet.ending() == ([], .closed))
            quiet.close()
            let told = gateway.records().filter {
                $0.message.hasPrefix("a request arrived on a connection that was just closed")
            }
            #expect(told.count == 1)
            #expect(try await gateway.metric("sluice_idle_races_total") == 2)
            #expect(try await gateway.metric(#"sluice_received_total{route="github"}"#) == 3)
        }
    }

    @Test("pipelined requests are answered in order, stored or refused")
    func pipelines() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try gateway.connect()
            var bytes: [UInt8] = []
            for (index, webhook) in Self.webhooks(60).enumerated() {
                var webhook = webhook
                if index % 3 == 1 { webhook.target = "/nothing" }
                if index % 3 == 2 { webhook[header: "x-hub-signature-256"] = nil }
                bytes += index % 2 == 0 ? webhook.bytes : webhook.chunked(by: 5)
            }
            let all = bytes
            try await blocking { try wire.send(all) }
            wire.finishSending()
            // The first one without a route that has chunks ends it: where its body ends is not known without reading
            // it.
            for index in 0...1 {
                #expect(try await wire.answer().status == [200, 404][index])
            }
            #expect(try await wire.ending() == ([], .closed))
        }
    }

    @Test("pipelined requests with lengths are all answered in their order, over connections cut at any byte")
    func pipelinesAll() async throws {
        try await GatewayUnderTest.run { gateway in
            var bytes: [UInt8] = []
            for (index, webhook) in Self.webhooks(60).enumerated() {
                var webhook = webhook
                // A request that is refused before its body has come ends the connection: these have none.
                if index % 3 > 0 { webhook.body = [] }
                if index % 3 == 1 { webhook.target = "/nothing" }
                if index % 3 == 2 { webhook[header: "x-hub-signature-256"] = nil }
                bytes += webhook.bytes
            }
            for size in [bytes.count, 1000, 37] {
                let wire = try gateway.connect()
                let all = bytes
                try await blocking {
                    for start in stride(from: 0, to: all.count, by: size) {
                        try wire.send(Array(all[start..<min(start + size, all.count)]))
                    }
                }
                wire.finishSending()
                var statuses: [Int] = []
                for _ in 0..<60 { statuses.append(try await wire.answer().status) }
                #expect(statuses == (0..<60).map { [200, 404, 401][$0 % 3] }, "pieces of \(size)")
                #expect(try await wire.ending() == ([], .closed))
            }
        }
    }

    @Test("2,000 idle connections use little memory, and deliveries are served next to them")
    func manyIdle() async throws {
        try OpenFiles.raiseLimit()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections_per_address": "0"])) { gateway in
            try await gateway.expectGoodDelivery()
            let before = try gateway.residentMemory()
            var wires: [Wire] = []
            for index in 0..<2000 {
                let wire = try gateway.connect()
                wires.append(wire)
                // Half of them have had a request.
                if index % 2 == 0 { try wire.send(Webhook.gitHub(id: "\(index)").bytes) }
            }
            for index in stride(from: 0, to: 2000, by: 2) { #expect(try await wires[index].answer().status == 200) }
            #expect(try await gateway.metric(#"sluice_connections{listener="public"}"#) == 2000)
            for _ in 0..<20 { try await gateway.expectGoodDelivery() }
            let perConnection = (try gateway.residentMemory() - before) / 2000
            #expect(perConnection < 16 << 10, "\(perConnection) bytes a connection")
            for wire in wires { #expect(wire.isQuiet) }
        }
    }

    @Test("memory of connections that have ended goes back to the system, although some stay open")
    func memoryAfterLoad() async throws {
        try OpenFiles.raiseLimit()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections_per_address": "0"])) { gateway in
            let before = try gateway.residentMemory()
            let port = gateway.httpsPort
            let peak = try await blocking {
                var wires = try (0..<2000).map { _ in try TLSWire(port: port) }
                let peak = try gateway.residentMemory()
                wires.removeSubrange(10...)
                let end = ContinuousClock.now + .seconds(300)
                while try gateway.residentMemory() > (before + peak) / 2, ContinuousClock.now < end {
                    _ = poll(nil, 0, 100)
                }
                withExtendedLifetime(wires) {}
                return peak
            }
            let after = try gateway.residentMemory()
            #expect(peak > before + 10 << 20, "\(before >> 20) and \(peak >> 20) MiB")
            #expect(after <= (before + peak) / 2, "\(before >> 20), \(peak >> 20) and then \(after >> 20) MiB")
        }
    }

    @Test("at the cap the connection that was idle longest makes room; one that has begun a request does not")
    func closesLongestIdle() async throws {
        try await GatewayUnderTest.run(
            GatewaySetup(settings: ["limits.connections": "10", "limits.idle": "1h", "threads": "1"])
        ) {
            gateway in
            let webhook = Webhook.gitHub()
            let busy = try await Self.midRequest(webhook, gateway)
            var idle: [Wire] = []
            for _ in 0..<9 {
                let wire = try gateway.connect()
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200)
                idle.append(wire)
            }
            // The first of them is used again, so the second is now the one that waits longest.
            try idle[0].send(Webhook.gitHub().bytes)
            #expect(try await idle[0].answer().status == 200)
            let new = try gateway.connect()
            try new.send(Webhook.gitHub().bytes)
            #expect(try await new.answer().status == 200)
            #expect(try await idle[1].ending() == ([], .closed))
            #expect(try await gateway.metric("sluice_connections_closed_for_newer_total") == 1)
            for wire in [idle[0]] + idle[2...] { #expect(wire.isQuiet) }
            try busy.send(webhook.body)
            #expect(try await busy.answer().status == 200)
        }
    }

    @Test(
        "at the limit a connection whose request has just been answered makes room, also in the same turn of its loop")
    func closesNewlyIdle() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections": "2", "threads": "1"])) { gateway in
            let recent = try gateway.connect()
            try recent.send(Webhook.gitHub().bytes)
            #expect(try await recent.answer().status == 200)
            // Without a route, so it is answered as soon as it is complete.
            var request = Webhook.gitHub(body: [])
            request.target = "/nothing"
            try recent.send(Array(request.bytes.prefix(10)))
            let webhook = Webhook.gitHub()
            let busy = try await Self.midRequest(webhook, gateway)
            try await Self.pause(gateway)
            try recent.send(Array(request.bytes.dropFirst(10)))
            let new = try gateway.connect()
            try new.send(Webhook.gitHub(id: "new").bytes)
            gateway.process.send(SIGCONT)
            #expect(try await new.answer().status == 200)
            #expect(try await recent.answer().status == 404)
            #expect(try await recent.ending() == ([], .closed))
            #expect(try await gateway.metric("sluice_connections_closed_for_newer_total") == 1)
            try busy.send(webhook.body)
            #expect(try await busy.answer().status == 200)
        }
    }

    @Test("at the limit without an idle connection a new one is refused and logged")
    func turnsAway() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections": "2", "threads": "1"])) { gateway in
            let webhook = Webhook.gitHub()
            let busy = [try await Self.midRequest(webhook, gateway), try await Self.midRequest(webhook, gateway)]
            let third = try gateway.connect()
            #expect(try await third.ending().rest.isEmpty)
            try await gateway.record {
                $0.message == "refused a connection: limits.connections is reached and no connection is idle"
                    && $0["level"] == "error"
            }
            for wire in busy { try wire.send(webhook.body) }
            #expect(try await busy[0].answer().status == 200)
            #expect(try await busy[1].answer().status == 200)
            try await gateway.expectGoodDelivery()
        }
    }

    @Test(
        "a process that may open few files has few connections, the longest idle of which make room, and the log says what to do"
    )
    func outOfDescriptors() async throws {
        let fewFiles = ["/bin/sh", "-c", "ulimit -n 80; exec \"$@\"", "sh"]
        try await GatewayUnderTest.run(
            GatewaySetup(settings: ["threads": "1", "limits.idle": "1h"], wrapper: fewFiles)
        ) { gateway in
            var wires: [Wire] = []
            for index in 0..<100 {
                let wire = try gateway.connect()
                wires.append(wire)
                try wire.send(Webhook.gitHub(id: "\(index)").bytes)
                let answer = try await wire.answer()
                #expect(answer.status == 200, "connection \(index)")
            }
            let start =
                "the process may open too few files for limits.connections: raise its limit on open files (ulimit -n, "
                + "LimitNOFILE, --ulimit nofile)"
            let record = try await gateway.record { $0.message == start }
            #expect(record["files"] == "80" && record["connections"] == "27")
            #expect(try await gateway.metric("sluice_connections_limit") == 27)
            #expect(try await wires[0].ending() == ([], .closed))
            #expect(wires[99].isQuiet)
            #expect(try await gateway.metric("sluice_connections_closed_for_newer_total") ?? 0 > 0)
            let wire = wires[99]
            try wire.send(Webhook.gitHub().bytes)
            #expect(try await wire.answer().status == 200)
        }
    }

    @Test("a connection on the last free descriptor closes no other one")
    func lastDescriptor() async throws {
        // With a queue the relay has one connection, and does not open others in between.
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["threads": "1"], queue: queue.url)) { gateway in
            let idle = try gateway.connect()
            try idle.send(Webhook.gitHub().bytes)
            #expect(try await idle.answer().status == 200)
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            let open = Set(try FileAccess.names(inFolder: "/proc/\(gateway.process.id)/fd").compactMap { Int($0) })
            let free = (0..<open.count + 3).filter { !open.contains($0) }
            let limit = ["--pid", "\(gateway.process.id)", "--nofile=\(free[2])"]
            let change = try ChildProcess("prlimit", limit, environment: [:], folder: "/")
            #expect(try await change.ending() == .exited(0))
            let unused = try gateway.connect()
            try await gateway.expectGoodDelivery()
            #expect(idle.isQuiet)
            try unused.send(Webhook.gitHub(id: "2").bytes)
            #expect(try await unused.answer().status == 200)
        }
        await queue.stop()
    }

    @Test("one address has a limit of connections")
    func perAddress() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections_per_address": "2"])) { gateway in
            let wires = [try gateway.connect(), try gateway.connect()]
            for wire in wires {
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200)
            }
            #expect(try await gateway.connect().ending().rest.isEmpty)
            try await gateway.record {
                $0.message == "refused a connection: limits.connections_per_address is reached"
            }
            try wires[0].send(Webhook.gitHub().bytes)
            #expect(try await wires[0].answer().status == 200)
        }
    }

    @Test("silent connections of an address do not keep a sender behind it out")
    func perAddressWithoutRequests() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections_per_address": "3"])) { gateway in
            let sender = try gateway.connect()
            try sender.send(Webhook.gitHub().bytes)
            #expect(try await sender.answer().status == 200)
            let silent = try (0..<6).map { _ in try gateway.connect() }
            #expect(try await silent[0].ending().rest.isEmpty)
            let newcomer = try gateway.connect()
            try newcomer.send(Webhook.gitHub(id: "2").bytes)
            #expect(try await newcomer.answer().status == 200)
            try sender.send(Webhook.gitHub(id: "3").bytes)
            #expect(try await sender.answer().status == 200)
            withExtendedLifetime(silent) {}
        }
    }

    @Test("at the limit unauthenticated clients displace one another, and not those with an accepted request")
    func clients() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections": "6", "threads": "1"])) { gateway in
            var senders: [Wire] = []
            for _ in 0..<3 {
                let wire = try gateway.connect()
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200)
                senders.append(wire)
            }
            // Silent, and in the middle of a request that will not be accepted.
            var clients: [Wire] = []
            for index in 0..<12 {
                let wire = try gateway.connect()
                if index % 2 == 0 { try wire.send("POST /github HTTP/1.1\r\n") }
                clients.append(wire)
                if index >= 3 { #expect(try await clients[index - 3].ending().rest.isEmpty) }
            }
            #expect(try await gateway.metric("sluice_connections_closed_for_newer_total") == 9)
            for wire in senders {
                #expect(wire.isQuiet)
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200)
            }
        }
    }

    @Test("a request that a route with `verify: none` accepts does not keep its connection from being displaced")
    func openRoute() async throws {
        let routes = """
            routes:
            - { path: /open, verify: none, jobs: [ { type: t, when: { body.a: 1 } } ], otherwise: ignore }
            - path: /github
              provider: github
              secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
              jobs: [ { type: g } ]
            """
        var setup = GatewaySetup(settings: ["limits.connections": "4", "threads": "1"])
        setup.routes = ["r.yaml": routes]
        try await GatewayUnderTest.run(setup) { gateway in
            var senders = [try gateway.connect()]
            try senders[0].send(Webhook.gitHub().bytes)
            #expect(try await senders[0].answer().status == 200)
            // Stored, ignored, and a duplicate, each in the middle of a next request.
            var clients: [Wire] = []
            for body in [#"{"a":1}"#, #"{"a":2}"#, #"{"a":1}"#] {
                var webhook = Webhook.gitHub(body: body)
                webhook.target = "/open"
                let wire = try gateway.connect()
                try wire.send(webhook.bytes)
                #expect(try await wire.answer().status == 200)
                try wire.send("POST /github HTTP/1.1\r\n")
                clients.append(wire)
            }
            for client in clients {
                let next = try gateway.connect()
                try next.send(Webhook.gitHub().bytes)
                #expect(try await next.answer().status == 200)
                #expect(try await client.ending().rest.isEmpty)
                senders.append(next)
            }
            for sender in senders { #expect(sender.isQuiet) }
        }
    }

    @Test("admin and control have a separate thread, and the process leaves no core file")
    func process() async throws {
        try await GatewayUnderTest.run { gateway in
            let folder = "/proc/\(gateway.process.id)"
            let threads = try FileAccess.names(inFolder: "\(folder)/task").map { thread in
                String(decoding: try FileAccess.read("\(folder)/task/\(thread)/comm", limit: 64), as: UTF8.self)
            }
            for name in ["loop-0\n", "loop-1\n", "admin-0\n", "zizq-0\n"] {
                #expect(threads.contains(name), "\(threads)")
            }
            let limits = String(decoding: try FileAccess.read("\(folder)/limits", limit: 1 << 16), as: UTF8.self)
            let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
            #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(core)")
        }
    }

    @Test("the gateway's environment and memory cannot be read by other processes of its user")
    func dumps() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        var setup = GatewaySetup(folder: folder)
        let user = getuid() == 0 ? 65534 : getuid()
        if getuid() == 0 {
            setup.wrapper = ["setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"]
            for name in [".", "certificate.pem", "key.pem"] {
                try #require(unsafe chown(folder.file(name), user, user) == 0)
            }
        }
        try await GatewayUnderTest.run(setup) { gateway in
            try await gateway.expectGoodDelivery()
            for name in ["environ", "mem", "maps"] {
                var facts = stat()
                let isThere = unsafe stat("/proc/\(gateway.process.id)/\(name)", &facts) == 0
                // The files of a process that may not be dumped belong to root (man 5 proc).
                #expect(isThere && facts.st_uid == 0, "\(name)")
            }
        }
    }
}
