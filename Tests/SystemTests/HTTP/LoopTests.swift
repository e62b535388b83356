import SluiceBase
import Testing

/// Which thread does the work of a request, and what is said of one that does not return.
@Suite struct LoopTests {
    /// The processor time so far of the threads whose names begin so, in nanoseconds.
    private static func processorTime(_ name: String, of gateway: GatewayUnderTest) throws -> Int {
        let folder = "/proc/\(gateway.process.id)/task"
        func text(_ path: String) throws -> String {
            String(decoding: try FileAccess.read("\(folder)/\(path)", limit: 4096), as: UTF8.self)
        }
        return try FileAccess.names(inFolder: folder).filter { try text("\($0)/comm").hasPrefix(name) }.reduce(0) {
            $0 + (Int(try text("\($1)/schedstat").prefix { $0 != " " }) ?? 0)
        }
    }

    @Test("large bodies are verified and parsed on threads of their own, and small ones on the event loops")
    func largeBodies() async throws {
        try await GatewayUnderTest.run { gateway in
            for _ in 0..<200 { try await gateway.expectGoodDelivery() }
            #expect(try Self.processorTime("bodies-", of: gateway) < Self.processorTime("loop-", of: gateway) / 10)

            let before = try Self.processorTime("loop-", of: gateway)
            let numbers = [UInt8](repeating: UInt8(ascii: "1"), count: 4 << 20)
            let body = Array(#"{"numbers":["#.utf8) + numbers.flatMap { [$0, UInt8(ascii: ",")] } + Array("1]}".utf8)
            for _ in 0..<5 {
                #expect(try await gateway.answer(to: .gitHub(event: "ping", body: body)).status == 200)
            }
            let onLoops = try Self.processorTime("loop-", of: gateway) - before
            let onOthers = try Self.processorTime("bodies-", of: gateway)
            // Reading the bytes from the socket is left to the loops.
            #expect(onOthers > onLoops, "\(onLoops / 1000) µs on the loops, \(onOthers / 1000) µs on the others")
        }
    }

    @Test("junk signatures are verified with public keys on threads of their own, and at most four of a request")
    func publicKeys() async throws {
        let routes = """
            routes:
            - path: /keys
              verify:
                alg: ed25519
                key_encoding: hex
                signature_from: ${header.X-Sig}
                signature_split: " "
                signed: ${body}
              body: json
              secrets: [ { env: KEY_0 }, { env: KEY_1 }, { env: KEY_2 }, { env: KEY_3 } ]
              jobs: [ { type: t } ]
            """
        // Of RFC 8032, section 7.1.
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        let keys = Dictionary(uniqueKeysWithValues: (0..<4).map { ("KEY_\($0)", key) })
        // The base point and numbers below the order, so that OpenSSL has to compute.
        let junk = (1...5).map { number in
            "58" + String(repeating: "66", count: 31) + String(repeating: Hex.encode([UInt8(number)]), count: 31) + "05"
        }
        var webhook = Webhook.gitHub(body: "{}")
        webhook.target = "/keys"
        webhook.headers = [(name: "host", value: "h"), (name: "x-sig", value: junk.joined(separator: " "))]
        let requests = (0..<64).flatMap { _ in webhook.bytes }
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes], environment: keys)) { gateway in
            let wire = try gateway.connect()
            let before = try Self.processorTime("loop-", of: gateway)
            try await blocking { try wire.send(requests) }
            for _ in 0..<64 { #expect(try await wire.answer().status == 401) }
            let onLoops = try Self.processorTime("loop-", of: gateway) - before
            let onOthers = try Self.processorTime("bodies-", of: gateway)
            #expect(onOthers > onLoops, "\(onLoops / 1000) µs on the loops, \(onOthers / 1000) µs on the others")
        }
    }

    @Test(
        "a thread that does not return is logged once and counted while the others serve, and after 30 s /healthz says so",
        .enabled("strace is not there or may not trace") { await SyncTests.canTrace() })
    func endlessTurn() async throws {
        // The one thread that connects to a server is the one for Zizq.
        let fault = "inject=connect:delay_enter=90000000:when=1"
        let strace = SyncTests.strace("-e", "trace=connect", "-e", fault, into: "/dev/null")
        try await GatewayUnderTest.run(GatewaySetup(wrapper: strace)) { gateway in
            try await gateway.expectGoodDelivery()
            let message = "an event loop does not return: its other connections wait"
            let record = try await gateway.record { $0.message == message }
            #expect(record["loop"] == "zizq-0" && record["level"] == "error", "\(record)")
            #expect(try await gateway.admin("/healthz").text == #"{"status":"ok"}"#)
            try await gateway.untilMetric(atLeast: 3, #"sluice_loop_stalls_total{loop="zizq-0"}"#)
            try await gateway.expectGoodDelivery()
            try await gateway.untilMetric(atLeast: 15, #"sluice_loop_stalls_total{loop="zizq-0"}"#)
            let early = try await gateway.admin("/healthz")
            let seconds = try await gateway.metric(#"sluice_loop_stalls_total{loop="zizq-0"}"#)
            #expect(early.status == 200 || (seconds ?? 0) >= 29)
            let end = ContinuousClock.now + .seconds(300)
            var answer = try await gateway.admin("/healthz")
            while answer.status == 200, ContinuousClock.now < end { answer = try await gateway.admin("/healthz") }
            #expect(answer.status == 503)
            #expect(answer.text == #"{"status":"event_loop_stuck"}"#)
            let health = try await gateway.command("health", "--admin", "127.0.0.1:\(gateway.adminPort)")
            #expect(health.ending == .exited(69))
            #expect(health.errors == "sluice: the gateway answers 503: \(answer.text)\n")
            #expect(try await gateway.admin("/readyz").status == 200)
            try await gateway.expectGoodDelivery()
            #expect(gateway.records(saying: message).count == 1)
        }
    }
}
