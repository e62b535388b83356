import SluiceBase
import SluiceRoutes
import Testing

/// The answers of handshake rules, and that everything else is judged as without them.
@Suite struct HandshakeTests {
    private static let noMethod = "refused method_not_allowed: This route does not accept this method."
    private static let noSignature = "refused signature_missing: the header x-signature is missing"
    private static let echo =
        "{ when: { method: GET, query.challenge: { exists: true } }, reply: { body: '${query.challenge}' } }"

    private static func wrongToken(_ noun: String) -> String {
        "refused handshake_refused: \(noun) does not match any of 'handshake_secrets'"
    }

    // MARK: - By the head

    @Test("a value of the query is echoed as text, decoded, to a method that the route does not accept for deliveries")
    func echoOfQuery() throws {
        let route = try HandshakeRoute(Self.echo)
        let text = "handshake 200 text/plain; charset=utf-8"
        #expect(route.get("challenge=a+b%26%3Cscript%3E") == "\(text): a b&<script>")
        #expect(route.get("challenge=first&challenge=second") == "\(text): first")
        #expect(route.get("challenge=") == text)
        #expect(route.get("challenge=a", method: "HEAD") == Self.noMethod)
        #expect(route.get("") == Self.noMethod && route.get("Challenge=a") == Self.noMethod)
        #expect(route.get("challenge=a", method: "POST") == Self.noSignature)
    }

