import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// The explanation of a delivery that counts as verified.
@Suite(.serialized) struct DeliveryExplanationTests {
    private static let orders = """
        kinds:
          order:
            payload: { id: integer }
        routes:
          - name: orders
            path: /hook
            verify: none
            event: ${header.X-Event}
            unique_key: [ "${body.id}", "${header.X-Id}" ]
            unique_key_missing: body_hash
            jobs:
              - when: { event: paid, not: { body.test: true } }
                kind: order
                payload: { id: "${body.id}" }
              - when: { event: ping }
                ignore: true
              - type: other

        """

    private func orders(_ body: String, _ headers: [(name: String, value: String)]) throws -> Explanation {
        try explanation(Self.orders, TestRequest(body, headers: headers))
    }

    @Test("event, key, rules, kind and job are shown in order, each with its location")
    func job() throws {
        let found = try orders(#"{"id":7}"#, [("X-Event", "paid"), ("X-Id", "i1")])
        #expect(
            found.text.dropFirst(5).dropLast(6) == [
                #"body          ✓ JSON; body: auto, no content type  r.yaml:5:5"#,
                #"event         · "paid", ${header.X-Event}  r.yaml:8:5"#,
                "rule 1        ✓ kind order  r.yaml:12:9",
                #"                ✓ event is "paid": "paid"  r.yaml:12:17"#,
                "                ✓ not all of  r.yaml:12:30",
                "                  ✗ body.test is true: absent  r.yaml:12:37",
                "rule 2        · ignore: not evaluated, an earlier rule matches  r.yaml:15:9",
                "rule 3        · type other: not evaluated, an earlier rule matches  r.yaml:17:9",
                "unique key    ✓ orders:n1:7|s2:i1  r.yaml:9:5", #"                ${body.id} = "7""#,
                #"                ${header.X-Id} = "i1""#,
            ])
        #expect(
            found.lines("job") == ["job           ✓ by rule 1: type order, queue default"])
        #expect(found.step("job")?.details.first == TraceStep("", "its payload fits the kind", at: "r.yaml:2:3"))
        #expect(
            found.text.suffix(2) == [
                #"answer        ✓ 200 application/json: {"id":"d1","jobs":1,"dead_letters":0,"duplicate":false}"#,
                "result        ✓ accepted: 1 job",
            ])
    }

    @Test("a payload mismatch, a rule with ignore and a missing key are shown with their consequences")
    func exceptions() throws {
        let mismatch = try orders(#"{"id":"7"}"#, [("X-Event", "paid"), ("X-Id", "i1")])
        #expect(
            mismatch.lines("no job") == [
                "no job        ✗ by rule 1, payload_mismatch: payload.id must be an integer, not a string  r.yaml:2:3"
            ])
        #expect(
            mismatch.lines("dead letter") == [
                "dead letter   ✗ payload_mismatch: payload.id must be an integer, not a string"
            ])
        #expect(mismatch.lines("result") == ["result        ✓ accepted: 1 dead letter, no job"])
        let ignored = try orders("{}", [("X-Event", "ping")])
        #expect(ignored.lines("result") == ["result        ✓ accepted: nothing is stored, because rule 2 ignores it"])
        #expect(ignored.step("unique key") == nil)
        let keyless = try orders("{}", [])
        #expect(keyless.lines("event") == ["event         · absent, ${header.X-Event}  r.yaml:8:5"])
        #expect(
            keyless.lines("unique key").first?.contains(
                "✗ missing: the digest of the content replaces it, orders:body:") == true)
    }

    @Test(
        "a body is shown with the way it was read, or why it could not be",
        arguments: [
            ("application/json", "{}", "JSON"), ("text/plain", "a", "text"),
            ("application/octet-stream", "a", "bytes, as base64"),
            ("application/x-www-form-urlencoded", "a=1", "form fields, as an object of texts"),
            ("application/json; charset=latin1", "{}", "JSON in another charset, converted to UTF-8"),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n",
                "multipart form fields, as an object of texts"
            ),
            ("application/json", "{", nil), ("multipart/form-data; boundary=b", "x", nil),
        ] as [(String, String, String?)])
    func bodies(type: String, body: String, form: String?) throws {
        let found = try explanation(openRoute(), TestRequest(body, headers: [("Content-Type", type)]))
        let step = try #require(found.step("body"))
        #expect(step.holds == (form != nil))
        #expect(step.text.hasPrefix(form.map { "\($0); " } ?? "unreadable: "))
        #expect(step.text.hasSuffix("; body: auto, content type \"\(type)\""), "\(step.text)")
        #expect(found.steps("body").count == 1)
        #expect(found.lines("dead letter").count == (form == nil ? 1 : 0))
    }

    @Test("JSON in a form is shown with the name of its field", arguments: ["payload", "json"])
    func field(name: String) throws {
        let request = TestRequest("\(name)={}", headers: [("Content-Type", "application/x-www-form-urlencoded")])
        let step = try explanation(openRoute("json_field: \(name)"), request).step("body")
        #expect(step?.text.hasPrefix("JSON in the field '\(name)' of a form; ") == true, "\(step?.text ?? "")")
    }

    @Test("a body marked as gzip is shown with its decompressed size, or that it is not gzip")
    func gzip() throws {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
        let broken = try explanation(openRoute("gzip: true"), TestRequest("{}", headers: headers))
        #expect(
            broken.step("body")?.text
                == "unreadable: the body is not gzip, although its content encoding says so; body: auto, content type "
                + "\"application/json\"")
        #expect(broken.lines("gzip") == ["gzip          ✓ gzip; accepted: gzip or identity  r.yaml:5:5"])
        // An empty member (RFC 1952 §2.3): the final block holds the code of its end alone.
        var empty = TestRequest("", headers: headers)
        empty.body = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0] + [UInt8](repeating: 0, count: 8)
        let inflated = try explanation(openRoute("gzip: true"), empty).step("body")?.text
        #expect(inflated?.contains(", 0 bytes after gzip; ") == true, "\(inflated ?? "")")
    }

    @Test("each element has its rules and its key; of many the first twenty are shown and the others counted")
    func elements() throws {
        let text = openRoute(
            "each: ${body.items[]}\nunique_key: ${item.id}\nunique_key_missing: dead_letter\notherwise: dead_letter",
            rule: "when:\n  item.n: { less: 30 }")
        let items = (0..<35).map { $0 == 2 ? "{\"n\":2}" : "{\"id\":\"i\($0)\",\"n\":\($0)}" }
        let found = try explanation(text, TestRequest("{\"items\":[\(items.joined(separator: ","))]}"))
        #expect(found.lines("each") == ["each          · 35 elements in body.items[]  r.yaml:5:5"])
        #expect(
            found.steps.map(\.name).filter { $0.hasPrefix("element ") } == (1...20).map { "element \($0)" })
        #expect(
            found.steps("unique key").prefix(3).map(\.text) == [
                "open:i0", "open:i1", "missing: a dead letter ('unique_key_missing: dead_letter')",
            ])
        let third = found.steps.firstIndex { $0.name == "element 3" } ?? 0
        #expect(found.steps[third...].prefix(4).map(\.name) == ["element 3", "rule 1", "unique key", "element 4"])
        #expect(found.lines("and") == ["and           · 15 more elements, not shown"])
        #expect(found.lines("dead letter").count == 6)
        #expect(found.lines("result") == ["result        ✓ accepted: 29 jobs and 6 dead letters"])
    }

    @Test("a missing array is shown, as a dead letter of the whole delivery")
    func noArray() throws {
        let found = try explanation(openRoute("each: ${body.items[]}"), TestRequest("{}"))
        #expect(
            found.lines("dead letter") == ["dead letter   ✗ body_unreadable: 'each' finds no array at body.items[]"])
        #expect(!found.steps.contains { $0.name.hasPrefix("element ") })
    }

    @Test("control characters of a request are escaped, and long values cut")
    func printing() throws {
        var request = TestRequest(
            "{\"a\":\"\\u001b[31m\(String(repeating: "x", count: 5000))\"}", headers: [("X-E", "\u{202E}e")])
        request.target = "/hook?\u{7}"
        let found = try explanation(openRoute("event: ${header.X-E}"), request)
        for line in found.text {
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
            #expect(line.count < 1200)
        }
    }

    @Test("the event is not shown if it is a credential")
    func credential() throws {
        let found = try explanation(
            openRoute("event: ${header.Authorization}"), TestRequest("{}", headers: [("Authorization", "Bearer x")]))
        #expect(found.step("event")?.text.hasPrefix("\"a credential, which is not shown\"") == true)
    }

    @Test("the reply of the route is shown with its headers and its location")
    func reply() throws {
        let found = try explanation(
            openRoute("reply: { status: 202, headers: { X-A: \"${body.a}\" }, body: \"thanks\" }"),
            TestRequest("{\"a\":1}"))
        #expect(found.lines("answer") == ["answer        ✓ 202 text/plain; charset=utf-8: thanks  r.yaml:5:5"])
        #expect(found.text.contains("                X-A: 1"))
    }
}

