import DevQueue
import SluiceBase
import Testing

/// Bodies with `Content-Encoding: gzip`, on a route that takes them and on one that does not.
@Suite struct GzipTests {
    private static let order = #"{"id":"1","type":"order.paid","data":{"order_id":17}}"#
    /// `order`, as zlib makes it.
    private static let stream = bytes(
        "1f8b08000000000000ffab56ca4c51b2523254d2512aa92c480532f38b52528bf40a1281e23a4a298925894a56d510c178905243f3da5a00c93b8d7f35000000"
    )
    /// 65,536 zeros.
    private static let zeros = bytes(
        "1f8b08000000000000ffedc101010000008090feafee080a00000000000000000000000000000000000000000000000000000000000000"
            + "00000000000000000000000000000000000000000000000000000000000000006aeb8e97d700000100")

    private static func bytes(_ digits: String) -> [UInt8] { Hex.decode(Array(digits.utf8).span) ?? [] }

    private static func webhook(_ stream: [UInt8], coding: String = "gzip") -> Webhook {
        var webhook = Webhook.hmac(body: "")
        webhook.body = stream
        webhook[header: "x-signature"] = Webhook.signature(of: stream, secret: Webhook.hmacSecret)
        webhook[header: "content-encoding"] = coding
        return webhook
    }

    /// `routes/hmac.yaml`, of which bodies have at most 1 MiB, with gzip.
    private static func setup(queue: String? = nil) throws -> GatewaySetup {
        let hmac = try ProjectFiles.text("routes/hmac.yaml").replacing(
            "body: json\n", with: "body: json\n    gzip: true\n")
        return GatewaySetup(
            routes: ["hmac.yaml": hmac, "github.yaml": try ProjectFiles.text("routes/github.yaml")], queue: queue)
    }

