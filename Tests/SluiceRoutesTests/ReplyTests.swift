import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// `reply`: how a success is answered.
@Suite(.serialized) struct ReplyTests {
    @Test(
        "status, headers and body are those of the route",
        arguments: [
            ("{ status: 202 }", "202 [] -"), ("{ status: 204 }", "204 [] <>"),
            ("{ body: '[accepted]' }", "200 [content-type: text/plain; charset=utf-8] <[accepted]>"),
            ("{ body: 'id ${body.id} of ${route}' }", "200 [content-type: text/plain; charset=utf-8] <id 7 of open>"),
            (
                "{ body: { challenge: '${body.id}', ok: true } }",
                #"200 [content-type: application/json] <{"challenge":7,"ok":true}>"#
            ),
            ("{ body: [1] }", "200 [content-type: application/json] <[1]>"),
            ("{ body: '<ok/>', headers: { Content-Type: text/xml } }", "200 [Content-Type: text/xml] <<ok/>>"),
            ("{ headers: { X-Id: 'a-${body.id}', X-Two: 2 } }", "200 [X-Id: a-7, X-Two: 2] -"), ("{}", "200 [] -"),
        ])
    func said(reply: String, expected: String) throws {
        let route = try route(openRoute("reply: \(reply)"))
        #expect(text(TestRequest(#"{"id":7}"#).processed(by: route)) == expected)
    }

    @Test("ignored deliveries and dead letters have the same answer")
    func everySuccess() throws {
        let route = try route(openRoute("reply: { status: 202 }\notherwise: ignore", rule: "when: { body.a: 1 }"))
        #expect(text(TestRequest("{}").processed(by: route)) == "202 [] -")
        #expect(text(TestRequest("x").processed(by: route)) == "202 [] -")
    }

    @Test(
        "a header whose value turns out to be no plain ASCII, or too long, is left out",
        arguments: ["é", "a\\nb", "\\u007f", String(repeating: "x", count: 1025)])
    func badValues(value: String) throws {
        let route = try route(openRoute("reply: { headers: { X-V: '${body.v}', X-W: w } }"))
        #expect(text(TestRequest(#"{"v":"\#(value)"}"#).processed(by: route)) == "200 [X-W: w] -")
    }

    @Test("the longest value, and the largest body, go")
    func limits() throws {
        let route = try route(openRoute("reply: { headers: { X-V: '${body.v}' }, body: '${body.b}' }"))
        let (value, body) = (String(repeating: "v", count: 1024), String(repeating: "b", count: 16 << 10))
        let fits = TestRequest(#"{"v":"\#(value)","b":"\#(body)"}"#).processed(by: route)
        #expect(text(fits) == "200 [X-V: \(value), content-type: text/plain; charset=utf-8] <\(body)>")
        let tooLarge = TestRequest(#"{"v":"v","b":"\#(body)b"}"#).processed(by: route)
        #expect(text(tooLarge) == "200 [X-V: v] -")
    }

    @Test("a body that gives way to the gateway's document takes its type along")
    func typeOfTheDocument() throws {
        let route = try route(openRoute("reply: { headers: { content-type: text/csv }, body: '${body.b}' }"))
        let body = String(repeating: "b", count: (16 << 10) + 1)
        #expect(text(TestRequest(#"{"b":"\#(body)"}"#).processed(by: route)) == "200 [] -")
    }

    @Test("the reply to a duplicate names the first delivery")
    func duplicate() throws {
        let route = try route(
            openRoute(
                "reply: { headers: { X-Id: '${delivery.id}' }, body: { id: '${delivery.id}', again: '${delivery.id}!' "
                    + "} }"
            ))
        let reply = try #require(TestRequest("{}").processed(by: route, deliveryID: "SECOND").reply)
        let answer = reply.naming("FIRST", insteadOf: "SECOND")
        #expect(answer.headers.map(\.value) == ["FIRST", "application/json"])
        #expect(answer.body.map { String(decoding: $0, as: UTF8.self) } == #"{"id":"FIRST","again":"FIRST!"}"#)
        let fixed = try SluiceRoutesTests.route(openRoute("reply: { body: SECOND }"))
        let other = try #require(TestRequest("{}").processed(by: fixed, deliveryID: "SECOND").reply)
        #expect(other.naming("FIRST", insteadOf: "SECOND").body == Array("SECOND".utf8))
    }

    @Test(
        "mistakes",
        arguments: [
            ("{ status: 301 }", "5:22: 'status' must be a whole number from 200 to 299"),
            ("{ state: 200 }", "5:14: unknown key 'state' in 'reply'; did you mean 'status'?"),
            ("{ status: 204, body: x }", "5:27: an answer with status 204 cannot have a body"),
            ("{ headers: { Set-Cookie: a } }", "5:25: a route cannot set the header 'Set-Cookie'"),
            ("{ headers: { location: a } }", "5:25: a route cannot set the header 'location'"),
            ("{ headers: { Transfer-Encoding: a } }", "5:25: a route cannot set the header 'Transfer-Encoding'"),
            ("{ headers: { 'X Y': a } }", "5:25: 'X Y' is not a valid header name"),
            ("{ headers: { '${body.a}': a } }", "5:25: the name of a header cannot contain a reference"),
            ("{ headers: { X: é } }", "5:28: the value of a header must be printable ASCII, at most 1024 bytes"),
            ("{ headers: { X: [a] } }", "5:28: a header must be a text, not a list"),
            ("{ headers: [a] }", "5:23: 'headers' must be a mapping from names to texts, not a list"),
            (
                "{ headers: { Content-Type: text/xml } }",
                "5:25: 'content-type' has no effect without a 'body' in the reply"
            ),
            ("{ body: '${item.a}' }", "5:20: 'item' cannot be used without 'each'"),
            ("{ body: '${nothing}' }", "5:20: unknown reference 'nothing'"),
        ])
    func mistakes(reply: String, expected: String) {
        #expect(problems(openRoute("reply: \(reply)")) == [expected])
    }

    @Test("one element means nothing in a reply, by way of the event neither")
    func items() {
        #expect(
            problems(openRoute("each: ${body}\nreply: { body: '${index}' }"))
                == ["6:20: 'index' cannot be used here: this applies to the whole delivery, not to one element"])
        #expect(
            problems(openRoute("each: ${body}\nevent: ${item.a}\nreply: { body: '${event}' }"))
                == ["7:20: 'event' cannot be used here: this applies to the whole delivery, not to one element"])
    }

    @Test("a body that is too large as it is written is a mistake")
    func largeBody() {
        let body = String(repeating: "b", count: (16 << 10) + 1)
        #expect(
            problems(openRoute("reply: { body: \(body) }")) == ["5:20: the body of a reply must have at most 16 KiB"])
    }

    /// `200 [name: value] <body>`; `-` for the gateway's own body.
    private func text(_ outcome: RouteOutcome) -> String {
        let reply: RouteReply
        switch outcome {
        case .acknowledged(let given, _), .store(_, let given?): reply = given
        default: return outcome.summary
        }
        let headers = reply.headers.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
        return "\(reply.status) [\(headers)] " + (reply.body.map { "<\(String(decoding: $0, as: UTF8.self))>" } ?? "-")
    }
}