/// An account of a request that the gateway has taken.
@Suite(.serialized) struct TakenExplanationTests {
    private func explained(_ text: String, target: String, route: String) throws -> Explanation {
        let explainer = try #require(Explainer(compile([("r.yaml", text)])))
        let arrival = RequestArrival(
            sender: nil, isStored: true, receivedAtMilliseconds: TestRequest.now, deliveryID: "D1")
        let deliveryState = Explanation.DeliveryState(route: route, lines: ["job 1, pending"])
        return TestRequest("{}", target: target).withView { explainer.explain(stored: $0, arrival, deliveryState) }
    }

    @Test("its signature is skipped, and its state is shown at the end")
    func taken() throws {
        let text = signedRoute.replacing(", { env: OLD }", with: "").replacing(
            "    path: /hook", with: "    path: /hook\n    allow_from: [ 10.0.0.0/8 ]")
        let found = try explained(text, target: "/hook", route: "signed")
        #expect(
            found.step("signature")?.text == "skipped: it was valid when the request arrived, and is not stored")
        #expect(found.refusal == nil)
        #expect(found.step("allow_from")?.text.hasPrefix("not stored; the gateway has admitted it; ") == true)
        #expect(
            found.text.suffix(2) == [
                "then          · what happened to the delivery when it arrived:", "                job 1, pending",
            ])
    }

    @Test("it is explained with its own route, even if its path now leads to another one")
    func byName() throws {
        let other = try explained(openRoute(), target: "/old", route: "open")
        #expect(other.step("route")?.text == "open, path /hook")
        #expect(
            other.step("request")?.details.last?.text
                == "its path now leads to no route; this shows the route 'open' that accepted it")
        let renamed = try explained(openRoute(), target: "/hook", route: "old")
        #expect(
            renamed.step("request")?.details.last?.text
                == "the route 'old' that accepted it no longer exists; its path now leads to 'open'")
        #expect(try explained(openRoute(), target: "/old", route: "old").refusal == .noSuchRoute)
    }

    @Test(
        "of elements that have the same key the first makes a job, here as in the gateway, and the others are counted")
    func equalKeys() throws {
        let text = openRoute("each: ${body.a}\nunique_key: ${item.id}", rule: "payload: ${item.id}")
        let found = try explanation(text, TestRequest(#"{"a":[{"id":1},{"id":1},{"id":2},{"id":1}]}"#))
        #expect(found.stored.jobs.map { String(decoding: $0.payload, as: UTF8.self) } == ["1", "2"])
        #expect(found.summary == "2 jobs, 2 elements with the key of an earlier one")
        #expect(
            found.json.contains(#""duplicates": 2"#)
                && found.json.contains(#"\"jobs\":2,\"dead_letters\":0,\"duplicate\":false,\"duplicates\":2"#))
        #expect(try explanation(text, TestRequest(#"{"a":[{"id":1}]}"#)).summary == "1 job")
    }
}
