import Testing

/// Methods, paths and what HTTP leaves to choose.
@Suite struct MethodTests {
    @Test("a method that the route does not accept is refused with the methods that it does")
    func refusesMethod() async throws {
        try await GatewayUnderTest.run { gateway in
            for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"] {
                let wire = try gateway.connect()
                try wire.send("\(method) /github HTTP/1.1\r\nhost: h\r\n\r\n")
                let answer = try await wire.answer(isToHead: method == "HEAD")
                #expect(answer.status == 405, "\(method)")
                #expect(answer[header: "allow"] == "POST", "\(method)")
                #expect(answer.code == (method == "HEAD" ? nil : "method_not_allowed"), "\(method): \(answer)")
                // The connection goes on where there was no body.
                try wire.send(Webhook.gitHub().bytes)
                #expect(try await wire.answer().status == 200, "\(method)")
            }
        }
    }

    @Test("the log names the route that a request has missed by a slash or by letter case, the answer does not")
    func nearMiss() async throws {
        let paths = ["/github/": "a slash at the end", "//github": "a doubled slash", "/GitHub": "letter case"]
        try await GatewayUnderTest.run { gateway in
            for (path, difference) in paths.sorted(by: { $0.key < $1.key }) {
                let position = gateway.log.position
                var webhook = Webhook.gitHub()
                webhook.target = path
                let answer = try await gateway.answer(to: webhook)
                #expect(answer.status == 404 && !answer.text.contains("github"))
                let record = try await gateway.record(from: position) { $0["code"] == "no_such_route" }
                #expect(record["route"] == "github")
                // Log pipelines filter by it as a number.
                #expect(record.description.contains(#""status":404,"#), "\(record)")
                #expect(record["reason"] == "the path differs from the route's path: \(difference)")
            }
        }
    }

    @Test("a path without a route is answered 404, and so is one that two readers could take for different ones")
    func refusesPath() async throws {
        let paths = [
            "/", "/nothing", "/github/../github", "/./github", "/git%2Fhub",
            "/github%00", "/%ff",
            "/github;a",
        ]
        try await GatewayUnderTest.run { gateway in
            for path in paths {
                var webhook = Webhook.gitHub()
                webhook.target = path
                let refusal = Refusal(
                    status: 404, code: "no_such_route", reason: "No route has this path.", keepsConnection: true)
                try await gateway.expectRefusal(of: webhook.bytes, refusal, path)
            }
            // Paths and queries hold secrets of some senders.
            for line in gateway.log.lines { #expect(!line.contains("/nothing") && !line.contains("/git"), "\(line)") }
            for target in ["/github?x=1", "http://hooks.example/github", "/git%68ub"] {
                var webhook = Webhook.gitHub()
                webhook.target = target
                #expect(try await gateway.answer(to: webhook).status == 200, "\(target)")
            }
            gateway.expectDiscreetLog()
        }
    }

    @Test("a body in a coding that the route does not read, and a key that could be one of two, are refused")
    func refusesHeaders() async throws {
        try await GatewayUnderTest.run { gateway in
            var coded = Webhook.gitHub()
            coded.headers.append((name: "content-encoding", value: "br"))
            var twice = Webhook.gitHub()
            twice.headers.append((name: "X-GitHub-Delivery", value: "another"))
            let rows = [
                (
                    coded,
                    Refusal(
                        status: 415, code: "content_encoding_not_supported",
                        reason: "This route does not accept this content encoding.",
                        keepsConnection: true)
                ),
                (
                    twice,
                    Refusal(
                        status: 400, code: "malformed_request",
                        reason: "the header x-github-delivery, which the unique key uses, is repeated",
                        keepsConnection: true)
                ),
            ]
            for (webhook, refusal) in rows { try await gateway.expectRefusal(of: webhook.bytes, refusal, refusal.code) }
        }
    }

    @Test("an HTTP/1.0 sender is answered and its connection closed, unless it asks to keep it")
    func oldVersion() async throws {
        try await GatewayUnderTest.run { gateway in
            var webhook = Webhook.gitHub()
            webhook.version = "HTTP/1.0"
            let closing = try gateway.connect()
            try closing.send(webhook.bytes)
            let answer = try await closing.answer()
            #expect(answer.statusLine == "HTTP/1.1 200 OK")
            #expect(answer[header: "connection"] == "close")
            #expect(try await closing.ending() == ([], .closed))

            webhook[header: "connection"] = "keep-alive"
            let kept = try gateway.connect()
            for _ in 0..<2 {
                try kept.send(webhook.bytes)
                let answer = try await kept.answer()
                #expect(answer[header: "connection"] == "keep-alive", "\(answer)")
            }
        }
    }

    @Test("a sender that says that it will close is closed after its answer")
    func closes() async throws {
        try await GatewayUnderTest.run { gateway in
            var webhook = Webhook.gitHub()
            webhook[header: "connection"] = "close"
            let wire = try gateway.connect()
            try wire.send(webhook.bytes)
            let answer = try await wire.answer()
            #expect(answer.status == 200)
            #expect(answer[header: "connection"] == "close")
            #expect(try await wire.ending() == ([], .closed))
        }
    }

    @Test("a sender that waits for 100 Continue gets it, or the refusal, immediately")
    func expectsContinue() async throws {
        try await GatewayUnderTest.run { gateway in
            var webhook = Webhook.gitHub()
            webhook[header: "expect"] = "100-continue"
            let wire = try gateway.connect()
            try wire.send(webhook.head)
            #expect(try await wire.answer().statusLine == "HTTP/1.1 100 Continue")
            try wire.send(webhook.body)
            #expect(try await wire.answer().status == 200)

            // A body that is there already needs no go-ahead.
            try wire.send(Webhook.gitHub().bytes)
            #expect(try await wire.answer().status == 200)

            webhook.target = "/nothing"
            let refused = try gateway.connect()
            try refused.send(webhook.head)
            let answer = try await refused.answer()
            #expect(answer.status == 404)
            #expect(answer[header: "connection"] == "close")
            refused.finishSending()
            #expect(try await refused.ending() == ([], .closed))
        }
    }

    @Test("the rest after a length that is too short is not a request; one that is too long waits for more")
    func wrongLength() async throws {
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.body_time": "300ms"])) { gateway in
            let webhook = Webhook.gitHub()
            let short =
                Array((webhook.openHead + "content-length: \(webhook.body.count - 3)\r\n\r\n").utf8) + webhook.body
            let wire = try gateway.connect()
            try wire.send(short)
            #expect(try await wire.answer().code == "signature_invalid")
            #expect(try await wire.answer().code == "malformed_request")
            wire.finishSending()
            #expect(try await wire.ending() == ([], .closed))

            let long =
                Array((webhook.openHead + "content-length: \(webhook.body.count + 1)\r\n\r\n").utf8) + webhook.body
            let refusal = Refusal(
                status: 408, code: "body_timeout", reason: "The request body was not complete in time.")
            try await gateway.expectRefusal(of: long, refusal, "a length that is too long")
            try await gateway.expectGoodDelivery()
        }
    }
}
