import Testing

@Suite struct BodyLimitTests {
    /// `routes/hmac.yaml` takes bodies of up to 1 MiB.
    private static let limit = 1 << 20

    private static func webhook(bytes count: Int) -> Webhook {
        let frame = #"{"id":"1","type":"order.paid","data":{"order_id":""}}"#
        let filling = String(repeating: "x", count: count - frame.utf8.count)
        return Webhook.hmac(body: #"{"id":"1","type":"order.paid","data":{"order_id":"\#(filling)"}}"#)
    }

    private static let refusal = Refusal(status: 413, code: "body_too_large", reason: "a body over the limit")

    @Test("a body of exactly the limit is taken, by its length and in chunks")
    func takesLimit() async throws {
        try await GatewayUnderTest.run { gateway in
            let webhook = Self.webhook(bytes: Self.limit)
            #expect(try await gateway.answer(to: webhook).status == 200)
            let wire = try gateway.connect()
            let chunked = webhook.chunked(by: 10_000)
            try await blocking { try wire.send(chunked) }
            #expect(try await wire.answer()[member: "duplicate"] == "1")
        }
    }

    @Test("bodies over the memory budget are answered 503 with a time to come back, and the memory is given back")
    func memory() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.memory": "16MiB"])) { gateway in
            let webhook = Webhook.gitHub(body: #"{"filling":"\#(String(repeating: "x", count: 18 << 20))"}"#)
            let wire = try gateway.connect()
            // The gateway stops reading before it has all of it.
            let sending = Task { try await blocking { try wire.send(webhook.bytes) } }
            let answer = try await wire.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "memory_full")
            #expect(answer[header: "retry-after"] != nil)
            #expect(answer[header: "connection"] == "close")
            _ = await sending.result
            try await gateway.record { $0["code"] == "memory_full" && $0["status"] == "503" }
            try await gateway.expectGoodDelivery()
            // The answer is read a moment before its connection has given everything back.
            try await gateway.untilMetric("sluice_memory_in_use_bytes", is: 0)
            gateway.expectDiscreetLog()
        }
    }

    @Test("a sender that writes a very large body before it reads still gets the refusal, and no reset")
    func largeBodies() async throws {
        try await GatewayUnderTest.run { gateway in
            for size in [12 << 20, 40 << 20] {
                let wire = try gateway.connect()
                let webhook = Self.webhook(bytes: size)
                try await blocking { try wire.send(webhook.bytes) }
                wire.finishSending()
                #expect(try await wire.answer().code == "body_too_large", "\(size) bytes")
                #expect(try await wire.ending().ending == .closed, "\(size) bytes")
            }
            #expect(try await gateway.metric("sluice_memory_in_use_bytes") == 0)
        }
    }

    @Test("a body over the limit is refused when its length is announced, or when the chunk is that goes over it")
    func refusesMore() async throws {
        try await GatewayUnderTest.run { gateway in
            let webhook = Self.webhook(bytes: Self.limit + 1)
            // Before any of it was sent.
            try await gateway.expectRefusal(of: Array(webhook.head.utf8), Self.refusal, "by length")
            // A whole one: the answer still arrives, and is not lost in a reset.
            try await gateway.expectRefusal(of: webhook.bytes, Self.refusal, "by length, sent whole")
            let chunked = webhook.chunked(by: 10_000)
            try await gateway.expectRefusal(of: chunked, Self.refusal, "in chunks")
            let oneChunk = Array((webhook.openHead + "transfer-encoding: chunked\r\n\r\n100001\r\n").utf8)
            try await gateway.expectRefusal(of: oneChunk, Self.refusal, "by the size of the first chunk")
            var huge = webhook
            huge[header: "content-length"] = "99999999999999999999"
            try await gateway.expectRefusal(
                of: Array((huge.openHead + "\r\n").utf8), Self.refusal, "by a length beyond 64 bits")
            try await gateway.expectGoodDelivery()
            gateway.expectDiscreetLog()
        }
    }
}