    @Test("a token must equal one of the secrets as a whole")
    func token() throws {
        let rule =
            "{ when: { method: GET, query.mode: subscribe }, token: '${query.token}', reply: { body: '${query.c}' } }"
        let route = try HandshakeRoute(rule, lines: HandshakeRoute.secrets)
        let right = "handshake 200 text/plain; charset=utf-8: 1"
        #expect(route.get("mode=subscribe&token=the+verify+token&c=1") == right)
        #expect(route.get("mode=subscribe&token=another+verify+token&c=1") == right)
        for token in ["", "&token=", "&token=the+verify+toke", "&token=the+verify+token+", "&token=The+verify+token"] {
            #expect(
                route.get("mode=subscribe&c=1\(token)") == Self.wrongToken("the query parameter token"), "\(token)")
        }
        #expect(route.get("mode=subscribe&token=the+verify+token") == Self.noMethod)
        #expect(route.get("token=the+verify+token&c=1") == Self.noMethod)
    }

    @Test("a wrong token has the status that the rule gives it")
    func otherwiseStatus() throws {
        let rule =
            "{ when: { method: GET, query.verify: { exists: true } }, token: '${query.verify}', otherwise_status: 404, "
            + "reply: { status: 204 } }"
        let route = try HandshakeRoute(rule, lines: HandshakeRoute.secrets)
        #expect(route.get("verify=the+verify+token") == "handshake 204 text/plain; charset=utf-8")
        let reason = "the query parameter verify does not match any of 'handshake_secrets'"
        #expect(route.get("verify=wrong") == "handshake 404 (\(reason))")
    }

    @Test("headers are echoed in headers and in JSON, and a plain HEAD has an empty answer")
    func headers() throws {
        let route = try HandshakeRoute(
            "{ when: { method: GET, header.X-Okta: { exists: true } }, reply: { body: { verification: '${header.X-Okta}' } } }",
            "{ when: { method: OPTIONS }, reply: { headers: { Allow: POST, WebHook-Allowed-Origin: '${header.Origin}' } } }",
            "{ when: { method: HEAD } }")
        #expect(
            route.get("", headers: [("X-Okta", #"a"b"#)]) == #"handshake 200 application/json: {"verification":"a\"b"}"#
        )
        #expect(route.get("", method: "HEAD") == "handshake 200")
        #expect(route.get("", method: "OPTIONS") == Self.noMethod)
        var options = TestRequest("", headers: [("Origin", "e.example.com")])
        options.method = "OPTIONS"
        let outcome = options.processed(by: route.route)
        #expect(
            outcome.reply?.headers.map { "\($0.name): \($0.value)" } == [
                "Allow: POST", "WebHook-Allowed-Origin: e.example.com", "x-content-type-options: nosniff",
            ])
    }

    @Test(
        "a header of the reply cannot be given other lines by the value that it echoes",
        arguments: ["\r\nX: y", "\n", "\0", "é"])
    func headerInjection(value: String) throws {
        let rule = "{ when: { method: GET, query.a: { exists: true } }, reply: { headers: { X-Echo: '${query.a}' } } }"
        let escaped = value.utf8.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
        #expect(
            try HandshakeRoute(rule).get("a=x\(escaped)")
                == "refused handshake_refused: the value of the reply's header "
                + "X-Echo is not printable ASCII, or is too long")
    }

    @Test("an echoed value has at most 1 KiB, in text, JSON and headers")
    func echoLimit() throws {
        let json = "{ when: { method: GET, query.j: { exists: true } }, reply: { body: { a: '${query.j}' } } }"
        let route = try HandshakeRoute(Self.echo, json)
        for name in ["challenge", "j"] {
            let longest = String(repeating: "a", count: 1024)
            #expect(route.get("\(name)=\(longest)").hasPrefix("handshake 200"))
            #expect(
                route.get("\(name)=\(longest)a")
                    == "refused handshake_refused: the query parameter \(name) has more than 1024 bytes")
        }
    }

    @Test("a rule of the head may answer a POST, and everything else on the path is judged as before")
    func post() throws {
        let rule =
            "{ when: { method: POST, query.validationToken: { exists: true } }, reply: { body: '${query.validationToken}' } }"
        let route = try HandshakeRoute(rule)
        #expect(route.get("validationToken=t", method: "POST") == "handshake 200 text/plain; charset=utf-8: t")
        #expect(route.outcome(TestRequest("{}")) == Self.noSignature)
        #expect(route.outcome(TestRequest("{}").signed("wrong")).hasPrefix("refused signature_invalid"))
        #expect(route.outcome(TestRequest("{}").signed()) == "stored")
        #expect(route.get("validationToken=t", method: "PUT") == Self.noMethod)
    }

    @Test("addresses that the route does not accept get no handshake")
    func address() throws {
        let route = try HandshakeRoute(Self.echo, lines: "allow_from: [ 198.51.100.0/24 ]")
        #expect(route.get("challenge=a").hasPrefix("refused address_not_allowed"))
    }

    // MARK: - By the body

    @Test("a value of the body is echoed after the signature, as text or with its type as JSON")
    func echoOfBody() throws {
        let route = try HandshakeRoute(
            "{ when: { body.type: url_verification }, reply: { body: { challenge: '${body.challenge}' } } }",
            "{ when: { header.X-Type: verify }, reply: { body: '${body.challenge}' } }",
            "{ when: { body.type: 1 }, reply: { body: { type: 1 } } }",
            "{ when: { body.type: 0 }, reply: { status: 204 } }")
        let json = TestRequest(#"{"type":"url_verification","challenge":"a\"b"}"#)
        #expect(route.outcome(json.signed()) == #"handshake 200 application/json: {"challenge":"a\"b"}"#)
        #expect(route.outcome(json) == Self.noSignature)
        #expect(route.outcome(json.signed("wrong")).hasPrefix("refused signature_invalid"))
        let text = TestRequest(#"{"challenge":"pogchamp"}"#, headers: [("X-Type", "verify")])
        #expect(route.outcome(text.signed()) == "handshake 200 text/plain; charset=utf-8: pogchamp")
        #expect(route.outcome(TestRequest(#"{"type":1}"#).signed()) == #"handshake 200 application/json: {"type":1}"#)
        #expect(route.outcome(TestRequest(#"{"type":0}"#).signed()) == "handshake 204 text/plain; charset=utf-8")
        #expect(route.outcome(TestRequest(#"{"type":"url_verification"}"#).signed()) == "stored")
        #expect(route.outcome(TestRequest(#"{"type":2}"#).signed()) == "stored")
    }

    @Test("with 'signed: false' a small body is answered without a signature, and nothing else is accepted")
    func unsigned() throws {
        let rule = "{ when: { body.webhook_id: { like: '*' } }, signed: false }"
        let route = try HandshakeRoute(rule)
        let form = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        #expect(route.outcome(TestRequest("webhook_id=7", headers: form)) == "handshake 200")
        #expect(route.outcome(TestRequest("webhook_id=7")) == Self.noSignature)
        #expect(route.outcome(TestRequest("other=7", headers: form)) == Self.noSignature)
        #expect(route.outcome(TestRequest(#"{"webhook_id":"7"}"#).signed("wrong")) == "handshake 200")
        #expect(route.outcome(TestRequest(#"{"webhook_id":"7"}"#).signed()) == "handshake 200")
        #expect(route.outcome(TestRequest(#"{"webhook_id":7}"#).signed()) == "stored")
        #expect(route.outcome(TestRequest(#"{"id":7}"#).signed()) == "stored")
        #expect(route.outcome(TestRequest(#"{"id":7}"#)) == Self.noSignature)
        let large = #"{"webhook_id":"7","a":""# + String(repeating: "a", count: 8192) + #""}"#
        #expect(route.outcome(TestRequest(large)) == Self.noSignature)
        #expect(route.outcome(TestRequest(large).signed()) == "handshake 200")
        #expect(route.outcome(TestRequest("not JSON")) == Self.noSignature)
    }

    @Test("with 'signed: true' a rule of the head waits for the signature")
    func signed() throws {
        let route = try HandshakeRoute("{ when: { header.X-State: sync }, signed: true }")
        // The body is ignored: some senders leave it empty.
        let request = TestRequest("", headers: [("X-State", "sync")])
        #expect(route.outcome(request) == Self.noSignature)
        #expect(route.outcome(request.signed()) == "handshake 200")
    }

    @Test("a stored delivery is not a handshake when it is rendered again")
    func stored() throws {
        let route = try HandshakeRoute("{ when: { body.type: ping } }", Self.echo).route
        let outcome = TestRequest(#"{"type":"ping"}"#, target: "/hook?challenge=a").withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(
                sender: nil, isStored: true, receivedAtMilliseconds: TestRequest.now, deliveryID: "d1")
            return route.handle(view, arrival, from: .body, scratch: &scratch)
        }
        #expect(outcome.summary == "stored")
    }

    @Test("unsigned handshakes do not use up the rate of deliveries, nor the other way round")
    func rate() throws {
        let route = try HandshakeRoute(Self.echo, lines: "rate: { limit: 1, per: 1h }").route
        let limiter = RateLimiter(try #require(route.rate))
        func outcome(_ request: TestRequest) -> String {
            request.withView { view in
                var scratch = RouteScratch()
                return route.handle(
                    view, request.arrival(), from: .signature, rate: (limiter, 0), scratch: &scratch
                ).summary
            }
        }
        let handshake = TestRequest("", target: "/hook?challenge=a")
        var get = handshake
        get.method = "GET"
        #expect(outcome(get) == "handshake 200 text/plain; charset=utf-8: a")
        #expect(outcome(get) == "rate limited")
        #expect(outcome(TestRequest("{}").signed()) == "stored")
        #expect(outcome(TestRequest("{}").signed()) == "rate limited")
    }
}
