import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What `sluice explain` says of handshakes, and which body is read for one.
@Suite struct HandshakeExplanationTests {
    private static let rules = [
        "{ when: { method: GET, query.mode: subscribe }, token: '${query.token}', reply: { body: '${query.c}' } }",
        "{ when: { body.type: ping }, signed: false, reply: { body: { pong: '${body.id}' } } }",
    ]

    private func steps(_ request: TestRequest) throws -> [String] {
        let text = HandshakeRoute.text(Self.rules, lines: HandshakeRoute.secrets)
        return try explanation(text, request, environment: HandshakeRoute.environment).text
            .filter { !$0.hasPrefix("request") && !$0.hasPrefix("route") && !$0.contains("SHA-256") }
    }

    @Test("a rule of the head is shown with its conditions before the method, and ends it if it matches")
    func head() throws {
        var request = TestRequest("", target: "/hook?mode=subscribe&token=the+verify+token&c=1")
        request.method = "GET"
        #expect(
            try steps(request) == [
                "handshake 1   ✓ answered with 200  r.yaml:7:5",
                "                ✓ method is \"GET\": \"GET\"  r.yaml:7:15",
                "                ✓ query.mode is \"subscribe\": \"subscribe\"  r.yaml:7:28",
                "body_limit    ✓ 0 bytes; accepted: at most 8KiB  r.yaml:2:3",
                "answer        ✓ 200 text/plain; charset=utf-8: 1",
                "                x-content-type-options: nosniff",
                "result        ✓ accepted: a handshake, nothing is stored",
            ])
        request.target = "/hook?mode=subscribe&token=wrong&c=1"
        let reason = "the query parameter token does not match any of 'handshake_secrets'"
        #expect(
            try steps(request).filter { !$0.hasPrefix(" ") } == [
                "handshake 1   ✗ refused with 403: \(reason)  r.yaml:7:5",
                "result        ✗ refused: 403 handshake_refused: \(reason)",
            ])
        request.target = "/hook?mode=subscribe"
        #expect(
            try steps(request).prefix(4).filter { $0.contains("missing") || $0.hasPrefix("handshake") } == [
                "handshake 1   · does not match  r.yaml:7:5",
                "                ✗ the query parameter c is missing",
            ])
    }

    @Test("a rule for an unsigned body is shown after the missing signature")
    func body() throws {
        let lines = try steps(TestRequest(#"{"type":"ping","id":7}"#)).filter { !$0.hasPrefix(" ") }
        #expect(
            lines.suffix(4) == [
                "signature     ✗ signature_missing: the header x-signature is missing  r.yaml:3:3",
                "handshake 2   ✓ answered with 200  r.yaml:8:5",
                #"answer        ✓ 200 application/json: {"pong":7}"#,
                "result        ✓ accepted: a handshake, nothing is stored",
            ])
    }

    @Test(
        "at most 8 KiB are read of a request without a valid signature in its head, and nothing without a rule for it")
    func bodyLimits() throws {
        let route = try HandshakeRoute(Self.rules[1]).route
        func limit(_ request: TestRequest) -> (admitted: Bool, bytes: Int) {
            request.withView { view in
                (route.admit(view, request.arrival()) == nil, route.bodyLimit(for: view, request.arrival()).bytes)
            }
        }
        #expect(limit(TestRequest("", headers: [("Content-Length", "8192")])) == (true, 8192))
        #expect(limit(TestRequest("", headers: [("Transfer-Encoding", "chunked")])) == (true, 8192))
        #expect(limit(TestRequest("", headers: [("Content-Length", "8193")])).admitted == false)
        let signed = TestRequest("", headers: [("Content-Length", "8193")]).signed()
        #expect(limit(signed) == (true, 10 << 20))
        var large = TestRequest("", headers: [("Content-Length", "8193")])
        large.method = "HEAD"
        let ofHead = try HandshakeRoute("{ when: { method: HEAD } }").route
        large.withView { view in
            #expect(ofHead.admit(view, large.arrival()) == nil)
            #expect(ofHead.bodyLimit(for: view, large.arrival()).bytes == 8192)
        }
        let unsigned = TestRequest("", headers: [("Content-Length", "1")])
        unsigned.withView { #expect(ofHead.admit($0, unsigned.arrival())?.status == 401) }
    }
}
