import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import TestSupport
import Testing

/// Routes that take `Content-Encoding: gzip`.
@Suite(.serialized) struct GzipBodyTests {
    private func request(_ stream: [UInt8], _ headers: [(name: String, value: String)] = []) -> TestRequest {
        var request = TestRequest("", headers: headers + [("Content-Encoding", "gzip")])
        request.body = stream
        return request
    }

    private let signed = """
        routes:
          - path: /hook
            name: signed
            verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signature_prefix: "sha256=" }
            secrets: [ { env: SECRET } ]
            gzip: true
            unique_key: ${body.id}
            jobs: [ { when: { body.type: order.paid }, type: t, payload: { order: "${body.data.order_id}", digest: "${sha256.body}" } } ]
            otherwise: dead_letter
        """

    @Test("the signature is over the bytes as received; everything after it uses the sender's original body")
    func signatures() throws {
        let route = try route(signed)
        #expect(route.acceptsGzip)
        let outcome = request(GzipSample.fixed).signed().processed(by: route)
        let digest = Hash.digest(.sha256, Array(GzipSample.order.utf8).span)
        #expect(outcome.payload == #"{"order":17,"digest":"\#(digest.hex)"}"#)
        #expect(outcome.delivery?.key?.text == "signed:1")
        #expect(outcome.delivery?.bodyHash == Fingerprint(digest.span))
        // Another way to write the same is no other body.
        #expect(
            request(GzipSample.stored).signed().processed(by: route).delivery?.bodyHash == outcome.delivery?.bodyHash)

        var otherwise = request(GzipSample.fixed)
        otherwise.headers.append(
            ("X-Signature", "sha256=" + signature(Array(GzipSample.order.utf8), "a secret of tests")))
        #expect(otherwise.processed(by: route).summary.hasPrefix("refused signature_invalid:"))
        #expect(request(Array("no gzip".utf8)).processed(by: route).summary.hasPrefix("refused signature_missing:"))
    }

    @Test("a body without the header is read as it is")
    func withoutHeader() throws {
        let route = try route(openRoute("gzip: true", rule: "payload: ${body.id}"))
        #expect(TestRequest(GzipSample.order).processed(by: route).payload == #""1""#)
        #expect(
            TestRequest(GzipSample.order, headers: [("Content-Encoding", "identity")]).processed(by: route).payload
                == #""1""#)
    }

    @Test("more than the route's limit is refused, however little came over the line")
    func limit() throws {
        let route = try route(openRoute("gzip: true\nbody_limit: 64KiB\nbody: bytes"))
        #expect(request(GzipSample.zeros).processed(by: route).summary == "stored")
        let more = request(GzipSample.zeros + GzipSample.fixed)
        #expect(more.processed(by: route).summary == "refused body_too_large: a body over the limit after gzip")
    }

    @Test("broken gzip is an unreadable body, and its dead letter keeps the request as it came")
    func broken() throws {
        let broken = Array(GzipSample.fixed.dropLast())
        let why = "the gzip body is truncated"
        let outcome = request(broken).processed(by: try route(openRoute("gzip: true")))
        #expect(outcome.summary == "dead letter body_unreadable: \(why)")
        #expect(
            outcome.delivery?.request == Array("POST /hook HTTP/1.0\r\nContent-Encoding: gzip\r\n\r\n".utf8) + broken)
        let rejecting = try route(openRoute("gzip: true\non_unreadable: reject"))
        #expect(request(broken).processed(by: rejecting).summary == "refused body_unreadable: \(why)")
    }

    @Test(
        "a dead letter of a body that could be read keeps it with its coding, so that it is read in the same way again")
    func deadLetter() throws {
        let route = try route(openRoute("gzip: true\notherwise: dead_letter", rule: "when: { body.type: refund }"))
        let outcome = request(GzipSample.fixed).processed(by: route)
        #expect(outcome.summary == "dead letter no_matching_rule: no rule of the route matches")
        let kept = try #require(outcome.delivery?.request)
        #expect(kept == Array("POST /hook HTTP/1.0\r\nContent-Encoding: gzip\r\n\r\n".utf8) + GzipSample.fixed)
    }

    @Test("a stored request is refused by a route that no longer accepts gzip")
    func verifiedBefore() throws {
        let (name, value, body) = (Array("Content-Encoding".utf8), Array("gzip".utf8), GzipSample.fixed)
        let bytes = name + value
        let fields = [HeaderField(name: 0..<name.count, value: name.count..<bytes.count)]
        let (method, target) = (Array("POST".utf8), Array("/hook".utf8))
        func outcome(_ lines: String) throws -> String {
            let view = RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: bytes.span, fields: fields),
                body: body.span,
                peer: .unknown)
            var scratch = RouteScratch()
            let route = try route(openRoute(lines))
            let arrival = RequestArrival(sender: nil, receivedAtMilliseconds: 0, deliveryID: "d")
            return route.handle(view, arrival, from: .body, scratch: &scratch).summary
        }
        #expect(try outcome("gzip: true") == "stored")
        #expect(
            try outcome("")
                == "refused content_encoding_not_supported: This route does not accept this content encoding.")
    }

    @Test("any kind of body can come in gzip", arguments: ["auto", "form", "text", "json", "bytes"])
    func kinds(kind: String) throws {
        let route = try route(openRoute("gzip: true\nbody: \(kind)", rule: "payload: ${body}"))
        var plain = TestRequest(GzipSample.order)
        #expect(request(GzipSample.fullHeader).processed(by: route).payload == plain.processed(by: route).payload)
        plain.headers = [("Content-Type", "text/plain")]
        #expect(
            request(GzipSample.fixed, [("Content-Type", "text/plain")]).processed(by: route).payload
                == plain.processed(by: route).payload)
    }
}
