import Glibc
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

    @Test("payloads that are much larger than their body are rendered on threads of their own")
    func largePayloads() async throws {
        let routes = """
            routes:
            - path: /each
              verify: none
              each: ${body.items}
              jobs: [ { type: t, payload: { a: "${body}", b: "${body}", c: "${body}", d: "${item}" } } ]
            """
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes])) { gateway in
            let items = Array(repeating: "1", count: 2000).joined(separator: ",")
            let body = Array(#"{"items":[\#(items)]}"#.utf8)
            let before = try Self.processorTime("loop-", of: gateway)
            for _ in 0..<5 {
                let webhook = Webhook(
                    target: "/each",
                    headers: [
                        (name: "host", value: "hooks.example"), (name: "content-type", value: "application/json"),
                    ], body: body)
                #expect(try await gateway.answer(to: webhook).text.contains(#""jobs":2000"#))
            }
            let onLoops = try Self.processorTime("loop-", of: gateway) - before
            let onOthers = try Self.processorTime("bodies-", of: gateway)
            #expect(onOthers > onLoops, "\(onLoops / 1000) µs on the loops, \(onOthers / 1000) µs on the others")
        }
    }

    @Test("control bytes in unverified forms cost little more than letters, and not on the event loops")
    func controlBytes() async throws {
        let routes = """
            routes:
            - path: /form
              body: form
              verify: { alg: hmac-sha256, signature_from: "${body.signature}", signed: "${body.id}" }
              secrets: [ { env: HMAC_WEBHOOK_SECRET } ]
              jobs: [ { type: t } ]
            """
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": routes])) { gateway in
            func cost(of letter: String) async throws -> (onLoops: Int, onOthers: Int) {
                let form = Webhook(
                    target: "/form",
                    headers: [
                        (name: "host", value: "h"), (name: "content-type", value: "application/x-www-form-urlencoded"),
                    ],
                    body: Array("id=1&signature=00&a=\(String(repeating: letter, count: 1 << 20))".utf8))
                let (loops, others) = try (
                    Self.processorTime("loop-", of: gateway), Self.processorTime("bodies-", of: gateway)
                )
                for _ in 0..<5 { #expect(try await gateway.answer(to: form).code == "signature_invalid") }
                return try (
                    Self.processorTime("loop-", of: gateway) - loops,
                    Self.processorTime("bodies-", of: gateway) - others
                )
            }
            _ = try await cost(of: "%78")
            let letters = try await cost(of: "%78")
            let control = try await cost(of: "%01")
            // Without a table, one of them took 130 to 190 ns; a letter takes less than ten.
            #expect(control.onOthers < 10 * letters.onOthers, "\(control) with control bytes, \(letters) with letters")
            #expect(control.onLoops < control.onOthers, "\(control)")
        }
    }

    /// A route at `/keys` that verifies each signature with the same key so many times.
    private static func publicKeys(_ key: String, count: Int) -> GatewaySetup {
        let names = (0..<count).map { "KEY_\($0)" }
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
              secrets: [ \(names.map { "{ env: \($0) }" }.joined(separator: ", ")) ]
              jobs: [ { type: t } ]
            """
        return GatewaySetup(
            routes: ["r.yaml": routes], environment: Dictionary(uniqueKeysWithValues: names.map { ($0, key) }))
    }

    @Test("junk signatures are verified with public keys on threads of their own, and at most four of a request")
    func publicKeys() async throws {
        // Of RFC 8032, section 7.1.
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        let junk = (1...5).map(Self.junk)
        var webhook = Webhook.gitHub(body: "{}")
        webhook.target = "/keys"
        webhook.headers = [(name: "host", value: "h"), (name: "x-sig", value: junk.joined(separator: " "))]
        let requests = (0..<64).flatMap { _ in webhook.bytes }
        try await GatewayUnderTest.run(Self.publicKeys(key, count: 4)) { gateway in
            let wire = try gateway.connect()
            let before = try Self.processorTime("loop-", of: gateway)
            try await blocking { try wire.send(requests) }
            for _ in 0..<64 { #expect(try await wire.answer().status == 401) }
            let onLoops = try Self.processorTime("loop-", of: gateway) - before
            let onOthers = try Self.processorTime("bodies-", of: gateway)
            #expect(onOthers > onLoops, "\(onLoops / 1000) µs on the loops, \(onOthers / 1000) µs on the others")
        }
    }

    /// A signature that OpenSSL does not refuse before it has computed: the base point, and a number below the order.
    private static func junk(_ number: UInt8) -> String {
        "58" + String(repeating: "66", count: 31) + String(repeating: Hex.encode([number]), count: 31) + "05"
    }

    @Test("junk signatures from many addresses do not displace a sender of which a request was verified")
    func manyAddresses() async throws {
        let key = "cbf2d8b9ac901e1a33056a77e3bb4b7fdec7f5165fe9a555d27c29d32a3b36ee"
        // Made by `openssl pkeyutl -sign -rawin`, over the body below.
        let signature = """
            62752fed4ef1b2dc85fd2528f5b6ee38c2ead818bcf45a291c7e4606da79c236926499c21379a869f1eacd27c90d9d67\
            297bd001dd9e22fe786941fb4b795b07
            """
        func webhook(_ body: String, _ signature: String, from address: String) -> Webhook {
            let headers = [("host", "h"), ("x-sig", signature), ("x-forwarded-for", address)]
            return Webhook(target: "/keys", headers: headers.map { (name: $0.0, value: $0.1) }, body: Array(body.utf8))
        }
        let body = #"{"a":"\#(String(repeating: "x", count: 10_000))"}"#
        let valid = webhook(body, signature, from: "198.51.100.1")
        var setup = Self.publicKeys(key, count: 2)
        setup.settings = ["trusted_proxies": "127.0.0.0/8"]
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.answer(to: valid).status == 200)
            let known = try gateway.connect()
            let others = try (0..<500).map { _ in try gateway.connect() }
            try await ConnectionTests.pause(gateway)
            for (number, wire) in others.enumerated() {
                let address = "203.0.\(113 + number / 250).\(number % 250 + 1)"
                try wire.send(webhook("{}", Self.junk(1), from: address).bytes)
            }
            try known.send(valid.bytes)
            gateway.process.send(SIGCONT)
            #expect(try await known.answer().status == 200)
            var statuses: [Int: Int] = [:]
            for wire in others { statuses[try await wire.answer().status, default: 0] += 1 }
            // More came than may wait.
            #expect((statuses[503] ?? 0) > 100 && (statuses[401] ?? 0) > 200, "\(statuses)")
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
            let message = "an event loop is stuck: its other connections are waiting"
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
