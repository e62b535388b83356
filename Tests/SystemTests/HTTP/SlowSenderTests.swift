import Testing

/// Who is slow is cut off, whatever it goes on sending, and nobody else notices.
@Suite struct SlowSenderTests {
    private static let limits = [
        "limits.head": "300ms", "limits.body_time": "300ms", "limits.idle": "1s", "limits.write": "300ms",
    ]

    @Test("an incomplete head is answered 408 in time, although bytes still arrive")
    func slowHead() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.limits)) { gateway in
            let wire = try gateway.connect()
            try wire.send("POST /github HTTP/1.1\r\nhost: h\r\n")
            let answer = try await Self.dribble("x", over: wire)
            #expect(answer.status == 408)
            #expect(answer.code == "head_timeout")
            #expect(answer[header: "connection"] == "close")
            let record = try await gateway.record { $0["code"] == "head_timeout" }
            #expect(record["reason"] == "The request head was not complete in time.")
            try await gateway.expectGoodDelivery()
        }
    }

    @Test("an incomplete body is answered 408 in time, by length and in chunks, although bytes still arrive")
    func slowBody() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.limits)) { gateway in
            let webhook = Webhook.gitHub(body: String(repeating: " ", count: 10_000))
            for (start, piece) in [
                (webhook.head, " "), (webhook.openHead + "transfer-encoding: chunked\r\n\r\n", "1\r\n \r\n"),
            ] {
                let wire = try gateway.connect()
                try wire.send(start)
                let answer = try await Self.dribble(piece, over: wire)
                #expect(answer.status == 408)
                #expect(answer.code == "body_timeout")
                #expect(answer[header: "connection"] == "close")
            }
            try await gateway.expectGoodDelivery()
            gateway.expectDiscreetLog()
        }
    }

    @Test("after a refusal the connection ends though the sender neither stops nor closes")
    func lingers() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.body_time": "1h"])) { gateway in
            let wire = try gateway.connect()
            try wire.send("nonsense\r\n\r\n")
            #expect(try await wire.answer().status == 400)
            // The FIN does not wait for `limits.body_time`, so that a sender which reads to the end is not kept
            // waiting.
            #expect(try await wire.ending().ending == .closed)
            // What it goes on sending is thrown away, and at last answered with a reset.
            let megabyte = [UInt8](repeating: 0x20, count: 1 << 20)
            await #expect(throws: (any Error).self) {
                try await blocking { for _ in 0..<512 { try wire.send(megabyte) } }
            }
            try await gateway.expectGoodDelivery()
        }
    }

    @Test("a connection without a request is closed after limits.idle, without a word, and so is one that never begins")
    func idle() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.limits)) { gateway in
            let silent = try gateway.connect()
            let used = try gateway.connect()
            try used.send(Webhook.gitHub().bytes)
            #expect(try await used.answer().status == 200)
            #expect(try await used.ending() == ([], .closed))
            #expect(try await silent.ending() == ([], .closed))
        }
    }

    @Test("a TLS handshake that is not complete in time is closed")
    func slowHandshake() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.limits)) { gateway in
            let wire = try Wire(port: gateway.httpsPort)
            try wire.send([0x16, 3, 1])
            #expect(try await wire.ending() == ([], .closed))
            try await gateway.record {
                $0.message == "a TLS handshake failed" && $0["code"] == "timeout"
                    && $0["reason"] == "not complete in time"
            }
        }
    }

    @Test("a sender that does not read its answers is cut off after limits.write, and holds only the bytes of a few")
    func doesNotRead() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: Self.limits)) { gateway in
            let wire = try Wire(port: gateway.httpPort, receiveBuffer: 4096)
            let requests = Array(String(repeating: "GET /nothing HTTP/1.1\r\nhost: h\r\n\r\n", count: 1000).utf8)
            // More answers than all the buffers between hold; the gateway stops reading when it cannot write.
            await #expect(throws: (any Error).self) {
                try await blocking { for _ in 0..<2000 { try wire.send(requests) } }
            }
            let memory = try await gateway.metric("sluice_memory_in_use_bytes")
            #expect(memory == 0)
            try await gateway.expectGoodDelivery()
        }
    }

    /// Sends a piece every few milliseconds until the answer is there.
    private static func dribble(_ piece: String, over wire: Wire) async throws -> WireAnswer {
        for _ in 0..<10_000 {
            if let answer = try? await wire.answer(within: .milliseconds(20)) { return answer }
            try wire.send(piece)
        }
        throw Wire.Failure(description: "no answer as long as pieces arrive")
    }
}
