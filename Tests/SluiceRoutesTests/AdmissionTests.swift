import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What a route says of who may send, how much and to which URL, and of what it keeps.
@Suite(.serialized) struct AdmissionTests {
    @Test(
        "only the addresses of `allow_from` may send",
        arguments: [
            ("[10.0.0.0/8]", "10.1.2.3", true), ("[10.0.0.0/8]", "11.1.2.3", false), ("[192.0.2.7]", "192.0.2.7", true),
            ("[192.0.2.7]", "192.0.2.8", false),
            ("['2001:db8::/32']", "2001:db8::1", true), ("['2001:db8::/32']", "2001:db9::1", false),
            ("['2001:db8::/32']", "10.0.0.1", false),
            ("[10.0.0.0/8, '::1']", "::1", true), ("['::/0']", "2001:db8::1", true),
            ("[0.0.0.0/0]", "2001:db8::1", false),
            ("[0.0.0.0/0]", "192.0.2.7", true),
        ])
    func addresses(list: String, address: String, isAllowed: Bool) throws {
        var request = TestRequest("{}")
        request.peer = PeerAddress(address: try #require(PeerAddress.address(parsing: address)), port: 1)
        let outcome = request.processed(by: try route(openRoute("allow_from: \(list)")))
        #expect(
            outcome.summary
                == (isAllowed
                    ? "stored" : "refused address_not_allowed: This route does not accept requests from this address."))
    }

    @Test("a request with an unknown sender is neither allowed nor treated as verified")
    func unknownSender() throws {
        func summary(_ text: String, isStored: Bool = false) throws -> String {
            let route = try route(text)
            let arrival = RequestArrival(
                sender: nil, isStored: isStored, receivedAtMilliseconds: TestRequest.now, deliveryID: "d1")
            return TestRequest("{}").withView { view in
                var scratch = RouteScratch()
                return route.handle(view, arrival, from: .head, scratch: &scratch).summary
            }
        }
        let restricted = openRoute("allow_from: [10.0.0.0/8]")
        #expect(try summary(restricted).hasPrefix("refused address_not_allowed: "))
        #expect(try summary(signedRoute.replacing(", { env: OLD }", with: "")).hasPrefix("refused signature_missing: "))
        #expect(try summary(restricted, isStored: true) == "stored")
        #expect(try summary(signedRoute.replacing(", { env: OLD }", with: ""), isStored: true) == "stored")
    }

    @Test("a request from elsewhere does not learn which methods there are")
    func addressFirst() throws {
        var request = TestRequest("{}")
        request.method = "GET"
        #expect(
            request.processed(by: try route(openRoute("allow_from: [10.0.0.0/8]"))).summary.hasPrefix(
                "refused address_not_allowed"))
    }

    @Test(
        "the URL is what the provider knows",
        arguments: [
            ("https://hooks.example.com", "/in/a%20b?x=1", "https://hooks.example.com/in/a%20b?x=1"),
            ("https://hooks.example.com/", "/in/x", "https://hooks.example.com/in/x"),
            ("https://hooks.example.com:8443/prod/in", "/in/x?y=2", "https://hooks.example.com:8443/prod/in?y=2"),
            ("http://h", "/in/x", "http://h/in/x"),
        ])
    func url(publicURL: String, target: String, expected: String) throws {
        let text = openRoute("public_url: \(publicURL)", rule: "payload: '${url}'").replacing(
            "path: /hook", with: "path: /in/{p}")
        let payload = TestRequest("{}", target: target).processed(by: try route(text)).payload
        #expect(payload == "\"\(expected)\"")
    }

    @Test("the URL of the settings applies if the route has none")
    func urlOfSettings() throws {
        var options = RouteOptions()
        options.publicURL = PublicURL(parsing: "https://all.example.com")
        let file = RouteFile(name: "r.yaml", bytes: Array(openRoute(rule: "payload: '${url}'").utf8))
        let compilation = RouteTable.compile(
            [file], secretFiles: SecretFiles(folder: "."), environment: [:], options: options)
        let route = try #require(compilation.table?.routes.first)
        #expect(
            TestRequest("{}", target: "/hook?a").processed(by: route).payload == #""https://all.example.com/hook?a""#)
    }

    @Test(
        "mistakes",
        arguments: [
            ("allow_from: []", "5:17: 'allow_from' needs at least one block; omit it to accept all addresses"),
            ("allow_from: 10.0.0.0/8", "5:17: 'allow_from' must be a list, not a text"),
            (
                "allow_from: [10.0.0.1/8]",
                "5:18: '10.0.0.1/8' is not a block of addresses such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1, with no "
                    + "bits set after the prefix"
            ),
            ("rate: { limit: 100 }", "5:11: 'rate' needs 'per'"), ("rate: { per: 1s }", "5:11: 'rate' needs 'limit'"),
            ("rate: { limit: 0, per: 1s }", "5:20: 'limit' must be a whole number from 1 to 1000000"),
            (
                "rate: { limit: 1, per: 2d }",
                "5:28: 'per' must be a duration from 1ms to 1d, such as 500ms, 30s, 5m, 2h or 7d"
            ),
            ("rate: { limit: 1, per: 1s, burst: x }", "5:39: 'burst' must be a whole number from 1 to 1000000"),
            ("rate: 5", "5:11: 'rate' must be a mapping, not a number"),
            ("keep_request: yes", "5:19: 'keep_request' must be true or false, not a text"),
            (
                "public_url: hooks.example.com",
                "5:17: 'public_url' must be a URL such as https://hooks.example.com, with a path if a proxy "
                    + "changes it, without a query"
            ),
            (
                "public_url: 'https://h/?a'",
                "5:17: 'public_url' must be a URL such as https://hooks.example.com, with a path if a proxy "
                    + "changes it, without a query"
            ),
            ("event: ${url}", "5:12: 'url' needs 'public_url', in the route or in the settings"),
        ])
    func mistakes(line: String, expected: String) {
        #expect(problems(openRoute(line)) == [expected])
    }

    @Test("a rate has a burst of its limit unless it says more")
    func rate() throws {
        #expect(
            try route(openRoute("rate: { limit: 100, per: 1s, burst: 200 }")).rate
                == RateLimit(limit: 100, per: .seconds(1), burst: 200))
        #expect(
            try route(openRoute("rate: { limit: 5, per: 1m }")).rate == RateLimit(limit: 5, per: .seconds(60), burst: 5)
        )
        #expect(try route(openRoute()).rate == nil)
    }

    @Test("`keep_request` keeps the request of a delivery that became jobs", arguments: [true, false])
    func keepRequest(keeps: Bool) throws {
        let delivery = TestRequest("{}", headers: [("X-A", "1"), ("Authorization", "secret")]).processed(
            by: try route(openRoute("keep_request: \(keeps)"))
        ).delivery
        #expect(
            delivery?.request.map { String(decoding: $0, as: UTF8.self) }
                == (keeps ? "POST /hook HTTP/1.0\r\nX-A: 1\r\n\r\n{}" : nil))
    }
}
