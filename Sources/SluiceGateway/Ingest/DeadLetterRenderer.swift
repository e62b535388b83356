internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRoutes

/// Makes jobs of a dead letter's request with the route that it came by, as that route is now. Its signature held when it came.
enum DeadLetterRenderer {
    static func render(_ content: DeadLetterContent, with table: TableInForce?) -> RenderingOutcome {
        guard let request = content.request else { return .failure("its request was not kept") }
        let letter = content.letter
        guard let route = table?.table.routes.first(where: { $0.name == letter.route }) else {
            return .failure("there is no route '\(PrintableText.escape(letter.route))' any more")
        }
        var parser = RequestParser(limits: .unlimited)
        guard case .head(let head) = parser.parse(request.span) else { return .failure("its request cannot be read any more") }
        let bytes = request.span
        let view = head.view(
            over: bytes, body: bytes.extracting(head.length..<bytes.count), peer: .unknown)
        var scratch = RouteScratch()
        let outcome = route.processVerified(
            view, receivedAtMilliseconds: letter.receivedAtMilliseconds, deliveryID: letter.deliveryID,
            share: DeliveryShare(element: letter.element, rule: letter.rule), scratch: &scratch)
        switch outcome {
        case .refused(let code, let reason): return .failure("\(code.rawValue): \(reason)")
        case .acknowledged: return .success([])
        case .store(let delivery):
            if let letter = delivery.deadLetters.first { return .failure("\(letter.reason.rawValue): \(letter.detail)") }
            return .success(delivery.jobs.map { IngestJob($0) })
        }
    }
}

extension HTTPLimits {
    /// For what has passed the limits once.
    fileprivate static var unlimited: HTTPLimits {
        var limits = HTTPLimits()
        // Far from the largest integer: the parser adds to them.
        limits.headBytes = 1 << 40
        limits.headerLines = 1 << 40
        limits.targetBytes = 1 << 40
        return limits
    }
}
