import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// Handshakes that a preset brings to a route.
@Suite struct HandshakePresetTests {
    private static func text(_ lines: String) -> String {
        """
        providers:
          acme:
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}" }
            handshake:
              - when: { method: GET, query.mode: subscribe }
                token: ${query.token}
                reply: { body: "${query.challenge}" }
        routes:
        - path: /hook
          provider: acme
          secrets: [ { env: SECRET } ]
          \(lines)
          jobs: [ { type: t } ]

        """
    }

    private func outcome(_ route: Route, _ query: String) -> String {
        var request = TestRequest("", target: "/hook?\(query)")
        request.method = "GET"
        return request.processed(by: route).summary
    }

    @Test("the rules of the preset answer with the secrets of the route")
    func rules() throws {
        let route = try route(
            Self.text("handshake_secrets: [ { env: TOKEN } ]"), environment: HandshakeRoute.environment)
        #expect(
            outcome(route, "mode=subscribe&token=the+verify+token&challenge=1")
                == "handshake 200 text/plain; charset=utf-8: 1")
        #expect(outcome(route, "mode=subscribe&token=x&challenge=1").hasPrefix("refused handshake_refused"))
    }

    @Test("a route says which secrets the preset's token may be, or has rules without one")
    func secrets() throws {
        #expect(
            problems(Self.text("unique_key: ${body.id}"), environment: HandshakeRoute.environment) == [
                "10:3: 'token' needs 'handshake_secrets' in the route, such as [ { env: NAME } ]"
            ])
        let own = try route(Self.text("handshake: [ { when: { method: HEAD } } ]"))
        #expect(outcome(own, "mode=subscribe&challenge=1").hasPrefix("refused method_not_allowed"))
    }
}
