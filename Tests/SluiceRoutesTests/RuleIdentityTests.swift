import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What tells a rule from others, and from what it said earlier.
@Suite(.serialized) struct RuleIdentityTests {
    private func identities(_ rules: String, kinds: String = "") throws -> [RuleIdentity?] {
        let text = """
            \(kinds)
            routes:
              - name: open
                path: /open
                verify: none
                event: ${body.event}
                otherwise: ignore
                jobs:
            \(rules.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }.joined(separator: "\n"))
            """
        let route = try route(text)
        return (0..<4).map { route.identity(ofRule: $0) }
    }

    private static let order =
        "- when: { event: order, body.n: 1 }\n  type: order\n  queue: q\n  payload: { a: 1, b: \"${body.b}\" }"

    @Test(
        "writing the same rule in another way, or at another place, changes nothing",
        arguments: [
            "# a comment\n- type: \"order\"\n  queue: 'q'\n  payload:\n    b: ${body.b}\n    a: 1\n  when:\n    "
                + "body.n: 1\n    event: order"
        ])
    func same(_ other: String) throws {
        let one = try #require(try identities(Self.order)[0])
        #expect(one.kind == nil && one.type == "order" && one.queue == "q")
        #expect(try identities(other)[0] == one)
        let moved = try identities("- when: { event: other }\n  ignore: true\n" + Self.order)
        #expect(moved[0] == nil && moved[1] == one)
    }

    @Test(
        "everything in a rule is part of its digest",
        arguments: [
            ("event: order", "event: orders"), ("body.n: 1", "body.n: \"1\""), ("type: order", "type: order2"),
            ("queue: q", "queue: r"),
            ("a: 1", "a: \"1\""), ("a: 1", "c: 1"), ("queue: q", "queue: q\n  retry_limit: 3"),
        ])
    func other(_ old: String, _ new: String) throws {
        #expect(try identities(Self.order)[0]?.digest != identities(Self.order.replacing(old, with: new))[0]?.digest)
    }

    @Test(
        "what the route's rules read is part of their digests: parameters of the path, elements, the event",
        arguments: [
            ("/h/{shop}/{kind}", "/h/{kind}/{shop}"), ("${body.items[]}", "${body.rows[]}"),
            ("${body.event}", "${body.type}"), ("event: ${body.event}", "event: ${body.event}\n    body: text"),
        ])
    func subjects(_ old: String, _ new: String) throws {
        let text = """
            routes:
              - path: /h/{shop}/{kind}
                verify: none
                each: ${body.items[]}
                event: ${body.event}
                jobs: [ { type: t, queue: "${param.shop}" } ]
            """
        let digests = try [text, text.replacing(old, with: new)].map { try route($0).identity(ofRule: 0)?.digest }
        #expect(digests[0] != digests[1])
    }

    @Test(
        "so are those of a preset that a route file declares",
        arguments: [
            ("event: ${body.event}", "event: ${body.type}"), ("each: ${body.items[]}", "each: ${body.rows[]}"),
            ("body: json", "body: auto"),
        ])
    func declaredPreset(_ old: String, _ new: String) throws {
        let text = """
            providers:
              acme:
                verify: none
                body: json
                each: ${body.items[]}
                event: ${body.event}
            routes:
              - path: /acme
                provider: acme
                jobs: [ { type: t, queue: q } ]
            """
        let digests = try [text, text.replacing(old, with: new)].map { try route($0).identity(ofRule: 0)?.digest }
        #expect(digests[0] != digests[1])
    }

    @Test("a type that is made of the request is not named, and a kind gives type and queue")
    func names() throws {
        let made = try #require(try identities("- type: ${body.type}\n  queue: ${body.queue}")[0])
        #expect(made.type == nil && made.queue == nil)
        let ofKind = try #require(try identities("- kind: order", kinds: "kinds:\n  order: { queue: orders }")[0])
        #expect(ofKind.kind == "order" && ofKind.type == "order" && ofKind.queue == "orders")
        #expect(
            ofKind.differences(from: made) == [
                "kind order instead of (none)", "type order instead of (none)", "queue orders instead of (none)",
            ])
    }

    @Test("a key is found by the text that people see of it", arguments: ["a1", "with:colon", "100%", "x|y", "s1:a"])
    func keyText(_ value: String) throws {
        let single = try route(openRoute("unique_key: ${body.id}"))
        let key = try #require(TestRequest(#"{"id":"\#(value)"}"#).processed(by: single).delivery?.key)
        #expect(DeliveryKey.hashes(route: "open", text: value).contains(key.hash))
        #expect(!DeliveryKey.hashes(route: "other", text: value).contains(key.hash))
        let list = try route(openRoute("unique_key: [ \"${body.id}\", \"${body.n}\" ]"))
        let listed = try #require(TestRequest(#"{"id":"\#(value)","n":12}"#).processed(by: list).delivery?.key)
        #expect(DeliveryKey.hashes(route: "open", text: String(listed.text.dropFirst(5))).contains(listed.hash))
    }

    @Test(
        "a key is found by the text of its jobs in lists, also with the job's number and the generation",
        arguments: [
            ("17", "17"), ("17#0.2", "17"), ("17#3", "17"), ("17~1", "17"), ("17#0.2~12", "17"), ("a#1#0.0", "a#1"),
            ("a~1~0", "a~1"), ("a~1", "a~1"), ("a#0.1", "a#0.1"), ("acme:17#0.0", "acme:17"), ("~1", "~1"),
        ])
    func listedKey(_ listed: String, _ key: String) {
        let found = DeliveryKey.readings(route: "r", listed: listed)
        #expect(found.contains { $0.hashes == DeliveryKey.hashes(route: "r", text: key) })
    }

    @Test("the text of a job in lists is a key without a generation first, if it has a job of that text")
    func listedOrder() {
        let found = DeliveryKey.readings(route: "a:b", listed: "17#0.2~1")
        #expect(
            found.map(\.hashes) == ["17#0.2", "17", "17#0.2~1"].map { DeliveryKey.hashes(route: "a:b", text: $0) })
        #expect(found.map(\.job) == ["a%3Ab:17#0.2~1", "a%3Ab:17#0.2~1", nil])
        #expect(DeliveryKey.readings(route: "r", listed: "17").map(\.job) == [nil])
    }

    @Test(
        "a key after values of path parameters is found by all of it",
        arguments: [["acme"], ["a:b", "c%3A"], ["", "x"]])
    func parameters(_ values: [String]) throws {
        let scope = KeyScope(name: Array("r".utf8), parameters: values.map { Array($0.utf8) })
        let key = DeliveryKey(scope: scope, parts: [KeyPart(type: .text, bytes: Array("id:7".utf8))], isList: false)
        #expect(DeliveryKey.hashes(route: "r", text: String(key.text.dropFirst(2))).contains(key.hash))
    }
}
