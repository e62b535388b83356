internal import SluiceBase
internal import SluiceHTTP
internal import SluiceJSON
internal import SluiceNet
internal import SluiceRouteTools
internal import SluiceRoutes

/// The answer that a request of `sluice send` should get.
enum ExpectedAnswer {
    /// A 2xx.
    case acceptance
    /// The answer to a delivery that was seen before: `"duplicate": true` in the gateway's document, or the reply of
    /// the route to the first one.
    case duplicate
    /// A refusal with this code; `nil` for any of the signature.
    case refusal(of: ErrorCode?)
    /// Exactly this status, these headers and this body.
    case reply(RouteReply)

    /// The answer of a route, which is not asked for the unique key.
    init(of route: Route, to request: RequestToSign, at now: Int64) {
        switch route.dryRun(request, RequestArrival(sender: .unknown, receivedAtMilliseconds: now, deliveryID: "")) {
        case .handshake(let reply, _), .learns(_, let reply), .call(_, let reply): self = .reply(reply)
        case .refused(let code, _): self = .refusal(of: code)
        default: self = .acceptance
        }
    }

    var isRefusal: Bool {
        switch self {
        case .refusal: true
        case .reply(let reply): reply.status >= 400
        case .acceptance, .duplicate: false
        }
    }

    /// What an answer leaves open although it may be the expected one; `nil` if nothing.
    func doubt(about answer: HTTPClientResponse) -> String? {
        guard case .duplicate = self else { return nil }
        if case .boolean? = JSONTree(answer.body)?["duplicate"] { return nil }
        return "the answer does not say whether the second webhook was a duplicate, because the route has its own "
            + "'reply': see the output of 'sluice dev', or the metric sluice_duplicates_total"
    }

    /// What is wrong with an answer; `nil` if it is the expected one.
    ///
    /// - Parameter previous: the answer to the previous request.
    func problem(with answer: HTTPClientResponse, after previous: HTTPClientResponse?) -> String? {
        let isAccepted = 200...299 ~= answer.status
        let document = JSONTree(answer.body)
        switch self {
        case .acceptance: return isAccepted ? nil : "the webhook was not accepted"
        case .duplicate:
            guard isAccepted else { return "the second webhook was not accepted" }
            if case .boolean(let isDuplicate)? = document?["duplicate"] {
                return isDuplicate
                    ? nil : "the second webhook was not a duplicate: its unique key is another, or missing"
            }
            let isSame = answer.status == previous?.status && answer.body == previous?.body
            return isSame ? nil : "the second webhook got another answer than the first one"
        case .refusal(let code):
            if isAccepted { return "the changed webhook was accepted" }
            let codes = code.map { [$0] } ?? [.signatureMissing, .signatureInvalid, .signatureExpired]
            let isExpected = codes.contains {
                answer.status == $0.httpStatus && document?["code"]?.string == $0.rawValue
            }
            return isExpected
                ? nil : "the webhook was not refused as \(codes.map(\.rawValue).joined(separator: " or "))"
        case .reply(let reply):
            let body = reply.body ?? []
            guard answer.status == reply.status, answer.body == body else {
                let text = PrintableText.escape(String(decoding: body, as: UTF8.self), limit: 4096)
                return "the answer is not the reply of the preset, \(reply.status) \(text)"
            }
            let other = reply.headers.first { answer.header($0.name) != $0.value }
            return other.map { "the answer lacks the header '\($0.name)' of the preset's reply, or has another value" }
        }
    }
}