    @Test("a signed body in gzip becomes a job of what is inside, by its length and in chunks")
    func takes() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(try Self.setup(queue: queue.url)) { gateway in
            #expect(try await gateway.answer(to: Self.webhook(Self.stream))[member: "jobs"] == "1")
            let wire = try gateway.connect()
            try wire.send(Self.webhook(Self.stream, coding: "x-gzip").chunked(by: 7))
            #expect(try await wire.answer()[member: "duplicate"] == "1")
            // The same without gzip is the same body under the same key.
            #expect(try await gateway.answer(to: .hmac(body: Self.order))[member: "duplicate"] == "1")
            try await queue.arrivals(1)
            gateway.expectDiscreetLog()
            #expect(try await gateway.stop() == .exited(0))
        }
        let payload = try #require(queue.store.jobs.first?.payload)
        #expect(String(decoding: payload, as: UTF8.self).hasPrefix(#"{"order":17,"change":"order.paid","#))
        await queue.stop()
    }

    @Test("the signature is over the bytes as received, and nothing is undone before it holds")
    func signature() async throws {
        try await GatewayUnderTest.run(try Self.setup()) { gateway in
            var inside = Self.webhook(Self.stream)
            inside[header: "x-signature"] = Webhook.signature(of: Array(Self.order.utf8), secret: Webhook.hmacSecret)
            let invalid = Refusal(
                status: 401, code: "signature_invalid",
                reason: "the header x-signature does not match any secret of the route",
                keepsConnection: true)
            try await gateway.expectRefusal(of: inside.bytes, invalid, "signed before gzip")
            var unsigned = Self.webhook(Array(repeating: Self.zeros, count: 160).flatMap { $0 })
            unsigned[header: "x-signature"] = nil
            let missing = Refusal(
                status: 401, code: "signature_missing", reason: "the header x-signature is missing",
                keepsConnection: true)
            try await gateway.expectRefusal(of: unsigned.bytes, missing, "a bomb without a signature")
        }
    }

    @Test("a body that gzip makes larger than the route takes is refused, and the next delivery is not affected")
    func bomb() async throws {
        try await GatewayUnderTest.run(try Self.setup()) { gateway in
            // Ten megabytes in 15 kilobytes.
            let bomb = Self.webhook(Array(repeating: Self.zeros, count: 160).flatMap { $0 })
            let refusal = Refusal(
                status: 413, code: "body_too_large", reason: "a body over the limit after gzip", keepsConnection: true)
            try await gateway.expectRefusal(of: bomb.bytes, refusal, "a bomb")
            let atLimit = Self.webhook(Array(repeating: Self.zeros, count: 16).flatMap { $0 })
            #expect(try await gateway.answer(to: atLimit)[member: "dead_letters"] == "1")
            try await gateway.untilMetric("sluice_memory_in_use_bytes", is: 0)
        }
    }

    @Test("a coding that the route does not take is refused with those that it does")
    func refusesCodings() async throws {
        try await GatewayUnderTest.run(try Self.setup()) { gateway in
            for (path, coding, accepted) in [
                ("/github", "gzip", "identity"), ("/hooks/hmac", "br", "gzip"), ("/hooks/hmac", "gzip, br", "gzip"),
            ] {
                var webhook = Self.webhook(Self.stream, coding: coding)
                webhook.target = path
                let answer = try await gateway.answer(to: webhook)
                #expect(answer.status == 415, "\(path), \(coding)")
                #expect(answer.code == "content_encoding_not_supported", "\(path), \(coding)")
                #expect(answer[header: "accept-encoding"] == accepted, "\(path), \(coding)")
            }
        }
    }

    @Test("a dead letter keeps its body in gzip, which a retry undoes again; one that is broken stays")
    func retries() async throws {
        let queue = try await TestQueue.start()
        let setup = try Self.setup(queue: queue.url)
        let rules = "order.paid, order.refunded"
        var other = setup
        other.routes?["hmac.yaml"] = setup.routes?["hmac.yaml"]?.replacing(rules, with: "order.refunded")
        try await GatewayUnderTest.run(other) { gateway in
            #expect(try await gateway.answer(to: Self.webhook(Self.stream))[member: "dead_letters"] == "1")
            #expect(
                try await gateway.answer(to: Self.webhook(Array(Self.stream.dropLast())))[member: "dead_letters"] == "1"
            )
            let list = try await gateway.command("dead", "list").output
            #expect(
                list.contains("no rule of the route matches") && list.contains("the gzip body is truncated"),
                "\(list)")
            try gateway.folder.write(setup.routes?["hmac.yaml"] ?? "", to: "routes/hmac.yaml")
            #expect(try await gateway.command("reload").ending == .exited(0))
            let retried = try await gateway.command("dead", "retry", "1", "2")
            #expect(
                retried.output
                    == "dead letter 1: now job 1\ndead letter 2: body_unreadable: the gzip body is truncated\n",
                "\(retried)")
            try await queue.arrivals(1)
            #expect(try await gateway.stop() == .exited(0))
        }
        await queue.stop()
    }

    @Test("a content type that is not in the route's list is refused before the body is read")
    func contentTypes() async throws {
        let hmac = try ProjectFiles.text("routes/hmac.yaml").replacing(
            "body: json\n", with: "body: json\n    content_types: [application/json]\n")
        try await GatewayUnderTest.run(GatewaySetup(routes: ["hmac.yaml": hmac])) { gateway in
            var webhook = Webhook.hmac(body: Self.order)
            webhook[header: "content-type"] = "application/json; charset=utf-8"
            #expect(try await gateway.answer(to: webhook)[member: "jobs"] == "1")
            webhook[header: "content-type"] = "text/plain"
            let wire = try gateway.connect()
            try wire.send(webhook.head)
            let answer = try await wire.answer()
            #expect(answer.status == 415)
            #expect(answer.code == "content_type_not_supported")
            try await gateway.record { $0["code"] == "content_type_not_supported" && $0["route"] == "hmac" }
        }
    }
}
