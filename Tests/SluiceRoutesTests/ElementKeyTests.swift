import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Unique keys of deliveries with several jobs, of elements, and of routes with path parameters.
@Suite(.serialized) struct ElementKeyTests {
    private static let body = #"{"id":"d","items":[{"id":"a"},{"id":"b"},{"x":1}]}"#

    @Test("a key of the delivery is one key, and each job has rule and element after it")
    func deliveryKey() throws {
        let route = try route(openRoute("each: ${body.items}\nunique_key: ${body.id}"))
        let delivery = try #require(TestRequest(Self.body).processed(by: route).delivery)
        #expect(delivery.parts.map(\.key?.text) == ["open:d"])
        #expect(delivery.parts.map(\.element) == [nil])
        #expect(delivery.jobs.map(\.uniqueKey) == ["open:d#0.0", "open:d#0.1", "open:d#0.2"])
    }

    @Test("a key with the element in it is a key of each job")
    func elementKey() throws {
        let route = try route(openRoute("each: ${body.items}\nunique_key: ${item.id}"))
        let delivery = try #require(TestRequest(Self.body).processed(by: route).delivery)
        #expect(delivery.parts.map(\.key?.text) == ["open:a", "open:b", nil])
        #expect(delivery.jobs.map(\.uniqueKey) == ["open:a", "open:b", nil])
        #expect(delivery.missingKeys == 1)
    }

    @Test(
        "by way of the event, too, and the position alone makes it a key of each job",
        arguments: ["${event}", "${body.id}-${index}"])
    func indirectly(key: String) throws {
        let route = try route(openRoute("event: ${item.id}\neach: ${body.items}\nunique_key: '\(key)'"))
        #expect(TestRequest(Self.body).processed(by: route).delivery?.parts.count == 3)
    }

    @Test("the hash that tells a changed body is that of the element")
    func elementHash() throws {
        let route = try route(openRoute("each: ${body.items}\nunique_key: ${item.id}"))
        let one = try #require(TestRequest(#"{"items":[{"id":"a"},{"id":"b"}]}"#).processed(by: route).delivery)
        let other = try #require(TestRequest(#"{"items":[{"id":"b"}],"more":1}"#).processed(by: route).delivery)
        #expect(one.parts[1].bodyHash == other.parts[0].bodyHash)
        #expect(one.parts[0].bodyHash != one.parts[1].bodyHash)
        #expect(one.parts[1].key == other.parts[0].key)
    }

