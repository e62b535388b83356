import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// A request as a test writes it down.
struct TestRequest {
    var method = "POST"
    var target = "/hook"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var peer = PeerAddress(ipv4: (192, 0, 2, 7), port: 40_000)
    /// When it comes: 2023-11-14T22:13:20.123Z.
    static let now: Int64 = 1_700_000_000_123

    init(_ body: String = "", target: String = "/hook", headers: [(name: String, value: String)] = []) {
        self.body = Array(body.utf8)
        self.target = target
        self.headers = headers
    }

    init(_ request: RequestToSign) {
        method = request.method
        target = request.target
        body = request.body
        headers = request.headers.map { ($0.name, $0.value) }
    }

    /// The same with `X-Signature: sha256=…` by `secret`.
    func signed(_ secret: String = "a secret of tests", header: String = "X-Signature") -> TestRequest {
        var request = self
        request.headers.append((header, "sha256=" + signature(body, secret)))
        return request
    }

    /// Runs a route over it.
    func processed(
        by route: Route, deliveryID: String = "d1", atMilliseconds: Int64 = TestRequest.now, share: DeliveryShare = .all
    ) -> RouteOutcome {
        withView { request in
            var scratch = RouteScratch()
            return route.handle(request, arrival(atMilliseconds, deliveryID, share), from: .head, scratch: &scratch)
        }
    }

    func arrival(
        _ atMilliseconds: Int64 = TestRequest.now, _ deliveryID: String = "d1", _ share: DeliveryShare = .all
    ) -> RequestArrival {
        RequestArrival(sender: peer, receivedAtMilliseconds: atMilliseconds, deliveryID: deliveryID, share: share)
    }

    func withView<Result>(_ read: (borrowing RequestView) throws -> Result) rethrows -> Result {
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for (name, value) in headers {
            let nameRange = bytes.count..<(bytes.count + name.utf8.count)
            bytes += Array(name.utf8)
            fields.append(HeaderField(name: nameRange, value: bytes.count..<(bytes.count + value.utf8.count)))
            bytes += Array(value.utf8)
        }
        let (method, target) = (Array(self.method.utf8), Array(self.target.utf8))
        return try read(
            RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: bytes.span, fields: fields),
                body: body.span,
                peer: peer))
    }
}

extension TestRequest {
    /// `valid`, or `refused …`: what the route says, once on the way of a delivery and once step by step, which must
    /// be the same.
    func judged(
        by route: Route, atMilliseconds: Int64 = TestRequest.now,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) -> String {
        let summary = processed(by: route, atMilliseconds: atMilliseconds).summary
        let outcome = summary.hasPrefix("refused signature_") ? summary : "valid"
        let account = withView { route.verificationAccount(of: $0, receivedAtMilliseconds: atMilliseconds) }
        switch account.outcome {
        case .notVerified: Issue.record("the route verifies nothing", sourceLocation: sourceLocation)
        case .valid: #expect(outcome == "valid", sourceLocation: sourceLocation)
        case .refused(let code, let reason):
            #expect(outcome == "refused \(code.rawValue): \(reason)", sourceLocation: sourceLocation)
        }
        return outcome
    }
}

/// HMAC-SHA256 in hex.
func signature(_ body: [UInt8], _ secret: String) -> String {
    HMACKey(.sha256, key: Array(secret.utf8).span).authenticate(body.span).hex
}

extension RouteOutcome {
    /// The delivery, if it is to be stored.
    var delivery: Delivery? { if case .store(let delivery, _) = self { delivery } else { nil } }

    /// In short, for comparison: `refused signature_missing: …`, `ignored by rule 1`, `no rule matched`, `stored`.
    var summary: String {
        switch self {
        case .refused(let code, let reason): "refused \(code.rawValue): \(reason)"
        case .rateLimited: "rate limited"
        case .tooLargeForThread: "too large for the thread"
        case .needsKey(let need): "needs \(need.url.host)"
        case .acknowledged(_, .ignoredByRule(let index)): "ignored by rule \(index)"
        case .acknowledged(_, .noRuleMatched): "no rule matched"
        case .acknowledged(_, .noElements): "no elements"
        case .handshake(let reply, let refusal): reply.words(refusal)
        case .learns(_, let reply): "learns, \(reply.words(nil))"
        case .call(let url, let reply): "\(reply.words(nil)) after \(url.shown)"
        case .store(let delivery, _):
            delivery.deadLetters.first.map { "dead letter \($0.reason.rawValue): \($0.detail)" } ?? "stored"
        }
    }

    /// The payload of the only job.
    var payload: String? { delivery?.jobs.first.map { String(decoding: $0.payload, as: UTF8.self) } }
}

extension RouteReply {
    /// `handshake 200 text/plain; charset=utf-8: 123`
    fileprivate func words(_ refusal: String?) -> String {
        let type = headers.first { $0.name == "content-type" }.map { " \($0.value)" } ?? ""
        let body = body.map { $0.isEmpty ? "" : ": \(String(decoding: $0, as: UTF8.self))" } ?? " document"
        return "handshake \(status)\(type)\(body)\(refusal.map { " (\($0))" } ?? "")"
    }
}

extension Delivery {
    /// Of the only part.
    var key: DeliveryKey? { parts.first?.key }
    var bodyHash: Fingerprint? { parts.first?.bodyHash }
}
