import Testing

/// How a connection ends behind an answer: its sender gets the answer, and no reset takes it away.
@Suite struct AnswerEndTests {
    private static func closing(_ webhook: Webhook) -> Webhook {
        var webhook = webhook
        webhook.headers.append((name: "connection", value: "close"))
        return webhook
    }

    @Test("bytes after the last request do not reset the connection with its answer")
    func bytesBehind() async throws {
        try await GatewayUnderTest.run { gateway in
            var old = Webhook.gitHub()
            old.version = "HTTP/1.0"
            var refused = Webhook.gitHub()
            refused[header: "x-hub-signature-256"] = "sha256=" + String(repeating: "0", count: 64)
            for (webhook, status) in [(Self.closing(.gitHub()), 200), (old, 200), (Self.closing(refused), 401)] {
                for _ in 0..<20 {
                    let wire = try gateway.connect()
                    try wire.send(webhook.bytes)
                    // A packet by itself, so that it is not read with the request.
                    try wire.send("\r\n")
                    #expect(try await wire.answer().status == status)
                    try wire.send("more")
                    #expect(try await wire.ending() == ([], .closed))
                }
            }
            #expect(try await gateway.metric("sluice_connections{listener=\"public\"}").map { $0 <= 60 } == true)
        }
    }

    /// What a sender does behind its request, in a packet by itself.
    enum Behind: Sendable, CaseIterable { case closeNotify, blankLine, both }

    @Test(
        "with TLS, neither the end of TLS nor a blank line after a request resets the connection",
        arguments: Behind.allCases)
    func behindTLS(behind: Behind) async throws {
        try await GatewayUnderTest.run { gateway in
            let port = gateway.httpsPort
            for number in 0..<20 {
                let webhook = number % 2 == 0 ? Webhook.gitHub() : Self.closing(.gitHub())
                try await blocking {
                    let wire = try TLSWire(port: port)
                    try wire.send(webhook.bytes)
                    if behind != .closeNotify { try wire.send(Array("\r\n".utf8)) }
                    if behind != .blankLine { wire.finishSending() }
                    #expect(try wire.status() == 200)
                    // A connection that goes on waits for the next request.
                    if behind != .blankLine || number % 2 == 1 { #expect(try wire.receive() == []) }
                }
            }
        }
    }

    @Test("a blank line after a request on a persistent connection is not a request, and the next one is answered")
    func blankLine() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.head": "300ms", "limits.idle": "2s"])) {
            gateway in
            let wire = try gateway.connect()
            try wire.send(Webhook.gitHub().bytes + Array("\r\n".utf8))
            #expect(try await wire.answer().status == 200)
            try wire.send(Webhook.gitHub().bytes)
            #expect(try await wire.answer().status == 200)
            try wire.send("\r\n")
            #expect(try await wire.ending() == ([], .closed))
        }
    }

    @Test("a sender that needs longer than two seconds to write its body still finds the refusal")
    func slowRefusal() async throws {
        try await GatewayUnderTest.run { gateway in
            let webhook = Webhook.hmac(body: String(repeating: " ", count: 12 << 20))
            let wire = try gateway.connect()
            let bytes = webhook.bytes
            let piece = bytes.count / 16
            try await blocking {
                let started = ContinuousClock.now
                for part in 0..<16 {
                    try wire.send(Array(bytes[part * piece..<(part == 15 ? bytes.count : (part + 1) * piece)]))
                    // The pace of the sender is what is tested.
                    while ContinuousClock.now < started + .milliseconds(240 * (part + 1)) {}
                }
            }
            #expect(try await wire.answer().code == "body_too_large")
            #expect(try await wire.ending().ending == .closed)
        }
    }

    @Test("an empty list of expectations is ignored, and the answer to a malformed request names the rule")
    func lists() async throws {
        try await GatewayUnderTest.run { gateway in
            for list in ["", ",", " , ,"] {
                var webhook = Webhook.gitHub()
                webhook.headers.append((name: "expect", value: list))
                #expect(try await gateway.answer(to: webhook).status == 200, "'\(list)'")
            }
            let wire = try gateway.connect()
            try wire.send("POST /github HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx")
            let answer = try await wire.answer()
            #expect(answer.status == 400)
            #expect(
                answer[member: "detail"] == "The request is malformed: more than one Content-Length.")
        }
    }

    @Test("behind a trusted proxy, requests refused before the whole body are logged with the sender's address")
    func senders() async throws {
        try await GatewayUnderTest.run(
            GatewaySetup(settings: ["trusted_proxies": "127.0.0.0/8", "limits.body_time": "300ms"])
        ) { gateway in
            var large = Webhook.hmac(body: "{}")
            large.headers.append((name: "x-forwarded-for", value: "203.0.113.9"))
            let tooLarge = large.openHead + "content-length: 2000000\r\n\r\n"
            let slow = large.openHead + "content-length: 5\r\n\r\n"
            let malformed = large.openHead + "transfer-encoding: chunked\r\n\r\nnonsense"
            for (text, code) in [
                (tooLarge, "body_too_large"), (slow, "body_timeout"), (malformed, "malformed_request"),
            ] {
                let position = gateway.log.position
                let wire = try gateway.connect()
                try wire.send(text)
                #expect(try await wire.answer().code == code)
                let record = try await gateway.record(from: position) { $0.message == "refused a request" }
                #expect(record["peer"] == "203.0.113.9", "\(record)")
            }
        }
    }
}
