import Testing

/// What two readers could understand differently is refused, and the connection ends there.
@Suite struct MalformedRequestTests {
    private struct Row {
        let text: String
        let refusal: Refusal

        init(_ text: String, _ reason: String, status: Int = 400, code: String = "malformed_request") {
            self.text = text
            refusal = Refusal(status: status, code: code, reason: reason)
        }
    }

    private static let start = "POST /github HTTP/1.1\r\nhost: h\r\n"
    private static let signedStart = start + "x-hub-signature-256: sha256=\(String(repeating: "0", count: 64))\r\n"

    /// Groups, each small enough for a second's log to have a record of every refusal.
    private static let groups = [
        "where the body ends": framing, "chunks": chunks, "lines": lines, "sizes and versions": sizes,
    ]

    private static let framing = [
        Row(
            start + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "both Content-Length and Transfer-Encoding"),
        Row(
            start + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
            "both Content-Length and Transfer-Encoding"),
        Row(start + "content-length: 5\r\ncontent-length: 6\r\n\r\nhello", "more than one Content-Length"),
        Row(start + "content-length: +5\r\n\r\nhello", "a Content-Length that is not a plain decimal number"),
        Row(start + "content-length: 0x5\r\n\r\nhello", "a Content-Length that is not a plain decimal number"),
        Row(
            start + "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "a final transfer coding other than chunked"
        ),
        Row(start + "transfer-encoding : chunked\r\n\r\n0\r\n\r\n", "white space between a header name and its colon"),
        Row(
            start + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "a transfer coding other than chunked",
            code: "transfer_coding_not_supported"),
        Row(
            "POST /github HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "a Transfer-Encoding in an HTTP/1.0 message"),
    ]

    /// With a signature that may be valid: without one the head alone is refused.
    private static let chunks = [
        Row(
            signedStart + "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "a body over the limit",
            status: 413,
            code: "body_too_large"
        ),
        Row(signedStart + "transfer-encoding: chunked\r\n\r\n-1\r\n", "a malformed chunk size"),
        Row(signedStart + "transfer-encoding: chunked\r\n\r\n0x5\r\n", "a malformed chunk size"),
        Row(signedStart + "transfer-encoding: chunked\r\n\r\n5\nhello\r\n", "a line feed without a carriage return"),
        Row(
            signedStart + "transfer-encoding: chunked\r\n\r\n5\r\nhelloX",
            "chunk data that is not followed by a line end"),
    ]

    private static let lines = [
        Row(start + "x-a: b\r\n c\r\n\r\n", "a header line that begins with white space"),
        Row("POST /github HTTP/1.1\nhost: h\n\n", "a line feed without a carriage return"),
        Row(start + "x-a: b\nx-c: d\r\n\r\n", "a line feed without a carriage return"),
        Row(start + "x-a: b\rx-c: d\r\n\r\n", "a carriage return without a line feed"),
        Row(start + "x-a: b\u{0}c\r\n\r\n", "a control byte"),
        Row(start + "x\u{0}a: b\r\n\r\n", "a control byte"),
        Row(
            "POST github HTTP/1.1\r\nhost: h\r\n\r\n",
            "a request target that is neither a path nor an http or https URL with host, optional port and path"),
        Row("POST /git\u{0}hub HTTP/1.1\r\nhost: h\r\n\r\n", "a control byte"),
        Row(
            "POST /github?q={a} HTTP/1.1\r\nhost: h\r\n\r\n",
            "a request target with a character that must be percent-encoded"),
        Row("POST /github HTTP/1.1\r\n\r\n", "no Host header"),
        Row(start + "host: h\r\n\r\n", "more than one Host header"),
        Row("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "a TLS handshake on a listener without TLS"),
        Row(
            "nonsense\r\n\r\n",
            "a request line that is not a method, a target and an HTTP version with one space between them"),
        Row("(nonsense)\r\n\r\n", "a method that is not a token of at most 32 bytes"),
    ]

    private static let sizes = [
        Row(
            start + "x: " + String(repeating: "a", count: 33_000), "a head over the size limit", status: 431,
            code: "head_too_large"),
        Row(
            start + (0...100).map { "x-\($0): a\r\n" }.joined() + "\r\n", "too many header lines", status: 431,
            code: "head_too_large"),
        Row(
            "POST /" + String(repeating: "a", count: 8200) + " HTTP/1.1\r\n", "a request target over the limit",
            status: 414,
            code: "target_too_long"),
        Row(
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "an HTTP version other than 1.0 and 1.1", status: 505,
            code: "version_not_supported"),
        Row(
            "POST /github HTTP/1.2\r\nhost: h\r\n\r\n", "an HTTP version other than 1.0 and 1.1", status: 505,
            code: "version_not_supported"
        ),
        Row(
            start + "expect: cake\r\n\r\n", "an expectation other than 100-continue", status: 417,
            code: "expectation_failed"),
    ]

    @Test(
        "a malformed request is refused with its code and reason, and its connection closed after the answer",
        arguments: groups.keys.sorted())
    func refuses(group: String) async throws {
        let rows = try #require(Self.groups[group])
        try await GatewayUnderTest.run { gateway in
            for row in rows {
                try await gateway.expectRefusal(
                    of: Array(row.text.utf8), row.refusal, row.text.prefix(80).debugDescription)
                try await gateway.expectGoodDelivery()
            }
            gateway.expectDiscreetLog()
        }
    }

    @Test("nothing is read after a refused request, even if it looks valid")
    func readsNoFurther() async throws {
        try await GatewayUnderTest.run { gateway in
            let hidden = Webhook.gitHub().bytes
            let head = Self.start + "content-length: \(hidden.count)\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            let refusal = Refusal(
                status: 400, code: "malformed_request", reason: "both Content-Length and Transfer-Encoding")
            try await gateway.expectRefusal(of: Array(head.utf8) + hidden, refusal, "a request behind a smuggling one")
            #expect(try await gateway.metric(#"sluice_jobs_committed_total{route="github"}"#) == 0)
        }
    }

    @Test("a request inside a body is a part of that body")
    func hidesNothing() async throws {
        try await GatewayUnderTest.run { gateway in
            let hidden = Webhook.gitHub().bytes
            let outer = Webhook.gitHub(body: hidden)
            for (name, bytes) in [("by length", outer.bytes), ("in chunks", outer.chunked(by: 100))] {
                let wire = try gateway.connect()
                try wire.send(bytes + Webhook.gitHub().bytes)
                let first = try await wire.answer()
                #expect(first[member: "dead_letters"] == (name == "by length" ? "1" : "0"), "\(name): \(first)")
                let second = try await wire.answer()
                #expect(second[member: "jobs"] == "1", "\(name): \(second)")
                wire.finishSending()
                #expect(try await wire.ending().rest.isEmpty, "\(name): a third answer")
            }
        }
    }

    @Test("a truncated request is never processed, at any byte")
    func breaksOff() async throws {
        try await GatewayUnderTest.run { gateway in
            let webhook = Webhook.gitHub()
            let wholes = [webhook.bytes, webhook.chunked(by: 10)]
            for whole in wholes {
                for end in stride(from: 0, to: whole.count, by: 7) {
                    let wire = try gateway.connect()
                    try wire.send(Array(whole[..<end]))
                    wire.finishSending()
                    let (rest, ending) = try await wire.ending()
                    #expect(rest.isEmpty, "after \(end) bytes: \(String(decoding: rest, as: UTF8.self))")
                    #expect(ending == .closed)
                }
            }
            #expect(try await gateway.metric(#"sluice_jobs_committed_total{route="github"}"#) == 0)
            try await gateway.expectGoodDelivery()
        }
    }
}
