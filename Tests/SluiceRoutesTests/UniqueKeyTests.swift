import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct UniqueKeyTests {
    private func key(_ unique: String, _ body: String, headers: [(name: String, value: String)] = []) throws
        -> DeliveryKey?
    {
        let route = try route(openRoute("unique_key: \(unique)"))
        return try #require(TestRequest(body, headers: headers).processed(by: route).delivery).key
    }

    @Test("the key that goes to Zizq is the route's name and the text")
    func text() throws {
        #expect(try key("${body.id}", #"{"id":"a1"}"#)?.text == "open:a1")
        #expect(try key("${header.X-Id}-${body.n}", #"{"n":1.50}"#, headers: [("x-id", "h")])?.text == "open:h-1.50")
        #expect(try key("[ \"${body.a}\", \"${body.n}\", x ]", #"{"a":"é","n":12}"#)?.text == "open:s2:é|n2:12|s1:x")
    }

    @Test(
        "line feeds at the end of a text do not count in its digest where a signature is valid with and without one",
        arguments: [true, false])
    func lineFeed(isSignedWithout: Bool) throws {
        let signed = isSignedWithout ? #"[ "${body.p}", "${body.p}\n" ]"# : #""${body.p}\n""#
        let source = openRoute("unique_key: ${sha256.body.p}").replacing(
            "verify: none",
            with: """
                secrets: [ { env: KEY } ]
                    verify: { alg: hmac-sha256, signature_from: "${header.S}", signed: \(signed) }
                """)
        let route = try route(source, environment: ["KEY": "0123456789abcdef"])
        func digest(_ json: String) throws -> String? {
            let outcome = TestRequest(#"{"p":\#(json)}"#).withView { view in
                var scratch = RouteScratch()
                let arrival = RequestArrival(
                    sender: nil, isStored: true, receivedAtMilliseconds: TestRequest.now, deliveryID: "d", share: .all)
                return route.handle(view, arrival, from: .body, scratch: &scratch)
            }
            return try #require(outcome.delivery).key?.text
        }
        let plain = try digest(#""a""#)
        #expect(plain == "open:\(Hash.digest(.sha256, Array(#""a""#.utf8).span).hex)")
        guard isSignedWithout else {
            #expect(try digest(#""a\n""#) != plain)
            return
        }
        for same in [#""a\n""#, #""a\n\n""#] { #expect(try digest(same) == plain) }
        #expect(try digest(#""\n""#) == digest(#""""#))
        for other in [#""\na""#, #""a\\n""#, #""an""#, #"["a\n"]"#] { #expect(try digest(other) != plain) }
        #expect(try digest(#""a\\n""#) != digest(#""a\\""#))
        #expect(try digest(#""a\\\n""#) == digest(#""a\\""#))
    }

    @Test("no key of a route looks like the digest of a long one, whatever its name")
    func digestForm() throws {
        let source = openRoute("unique_key: ${body.id}").replacing("name: open", with: "name: sha256")
        let route = try route(source)
        func key(_ id: String) throws -> String? {
            try #require(TestRequest(#"{"id":"\#(id)"}"#).processed(by: route).delivery).key?.text
        }
        let digest = try #require(try key(String(repeating: "L", count: 300)))
        #expect(digest.hasPrefix("sha256:"))
        #expect(try key(String(digest.dropFirst(7))) == "%73ha256:\(digest.dropFirst(7))")
        #expect(try key("1") == "%73ha256:1")
    }

    @Test("a job's own unique key goes to Zizq unscoped, and the gateway remembers the route's")
    func ownKey() throws {
        let route = try route(
            openRoute("unique_key: ${body.id}", rule: "unique_key: own-${body.x}\nunique_while: queued"))
        let delivery = try #require(TestRequest(#"{"id":1,"x":2}"#).processed(by: route).delivery)
        #expect(delivery.key?.text == "open:1")
        #expect(delivery.jobs.first?.uniqueKey == "own-2")
        #expect(delivery.jobs.first?.uniqueWhile == .queued)
    }

    @Test("without its own key the job has none, and the gateway still remembers the route's")
    func ownKeyMissing() throws {
        let route = try route(openRoute("unique_key: ${body.id}", rule: "unique_key: ${body.x}"))
        let delivery = try #require(TestRequest(#"{"id":1}"#).processed(by: route).delivery)
        #expect(delivery.key?.text == "open:1")
        #expect(delivery.jobs.first?.uniqueKey == nil)
        #expect(delivery.jobs.first?.uniqueWhile == nil)
    }

    @Test("a route without a unique key has no key, and that is not a missing one")
    func noKey() throws {
        let delivery = try #require(TestRequest("{}").processed(by: try route(openRoute())).delivery)
        #expect(delivery.key == nil)
        #expect(delivery.missingKeys == 0)
        #expect(delivery.jobs.first?.uniqueKey == nil)
        #expect(delivery.jobs.first?.uniqueWhile == nil)
    }

    @Test(
        "a key of which any part is absent, null, empty or blank is missing",
        arguments: [
            ("${body.a}", "{}"), ("${body.a}", #"{"a":null}"#), ("${body.a}", #"{"a":""}"#),
            ("${body.a}", #"{"a":" \t\n"}"#),
            ("x-${body.a}", "{}"), ("x-${body.a}", #"{"a":""}"#), ("${header.X-None}", "{}"), ("${query.q}", "{}"),
            ("[ \"${body.a}\", \"${body.b}\" ]", #"{"a":1}"#),
            ("[ \"${body.a}\", \"${body.b}\" ]", #"{"a":1,"b":" "}"#),
            (#"${body.a ?? ""}"#, "{}"), (#"${body.a ?? "d"}"#, #"{"a":""}"#),
        ])
    func missing(unique: String, body: String) throws {
        let delivery = try #require(
            TestRequest(body).processed(by: try route(openRoute("unique_key: '\(unique)'".unquotedList))).delivery)
        #expect(delivery.key == nil)
        #expect(delivery.missingKeys == 1)
        #expect(delivery.jobs.count == 1)
    }

    @Test("a default replaces an absent value")
    func fallback() throws {
        #expect(try key(#"${body.a ?? "none"}"#, "{}")?.text == "open:none")
    }

    @Test(
        "keys that differ in a part, a type, a boundary or the route's name are different, and equal ones are the same",
        arguments: [
            ("[ \"${body.a}\", \"${body.b}\" ]", #"{"a":"a","b":"bc"}"#, #"{"a":"ab","b":"c"}"#),
            ("[ \"${body.a}\" ]", #"{"a":12}"#, #"{"a":"12"}"#),
            ("[ \"${body.a}\" ]", #"{"a":true}"#, #"{"a":"true"}"#),
            ("[ \"${body.a}\" ]", #"{"a":[1]}"#, #"{"a":"[1]"}"#),
            ("${body.a}", #"{"a":"x"}"#, #"{"a":"X"}"#),
            ("${body.a}", #"{"a":"é"}"#, "{\"a\":\"e\u{301}\"}"),
            ("${body.a}", #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#),
        ])
    func distinct(unique: String, one: String, other: String) throws {
        let first = try #require(try key(unique, one))
        let second = try #require(try key(unique, other))
        #expect(first.hash != second.hash)
        #expect(Array(first.text.utf8) != Array(second.text.utf8))
        #expect(try key(unique, one) == first)
    }

    @Test(
        "if the signature covers fields, a request with one of them as another type has the same key",
        arguments: [
            (#"{"a":12}"#, #"{"a":"12"}"#, "12"), (#"{"a":true}"#, #"{"a":"true"}"#, "true"),
            (#"{"a":[1]}"#, #"{"a":"[1]"}"#, "[1]"),
            (#"{"a":"\ufffd"}"#, #"{"a":"\ud800"}"#, "\u{FFFD}"), (#"{"a":"x"}"#, #"{"a":"\u0078"}"#, "x"),
        ])
    func signedFields(one: String, other: String, signed: String) throws {
        for unique in ["${body.a}", "[ \"${body.a}\" ]"] {
            let route = try route(
                "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}', "
                    + "signed: '${body.a}' }\n"
                    + "  secrets: [ { env: SECRET } ]\n  unique_key: \(unique)\n  jobs: [ { type: t } ]\n")
            let digest = signature(Array(signed.utf8), "a secret of tests")
            let keys = [one, other].map {
                TestRequest($0, headers: [("X-Signature", digest)]).processed(by: route).delivery?.key
            }
            #expect(keys[0] != nil && keys[0] == keys[1], "\(unique)")
        }
    }

    @Test("the route's name scopes the key")
    func scope() throws {
        let other = openRoute("unique_key: ${body.id}").replacing("name: open", with: "name: opened")
        let one = TestRequest(#"{"id":1}"#).processed(by: try route(openRoute("unique_key: ${body.id}"))).delivery?.key
        #expect(one?.hash != TestRequest(#"{"id":1}"#).processed(by: try route(other)).delivery?.key?.hash)
    }

    @Test("the remembered hash is SHA-256 over counted parts, cut to 16 bytes")
    func hash() throws {
        var bytes: [UInt8] = [0, 0, 0, 4] + Array("open".utf8) + [0, 0, 0, 0] + [0, 0, 0, 2]
        bytes += [0x73, 0, 0, 0, 1] + Array("a".utf8) + [0x6E, 0, 0, 0, 2] + Array("12".utf8)
        let digest = Hash.digest(.sha256, bytes.span)
        let key = try key("[ \"${body.a}\", \"${body.n}\" ]", #"{"a":"a","n":12}"#)
        #expect(key?.hash.bytes == Array(digest.span.array.prefix(16)))
    }

    @Test(
        "a key of more than 200 bytes, with the name, goes to Zizq as its digest",
        arguments: [(195, false), (196, true)])
    func long(count: Int, isHashed: Bool) throws {
        let id = String(repeating: "k", count: count)
        let text = try #require(try key("${body.id}", "{\"id\":\"\(id)\"}")).text
        let digest = Hash.digest(.sha256, Array("open:\(id)".utf8).span)
        #expect(text == (isHashed ? "sha256:\(digest.hex)" : "open:\(id)"))
        #expect(text.utf8.count <= 200)
    }

    @Test(
        "a missing key has the effect that the route sets",
        arguments: [
            ("accept", "stored"),
            ("reject", "refused unique_key_missing: The request lacks the unique key that this route requires."),
            ("body_hash", "stored"),
            ("dead_letter", "dead letter unique_key_missing: the request lacks the unique key of the route"),
        ])
    func policies(policy: String, expected: String) throws {
        let route = try route(openRoute("unique_key: ${body.id}\nunique_key_missing: \(policy)"))
        let outcome = TestRequest(#"{"a":1}"#).processed(by: route)
        #expect(outcome.summary == expected)
        guard let delivery = outcome.delivery else { return }
        #expect(delivery.missingKeys == (policy == "accept" ? 1 : 0))
        let digest = Hash.digest(.sha256, Array(#"{"a":1}"#.utf8).span)
        #expect(delivery.key?.text == (policy == "body_hash" ? "open:body:\(digest.hex)" : nil))
        #expect(TestRequest(#"{"a":1}"#).processed(by: route).delivery?.key == delivery.key)
        if policy == "body_hash" {
            #expect(TestRequest(#"{"a":2}"#).processed(by: route).delivery?.key != delivery.key)
        }
    }

    @Test("a missing key does not matter to a rule that ignores")
    func ignored() throws {
        let text = openRoute("unique_key: ${body.id}\nunique_key_missing: reject").replacing(
            "type: t", with: "ignore: true")
        #expect(TestRequest("{}").processed(by: try route(text)).summary == "ignored by rule 0")
    }

    @Test("a repeated header in the key is refused")
    func headerTwice() throws {
        let route = try route(openRoute("unique_key: ${header.X-Id}"))
        #expect(
            TestRequest("{}", headers: [("X-Id", "1"), ("x-id", "1")]).processed(by: route).summary
                == "refused malformed_request: the header x-id, which the unique key uses, is repeated")
    }

    @Test("a repeated header in the key through the event, or in a rule's own key, is refused, too")
    func headerTwiceBehindTheKey() throws {
        let byEvent = try route(openRoute("event: a-${header.X-Kind}\nunique_key: ${event}"))
        #expect(
            TestRequest("{}", headers: [("X-Kind", "1"), ("x-kind", "2")]).processed(by: byEvent).summary
                == "refused malformed_request: the header x-kind, which the unique key uses, is repeated")
        let byRule = try route(openRoute(rule: "unique_key: ${header.X-User}"))
        #expect(
            TestRequest("{}", headers: [("X-User", "1"), ("x-user", "2")]).processed(by: byRule).summary
                == "refused malformed_request: the header x-user, which the unique key uses, is repeated")
        let own = try #require(TestRequest("{}", headers: [("X-User", "7")]).processed(by: byRule).delivery?.jobs.first)
        #expect(own.uniqueKey == "7" && own.hasOwnKey)
    }

    @Test(
        "the effect of another body with the same key is passed on",
        arguments: [ChangedBodyPolicy.duplicate, .accept, .deadLetter])
    func changedBody(policy: ChangedBodyPolicy) throws {
        let route = try route(openRoute("unique_key: ${body.id}\non_changed_body: \(policy.rawValue)"))
        let delivery = try #require(TestRequest(#"{"id":1}"#).processed(by: route).delivery)
        #expect(delivery.onChangedBody == policy)
        #expect(delivery.jobs.count == 1)
        let digest = Hash.digest(.sha256, Array(#"{"id":1}"#.utf8).span)
        #expect(delivery.bodyHash == Fingerprint(digest.span))
    }

    private func fingerprint(_ body: String, _ route: Route) throws -> [Fingerprint] {
        let delivery = try #require(TestRequest(body).processed(by: route).delivery)
        return delivery.parts.map(\.bodyHash)
    }

    @Test("the values of 'compare' decide whether a body has changed, and the whole body if it has none of them")
    func compare() throws {
        let one = try route(openRoute("unique_key: ${body.id}\ncompare: ${body.data}"))
        let first = try fingerprint(#"{"id":1,"data":{"a":1},"attempt":1}"#, one)
        #expect(try fingerprint(#"{"attempt":2,"data":{"a":1},"id":1}"#, one) == first)
        #expect(try fingerprint(#"{"id":1,"data":{"a":2},"attempt":1}"#, one) != first)
        #expect(try fingerprint(#"{"id":1,"data":null}"#, one) != fingerprint(#"{"id":1}"#, one))
        #expect(try fingerprint(#"{"id":1}"#, one) != fingerprint(#"{"id":1,"n":2}"#, one))
        let two = try route(openRoute(#"unique_key: ${body.id}\#ncompare: [ "${body.a}", "${body.b}" ]"#))
        #expect(try fingerprint(#"{"id":1,"a":1,"n":1}"#, two) == fingerprint(#"{"id":1,"a":1,"n":2}"#, two))
        #expect(try fingerprint(#"{"id":1,"a":1}"#, two) != fingerprint(#"{"id":1,"b":1}"#, two))
        #expect(try fingerprint(#"{"id":1,"a":1,"b":2}"#, two) != fingerprint(#"{"id":1,"a":2,"b":1}"#, two))
        let items = try route(openRoute("each: ${body}\nunique_key: ${item.id}\ncompare: ${item.data}"))
        let hashes = try fingerprint(#"[{"id":1,"data":5,"n":1},{"id":2,"data":5,"n":2},{"id":3,"data":6}]"#, items)
        #expect(hashes.count == 3 && hashes[0] == hashes[1] && hashes[0] != hashes[2])
    }

    @Test("the dedupe window is the route's")
    func window() throws {
        let route = try route(openRoute("unique_key: ${body.id}\ndedupe_window: 3d"))
        #expect(TestRequest(#"{"id":1}"#).processed(by: route).delivery?.dedupeWindow == .seconds(3 * 86_400))
    }
}

extension String {
    /// A list is a list only without the quotes that a text is put in.
    fileprivate var unquotedList: String { replacing("'[", with: "[").replacing("]'", with: "]") }
}
