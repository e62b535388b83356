import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct ReferenceTests {
    static let body =
        #"{"a":"x\"\u00e9","n":1.50,"t":true,"z":null,"o":{"k":[1, 2]},"odd key":"o","l":[{"i":7}],"s":"\ud800!","n":2.50}"#

    private func payload(_ payload: String, lines: String = "", body: String = ReferenceTests.body) throws -> String? {
        let route = try route(openRoute(lines, rule: "payload: \(payload)"))
        let request = TestRequest(
            body, target: "/hook?q=a%20b&empty=",
            headers: [
                ("Host", "h"), ("X-A", "one"), ("x-a", "two"), ("Authorization", "Bearer t"), ("Cookie", "c"),
                ("X-Odd", "\"\\\u{1}é"),
            ])
        return request.processed(by: route, deliveryID: "01D").payload
    }

    @Test(
        "each row of the table of references can be read, and says whether it can be signed",
        arguments: ReferenceSyntax.all)
    func rows(form: ReferenceSyntax) throws {
        for text in form.written.replacing("`", with: "").split(separator: ", ") {
            let source = try ReferenceParser.parseBare(String(text)).source
            #expect(source.mayBeSigned == (form.signedMeaning != nil), "\(text)")
        }
    }

    @Test(
        "a value that is one reference is the JSON that it names, and inside text it is text",
        arguments: [
            ("body.a", #""x\"\u00e9""#, #""[x\"é]""#), ("body.n", "2.50", #""[2.50]""#),
            ("body.t", "true", #""[true]""#),
            ("body.z", "null", #""[]""#), ("body.none", "null", #""[]""#), ("body.a.b", "null", #""[]""#),
            ("body.o", #"{"k":[1, 2]}"#, #""[{\"k\":[1, 2]}]""#), ("body.o.k[1]", "2", #""[2]""#),
            ("body.l[0].i", "7", #""[7]""#),
            ("body.l[1]", "null", #""[]""#), (#"body["odd key"]"#, #""o""#, #""[o]""#),
            ("body.s", #""\ufffd!""#, "\"[\u{FFFD}!]\""),
            ("header.X-Odd", "\"\\\"\\\\\\u0001é\"", "\"[\\\"\\\\\\u0001é]\""),
            ("header.X-A", #""one, two""#, #""[one, two]""#),
            ("header.X-None", "null", #""[]""#), ("query.q", #""a b""#, #""[a b]""#), ("query.empty", #""""#, #""[]""#),
            ("query.none", "null", #""[]""#), ("method", #""POST""#, #""[POST]""#),
            ("path", #""/hook""#, #""[/hook]""#),
            ("delivery.id", #""01D""#, #""[01D]""#),
            ("delivery.received_at", #""2023-11-14T22:13:20.123Z""#, #""[2023-11-14T22:13:20.123Z]""#),
            ("delivery.received_ms", "1700000000123", #""[1700000000123]""#),
            ("delivery.remote_address", #""192.0.2.7""#, #""[192.0.2.7]""#),
            ("route", #""open""#, #""[open]""#),
            (
                "headers", #"{"host":"h","x-a":"one, two","x-odd":"\"\\\u0001é"}"#,
                #""[{\"host\":\"h\",\"x-a\":\"one, two\",\"x-odd\":\"\\\"\\\\\\u0001é\"}]""#
            ),
            ("sha256.body.none", "null", #""[]""#),
        ])
    func values(reference: String, json: String, text: String) throws {
        #expect(try payload("'${\(reference)}'") == json)
        #expect(try payload("'[${\(reference)}]'") == text)
    }

    @Test("digests are of the body as received, or of the exact bytes of a value")
    func digests() throws {
        let whole = Hash.digest(.sha256, Array(Self.body.utf8).span)
        let part = Hash.digest(.sha256, Array(#"{"k":[1, 2]}"#.utf8).span)
        #expect(try payload("${sha256.body}") == "\"\(whole.hex)\"")
        #expect(try payload("${sha256.body.o}") == "\"\(part.hex)\"")
    }

    @Test(
        "a default replaces an absent or null value, and nothing else",
        arguments: [
            (#"${body.none ?? "d\"\u00e9"}"#, #""d\"é""#), (#"${body.z ?? 1.50}"#, "1.50"),
            (#"${body.none??true}"#, "true"),
            (#"${body.none ?? null}"#, "null"), (#"${body.n ?? 1}"#, "2.50"), (#"${header.X-None ?? "h"}"#, #""h""#),
            (#"a-${body.none ?? "b}c"}-${body.z ?? 12}-${body.none ?? null}"#, #""a-b}c-12-""#),
            (#"${query.empty ?? "d"}"#, #""""#),
        ])
    func defaults(template: String, expected: String) throws {
        #expect(try payload("'\(template)'") == expected)
    }

    @Test(
        "$${ is a literal ${, and a lone $ is itself",
        arguments: [
            ("$${body.n}", "${body.n}"), ("$$${body.n}", "$${body.n}"), ("a $ b $", "a $ b $"),
            ("${body.n}$${x}${body.n}", "2.50${x}2.50"),
        ])
    func escapes(template: String, expected: String) throws {
        #expect(try payload("'\(template)'") == "\"\(expected)\"")
    }

    @Test("mappings, lists and typed scalars are written as JSON")
    func literals() throws {
        #expect(
            try payload(#"{ "a\"b": [1.50, true, null, on, '1', {}, [], "é\n"], b: { c: "${body.n}" }, empty: null }"#)
                == #"{"a\"b":[1.50,true,null,"on","1",{},[],"é\n"],"b":{"c":2.50},"empty":null}"#)
    }

    @Test("without 'payload' a job gets the body")
    func noPayload() throws {
        #expect(TestRequest(" [1,2]\n").processed(by: try route(openRoute())).payload == "[1,2]")
    }

    @Test("'event' in a payload is the event, also if it consists of several references")
    func event() throws {
        #expect(try payload("${event}", lines: "event: ${body.t}") == "true")
        #expect(try payload("${event}", lines: "event: ${header.X-A}/${body.n}") == #""one, two/2.50""#)
        #expect(try payload("${event ?? \"none\"}", lines: "event: ${header.X-A}/${body.none}") == #""none""#)
    }

    @Test("type, queue and priority may hold references; a name or number that Zizq would refuse is a dead letter")
    func jobFields() throws {
        let text = openRoute(rule: "queue: q-${body.q}\npriority: ${body.p}\nretry_limit: 3").replacing(
            "type: t", with: "type: ${body.t ?? \"t\"}")
        let route = try route(text)
        let job = TestRequest(#"{"q":"x","p":7,"t":"u"}"#).processed(by: route).delivery?.jobs.first
        #expect(job?.type == "u")
        #expect(job?.queue == "q-x")
        #expect(job.map { String(decoding: $0.options.members, as: UTF8.self) } == #""priority":7,"retry_limit":3"#)
        let refused = [
            (#"{"q":"a,b","p":1}"#, "queue must not contain ','"), (#"{"p":1,"t":""}"#, "type must not be empty"),
            (#"{"q":"\u0000","p":1}"#, "queue must not contain null bytes"),
            (#"{"q":"x"}"#, "priority must be a whole number from 0 to 65535"),
            (#"{"q":"x","p":65536}"#, "priority must be a whole number from 0 to 65535"),
            ("{\"q\":\"\(String(repeating: "q", count: 254))\",\"p\":1}", "queue must not have more than 255 bytes"),
        ]
        for (body, detail) in refused {
            #expect(TestRequest(body).processed(by: route).summary == "dead letter bad_field: \(detail)")
        }
    }

    @Test(
        "a reference has as many steps as JSON may nest, however long the text is",
        arguments: [(124, true), (125, false), (200_000, false)])
    func steps(count: Int, isFine: Bool) {
        let found = problems(openRoute(rule: "payload: ${body\(String(repeating: ".a", count: count))}"))
        #expect(found.isEmpty == isFine)
        if !isFine { #expect(found.first?.hasSuffix("has more than 124 steps") == true) }
    }
}
