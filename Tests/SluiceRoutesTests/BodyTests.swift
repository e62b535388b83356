import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct BodyTests {
    private func outcome(
        _ body: String, type: String? = nil, lines: String = "", payload: String = "${body}",
        otherHeaders: [(name: String, value: String)] = []
    ) throws -> RouteOutcome {
        let route = try route(openRoute(lines, rule: "payload: \(payload)"))
        return TestRequest(body, headers: (type.map { [("Content-Type", $0)] } ?? []) + otherHeaders).processed(
            by: route)
    }

    @Test(
        "a body that Zizq would not take as a payload is a dead letter that says why",
        arguments: [
            ("", "there is no value at byte 0"), ("not json", "expected a value at byte 0"),
            ("{\"a\":1e400}", "a number is outside the range of a double at byte 5"),
            ("{\"a\":1} x", "there is text after the value at byte 8"),
            ("{\"a\":\"\u{1}\"}", "a string contains an unescaped control character at byte 6"),
            ("\u{FEFF}\u{FEFF}{}", "the text begins with a byte-order mark at byte 0"),
        ])
    func unreadable(body: String, why: String) throws {
        #expect(try outcome(body).summary == "dead letter body_unreadable: \(why)")
        #expect(try outcome(body, lines: "on_unreadable: reject").summary == "refused body_unreadable: \(why)")
        #expect(try outcome(body, lines: "on_unreadable: dead_letter").delivery?.jobs == [])
    }

    @Test(
        "a byte-order mark before JSON is dropped, in the body, in lines and in a form's payload, and is still signed"
    )
    func byteOrderMark() throws {
        let mark = "\u{FEFF}"
        #expect(try outcome(mark + #"{"a":1}"#).payload == #"{"a":1}"#)
        #expect(
            try outcome(mark + #"{"a":1}"#, payload: "{ a: \"${body.a}\", all: \"${body}\" }").payload
                == #"{"a":1,"all":{"a":1}}"#)
        #expect(try outcome(mark + "1\n2\n", lines: "each: lines").delivery?.jobs.count == 2)
        let form = "application/x-www-form-urlencoded"
        #expect(try outcome("payload=%EF%BB%BF%7B%7D", type: form).payload == #"{"payload":{}}"#)
        let provider =
            "routes: [ { path: /hook, provider: github, secrets: [ { env: SECRET } ], jobs: [ { type: t, payload: "
            + "\"${body}\" } ] } ]"
        let request = TestRequest("payload=%EF%BB%BF%7B%7D", headers: [("Content-Type", form)])
        #expect(request.signed(header: "X-Hub-Signature-256").processed(by: try route(provider)).payload == "{}")
    }

    @Test(
        "the claims of a token stand for it, or the JSON in one of them",
        arguments: [
            ("e30.eyJhIjoxfQ.c2ln", "", #"{"a":1}"#), ("e30.eyJhIjoxfQ.", "", #"{"a":1}"#),
            ("e30.eyJkYXRhIjoie1wiYVwiOjJ9In0.c2ln", "json_field: data", #"{"a":2}"#),
            ("e30.eyJhIjoxfQ", "", nil), ("e30.eyJhIjoxfQ.c2ln.x", "", nil), (#"{"a":1}"#, "", nil), ("", "", nil),
            ("e30.eyJhIjoxfQ==.c2ln", "", nil), ("e30.e30.c2ln", "json_field: data", nil),
            ("e30.eyJkYXRhIjp7fX0.c2ln", "json_field: data", nil), ("e30.bm90IGpzb24.c2ln", "", nil),
        ])
    func claims(body: String, field: String, payload: String?) throws {
        let outcome = try outcome(body, type: "text/plain", lines: "body: jwt\n\(field)")
        #expect(outcome.payload == payload, "\(outcome.summary)")
        #expect(payload != nil || outcome.summary.hasPrefix("dead letter body_unreadable: "))
    }

    @Test("memory for data derived from a body is reserved first, and only stored data keeps it")
    func charges() throws {
        let text = String(repeating: "\u{1}", count: 100_000)
        let route = try route(openRoute("body: text", rule: "payload: ${body}"))
        let request = TestRequest(text)
        for (limit, isTaken) in [(ByteCount.kibibytes(900), false), (.mebibytes(2), true)] {
            let budget = MemoryBudget(limit: limit)
            var scratch = RouteScratch()
            scratch.charge = MemoryCharge(to: budget, for: .small)
            let outcome = request.withView {
                route.handle($0, request.arrival(), from: .body, scratch: &scratch)
            }
            #expect(outcome.summary.hasPrefix(isTaken ? "stored" : "refused memory_full"), "\(outcome.summary)")
            #expect(budget.bytesInUse == (isTaken ? 600_002 : 0))
            scratch.charge.giveBack(downTo: 0)
            #expect(budget.bytesInUse == 0)
        }
    }

    @Test("payloads that are too large for a thread are left to another one before they are rendered")
    func largePayloads() throws {
        let route = try route(
            openRoute("each: ${body.items}", rule: "payload: { a: \"${body}\", b: \"${header.X-Large}\" }"))
        func outcome(items: Int, header: Int, limit: Int?) -> String {
            let body = #"{"items":[\#(Array(repeating: "1", count: items).joined(separator: ","))]}"#
            let request = TestRequest(body, headers: [(name: "x-large", value: String(repeating: "x", count: header))])
            var scratch = RouteScratch(maximumRenderedBytes: limit)
            let outcome = request.withView { route.handle($0, request.arrival(), from: .body, scratch: &scratch) }
            if case .tooLargeForThread = outcome { return "too large" }
            return String(outcome.summary.prefix { $0 != " " })
        }
        #expect(outcome(items: 100, header: 10, limit: 64_000) == "stored")
        #expect(outcome(items: 300, header: 10, limit: 64_000) == "too large")
        #expect(outcome(items: 100, header: 1000, limit: 64_000) == "too large")
        #expect(outcome(items: 300, header: 1000, limit: nil) == "stored")
    }

    @Test(
        "a body that is read for its signature keeps its memory until its job is rendered, and is charged once",
        arguments: ["secret=a+secret+of+tests", "secret=a+secret+of+testS"])
    func earlyReading(field: String) throws {
        let text = String(repeating: "%01", count: 10_000)
        let route = try route(
            """
            routes:
              - path: /hook
                body: form
                verify: { alg: static, signature_from: "${body.secret}" }
                secrets: [ { env: SECRET } ]
                jobs: [ { type: t, payload: "${body.text}" } ]

            """)
        let request = TestRequest("\(field)&text=\(text)")
        let budget = MemoryBudget(limit: .kibibytes(300))
        for _ in 0..<3 {
            var scratch = RouteScratch()
            scratch.charge = MemoryCharge(to: budget, for: .small)
            let outcome = request.withView {
                route.handle($0, request.arrival(), from: .signature, scratch: &scratch)
            }
            let isValid = field.hasSuffix("s")
            #expect(outcome.summary.hasPrefix(isValid ? "stored" : "refused signature_invalid"), "\(outcome.summary)")
            #expect(budget.bytesInUse == (isValid ? 60_002 : 0))
            scratch.charge.giveBack(downTo: 0)
        }
    }

    @Test("124 levels pass, 125 are a dead letter")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try outcome(nested(124)).payload == nested(124))
        #expect(
            try outcome(nested(125)).summary
                == "dead letter body_unreadable: the nesting is deeper than 124 levels at byte 124")
    }

    @Test("what a rule wraps around the body counts: nothing that a bulk request refuses leaves here")
    func wrappedDepth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try outcome(nested(122), payload: "{ a: [\"${body}\"] }").summary == "stored")
        #expect(
            try outcome(nested(123), payload: "{ a: [\"${body}\"] }").summary
                == "dead letter body_unreadable: the payload: the nesting is deeper than 124 levels at byte 128")
        #expect(try outcome("[1,\(nested(122))]", payload: "{ a: [\"${body[0]}\"] }").payload == #"{"a":[1]}"#)
    }

    @Test("half a surrogate pair is replaced in what is sent, and counted; everything else passes byte for byte")
    func loneSurrogates() throws {
        let body = #"{"a":"\ud83d\ude00 \ud800","b":["\udc00x"],"c":1.0}"#
        let delivery = try #require(try outcome(body).delivery)
        #expect(
            delivery.jobs.first.map { String(decoding: $0.payload, as: UTF8.self) }
                == #"{"a":"\ud83d\ude00 \ufffd","b":["\ufffdx"],"c":1.0}"#)
        #expect(delivery.repairedSurrogates == 2)
        #expect(try outcome("{}").delivery?.repairedSurrogates == 0)
    }

    @Test(
        "by its content type a body is JSON, a form, a text or bytes",
        arguments: [
            (nil, "{}"), ("application/json", "{}"), ("Application/JSON; charset=utf-8", "{}"),
            ("application/vnd.api+json", "{}"),
            ("application/json ; x=y", "{}"), ("", "{}"), ("text/json", "{}"),
            ("application/x-www-form-urlencoded", #"{"{}":""}"#),
            ("text/plain", #""{}""#), ("TEXT/html; charset=utf-8", #""{}""#), ("application/xml", #""{}""#),
            ("application/atom+xml", #""{}""#),
            ("application/jsonp", #"{"base64":"e30="}"#), ("json", #"{"base64":"e30="}"#),
            ("image/png", #"{"base64":"e30="}"#),
            ("multipart/mixed; boundary=b", #"{"base64":"e30="}"#),
        ])
    func contentTypes(type: String?, expected: String) throws {
        #expect(try outcome("{}", type: type).payload == expected)
        #expect(try outcome("{}", type: type, lines: "body: json").payload == "{}")
        #expect(try outcome("{}", type: type, lines: "body: text").payload == #""{}""#)
        #expect(try outcome("{}", type: type, lines: "body: bytes").payload == #"{"base64":"e30="}"#)
    }

    @Test(
        "a form is an object: fields are text, a repeated one is an array, JSON in 'payload' is that JSON",
        arguments: [
            ("a=1&b=x+y%21&c=&d", #"{"a":"1","b":"x y!","c":"","d":""}"#), ("a=1&b=2&a=3", #"{"a":["1","3"],"b":"2"}"#),
            ("", "{}"),
            ("&&a=1&", #"{"a":"1"}"#), ("a%5Bb%5D=%zz%4", #"{"a[b]":"%zz%4"}"#), ("a=%C3%A9", #"{"a":"é"}"#),
            // Composed and not: two names, though they look the same.
            ("%C3%A9=1&e%CC%81=2", "{\"\u{E9}\":\"1\",\"e\u{301}\":\"2\"}"),
            ("payload=%7B%22x%22%3A%5B1.0%5D%7D&a=1", #"{"payload":{"x":[1.0]},"a":"1"}"#),
            ("payload=%7Bx", #"{"payload":"{x"}"#),
            ("payload=12", #"{"payload":"12"}"#), ("other=%7B%7D", #"{"other":"{}"}"#), ("a=b=c", #"{"a":"b=c"}"#),
        ])
    func forms(form: String, json: String) throws {
        #expect(try outcome(form, type: "application/x-www-form-urlencoded; charset=utf-8").payload == json)
        #expect(try outcome(form, type: "text/plain", lines: "body: form").payload == json)
    }

    @Test(
        "the JSON in the field 'payload' of a form is reachable, with types, and the form's own fields compare as text")
    func formReferences() throws {
        let text = """
            routes:
              - path: /hook
                verify: none
                body: form
                jobs:
                  - when: { body.n: 5, body.payload.n: 5 }
                    type: t
                    payload: { n: "${body.n}", inner: "${body.payload.a.b}" }
                otherwise: ignore
            """
        let route = try route(text)
        #expect(
            TestRequest("n=5&payload={\"n\":5,\"a\":{\"b\":[1]}}").processed(by: route).payload
                == #"{"n":"5","inner":[1]}"#)
        #expect(TestRequest("n=5&payload={\"n\":\"5\"}").processed(by: route).summary == "no rule matched")
        #expect(TestRequest("n=6&payload={\"n\":5}").processed(by: route).summary == "no rule matched")
    }

    @Test("a form of more than 1000 fields is unreadable")
    func manyFields() throws {
        let form = Array(repeating: "a=1", count: 1001).joined(separator: "&")
        #expect(
            try outcome(form, lines: "body: form").summary
                == "dead letter body_unreadable: the form has more than 1000 fields")
        #expect(try outcome(String(form.dropLast(4)), lines: "body: form").summary == "stored")
    }

    @Test(
        "a form from GitHub without exactly one 'payload' that is JSON is unreadable",
        arguments: [
            ("a=1", "the form has no field 'payload'"),
            ("payload=1&payload=2", "the form has more than one field 'payload'"),
            ("payload=x", "expected a value at byte 0"),
        ])
    func githubForms(form: String, why: String) throws {
        let text = "routes:\n- {path: /hook, provider: github, verify: none, jobs: [{type: t}]}\n"
        let request = TestRequest(form, headers: [("Content-Type", "application/x-www-form-urlencoded")])
        #expect(request.processed(by: try route(text)).summary == "dead letter body_unreadable: \(why)")
    }

    @Test(
        "a method that the route does not have is refused",
        arguments: [("POST", true), ("GET", false), ("post", false), ("PUT", true)])
    func methods(method: String, isStored: Bool) throws {
        let route = try route(openRoute("methods: [POST, PUT]"))
        var request = TestRequest("{}")
        request.method = method
        #expect((request.processed(by: route).summary == "stored") == isStored)
        #expect(route.allow == "POST, PUT")
    }
}
