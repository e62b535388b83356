import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct DeadLetterTests {
    private let signed = """
        routes:
          - path: /hook
            name: signed
            provider: github
            secrets: [ { env: SECRET } ]
            jobs: [ { when: { event: push }, type: t } ]
            otherwise: dead_letter
        """

    @Test("a dead letter keeps the request as it came, without what lets its reader in")
    func keptRequest() throws {
        let request = TestRequest(
            "not json", target: "/hook?a=b",
            headers: [
                ("Host", "example.com"), ("X-GitHub-Delivery", "d"), ("x-hub-signature", "sha1=1"),
                ("AUTHORIZATION", "Bearer t"),
                ("Cookie", "c"),
                ("Proxy-Authorization", "p"), ("Content-Type", "application/json"),
            ]
        ).signed(header: "X-Hub-Signature-256")
        let delivery = try #require(request.processed(by: try route(signed)).delivery)
        let kept = try #require(delivery.request)
        #expect(
            String(decoding: kept, as: UTF8.self)
                == "POST /hook?a=b HTTP/1.1\r\nHost: example.com\r\nX-GitHub-Delivery: d\r\nContent-Type: application/json\r\n\r\nnot json"
        )
        #expect(delivery.deadLetters.map(\.reason) == [.bodyUnreadable])
        #expect(delivery.jobs == [])
    }

    @Test("a dead letter has its unique key, so that a repetition is a duplicate, also where the body cannot be read")
    func key() throws {
        let route = try route(signed)
        let unreadable = TestRequest("x", headers: [("X-GitHub-Delivery", "d1")]).signed(header: "X-Hub-Signature-256")
            .processed(by: route)
        #expect(unreadable.delivery?.key?.text == "signed:d1")
        let unmatched = TestRequest("{}", headers: [("X-GitHub-Delivery", "d1")]).signed(header: "X-Hub-Signature-256")
            .processed(by: route)
        #expect(unmatched.summary == "dead letter no_matching_rule: no rule of the route matches")
        #expect(unmatched.delivery?.key == unreadable.delivery?.key)
    }

    @Test("where the key is the body's digest, what cannot be read has it too")
    func bodyHashKey() throws {
        let route = try route(openRoute("unique_key: ${body.id}\nunique_key_missing: body_hash"))
        let one = TestRequest("x").processed(by: route).delivery?.key
        #expect(one != nil)
        #expect(one == TestRequest("x").processed(by: route).delivery?.key)
        #expect(one != TestRequest("y").processed(by: route).delivery?.key)
    }

    @Test("nothing becomes a dead letter before the signature holds")
    func unverified() throws {
        let route = try route(signed)
        #expect(TestRequest("x", headers: [("X-Hub-Signature-256", "sha256=00")]).processed(by: route).delivery == nil)
        #expect(TestRequest("x").processed(by: route).delivery == nil)
    }
}