    @Test(
        "a missing key of an element has the effect that the route sets",
        arguments: [
            ("accept", "3 jobs, 0 dead letters"),
            ("reject", "refused unique_key_missing: The request lacks the unique key that this route requires."),
            ("body_hash", "3 jobs, 0 dead letters"), ("dead_letter", "2 jobs, 1 dead letters"),
        ])
    func missing(policy: String, expected: String) throws {
        let route = try route(openRoute("each: ${body.items}\nunique_key: ${item.id}\nunique_key_missing: \(policy)"))
        let outcome = TestRequest(Self.body).processed(by: route)
        guard let delivery = outcome.delivery else {
            #expect(outcome.summary == expected)
            return
        }
        #expect("\(delivery.jobs.count) jobs, \(delivery.deadLetters.count) dead letters" == expected)
        #expect(delivery.missingKeys == (policy == "accept" ? 1 : 0))
        let digest = Hash.digest(.sha256, Array(#"{"x":1}"#.utf8).span).hex
        #expect(delivery.parts[2].key?.text == (policy == "body_hash" ? "open:body:\(digest)" : nil))
        if policy == "dead_letter" {
            #expect(delivery.deadLetters.map(\.detail) == ["the element lacks the unique key of the route"])
            #expect(delivery.deadLetters.map(\.share) == [DeliveryShare(element: 2)])
        }
    }

    @Test("a missing key of a delivery with elements makes one dead letter of all of it")
    func missingDeliveryKey() throws {
        let route = try route(openRoute("each: ${body}\nunique_key: ${header.X-Id}\nunique_key_missing: dead_letter"))
        let delivery = try #require(TestRequest("[1,2]").processed(by: route).delivery)
        #expect(delivery.jobs.isEmpty)
        #expect(delivery.deadLetters.map(\.share) == [.all])
    }

    @Test("elements that leave nothing have no key")
    func ignoredElements() throws {
        let text = openRoute(
            "each: ${body.items}\nunique_key: ${item.id}\notherwise: ignore", rule: "when: { item.id: b }")
        let parts = try #require(TestRequest(Self.body).processed(by: try route(text)).delivery?.parts)
        #expect(parts.map(\.key?.text) == ["open:b"])
        #expect(parts.map(\.element) == [1])
    }

    @Test("with `match: all` and keys of elements, the jobs of one element have the rule after the key")
    func elementKeysOfRules() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                each: ${body.items}
                unique_key: ${item.id}
                match: all
                jobs: [ { type: a }, { type: b, unique_key: "own-${item.id}" } ]
                otherwise: ignore
            """
        let delivery = try #require(TestRequest(#"{"items":[{"id":"x"}]}"#).processed(by: try route(text)).delivery)
        #expect(delivery.jobs.map(\.uniqueKey) == ["/hook:x#0", "own-x"])
        #expect(delivery.jobs.map(\.hasOwnKey) == [false, true])
    }

    @Test("a long key with rule and element after it is hashed as a whole")
    func longKey() throws {
        let route = try route(openRoute("each: ${body.l}\nunique_key: ${body.id}"))
        let id = String(repeating: "k", count: 194)
        let keys = try #require(TestRequest(#"{"id":"\#(id)","l":[1,2]}"#).processed(by: route).delivery).jobs
            .compactMap(\.uniqueKey)
        #expect(keys == (0..<2).map { "sha256:" + Hash.digest(.sha256, Array("open:\(id)#0.\($0)".utf8).span).hex })
        #expect(Set(keys).count == 2)
    }

    @Test("a job with a batch has no unique key at Zizq, and the delivery's still applies")
    func batch() throws {
        let rule = "batch: { key: 'b-${body.id}', when: 'true', fold: '$new' }"
        let delivery = try #require(
            TestRequest(#"{"id":1}"#).processed(by: try route(openRoute("unique_key: ${body.id}", rule: rule))).delivery
        )
        #expect(delivery.key?.text == "open:1")
        #expect(delivery.jobs.map(\.uniqueKey) == [nil])
        #expect(delivery.jobs.map(\.uniqueWhile) == [nil])
        #expect(
            delivery.jobs.map { String(decoding: $0.options.members, as: UTF8.self) } == [
                #""batch":{"key":"b-1","when":"true","fold":"$new"}"#
            ])
    }

    @Test("the values of path parameters belong to the key")
    func parameters() throws {
        let text = openRoute("unique_key: ${body.id}").replacing("/hook", with: "/in/{tenant}/{app}")
        let route = try route(text)
        let keys = ["/in/acme/x", "/in/acme/y", "/in/a%3Ab/c", "/in/a/b%3Ac", "/in/a%253Ab/c"].map { path in
            TestRequest(#"{"id":1}"#, target: path).processed(by: route).delivery?.key
        }
        #expect(
            keys.map { $0?.text } == [
                "open:acme:x:1", "open:acme:y:1", "open:a%3Ab:c:1", "open:a:b%3Ac:1", "open:a%253Ab:c:1",
            ])
        #expect(Set(keys.map { $0?.hash }).count == keys.count)
    }

    @Test("a colon in a route's name does not make its keys those of another route at Zizq")
    func colons() throws {
        func key(_ name: String, _ id: String, path: String = "/hook", to target: String = "/hook") throws -> String? {
            let text = openRoute("unique_key: ${body.id}").replacing("name: open", with: "name: '\(name)'")
                .replacing("/hook", with: path)
            return TestRequest(#"{"id":"\#(id)"}"#, target: target).processed(by: try route(text)).delivery?.parts[0]
                .jobs[0].uniqueKey
        }
        #expect(try key("shop", "eu:17") == "shop:eu:17")
        #expect(try key("shop:eu", "17") == "shop%3Aeu:17")
        #expect(try key("shop", "17", path: "/{t}", to: "/eu") == "shop:eu:17")
        #expect(try key("shop%3Aeu", "17") == "shop%253Aeu:17")
    }
}
